"""Order lines as a ladder of prices: list → price tag of the day → payable → paid → received, and carts by size.

The tag of an item-day is the highest unit price anybody paid for it that day (a line in a cart without order-level discounts
shows it), at least the activity price of 活动报名 or 价格查询, and at least what its cart implies: an order-level discount is
apportioned to lines by amount, so the share kept of one line whose tag is known is the share kept of the others. What a cart
paid less than its tags is its order-level discount. Sums are exact (DECIMAL); only the line between tag and order-level
discount is inferred.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from tmall_nb.shop import Shop

LADDER = """
WITH chosen AS (
  SELECT order_id, CAST(paid_at AS DATE) AS day, paid_amount, coalesce(postage, 0) AS postage,
         coalesce(coupon_tmall, 0) AS coupon_tmall, coalesce(points_offset, 0) AS points_offset,
         coalesce(refund_amount, 0) AS refund_amount, settled_amount
  FROM orders WHERE paid_at >= $start AND paid_at < $stop AND paid_amount > 0
),
raw AS (
  SELECT i.order_id, o.day, coalesce(i.item_id, i.sku_code, i.item_title) AS item, i.units, i.list_price,
         coalesce(i.goods_payable, i.paid_amount) AS payable
  FROM order_items i JOIN chosen o USING (order_id)
),
usable AS (SELECT order_id FROM raw GROUP BY 1
           HAVING bool_and(coalesce(units > 0 AND payable IS NOT NULL AND list_price IS NOT NULL, false))),
stack AS (
  SELECT item_id AS item, sku_id, CAST(start_at AS DATE) AS first_day, CAST(end_at AS DATE) AS last_day,
         min(activity_price) AS activity_price,
         coalesce(sum(discount_amount) FILTER (promotion_level LIKE '%单品%'), 0) AS item_off
  FROM price_stack WHERE activity_price > 0 AND start_at IS NOT NULL AND end_at IS NOT NULL GROUP BY 1, 2, 3, 4, campaign_id
),
stated AS (
  SELECT item_id AS item, CAST(start_at AS DATE) AS first_day, CAST(end_at AS DATE) AS last_day, activity_price, 0 AS item_off
  FROM enrolment WHERE activity_price > 0 AND start_at IS NOT NULL AND end_at IS NOT NULL
  UNION ALL SELECT item, first_day, last_day, activity_price - item_off, item_off FROM stack
),
item_days AS (SELECT DISTINCT item, day FROM raw),
prices AS (
  SELECT d.item, d.day, max(CAST(s.activity_price AS DOUBLE)) AS activity, max(s.item_off) AS item_off FROM item_days d
  JOIN stated s ON d.item = s.item AND d.day BETWEEN s.first_day AND s.last_day GROUP BY 1, 2
),
seen AS (
  SELECT r.*, CAST(r.list_price * r.units AS DECIMAL(18,2)) AS list_amount,
         CAST(r.payable AS DOUBLE) / r.units AS unit_price, coalesce(p.item_off, 0) AS item_off,
         greatest(max(CAST(r.payable AS DOUBLE) / r.units) OVER (PARTITION BY r.item, r.day),
                  least(coalesce(p.activity, 0), CAST(r.list_price AS DOUBLE))) AS highest
  FROM raw r JOIN usable USING (order_id) LEFT JOIN prices p USING (item, day)
),
shared AS (
  SELECT *, min(unit_price / highest) OVER (PARTITION BY order_id) AS kept FROM seen WHERE highest > 0
),
lines AS (
  SELECT *, max(CASE WHEN kept < 1 AND unit_price / kept > 1.005 * highest
                     THEN least(round(unit_price / kept, 1), CAST(list_price AS DOUBLE)) ELSE 0 END)
            OVER (PARTITION BY item, day) AS implied
  FROM shared
),
tagged AS (
  SELECT *, greatest(CAST(round(greatest(highest, implied) * units, 2) AS DECIMAL(18,2)), payable) AS tag_amount FROM lines
),
carts AS (
  SELECT t.order_id, any_value(t.day) AS day, sum(list_amount) AS list_amount, sum(tag_amount) AS tag_amount,
         sum(payable) AS payable, sum(tag_amount) - sum(payable) AS off,
         sum(least(CAST(item_off * units AS DECIMAL(18,2)), greatest(list_amount - tag_amount, 0))) AS item_coupon
  FROM tagged t GROUP BY 1
),
ladder AS (SELECT c.*, o.paid_amount, o.postage, o.coupon_tmall, o.points_offset, o.refund_amount, o.settled_amount
           FROM carts c JOIN chosen o USING (order_id))
