"""A shop's item-days with what it knows ahead: campaign phases, the plan sheet, and the assumption where there is none."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from tmall_nb.calendar import spring_festival_days
from tmall_nb.queries.item_days import item_days
from tmall_nb.shop import Shop

__all__ = ["PHASES", "phase_columns", "shop_rows"]

PHASES = ("campaign_burst", "campaign_peak", "campaign_on", "campaign_warm_up", "double_11", "spring_festival")
WARM_UP_DAYS = 7
BURST_DAYS = 3
NEAR_DAYS = 3
YEAR = re.compile(r"20\d\d年?")
PROMOTED = 0.93  # a price below this share of the usual one is a promotion


def shop_rows(shop: Shop, *, horizon: int, by: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, float]:
    """Return past rows, future rows, campaigns in sight, and the share of item-days a plan sheet covers.

    Without a plan sheet no price ahead is known, so none is given: a model that was shown past prices as if they had been
    known would look better on its own past than it can be.
    """
    past = item_days(shop, by=by)
    past = past.assign(price_yuan=_offered(past))
    last = past["date"].max()
    ahead = pd.date_range(last + pd.Timedelta(days=1), periods=horizon)
    days = past["date"].drop_duplicates().sort_values()
    every = pd.DatetimeIndex(days).append(ahead)
    phases = phase_columns(shop.calendar, every)
    if not spring_festival_days(ahead).any():  # elsewhere the forecast is better without it
        phases = phases.drop(columns="spring_festival", errors="ignore")
    items = past.groupby("item_id", as_index=False).agg(price_yuan=("price_yuan", _recent))
    future = items.merge(pd.DataFrame({"date": ahead}), how="cross")
    planned, share = _plan(shop, ahead), 0.0
    if planned is not None:
        future = future.merge(planned, on=["item_id", "date"], how="left")
        share = float(future["price"].notna().mean())
        future["price_yuan"] = future.pop("price").fillna(future["price_yuan"])
        if "promotion" in future:
            future["promotion"] = _on(future["promotion"])
            past = past.assign(promotion=(past["price_yuan"] < PROMOTED * _usual(past)).astype(float))
    known = past["price_yuan"].notna().groupby(past["item_id"]).transform("any")
    if not known.all():
        past, future = past.drop(columns="price_yuan"), future.drop(columns="price_yuan")
    elif planned is None:
        future = future.drop(columns="price_yuan")
    past = past.merge(phases, on="date", how="left")
    future = future.merge(phases, on="date", how="left")
    campaigns = shop.calendar[(shop.calendar["end"] >= every[0]) & (shop.calendar["start"] <= every[-1] + pd.Timedelta(days=1))]
    campaigns = campaigns.assign(ahead=campaigns["end"] > last)
    columns = ["campaign", "campaign_type", "start", "end", "ahead", "source", "confidence", "warm_up_start", "presale_start"]
    return past, future, campaigns[columns].reset_index(drop=True), share


def phase_columns(calendar: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """One row per day, columns 0 and 1: phases of campaigns in which units differ.

    ``campaign_burst``: opening days of 618 and Double 11, and 18 June; ``campaign_peak``: of other campaigns the day they are
    named for (8 March, 9 September, 12 December), or their opening days; ``double_11``: 10 and 11 November;
    ``campaign_on``, ``campaign_warm_up``; ``spring_festival``: from a week before the lunar new year to its ninth day. Days
    that would be 0 throughout have no column.
    """
    out = {name: np.zeros(len(days)) for name in PHASES}
    out["spring_festival"] = spring_festival_days(days).astype(float)
    for row in calendar.dropna(subset=["start", "end"]).itertuples():
        start, end = row.start.normalize(), row.end.normalize()
        warm = row.warm_up_start if pd.notna(row.warm_up_start) else start - pd.Timedelta(days=WARM_UP_DAYS)
        out["campaign_on"][(days >= start) & (days <= end)] = 1.0
        out["campaign_warm_up"][(days >= warm.normalize()) & (days < start)] = 1.0
        for name, high in _high_days(row.campaign, pd.date_range(start, end)).items():
            out[name][days.isin(high)] = 1.0
    frame = pd.DataFrame(out, index=days).rename_axis("date").reset_index()
    return frame.loc[:, ["date", *(c for c in out if frame[c].any())]]


def _high_days(campaign: str, days: pd.DatetimeIndex) -> dict[str, pd.DatetimeIndex]:
    """The days of a campaign on which most is sold, by column; ``days`` are all its days."""
    opening, name = days[:BURST_DAYS], YEAR.sub("", campaign)
    if "双11" in name:
        return {"campaign_burst": opening, "double_11": days[(days.month == 11) & ((days.day == 10) | (days.day == 11))]}
    numbers = re.findall(r"\d+", name)  # 38 for 8 March, 双12 for 12 December
    named = days[[f"{d.month}{d.day}" in numbers or (d.month == d.day and f"双{d.month}" in name) for d in days]]
    if "618" in name:
        return {"campaign_burst": opening.union(named)}
    return {"campaign_peak": named if len(named) else opening}


def _offered(past: pd.DataFrame) -> pd.Series:
    """The price on offer: median of the prices paid within three days.

    The price paid, carried over days without a sale, would tell whether something was sold.
    """
    paid = past["price_yuan"].where(past["price_seen"])
    wide = paid.groupby(past["item_id"]).transform(lambda p: p.rolling(2 * NEAR_DAYS + 1, center=True, min_periods=1).median())
    carried = wide.groupby(past["item_id"]).ffill()
    return carried.fillna(wide.groupby(past["item_id"]).bfill()).fillna(past["price_yuan"])


def _usual(past: pd.DataFrame) -> pd.Series:
    """List price, or where none is known the price an item had on three days in four or less."""
    high = past.groupby("item_id")["price_yuan"].transform(lambda p: p.quantile(0.75))
    return past["list_price_yuan"].fillna(high)


def _recent(prices: pd.Series) -> float:
    return float(prices.tail(28).median())


def _on(column: pd.Series) -> pd.Series:
    text = column.astype("string").str.strip()
    return (text.notna() & ~text.isin(["", "0", "否", "无"])).astype(float)


def _plan(shop: Shop, ahead: pd.DatetimeIndex) -> pd.DataFrame | None:
    """Planned price and promotion of the horizon's days, or None."""
    if not shop.has("plan"):
        return None
    columns = [c for c in ("item_id", "date", "price", "promotion") if c in shop.table("plan").columns]
    plan = shop.table("plan", columns=columns)
    plan = plan[pd.to_datetime(plan["date"]).isin(ahead)].drop_duplicates(["item_id", "date"])
    return None if plan.empty else plan.assign(date=pd.to_datetime(plan["date"]))
