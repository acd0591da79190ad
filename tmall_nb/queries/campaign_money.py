"""What a campaign's days cost and who paid: discounts by funder, ads, commission, unit cost, presale, buyers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from tmall_nb.queries.shop_days import ads_once
from tmall_nb.shop import Shop

ORDERS = """
SELECT count(*) AS paid_orders, sum(paid_amount) AS paid_amount, sum(refund_amount) AS refund_amount,
       sum(coupon_tmall) AS coupon_tmall, sum(points_offset) AS points_offset
FROM orders WHERE paid_at >= $start AND paid_at < $stop
"""
TOOLS = """
SELECT tool, sum(discount_amount) AS discount_amount FROM promo_tool_daily
WHERE date >= CAST($start AS DATE) AND date < $stop GROUP BY 1
"""
SUBSIDY = f"""
SELECT sum(platform_subsidy) AS yuan FROM {ads_once("platform_subsidy")} WHERE date >= CAST($start AS DATE) AND date < $stop
"""
LINES = """
WITH own AS (SELECT item_id, min(activity_price) AS activity_price FROM {offers} GROUP BY 1)
SELECT i.item_id, sum(i.units) AS units, sum(i.list_price * i.units) AS list_amount,
       sum(coalesce(i.goods_payable, i.paid_amount)) AS payable,
       sum(greatest(least(coalesce(own.activity_price, i.list_price), i.list_price) * i.units,
                    coalesce(i.goods_payable, i.paid_amount))) AS activity_amount,
       any_value(own.activity_price) AS activity_price
FROM order_items i LEFT JOIN orders o USING (order_id) LEFT JOIN own USING (item_id)
WHERE coalesce(i.paid_at, o.paid_at) >= $start AND coalesce(i.paid_at, o.paid_at) < $stop GROUP BY 1
"""
USUAL = """
SELECT i.item_id, sum(coalesce(i.goods_payable, i.paid_amount)) / sum(i.units) AS price
FROM order_items i LEFT JOIN orders o USING (order_id)
WHERE CAST(coalesce(i.paid_at, o.paid_at) AS DATE) IN (SELECT CAST(unnest($days) AS DATE)) AND i.units > 0 GROUP BY 1
"""
PLATFORM = """
SELECT sum(coalesce(coupon_tmall, 0) + coalesce(points_offset, 0)) AS coupons,
       sum(settled_amount - net_amount) FILTER (confirmed_at IS NOT NULL AND settled_amount > net_amount) AS settled
FROM orders WHERE CAST(paid_at AS DATE) IN (SELECT CAST(unnest($days) AS DATE))
"""
ENROLLED_OFFERS = "(SELECT item_id, activity_price FROM enrolment WHERE campaign = $campaign)"
STACK_OFFERS = "(SELECT item_id, activity_price FROM price_stack WHERE campaign = $campaign OR campaign IS NULL)"
NO_OFFERS = "(SELECT NULL::VARCHAR AS item_id, NULL::DOUBLE AS activity_price WHERE $campaign IS NULL)"
STACK = """
SELECT item_id, coalesce(promotion_level, '') AS level, tool, avg(discount_amount) AS discount_amount
FROM price_stack WHERE discount_amount > 0 AND (start_at IS NULL OR start_at < $stop) AND (end_at IS NULL OR end_at >= $start)
GROUP BY 1, 2, 3
"""
SETTLED = """
SELECT sum(settled_amount - net_amount) AS yuan, count(*) AS orders FROM orders
WHERE paid_at >= $start AND paid_at < $stop AND confirmed_at IS NOT NULL AND settled_amount > net_amount
"""
PRESALE = """
SELECT CASE WHEN paid_at IS NULL THEN 'deposit_only' ELSE 'balance_paid' END AS stage, count(*) AS orders,
       sum(order_total) AS amount, min(created_at) AS first_deposit, max(created_at) AS last_deposit,
       min(paid_at) AS first_balance, max(paid_at) AS last_balance,
       median(date_diff('hour', created_at, paid_at)) / 24.0 AS days_between
FROM orders WHERE {presale}
  AND ((paid_at >= $start AND paid_at < $stop) OR (paid_at IS NULL AND created_at >= $lead AND created_at < $stop))
GROUP BY 1 ORDER BY 1
"""
AD_PRESALE = f"""
SELECT sum(presale_orders) AS orders, sum(presale_sales) AS amount FROM {ads_once("presale_sales")}
WHERE date >= CAST($lead AS DATE) AND date < $stop
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
ordinary AS (SELECT * FROM members WHERE in_campaign
             OR NOT EXISTS (SELECT 1 FROM {spans} s WHERE first_paid >= s.a AND first_paid < s.b)),
later AS (SELECT m.buyer_key, m.in_campaign, CAST(coalesce(sum(o.net_amount), 0) AS DOUBLE) AS amount,
                 count(o.order_id) AS orders
          FROM ordinary m LEFT JOIN orders o ON o.buyer_key = m.buyer_key AND o.paid_at > m.first_paid
               AND o.paid_at <= m.first_paid + to_days($age) GROUP BY 1, 2)
SELECT in_campaign, count(*) AS buyers, count(*) FILTER (orders > 0) AS again, sum(amount) AS total,
       sum(amount ** 2) AS squares, sum(amount ** 3) AS cubes FROM later GROUP BY 1 ORDER BY 1
