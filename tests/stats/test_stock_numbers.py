"""Orders, risk, lost units and budgets against slow, obvious loops."""

import numpy as np
import pytest

from tmall_nb.stats.stock import allot_budget, left_units, lost_units, order_units, stockout_risk


def one(order, late, margin, cost, *, minimum=1.0, pack=1.0, budget=0.0):
    order = np.asarray(order, dtype=float)
    terms = (np.full(len(order), minimum), np.full(len(order), pack))
    late = np.asarray(late, dtype=float)
    return allot_budget(order, late, margin=np.asarray(margin, float), cost=np.asarray(cost, float), terms=terms, budget=budget)


def test_orders_reach_the_target_in_packs_and_not_below_the_minimum():
    position, target = np.array([0.0, 9.2, 10.0, 12.0]), np.full(4, 10.0)
    found = order_units(position, target, np.array([1.0, 6.0, 6.0, 6.0]), np.array([4.0, 4.0, 4.0, 1.0]))
    assert found.tolist() == [12.0, 8.0, 0.0, 0.0]


def test_risk_is_the_share_of_demand_above_stock():
    rng = np.random.default_rng(1)
    demand = np.sort(rng.gamma(4, 5, (99, 50)), axis=0)
    position = rng.uniform(0, 50, 50)
    slow = np.array([(demand[:, i] > position[i]).mean() for i in range(50)])
    assert np.abs(stockout_risk(demand, position) - slow).max() <= 0.011
    assert (stockout_risk(demand, np.full(50, 1e9)) == 0).all()
    assert (stockout_risk(demand, np.zeros(50)) == 1).all()


def test_units_lost_and_left_follow_stock_day_by_day():
    """Walk each level's demand through stock: 40 until the delivery, 90 until the next; the order arrives in between."""
    for position in (0.0, 25.0, 60.0, 200.0):
        until, beyond = np.array([[40.0]]), np.array([[90.0]])
        early, late = lost_units(until, beyond, np.array([position]))
        stock = position - min(position, 40.0)
        assert early[0, 0] == 40.0 - min(position, 40.0)
        assert late[0, 0] == 50.0 - min(stock, 50.0)
        order = 30.0
        sold = min(stock + order, 50.0)
        left = left_units(until, beyond, np.array([position]), np.array([order]))
        assert left[0, 0] == stock + order - sold


def test_a_budget_goes_first_where_a_yuan_saves_most():
    late = np.tile(np.array([10.0, 10.0]), (99, 1))
    found = one([10, 10], late, margin=[30, 5], cost=[10, 10], budget=120)
    assert found.tolist() == [10.0, 2.0]


def test_a_budget_is_never_overspent_and_skips_what_saves_nothing():
    rng = np.random.default_rng(2)
    order, cost = rng.integers(1, 80, 40).astype(float), rng.uniform(5, 60, 40)
    late = np.sort(rng.gamma(2, 10, (99, 40)), axis=0)
    found = one(order, late, rng.uniform(1, 30, 40), cost, minimum=5, pack=1, budget=3000)
    assert (found <= order).all() and found @ cost <= 3000 and found @ cost > 2700
    assert one([10], late[:, :1], [-1], [5], budget=1e6).tolist() == [0.0]
    assert one([10], late[:, :1], [3], [np.nan], budget=1e6).tolist() == [0.0]


def test_a_budget_keeps_minimum_orders_whole():
    late = np.full((99, 2), 100.0)
    found = one([40, 40], late, [10, 9], [1, 1], minimum=30, budget=35)
    assert found[0] >= 30 and found[1] == 0.0


@pytest.mark.parametrize("budget", [0.0, 50.0, 500.0, 5000.0])
def test_a_greedy_budget_saves_as_much_as_the_best_of_all_splits(budget):
    """Two items, every split tried; parts of an order are twelfths, which costs the greedy choice at most one part."""
    late = np.sort(np.random.default_rng(3).gamma(2, 15, (99, 2)), axis=0)
    margin, cost, order = np.array([12.0, 20.0]), np.array([10.0, 25.0]), np.array([48.0, 48.0])
    found = one(order, late, margin, cost, budget=budget)

    def saved(q):
        return sum(np.minimum(late[:, i], q[i]).mean() * margin[i] for i in range(2))

    best = max(saved((a, b)) for a in range(49) for b in range(49) if 10 * a + 25 * b <= budget)
    assert saved(found) >= best - max(4 * margin.max(), 0.02 * best)
