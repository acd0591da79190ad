"""Spend by channel and what it is set against, by day and by week."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.errors import NotEnoughData
from tmall_nb.queries.shop_days import ads_once, shop_days
from tmall_nb.shop import Shop

SPEND_METRICS = ["花费", "广告花费", "推广花费", "广告预算", "spend", "ad_spend"]
CPS, BRAND_ZONE = "淘宝客", "品销宝"
SHOP_COLUMNS = {
    "spend_keyword": "关键词推广",
    "spend_audience": "精准人群推广",
    "spend_smart": "智能场景",
    "spend_shopwide": "全站推广",
}
PROXY_COVER = 0.9  # share of weeks for which a demand proxy must be known
QUIET_SHARE, QUIET_WEEKLY, ITEM_REPORT_WEEKS = 0.03, 50, 13

CHANNEL_DAYS = f"""
SELECT CAST(date AS DATE) AS date, coalesce(product, '-') AS channel, sum(spend) AS spend,
       sum(ad_sales) AS ad_sales, sum(ad_orders) AS ad_orders, sum(presale_sales) AS presale_sales,
       sum(ad_net_sales) AS ad_net_sales, sum(clicks) AS clicks, max(window_days) AS window_days
FROM {ads_once()} GROUP BY 1, 2 ORDER BY 1, 2
"""
CPS_DAYS = """
SELECT CAST(coalesce(created_at, settled_at) AS DATE) AS date, sum(commission) + sum(coalesce(service_fee, 0)) AS spend,
       sum(settled_amount) AS ad_sales, count(*) AS ad_orders
FROM cps_orders WHERE coalesce(created_at, settled_at) IS NOT NULL GROUP BY 1 ORDER BY 1
"""
OFFSITE_DAYS = "SELECT CAST(date AS DATE) AS date, channel, sum(spend) AS spend FROM offsite_spend GROUP BY 1, 2 ORDER BY 1, 2"
PRICE_WEEKS = """
WITH means AS (SELECT item_id, sum(paid_amount) / nullif(sum(paid_units), 0) AS usual FROM product_daily GROUP BY 1)
SELECT date_trunc('week', CAST(date AS DATE)) AS week, sum(paid_amount) / nullif(sum(paid_units * usual), 0) AS price_index
FROM product_daily JOIN means USING (item_id) WHERE paid_units > 0 GROUP BY 1 ORDER BY 1
"""
MARKET_WEEKS = """
WITH days AS (
  SELECT CAST(date AS DATE) AS date, count(*) AS terms,
         sum((search_popularity_low + search_popularity_high) / 2.0) AS popularity
  FROM search_market GROUP BY 1)
SELECT date_trunc('week', date) AS week, avg(popularity / terms) AS market_search FROM days GROUP BY 1 ORDER BY 1
"""
QUIET_WEEKS = """
WITH loud AS (SELECT DISTINCT item_id FROM ads WHERE item_id IS NOT NULL AND spend > 0)
SELECT date_trunc('week', CAST(date AS DATE)) AS week, sum(visitors) AS visitors,
       sum(visitors) FILTER (WHERE item_id NOT IN (FROM loud)) AS quiet_traffic
