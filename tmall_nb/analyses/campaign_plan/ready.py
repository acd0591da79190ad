"""What is ready and what is not, and what the plan says."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign_plan.past import Upcoming
from tmall_nb.analyses.result import Finding
from tmall_nb.shop import Shop

__all__ = ["checklist", "plan_findings"]

TITLE_UNITS = 50  # of 60 half widths: shorter titles leave room for words that are searched
Frames = dict[str, pd.DataFrame]


def checklist(shop: Shop, stock: pd.DataFrame, table: pd.DataFrame, days: int) -> pd.DataFrame:
    """Stock, coupons, titles, costs, staffing: check, state (ready, todo, unknown), count, what it counts (unit)."""
    rows = [_stock_row(stock), _coupon_row(shop), _title_row(shop), _cost_row(stock), _staff_row(shop, table)]
    return pd.DataFrame(rows, columns=["check", "state", "count"])


def _stock_row(stock: pd.DataFrame) -> tuple[str, str, float]:
    if stock.empty or stock["stock_units"].isna().all():
        return "stock_short_items", "unknown", np.nan
    short = int((stock["order_units"] > 0).sum())
    return "stock_short_items", "todo" if short else "ready", short


def _coupon_row(shop: Shop) -> tuple[str, str, float]:
    if not shop.has("promo_tool_daily"):
        return "coupons_active", "unknown", np.nan
    text = (
        "SELECT count(DISTINCT promotion_id) AS n FROM promo_tool_daily WHERE date = (SELECT max(date) FROM promo_tool_daily)"
    )
    active = int(shop.sql(text)["n"].iloc[0])
    return "coupons_active", "ready" if active else "todo", active


def _title_row(shop: Shop) -> tuple[str, str, float]:
    if not shop.has("product_master", "item_title"):
        return "titles_with_room", "unknown", np.nan
    titles = shop.table("product_master", ["item_id", "item_title"]).drop_duplicates("item_id")["item_title"].dropna()
    width = titles.map(lambda t: sum(2 if ord(c) > 255 else 1 for c in t))
    room = int((width < TITLE_UNITS).sum())
    return "titles_with_room", "todo" if room else "ready", room


def _cost_row(stock: pd.DataFrame) -> tuple[str, str, float]:
    lacking = int(stock["unit_cost"].isna().sum()) if len(stock) else 0
    return "items_without_cost", "todo" if lacking else "ready", lacking


def _staff_row(shop: Shop, table: pd.DataFrame) -> tuple[str, str, float]:
    """Agents a day: inquiries per visitor of the last 28 days × planned visitors ÷ inquiries an agent handles on a busy day."""
    if not shop.has("cs_daily"):
        return "agents_needed", "unknown", np.nan
    cs = shop.sql(
        "SELECT date, sum(inquiry_users) AS users, count(DISTINCT agent) AS agents FROM cs_daily GROUP BY 1 ORDER BY 1"
    ).tail(28)
    row = table.set_index("metric").loc["visitors"]
    per_visitor = cs["users"].mean() / row["usual"]
    capacity = float((cs["users"] / cs["agents"]).quantile(0.9))
    needed = int(np.ceil(per_visitor * row["high"] / capacity)) if capacity > 0 else 0
    return "agents_needed", "todo" if needed > cs["agents"].iloc[-1] else "ready", needed


def plan_findings(frames: Frames, ahead: Upcoming) -> tuple[Finding, ...]:
    """Target range, stock to order, budget that breaks even, depth, readiness, dates."""
    row = frames["table"].set_index("metric").loc["paid_amount"]
    values = {"campaign": ahead.name, "start": ahead.start, "end": ahead.end, "paid": row["planned"], "paid_low": row["low"]}
    values |= {"paid_high": row["high"], "times": row["times"], "campaigns": int(row["campaigns"])}
    clear = row["low"] > row["usual"]
    found = [Finding("plan_target" if clear else "plan_target_unclear", "good" if clear else "unknown", values)]
    stock = frames["stock"]
    short = stock[stock["order_units"] > 0] if len(stock) else stock
    if len(short):
        top = short.sort_values("order_units", ascending=False).iloc[0]
        numbers = {"items": len(short), "units": int(short["order_units"].sum()), "item": top["item_title"]}
        found.append(Finding("plan_order_stock", "act", numbers | {"item_units": int(top["order_units"])}, action=True))
    elif len(stock) and stock["stock_units"].notna().any():
        found.append(Finding("plan_stock_enough", "good", {"items": len(stock)}))
    budget = frames["budget"].set_index("line")
    most, planned = budget.loc["break_even_ads"], budget.loc["planned_ads"]
    if np.isfinite(most["yuan"]):
        numbers = {"planned": planned["yuan"], "most": most["yuan"], "most_low": most["low"], "most_high": most["high"]}
        tone = "good" if planned["yuan"] <= most["low"] else "watch"
        found.append(Finding("plan_budget_fits" if tone == "good" else "plan_budget_tight", tone, numbers))  # type: ignore[arg-type]
    open_checks = frames["checklist"][frames["checklist"]["state"] == "todo"]
    if len(open_checks):
        found.append(Finding("plan_not_ready", "act", {"count": len(open_checks)}, action=True))
    if ahead.confidence != "H":
        found.append(Finding("plan_dates", "watch", {"source": ahead.source, "confidence": ahead.confidence}))
    if frames["signals"].empty:
        found.append(Finding("plan_no_signal", "unknown", {"start": ahead.start}))
    else:
        last = frames["signals"].iloc[-1]
        numbers = {
            "carts": last["carts"],
            "forecast": last["forecast"],
            "forecast_low": last["low"],
            "forecast_high": last["high"],
        }
        found.append(Finding("plan_signal", "watch", numbers))
    return tuple(found)
