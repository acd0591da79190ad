"""How long first buyers took to a second order, and how many have not had one yet."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.queries.buyer_orders import BuyerOrders
from tmall_nb.queries.order_blocks import KEPT, Block, order_blocks, run_starts

__all__ = ["NONE", "first_orders", "gap_counts", "gaps_by", "repurchase_counts", "waiting_buyers"]

NONE = -1  # no second order yet
GAPS = """
WITH orders_of AS (SELECT * FROM buyer_orders),
buyer_days AS (SELECT buyer, day, any_value({by}) AS part FROM orders_of WHERE {kept} GROUP BY buyer, day),
ranked AS (
    SELECT min(day) AS first_day, min(day, 2)[2] AS second_day, arg_min(part, day) AS part FROM buyer_days GROUP BY buyer)
SELECT part AS segment, coalesce(second_day, {end}) - first_day AS days, count(second_day) AS events,
       count(*) - count(second_day) AS censored
FROM ranked GROUP BY ALL ORDER BY ALL
"""


def first_orders(orders: BuyerOrders, *, refunded: bool, window_days: int) -> pd.DataFrame:
    """Return one row per buyer: first_day, second_day (``NONE``: not yet), last_day, and recent_orders, recent_days in the last
    ``window_days``. Orders of one day are one; wholly refunded ones are none where ``refunded`` is False."""
    start = orders.end_day - window_days
    parts = [_first(block, start, refunded) for block in order_blocks(orders)]
    return pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _first(block: Block, start: int, refunded: bool) -> dict[str, np.ndarray]:
    used = block.kept | refunded
    buyer, day = block.buyer[used], block.day[used].astype(np.int32)
    if not len(day):
        return dict.fromkeys(("first_day", "second_day", "last_day", "recent_orders", "recent_days"), np.empty(0, np.int32))
    days = run_starts(buyer, day)
    starts = run_starts(buyer[days])
    count = np.diff(starts, append=len(days))
    on = day[days]
    second = np.where(count > 1, on[np.minimum(starts + 1, len(on) - 1)], NONE)
    recent = (day > start).astype(np.int32)
    return {
        "first_day": on[starts], "second_day": second.astype(np.int32), "last_day": on[starts + count - 1],
        "recent_orders": np.add.reduceat(recent, days[starts]), "recent_days": np.add.reduceat(recent[days], starts),
    }  # fmt: skip


def gap_counts(firsts: pd.DataFrame, *, end_day: int) -> pd.DataFrame:
    """Return one row per number of days: events (second order after so many) and censored (seen so long without one)."""
    came = (firsts["second_day"] != NONE).to_numpy()
    days = np.where(came, firsts["second_day"], end_day) - firsts["first_day"].to_numpy()
    size = int(days.max(initial=0)) + 1
    counts = pd.DataFrame({
        "days": np.arange(size), "events": np.bincount(days[came], minlength=size),
        "censored": np.bincount(days[~came], minlength=size),
    })  # fmt: skip
    return counts[counts["events"] + counts["censored"] > 0].reset_index(drop=True)


def gaps_by(orders: BuyerOrders, by: str, *, refunded: bool) -> pd.DataFrame:
    """Return the same counts by ``by`` (one of ``orders.first``) of the first order: segment, days, events, censored."""
    return orders.sql(GAPS.format(kept="true" if refunded else KEPT, end=orders.end_day, by=by))


def repurchase_counts(firsts: pd.DataFrame, *, end_day: int, window_days: int) -> dict[str, int]:
    """Return buyers in the window, those with two orders or on two days, those known before it, and the first day of all."""
    recent = firsts[firsts["recent_orders"] > 0]
    return {
        "buyers": len(recent), "twice": int((recent["recent_orders"] >= 2).sum()),
        "twice_days": int((recent["recent_days"] >= 2).sum()),
        "returning": int((recent["first_day"] <= end_day - window_days).sum()), "earliest": int(firsts["first_day"].min()),
    }  # fmt: skip


def waiting_buyers(firsts: pd.DataFrame, window: tuple[float, float], *, end_day: int) -> int:
    """Return how many buyers with a single order day are inside ``window`` (days since it) at the end of observation."""
    low, high = window
    if low != low:
        return 0
    since = (end_day - firsts["first_day"])[firsts["second_day"] == NONE]
    return int(since.between(int(low), int(high)).sum())
