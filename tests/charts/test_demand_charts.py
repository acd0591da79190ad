"""Charts of the demand forecast read the result, mark campaign phases and survive what is missing."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.charts.demand import draw_what_if

DAYS = pd.date_range("2024-06-01", periods=220)
FORECAST = ("demand_fan", "demand_items", "demand_classes")
BACKTEST = ("backtest_origins", "interval_cover")


def rows(items=4):
    rng = np.random.default_rng(9)
    parts = [pd.DataFrame({"item_id": f"i{k}", "date": DAYS, "paid_units": rng.poisson(4 * k + 3, 220)}) for k in range(items)]
    return pd.concat(parts, ignore_index=True).assign(price_yuan=50.0)


@pytest.fixture(scope="module")
def demand():
    return tn.forecast_demand(rows(), horizon_days=28, model="light")


@pytest.fixture(scope="module")
def backtest():
    return tn.backtest_demand(rows(), origins=3, horizon_days=14, model="light")


@pytest.fixture(scope="module")
def review(demand):
    cut = DAYS[-29]
    return tn.review_forecast(rows(), tn.forecast_demand(rows()[rows()["date"] <= cut], horizon_days=28, model="light"))


@pytest.fixture(scope="module")
def results(demand, backtest, review):
    return {**dict.fromkeys(FORECAST, demand), **dict.fromkeys(BACKTEST, backtest), "review_path": review}


@pytest.mark.parametrize("name", [*FORECAST, *BACKTEST, "review_path"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_draws_in_both_languages_for_desk_and_phone(results, name, language):
    fig = getattr(tn.charts, name)(results[name], language=language)
    assert fig.title and fig.alt and fig.subtitle
    assert fig.picture() and fig.picture(narrow=True)


def test_the_fan_draws_the_forecast_and_what_was_sold(demand):
    past, ahead, *_ = tn.charts.demand_fan(demand).axes[0].lines
    shop = demand.groups[demand.groups["level"] == "shop"]
    np.testing.assert_allclose(ahead.get_ydata(), shop["units"])
    assert past.get_ydata().sum() == demand.history["units"].sum()


def test_lines_and_bands_differ_without_colour(demand, backtest):
    ax = tn.charts.demand_fan(demand).axes[0]
    assert {line.get_linestyle() for line in ax.lines[:2]} == {"-", "--"}
    assert any(band.get_hatch() for band in ax.collections)
    dots = tn.charts.backtest_origins(backtest).axes[0].lines
    assert len({line.get_marker() for line in dots}) == 2


def test_campaign_phases_are_marked_and_named(demo_shop):
    fig = tn.charts.demand_fan(tn.forecast_demand(demo_shop, horizon_days=28, model="light"))
    texts = [t.get_text() for t in fig.axes[0].texts]
    assert "2025年双11" in texts and "预热" in texts and any("年货节" in t for t in texts)
    strips = [p for p in fig.axes[0].patches if p.get_hatch()]
    assert strips, "bursts are hatched"


def test_the_class_map_counts_every_item(demand):
    texts = [t.get_text() for t in tn.charts.demand_classes(demand).axes[0].texts]
    assert len(texts) == 9 and sum(int(t.split(" ")[0]) for t in texts) == len(demand.table)


def test_origins_show_how_much_better(backtest):
    fig = tn.charts.backtest_origins(backtest)
    mean, ours = fig.axes[0].lines
    np.testing.assert_allclose(ours.get_xdata(), backtest.origins["mase"])
    np.testing.assert_allclose(mean.get_xdata(), backtest.origins["mean_error"])


def test_nothing_to_draw_is_said():
    empty = tn.review_forecast(rows(), None)
    short = tn.backtest_demand(rows()[rows()["date"] < DAYS[30]], horizon_days=28, model="light")
    for fig in (tn.charts.review_path(empty), *(getattr(tn.charts, n)(short) for n in BACKTEST)):
        assert "没有" in fig.title and fig.picture()


def test_the_what_if_figure_is_kept(demand):
    past = demand.history[demand.history["item_id"] == "i3"]
    days = tn.replan_demand(demand)
    own = days[days["item_id"] == "i3"]
    first = draw_what_if(past, own, "i3")
    again = draw_what_if(past, own.assign(units=2 * own["units"]), "i3", fig=first)
    assert again is first and len(first.axes[0].lines) == 3 and len(first.axes[0].collections) == 1
    np.testing.assert_allclose(first.axes[0].lines[2].get_ydata(), 2 * own["units"])