"""


def order_totals(shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp) -> pd.Series:
    """Sums over orders paid from ``start`` to before ``stop``; nan where no order report."""
    columns = "paid_orders paid_amount refund_amount coupon_tmall points_offset".split()
    if not shop.has("orders"):
        return pd.Series(float("nan"), index=columns)
    return shop.sql(ORDERS, start=start, stop=stop).iloc[0].astype("float64")


def tool_discounts(shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp) -> pd.DataFrame:
    """Return tool, discount_amount: what the shop's own coupons and cuts cost, from 营销工具."""
    if not shop.has("promo_tool_daily", "discount_amount"):
        return pd.DataFrame(columns=["tool", "discount_amount"])
    return shop.sql(TOOLS, start=start, stop=stop)


def ad_subsidy(shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp) -> float:
    """Platform subsidy reported by 万相台 (yuan), nan where no report of these days holds it."""
    if not shop.has("ads", "platform_subsidy"):
        return float("nan")
    return float(shop.sql(SUBSIDY, start=start, stop=stop)["yuan"].iloc[0])


def line_totals(
    shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp, campaign: str | None = None
) -> tuple[pd.DataFrame, str]:
    """Lines paid from ``start`` to before ``stop`` and the report that names the activity prices ('' where none does).

    Returns
    -------
    item_id, units, list_amount, activity_amount (at the activity price, else the list price), payable, activity_price
    """
    columns = ["item_id", "units", "list_amount", "activity_amount", "payable", "activity_price"]
    if not shop.has("order_items"):
        return pd.DataFrame(columns=columns), ""
    offers, source = NO_OFFERS, ""
    if shop.has("enrolment", "activity_price"):
        offers, source = ENROLLED_OFFERS, "enrolment"
    elif shop.has("price_stack", "activity_price"):
        offers, source = STACK_OFFERS, "price_stack"
    return shop.sql(LINES.format(offers=offers), start=start, stop=stop, campaign=campaign)[columns], source


def usual_prices(shop: Shop, *, days: Sequence[pd.Timestamp]) -> pd.Series:
    """Return yuan paid a unit by item_id, over the lines paid on these days."""
    return shop.sql(USUAL, days=_iso(days)).set_index("item_id")["price"]


def platform_money(shop: Shop, *, days: Sequence[pd.Timestamp]) -> float:
    """Yuan the platform paid the merchant on top of what buyers paid, for orders of these days; nan where none can be read.

    天猫卡券抵扣 and 集分宝 where the order report holds them, else 打款商家金额 beyond what buyers paid.
    """
    if not shop.has("orders", "coupon_tmall") and not shop.has("orders", "settled_amount"):
        return float("nan")
    row = shop.sql(PLATFORM, days=_iso(days)).iloc[0]
    return float(row["coupons"] if shop.has("orders", "coupon_tmall") else row["settled"])


def _iso(days: Sequence[pd.Timestamp]) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in days]


def stack_rules(shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp) -> pd.DataFrame:
    """Return item_id, level, tool, discount_amount (yuan a unit) of the offers that 价格查询 lists for these days."""
    if not shop.has("price_stack", "discount_amount"):
        return pd.DataFrame(columns=["item_id", "level", "tool", "discount_amount"])
    return shop.sql(STACK, start=start, stop=stop)


def settled_above_paid(shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp) -> tuple[float, int]:
    """Yuan by which 打款商家金额 exceeds what buyers paid, and in how many confirmed orders; nan without that column."""
    if not shop.has("orders", "settled_amount"):
        return float("nan"), 0
    row = shop.sql(SETTLED, start=start, stop=stop).iloc[0]
    return float(row["yuan"]) if row["orders"] else 0.0, int(row["orders"])


def presale_orders(shop: Shop, *, lead: pd.Timestamp, start: pd.Timestamp, stop: pd.Timestamp) -> pd.DataFrame:
    """Presale orders by stage: balance paid from ``start`` to before ``stop``; deposit paid since ``lead``, balance not."""
    tests = [f"({c})" for t, c in (("is_presale", "is_presale"), ("stage_info", "stage_info <> ''")) if shop.has("orders", t)]
    if not tests:
        return pd.DataFrame(columns="stage orders amount first_deposit last_deposit first_balance last_balance".split())
    return shop.sql(PRESALE.format(presale=f"({' OR '.join(tests)})"), lead=lead, start=start, stop=stop)


def ad_presale(shop: Shop, *, lead: pd.Timestamp, stop: pd.Timestamp) -> pd.Series | None:
    """Orders and yuan that 万相台 books as presale, outside 总成交金额; None where the report lacks them."""
    if not shop.has("ads", "presale_sales"):
        return None
    return shop.sql(AD_PRESALE, lead=lead, stop=stop).iloc[0]


def buyer_kinds(shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp) -> pd.DataFrame:
    """Return kind (new: first order inside the data), buyers, paid_orders, paid_amount; empty where buyers are masked."""
    if not shop.has("orders", "buyer_key"):
        return pd.DataFrame(columns=["kind", "buyers", "paid_orders", "paid_amount"])
    return shop.sql(BUYERS, start=start, stop=stop)


def later_value(
    shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp, spans: list[tuple[pd.Timestamp, pd.Timestamp]],
    earliest: pd.Timestamp, until: pd.Timestamp, age: int,
) -> pd.DataFrame:  # fmt: skip
    """First buyers of the campaign and of days outside ``spans`` (other campaigns), at the same age.

    Returns
    -------
    in_campaign, buyers, again, and sum, sum of squares and of cubes of what each paid net after the first order
    """
    if not shop.has("orders", "buyer_key"):
        return pd.DataFrame(columns=["in_campaign", "buyers", "again", "total", "squares", "cubes"])
    rows = ", ".join(f"(TIMESTAMP '{a}', TIMESTAMP '{b}')" for a, b in spans or [(stop, stop)])
    text = LATER.format(spans=f"(SELECT * FROM (VALUES {rows}) v(a, b))")
    return shop.sql(text, start=start, stop=stop, earliest=earliest, until=until, age=age)
