"""Item-days with the price paid per unit, stock flags, campaign days and unit costs, for price questions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.queries.item_days import item_days
from tmall_nb.shop import Shop

COSTS = """
SELECT item_id, valid_from, avg(unit_cost) AS cost FROM costs
WHERE item_id IS NOT NULL AND unit_cost IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
"""
FROM_ITEMS = """
SELECT item_id, CAST(coalesce(i.paid_at, o.paid_at) AS DATE) AS date,
       sum(i.goods_payable) / nullif(sum(i.units), 0) AS item_price
FROM order_items i LEFT JOIN orders o USING (order_id)
WHERE item_id IS NOT NULL AND i.goods_payable IS NOT NULL AND coalesce(i.paid_at, o.paid_at) IS NOT NULL GROUP BY 1, 2
"""


def price_days(shop: Shop) -> pd.DataFrame:
    """Return item-days with price_yuan and ``price_source``.

    The price is what buyers paid per unit: 应付货款 ÷ 件 of the order items where they exist, else 支付金额 ÷ 支付件数 of
    商品排行. On a day without a sale it is the price of the last day with one. ``cost`` is the unit cost valid that day, where
    the merchant's cost sheet has it.
    """
    days = item_days(shop)
    days["price_source"] = "product_daily"
    if shop.has("order_items", "goods_payable") and shop.has("order_items", "item_id"):
        paid = shop.sql(FROM_ITEMS).assign(date=lambda f: pd.to_datetime(f["date"]))
        days = days.merge(paid, on=["item_id", "date"], how="left")
        found = days["item_price"].notna()
        if found.sum() > 0.5 * days["price_seen"].sum():
            price = days["item_price"].where(days["price_seen"])
            days["price_yuan"] = price.groupby(days["item_id"]).ffill().groupby(days["item_id"]).bfill()
            days["price_source"] = "order_items"
        days = days.drop(columns="item_price")
    if shop.has("costs"):
        costs = shop.sql(COSTS).assign(valid_from=lambda f: pd.to_datetime(f["valid_from"]))
        days = _with_costs(days, costs)
    return days


def _with_costs(days: pd.DataFrame, costs: pd.DataFrame) -> pd.DataFrame:
    dated = costs.assign(date=costs["valid_from"].fillna(days["date"].min())).drop(columns="valid_from")
    left = days.sort_values("date", kind="stable").assign(date=lambda f: f["date"].astype("datetime64[ns]"))
    right = dated.sort_values("date", kind="stable").assign(date=lambda f: f["date"].astype("datetime64[ns]"))
    joined = pd.merge_asof(left, right, on="date", by="item_id", direction="backward")
    joined["cost"] = joined["cost"].where(joined["cost"] > 0, np.nan)
    return joined.sort_values(["item_id", "date"], ignore_index=True)
