"""Item-days with the price paid per unit, stock flags, campaign days and unit costs, for price questions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.errors import ExportError, NotEnoughData
from tmall_nb.queries.item_days import item_days
from tmall_nb.shop import Shop

COSTS = """
SELECT item_id, valid_from, avg(unit_cost) AS cost FROM costs
WHERE item_id IS NOT NULL AND unit_cost IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
"""
FROM_ITEMS = """
SELECT item_id, CAST(coalesce(i.paid_at, o.paid_at) AS DATE) AS date,
       sum(i.goods_payable) / nullif(sum(i.units), 0) AS item_price,
       median(i.goods_payable / nullif(i.units, 0)) AS typical_price
FROM order_items i LEFT JOIN orders o USING (order_id)
WHERE item_id IS NOT NULL AND i.goods_payable IS NOT NULL AND coalesce(i.paid_at, o.paid_at) IS NOT NULL GROUP BY 1, 2
"""


LISTS = """
SELECT item_id, CAST(coalesce(i.paid_at, o.paid_at) AS DATE) AS date, median(i.list_price) AS listed
FROM order_items i LEFT JOIN orders o USING (order_id)
WHERE item_id IS NOT NULL AND i.list_price > 0 AND coalesce(i.paid_at, o.paid_at) IS NOT NULL GROUP BY 1, 2
"""
TIMES = """
WITH sold AS (
  SELECT item_id, coalesce(i.paid_at, o.paid_at) AS sold_at FROM order_items i LEFT JOIN orders o USING (order_id)
  WHERE item_id IS NOT NULL AND coalesce(i.paid_at, o.paid_at) IS NOT NULL
), minutes AS (SELECT item_id, CAST(sold_at AS DATE) AS date, 60 * hour(sold_at) + minute(sold_at) AS minute FROM sold),
usual AS (SELECT minute, sum(count(*)) OVER (ORDER BY minute) / sum(count(*)) OVER () AS share FROM minutes GROUP BY 1),
latest AS (SELECT item_id, date, max(minute) AS minute FROM minutes GROUP BY 1, 2)
SELECT item_id, date, share AS sold_until FROM latest JOIN usual USING (minute)
"""
REQUIRED = ("item_id", "date", "paid_units", "price_yuan")
CHANGE = 0.02  # log difference up to which two prices count as the same


def check_columns(frame: pd.DataFrame, *extra: str) -> None:
    """Refuse item-days without rows, or without item_id, date, paid_units, price_yuan or a column of ``extra``."""
    missing = [c for c in (*REQUIRED, *extra) if c not in frame.columns]
    if missing:
        found = ", ".join(map(str, frame.columns))
        raise ExportError(
            "item_days", f"column {', '.join(missing)} is missing; found {found}. Needed: one row per item and day"
        )
    if frame.empty:
        raise NotEnoughData("item_days has no rows: export 商品排行 (生意参谋 → 品类 → 商品排行) for at least eight weeks")


def price_days(shop: Shop, *, typical: bool = False) -> pd.DataFrame:
    """Return item-days with price_yuan, ``price_known`` and ``price_source``.

    The price is what buyers paid per unit: 应付货款 ÷ 件 of the order items where they exist, else 支付金额 ÷ 支付件数 of
    商品排行. On a day without a sale it is the price of the last day with one, and ``price_known`` is False where the next sale
    was at another price: somewhere in between it moved. The two sale days around such a gap are not known either, since a
    spell that is only seen because something was sold would otherwise count as a spell of good sales. ``cost`` is the unit cost
    valid that day, where the merchant's cost sheet has it; ``sold_until`` the share of a usual day's orders that have come by
    the time of the item's last sale, where orders have times.

    ``typical`` takes the median order line's price per unit of a day instead of the day's mean. Carts that earn a discount by
    their size (满减) pull the mean down on days on which more is bought, which looks like an answer to the price.
    """
    days = item_days(shop)
    days["price_source"] = "product_daily"
    if shop.has("order_items", "goods_payable") and shop.has("order_items", "item_id"):
        paid = shop.sql(FROM_ITEMS).assign(date=lambda f: pd.to_datetime(f["date"]))
        days = days.merge(paid, on=["item_id", "date"], how="left")
        days["item_price"] = days["typical_price"] if typical else days["item_price"]
        found = days["item_price"].notna()
        if found.sum() > 0.5 * days["price_seen"].sum():
            price = days["item_price"].where(days["price_seen"])
            days["price_yuan"] = price.groupby(days["item_id"]).ffill().groupby(days["item_id"]).bfill()
            days["price_source"] = "order_items"
        days = days.drop(columns=["item_price", "typical_price"])
    days["price_known"] = _price_known(days)
    days = _with_orders(days, shop)
    if shop.has("costs"):
        costs = shop.sql(COSTS).assign(valid_from=lambda f: pd.to_datetime(f["valid_from"]))
        days = _with_costs(days, costs)
    return days


def _price_known(days: pd.DataFrame) -> pd.Series:
    """False in gaps between sales at different prices and on the sale days beside them, before the first and after the last."""
    item, seen = days["item_id"], days["price_seen"]
    logs = np.log(days["price_yuan"].where(seen))
    before, after = logs.groupby(item).ffill(), logs.groupby(item).bfill()
    gap = ~seen & ~((before - after).abs() <= CHANGE)
    beside = gap.groupby(item).shift(1, fill_value=False) | gap.groupby(item).shift(-1, fill_value=False)
    return ~(gap | (seen & beside))


def _with_orders(days: pd.DataFrame, shop: Shop) -> pd.DataFrame:
    """Struck-through price of the day and the time of the last sale, as far as order items hold them."""
    if shop.has("order_items", "list_price") and shop.has("order_items", "item_id"):
        lists = shop.sql(LISTS).assign(date=lambda f: pd.to_datetime(f["date"]))
        days = days.merge(lists, on=["item_id", "date"], how="left")
        listed = days["listed"].astype("float64").groupby(days["item_id"]).ffill().groupby(days["item_id"]).bfill()
        days = days.assign(list_price_yuan=listed.fillna(days["list_price_yuan"])).drop(columns="listed")
    if shop.has("order_items", "item_id") and (shop.has("order_items", "paid_at") or shop.has("orders", "paid_at")):
        times = shop.sql(TIMES).assign(date=lambda f: pd.to_datetime(f["date"]))
        if times["sold_until"].nunique() > 1:
            days = days.merge(times, on=["item_id", "date"], how="left")
    return days


def _with_costs(days: pd.DataFrame, costs: pd.DataFrame) -> pd.DataFrame:
    dated = costs.assign(date=costs["valid_from"].fillna(days["date"].min())).drop(columns="valid_from")
    left = days.sort_values("date", kind="stable").assign(date=lambda f: f["date"].astype("datetime64[ns]"))
    right = dated.sort_values("date", kind="stable").assign(date=lambda f: f["date"].astype("datetime64[ns]"))
    joined = pd.merge_asof(left, right, on="date", by="item_id", direction="backward")
    joined["cost"] = joined["cost"].where(joined["cost"] > 0, np.nan)
    return joined.sort_values(["item_id", "date"], ignore_index=True)
