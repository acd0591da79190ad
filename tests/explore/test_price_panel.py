"""The price sliders redraw on the kept figure and say what the price brings."""

import pytest

import tmall_nb as tn
from tmall_nb.explore import what_if_price


@pytest.fixture(scope="module")
def plan(planned_prices):
    return planned_prices[1]


def test_moving_the_price_redraws_and_tells(plan):
    panel = what_if_price(plan, language="en")
    before, figure = panel._words.value, panel._chart
    price = 91.3
    panel.set(price=price)
    assert panel._chart is figure and panel._words.value != before and "CNY" in panel._words.value
    assert f"{price:.2f}" in panel._words.value


def test_a_higher_cost_lowers_the_profit_shown(plan):
    item = plan.table["item_id"].iloc[0]
    low, high = (tn.try_price(plan, item, price_yuan=95.0, unit_cost=c)["profit"].iloc[-1] for c in (40.0, 60.0))
    assert low > high


def test_todays_price_gains_nothing(plan):
    row = plan.table.iloc[0]
    at = tn.try_price(plan, row["item_id"], price_yuan=row["price_now"]).iloc[-1]
    assert at["gain"] == pytest.approx(0.0, abs=1e-9)


def test_an_unknown_item_is_refused(plan):
    with pytest.raises(tn.ParameterError, match="item_id"):
        what_if_price(plan, "nobody")
