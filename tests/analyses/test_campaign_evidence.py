"""What the post-mortem shows beside the lift: funders, presale, targets, bursts, stock-outs, later worth, placebo items."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.analyses.campaign.choose import past_campaigns
from tmall_nb.analyses.campaign.discounts import campaign_discounts
from tmall_nb.analyses.campaign.findings import _doubts
from tmall_nb.analyses.campaign.items import stock_outs
from tmall_nb.analyses.campaign.lift import lift_of, read_series
from tmall_nb.analyses.campaign.placebo import rank_p_value
from tmall_nb.analyses.campaign.review import _overlapping
from tmall_nb.analyses.campaign.study import kind_table
from tmall_nb.analyses.campaign.targets import target_gap, target_table

NAME = "2025年双11"


@pytest.fixture(scope="module")
def review(demo_shop):
    return tn.review_campaign(demo_shop, campaign=NAME)


@pytest.fixture(scope="module")
def parts(demo_shop):
    series = read_series(demo_shop)
    found = past_campaigns(demo_shop.calendar, series.days["date"].min(), series.last)
    chosen = next(c for c in found if c.name == NAME)
    return series, found, chosen, lift_of(series, chosen, found, level=0.95, seed=0)


@pytest.fixture(scope="module")
def late(demo_shop):
    return tn.review_campaign(demo_shop, campaign="2025年双12")


def with_table(shop, folder, name, frame):
    """The shop with one table replaced or added."""
    for table in shop.folder.iterdir():
        if table.is_dir() and table.name != name:
            (folder / table.name).symlink_to(table)
    (folder / name).mkdir()
    frame = frame.assign(shop_id=shop.shop_id, source_file="test.csv", row_no=range(len(frame)))
    frame.to_parquet(folder / name / "one.parquet")
    columns = {**shop.manifest["columns"], name: list(frame.columns)}
    return replace(shop, folder=folder, manifest={**shop.manifest, "columns": columns}, _connections={})


def test_discounts_split_by_funder_and_say_what_is_not_known(review, demo_truth):
    rows = review.discounts.set_index("line")
    truth = {c["name"]: c for c in demo_truth.campaigns.values()}[NAME]
    assert rows.loc["campaign_cut", "yuan"] == pytest.approx(truth["cut_yuan"], rel=0.15)
    assert rows.loc["coupon_tmall", "funder"] == "platform" and rows.loc["coupon_tmall", "yuan"] > 0
    assert not rows.loc["coupons_and_rules", "known"]
    assert np.isnan(rows.loc["ad_subsidy", "yuan"]) and not rows.loc["ad_subsidy", "known"]
    given = rows.loc["campaign_cut", "yuan"] + rows.loc["coupons_and_rules", "yuan"]
    assert review.profit.set_index("line").loc["cuts", "yuan"] == pytest.approx(-given)


def test_tools_are_booked_by_name_and_the_rest_is_unclear(parts, demo_shop, tmp_path):
    series, _, chosen, lift = parts
    tools = pd.DataFrame({
        "date": [chosen.start], "tool": ["店铺券"], "promotion_id": ["1"], "paid_amount": [9.0], "discount_amount": [50.0]
    })  # fmt: skip
    shop = with_table(demo_shop, tmp_path, "promo_tool_daily", tools)
    rows = campaign_discounts(replace(series, shop=shop), lift).set_index("line")
    assert rows.loc["tool:店铺券", "yuan"] == 50 and rows.loc["tool:店铺券", "known"]
    assert rows.loc["rest_of_reductions", "funder"] == "unclear" and rows.loc["rest_of_reductions", "yuan"] >= 0


def test_listed_offers_share_the_reductions(parts, demo_shop, tmp_path):
    series, lift = parts[0], parts[3]
    stack = pd.DataFrame({
        "item_id": list(lift.enrolled[:1]) * 2, "sku_id": ["a", "a"], "campaign_id": ["1", "1"],
        "tool": ["店铺满减", "88VIP消费券"],
        "list_price": 99.0, "activity_price": 80.0, "promotion_level": ["店铺级", "平台级"], "discount_amount": [30.0, 10.0],
    })  # fmt: skip
    priced = with_table(demo_shop, tmp_path, "price_stack", stack)
    rows = campaign_discounts(replace(series, shop=priced), lift).set_index("line")
    shop, vip = rows.loc["tool:店铺满减"], rows.loc["tool:88VIP消费券"]
    assert shop["funder"] == "merchant" and vip["funder"] == "unclear" and not shop["known"]
    assert shop["yuan"] == pytest.approx(3 * vip["yuan"])


def test_presale_is_booked_at_the_balance(review, demo_shop):
    rows = review.presale.set_index("stage")
    assert rows.loc["balance_paid", "booked"] and not rows.loc["ad_presale", "booked"]
    burst = pd.Timestamp("2025-10-20")
    assert rows.loc["balance_paid", "last_deposit"] < burst <= rows.loc["balance_paid", "first_balance"]
    paid = demo_shop.sql(
        "SELECT sum(paid_amount) AS yuan FROM orders WHERE stage_info <> '' AND paid_at >= $a AND paid_at < $b",
        a=burst - pd.Timedelta(days=1), b=pd.Timestamp("2025-11-18"),
    )["yuan"].iloc[0]  # fmt: skip
    assert rows.loc["balance_paid", "amount"] == pytest.approx(paid)
    assert {"presale_open", "presale_booked"} & {f.key for f in review.findings}


def test_target_gap_adds_up_and_takes_named_factors_from_the_sheet(review, parts, demo_shop, tmp_path):
    gap, goal = review.target_gap, review.targets.iloc[0]
    assert gap["contribution"].sum() == pytest.approx(goal["gap"]) and set(gap["basis"]) == {"past"}
    series, found, chosen, _ = parts
    start, end = chosen.start, chosen.start + pd.Timedelta(days=9)
    sheet = pd.DataFrame({
        "start": start, "end": end, "metric": ["支付金额", "访客数", "支付转化率"], "target": [200000.0, 25000.0, 0.032],
    })  # fmt: skip
    named = replace(series, shop=with_table(demo_shop, tmp_path, "targets", sheet))
    targets = target_table(named, chosen)
    rows = target_gap(named, chosen, targets, found).set_index("factor")
    assert list(rows["basis"]) == ["sheet", "sheet", "implied"]
    assert rows.loc["visitors", "target"] == pytest.approx(2500) and rows["target"].prod() == pytest.approx(20000)
    paid = targets.set_index("metric").loc["paid_amount"]
    assert rows["contribution"].sum() == pytest.approx(paid["gap"])
    assert targets.set_index("metric").loc["conversion_rate", "actual"] < 0.1


def test_a_campaign_without_a_target_has_no_gap(late):
    assert late.targets.empty and late.target_gap.empty
    assert not {"target_missed", "target_missed_by", "target_reached"} & {f.key for f in late.findings}


def test_bursts_start_at_eight_in_the_evening(review, late):
    hours = review.hours
    assert (hours.groupby("burst")["hour"].min().dt.hour == 20).all() and (hours["since"] >= 0).all()
    climax = late.hours[late.hours["burst"] == "climax"]
    assert climax["hour"].min() == pd.Timestamp("2025-12-11 20:00") and climax["ratio"].max() > 3


def test_stock_outs_cost_what_was_hidden(parts, demo_shop, tmp_path):
    """Take an item's sales away on four campaign days, call it sold out, and read the loss."""
    series, _, chosen, lift = parts
    item = str(series.items[series.items["item_id"].isin(lift.enrolled)].groupby("item_id")["paid_units"].sum().idxmax())
    stock = demo_shop.table("stock")
    stock = stock[stock["item_id"] == item].assign(sold_out=False, in_stock=True, stock_units=50)
    gone = pd.to_datetime(stock["date"]).between(chosen.start + pd.Timedelta(days=4), chosen.start + pd.Timedelta(days=7))
    stock.loc[gone, ["sold_out", "stock_units"]] = [True, 0]
    hidden = series.items["item_id"].eq(item) & series.items["date"].isin(pd.to_datetime(stock.loc[gone, "date"]))
    true = float(series.items.loc[hidden, "paid_units"].sum())
    items = series.items.assign(paid_units=series.items["paid_units"].mask(hidden, 0.0))
    kept = stock[["date", "item_id", "sku_code", "stock_units", "in_stock", "sold_out"]]
    shop = with_table(demo_shop, tmp_path, "stock", kept)
    row = stock_outs(replace(series, shop=shop, items=items), lift, level=0.95).iloc[0]
    assert row["days_out"] == 4 and row["low"] < row["lost_units"] < row["high"]
    assert 0.4 * true <= row["lost_units"] <= 2.5 * true
    assert row["lost_yuan"] == pytest.approx(row["lost_units"] * row["lost_high"] / row["high"])


