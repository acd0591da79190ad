"""One row per day of the campaign's items, of every other item, and of the shop: the series a post-mortem compares."""

from __future__ import annotations

import pandas as pd

from tmall_nb.shop import Shop

ENROLLED = """
SELECT DISTINCT item_id FROM enrolment WHERE campaign = $campaign AND item_id IS NOT NULL
UNION
SELECT DISTINCT i.item_id FROM campaign_item i JOIN campaign_summary s USING (campaign_id)
WHERE s.campaign = $campaign AND i.item_id IS NOT NULL AND coalesce(i.is_campaign_item, true)
"""
ITEM_DAYS = """
SELECT item_id, CAST(date AS DATE) AS date, sum(paid_amount) AS paid_amount, sum(paid_units) AS paid_units,
       sum(visitors) AS visitors, any_value(item_title) AS item_title
FROM product_daily WHERE item_id IS NOT NULL GROUP BY 1, 2
"""
LINE_DAYS = """
SELECT i.item_id, CAST(coalesce(i.paid_at, o.paid_at) AS DATE) AS date,
       sum(coalesce(i.paid_amount, i.goods_payable)) AS paid_amount, sum(i.units) AS paid_units,
       CAST(NULL AS DOUBLE) AS visitors, any_value(i.item_title) AS item_title
FROM order_items i LEFT JOIN orders o USING (order_id)
WHERE coalesce(i.paid_at, o.paid_at) IS NOT NULL AND i.item_id IS NOT NULL GROUP BY 1, 2
"""


def enrolled_items(shop: Shop, *, campaign: str) -> list[str]:
    """Return ids of the items that took part, from 活动报名 and 活动商品; empty where neither names any."""
    if not (shop.has("enrolment") or shop.has("campaign_item")):
        return []
    return sorted(shop.sql(ENROLLED, campaign=campaign)["item_id"])


def item_sales(shop: Shop) -> pd.DataFrame:
    """Return item_id, date, paid_amount, paid_units, visitors, item_title; 商品排行, else order lines, else empty."""
    if shop.has("product_daily"):
        frame = shop.sql(ITEM_DAYS)
    elif shop.has("order_items", "item_id"):
        frame = shop.sql(LINE_DAYS)
    else:
        return pd.DataFrame(columns=["item_id", "date", "paid_amount", "paid_units", "visitors", "item_title"])
    return frame.assign(date=pd.to_datetime(frame["date"]))
