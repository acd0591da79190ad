"""One row per business day of a shop, from whichever daily tables exist."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.errors import NotEnoughData
from tmall_nb.shop import Shop

FROM_SHOP = "visitors page_views buyers paid_orders paid_units paid_amount new_buyers returning_buyers".split()
FROM_ORDERS = "paid_orders buyers paid_units paid_amount net_amount refund_amount".split()
SPEND_COLUMNS = "spend_keyword spend_audience spend_smart spend_shopwide cps_commission".split()
AD_LEVELS = ("plan", "item", "keyword", "audience", "creative", "region")  # one spend is listed once per level: use one level

ORDERS = """
SELECT CAST(paid_at AS DATE) AS date, count(*) AS paid_orders, count(DISTINCT buyer_key) AS buyers,
       sum(units) AS paid_units, sum(paid_amount) AS paid_amount, sum(net_amount) AS net_amount,
       sum(refund_amount) AS refund_amount
FROM orders WHERE paid_at IS NOT NULL GROUP BY 1 ORDER BY 1
"""
LAST_ORDER_DAY = "SELECT max(CAST(created_at AS DATE)) AS last FROM orders"
PRODUCTS = """
SELECT date, sum(paid_units) AS paid_units, sum(paid_amount) AS paid_amount, sum(refund_amount) AS refund_finished
FROM product_daily GROUP BY 1 ORDER BY 1
"""
ADS_ONCE = """(
WITH named AS (
  SELECT *, coalesce(nullif(trim(scene), ''), scene_id) AS product, list_position({levels}, level) AS rank
  FROM ads WHERE {known}),
ranked AS (
  SELECT *, min(rank) OVER (PARTITION BY product, date) AS first, bool_or(product IS NOT NULL) OVER (PARTITION BY date) AS told
  FROM named)
SELECT * EXCLUDE (rank, first, told) FROM ranked WHERE rank = first AND (product IS NOT NULL OR NOT told))"""


def ads_once(known: str = "spend") -> str:
    """SQL of ad rows in which each yuan stands once, with ``product``, to put behind FROM.

    Of each ad product and day the first level that reports the column ``known``; rows that name no product only on days
    on which none does.
    """
    return ADS_ONCE.format(levels=list(AD_LEVELS), known=f"{known} IS NOT NULL")


def shop_days(shop: Shop) -> pd.DataFrame:
    """Return one row per day from the first to the last day seen, without gaps.

    Returns
    -------
    date and, where a table has them: visitors, page_views, buyers, paid_orders, paid_units, paid_amount (gross), new_buyers,
    returning_buyers, net_amount and refund_amount (of the orders *paid* that day), refund_finished (refunds *finished* that
    day), spend (all ad channels). Daily figures of the shop report win over sums of orders, orders over sums of items.
    ``complete`` is False after the last day on which orders were created: payments there belong to an unfinished day.
    A day without orders between the first and last order day is 0, not missing; a day outside a report's span is missing.

    Raises
    ------
    NotEnoughData : neither shop_daily, orders nor product_daily is there
    """
    found = (_shop_report(shop), _orders(shop), _products(shop))
    parts: list[pd.DataFrame] = [p for p in found if p is not None]
    if not parts:
        raise NotEnoughData(
            f"{shop.shop_id}: no daily figures. Download 订单报表 (千牛 → 交易 → 已卖出的宝贝) or 店铺概况 (生意参谋 → 取数)"
        )
    days = parts[0]
    for part in parts[1:]:
        days = days.combine_first(part)
    for name in ("paid_amount", "net_amount", "refund_amount", "spend", "visitors", "buyers", "paid_orders", "paid_units"):
        days[name] = days.get(name, np.nan)
    spend = _ad_spend(shop)
    if spend is not None:
        days["spend"] = days["spend"].combine_first(spend.reindex(days.index))
    days = days.sort_index()
    days["complete"] = days.index <= _last_complete(shop, days.index)
    return days.rename_axis("date").reset_index()


def _shop_report(shop: Shop) -> pd.DataFrame | None:
    if not shop.has("shop_daily"):
        return None
    frame = shop.table("shop_daily")
    frame = frame.assign(date=pd.to_datetime(frame["date"])).set_index("date").sort_index()
    days = frame.reindex(columns=FROM_SHOP).astype("float64")
    days["refund_finished"] = frame["refund_amount"].astype("float64") if "refund_amount" in frame else np.nan
    parts = frame.reindex(columns=SPEND_COLUMNS).astype("float64")
    days["spend"] = parts.sum(axis=1, min_count=1)
    return days.reindex(pd.date_range(days.index[0], days.index[-1]))


def _orders(shop: Shop) -> pd.DataFrame | None:
    if not shop.has("orders"):
        return None
    days = shop.sql(ORDERS)
    if days.empty:
        return None
    days = days.assign(date=pd.to_datetime(days["date"])).set_index("date").astype("float64")
    unknown = [c for c in FROM_ORDERS if not days[c].any()]
    days = days.reindex(pd.date_range(days.index[0], days.index[-1]), fill_value=0.0)
    days[unknown] = np.nan
    return days


def _products(shop: Shop) -> pd.DataFrame | None:
    if not shop.has("product_daily"):
        return None
    days = shop.sql(PRODUCTS)
    days = days.assign(date=pd.to_datetime(days["date"])).set_index("date").astype("float64")
    return days.reindex(pd.date_range(days.index[0], days.index[-1]))


def _ad_spend(shop: Shop) -> pd.Series | None:
    if not shop.has("ads"):
        return None
    days = shop.sql(f"SELECT date, sum(spend) AS spend FROM {ads_once()} GROUP BY 1 ORDER BY 1")
    return days.assign(date=pd.to_datetime(days["date"])).set_index("date")["spend"].astype("float64")


def _last_complete(shop: Shop, index: pd.Index) -> pd.Timestamp:
    if shop.has("shop_daily") or not shop.has("orders"):
        return index[-1]
    return pd.Timestamp(shop.sql(LAST_ORDER_DAY)["last"].iloc[0])
