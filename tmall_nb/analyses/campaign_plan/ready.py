"""What is ready and what is not, and what the plan says."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign_plan.past import Upcoming
from tmall_nb.analyses.result import Finding
from tmall_nb.shop import Shop

__all__ = ["checklist", "plan_findings"]

TITLE_FULL, TITLE_ROOM = 60, 50  # half widths a title may take, and below which words that are searched could be added
TOP_KEYWORDS = 20
Frames = dict[str, pd.DataFrame]
Row = tuple[str, str, float, str]


def checklist(shop: Shop, frames: Frames, ahead: Upcoming) -> pd.DataFrame:
    """Enrolment, stock, coupons, titles, costs, staffing: check, state (ready, todo, unknown), count, what (the first few)."""
    stock = frames["stock"]
    rows = [_enrolled_row(shop, ahead), _stock_row(stock), _coupon_row(shop, ahead), *_title_rows(shop), _keyword_row(shop)]
    rows += [_cost_row(stock), _staff_row(frames["staff"])]
    return pd.DataFrame(rows, columns=["check", "state", "count", "what"])


def _few(names: object, most: int = 3) -> str:
    return "、".join(str(n) for n in list(names)[:most])  # type: ignore[call-overload]


def _enrolled_row(shop: Shop, ahead: Upcoming) -> Row:
    if not shop.has("enrolment"):
        return "items_enrolled", "unknown", np.nan, ""
    rows = shop.sql("SELECT DISTINCT item_id, item_title FROM enrolment WHERE campaign = $campaign", campaign=ahead.name)
    return "items_enrolled", "ready" if len(rows) else "todo", len(rows), _few(rows["item_title"].dropna())


def _stock_row(stock: pd.DataFrame) -> Row:
    if stock.empty or stock["stock_units"].isna().all():
        return "stock_short_items", "unknown", np.nan, ""
    short = stock[stock["order_units"] > 0]
    return "stock_short_items", "todo" if len(short) else "ready", len(short), _few(short["item_title"])


def _coupon_row(shop: Shop, ahead: Upcoming) -> Row:
    """Offers that 价格查询 lists for the campaign's days, else tools in use on the newest day of 营销工具."""
    if shop.has("price_stack", "start_at"):
        text = (
            "SELECT DISTINCT coalesce(promotion, tool) AS name FROM price_stack "
            "WHERE start_at <= $start AND (end_at IS NULL OR end_at >= $start)"
        )
        names = shop.sql(text, start=ahead.start)["name"]
    elif shop.has("promo_tool_daily"):
        text = (
            "SELECT DISTINCT coalesce(promotion, promotion_id) AS name FROM promo_tool_daily "
            "WHERE date = (SELECT max(date) FROM promo_tool_daily)"
        )
        names = shop.sql(text)["name"]
    else:
        return "coupons_active", "unknown", np.nan, ""
    return "coupons_active", "ready" if len(names) else "todo", len(names), _few(names)


def _title_rows(shop: Shop) -> list[Row]:
    """Titles with room, titles over the limit, titles that say a word twice."""
    names = ("titles_with_room", "titles_too_long", "titles_repeat")
    if not shop.has("product_master", "item_title"):
        return [(name, "unknown", np.nan, "") for name in names]
    titles = shop.table("product_master", ["item_id", "item_title"]).drop_duplicates("item_id")["item_title"].dropna()
    width = titles.map(lambda t: sum(2 if ord(c) > 255 else 1 for c in t))
    hits = (width < TITLE_ROOM, width > TITLE_FULL, titles.map(_repeats))
    return [
        (name, "todo" if hit.any() else "ready", int(hit.sum()), _few(titles[hit.to_numpy()]))
        for name, hit in zip(names, hits, strict=True)
    ]


def _repeats(title: str) -> bool:
    """Two characters in a row that stand in the title again: the second time earns no more searches."""
    pairs = [title[k : k + 2] for k in range(len(title) - 1)]
    return any(pair in pairs[k + 2 :] for k, pair in enumerate(pairs) if pair.strip() and ord(pair[0]) > 255)


def _keyword_row(shop: Shop) -> Row:
    """Search words that brought most buyers lately and stand in no title."""
    if not (shop.has("search_own") and shop.has("product_master", "item_title")):
        return "keywords_missing", "unknown", np.nan, ""
    text = (
        "SELECT keyword, sum(coalesce(buyers, 0)) AS buyers, sum(visitors) AS visitors FROM search_own "
        "WHERE date > (SELECT max(date) FROM search_own) - INTERVAL 28 DAY "
        f"GROUP BY 1 ORDER BY buyers DESC, visitors DESC LIMIT {TOP_KEYWORDS}"
    )
    titles = [set(t) for t in shop.table("product_master", ["item_title"])["item_title"].dropna()]
    words = shop.sql(text)["keyword"]
    missing = words[[not any(set(w) <= t for t in titles) for w in words]]
    return "keywords_missing", "todo" if len(missing) else "ready", len(missing), _few(missing)


def _cost_row(stock: pd.DataFrame) -> Row:
    lacking = stock[stock["unit_cost"].isna()] if len(stock) else stock
    return "items_without_cost", "todo" if len(lacking) else "ready", len(lacking), _few(lacking["item_title"])


def _staff_row(staff: pd.DataFrame) -> Row:
    if staff.empty:
        return "agents_needed", "unknown", np.nan, ""
    row = staff.set_index("load").loc["agents"]
    return "agents_needed", "todo" if row["high"] > row["usual_day"] else "ready", float(row["high"]), ""


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
    found += [f for f in (_depth(frames["depths"]), _staff(frames["staff"]), _signal(frames, ahead)) if f is not None]
    if ahead.confidence != "H":
        found.append(Finding("plan_dates", "watch", {"source": ahead.source, "confidence": ahead.confidence}))
    return tuple(found)


def _depth(depths: pd.DataFrame) -> Finding | None:
    """Items whose own elasticity says that a discount raises the margin."""
    sure = depths[depths["verdict"] == "discount"]
    if sure.empty:
        return None
    top = sure.loc[sure["margin_change"].idxmax()]
    values = {"items": len(sure), "item": top["item_title"], "depth": top["depth"], "gain_days": 1}
    for name, column in (("gain", "margin_change"), ("gain_low", "low"), ("gain_high", "high")):
        values[name] = float(sure[column].sum())
    return Finding("plan_depth", "act", values, action=True)


def _staff(staff: pd.DataFrame) -> Finding | None:
    if staff.empty:
        return None
    rows = staff.set_index("load")
    agents, load = rows.loc["agents"], rows.loc["inquiries"]
    values = {"agents": int(agents["high"]), "usual": int(agents["usual_day"])}
    values |= {"inquiries": load["planned_day"], "inquiries_low": load["low"], "inquiries_high": load["high"]}
    more = agents["high"] > agents["usual_day"]
    return Finding("plan_staff_more" if more else "plan_staff_enough", "act" if more else "good", values, action=bool(more))


def _signal(frames: Frames, ahead: Upcoming) -> Finding:
    if frames["signals"].empty:
        return Finding("plan_no_signal", "unknown", {"start": ahead.start})
    last = frames["signals"].iloc[-1]
    values = {"carts": last["carts"], "date": last["date"]}
    for name, column in (("forecast", "forecast"), ("forecast_low", "low"), ("forecast_high", "high")):
        values[name] = last[column]
    return Finding("plan_signal", "watch", values)
