"""Reads what a price plan rests on: recent item-days, unit cost, fees, the price floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.errors import ExportError, ParameterError
from tmall_nb.queries.price_days import check_columns, price_days
from tmall_nb.shop import Shop

COST_NAMES = ("unit_cost", "unit_cost_yuan", "cost")
NOW_DAYS, RECENT_DAYS, LEAST_DAYS = 28, 56, 14


@dataclass(frozen=True, slots=True)
class Book:
    """Item-days and the facts of the shop.

    Attributes
    ----------
    days : item_id, date, paid_units, price_yuan, log price known and units counted in full (``clean``)
    items : one row per item_id: item_title, price_now, unit_cost, cost_source (costs, gross_margin, ""), floor_yuan
    fee, kept, shipping : commission rate, share of money left after refunds, freight a unit
    campaigns : start, end of campaigns ahead of the last day
    price_source : order_items, product_daily or frame
    dropped : rows set aside by reason
    """

    days: pd.DataFrame
    items: pd.DataFrame
    fee: float
    kept: float
    shipping: float
    campaigns: pd.DataFrame
    price_source: str
    dropped: dict[str, int]


def read_book(source: Shop | pd.DataFrame, floor_days: int) -> Book:
    """Return the book of a shop or a frame; missing columns raise with what was found."""
    days = price_days(source) if isinstance(source, Shop) else source
    check_columns(days)
    days, dropped = _clean(days, _campaign_dates(source, days))
    items = _items(days, source, floor_days)
    fee, kept, shipping = _fees(source)
    ahead = source.calendar if isinstance(source, Shop) else pd.DataFrame({"start": [], "end": []})
    ahead = ahead[pd.to_datetime(ahead["end"]) > days["date"].max()] if len(ahead) else ahead
    price_source = str(days["price_source"].iloc[0]) if isinstance(source, Shop) and "price_source" in days else "frame"
    return Book(days, items, fee, kept, shipping, ahead, price_source, dropped)


def _campaign_dates(source: Shop | pd.DataFrame, days: pd.DataFrame) -> pd.DatetimeIndex:
    if not isinstance(source, Shop) or source.calendar.empty:
        return pd.DatetimeIndex([])
    last = pd.to_datetime(days["date"]).max()
    rows = source.calendar[source.calendar["start"] <= last]
    runs = [pd.date_range(r.start.normalize(), min(r.end.normalize(), last)) for r in rows.itertuples()]
    return runs[0].append(runs[1:]).unique() if runs else pd.DatetimeIndex([])


def _clean(days: pd.DataFrame, campaign: pd.DatetimeIndex) -> tuple[pd.DataFrame, dict[str, int]]:
    frame = days.assign(item_id=days["item_id"].astype(str), date=pd.to_datetime(days["date"]).dt.normalize())
    twice = frame.duplicated(["item_id", "date"])
    if twice.any():
        at = frame[twice].iloc[0]
        raise ExportError(
            "item_days",
            f"item {at['item_id']} stands more than once on {at['date']:%Y-%m-%d}: one row per item and day is needed",
            row=int(np.flatnonzero(twice)[0]) + 1,
            column="item_id",
        )
    known = frame["paid_units"].notna() & (frame["price_yuan"] > 0)
    stocked = frame["in_stock"].astype("boolean").fillna(True).astype(bool) if "in_stock" in frame else known | True
    out = frame["sold_out"].astype("boolean").fillna(False).astype(bool) if "sold_out" in frame else known & False
    in_campaign = frame["date"].isin(campaign)
    frame = frame.assign(known=known, clean=known & stocked & ~out & ~in_campaign, sold=known & (frame["paid_units"] > 0))
    dropped = {"no_price_or_units": int((~known).sum())}
    return frame.sort_values(["item_id", "date"], ignore_index=True), dropped


def _items(days: pd.DataFrame, source: Shop | pd.DataFrame, floor_days: int) -> pd.DataFrame:
    last = days["date"].max()
    sold = days[days["sold"]]
    usual = sold[sold["clean"] & (sold["date"] > last - pd.Timedelta(days=NOW_DAYS))]
    now = usual.groupby("item_id")["price_yuan"].median()
    carried = days[days["known"]].groupby("item_id")["price_yuan"].last()
    items = pd.DataFrame({"item_id": np.sort(days["item_id"].unique())}).set_index("item_id")
    items["item_title"] = days.groupby("item_id")["item_title"].last() if "item_title" in days else ""
    items["price_now"] = now.reindex(items.index).fillna(carried)
    items = _with_costs(items, days, source)
    since = last - pd.Timedelta(days=floor_days)
    floor = sold[sold["date"] > since].groupby("item_id")["price_yuan"].min() if floor_days else pd.Series(dtype=float)
    items["floor_yuan"] = floor.reindex(items.index)
    if floor_days and isinstance(source, Shop):
        from tmall_nb.queries.price_facts import lowest_prices

        platform = lowest_prices(source, since=since).set_index("item_id")["floor_yuan"].reindex(items.index)
        items["floor_yuan"] = np.fmin(items["floor_yuan"], platform)
    return items.reset_index()


def _with_costs(items: pd.DataFrame, days: pd.DataFrame, source: Shop | pd.DataFrame) -> pd.DataFrame:
    name = next((c for c in COST_NAMES if c in days), None)
    items["unit_cost"], items["cost_source"] = np.nan, ""
    if name is not None:
        values = pd.to_numeric(days[name], errors="coerce").where(lambda v: v > 0)
        items["unit_cost"] = values.groupby(days["item_id"]).last().reindex(items.index)
        items.loc[items["unit_cost"].notna(), "cost_source"] = "costs"
    margin = source.settings.get("gross_margin") if isinstance(source, Shop) else None
    if margin is not None:
        if not 0 < float(margin) < 1:
            raise ParameterError("gross_margin", margin, "0-1 in shop.toml; write 0.5 for 50 %")
        sold = days[days["sold"]]
        mean = (sold["paid_units"] * sold["price_yuan"]).groupby(sold["item_id"]).sum() / sold.groupby("item_id")[
            "paid_units"
        ].sum()
        guess = (1 - float(margin)) * mean.reindex(items.index)
        lacking = items["unit_cost"].isna() & guess.notna()
        items.loc[lacking, "unit_cost"] = guess[lacking]
        items.loc[lacking, "cost_source"] = "gross_margin"
    return items


def _fees(source: Shop | pd.DataFrame) -> tuple[float, float, float]:
    if not isinstance(source, Shop):
        return 0.0, 1.0, 0.0
    from tmall_nb.queries.price_facts import order_facts

    kept, units = order_facts(source)
    fee = float(source.settings.get("commission_rate") or 0.0)
    if not 0 <= fee < 1:
        raise ParameterError("commission_rate", fee, "0-1 in shop.toml; write 0.05 for 5 %")
    return fee, kept, float(source.settings.get("shipping_cost_yuan") or 0.0) / units
