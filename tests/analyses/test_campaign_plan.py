"""The plan: warm-up signals sharpen the forecast day by day, staffing, depth by elasticity, the target simulator."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.analyses.campaign_plan import simulate_target
from tmall_nb.analyses.campaign_plan.past import Upcoming, alike, factor_draws, past_ratios
from tmall_nb.analyses.campaign_plan.signals import backtest_table, signal_table
from tmall_nb.calendar import mark_ordinary

DAY = pd.Timedelta(days=1)


def history(seed, campaigns=12):
    """Shop days with campaigns whose strength shows in the carts of the week before: log sales = log carts + noise .1."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2024-01-01", periods=60 + 45 * campaigns)
    base = 1000 * np.exp(rng.normal(0, 0.05, len(dates)))
    carts, visitors = 80 * np.exp(rng.normal(0, 0.1, len(dates))), base
    rows, strength = [], rng.normal(0.5, 0.35, campaigns)
    for k in range(campaigns):
        start = 50 + 45 * k
        carts[start - 7 : start] *= np.exp(strength[k] + 0.25 * rng.normal(size=7))
        visitors[start : start + 5] *= np.exp(strength[k] + 0.1 * rng.normal())
        rows.append((f"c{k}", "官方大促", dates[start - 7], pd.NaT, dates[start], dates[start + 4], "own", "H"))
    days = pd.DataFrame({"date": dates, "visitors": visitors, "buyers": 0.03 * visitors, "paid_amount": 6 * visitors})
    days["cart_users"] = rng.poisson(carts)
    names = "campaign campaign_type warm_up_start presale_start start end source confidence".split()
    calendar = pd.DataFrame(rows, columns=names)
    return mark_ordinary(days, calendar), calendar


def test_carts_sharpen_the_forecast_day_by_day():
    tables = []
    for seed in range(20):
        days, calendar = history(seed)
        tables.append(backtest_table(days, past_ratios(days, calendar)))
    rows = pd.concat(tables)
    rows = rows[rows["campaigns"] >= 4]
    size = rows.groupby("day")["error"].apply(lambda e: np.sqrt((e**2).mean()))
    width = np.log(rows["high"] / rows["low"]).groupby(rows["day"]).median()
    assert size[1] < 0.85 * size[0] and size[7] < size[1] and size[7] < 0.6 * size[0]
    assert width[7] < width[1] < width[0]
    assert rows.groupby("day")["covered"].mean().between(0.88, 1.0).all()


def test_last_year_s_campaign_of_the_name_counts_most():
    past = pd.DataFrame({
        "campaign": ["2024年双11", "2025年618", "2025年8月店庆", "2025年9月聚划算"],
        "campaign_type": ["官方大促", "官方大促", "店铺活动", "聚划算"], "visitors": [2.4, 1.4, 1.1, 1.2],
        "conversion_rate": 1.0, "amount_per_buyer": 1.0,
    })  # fmt: skip
    between, with_next = alike(past, "2025年双11", "官方大促")
    assert np.allclose(with_next, [0.7, 0.2, 0, 0]) and between[0, 1] == pytest.approx(0.2) and np.allclose(np.diag(between), 1)
    assert alike(past, "2026年1月聚划算", "聚划算")[1][3] == pytest.approx(0.7)  # a month is no name
    assert (np.linalg.eigvalsh(between) > 0).all()

    def told(name, kind):
        return factor_draws(past, name, kind, np.random.default_rng(0), 4000)["visitors"].median()

    mean = np.exp(np.log(past["visitors"]).mean())
    assert told("2025年双11", "官方大促") > 1.3 * mean and told("2026年女王节", "新类型") < 1.1 * mean


def test_each_warm_up_day_adds_a_row_and_uses_no_later_day():
    days, calendar = history(1)
    last = calendar.iloc[-1]
    ahead = Upcoming("c11", "官方大促", last["start"], last["end"], last["warm_up_start"], "own", "H")
    early = days[days["date"] < last["warm_up_start"] + 3 * DAY]
    past = past_ratios(early, calendar)
    table = signal_table(early, past, ahead)
    whole = signal_table(days[days["date"] < last["start"]], past, ahead)
    assert list(table["days_left"]) == [7, 6, 5] and len(whole) == 7
    pd.testing.assert_frame_equal(table, whole.head(3))
    assert signal_table(days[days["date"] < last["warm_up_start"]], past, ahead).empty


