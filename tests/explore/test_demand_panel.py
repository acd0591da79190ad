"""The demand panel: price, promotion, item and service level move demand and the order, on a kept figure."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.explore import what_if_demand

DAYS = pd.date_range("2024-06-01", periods=200)


@pytest.fixture(scope="module")
def demand():
    rng = np.random.default_rng(10)
    promoted = np.arange(200) // 7 % 4 == 1
    price = np.where(promoted, 80.0, 100.0)
    parts = [
        pd.DataFrame({"item_id": f"i{k}", "date": DAYS, "price_yuan": price})
        .assign(paid_units=rng.poisson(rate * (price / 100) ** -2))
        for k, rate in enumerate((30, 10))
    ]  # fmt: skip
    return tn.forecast_demand(pd.concat(parts, ignore_index=True), horizon_days=28, model="light")


def stock(units=100.0):
    return pd.DataFrame({"item_id": ["i0", "i1"], "stock_units": units, "lead_time_days": 10.0, "review_days": 7.0})


def test_a_lower_price_sells_and_orders_more(demand):
    panel = what_if_demand(demand, stock(), language="en")
    words, figure = panel._words.value, panel._chart
    panel.set(price=-0.2)
    assert panel._chart is figure and panel._words.value != words
    before, after = (float(line.get_ydata().sum()) for line in figure.axes[0].lines[1:])
    assert after == pytest.approx(before * 0.8**-2, rel=0.25)
    assert "order" in panel._words.value and "too large" in panel._words.value


def test_a_higher_service_level_orders_more(demand):
    panel = what_if_demand(demand, stock(), language="en")

    def ordered(level):
        panel.set(service_level=level)
        return float(panel._words.value.split("order ")[1].split(" ")[0].replace(",", ""))

    assert ordered(0.99) > ordered(0.6) > 0


def test_the_other_item_is_shown(demand):
    panel = what_if_demand(demand)
    panel.set(item=2)
    assert "i1" in panel._title.value and "不算订货量" in panel._words.value


def test_a_horizon_too_short_for_goods_moves_demand_alone(demand):
    late = stock().assign(lead_time_days=60.0)
    assert "no order is worked out" in str(what_if_demand(demand, late, language="en"))


def test_the_newest_elasticity_is_used(demand):
    from types import SimpleNamespace

    table = pd.DataFrame({"item_id": ["i0"], "elasticity": [-1.0], "low": [-1.5], "high": [-0.5]})
    saved = SimpleNamespace(table=table, method=SimpleNamespace(level=0.95))
    panel = what_if_demand(demand, elasticity=(None, saved), language="en")
    panel.set(price=0.25)
    before, after = (float(line.get_ydata().sum()) for line in panel._chart.axes[0].lines[1:])
    assert after == pytest.approx(0.8 * before, rel=1e-6) and "notebook 30" in panel._words.value