FROM product_daily GROUP BY 1 ORDER BY 1
"""
ITEM_WEEKS = (
    "SELECT count(DISTINCT date_trunc('week', CAST(date AS DATE))) AS weeks FROM ads WHERE level = 'item' AND spend > 0"
)
FREE_WEEKS = """
SELECT date_trunc('week', CAST(date AS DATE)) AS week, sum(visitors) AS free_traffic
FROM traffic_source WHERE source_1 NOT IN ('广告流量', '付费流量') GROUP BY 1 ORDER BY 1
"""
REFUND_ORDERS = """
SELECT date_trunc('week', CAST(paid_at AS DATE)) AS week, sum(paid_amount) AS paid_amount, sum(refund_amount) AS refund_amount
FROM orders WHERE paid_at IS NOT NULL GROUP BY 1 ORDER BY 1
"""


def channel_days(shop: Shop) -> pd.DataFrame:
    """One row per day and channel: spend and, where the platform reports them, ad_sales, ad_orders, presale_sales,
    ad_net_sales, clicks, window_days. 万相台 scenes, 淘宝客 (commission and service fee) and off-site channels.

    Raises
    ------
    NotEnoughData : no table holds any spend
    """
    parts = []
    if shop.has("ads"):
        parts.append(shop.sql(CHANNEL_DAYS))
    elif shop.has("shop_daily"):
        parts.append(_from_shop_report(shop))
    if shop.has("cps_orders"):
        parts.append(shop.sql(CPS_DAYS).assign(channel=CPS))
    if shop.has("offsite_spend"):
        parts.append(shop.sql(OFFSITE_DAYS))
    parts = [p for p in parts if len(p)]
    if not parts:
        raise NotEnoughData(f"{shop.shop_id}: no ad spend. Download 计划报表 at 万相台无界 → 报表")
    days = pd.concat(parts, ignore_index=True)
    numbers = ["ad_sales", "ad_orders", "presale_sales", "ad_net_sales", "clicks", "window_days"]
    days = days.reindex(columns=["date", "channel", "spend", *numbers])
    return days.assign(date=pd.to_datetime(days["date"])).astype(dict.fromkeys(["spend", *numbers], "float64"))


def _from_shop_report(shop: Shop) -> pd.DataFrame:
    frame = shop.table("shop_daily")
    held = {c: name for c, name in SHOP_COLUMNS.items() if c in frame}
    long = frame.melt("date", list(held), var_name="channel", value_name="spend").dropna(subset=["spend"])
    return long.assign(channel=long["channel"].map(held))


def channel_totals(shop: Shop) -> pd.DataFrame:
    """One row per channel: spend, ad_sales, over the days on which the platform reports both."""
    days = channel_days(shop)
    known = days[days["ad_sales"].notna()]
    return known.groupby("channel", as_index=False)[["spend", "ad_sales"]].sum()


def ad_weeks(shop: Shop) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Whole weeks (Monday first) in which both sales and spend were recorded.

    Returns
    -------
    frame : week, paid_amount (0 where a day of the week was not recorded), one column of spend per channel, and the controls;
        channel names; control names
    """
    days, sales = channel_days(shop), shop_days(shop)
    sales = sales[sales["complete"] & sales["paid_amount"].notna()]
    if sales.empty:
        raise NotEnoughData(f"{shop.shop_id}: no paid amount by day to set the spend against. Download 店铺概况 or 订单报表")
    start, end = max(days["date"].min(), sales["date"].min()), min(days["date"].max(), sales["date"].max())
    first = start + pd.Timedelta(days=(7 - start.day_of_week) % 7)
    last = end - pd.Timedelta(days=(end.day_of_week + 1) % 7)
    if last - first < pd.Timedelta(days=6):
        raise NotEnoughData(f"{shop.shop_id}: sales and spend overlap for less than a week")
    weeks = pd.date_range(first, last, freq="W-MON")
    inside = days[days["date"].between(first, last)]
    spend = inside.assign(week=_monday(inside["date"])).pivot_table(
        index="week", columns="channel", values="spend", aggfunc="sum"
    )
    spend = spend.reindex(weeks).fillna(0.0)  # a report lists only days with spend
    chosen = sales[sales["date"].between(first, last)]
    recorded = chosen.groupby(_monday(chosen["date"]))["paid_amount"]
    total = recorded.sum().where(recorded.count() == 7).reindex(weeks)
    controls = _controls(shop, weeks)
    frame = pd.concat([total.rename("paid_amount"), spend, controls], axis=1).rename_axis("week").reset_index()
    frame["paid_amount"] = frame["paid_amount"].fillna(0.0)  # fit_media_mix sets weeks without sales aside and counts them
    order = spend.sum().sort_values(ascending=False)
    return frame, [str(c) for c in order[order > 0].index], [str(c) for c in controls]


def known_span(shop: Shop) -> tuple[list[str], tuple[pd.Timestamp, pd.Timestamp]]:
    """Channels with spend, the largest first, and the first and last day on which both sales and spend are known."""
    days, sales = channel_days(shop), shop_days(shop)
    sales = sales[sales["complete"] & sales["paid_amount"].notna()]
    if sales.empty:
        raise NotEnoughData(f"{shop.shop_id}: no paid amount by day to set the spend against. Download 店铺概况 or 订单报表")
    total = days.groupby("channel")["spend"].sum().sort_values(ascending=False)
    span = max(days["date"].min(), sales["date"].min()), min(days["date"].max(), sales["date"].max())
    return [str(c) for c in total[total > 0].index], span