def test_later_worth_is_read_at_equal_age_against_ordinary_days(review):
    rows = review.later.set_index("group")
    assert list(rows.index) == ["other_days", "campaign", "difference"] and rows["age_days"].nunique() == 1
    gap = rows.loc["difference"]
    assert gap["again"] == pytest.approx(rows.loc["campaign", "again"] - rows.loc["other_days", "again"])
    assert gap["low"] < gap["again"] < gap["high"] and gap["later_low"] < gap["later_yuan"] < gap["later_high"]


def test_young_buyers_are_not_valued(late):
    assert late.later.empty and "new_buyers_too_young" in {f.key for f in late.findings}


def test_placebo_items_rank_the_campaign(review):
    row = review.diagnostics.iloc[0]
    own, placebos = row["own_deviations"], review.placebo_items["deviations"].to_numpy()
    assert row["item_p_value"] == pytest.approx((1 + (np.abs(placebos) >= abs(own)).sum()) / (len(placebos) + 1))
    assert row["item_p_value"] < 0.1 and row["placebo_items"] >= 10
    assert (review.placebo_items["low"] <= review.placebo_items["high"]).all()


def test_rank_p_values_are_uniform_without_an_effect():
    rng = np.random.default_rng(0)
    ranks = [rank_p_value(draw[0], draw[1:]) for draw in rng.normal(size=(2000, 20))]
    assert np.mean(np.array(ranks) <= 0.1) == pytest.approx(0.1, abs=0.02) and min(ranks) == 1 / 20


