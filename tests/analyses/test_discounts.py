"""Discounts: refusals, periods, platform money, thresholds and depths in words."""

import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.analyses.discounts.ladder import closes, steps_of
from tmall_nb.analyses.discounts.result import STEPS
from tmall_nb.analyses.discounts.rules import threshold

KNOWN = {"platform_money": True, "settled_amount": True, "item_coupon": False}
SUMS = {
    "list_amount": 1000.0, "tag_amount": 800.0, "order_discount": 60.0, "cart_discount": 50.0, "shop_coupon": 10.0,
    "payable": 740.0, "postage": 8.0, "paid_amount": 748.0, "coupon_tmall": 20.0, "points_offset": 1.0, "refund_amount": 100.0,
    "unsettled": 30.0, "unsettled_platform": 2.0, "item_coupon": 0.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def traced(demo_shop):
    return tn.trace_discounts(demo_shop)


@pytest.mark.parametrize(("place", "received"), [("on_top", 748 + 21 - 100 - 32), ("inside", 748 - 100 - 30)])
def test_platform_money_counts_once(place, received):
    steps = steps_of(pd.Series(SUMS | {"settled_amount": float(received)}), place, KNOWN)
    assert steps["difference"] == pytest.approx(0.0) and steps["settled_amount"] == received
    assert steps["platform_money"] == (21.0 if place == "on_top" else 0.0)


def test_what_was_never_settled_shows_as_a_difference():
    steps = steps_of(pd.Series(SUMS | {"settled_amount": 600.0}), "on_top", KNOWN)
    assert steps["difference"] == pytest.approx(600 - 637)


def test_a_missing_report_is_missing_and_not_zero():
    steps = steps_of(pd.Series(SUMS | {"settled_amount": 0.0}), "unknown", KNOWN | {"settled_amount": False})
    assert all(pd.isna(steps[s]) for s in ("settled_amount", "difference", "unsettled", "item_coupon"))


@pytest.mark.parametrize(
    ("least", "low", "cart"), [(301.8, 305.4, 300.0), (199.8, 205.9, 199.0), (601.5, 603.0, 600.0), (88.4, 89.0, 80.0)]
)
def test_the_threshold_is_the_round_amount_below_the_smallest_cart(least, low, cart):
    assert threshold(least, low) == cart


def test_a_period_holds_its_orders_alone(demo_shop, traced):
    part = tn.trace_discounts(demo_shop, start="2025-03-01", end="2025-03-31")
    month = traced.months.set_index("month").loc[pd.Timestamp("2025-03-01")]
    yuan = part.table.set_index("step")["yuan"]
    assert closes(part.table)
    for step in ("list_amount", "payable", "paid_amount", "platform_money", "refund_amount", "settled_amount"):
        assert yuan[step] == month[step]


def test_steps_and_funders_are_complete(traced):
    assert tuple(traced.table["step"]) == STEPS
    assert set(traced.table["funder"]) == {"", "shop", "platform", "buyer"}
    assert len(traced.table.columns) <= 7 and len(traced.bunching.columns) - 2 <= 7


def test_no_bunching_is_found_where_buyers_do_not_stretch_carts(traced):
    """The simulator's carts know nothing of thresholds."""
    assert set(traced.bunching["verdict"]) <= {"no_difference", "not_enough_data"}
    assert "carts_bunch" not in {f.key for f in traced.findings}


def test_deeper_discounts_sell_more_and_need_more(traced):
    depths = traced.depths
    assert depths["lift"].is_monotonic_increasing and depths["needed"].is_monotonic_increasing
    assert (depths["lift_low"] <= depths["lift"]).all() and (depths["lift"] <= depths["lift_high"]).all()


def test_what_is_missing_is_said(traced):
    keys = {f.key for f in traced.findings}
    assert {"list_price_goes", "ladder_closes", "discount_reports_missing", "platform_pays"} <= keys


def test_bad_periods_are_refused(demo_shop):
    with pytest.raises(tn.ParameterError, match="start"):
        tn.trace_discounts(demo_shop, start="someday")
    with pytest.raises(tn.ParameterError, match="end"):
        tn.trace_discounts(demo_shop, start="2025-03-02", end="2025-03-01")
    with pytest.raises(tn.NotEnoughData, match="no paid order"):
        tn.trace_discounts(demo_shop, start="2019-01-01", end="2019-01-31")


def test_orders_alone_leave_every_step_missing(demo_folder, tmp_path):
    shop = tmp_path / "lone"
    shop.mkdir()
    for file in demo_folder.glob("ExportOrderList2024*"):
        (shop / file.name).write_bytes(file.read_bytes())
    result = tn.trace_discounts(tn.load_shop(tmp_path, "lone"))
    assert set(result.table["source"]) == {"missing"} and result.table["yuan"].isna().all() and result.depths.empty
    assert [f.key for f in result.findings] == ["discounts_need_orders"]
