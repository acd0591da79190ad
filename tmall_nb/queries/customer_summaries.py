"""One row per buyer: what buying models and RFM need."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.queries.buyer_orders import BuyerOrders
from tmall_nb.queries.order_blocks import KEPT, Block, order_blocks, run_starts

__all__ = ["customer_summaries", "orders_between"]

FIRST = """
WITH orders_of AS (SELECT * FROM buyer_orders)
SELECT buyer, arg_min({by}, day) AS source FROM orders_of GROUP BY buyer ORDER BY buyer
"""
BETWEEN = """
WITH orders_of AS (SELECT * FROM buyer_orders)
SELECT buyer, count(DISTINCT day) AS orders, sum(net)::BIGINT AS cents, sum(net) FILTER (net > 0)::BIGINT AS positive
FROM orders_of WHERE day BETWEEN {start} AND {stop} AND ({kept}) GROUP BY buyer ORDER BY buyer
"""


def customer_summaries(orders: BuyerOrders, *, cut: int, recent: int, by: str | None = None) -> pd.DataFrame:
    """Return one row per buyer.

    Wholly refunded orders are no purchases; a buyer who has nothing else keeps the first one, with a value of 0.

    Parameters
    ----------
    cut : last day of the calibration part (days since 1970)
    recent : ``recent_cents`` counts net sales after this day
    by : one of ``orders.first``: the first order's value is returned as ``source``

    Returns
    -------
    buyer, first_day, last_day, days (days with an order), days_before and last_before (up to ``cut``; 0 days: not yet a buyer
    then), cents (net), recent_cents, later_cents
    """
    parts = [_summary(block, cut, recent) for block in order_blocks(orders)]
    table = pd.DataFrame({name: np.concatenate([part.pop(name) for part in parts]) for name in list(parts[0])})
    return table if by is None else table.merge(orders.sql(FIRST.format(by=by)), on="buyer")


def _summary(block: Block, cut: int, recent: int) -> dict[str, np.ndarray]:
    buyers = run_starts(block.buyer)
    low, high = (np.add.reduceat(np.where(block.day > day, block.cents, 0), buyers) for day in (recent, cut))
    sums = {"cents": np.add.reduceat(block.cents, buyers), "recent_cents": low, "later_cents": high}
    days = run_starts(block.buyer, block.day)
    kept = np.logical_or.reduceat(block.kept, days)
    first = np.searchsorted(days, buyers)  # position of each buyer's first day
    without = ~np.logical_or.reduceat(kept, first)
    kept[first[without]] = True
    days = days[kept]
    starts = run_starts(block.buyer[days])
    day = block.day[days].astype(np.int64)
    before = np.add.reduceat((day <= cut).astype(np.int64), starts)
    ends = np.append(starts[1:], len(days))
    last = day[np.maximum(starts + before - 1, starts)]
    return {
        "buyer": block.buyer[buyers], "first_day": day[starts], "last_day": day[ends - 1], "days": ends - starts,
        "days_before": before, "last_before": last, **sums,
    }  # fmt: skip


def orders_between(orders: BuyerOrders, *, start: int, stop: int) -> pd.DataFrame:
    """Return buyers with an order from ``start`` to ``stop`` (days, both included): buyer, orders (days), cents (net)."""
    return orders.sql(BETWEEN.format(start=start, stop=stop, kept=KEPT))