def test_halo_calls_are_rare_where_there_is_none(review, demo_truth):
    others = review.items[review.items["role"] == "other"]
    assert others["verdict"].isin(["halo", "cannibalised"]).mean() <= 0.15
    assert (review.items.loc[review.items["role"] == "campaign", "verdict"] == "gained").any()


def test_kinds_are_drawn_together_by_their_noise():
    table = pd.DataFrame({
        "campaign_type": ["聚划算"] * 3 + ["官方大促"] * 3 + ["百亿补贴"], "days": 5.0,
        "profit": [5000.0, 5200, 4900, -3000, -2800, -3300, 500.0],
    })  # fmt: skip
    half = np.array([400.0] * 6 + [30000.0])
    rows = kind_table(table.assign(profit_low=table["profit"] - half, profit_high=table["profit"] + half)).set_index(
        "campaign_type"
    )
    assert rows.loc["聚划算", "verdict"] == "pays" and rows.loc["官方大促", "verdict"] == "costs"
    assert rows.loc["百亿补贴", "verdict"] == "unclear" and rows["campaigns"].sum() == 7
    assert (
        rows.loc["官方大促", "profit_per_day"] < rows.loc["百亿补贴", "profit_per_day"] < rows.loc["聚划算", "profit_per_day"]
    )


def test_overlapping_campaigns_are_said(parts, review):
    _, found, chosen, lift = parts
    beside = replace(chosen, name="同期店铺活动", kind="店铺活动", start=chosen.end)
    names = _overlapping([*found, beside], chosen)
    frames = {"diagnostics": review.diagnostics, "profit": review.profit}
    said = next(f for f in _doubts(frames, chosen, lift, names) if f.key == "campaign_overlap")
    assert names == ["同期店铺活动"] and said.values["campaigns"] == "同期店铺活动" and not _overlapping(found, chosen)


def test_a_campaign_outside_the_data_is_refused(demo_shop):
    first = demo_shop.sql("SELECT min(date) AS d FROM shop_daily")["d"].iloc[0]
    for day in (first - pd.Timedelta(days=40), first + pd.Timedelta(days=2), pd.Timestamp("2031-11-11")):
        with pytest.raises(tn.ParameterError, match="a day of one of"):
            tn.review_campaign(demo_shop, campaign=f"{day:%Y-%m-%d}")
