"""Orders in sorted blocks: every order once, buyers whole, whatever their numbers look like."""

import numpy as np
import pandas as pd
import pytest

from tmall_nb.queries import order_blocks as module
from tmall_nb.queries.buyer_orders import buyer_orders
from tmall_nb.queries.cohort_cells import cohort_cells
from tmall_nb.queries.customer_summaries import customer_summaries
from tmall_nb.queries.order_blocks import order_blocks
from tmall_nb.queries.second_orders import NONE, first_orders

END = "2024-12-31"


@pytest.fixture(scope="module")
def orders():
    rng = np.random.default_rng(0)
    size = 3000
    paid = rng.integers(0, 9000, size) / 100
    return pd.DataFrame({
        "buyer_key": rng.integers(0, 900, size), "paid_amount": paid,
        "paid_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 366, size), unit="D"),
        "refund_amount": np.where(rng.random(size) < 0.2, paid, 0.0),
    })  # fmt: skip


def tables(orders):
    data = buyer_orders(orders, end=END)
    cells = cohort_cells(data, refunded=False)
    return [
        cells.sizes, cells.calendar, cells.ages, customer_summaries(data, cut=data.end_day - 90, recent=data.end_day - 180),
        first_orders(data, refunded=False, window_days=200),
    ]  # fmt: skip


def test_many_blocks_give_the_same_tables_as_one(orders, monkeypatch):
    one = tables(orders)
    monkeypatch.setattr(module, "ROWS_PER_BLOCK", 40)
    assert len(list(order_blocks(buyer_orders(orders, end=END)))) > 30
    for many, single in zip(tables(orders), one, strict=True):
        pd.testing.assert_frame_equal(many, single)


def test_every_order_once_and_buyers_whole(orders, monkeypatch):
    monkeypatch.setattr(module, "ROWS_PER_BLOCK", 40)
    blocks = list(order_blocks(buyer_orders(orders, end=END)))
    assert sum(len(b.buyer) for b in blocks) == len(orders)
    assert sum(int(b.cents.sum()) for b in blocks) == round(100 * (orders["paid_amount"] - orders["refund_amount"]).sum())
    seen = [set(b.buyer) for b in blocks]
    assert sum(map(len, seen)) == len(set.union(*seen)) == orders["buyer_key"].nunique()
    for b in blocks:
        assert (np.lexsort((b.day, b.buyer)) == np.arange(len(b.buyer))).all()


def test_buyers_that_differ_in_their_lowest_bit_only_are_told_apart():
    """Such keys, a wide span of days and many rows do not fit into 63 bits: the lowest bits are cut, and that is noticed."""
    rng = np.random.default_rng(1)
    base = rng.integers(0, 2**61, 500) * 2
    buyer = np.concatenate([base, base + 1, [0, 2**62 + 1]])[rng.integers(0, 1002, 60_000)]
    day = rng.integers(0, 30_000, len(buyer)).astype(np.int16)
    order = module._order(buyer, day)
    slow = np.lexsort((day, buyer))
    assert (buyer[order] == buyer[slow]).all() and (day[order] == day[slow]).all()


def test_summaries_equal_a_slow_loop(orders):
    data = buyer_orders(orders, end=END)
    cut, recent = data.end_day - 90, data.end_day - 180
    rows = customer_summaries(data, cut=cut, recent=recent).set_index("buyer")
    frame = orders.assign(
        day=(orders["paid_at"] - pd.Timestamp("1970-01-01")).dt.days,
        cents=((orders["paid_amount"] - orders["refund_amount"]) * 100).round().astype(int),
    )
    frame["kept"] = (frame["cents"] > 0) | (frame["paid_amount"] == 0)
    for key, part in frame.groupby("buyer_key"):
        row = rows.loc[list(data.keys).index(key)]
        days = sorted(set(part.loc[part["kept"], "day"])) or [part["day"].min()]
        before = [d for d in days if d <= cut]
        expected = (days[0], days[-1], len(days), len(before), part["cents"].sum())
        assert tuple(row[["first_day", "last_day", "days", "days_before", "cents"]]) == expected
        assert row["later_cents"] == part.loc[part["day"] > cut, "cents"].sum()
        assert row["recent_cents"] == part.loc[part["day"] > recent, "cents"].sum()
        assert not before or row["last_before"] == before[-1]


def test_first_and_second_days(orders):
    rows = first_orders(buyer_orders(orders, end=END), refunded=True, window_days=200)
    day = (orders["paid_at"] - pd.Timestamp("1970-01-01")).dt.days
    days = day.groupby(orders["buyer_key"]).agg(lambda d: sorted(set(d)))
    second = [d[1] if len(d) > 1 else NONE for d in days]
    assert sorted(rows["second_day"]) == sorted(second) and sorted(rows["first_day"]) == sorted(d[0] for d in days)
    assert rows["recent_orders"].sum() == (day > day.max() - 200).sum()
