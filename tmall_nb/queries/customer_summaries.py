"""One row per buyer: what buying models and RFM need."""

from __future__ import annotations

import pandas as pd

from tmall_nb.queries.buyer_orders import BuyerOrders

__all__ = ["customer_summaries", "orders_between"]

# Wholly refunded orders are no purchases; a buyer who has nothing else keeps the first one, with a value of 0.
SUMMARY = """
WITH orders_of AS (SELECT * FROM buyer_orders),
buyer_days AS (
    SELECT buyer, day, sum(net) AS net, bool_or((net > 0) OR (gross = 0)) AS kept {first}
    FROM orders_of GROUP BY buyer, day)
SELECT buyer, coalesce(min(day) FILTER (kept), min(day)) AS first_day, coalesce(max(day) FILTER (kept), min(day)) AS last_day,
       greatest(count(*) FILTER (kept), 1) AS days,
       CASE WHEN bool_or(kept) THEN count(*) FILTER (kept AND day <= {cut}) ELSE CAST(min(day) <= {cut} AS INTEGER) END
       AS days_before,
       coalesce(max(day) FILTER (kept AND day <= {cut}), min(day)) AS last_before,
       sum(net)::BIGINT AS cents, coalesce(sum(net) FILTER (day > {recent}), 0)::BIGINT AS recent_cents,
       coalesce(sum(net) FILTER (day > {cut}), 0)::BIGINT AS later_cents {arg}
FROM buyer_days GROUP BY buyer ORDER BY buyer
"""
BETWEEN = """
WITH orders_of AS (SELECT * FROM buyer_orders)
SELECT buyer, count(DISTINCT day) AS orders, sum(net)::BIGINT AS cents, sum(net) FILTER (net > 0)::BIGINT AS positive
FROM orders_of WHERE day BETWEEN {start} AND {stop} AND (net > 0 OR gross = 0) GROUP BY buyer ORDER BY buyer
"""


def customer_summaries(orders: BuyerOrders, *, cut: int, recent: int, by: str | None = None) -> pd.DataFrame:
    """Return one row per buyer.

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
    first, arg = (f", any_value({by}) AS part", ", arg_min(part, day) AS source") if by else ("", "")
    return orders.sql(SUMMARY.format(cut=cut, recent=recent, first=first, arg=arg))


def orders_between(orders: BuyerOrders, *, start: int, stop: int) -> pd.DataFrame:
    """Return buyers with an order from ``start`` to ``stop`` (days, both included): buyer, orders (days), cents (net)."""
    return orders.sql(BETWEEN.format(start=start, stop=stop))
