"""The price plan: truth recovered, bounds held, refusals kept, tests planned."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.analyses.pricing.inputs import Book
from tmall_nb.analyses.pricing.others import count_others
from tmall_nb.analyses.pricing.schedule import schedule_weeks

REGRET_BAR = 0.05


def draw(seed, *, items=40, days=364, cost=0.5):
    """Items with known elasticities; prices move by weeks for no reason of demand."""
    rng = np.random.default_rng(seed)
    e, level = rng.normal(-2.2, 0.5, items).clip(-4, -1.2), rng.normal(4.4, 0.4, items)
    cuts = (rng.random((items, 52)) < 0.35) * rng.uniform(0.05, 0.3, (items, 52))
    log_price = (rng.normal(0, 0.03, (items, 52)) - cuts).repeat(7, axis=1)[:, :days]
    mean = np.exp(1.6 + e[:, None] * log_price)
    rows = pd.DataFrame({
        "item_id": np.repeat([f"i{k:02d}" for k in range(items)], days),
        "date": np.tile(pd.date_range("2024-01-01", periods=days), items),
        "paid_units": rng.poisson(mean).ravel(), "price_yuan": np.exp(level[:, None] + log_price).ravel().round(2),
        "unit_cost": np.repeat(cost * np.exp(level), days),
    })  # fmt: skip
    return rows, e, level


@pytest.fixture(scope="module")
def world():
    rows, e, level = draw(61)
    price = tn.estimate_elasticity(rows)
    return rows, e, level, price, tn.plan_prices(rows, price)


def test_regret_against_the_best_admissible_price_is_within_the_bar(world):
    rows, e, level, _, plan = world
    table = plan.table.set_index("item_id").sort_index()
    cost = rows.groupby("item_id")["unit_cost"].last()

    def profit(prices):
        return np.exp(e * (np.log(prices) - level)) * (prices - cost)

    best = pd.Series(-np.inf, index=table.index)
    for item, curve in plan.curve[plan.curve["allowed"]].groupby("item_id"):
        k = table.index.get_loc(item)
        best[item] = (np.exp(e[k] * (np.log(curve["price_yuan"]) - level[k])) * (curve["price_yuan"] - cost[item])).max()
    known = table["price_best"].notna()
    assert known.mean() > 0.8
    got, now = profit(table["price_best"])[known].sum(), profit(table["price_now"])[known].sum()
    assert 1 - got / best[known].sum() <= REGRET_BAR
    assert got > now


def test_bounds_hold(world):
    rows, _, _, price, _ = world
    plan = tn.plan_prices(rows, price, min_margin=0.45, floor_days=90, extrapolate=0.05)
    moved = plan.table.merge(plan.basis.drop(columns="item_title"), on="item_id")
    moved = moved[moved["verdict"].isin(["raise", "lower", "test", "open"])]
    assert len(moved)
    best = moved["price_best"]
    assert (1 - moved["unit_cost"] / best >= 0.45 - 1e-9).all()
    assert (best >= moved["floor_yuan"] - 1e-9).all()
    assert (best <= 1.05 * moved["price_high"] + 0.01).all()
    assert np.allclose((best * 10).round() % 10, 9)


def test_a_price_outside_the_range_seen_is_named(world):
    rows, _, _, price, plan = world
    both = plan.table.merge(plan.basis[["item_id", "price_low", "price_high", "extrapolated"]], on="item_id").dropna()
    outside = (both["price_best"] > both["price_high"] + 0.01) | (both["price_best"] < both["price_low"] - 0.01)
    assert (outside == both["extrapolated"].astype(bool)).all()
    assert not tn.plan_prices(rows, price, extrapolate=0.0).basis["extrapolated"].fillna(False).astype(bool).any()


def test_refused_items_stay_with_their_verdict_and_no_number(world):
    rows, _, _, price, _ = world
    table = price.table.copy()
    table.loc[0, "verdict"], table.loc[1, "verdict"] = "implausible", "not_enough_data"
    rows = rows.assign(unit_cost=rows["unit_cost"].where(rows["item_id"] != table.loc[2, "item_id"]))
    plan = tn.plan_prices(rows, table).table.set_index("item_id")
    assert len(plan) == len(table)
    for row, verdict in enumerate(("implausible", "not_enough_data", "no_cost")):
        assert plan.loc[table.loc[row, "item_id"], "verdict"] == verdict
        assert plan.loc[table.loc[row, "item_id"], ["price_best", "gain", "gain_low", "gain_high"]].isna().all()


def test_without_any_cost_the_plan_says_so(world):
    rows, _, _, price, _ = world
    plan = tn.plan_prices(rows.drop(columns="unit_cost"), price)
    assert set(plan.table["verdict"]) <= {"no_cost", "not_enough_data", "implausible"}
    assert plan.findings[0].key == "costs_missing" and plan.curve.empty and plan.schedule.empty


def test_a_tag_one_step_off_never_earns_more(world):
    *_, plan = world
    loss = plan.table["step_loss"].dropna()
    assert len(loss) and (loss >= 0).all() and loss.median() < 0.05


def test_a_margin_no_price_can_reach_is_a_verdict(world):
    rows, _, _, price, _ = world
    verdicts = set(tn.plan_prices(rows, price, min_margin=0.9).table["verdict"])
    assert "no_price_allowed" in verdicts and not verdicts & {"raise", "lower", "test"}


def test_twice_the_units_is_twice_the_gain_and_row_order_is_nothing(world):
    rows, _, _, price, plan = world
    shuffled = tn.plan_prices(rows.sample(frac=1, random_state=1), price)
    pd.testing.assert_frame_equal(shuffled.table, plan.table)
    double = tn.plan_prices(rows.assign(paid_units=2 * rows["paid_units"]), price).table.set_index("item_id")
    both = plan.table.merge(double.reset_index(), on="item_id", suffixes=("", "_two")).dropna(subset=["gain"])
    assert np.allclose(both["gain_two"], 2 * both["gain"], rtol=1e-6)


def test_an_open_decision_lists_a_test_and_verdicts_follow_certainty(world):
    *_, plan = world
    chance = plan.basis.set_index("item_id")["probability"]
    for row in plan.table.itertuples():
        if row.verdict in {"raise", "lower"}:
            assert chance[row.item_id] >= 0.9
        if row.verdict in {"test", "open"}:
            assert chance[row.item_id] < 0.9
    assert (plan.tests["right_low"] <= plan.tests["right_high"] + 1e-9).all()


def test_schedule_alternates_in_pairs_and_skips_campaigns():
    tests = pd.DataFrame({"item_id": ["a"], "price_a": [99.9], "price_b": [89.9], "weeks": [8.0]})
    ahead = pd.DataFrame({"start": [pd.Timestamp("2025-06-16 20:00")], "end": [pd.Timestamp("2025-06-20 23:59")]})
    weeks = schedule_weeks(tests, pd.Timestamp("2025-05-29"), ahead)
    assert weeks["week_start"].iloc[0] == pd.Timestamp("2025-06-02") and (weeks["week_start"].dt.day_of_week == 0).all()
    assert weeks.set_index("week_start").loc[pd.Timestamp("2025-06-16"), "campaign"] and weeks["campaign"].sum() == 1
    prices = weeks["price_yuan"].dropna().to_numpy().reshape(-1, 2)
    assert len(prices) == 4 and all(set(pair) == {99.9, 89.9} for pair in prices)


@pytest.mark.parametrize(
    ("option", "value"),
    [("min_margin", 15), ("floor_days", -1), ("extrapolate", 10), ("ending_yuan", 9)],
)
def test_impossible_parameters_are_refused(world, option, value):
    rows, _, _, price, _ = world
    with pytest.raises(tn.ParameterError, match=option):
        tn.plan_prices(rows, price, **{option: value})


def test_missing_columns_and_doubled_rows_are_errors(world):
    rows, _, _, price, _ = world
    with pytest.raises(tn.ExportError, match="price_yuan"):
        tn.plan_prices(rows.drop(columns="price_yuan"), price)
    with pytest.raises(tn.ExportError, match="more than once"):
        tn.plan_prices(pd.concat([rows, rows.head(1)]), price)
    with pytest.raises(tn.ExportError, match="elasticity"):
        tn.plan_prices(rows, price.table.drop(columns="low"))


def test_try_price_agrees_with_the_plan(world):
    *_, plan = world
    row = plan.table[plan.table["verdict"].isin(["raise", "lower", "open", "test"])].iloc[0]
    tried = tn.try_price(plan, row["item_id"], price_yuan=row["price_best"]).iloc[-1]
    assert tried["gain"] * 28 == pytest.approx(row["gain"], rel=0.15)
    with pytest.raises(tn.ParameterError):
        tn.try_price(plan, "nobody", price_yuan=10.0)


def test_demo_shop_plan_uses_costs_fees_and_refunds(demo_shop):
    price = tn.estimate_elasticity(demo_shop)
    plan = tn.plan_prices(demo_shop, price)
    assert len(plan.table) == len(price.table)
    assert (plan.basis["fee"] == 0.05).all() and plan.basis["kept"].between(0.6, 0.95).all()
    assert set(plan.basis["cost_source"]) == {"costs"}
    assert any(a.startswith("price_from_") for a in plan.method.assumptions)


def test_prices_count_what_they_take_from_the_shops_own_items():
    table = pd.DataFrame({
        "item_id": ["a", "b", "c"], "category": ["x", "x", "y"], "verdict": "ok", "units": [100.0, 300.0, 100.0], "days": 100.0,
    })  # fmt: skip
    competition = pd.DataFrame({"category": ["x", "y"], "effect": [0.8, 0.5], "verdict": ["competes", "unclear"]})
    items = pd.DataFrame({"item_id": ["a", "b", "c"], "unit_cost": 60.0, "price_now": 100.0})
    book = Book(pd.DataFrame(), items, 0.0, 1.0, 0.0, pd.DataFrame(), "frame", {})
    found = count_others(table, competition, items, {"a": 1.0, "b": 3.0, "c": 1.0}, book)
    assert set(found) == {"a", "b"}
    assert found["a"].profit == pytest.approx(120.0) and found["b"].profit == pytest.approx(40.0)
    assert found["a"].response == pytest.approx(0.8) and found["b"].response == pytest.approx(0.8)
    assert found["a"].gain(np.array([100.0, 110.0]), 100.0) == pytest.approx([0.0, 120 * (1.1**0.8 - 1)])
    assert count_others(table, competition.iloc[:0], items, {}, book) == {}
