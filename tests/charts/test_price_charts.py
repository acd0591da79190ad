"""Charts of prices and discounts: right data on the axes, a message, alt text, both languages, and nothing to show said so."""

import dataclasses

import numpy as np
import pytest

import tmall_nb as tn
from tmall_nb import charts


@pytest.fixture(scope="module")
def results(planned_prices):
    return planned_prices


@pytest.mark.parametrize("language", ["zh", "en"])
def test_price_charts_have_a_message_and_alt_text(results, language):
    price, plan = results
    for name, result in (("elasticity_forest", price), ("demand_curves", plan), ("price_gains", plan), ("profit_curves", plan)):
        chart = getattr(charts, name)(result, language=language)
        assert chart.title and chart.subtitle and chart.alt, name


def test_forest_shows_every_interval(results):
    price, plan = results
    chart = charts.elasticity_forest(price, plan=plan)
    known = price.table[price.table["verdict"] == "ok"]
    spans = {tuple(np.round(sorted(line.get_xdata()), 6)) for line in chart.axes[0].lines if len(line.get_xdata()) == 2}
    for row in known.itertuples():
        assert tuple(np.round([row.low, row.high], 6)) in spans


def test_demand_curve_stays_inside_the_prices_seen(results):
    _, plan = results
    chart = charts.demand_curves(plan)
    limits = plan.basis.set_index("item_id")
    first = plan.basis.nlargest(6, "units")["item_id"].iloc[0]
    x = chart.axes[0].lines[0].get_xdata()
    assert min(x) >= limits.loc[first, "price_low"] - 0.01 and max(x) <= limits.loc[first, "price_high"] + 0.01


def test_refused_items_alone_make_an_empty_chart(results):
    _, plan = results
    bare = dataclasses.replace(plan, table=plan.table.iloc[:0], curve=plan.curve.iloc[:0])
    for name in ("demand_curves", "price_gains", "profit_curves"):
        assert getattr(charts, name)(bare).title


@pytest.mark.parametrize("language", ["zh", "en"])
def test_discount_charts(demo_shop, language):
    result = tn.trace_discounts(demo_shop, start="2024-09-01", end="2025-02-28")
    for name in ("discount_ladder", "cart_sizes", "depth_payoff"):
        chart = getattr(charts, name)(result, language=language)
        assert chart.title and chart.subtitle and chart.alt, name
    bars = charts.discount_ladder(result, language=language).axes[0].patches
    yuan = result.table.set_index("step")["yuan"]
    assert max(b.get_width() for b in bars) == pytest.approx(yuan["list_amount"])
