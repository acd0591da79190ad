"""What a campaign's days cost and who paid: discounts by funder, ads, commission, unit cost, presale, buyers."""

from __future__ import annotations

import pandas as pd

from tmall_nb.shop import Shop

ORDERS = """
SELECT count(*) AS paid_orders, sum(paid_amount) AS paid_amount, sum(refund_amount) AS refund_amount,
       sum(coupon_tmall) AS coupon_tmall, sum(points_offset) AS points_offset,
       count(*) FILTER (is_presale) AS presale_orders, sum(paid_amount) FILTER (is_presale) AS presale_amount
FROM orders WHERE paid_at >= $start AND paid_at < $stop
"""
TOOLS = """
SELECT tool, sum(discount_amount) AS discount_amount FROM promo_tool_daily WHERE date >= $start AND date < $stop GROUP BY 1
"""
SUBSIDY = "SELECT sum(platform_subsidy) AS yuan FROM ads WHERE level = $level AND date >= $start AND date < $stop"
LINES = """
SELECT i.item_id, sum(i.units) AS units, sum(i.list_price * i.units) AS list_amount,
       sum(coalesce(i.goods_payable, i.paid_amount)) AS payable
FROM order_items i LEFT JOIN orders o USING (order_id)
WHERE coalesce(i.paid_at, o.paid_at) >= $start AND coalesce(i.paid_at, o.paid_at) < $stop GROUP BY 1
"""
BUYERS = """
WITH firsts AS (SELECT buyer_key, min(paid_at) AS first_paid FROM orders
                WHERE buyer_key IS NOT NULL AND paid_at IS NOT NULL GROUP BY 1)
SELECT CASE WHEN f.first_paid >= $start THEN 'new' ELSE 'returning' END AS kind, count(DISTINCT o.buyer_key) AS buyers,
       count(*) AS paid_orders, sum(o.paid_amount) AS paid_amount
FROM orders o JOIN firsts f USING (buyer_key) WHERE o.paid_at >= $start AND o.paid_at < $stop GROUP BY 1 ORDER BY 1
"""
LATER = """
WITH firsts AS (SELECT buyer_key, min(paid_at) AS first_paid FROM orders
                WHERE buyer_key IS NOT NULL AND paid_at IS NOT NULL GROUP BY 1),
members AS (SELECT buyer_key, first_paid, first_paid >= $start AND first_paid < $stop AS in_campaign FROM firsts
            WHERE first_paid >= $earliest AND first_paid + to_days($age) <= $until),
later AS (SELECT m.buyer_key, m.in_campaign, coalesce(sum(o.net_amount), 0) AS amount, count(o.order_id) AS orders
          FROM members m LEFT JOIN orders o ON o.buyer_key = m.buyer_key AND o.paid_at > m.first_paid
               AND o.paid_at <= m.first_paid + to_days($age) GROUP BY 1, 2)
SELECT in_campaign, count(*) AS buyers, count(*) FILTER (orders > 0) AS again, avg(amount) AS later_yuan,
       stddev_samp(amount) AS later_sd FROM later GROUP BY 1 ORDER BY 1
"""


def order_totals(shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp) -> pd.Series:
    """Sums over orders paid from ``start`` to before ``stop``; nan where no order report."""
    columns = "paid_orders paid_amount refund_amount coupon_tmall points_offset presale_orders presale_amount".split()
    if not shop.has("orders"):
        return pd.Series(float("nan"), index=columns)
    return shop.sql(ORDERS, start=start, stop=stop).iloc[0].astype("float64")


def tool_discounts(shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp) -> pd.DataFrame:
    """Return tool, discount_amount: what the shop's own coupons and cuts cost, from 营销工具."""
    if not shop.has("promo_tool_daily", "discount_amount"):
        return pd.DataFrame(columns=["tool", "discount_amount"])
    return shop.sql(TOOLS, start=start, stop=stop)


def ad_subsidy(shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp) -> float:
    """Platform subsidy reported by 万相台, nan where the column is not there."""
    if not shop.has("ads", "platform_subsidy"):
        return float("nan")
    level = "plan" if "plan" in set(shop.sql("SELECT DISTINCT level FROM ads")["level"]) else "item"
    return float(shop.sql(SUBSIDY, level=level, start=start, stop=stop)["yuan"].fillna(0).iloc[0])


def line_totals(shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp) -> pd.DataFrame:
    """Return item_id, units, list_amount, payable of the lines paid from ``start`` to before ``stop``."""
    if not shop.has("order_items"):
        return pd.DataFrame(columns=["item_id", "units", "list_amount", "payable"])
    return shop.sql(LINES, start=start, stop=stop)


def buyer_kinds(shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp) -> pd.DataFrame:
    """Return kind (new: first order inside the data), buyers, paid_orders, paid_amount; empty where buyers are masked."""
    if not shop.has("orders", "buyer_key"):
        return pd.DataFrame(columns=["kind", "buyers", "paid_orders", "paid_amount"])
    return shop.sql(BUYERS, start=start, stop=stop)


def later_value(
    shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp, earliest: pd.Timestamp, until: pd.Timestamp, age: int
) -> pd.DataFrame:
    """First buyers of the campaign and of other days, at the same age: in_campaign, buyers, again, later_yuan, later_sd."""
    if not shop.has("orders", "buyer_key"):
        return pd.DataFrame(columns=["in_campaign", "buyers", "again", "later_yuan", "later_sd"])
    return shop.sql(LATER, start=start, stop=stop, earliest=earliest, until=until, age=age)
