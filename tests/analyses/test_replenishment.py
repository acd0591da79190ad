"""Replenishment plans on plain frames: orders, dates, money, budgets, goals, and refusals."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn

ITEMS = 12
DAYS = 400
AHEAD = 28


def world(seed, *, shock=0.15):
    """Units a day of 12 items whose fortnights all run high or low together."""
    rng = np.random.default_rng(seed)
    rate = np.linspace(2, 30, ITEMS)[:, None] * (1 + 0.2 * np.sin(2 * np.pi * np.arange(DAYS + AHEAD) / 7))
    common = np.repeat(rng.normal(0, shock, (DAYS + AHEAD) // 14 + 1), 14)[: DAYS + AHEAD]
    return rng.poisson(rate * np.exp(common))


def rows(units):
    ids = [f"i{k:02d}" for k in range(len(units))]
    days = pd.date_range("2024-01-01", periods=units.shape[1])
    return pd.DataFrame(
        {"item_id": np.repeat(ids, len(days)), "date": np.tile(days, len(ids)), "paid_units": units.ravel(), "price_yuan": 50.0}
    )


@pytest.fixture(scope="module")
def demand():
    return tn.forecast_demand(rows(world(1)[:, :DAYS]), horizon_days=AHEAD, model="light")


@pytest.fixture(scope="module")
def stock():
    ids = [f"i{k:02d}" for k in range(ITEMS)]
    return pd.DataFrame(
        {"item_id": ids, "stock_units": np.linspace(0, 900, ITEMS).round(), "inbound_units": 5, "unit_cost_yuan": 20.0}
    )


@pytest.fixture(scope="module")
def plan(stock, demand):
    return tn.plan_replenishment(stock, demand, lead_time_days=7, review_days=7, service_level=0.95)


def column(plan, name):
    return plan.table.set_index("item_id").sort_index()[name]


def test_the_contract_columns_and_their_order(plan):
    table = plan.table
    assert {"item_id", "reorder_point", "order_units", "low", "high", "stockout_risk"} <= set(table.columns)
    assert len(table) == ITEMS and table["stockout_risk"].between(0, 1).all()
    assert (table["low"] <= table["order_units"]).all() and (table["order_units"] <= table["high"]).all()
    assert np.isfinite(table["reorder_point"]).all()


def test_an_order_fills_up_to_the_reorder_point_and_no_further(plan, stock):
    have = (stock.set_index("item_id")["stock_units"] + 5).sort_index()
    order, point = column(plan, "order_units"), column(plan, "reorder_point")
    short = have < point
    assert short.any() and not short.all()
    assert (have + order)[short].eq(point[short]).all() and order[~short].eq(0).all()


def test_more_stock_means_less_risk_and_no_larger_order(plan, stock, demand):
    more = stock.assign(stock_units=stock["stock_units"] + 50)
    richer = tn.plan_replenishment(more, demand, lead_time_days=7, review_days=7)
    assert (column(richer, "stockout_risk") <= column(plan, "stockout_risk") + 1e-9).all()
    assert (column(richer, "order_units") <= column(plan, "order_units")).all()
    assert column(richer, "reorder_point").equals(column(plan, "reorder_point"))


def test_the_goal_the_wait_and_the_demand_raise_the_reorder_point(plan, stock, demand):
    higher = tn.replan_replenishment(plan, service_level=0.99)
    longer = tn.plan_replenishment(stock, demand, lead_time_days=14, review_days=7)
    busier = tn.replan_replenishment(plan, demand_factor=1.5)
    for other in (higher, longer, busier):
        assert (column(other, "reorder_point") >= column(plan, "reorder_point")).all()
        assert column(other, "reorder_point").sum() > column(plan, "reorder_point").sum()
    same = tn.replan_replenishment(plan)
    pd.testing.assert_frame_equal(same.table, plan.table)


def test_lead_time_and_review_period_protect_together(stock, demand):
    """What matters is the wait until the next order's goods: 7 + 7 days need what 14 + 0 days need."""
    a = tn.plan_replenishment(stock, demand, lead_time_days=7, review_days=7)
    b = tn.plan_replenishment(stock, demand, lead_time_days=14, review_days=0)
    assert column(a, "reorder_point").equals(column(b, "reorder_point"))


