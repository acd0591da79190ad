"""One row per item and business day: units, price paid, stock state."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.errors import NotEnoughData
from tmall_nb.shop import Shop

COLUMNS = (
    "item_id", "date", "item_title", "category", "paid_units", "paid_amount", "price_yuan", "price_seen", "list_price_yuan",
    "visitors", "in_stock", "sold_out", "stock_units",
)  # fmt: skip

FROM_PRODUCTS = """
SELECT item_id, CAST(date AS DATE) AS date, sum(paid_units) AS paid_units, sum(paid_amount) AS paid_amount,
       sum(visitors) AS visitors
FROM product_daily WHERE item_id IS NOT NULL GROUP BY 1, 2
"""
FROM_ITEMS = """
SELECT coalesce(i.{id}, i.item_id, i.item_title) AS item_id, CAST(coalesce(i.paid_at, o.paid_at) AS DATE) AS date,
       sum(i.units) AS paid_units, sum(coalesce(i.paid_amount, i.net_amount, i.goods_payable)) AS paid_amount,
       CAST(NULL AS DOUBLE) AS visitors
FROM order_items i LEFT JOIN orders o USING (order_id)
WHERE coalesce(i.paid_at, o.paid_at) IS NOT NULL GROUP BY 1, 2
"""
TITLES = """
SELECT {id} AS item_id, arg_max(item_title, {day}) AS item_title FROM {table} WHERE {id} IS NOT NULL GROUP BY 1
"""
MASTER = """
SELECT {id} AS item_id, any_value(item_title) AS item_title, any_value(category) AS category,
       avg(coalesce(sku_price, list_price)) AS list_price_yuan
FROM product_master WHERE {id} IS NOT NULL GROUP BY 1
"""
SKU_CATEGORY = """
SELECT i.sku_code AS item_id, any_value(m.category) AS category
FROM order_items i JOIN product_master m ON i.item_id = m.item_id WHERE i.sku_code IS NOT NULL GROUP BY 1
"""
LISTED = "SELECT {id} AS item_id, median(list_price) AS list_price_yuan FROM order_items WHERE {id} IS NOT NULL GROUP BY 1"
STOCK = """
SELECT {id} AS item_id, CAST(date AS DATE) AS date, sum(stock_units) AS stock_units, bool_or(in_stock) AS in_stock,
       bool_and(coalesce(sold_out, false)) FILTER (in_stock IS NULL OR in_stock) AS sold_out,
       count(in_stock) AS stated_in, count(sold_out) AS stated_out
