"""Charts of a plan hold its figures, and say so where there is nothing to draw."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn

CHARTS = "campaign_stock order_priority reorder_points slow_stock stock_at_risk stock_projection".split()


def plan_of(stock_units, *, campaign=True, cost=20.0):
    rng = np.random.default_rng(1)
    ids, days = [f"i{k}" for k in range(6)], pd.date_range("2024-01-01", periods=200)
    units = rng.poisson(np.linspace(2, 20, 6)[:, None], (6, 200))
    rows = pd.DataFrame(
        {"item_id": np.repeat(ids, 200), "date": np.tile(days, 6), "paid_units": units.ravel(), "price_yuan": 50.0}
    )
    demand = tn.forecast_demand(rows, horizon_days=28, model="light")
    if campaign:
        start = days[-1] + pd.Timedelta(days=12)
        events = {"campaign": ["双11"], "campaign_type": ["官方大促"], "start": [start], "end": [start + pd.Timedelta(days=4)]}
        demand = replace(demand, events=pd.DataFrame(events).assign(ahead=True))
    stock = pd.DataFrame({"item_id": ids, "stock_units": stock_units, "unit_cost_yuan": cost})
    return tn.plan_replenishment(stock, demand, lead_time_days=7, review_days=7)


@pytest.fixture(scope="module")
def short():
    return plan_of([0, 10, 50, 100, 200, 9000])


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_chart_has_message_measure_and_alt(short, chart, language):
    fig = getattr(tn.charts, chart)(short, language=language)
    assert fig.title and fig.subtitle and fig.alt and fig.picture(narrow=True)


@pytest.mark.parametrize("chart", CHARTS)
def test_empty_plans_are_said_not_failed(chart):
    full = plan_of([5000] * 6, campaign=False)
    unknown = plan_of([np.nan] * 6, campaign=False, cost=np.nan)
    for plan in (full, unknown):
        assert getattr(tn.charts, chart)(plan, language="zh").title


def test_bars_end_at_the_reorder_point(short):
    ax = tn.charts.reorder_points(short, language="en").axes[0]
    ends = {round(p.get_x() + p.get_width(), 6) for p in ax.patches}
    assert set(short.table["reorder_point"]) <= ends


def test_the_projection_shows_the_order_arriving(short):
    path = short.path[short.path["item_id"] == "i3"]
    jump = path["planned"].diff().idxmax()
    assert (path.loc[jump, "date"] - path["date"].min()).days == 7
    assert (path["without_low"] <= path["without"]).all() and (path["without"] <= path["without_high"]).all()