def test_stock_suffices_about_as_often_as_asked():
    """Over 20 worlds not used elsewhere; single worlds fall far below because items move together."""
    served = []
    for seed in range(300, 320):
        units = world(seed)
        told = tn.forecast_demand(rows(units[:, :DAYS]), horizon_days=14, model="light")
        empty = pd.DataFrame({"item_id": [f"i{k:02d}" for k in range(ITEMS)], "stock_units": 0})
        order = column(tn.plan_replenishment(empty, told, lead_time_days=7, review_days=7, service_level=0.9), "order_units")
        served.append((units[:, DAYS : DAYS + 14].sum(axis=1) <= order.to_numpy()).mean())
    assert 0.83 <= np.mean(served) <= 0.99
    assert min(served) < 0.85


def test_minimum_orders_and_packs_are_kept(stock, demand):
    found = tn.plan_replenishment(stock.assign(moq_units=100, pack_units=12), demand, lead_time_days=7, review_days=7)
    order = column(found, "order_units")
    assert ((order == 0) | (order >= 100)).all() and (order % 12 == 0).all() and (order > 0).any()


def test_the_last_order_day_leaves_the_lead_time(stock, demand):
    """Ordered on its last safe day, goods come before the stock of the goal's quantile is used up; a day later they do not."""
    found = tn.plan_replenishment(stock, demand, lead_time_days=7, review_days=7, service_level=0.95)
    table, first = found.table.dropna(subset=["order_by"]), demand.forecast["date"].min()
    assert (table["order_by"] >= first).all()
    have = stock.set_index("item_id")["stock_units"] + 5
    for row in table[table["verdict"].isin(["order_later", "order_now"])].itertuples():
        wait = int((row.order_by - first).days) + 7
        until = tn.replan_replenishment(found).basis.sums.quantile(np.full(ITEMS, wait), 0.95)[0]
        place = int(row.item_id[1:])
        assert until[place] <= have[row.item_id]


def test_money_lists_are_sorted_and_bounded(plan):
    risks, priority = plan.risks, plan.priority
    assert risks["lost_yuan"].is_monotonic_decreasing and priority["saved_per_yuan"].is_monotonic_decreasing
    for frame, value in ((risks, "lost_yuan"), (priority, "saved_yuan")):
        assert (frame["low"] <= frame[value] + 1e-9).all() and (frame[value] <= frame["high"] + 1e-9).all()
    cash = plan.cash.set_index("measure")
    assert (cash["low"] <= cash["yuan"]).all() and (cash["yuan"] <= cash["high"]).all()
    assert cash.loc["order_cash", "yuan"] == pytest.approx((plan.table["order_units"] * 20).sum())
    assert cash.loc["margin_saved", "yuan"] == pytest.approx(priority["saved_yuan"].sum(), rel=0.25)


def test_money_scales_with_money(plan, stock, demand):
    """Twice the price and cost: twice the margin at stake, the same orders."""
    dear = demand.table.assign(price_yuan=100.0)
    import dataclasses

    found = tn.plan_replenishment(
        stock.assign(unit_cost_yuan=40.0), dataclasses.replace(demand, table=dear), lead_time_days=7, review_days=7
    )
    pd.testing.assert_series_equal(column(found, "order_units"), column(plan, "order_units"))
    assert found.risks["lost_yuan"].to_numpy() == pytest.approx(2 * plan.risks["lost_yuan"].to_numpy())


def test_a_budget_is_kept_and_said(plan, stock, demand):
    whole = plan.cash.set_index("measure").loc["order_cash", "yuan"]
    found = tn.plan_replenishment(stock, demand, lead_time_days=7, review_days=7, budget_yuan=0.5 * whole)
    assert found.cash.set_index("measure").loc["order_cash", "yuan"] <= 0.5 * whole
    assert "rep_budget_short" in {f.key for f in found.findings}
    assert (found.priority["verdict"] != "funded").any()
    enough = tn.replan_replenishment(plan, budget_yuan=2 * whole)
    assert "rep_budget_enough" in {f.key for f in enough.findings}
    pd.testing.assert_series_equal(column(enough, "order_units"), column(plan, "order_units"))


