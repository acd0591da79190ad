"""Charts of a replenishment plan; every figure is read from the result."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tmall_nb.analyses.replenishment.result import ReplenishmentResult
from tmall_nb.charts.figure import Chart
from tmall_nb.charts.style import ACCENT, INK, MUTED, RULE, TONES, date_axis, finish, new_figure, shade, yuan_axis
from tmall_nb.words import label

__all__ = [
    "campaign_stock",
    "draw_points",
    "order_priority",
    "reorder_points",
    "slow_stock",
    "stock_at_risk",
    "stock_projection",
]

say = partial(label, "replenishment")
MOST_ITEMS = 14
PANELS = 4


def reorder_points(result: ReplenishmentResult, *, language: str = "zh") -> Figure:
    """Reorder point of the items with most at stake, split into expected sales and safety stock, against what is there."""
    return draw_points(result, language=language)


def draw_points(result: ReplenishmentResult, *, language: str = "zh", fig: Chart | None = None) -> Chart:
    """The same into a kept figure, for a panel that moves."""
    rows = result.table.dropna(subset=["reorder_point"]).head(MOST_ITEMS)
    rows = rows.merge(result.detail, on="item_id", how="left", suffixes=("", "_detail"))[::-1].reset_index(drop=True)
    level = result.method.parameters["service_level"]
    if fig is None:
        fig, ax = new_figure(language, height=1.5 + 0.26 * max(len(rows), 3))
    else:
        ax = fig.axes[0]
        ax.clear()
    base = rows[["expected_units", "reorder_point"]].min(axis=1)
    ax.barh(rows.index, base, height=0.6, color=ACCENT, alpha=0.55)
    ax.barh(
        rows.index, rows["reorder_point"] - base, left=base, height=0.6, color="white", edgecolor=ACCENT, hatch="///", lw=0.6,
    )  # fmt: skip
    have = rows["stock_units"] + rows["inbound_units"].fillna(0)
    ax.plot(have, rows.index, "D", ms=5, color=INK)
    _items(ax, rows)
    ax.grid(True, axis="x")
    ax.set_xlabel(say("units_axis", language))
    below = int(result.table["verdict"].isin(["order_now", "order_late"]).sum())
    known = bool(have.notna().any())
    key = "points_title" if known else "points_title_unknown"
    title = say(key, language, count=below, items=len(result.table), level=level)
    return finish(fig, title=title, subtitle=say("points_subtitle", language, level=level), alt=title)


def stock_at_risk(result: ReplenishmentResult, *, language: str = "zh") -> Figure:
    """Margin that may be lost if nothing is ordered, item by item, with the chance to run out."""
    rows = result.risks.head(MOST_ITEMS)[::-1].reset_index(drop=True)
    money = bool(rows["lost_yuan"].notna().any())
    fig, ax = new_figure(language, height=1.4 + 0.26 * max(len(rows), 3))
    if money:
        ax.hlines(rows.index, rows["low"], rows["high"], color=ACCENT, lw=1.8)
        ax.plot(rows["lost_yuan"], rows.index, "o", color=ACCENT)
        yuan_axis(ax, "x", language)
    else:
        ax.plot(rows["lost_units"], rows.index, "o", color=ACCENT)
    edge = rows["high"].fillna(rows["lost_units"]) if money else rows["lost_units"]
    for y, row in rows.iterrows():
        text = say("risk_of", language, risk=row["stockout_risk"])
        ax.annotate(text, (edge[y], y), xytext=(5, 0), textcoords="offset points", va="center", fontsize=8.5, color=MUTED)
    ax.margins(x=0.16)
    ax.set_xlim(left=0)
    _items(ax, rows)
    ax.set_xlabel(say("lost_axis" if money else "lost_units_axis", language))
    top = rows.iloc[-1] if len(rows) else None
    title = say("risk_none", language) if top is None else say("risk_title", language, item=top["item_title"])
    return finish(fig, title=title, subtitle=say("risk_subtitle", language), alt=title)


def stock_projection(result: ReplenishmentResult, *, language: str = "zh") -> Figure:
    """Stock to come of the most urgent items, with and without the order; last order day and campaigns marked."""
    items = result.table.loc[result.table["item_id"].isin(result.path["item_id"]), "item_id"].head(PANELS)
    fig, axes = new_figure(language, rows=2, columns=2, height=5.4, sharex=True)
    for ax, item in zip(axes.ravel(), items, strict=False):
        _projection(ax, result, item, language)
    for ax in axes.ravel()[len(items) :]:
        ax.set_visible(False)
    days = result.path["date"]
    values = {"count": len(items), "start": days.min(), "end": days.max()} if len(items) else {}
    title = say("projection_title", language, **values) if len(items) else say("risk_none", language)
    return finish(fig, title=title, subtitle=say("projection_subtitle", language), alt=title)


def _projection(ax: Axes, result: ReplenishmentResult, item: str, language: str) -> None:
    path = result.path[result.path["item_id"] == item]
    row = result.table[result.table["item_id"] == item].iloc[0]
    ax.fill_between(path["date"], path["without_low"], path["without_high"], color=RULE, lw=0)
    ax.plot(path["date"], path["without"], color=MUTED, ls="--")
    ax.plot(path["date"], path["planned"], color=ACCENT)
    ax.axhline(row["reorder_point"], color=TONES["act"], lw=0.9, ls=":")
    if pd.notna(row["order_by"]):
        ax.axvline(row["order_by"], color=INK, lw=1.0)
        ax.annotate(
            say("order_mark", language), (row["order_by"], 0.98), xycoords=("data", "axes fraction"), xytext=(3, 0),
            textcoords="offset points", va="top", fontsize=8.5,
        )  # fmt: skip
    last = path["date"].max()
    for event in result.basis.events.itertuples():
        if event.start <= last:
            shade(ax, max(event.start, path["date"].min()), min(event.end, last), event.campaign)
    ax.set_title(_short(row["item_title"], 16), fontsize=9.5)
    ax.set_ylim(bottom=0, top=1.25 * max(path["planned"].max(), path["without_high"].max(), row["reorder_point"], 1))
    ax.set_ylabel(say("units_axis", language))
    date_axis(ax, language)


def order_priority(result: ReplenishmentResult, *, language: str = "zh") -> Figure:
    """Margin saved as cash is spent, item after item, most saved per yuan first; the budget where there is one."""
    rows = result.priority.dropna(subset=["cash_yuan", "saved_yuan"])
    fig, ax = new_figure(language, height=3.2)
    cash, saved = [0.0, *rows["cash_so_far"]], [0.0, *rows["saved_yuan"].cumsum()]
    ax.plot(cash, saved, "-o", ms=4, color=ACCENT, clip_on=False)
    apart = [k for k in range(len(rows)) if k == 0 or rows["cash_yuan"].iloc[k] > 0.12 * rows["cash_yuan"].sum()]
    for k in apart[:4]:
        ax.annotate(
            _short(rows["item_title"].iloc[k], 14), (cash[k + 1], saved[k + 1]), xytext=(6, -10), textcoords="offset points",
            fontsize=8.5, color=MUTED,
        )  # fmt: skip
    budget = result.method.parameters["budget_yuan"]
    if budget is not None:
        ax.axvline(budget, color=INK, lw=1.0, ls="--")
        ax.annotate(
            say("budget", language), (budget, 0.03), xycoords=("data", "axes fraction"), xytext=(4, 0),
            textcoords="offset points", fontsize=8.5,
        )  # fmt: skip
    yuan_axis(ax, "y", language)
    yuan_axis(ax, "x", language)
    ax.grid(True, axis="y")
    ax.set_ylim(bottom=0)
    ax.set_xlabel(say("cash_axis", language))
    ax.set_ylabel(say("saved_axis", language))
    if rows.empty:
        title = say("priority_none", language)
    else:
        half = rows[rows["saved_yuan"].cumsum() >= 0.5 * rows["saved_yuan"].sum()].iloc[0]
        title = say("priority_title", language, cash=half["cash_so_far"], share=half["cash_so_far"] / rows["cash_yuan"].sum())
    return finish(fig, title=title, subtitle=say("priority_subtitle", language), alt=title)


def campaign_stock(result: ReplenishmentResult, *, language: str = "zh") -> Figure:
    """Units the next campaign may sell against what will be there on its first day, item by item."""
    every = result.campaigns
    fig, ax = new_figure(language, height=1.4 + 0.26 * max(min(len(every), MOST_ITEMS), 3))
    level = result.method.parameters["service_level"]
    if every.empty:
        return _nothing(fig, ax, say("campaign_none", language))
    name = every["campaign"].iloc[0]
    whole = every[every["campaign"] == name]
    rows = whole.head(MOST_ITEMS)[::-1].reset_index(drop=True)
    ax.barh(
        rows.index, rows["have_units"].fillna(0), height=0.6, color=RULE, edgecolor=MUTED, hatch="///", lw=0.5,
    )  # fmt: skip
    ax.hlines(rows.index, rows["low"], rows["high"], color=ACCENT, lw=1.6)
    ax.plot(rows["expected"], rows.index, "o", color=ACCENT)
    ax.plot(rows["need_units"], rows.index, "|", ms=12, mew=2, color=INK)
    _items(ax, rows)
    ax.grid(True, axis="x")
    ax.set_xlabel(say("units_axis", language))
    short = int((whole["short_units"] > 0).sum())
    values: dict[str, Any] = {"campaign": name, "count": short, "items": len(whole)}
    title = say("campaign_title", language, **values)
    subtitle = say("campaign_subtitle", language, level=level, start=whole["start"].iloc[0], end=whole["end"].iloc[0])
    return finish(fig, title=title, subtitle=subtitle, alt=title)


def slow_stock(result: ReplenishmentResult, *, language: str = "zh") -> Figure:
    """Cash in stock beyond 90 days of sales, item by item, with days of cover."""
    rows = result.slow.head(MOST_ITEMS)[::-1].reset_index(drop=True)
    fig, ax = new_figure(language, height=1.4 + 0.26 * max(len(rows), 3))
    if rows.empty:
        return _nothing(fig, ax, say("slow_none", language))
    money = bool(rows["cash_yuan"].notna().any())
    value = rows["cash_yuan"].fillna(0) if money else rows["excess_units"]
    ax.barh(rows.index, value, height=0.6, color=TONES["watch"], edgecolor=MUTED, hatch="...", lw=0.5)
    if money:
        ax.hlines(rows.index, rows["cash_yuan_low"], rows["cash_yuan_high"], color=INK, lw=1.2)
        yuan_axis(ax, "x", language)
    reach = rows["cash_yuan_high"].fillna(value) if money else value
    for y, days in rows["days_of_cover"].items():
        text = say("cover", language, days=days) if days < 1000 else say("cover_long", language)
        ax.annotate(text, (reach[y], y), xytext=(5, 0), textcoords="offset points", va="center", fontsize=8.5, color=MUTED)
    ax.margins(x=0.18)
    _items(ax, rows)
    ax.set_xlabel(say("excess_axis" if money else "excess_units_axis", language))
    title = say("slow_title", language, count=len(result.slow), cash=result.slow["cash_yuan"].sum())
    return finish(fig, title=title, subtitle=say("slow_subtitle", language), alt=title)


def _nothing(fig: Chart, ax: Axes, text: str) -> Chart:
    ax.set_axis_off()
    return finish(fig, title=text, alt=text)


def _items(ax: Axes, rows: pd.DataFrame) -> None:
    ax.set_yticks(range(len(rows)), [_short(t, 14) for t in rows["item_title"].astype(str)])
    ax.set_ylim(-0.6, max(len(rows), 3) - 0.4)
    ax.grid(False, axis="y")


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