"""
OFFS = (
    LADDER
    + """
SELECT CAST(off AS DOUBLE) AS off, count(*) AS orders, quantile_cont(CAST(tag_amount AS DOUBLE), 0.02) AS cart_low,
       min(CAST(tag_amount AS DOUBLE)) AS cart_least FROM ladder WHERE off > 0 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 40
"""
)
UPTAKE = (
    LADDER
    + """
SELECT day, count(*) AS eligible, count(*) FILTER (off >= $off - 0.15) AS used,
       count(*) FILTER (abs(off - $off) <= 0.15) AS plain
FROM ladder WHERE tag_amount >= $cart AND tag_amount < $cart_stop GROUP BY 1 ORDER BY 1
"""
)
SUMS = """
SELECT {by} AS period, count(*) AS orders, sum(list_amount) AS list_amount, sum(tag_amount) AS tag_amount,
       sum(CAST(CASE {cart} ELSE 0 END AS DECIMAL(18,2))) AS cart_discount,
       sum(CASE WHEN {coupon} THEN off - CAST(CASE {cart} ELSE 0 END AS DECIMAL(18,2)) ELSE 0 END) AS shop_coupon,
       sum(off) AS order_discount, sum(payable) AS payable, sum(postage) AS postage, sum(paid_amount) AS paid_amount,
       sum(coupon_tmall) AS coupon_tmall, sum(points_offset) AS points_offset, sum(refund_amount) AS refund_amount,
       sum(coalesce(settled_amount, 0)) AS settled_amount,
       sum(paid_amount - refund_amount) FILTER (coalesce(settled_amount, 0) = 0) AS unsettled,
       sum(coupon_tmall + points_offset) FILTER (coalesce(settled_amount, 0) = 0) AS unsettled_platform,
       count(*) FILTER (coalesce(settled_amount, 0) > 0) AS settled_orders, count(*) FILTER (off > 0) AS off_orders,
       count(*) FILTER (coupon_tmall + points_offset > 0) AS platform_orders,
       count(*) FILTER (refund_amount > 0) AS refund_orders, sum(item_coupon) AS item_coupon
FROM ladder GROUP BY 1 ORDER BY 1
"""
IDENTITY = (
    LADDER
    + """
SELECT count(*) AS settled, count(*) FILTER (abs(settled_amount - paid_amount + refund_amount) < 0.005) AS inside,
       count(*) FILTER (abs(settled_amount - paid_amount + refund_amount - coupon_tmall - points_offset) < 0.005) AS on_top
FROM ladder WHERE settled_amount > 0 AND coupon_tmall + points_offset > 0
"""
)
CARTS = (
    LADDER
    + """
SELECT list_contains($days, day) AS on_rule, CAST(floor(CAST(tag_amount AS DOUBLE) / $width) AS BIGINT) AS bin,
       count(*) AS orders
FROM ladder WHERE tag_amount < $most GROUP BY 1, 2 ORDER BY 1, 2
"""
)
LEFT_OUT = (
    LADDER
    + """
SELECT (SELECT count(*) FROM chosen) AS orders, (SELECT count(*) FROM ladder) AS used,
       (SELECT count(DISTINCT order_id) FROM raw) AS with_lines
