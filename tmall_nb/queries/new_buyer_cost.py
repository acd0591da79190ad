"""What the ad platform's new buyers cost, over the last 90 days."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.queries.shop_days import AD_LEVELS
from tmall_nb.shop import Shop

__all__ = ["new_buyer_cost"]

DAYS = 90
QUERY = """
SELECT sum(spend) AS spend, sum(ad_new_buyers) AS ad_new_buyers FROM ads
WHERE level = $level AND date > $start AND date <= $end
"""


def new_buyer_cost(shop: Shop, *, end: pd.Timestamp) -> pd.Series | None:
    """Return spend, ad_new_buyers and cost_per_new_buyer (NaN where the report counts none); None without an ad report.

    All ad spend over the platform's own count of new buyers: the count is the platform's, and part of them would have come
    anyway.
    """
    if not shop.has("ads", "ad_new_buyers"):
        return None
    levels = set(shop.sql("SELECT DISTINCT level FROM ads WHERE ad_new_buyers IS NOT NULL")["level"])
    level = next((name for name in AD_LEVELS if name in levels), None)
    if level is None:
        return None
    row = shop.sql(QUERY, level=level, start=end - pd.Timedelta(days=DAYS), end=end).iloc[0].astype("float64")
    row["cost_per_new_buyer"] = row["spend"] / row["ad_new_buyers"] if row["ad_new_buyers"] > 0 else np.nan
    return row
