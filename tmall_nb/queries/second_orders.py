"""How long first buyers took to a second order, and how many have not had one yet: counts, never buyers."""

from __future__ import annotations

import pandas as pd

from tmall_nb.queries.buyer_orders import BuyerOrders
from tmall_nb.queries.cohort_cells import KEPT

__all__ = ["repurchase_counts", "second_order_gaps", "waiting_buyers"]

GAPS = """
WITH orders_of AS (SELECT * FROM buyer_orders),
buyer_days AS (SELECT buyer, day {first} FROM orders_of WHERE {kept} GROUP BY buyer, day),
ranked AS (SELECT buyer, min(day) AS first_day, min(day, 2)[2] AS second_day {arg} FROM buyer_days GROUP BY buyer)
SELECT {name} AS segment, coalesce(second_day, {end}) - first_day AS days, count(second_day) AS events,
       count(*) - count(second_day) AS censored
FROM ranked GROUP BY ALL ORDER BY ALL
"""
WINDOW = """
WITH orders_of AS (SELECT * FROM buyer_orders),
buyers AS (
    SELECT buyer, count(*) FILTER (day > {start}) AS orders, min(day) AS first_day,
           count(DISTINCT day) FILTER (day > {start}) AS days
    FROM orders_of WHERE {kept} GROUP BY buyer)
SELECT count(*) AS buyers, count(*) FILTER (orders >= 2) AS twice, count(*) FILTER (days >= 2) AS twice_days,
       count(*) FILTER (first_day <= {start}) AS returning, min(first_day) AS earliest
FROM buyers WHERE orders > 0
"""

WAITING = """
WITH orders_of AS (SELECT * FROM buyer_orders),
buyers AS (SELECT buyer, min(day) AS first_day, max(day) AS last_day FROM orders_of WHERE {kept} GROUP BY buyer)
SELECT count(*) AS waiting FROM buyers WHERE first_day = last_day AND {end} - first_day BETWEEN {low} AND {high}
"""


def second_order_gaps(orders: BuyerOrders, *, refunded: bool, by: str | None = None) -> pd.DataFrame:
    """Return counts by segment of the first order and days: events (second order after so many days) and censored.

    ``by`` is one of ``orders.first``, an SQL condition on ``first_day`` (``campaign: …``) or None. Orders of one day are one.
    """
    parts = {"first": "", "arg": "", "name": "'all'"}
    if by is not None and by in orders.first:
        parts = {"first": f", any_value({by}) AS part", "arg": ", arg_min(part, day) AS part", "name": "part"}
    elif by is not None:
        parts["name"] = by
    return orders.sql(GAPS.format(kept=KEPT[refunded], end=orders.end_day, **parts))


def repurchase_counts(orders: BuyerOrders, *, refunded: bool, window_days: int) -> pd.Series:
    """Return buyers in the last ``window_days``, those with two orders or more (also: on two days), and those known before."""
    start = orders.end_day - window_days
    return orders.sql(WINDOW.format(start=start, kept=KEPT[refunded])).iloc[0]


def waiting_buyers(orders: BuyerOrders, window: tuple[float, float], *, refunded: bool) -> int:
    """Return how many buyers with a single order day are inside ``window`` (days since it) at the end of observation."""
    low, high = window
    if low != low:
        return 0
    text = WAITING.format(kept=KEPT[refunded], end=orders.end_day, low=int(low), high=int(high))
    return int(orders.sql(text)["waiting"].iloc[0])