def test_a_plan_made_during_warm_up_follows_the_signal(demo_shop):
    calm = tn.plan_campaign(demo_shop)
    start = pd.Timestamp(calm.method.parameters["start"])
    last = pd.Timestamp(calm.method.end)
    calendar = demo_shop.calendar
    row = calendar["start"].dt.normalize() == start
    assert row.sum() == 1 and calm.signals.empty
    own = Upcoming("x", "官方大促", last + 3 * DAY, last + 8 * DAY, last - 3 * DAY, "own", "H")
    from tmall_nb.analyses.campaign_plan.plan import _days

    days = _days(demo_shop)
    table = signal_table(days, past_ratios(days, calendar), own)
    assert len(table) == 4 and (table["low"] < table["forecast"]).all() and (table["forecast"] < table["high"]).all()


def test_backtest_on_the_demo_is_measured_and_covers(demo_shop):
    rows = tn.plan_campaign(demo_shop).backtest
    assert rows["covered"].mean() >= 0.85 and rows["campaigns"].min() == 2
    assert rows.loc[rows["day"] == 7, "error"].abs().median() <= 1.1 * rows.loc[rows["day"] == 0, "error"].abs().median()


def test_staff_grows_with_inquiries(demo_shop):
    plan = tn.plan_campaign(demo_shop)
    rows = plan.staff.set_index("load")
    assert rows.loc["inquiries", "low"] < rows.loc["inquiries", "planned_day"] < rows.loc["inquiries", "high"]
    assert rows.loc["agents", "low"] <= rows.loc["agents", "high"] and rows.loc["inquiries", "campaigns"] >= 1
    assert {"plan_staff_more", "plan_staff_enough"} & {f.key for f in plan.findings}


def test_depth_uses_an_item_s_own_elasticity_and_its_interval(demo_shop):
    stock = tn.plan_campaign(demo_shop).stock
    known = pd.DataFrame({
        "item_id": stock["item_id"].head(2), "elasticity": [-6.0, -1.2], "low": [-6.5, -1.4], "high": [-5.5, -1.0],
        "verdict": "ok",
    })  # fmt: skip
    plan = tn.plan_campaign(demo_shop, elasticity=known)
    rows = plan.depths.set_index("item_id").loc[known["item_id"]]
    assert list(rows["verdict"]) == ["discount", "hold"] and rows["low"].iloc[0] > 0 > rows["margin_change"].iloc[1]
    assert "plan_depth" in {f.key for f in plan.findings}
    assert (plan.depths["verdict"] == "assumed").sum() == len(plan.depths) - 2


def test_simulator_adds_up_and_refuses(demo_shop):
    plan = tn.plan_campaign(demo_shop)
    told = simulate_target(plan, {"visitors": 2.0, "conversion_rate": 1.0, "amount_per_buyer": 1.0}, margin=0.4)
    assert told["paid"] == pytest.approx(2 * told["usual"]) and told["margin"] == pytest.approx(0.4 * told["usual"])
    assert told["left"] == pytest.approx(told["margin"] - told["ads"])
    usual = simulate_target(plan, {})
    assert 0.35 <= usual["chance"] <= 0.65 and simulate_target(plan, {"visitors": 9.0})["chance"] < usual["chance"]
    with pytest.raises(tn.ParameterError, match="fraction"):
        simulate_target(plan, {}, margin=40)


def test_without_service_or_titles_the_checks_are_unknown(demo_shop):
    columns = {k: v for k, v in demo_shop.manifest["columns"].items() if k not in ("cs_daily", "product_master", "enrolment")}
    bare = replace(demo_shop, manifest={**demo_shop.manifest, "columns": columns}, _connections={})
    plan = tn.plan_campaign(bare)
    states = plan.checklist.set_index("check")["state"]
    assert (
        plan.staff.empty
        and (states[["agents_needed", "titles_repeat", "keywords_missing", "items_enrolled"]] == "unknown").all()
    )
