"""Post-mortem and plan of the demo shop against its truth; calendar phases and detection; every chart."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.calendar import campaign_phases, detect_campaigns

CHARTS = "path profit study hours items factors sources placebos".split()


@pytest.fixture(scope="module")
def review(demo_shop):
    return tn.review_campaign(demo_shop, campaign="2025年双11")


@pytest.fixture(scope="module")
def plan(demo_shop):
    return tn.plan_campaign(demo_shop)


def test_lift_covers_the_truth_better_than_before_after(review, demo_truth):
    truth = {c["name"]: c for c in demo_truth.campaigns.values()}
    rows = review.table[review.table["verdict"] != "not_enough_data"]
    true = rows["campaign"].map(lambda name: truth[name]["gross_yuan"])
    assert ((rows["gross_low"] <= true) & (true <= rows["gross_high"])).mean() >= 0.75
    assert (rows["gross"] - true).abs().median() < (rows["naive"] - true).abs().median()


def test_profit_is_the_sum_of_its_lines(review):
    rows = review.profit.set_index("line")["yuan"]
    assert rows.drop("profit").sum() == pytest.approx(rows["profit"], rel=1e-9)


def test_kpi_tree_adds_up(review):
    rows = review.factors
    assert rows["contribution"].sum() == pytest.approx(rows["after"].prod() - rows["before"].prod(), rel=1e-9)


def test_burst_starts_the_evening_before(review):
    assert review.hours["hour"].iloc[0].hour == 20
    assert review.hours["ratio"].head(3).mean() > 3


def test_unknown_campaign_is_refused_with_names(demo_shop):
    with pytest.raises(tn.ParameterError, match="双1"):
        tn.review_campaign(demo_shop, campaign="春节不打烊")
    with pytest.raises(tn.ParameterError, match="measure_uplift"):
        tn.review_campaign(pd.DataFrame())


def test_plan_range_holds_and_orders_cover_the_gap(plan):
    row = plan.table.set_index("metric").loc["paid_amount"]
    assert row["low"] < row["planned"] < row["high"]
    stock = plan.stock[plan.stock["order_units"].notna()]
    have = stock["stock_units"] + stock["inbound_units"].fillna(0)
    assert (have + stock["order_units"] >= np.floor(stock["high"])).all()


def test_more_service_needs_more_stock(demo_shop, plan):
    more = tn.plan_campaign(demo_shop, service_level=0.99)
    assert more.stock["order_units"].sum() > plan.stock["order_units"].sum()
    with pytest.raises(tn.ParameterError, match="fraction"):
        tn.plan_campaign(demo_shop, service_level=95)
    with pytest.raises(tn.ParameterError, match="calendar"):
        tn.plan_campaign(demo_shop, campaign="没有这个活动")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_chart_has_a_title_and_every_finding_a_sentence(review, plan, language):
    for name in CHARTS:
        assert getattr(tn.charts, f"campaign_{name}")(review, language=language).axes
    for name in ("plan_ratios", "plan_stock"):
        assert getattr(tn.charts, name)(plan, language=language).axes
    for result in (review, plan):
        assert "{" not in repr(tn.say(result.findings, language))


def test_phases_follow_each_other():
    row = pd.Series({
        "warm_up_start": pd.Timestamp("2025-10-10"), "presale_start": pd.Timestamp("2025-10-15 20:00"),
        "start": pd.Timestamp("2025-10-20 20:00"), "end": pd.Timestamp("2025-11-14 23:59"),
    })  # fmt: skip
    phases = campaign_phases(row)
    assert list(phases["phase"]) == ["预热", "预售", "尾款", "平销", "高潮", "返场", "退款潮"]
    assert (phases["start"] < phases["end"]).all()


def test_a_burst_is_detected_where_no_calendar_names_it():
    rng = np.random.default_rng(0)
    days = pd.DataFrame({"date": pd.date_range("2025-01-01", periods=120), "paid_amount": rng.normal(1000, 60, 120)})
    days.loc[80:83, "paid_amount"] *= 3
    found = detect_campaigns(days)
    assert len(found) == 1 and found["start"].iloc[0] == days["date"][80] and found["confidence"].iloc[0] == "L"