def test_slow_stock_is_listed_with_what_lies_beyond_ninety_days(stock, demand):
    found = tn.plan_replenishment(stock.assign(stock_units=100_000), demand, lead_time_days=7, review_days=7)
    assert len(found.slow) == ITEMS and set(found.table["verdict"]) == {"slow"} and (found.table["order_units"] == 0).all()
    row = found.slow.iloc[0]
    pace = row["stock_units"] / row["days_of_cover"]
    assert row["excess_units"] == np.floor(row["stock_units"] - 90 * pace)
    assert row["low"] < row["days_of_cover"] < row["high"]
    assert found.findings[0].key == "rep_nothing"


def test_an_item_that_stopped_selling_is_not_ordered():
    units = world(2)[:, :DAYS].copy()
    units[0, -100:] = 0
    told = tn.forecast_demand(rows(units), horizon_days=14, model="light")
    stock = pd.DataFrame({"item_id": ["i00", "i01"], "stock_units": [0, 0]})
    found = tn.plan_replenishment(stock, told, lead_time_days=7, review_days=7)
    assert column(found, "order_units")["i00"] == 0 and column(found, "order_units")["i01"] > 0


def test_an_unrelated_item_and_shuffled_rows_change_nothing(plan, stock, demand):
    extra = pd.concat([stock.sample(frac=1, random_state=1), pd.DataFrame({"item_id": ["other"], "stock_units": [3]})])
    found = tn.plan_replenishment(extra, demand, lead_time_days=7, review_days=7)
    pd.testing.assert_frame_equal(found.table, plan.table)
    assert [(s.reason, s.rows) for s in found.method.set_aside] == [("rep_no_forecast", 1)]


def test_an_item_without_stock_keeps_its_reorder_point_and_gets_no_order(stock, demand):
    found = tn.plan_replenishment(stock[stock["item_id"] != "i03"], demand, lead_time_days=7, review_days=7)
    row = found.table.set_index("item_id").loc["i03"]
    assert row["verdict"] == "stock_unknown" and row["reorder_point"] > 0 and np.isnan(row["order_units"])
    assert "rep_some_unknown" in {f.key for f in found.findings}


def test_long_lead_times_name_the_horizon_they_need(stock, demand):
    own = stock.assign(lead_time_days=[60.0] + [5.0] * (ITEMS - 1))
    found = tn.plan_replenishment(own, demand, review_days=7)
    assert found.table.set_index("item_id").loc["i00", "verdict"] == "horizon_too_short"
    finding = next(f for f in found.findings if f.key == "rep_horizon_short")
    assert finding.values["days"] == 67
    with pytest.raises(tn.ParameterError, match="67 days"):
        tn.plan_replenishment(stock, demand, lead_time_days=60, review_days=7)


def test_unsure_lead_times_need_more_stock(plan, stock, demand):
    found = tn.plan_replenishment(stock.assign(lead_time_sd=4.0), demand, lead_time_days=7, review_days=7)
    assert column(found, "reorder_point").sum() > column(plan, "reorder_point").sum()


def test_weeks_plan_like_days():
    units = world(4)[:, : 56 * 7].reshape(ITEMS, 56, 7).sum(axis=2)
    frame = rows(units).assign(date=lambda f: np.tile(pd.date_range("2023-01-02", periods=56, freq="7D"), ITEMS))
    told = tn.forecast_demand(frame, horizon_days=6, frequency="W", model="light")
    stock = pd.DataFrame({"item_id": frame["item_id"].unique(), "stock_units": 0})
    found = tn.plan_replenishment(stock, told, lead_time_days=10, review_days=4)
    fortnight = units[:, -8:].mean(axis=1) * 2
    assert (column(found, "reorder_point").to_numpy() > fortnight).mean() > 0.8
    assert (column(found, "reorder_point").to_numpy() < 3 * fortnight).all()


