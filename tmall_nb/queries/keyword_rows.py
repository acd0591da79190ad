"""Ad results by keyword and day, and the shop's own and the market's search terms."""

from __future__ import annotations

import pandas as pd

from tmall_nb.errors import NotEnoughData
from tmall_nb.shop import Shop

_SUMMED = ("impressions", "clicks", "spend", "ad_orders", "ad_sales", "ad_carts", "presale_sales", "presale_orders")
KEYWORD_DAYS = """
SELECT CAST(date AS DATE) AS date, keyword, {sums}
FROM ads WHERE keyword IS NOT NULL AND trim(keyword) <> ''
GROUP BY 1, 2 ORDER BY sum(sum(spend)) OVER (PARTITION BY keyword) DESC, keyword, date
"""
OWN_TERMS = """
SELECT CAST(date AS DATE) AS date, keyword, sum(visitors) AS visitors, sum(coalesce(buyers, 0)) AS buyers,
       sum(coalesce(paid_amount, 0)) AS paid_amount
FROM search_own WHERE keyword IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
"""


PLACES = ("plan_id", "plan", "unit_id", "unit", "entity_id")


def keyword_places(shop: Shop) -> pd.DataFrame:
    """Where each keyword is bought: keyword, plan_id, plan, unit_id, unit, entity_id (词ID) as the report has them, clicks
    and spend; the place with most spend first. No rows where the report names no plan."""
    ads = set(shop.table("ads").columns)
    known = [c for c in PLACES if c in ads and shop.has("ads", c)]
    if "keyword" not in ads or not known:
        return pd.DataFrame(columns=["keyword", *PLACES, "clicks", "spend"])
    names = ", ".join(["keyword", *known])
    frame = shop.sql(
        f"SELECT {names}, sum(coalesce(clicks, 0)) AS clicks, sum(coalesce(spend, 0)) AS spend FROM ads "
        f"WHERE keyword IS NOT NULL AND trim(keyword) <> '' GROUP BY {names} ORDER BY spend DESC, {names}"
    )
    return frame.assign(keyword=frame["keyword"].str.strip()).reindex(columns=["keyword", *PLACES, "clicks", "spend"])


def keyword_rows(shop: Shop) -> pd.DataFrame:
    """One row per ad keyword and day, the keyword with most spend first: impressions, clicks, spend, ad_orders,
    ad_sales and, where the report has them, ad_carts, presale_sales, presale_orders."""
    columns = set(shop.table("ads").columns)
    if "keyword" not in columns:
        raise NotEnoughData("the ads report has no keywords: export 万相台无界 → 报表 → 关键词报表")
    sums = ", ".join(f"sum(coalesce({c}, 0)) AS {c}" for c in _SUMMED if c in columns)
    frame = shop.sql(KEYWORD_DAYS.format(sums=sums))
    if frame.empty:
        raise NotEnoughData("the ads report has no row of a keyword: export 万相台无界 → 报表 → 关键词报表")
    frame["date"] = pd.to_datetime(frame["date"])
    return frame


def own_terms(shop: Shop) -> pd.DataFrame:
    """One row per day and search term that led visitors to the shop: visitors, buyers, paid_amount."""
    return shop.sql(OWN_TERMS).assign(date=lambda f: pd.to_datetime(f["date"]))


def market_terms(shop: Shop) -> pd.DataFrame:
    """The market's search terms with their ranges, newest date of each term and category."""
    frame = shop.table("search_market")
    newest = frame.groupby(["category", "keyword"], dropna=False)["date"].transform("max") if "category" in frame else None
    return frame if newest is None else frame[frame["date"] == newest].reset_index(drop=True)
