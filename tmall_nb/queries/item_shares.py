"""How much of the shop's paid amount each item carries."""

from __future__ import annotations

import pandas as pd

from tmall_nb.shop import Shop

FROM_PRODUCTS = """
SELECT item_id, any_value(item_title) AS item_title, sum(paid_amount) AS paid_amount, sum(paid_units) AS paid_units
FROM product_daily WHERE date >= $start AND date <= $end GROUP BY 1 ORDER BY paid_amount DESC, item_id
"""
FROM_ITEMS = """
SELECT coalesce(i.item_id, i.sku_code, i.item_title) AS item_id, any_value(i.item_title) AS item_title,
       sum(coalesce(i.paid_amount, i.goods_payable)) AS paid_amount, sum(i.units) AS paid_units
FROM order_items i JOIN orders o USING (order_id)
WHERE o.paid_at >= $start AND o.paid_at < $stop GROUP BY 1 ORDER BY paid_amount DESC, item_id
"""


def item_shares(shop: Shop, *, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """Return one row per item sold from ``start`` to ``end``: item_id, item_title, paid_amount, paid_units, share,
    cumulative_share (largest first); empty where neither product_daily nor order_items is there."""
    if shop.has("product_daily"):
        items = shop.sql(FROM_PRODUCTS, start=start, end=end)
    elif shop.has("order_items") and shop.has("orders"):
        items = shop.sql(FROM_ITEMS, start=start, stop=end + pd.Timedelta(days=1))
    else:
        columns = ["item_id", "item_title", "paid_amount", "paid_units", "share", "cumulative_share"]
        return pd.DataFrame(columns=columns)
    items = items[items["paid_amount"] > 0].reset_index(drop=True)
    items["share"] = items["paid_amount"] / items["paid_amount"].sum()
    items["cumulative_share"] = items["share"].cumsum()
    return items
