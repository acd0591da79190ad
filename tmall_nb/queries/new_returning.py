"""New and returning buyers a day, from the shop report and the 老客 report."""

from __future__ import annotations

import pandas as pd

from tmall_nb.errors import NotEnoughData
from tmall_nb.shop import Shop

__all__ = ["new_returning_days"]

QUERY = """
SELECT coalesce(s.date, r.date) AS date, s.new_buyers, coalesce(s.returning_buyers, r.returning_buyers) AS returning_buyers,
       coalesce(s.returning_amount, r.returning_amount) AS returning_amount, s.paid_amount, s.buyers,
       r.repurchase_buyers_30d, r.repurchase_rate_30d
FROM shop_daily s FULL JOIN returning_daily r ON s.date = r.date ORDER BY 1
"""


def new_returning_days(shop: Shop) -> pd.DataFrame:
    """Return one row per day: new_buyers (where the report lacks it: buyers - returning buyers), returning_buyers, amounts.

    Raises
    ------
    NotEnoughData : neither report says how many buyers were new and how many returned
    """
    days = shop.sql(QUERY)
    days["new_buyers"] = days["new_buyers"].astype("float64").fillna(days["buyers"] - days["returning_buyers"])
    if days["returning_buyers"].isna().all():
        raise NotEnoughData(
            f"{shop.shop_id}: orders carry no buyer, and no report counts new and returning buyers. Download 老客运营 "
            "(生意参谋 → 客户 → 老客), or 店铺概况 with 支付新买家数 and 支付老买家数 ticked"
        )
    return days
