"""Charts of the price plan; every figure is read from the result."""

from __future__ import annotations

from functools import partial

import pandas as pd
from matplotlib.axes import Axes

from tmall_nb.analyses.pricing import PriceResult
from tmall_nb.charts.elasticity import short
from tmall_nb.charts.figure import Chart
from tmall_nb.charts.style import ACCENT, GRID, INK, MUTED, TONES, empty_chart, finish, new_figure, yuan_axis
from tmall_nb.words import label

__all__ = ["draw_price", "price_gains", "profit_curves"]

say = partial(label, "pricing")
MOST, PANELS = 18, 6
TONE = {"raise": "good", "lower": "good", "test": "watch", "open": "unknown", "keep": "unknown"}
MARK = {"raise": ">", "lower": "<", "test": "s", "open": "o", "keep": "o"}


def price_gains(result: PriceResult, *, language: str = "zh") -> Chart:
    """Expected gain of every planned change with its interval, largest first; hollow where its direction is open."""
    rows = (
        result.table[result.table["verdict"].isin(["raise", "lower", "test", "open"])].head(MOST)[::-1].reset_index(drop=True)
    )
    fig, ax = new_figure(language, height=1.5 + 0.26 * max(len(rows), 4))
    if rows.empty:
        return empty_chart(language)
    ax.axvline(0, color=INK, lw=0.9)
    for row in rows.itertuples():
        colour, sure = TONES[TONE[row.verdict]], row.verdict in {"raise", "lower"}
        ax.plot([row.gain_low, row.gain_high], [row.Index] * 2, color=colour, lw=2.0 if sure else 1.4)
        ax.plot(row.gain, row.Index, MARK[row.verdict], ms=7, color=colour, mfc=colour if sure else "white")
    texts = [f"{short(r.item_title, 9)}  {r.price_now:.0f}→{r.price_best:.0f}" for r in rows.itertuples()]
    ax.set_yticks(range(len(rows)), texts)
    yuan_axis(ax, "x", language)
    ax.set_xlabel(say("gain_axis", language))
    sure = result.table[result.table["verdict"].isin(["raise", "lower"])]
    title = say("gains_title" if len(sure) else "gains_title_open", language, items=len(sure), gain=float(sure["gain"].sum()))
    return finish(fig, title=title, subtitle=say("gains_subtitle", language, level=result.method.level), alt=title)


def profit_curves(result: PriceResult, *, language: str = "zh") -> Chart:
    """Profit a day over price with its interval: today's price, the planned one, and prices never seen shaded."""
    known = result.table[result.table["item_id"].isin(result.curve["item_id"])]
    ids = list(known.sort_values("gain", ascending=False).head(PANELS)["item_id"])
    if not ids:
        fig, ax = new_figure(language)
        return empty_chart(language)
    columns = min(3, len(ids))
    count = -(-len(ids) // columns)
    fig, grid = new_figure(language, rows=count, columns=columns, height=2.2 * count, squeeze=False)
    for ax in grid.ravel()[len(ids) :]:
        ax.set_axis_off()
    for item, ax in zip(ids, grid.ravel(), strict=False):
        row = known[known["item_id"] == item].iloc[0]
        _profit(ax, result.curve[result.curve["item_id"] == item], row, language)
    step = next((f.values["loss"] for f in result.findings if f.key == "price_step_off"), None)
    title = say("profit_title", language) if step is None else say("profit_title_step", language, loss=step)
    return finish(fig, title=title, subtitle=say("profit_subtitle", language, level=result.method.level), alt=title)


def _profit(ax: Axes, curve: pd.DataFrame, row: pd.Series, language: str) -> None:
    _band(ax, curve)
    seen = curve[curve["observed"].astype(bool)]["price_yuan"]
    ends = (curve["price_yuan"].min(), curve["price_yuan"].max())
    for left, right in ((ends[0], seen.min()), (seen.max(), ends[1])):
        ax.axvspan(left, right, facecolor=GRID, hatch="///", edgecolor="white", alpha=0.7, lw=0, zorder=0)
    ax.axvline(row["price_now"], color=INK, lw=1, ls="--")
    best = curve.iloc[(curve["price_yuan"] - row["price_best"]).abs().argmin()]
    ax.plot(row["price_best"], best["profit"], "D", color=TONES[TONE[row["verdict"]]], ms=6)
    ax.set_xlim(ends[0], ends[1])
    ax.margins(x=0.04)
    ax.autoscale(axis="x")
    ax.set_title(f"{short(row['item_title'], 9)}  {row['price_now']:.0f}→{row['price_best']:.0f}")
    yuan_axis(ax, "x", language)
    ax.grid(True, axis="y")


def _band(ax: Axes, curve: pd.DataFrame) -> None:
    ax.fill_between(curve["price_yuan"], curve["low"], curve["high"], color=ACCENT, alpha=0.18, lw=0)
    ax.plot(curve["price_yuan"], curve["profit"], color=ACCENT)


def draw_price(tried: pd.DataFrame, now: float, *, language: str = "zh", fig: Chart | None = None) -> Chart:
    """Profit over price of one item of ``try_price`` (the tried price last); ``fig`` is a chart of before to draw anew."""
    if fig is None:
        fig, ax = new_figure(language, height=3.2)
    else:
        ax = fig.axes[0]
        ax.clear()
    curve, point = tried.iloc[:-1], tried.iloc[-1]
    _band(ax, curve)
    ax.axvline(now, color=INK, lw=1, ls="--")
    ax.annotate(say("today", language), (now, 1), xycoords=("data", "axes fraction"), xytext=(4, -12),
                textcoords="offset points", color=MUTED)  # fmt: skip
    ax.plot(point["price_yuan"], point["profit"], "D", color=TONES["act"], ms=8)
    yuan_axis(ax, "x", language)
    yuan_axis(ax, "y", language)
    ax.set_xlabel(say("price_axis", language))
    ax.set_ylabel(say("profit_axis", language))
    title = say("panel_title", language, price=point["price_yuan"], profit=point["profit"])
    return finish(fig, title=title, subtitle=say("panel_subtitle", language), alt=title)
