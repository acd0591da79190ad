"""What a price plan needs beside item-days: share kept after refunds, units an order, the platform's lowest prices."""

from __future__ import annotations

import pandas as pd

from tmall_nb.shop import Shop

MATURE_DAYS = 30  # newer orders may still be refunded
KEPT = """
WITH last AS (SELECT max(paid_at) - to_days($mature) AS until FROM orders)
SELECT 1 - coalesce(sum(refund_amount), 0) / nullif(sum(paid_amount), 0) AS kept,
       sum(units) / nullif(count(*) FILTER (units IS NOT NULL), 0) AS units_per_order
FROM orders, last WHERE paid_at <= last.until AND paid_amount > 0
"""
LOWEST = """
SELECT item_id, min(lowest_price) AS floor_yuan FROM (
  SELECT item_id, lowest_price FROM enrolment WHERE end_at >= $since
  UNION ALL SELECT item_id, lowest_price FROM price_stack WHERE end_at >= $since)
WHERE item_id IS NOT NULL AND lowest_price > 0 GROUP BY 1
"""


def order_facts(shop: Shop) -> tuple[float, float]:
    """Return the share of paid money that refunds leave (orders at least 30 days old) and units an order; 1 where unknown."""
    if not shop.has("orders", "paid_amount"):
        return 1.0, 1.0
    row = shop.sql(KEPT, mature=MATURE_DAYS).iloc[0]
    kept = float(row["kept"]) if pd.notna(row["kept"]) else 1.0
    units = float(row["units_per_order"]) if pd.notna(row["units_per_order"]) else 1.0
    return kept, max(units, 1.0)


def lowest_prices(shop: Shop, *, since: pd.Timestamp) -> pd.DataFrame:
    """Return item_id, floor_yuan: the lowest 最低成交价 of 活动报名 and 价格查询 in campaigns ending from ``since`` on."""
    if not (shop.has("enrolment", "lowest_price") or shop.has("price_stack", "lowest_price")):
        return pd.DataFrame({"item_id": pd.Series(dtype=str), "floor_yuan": pd.Series(dtype=float)})
    return shop.sql(LOWEST, since=since)