FROM stock WHERE {id} IS NOT NULL AND date IS NOT NULL GROUP BY 1, 2
"""


def item_days(shop: Shop, *, by: str = "item") -> pd.DataFrame:
    """Return one row per item and day, from the item's first day to the report's last day.

    Parameters
    ----------
    shop : a loaded shop
    by : ``"item"``, or ``"sku"`` where 宝贝报表 exists (``item_id`` then holds the merchant's code)

    Returns
    -------
    item_id, date, item_title, category (null where no master data), paid_units, paid_amount (before refunds), price_yuan
    (paid amount per unit; on days without a sale the last price paid, see ``price_seen``), price_seen (True where units were
    sold), list_price_yuan, visitors, in_stock (had stock at opening), sold_out (ran out during the day), stock_units
    (closing). Stock columns are null where there is no stock table for that day. A day on which the report lists other items
    but not this one is a day of 0 units; a day that the report does not cover at all is not a row.

    Raises
    ------
    NotEnoughData : neither 商品排行 nor 宝贝报表 is there
    """
    sold = _sold(shop, by)
    frame = _fill_days(sold)
    frame = frame.merge(_described(shop, by), on="item_id", how="left")
    if shop.has("stock"):
        frame = frame.merge(_stock(shop, by), on=["item_id", "date"], how="left")
    frame = frame.reindex(columns=[*frame.columns, *(c for c in ("stock_units", "in_stock", "sold_out") if c not in frame)])
    return _priced(frame)[list(COLUMNS)]


def _key(by: str) -> str:
    return "sku_code" if by == "sku" else "item_id"


def _sold(shop: Shop, by: str) -> pd.DataFrame:
    if by != "sku" and shop.has("product_daily", "paid_units"):
        frame = shop.sql(FROM_PRODUCTS)
    elif shop.has("order_items"):
        frame = shop.sql(FROM_ITEMS.format(id=_key(by)))
    else:
        raise NotEnoughData(
            f"{shop.shop_id}: no units by item and day. Download 商品排行 (生意参谋 → 品类 → 商品排行) with 支付件数 ticked, "
            "or 宝贝报表 (千牛 → 交易 → 已卖出的宝贝 → 批量导出)"
        )
    return frame.assign(date=pd.to_datetime(frame["date"])).sort_values(["item_id", "date"], ignore_index=True)


def _fill_days(sold: pd.DataFrame) -> pd.DataFrame:
    """Add the days that the report covers without this item: nothing was sold on them."""
    covered = np.sort(sold["date"].unique())
    first = np.searchsorted(covered, sold.groupby("item_id", sort=True)["date"].min().to_numpy())
    ids = np.sort(sold["item_id"].unique())
    length = len(covered) - first
    position = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length) + np.repeat(first, length)
    grid = pd.DataFrame({"item_id": np.repeat(ids, length), "date": covered[position]})
    frame = grid.merge(sold, on=["item_id", "date"], how="left")
    zero = [c for c in ("paid_units", "paid_amount") if c in frame]
    frame[zero] = frame[zero].astype("float64").fillna(0.0)
    return frame


def _described(shop: Shop, by: str) -> pd.DataFrame:
    """Title, category and list price of each item, from the item master first."""
    key, parts = _key(by), []
    if shop.has("product_master", key):
        parts.append(shop.sql(MASTER.format(id=key)))
    if shop.has("order_items", key):
        if shop.has("order_items", "list_price"):
            parts.append(shop.sql(LISTED.format(id=key)))
        if shop.has("order_items", "item_title"):
            parts.append(shop.sql(TITLES.format(id=key, day="order_id", table="order_items")))
    if by == "sku" and shop.has("order_items", "item_id") and shop.has("product_master", "category"):
        parts.append(shop.sql(SKU_CATEGORY))
    if by != "sku" and shop.has("product_daily", "item_title"):
        parts.append(shop.sql(TITLES.format(id="item_id", day="date", table="product_daily")))
    described = pd.DataFrame(columns=["item_id", "item_title", "category", "list_price_yuan"]).set_index("item_id")
    for part in parts:
        described = described.combine_first(part.set_index("item_id"))
    described = described.rename_axis("item_id").reset_index()
    return described.assign(list_price_yuan=described["list_price_yuan"].astype("float64"))


def _stock(shop: Shop, by: str) -> pd.DataFrame:
    """Closing stock, had stock at opening, ran out; what the sheet does not state follows from the day before's stock."""
    key = "sku_code" if by == "sku" and shop.has("stock", "sku_code") else "item_id"
    frame = shop.sql(STOCK.format(id=key)).sort_values(["item_id", "date"], ignore_index=True)
    frame["date"] = pd.to_datetime(frame["date"])
    before = frame.groupby("item_id")["stock_units"].shift()
    follows = frame.groupby("item_id")["date"].diff() == pd.Timedelta(days=1)
    opened = ((before > 0) | (frame["stock_units"] > 0)).astype("boolean").where(follows | (frame["stock_units"] > 0))
    frame["in_stock"] = frame["in_stock"].astype("boolean").where(frame["stated_in"] > 0, opened)
    ran_out = ((frame["stock_units"] <= 0) & frame["in_stock"]).astype("boolean")
    frame["sold_out"] = frame["sold_out"].astype("boolean").where(frame["stated_out"] > 0, ran_out)
    return frame[["item_id", "date", "stock_units", "in_stock", "sold_out"]]


def _priced(frame: pd.DataFrame) -> pd.DataFrame:
    seen = (frame["paid_units"] > 0) & (frame["paid_amount"] > 0)
    paid = (frame["paid_amount"] / frame["paid_units"].where(seen)).round(4)
    carried = paid.groupby(frame["item_id"]).ffill()
    price = carried.fillna(frame["list_price_yuan"]).fillna(paid.groupby(frame["item_id"]).bfill())
    return frame.assign(price_yuan=price, price_seen=seen)
