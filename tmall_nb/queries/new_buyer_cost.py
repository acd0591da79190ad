"""What ads spend on a new buyer: of the whole shop, and by the source of the first order, over the last 90 days."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.queries.shop_days import ads_once
from tmall_nb.shop import Shop

__all__ = ["DAYS", "cost_sources", "new_buyer_cost", "source_costs"]

DAYS = 90
QUERY = f"""
SELECT sum(spend) AS spend, sum(ad_new_buyers) AS ad_new_buyers FROM {ads_once("ad_new_buyers")}
WHERE date > $start AND date <= $end
"""
REGIONS = """
SELECT province AS source, sum(spend) AS spend, sum(ad_new_buyers) AS ad_new_buyers FROM ads
WHERE level = 'region' AND province IS NOT NULL AND date > $start AND date <= $end GROUP BY province ORDER BY province
"""
AFFILIATES = """
SELECT sum(commission + coalesce(service_fee, 0)) AS spend FROM cps_orders
WHERE coalesce(created_at, settled_at) >= $start AND coalesce(created_at, settled_at) < $stop
"""
COLUMNS = ["source", "spend", "ad_new_buyers"]


def new_buyer_cost(shop: Shop, *, end: pd.Timestamp) -> pd.Series | None:
    """Return spend, ad_new_buyers and cost_per_new_buyer (NaN where the report counts none); None without an ad report.

    All ad spend over the platform's own count of new buyers: the count is the platform's, and part of them would have come
    anyway.
    """
    if not shop.has("ads", "ad_new_buyers"):
        return None
    row = shop.sql(QUERY, start=end - pd.Timedelta(days=DAYS), end=end).iloc[0].astype("float64")
    row["cost_per_new_buyer"] = row["spend"] / row["ad_new_buyers"] if row["ad_new_buyers"] > 0 else np.nan
    return row


def cost_sources(shop: Shop) -> tuple[str, ...]:
    """Return the sources of a first order whose ad cost the shop's reports tell: ``channel``, ``province``."""
    regions = shop.has("ads", "province") and shop.has("ads", "ad_new_buyers")
    return (*(["channel"] if shop.has("cps_orders", "commission") else []), *(["province"] if regions else []))


def source_costs(shop: Shop, by: str, *, end: pd.Timestamp) -> pd.DataFrame:
    """Return source, spend and ad_new_buyers (NaN: the report does not count them) of the last 90 days.

    ``province``: the region report. ``channel``: commission and service fee of affiliate orders; all ads for the others.
    """
    start = end - pd.Timedelta(days=DAYS)
    if by not in cost_sources(shop):
        return pd.DataFrame(columns=COLUMNS)
    if by == "province":
        return shop.sql(REGIONS, start=start, end=end)
    paid = shop.sql(AFFILIATES, start=start + pd.Timedelta(days=1), stop=end + pd.Timedelta(days=1))["spend"].iloc[0]
    rows = [("affiliate", float(paid), np.nan)]
    ads = new_buyer_cost(shop, end=end)
    if ads is not None:
        rows.append(("other", float(ads["spend"]), float(ads["ad_new_buyers"])))
    return pd.DataFrame(rows, columns=COLUMNS)