def spend_target(shop: Shop, month: pd.Timestamp) -> float:
    """The month's ad budget in yuan from the sheet of targets, longer spans by their days; NaN where none covers the month."""
    if not shop.has("targets"):
        return float("nan")
    rows = shop.sql(
        'SELECT CAST(start AS DATE) AS first, CAST("end" AS DATE) AS last, target FROM targets '
        "WHERE trim(metric) IN (SELECT unnest($names))",
        names=SPEND_METRICS,
    )
    first, last = month, month + pd.offsets.MonthEnd(0)
    rows = rows[(rows["first"] <= first) & (rows["last"] >= last)]
    if rows.empty:
        return float("nan")
    days = (rows["last"] - rows["first"]).dt.days + 1
    shortest = days.idxmin()
    return float(rows["target"][shortest]) * last.day / int(days[shortest])


def _monday(dates: pd.Series) -> pd.Series:
    return dates - pd.to_timedelta(dates.dt.day_of_week, unit="D")


def _controls(shop: Shop, weeks: pd.DatetimeIndex) -> pd.DataFrame:
    """Campaign days per week by kind, and in logs: price against usual prices, and the traffic that no ad brought.

    That traffic is what visits items without any ad spend (where item reports of 13 weeks show which, and they make at
    least 3 % of visits), else what free sources bring, and market search; each where it covers nine weeks in ten.
    """
    columns = campaign_weeks(shop.calendar, weeks)
    if shop.has("product_daily"):
        columns = pd.concat([columns, _logged(shop.sql(PRICE_WEEKS), "price_index", weeks)], axis=1)
    columns = pd.concat([columns, _unpaid_traffic(shop, weeks)], axis=1)
    if shop.has("search_market"):
        columns = pd.concat([columns, _logged(shop.sql(MARKET_WEEKS), "market_search", weeks)], axis=1)
    return columns


def _unpaid_traffic(shop: Shop, weeks: pd.DatetimeIndex) -> pd.DataFrame:
    """Visitors that ads did not bring, from the cleanest table that covers the weeks; no column where none does."""
    if shop.has("product_daily", "visitors") and shop.has("ads", "item_id"):
        rows = shop.sql(QUIET_WEEKS)
        quiet, every = rows["quiet_traffic"].sum(), rows["visitors"].sum()
        known = int(shop.sql(ITEM_WEEKS)["weeks"].iloc[0]) >= ITEM_REPORT_WEEKS
        if known and quiet >= max(QUIET_SHARE * every, QUIET_WEEKLY * len(rows)):
            return _logged(rows, "quiet_traffic", weeks)
    if shop.has("traffic_source", "source_1"):
        return _logged(shop.sql(FREE_WEEKS), "free_traffic", weeks)
    return pd.DataFrame(index=weeks)


def _logged(rows: pd.DataFrame, name: str, weeks: pd.DatetimeIndex) -> pd.DataFrame:
    series = rows.assign(week=pd.to_datetime(rows["week"])).set_index("week")[name].astype(float).reindex(weeks)
    if series.notna().mean() < PROXY_COVER or not (series.dropna() > 0).all():
        return pd.DataFrame(index=weeks)
    return pd.Series(np.log(series), index=weeks, name=name).interpolate(limit_direction="both").to_frame()


def campaign_weeks(calendar: pd.DataFrame, weeks: pd.DatetimeIndex) -> pd.DataFrame:
    """Days of the biggest campaigns (618, 双11) and of all others in each week, as shares of seven."""
    big = calendar["campaign"].astype(str).str.contains(r"双11|双十一|618|11\.11", regex=True)
    out = {}
    for name, rows in (("campaign_big", calendar[big]), ("campaign_other", calendar[~big])):
        days = pd.Series(0.0, index=pd.date_range(weeks[0], weeks[-1] + pd.Timedelta(days=6)))
        for start, end in zip(rows["start"], rows["end"], strict=True):
            days.loc[pd.Timestamp(start).normalize() : pd.Timestamp(end).normalize()] = 1.0
        out[name] = days.groupby(np.arange(len(days)) // 7).mean().to_numpy()
    frame = pd.DataFrame(out, index=weeks)
    return frame.loc[:, frame.std() > 0]


def refund_weeks(shop: Shop) -> pd.DataFrame:
    """Paid and refunded yuan by week of payment; empty where orders hold no refunds."""
    if not (shop.has("orders", "refund_amount") and shop.has("orders", "paid_amount")):
        return pd.DataFrame(columns=["week", "paid_amount", "refund_amount"])
    frame = shop.sql(REFUND_ORDERS)
    return frame.assign(week=pd.to_datetime(frame["week"]))