"""
)
TOOLS = """
SELECT tool, sum(coupons_claimed) AS claimed, sum(coupons_used) AS used,
       sum(coupons_used) / nullif(sum(coupons_claimed), 0) AS use_rate, sum(discount_amount) AS discount_amount,
       sum(paid_amount) AS paid_amount
FROM promo_tool_daily WHERE date >= $start AND date < $stop GROUP BY 1 ORDER BY paid_amount DESC, 1
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """A discount found in carts: ``off`` yuan from ``cart`` yuan on ``days``; for everyone (cart rule) or by coupon."""

    kind: str
    cart: float
    off: float
    repeats: bool
    days: tuple[pd.Timestamp, ...]
    uptake: float
    orders: int


def discount_amounts(shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp) -> pd.DataFrame:
    """The 40 most frequent order-level discounts: off, orders, cart_low (2 % quantile of the carts that had it), cart_least."""
    return shop.sql(OFFS, start=start, stop=stop)


def rule_uptake(
    shop: Shop, *, cart: float, cart_stop: float, off: float, start: pd.Timestamp, stop: pd.Timestamp
) -> pd.DataFrame:
    """By day: carts from ``cart`` to below ``cart_stop`` yuan, those at least ``off`` below their tags, those exactly so."""
    return shop.sql(UPTAKE, cart=cart, cart_stop=cart_stop, off=off, start=start, stop=stop)


def ladder_sums(shop: Shop, rules: list[Rule], *, start: pd.Timestamp, stop: pd.Timestamp, by: str = "'all'") -> pd.DataFrame:
    """One row per period with the exact sum of every rung; ``by`` is an SQL expression of ``day``."""
    params: dict[str, object] = {"start": start, "stop": stop}
    cases, coupons = [], []
    for k, rule in enumerate(rules):
        if rule.kind == "cart_rule":
            params |= {f"cart{k}": rule.cart, f"off{k}": rule.off, f"days{k}": [d.date() for d in rule.days]}
            times = f"floor(CAST(tag_amount AS DOUBLE) / $cart{k})" if rule.repeats else "1"
            cases.append(f"WHEN list_contains($days{k}, day) AND tag_amount >= $cart{k} THEN least(off, {times} * $off{k})")
        else:
            params[f"off{k}"] = rule.off
            coupons.append(f"$off{k}")
    cart = " ".join(cases) or "WHEN false THEN 0"
    rest = f"off - CAST(CASE {cart} ELSE 0 END AS DECIMAL(18,2))"
    coupon = " OR ".join(f"abs({rest} - {c}) <= 0.15" for c in coupons) or "false"
    return shop.sql(LADDER + SUMS.format(by=by, cart=cart, coupon=coupon), **params)


def settlement(shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp) -> pd.Series:
    """Orders with platform money that were settled: how many received it on top of what was paid, how many inside it."""
    return shop.sql(IDENTITY, start=start, stop=stop).iloc[0]


def cart_bins(
    shop: Shop, *, days: tuple[pd.Timestamp, ...], width: float, most: float, start: pd.Timestamp, stop: pd.Timestamp
) -> pd.DataFrame:
    """Carts by size before order-level discounts: on_rule (day is one of ``days``), bin (of ``width`` yuan), orders."""
    chosen = [d.date() for d in days]
    return shop.sql(CARTS, days=chosen, width=width, most=most, start=start, stop=stop)


def orders_left_out(shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp) -> pd.Series:
    """orders (paid), with_lines, used (every line complete)."""
    return shop.sql(LEFT_OUT, start=start, stop=stop).iloc[0]


def tool_totals(shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp) -> pd.DataFrame:
    """One row per tool of 营销工具: claimed, used, use_rate, discount_amount (null where not exported), paid_amount."""
    if not shop.has("promo_tool_daily"):
        return pd.DataFrame(columns=["tool", "claimed", "used", "use_rate", "discount_amount", "paid_amount"])
    return shop.sql(TOOLS, start=start, stop=stop)
