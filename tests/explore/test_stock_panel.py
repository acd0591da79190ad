"""The stock sliders plan anew on the kept figure; a higher goal orders more, a budget less."""

import numpy as np
import pandas as pd

import tmall_nb as tn
from tmall_nb.explore import what_if_stock


def test_goal_demand_and_cash_move_the_orders():
    rng = np.random.default_rng(2)
    ids, days = [f"i{k}" for k in range(5)], pd.date_range("2024-01-01", periods=150)
    units = rng.poisson(10, (5, 150))
    rows = pd.DataFrame(
        {"item_id": np.repeat(ids, 150), "date": np.tile(days, 5), "paid_units": units.ravel(), "price_yuan": 9.0}
    )
    demand = tn.forecast_demand(rows, horizon_days=14, model="light")
    stock = pd.DataFrame({"item_id": ids, "stock_units": 60, "unit_cost_yuan": 4.0})
    panel = what_if_stock(tn.plan_replenishment(stock, demand, lead_time_days=5, review_days=5), language="en")
    figure, said = panel._chart, [panel._words.value]
    for move in ({"service_level": 0.99}, {"demand": 1.5}, {"budget": 0.0}):
        panel.set(**move)
        said.append(panel._words.value)
    assert panel._chart is figure and len(set(said)) == 4
    assert "Order 0 items" in said[-1]
