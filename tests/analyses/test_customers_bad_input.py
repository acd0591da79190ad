"""What the retention and value analyses do with input that should not be, each case stated or refused."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.errors import ExportError, NotEnoughData

END = "2025-12-31"


def frame(rows):
    table = pd.DataFrame(rows, columns=["buyer_key", "paid_at", "paid_amount", "refund_amount"])
    return table  # times as text: with and without a clock time


def aside(result):
    return {s.reason: s.rows for s in result.method.set_aside}


def both(orders, **options):
    return tn.track_cohorts(orders, observation_end=END, **options), tn.value_customers(orders, observation_end=END)


def test_refunds_larger_than_orders_are_taken_as_the_order_and_counted():
    orders = frame([("a", "2025-01-05", 100.0, 250.0), ("b", "2025-01-06", 50.0, 0.0), ("b", "2025-02-06", 50.0, 50.01)])
    cohorts, value = both(orders)
    assert aside(cohorts)["refund_over_paid"] == aside(value)["refund_over_paid"] == 2
    assert cohorts.cells["revenue"].sum() == 50.0 and value.table["net_amount"].tolist() == [0.0, 50.0]


def test_orders_after_the_end_are_set_aside_and_counted():
    orders = frame([("a", "2025-01-05", 100.0, 0.0), ("a", "2026-01-01 00:00", 80.0, 0.0), ("b", "2025-12-31 23:59", 9.0, 0.0)])
    cohorts, value = both(orders)
    assert aside(cohorts)["after_end"] == aside(value)["after_end"] == 1
    assert value.table["frequency"].tolist() == [0, 0] and value.table["age_days"].tolist() == [360.0, 0.0]
    with pytest.raises(NotEnoughData, match="after_end"):
        tn.value_customers(orders, observation_end="2024-12-31")


def test_one_buyer_only():
    cohorts, value = both(frame([("a", f"2025-0{m}-05", 100.0, 0.0) for m in range(1, 9)]))
    assert cohorts.findings[0].key == "second_order_few" and cohorts.cells["active"].dropna().max() == 1
    assert value.table["verdict"].tolist() == ["not_enough_data"] and np.isnan(value.table["expected_orders"].iloc[0])
    assert [f.key for f in value.findings] == ["value_few_repeaters"]
    lists = tn.list_segments(value)
    assert len(lists.table) == 0 and {f.key for f in lists.findings} == {"list_too_short"}


def test_a_million_one_time_buyers():
    size = 1_000_000
    day = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(size) % 300, unit="D")
    orders = pd.DataFrame({"buyer_key": np.arange(size), "paid_at": day, "paid_amount": 50.0})
    cohorts, value = both(orders)
    assert len(value.table) == size and set(value.table["verdict"]) == {"not_enough_data"} and value.fit is None
    assert value.findings[0].key == "value_few_repeaters" and cohorts.findings[0].key == "second_order_few"
    seen = cohorts.cells.query("age >= 1 and seen")
    assert (seen["active"] == 0).all() and (seen["high"] < 0.001).all() and cohorts.curve["repurchased"].max() == 0


def test_money_of_zero():
    rng = np.random.default_rng(0)
    day = pd.Timestamp("2024-06-01") + pd.to_timedelta(rng.integers(0, 560, 900), unit="D")
    orders = pd.DataFrame({"buyer_key": rng.integers(0, 300, 900), "paid_at": day, "paid_amount": 0.0})
    cohorts, value = both(orders)
    assert (cohorts.cells["revenue"].dropna() == 0).all() and cohorts.cells["active"].max() > 0
    assert value.table["expected_orders"].notna().all() and value.table["expected_value_yuan"].isna().all()
    assert aside(value)["buyers_without_value"] == len(value.table) and "at_risk" not in set(value.totals["metric"])


def test_buyers_of_two_shops_are_refused():
    orders = frame([("a", "2025-01-05", 100.0, 0.0), ("a", "2025-02-05", 100.0, 0.0)]).assign(shop_id=["x", "y"])
    for analysis in (tn.track_cohorts, tn.value_customers):
        with pytest.raises(ExportError, match=r"several shops.*Call once per shop"):
            analysis(orders, observation_end=END)


def test_everything_refunded():
    orders = frame([(k, "2025-03-05", 30.0, 30.0) for k in range(40)])
    cohorts, value = both(orders)
    assert cohorts.cells["revenue"].dropna().eq(0).all() and set(value.table["verdict"]) == {"not_enough_data"}
    with pytest.raises(NotEnoughData, match="all 40 orders were refunded wholly"):
        tn.track_cohorts(orders, observation_end=END, refunded="out")
