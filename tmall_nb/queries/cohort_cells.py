"""Cohort triangles: buyers and net revenue of each cohort at each age."""

from __future__ import annotations

import pandas as pd

from tmall_nb.queries.buyer_orders import BuyerOrders

__all__ = ["calendar_cells", "age_cells", "cohort_sizes"]

# one row per buyer and month first: what follows reads a fraction of the rows
BY_MONTH = """
WITH orders_of AS (SELECT * FROM buyer_orders {part}),
buyer_months AS (SELECT buyer, month, sum(net) AS net, bool_or({kept}) AS kept FROM orders_of GROUP BY ALL),
firsts AS (SELECT buyer, min(month) AS cohort FROM buyer_months WHERE kept GROUP BY ALL)
SELECT cohort, CAST(month - cohort AS INTEGER) AS age, count(*) FILTER (kept) AS active,
       sum(CAST(net AS HUGEINT))::BIGINT AS cents,
       sum(net / 100.0::DOUBLE * net / 100.0) AS squares, sum(power(net / 100.0::DOUBLE, 3)) AS cubes
FROM buyer_months JOIN firsts USING (buyer) WHERE month >= cohort GROUP BY ALL ORDER BY cohort, age
"""
BY_AGE = """
WITH orders_of AS (SELECT * FROM buyer_orders {part}),
buyer_days AS (
    SELECT buyer, day, min(month) AS month, sum(net) AS net, bool_or({kept}) AS kept FROM orders_of GROUP BY buyer, day),
firsts AS (SELECT buyer, min(day) AS first_day, min(month) AS cohort FROM buyer_days WHERE kept GROUP BY ALL),
buyer_ages AS (
    SELECT buyer, cohort, CAST((day - first_day) // 30 AS INTEGER) AS age, sum(net) AS net, bool_or(kept) AS kept
    FROM buyer_days JOIN firsts USING (buyer) WHERE day >= first_day GROUP BY ALL)
SELECT cohort, age, count(*) FILTER (kept) AS active,
       sum(CAST(net AS HUGEINT))::BIGINT AS cents,
       sum(net / 100.0::DOUBLE * net / 100.0) AS squares, sum(power(net / 100.0::DOUBLE, 3)) AS cubes
FROM buyer_ages GROUP BY ALL ORDER BY cohort, age
"""
SIZES = """
WITH orders_of AS (SELECT * FROM buyer_orders {part}),
firsts AS (SELECT buyer, min(month) AS cohort FROM orders_of WHERE {kept} GROUP BY ALL)
SELECT cohort, count(*) AS cohort_size FROM firsts GROUP BY ALL ORDER BY cohort
"""
KEPT = {True: "true", False: "net > 0 OR gross = 0"}  # does an order count? refunded ones: in, out


def calendar_cells(orders: BuyerOrders, *, refunded: bool) -> pd.DataFrame:
    """Return one row per cohort (month number) and age in calendar months.

    Columns: active (buyers), cents (net sales, refunds taken off), and the sums of squares and cubes of buyers' yuan. Wholly
    refunded orders make nobody active where ``refunded`` is False.
    """
    return _in_parts(orders, BY_MONTH, refunded, ["cohort", "age"])


def age_cells(orders: BuyerOrders, *, refunded: bool) -> pd.DataFrame:
    """Return the same by cohort month and age in 30 days since each buyer's own first order."""
    return _in_parts(orders, BY_AGE, refunded, ["cohort", "age"])


def cohort_sizes(orders: BuyerOrders, *, refunded: bool) -> pd.DataFrame:
    """Return one row per cohort: cohort (month number), cohort_size."""
    return _in_parts(orders, SIZES, refunded, ["cohort"])


def _in_parts(orders: BuyerOrders, text: str, refunded: bool, by: list[str]) -> pd.DataFrame:
    """Run a query whose rows add up over buyers, some buyers at a time."""
    count = orders.parts
    if count == 1:
        return orders.sql(text.format(kept=KEPT[refunded], part=""))
    parts = [f"WHERE (buyer % {count} + {count}) % {count} = {k}" for k in range(count)]
    frames = [orders.sql(text.format(kept=KEPT[refunded], part=part)) for part in parts]
    return pd.concat(frames, ignore_index=True).groupby(by, as_index=False).sum()
