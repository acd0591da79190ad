"""Items with their title, category and attributes, those with most sales first."""

from __future__ import annotations

import pandas as pd

from tmall_nb.errors import NotEnoughData
from tmall_nb.shop import Shop

_TEXTS = ("category", "guide_title", "sku_attributes")


def item_titles(shop: Shop) -> pd.DataFrame:
    """One row per item: item_id, item_title and, where known, category, guide_title, sku_attributes (all variants)."""
    if shop.has("product_master"):
        columns = set(shop.table("product_master").columns)
        texts = ", ".join(f"string_agg(DISTINCT {c}, ' ') AS {c}" for c in _TEXTS if c in columns)
        frame = shop.sql(
            f"SELECT item_id, any_value(item_title) AS item_title{', ' + texts if texts else ''} "
            "FROM product_master WHERE item_title IS NOT NULL GROUP BY item_id ORDER BY item_id"
        )
    elif shop.has("product_daily"):
        frame = shop.sql(
            "SELECT item_id, arg_max(item_title, date) AS item_title FROM product_daily "
            "WHERE item_title IS NOT NULL GROUP BY item_id ORDER BY item_id"
        )
    else:
        raise NotEnoughData("item titles are needed: export 千牛 → 商品 → 商品管理 → 批量导出 (or 生意参谋 → 商品排行)")
    if not shop.has("product_daily"):
        return frame
    sales = shop.sql("SELECT item_id, sum(paid_amount) AS paid_amount FROM product_daily GROUP BY item_id")
    ranked = frame.merge(sales, on="item_id", how="left").sort_values(
        "paid_amount", ascending=False, na_position="last", kind="stable"
    )
    return ranked.drop(columns="paid_amount").reset_index(drop=True)
