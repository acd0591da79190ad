"""Sales by province and day, from the shop's own orders."""

from __future__ import annotations

import pandas as pd

from tmall_nb.errors import NotEnoughData
from tmall_nb.shop import Shop

PROVINCE_DAYS = """
SELECT CAST(paid_at AS DATE) AS date, trim(province) AS province, sum({amount}) AS paid_amount, count(*) AS paid_orders
FROM orders WHERE paid_at IS NOT NULL AND province IS NOT NULL AND trim(province) <> '' GROUP BY 1, 2 ORDER BY 1, 2
"""
WITHOUT = "SELECT count(*) AS rows FROM orders WHERE paid_at IS NOT NULL AND (province IS NULL OR trim(province) = '')"
PROVINCE_SPEND = """
SELECT trim(province) AS province, sum(spend) AS spend FROM ads
WHERE level = 'region' AND date BETWEEN $start AND $end GROUP BY 1 ORDER BY 1
"""


def province_days(shop: Shop) -> tuple[pd.DataFrame, int]:
    """Return one row per day and province (a day without orders is 0): paid_amount, paid_orders; and how many orders name none.

    Raises
    ------
    NotEnoughData : no order names a province
    """
    if not shop.has("orders", "province"):
        raise NotEnoughData(
            f"{shop.shop_id}: no order names a province. Download 订单报表 with 收货地址 at 千牛 → 交易 → 已卖出的宝贝"
        )
    amount = "paid_amount" if shop.has("orders", "paid_amount") else "net_amount"
    rows = shop.sql(PROVINCE_DAYS.format(amount=amount))
    rows = rows.assign(date=pd.to_datetime(rows["date"]))
    whole = pd.MultiIndex.from_product(
        [pd.date_range(rows["date"].min(), rows["date"].max()), sorted(rows["province"].unique())], names=["date", "province"]
    )
    filled = rows.set_index(["date", "province"]).reindex(whole, fill_value=0.0).reset_index()
    return filled, int(shop.sql(WITHOUT)["rows"].iloc[0])


def province_spend(shop: Shop, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """Ad spend per province between two days, empty where no regional ad report was found."""
    if not shop.has("ads", "province"):
        return pd.DataFrame({"province": pd.Series(dtype=str), "spend": pd.Series(dtype=float)})
    return shop.sql(PROVINCE_SPEND, start=start, end=end)