def test_no_money_is_invented_without_prices_and_costs():
    told = tn.forecast_demand(rows(world(5)[:, :DAYS]).drop(columns="price_yuan"), horizon_days=14, model="light")
    stock = pd.DataFrame({"item_id": [f"i{k:02d}" for k in range(ITEMS)], "stock_units": 0})
    found = tn.plan_replenishment(stock, told, lead_time_days=7, review_days=7)
    assert found.risks["lost_yuan"].isna().all() and found.risks["lost_units"].is_monotonic_decreasing
    assert found.findings[0].key == "rep_order_units" and "gain" not in found.findings[0].values


def test_a_dated_history_counts_its_newest_day(plan, stock, demand):
    old = stock.assign(date="2024-12-01", stock_units=7)
    found = tn.plan_replenishment(pd.concat([stock.assign(date="2025-02-03"), old]), demand, lead_time_days=7, review_days=7)
    pd.testing.assert_frame_equal(found.table, plan.table)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stock_units": -3}, "row 1, column stock_units: -3"),
        ({"inbound_units": "many"}, "'many' is not a number"),
        ({"item_id": "same"}, "stands twice"),
        ({"item_id": None}, "an item_id is empty"),
        ({"date": "soon"}, "'soon' is not a date"),
    ],
)
def test_bad_stock_is_refused_with_row_and_column(stock, demand, change, message):
    with pytest.raises(tn.ExportError, match=message):
        tn.plan_replenishment(stock.assign(**change), demand, lead_time_days=7, review_days=7)


def test_impossible_options_are_refused(plan, stock, demand):
    with pytest.raises(tn.ExportError, match="column stock_units is missing"):
        tn.plan_replenishment(stock.drop(columns="stock_units"), demand, lead_time_days=7, review_days=7)
    for options, message in (
        ({"service_level": 95}, "write 0.95"),
        ({"lead_time_days": -1}, "0-180 days"),
        ({"lead_time_days": 0, "review_days": 0}, "1 day or more"),
        ({"budget_yuan": -5}, "0 yuan or more"),
    ):
        with pytest.raises(tn.ParameterError, match=message):
            tn.plan_replenishment(stock, demand, **{"lead_time_days": 7, "review_days": 7, **options})
    with pytest.raises(tn.ParameterError, match="lead_time_days"):
        tn.plan_replenishment(stock, demand)
    with pytest.raises(tn.ParameterError, match="forecast_demand"):
        tn.plan_replenishment(stock, stock, lead_time_days=7)
    with pytest.raises(tn.ParameterError, match="demand_factor"):
        tn.replan_replenishment(plan, demand_factor=-1.0)


def test_loss_makers_and_assumed_terms_are_said(stock, demand):
    """Half of the lead times are missing and the price does not cover the cost of some items."""
    own = stock.assign(unit_cost_yuan=[80.0] * 6 + [20.0] * 6, lead_time_days=[5.0, np.nan] * 6, stock_units=0)
    found = tn.plan_replenishment(own, demand)
    keys = {f.key: f.values for f in found.findings}
    assert keys["rep_losing"]["items"] == 6 and keys["rep_losing"]["margin"] == -30.0
    assert {"rep_lead_guessed", "rep_review_assumed"} <= set(found.method.assumptions)
    worthless = tn.plan_replenishment(own.assign(unit_cost_yuan=80.0), demand)
    assert worthless.findings[0].key == "rep_order_no_gain" and "gain" not in worthless.findings[0].values
    for plan in (found, worthless):
        for language in ("zh", "en"):
            assert repr(tn.say(plan.findings, language)) and "rep_" not in repr(tn.show(plan.method, language))


def test_a_first_month_is_planned_and_called_untested():
    units = world(6)[:, :30]
    told = tn.forecast_demand(rows(units), horizon_days=14, model="light")
    empty = pd.DataFrame({"item_id": [f"i{k:02d}" for k in range(ITEMS)], "stock_units": 0})
    found = tn.plan_replenishment(empty, told, lead_time_days=7, review_days=7)
    assert "rep_untested" in {f.key for f in found.findings}
    expected = units.mean(axis=1) * 14
    point = column(found, "reorder_point").to_numpy()
    assert (point > expected).mean() > 0.9 and (point < 3 * expected + 10).all()
