"""What a plan says, most important first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tmall_nb.analyses.replenishment.result import Basis
from tmall_nb.analyses.result import Finding, Method

__all__ = ["plan_findings"]

Frames = dict[str, pd.DataFrame]
BARELY = 0.02  # savings whose lower edge lies below this share of their mean may be nothing


def plan_findings(basis: Basis, made: Frames, method: Method, *, saved: pd.DataFrame) -> tuple[Finding, ...]:
    """Orders, goods that come too late, the next campaign, slow stock, cash, and what limits certainty."""
    level = float(method.parameters["service_level"])
    known = made["table"]["stockout_risk"].notna().any()
    found = [
        *(
            [_order(basis, made, method), _late(made, level), *_campaign(basis, made, level, saved)]
            if known
            else [_points(made, level)]
        ),
        _slow(made),
        _budget(made, method),
        _losing(basis, made),
        _stock(basis, made),
        _together(method, level),
        _unknown(basis, known=known),
    ]
    return tuple(f for f in found if f is not None)


def _order(basis: Basis, made: Frames, method: Method) -> Finding:
    table, rows = made["table"], made["priority"]
    level = float(method.parameters["service_level"])
    if rows.empty:
        return Finding("rep_nothing", "good", {"items": int(table["stockout_risk"].notna().sum()), "level": level})
    ordered = table[table["order_units"] > 0]
    cash = made["cash"].set_index("measure")
    saved = cash.loc["margin_saved"]
    days = float(np.median(basis.items["lead_time_days"] + basis.items["review_days"]))
    top = rows.sort_values(["saved_yuan", "wanted_units"], ascending=False).iloc[0]
    values: dict[str, Any] = {
        "items": len(ordered), "units": float(ordered["order_units"].sum()), "level": level, "days": days,
        "item": str(top["item_title"]), "item_units": float(top["order_units"]), "cash": float(cash.loc["order_cash", "yuan"]),
    }  # fmt: skip
    if not saved["yuan"] > 0:
        known = basis.items["unit_margin"].notna().any()
        return Finding("rep_order_no_gain" if known else "rep_order_units", "watch" if known else "act", values, action=True)
    values |= {"saved": saved["yuan"], "saved_low": saved["low"], "saved_high": saved["high"]}
    values |= {"gain": saved["yuan"], "gain_low": saved["low"], "gain_high": saved["high"], "gain_days": days}
    sure = saved["low"] > BARELY * saved["yuan"]
    return Finding("rep_order" if sure else "rep_order_unsure", "act" if sure else "watch", values, action=True)


def _late(made: Frames, level: float) -> Finding | None:
    table = made["table"]
    rows = table[table["verdict"] == "order_late"]
    if rows.empty:
        return None
    risks = made["risks"].set_index("item_id").reindex(rows["item_id"])
    lost = made["cash"].set_index("measure").loc["margin_too_late"]
    values = {
        "items": len(rows), "level": level, "units": float(risks["too_late_units"].sum()), "lost": lost["yuan"],
        "lost_low": lost["low"], "lost_high": lost["high"], "item": str(rows["item_title"].iloc[0]),
    }  # fmt: skip
    if not lost["yuan"] > 0:
        return Finding("rep_late_units", "act", values, action=True)
    values |= {"gain": lost["yuan"], "gain_low": lost["low"], "gain_high": lost["high"]}
    return Finding("rep_late", "act", values, action=True)


def _campaign(basis: Basis, made: Frames, level: float, saved: pd.DataFrame) -> list[Finding]:
    rows, found = made["campaigns"], []
    for name, part in rows.groupby("campaign", sort=False):
        short = part[part["short_units"] > 0]
        values: dict[str, Any] = {"campaign": name, "start": part["start"].iloc[0], "items": len(part), "level": level}
        if short.empty:
            found.append(Finding("rep_campaign_enough", "good", values))
            continue
        late = int((short["verdict"] == "order_late").sum())
        values |= {"short": len(short), "units": float(short["short_units"].sum()), "order_by": short["order_by"].min()}
        values |= {"late": late, "item": str(short["item_title"].iloc[0]), "item_units": float(short["short_units"].iloc[0])}
        gain, low, high = (float(saved.loc[str(name), c]) for c in ("saved", "low", "high"))
        if gain > 0:
            days = int((part["end"].iloc[0].normalize() - part["start"].iloc[0].normalize()).days) + 1
            values |= {"gain": gain, "gain_low": low, "gain_high": high, "gain_days": days}
        key = "rep_campaign_late" if late else "rep_campaign_short"
        found.append(Finding(key, "act", values, action=True))
    beyond = basis.events[basis.events["start"] > basis.dates[-1]]
    if len(beyond) and not found:
        event = beyond.iloc[0]
        days = int((event["end"].normalize() - basis.dates[0]).days) + 1
        values = {"campaign": event["campaign"], "start": event["start"], "last": basis.dates[-1], "days": min(days, 180)}
        found.append(Finding("rep_campaign_beyond", "unknown", values))
    return found


def _points(made: Frames, level: float) -> Finding:
    table = made["table"].dropna(subset=["reorder_point"])
    if table.empty:
        return Finding("rep_too_little", "unknown", {"items": len(made["table"])})
    top = table.sort_values("reorder_point", ascending=False).iloc[0]
    values = {"items": len(table), "level": level, "item": str(top["item_title"]), "units": float(top["reorder_point"])}
    return Finding("rep_points_only", "unknown", values)


def _slow(made: Frames) -> Finding | None:
    rows = made["slow"]
    if rows.empty:
        return None
    top = rows.iloc[0]
    values: dict[str, Any] = {
        "items": len(rows), "units": float(rows["excess_units"].sum()), "cash": float(rows["cash_yuan"].sum()),
        "cash_low": float(rows["cash_yuan_low"].sum()), "cash_high": float(rows["cash_yuan_high"].sum()),
        "item": str(top["item_title"]), "cover": float(top["days_of_cover"]), "cover_low": float(top["low"]),
        "cover_high": float(top["high"]),
    }  # fmt: skip
    key = "rep_slow" if np.isfinite(values["cover"]) else "rep_slow_stopped"
    if not rows["cash_yuan"].sum() > 0:
        key = "rep_slow_units"
    return Finding(key, "watch", values, action=True)


def _budget(made: Frames, method: Method) -> Finding | None:
    budget, rows = method.parameters["budget_yuan"], made["priority"]
    if budget is None or rows.empty:
        return None
    open_ = rows[rows["verdict"] != "funded"]
    values = {"budget": budget, "items": len(rows), "funded": len(rows) - len(open_), "cash": float(rows["cash_yuan"].sum())}
    if open_.empty:
        return Finding("rep_budget_enough", "good", values)
    share = 1 - open_["order_units"] / open_["wanted_units"]
    for name, column in (("lost", "saved_yuan"), ("lost_low", "low"), ("lost_high", "high")):
        values[name] = float((open_[column] * share).sum())
    values["first"] = str(rows["item_title"].iloc[0])
    return Finding("rep_budget_short", "watch", values)


def _losing(basis: Basis, made: Frames) -> Finding | None:
    """Items to order that lose money with every unit sold."""
    table = made["table"].merge(basis.items[["item_id", "unit_margin"]], on="item_id")
    rows = table[(table["unit_margin"] < 0) & (table["order_units"] > 0)]
    if rows.empty:
        return None
    worst = rows.sort_values(["unit_margin", "item_id"]).iloc[0]
    values = {"items": len(rows), "item": str(worst["item_title"]), "margin": float(worst["unit_margin"])}
    return Finding("rep_losing", "watch", values)


def _stock(basis: Basis, made: Frames) -> Finding | None:
    items = basis.items
    day = items["stock_date"].max()
    values: dict[str, Any] = {"date": day, "items": int(items["stock_units"].notna().sum())}
    if basis.kind == "history":
        days, empty = float(items["stock_days"].sum()), float(items["empty_days"].sum())
        values |= {"days": 56, "empty": empty / days if days else np.nan}
        return Finding("rep_stock_history", "good" if days and empty / days < 0.02 else "watch", values)
    if basis.kind == "none":
        return Finding("rep_stock_none", "unknown", values)
    if basis.kind == "given":
        return None
    values["sold"] = float(items["sold_since"].sum())
    key = "rep_stock_undated" if pd.isna(day) else "rep_stock_old" if values["sold"] > 0 else "rep_stock_snapshot"
    return Finding(key, "watch", values)


def _together(method: Method, level: float) -> Finding | None:
    low, high, windows = (method.parameters[k] for k in ("served_low", "served_high", "windows"))
    if windows < 3 or low is None:
        return Finding("rep_untested", "unknown", {"windows": windows, "level": level})
    return Finding("rep_together", "watch", {"low": low, "high": high, "level": level, "windows": windows})


def _unknown(basis: Basis, *, known: bool) -> Finding | None:
    states = basis.items["state"]
    short = int((states == "horizon_too_short").sum())
    if short:
        late = basis.items[states == "horizon_too_short"]
        days = int(np.ceil((late["lead_time_days"] + late["review_days"]).max()))
        return Finding("rep_horizon_short", "unknown", {"items": short, "days": days})
    lacking = int((states == "stock_unknown").sum())
    return Finding("rep_some_unknown", "unknown", {"items": lacking}) if lacking and known else None
