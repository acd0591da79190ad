"""Charts of a campaign's plan; every figure is read from the result."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from tmall_nb.analyses.campaign_plan import PlanResult
from tmall_nb.charts.figure import Chart
from tmall_nb.charts.style import ACCENT, INK, MUTED, RULE, empty_chart, finish, new_figure, percent_axis, yuan_axis
from tmall_nb.words import field_name, label

__all__ = ["draw_target", "plan_ratios", "plan_signals", "plan_stock"]

say = partial(label, "campaign_plan")
MOST_ITEMS = 14
FACTORS = ("visitors", "conversion_rate", "amount_per_buyer")
MARKS = ("o", "s", "^")


def plan_ratios(result: PlanResult, *, language: str = "zh") -> Figure:
    """Past campaigns' ratios to ordinary days and the range planned, factor by factor."""
    fig, ax = new_figure(language, height=2.8)
    table = result.table.set_index("metric")
    for y, name in enumerate(FACTORS[::-1]):
        row = table.loc[name]
        low, high = row["low"] / row["usual"], row["high"] / row["usual"]
        ax.plot([low, high], [y, y], color=ACCENT, lw=5, alpha=0.35, solid_capstyle="butt")
        ax.plot(row["times"], y, "D", color=ACCENT)
        ax.plot(result.past[f"{name}_times"], [y + 0.22] * len(result.past), "o", ms=4, mfc="white", color=MUTED)
    ax.axvline(1, color=INK, lw=0.8)
    ax.set_yticks(range(3), [field_name(k, language) for k in FACTORS[::-1]])
    ax.set_ylim(-0.5, 2.6)
    ax.set_xlabel(say("times_axis", language))
    row = table.loc["paid_amount"]
    values = {"paid": row["planned"], "paid_low": row["low"], "paid_high": row["high"]}
    title = say("ratios_title", language, **values)
    return finish(fig, title=title, subtitle=say("ratios_subtitle", language), alt=title)


def plan_stock(result: PlanResult, *, language: str = "zh") -> Figure:
    """Units the campaign may ask for against stock and goods on the way, item by item."""
    rows = result.stock.head(MOST_ITEMS)[::-1].reset_index(drop=True)
    fig, ax = new_figure(language, height=1.4 + 0.26 * max(len(rows), 3))
    have = rows["stock_units"].fillna(0) + rows["inbound_units"].fillna(0)
    ax.barh(range(len(rows)), have, height=0.6, color=RULE, edgecolor=MUTED, hatch="///", lw=0.5, label=say("have", language))
    for y, row in enumerate(rows.itertuples()):
        ax.plot([row.low, row.high], [y, y], color=ACCENT, lw=1.8)
        ax.plot(row.expected, y, "o", color=ACCENT, label=say("need", language) if y == 0 else None)
    ax.set_yticks(range(len(rows)), [t if len(t) <= 14 else t[:13] + "…" for t in rows["item_title"].astype(str)])
    ax.set_xlabel(say("units_axis", language))
    ax.legend(loc="lower right")
    short = int((result.stock["order_units"] > 0).sum())
    title = say("stock_title", language, count=short, items=len(result.stock))
    level = result.method.parameters["service_level"]
    return finish(fig, title=title, subtitle=say("stock_subtitle", language, level=level), alt=title)


def plan_signals(result: PlanResult, *, language: str = "zh") -> Figure:
    """How far past campaigns lay from their forecast on each day of the warm-up, and the median error."""
    rows = result.backtest
    if rows.empty:
        return empty_chart(language)
    fig, ax = new_figure(language, height=3.0)
    wide = rows.pivot(index="day", columns="campaign", values="error")
    ax.plot(wide.index, np.expm1(wide), color=MUTED, lw=0.9, alpha=0.45, zorder=1)
    middle = np.expm1(wide.abs().median(axis=1))
    for sign in (1, -1):
        ax.plot(wide.index, sign * middle, "-o" if sign > 0 else "--", color=ACCENT, ms=4)
    ax.axhline(0, color=INK, lw=0.8)
    ax.set_xticks(wide.index)
    ax.set_xlabel(say("signals_axis", language))
    ax.set_ylabel(say("error_axis", language))
    percent_axis(ax, "y", language)
    title = say("signals_title", language, first=float(middle.iloc[0]), last=float(middle.iloc[-1]))
    return finish(fig, title=title, subtitle=say("signals_subtitle", language), alt=title)


def draw_target(result: PlanResult, told: Mapping[str, float], *, language: str = "zh", fig: Chart | None = None) -> Chart:
    """The simulated paid amount beside ordinary days and the plan's range, on a figure that is kept."""
    row = result.table.set_index("metric").loc["paid_amount"]
    if fig is None:
        fig, ax = new_figure(language, height=1.9)
    else:
        ax = fig.axes[0]
        ax.clear()
    ax.axvspan(row["low"], row["high"], color=RULE, lw=0, zorder=0)
    ax.barh(
        [1, 0], [told["usual"], told["paid"]], height=0.55, color=[RULE, ACCENT], edgecolor=MUTED, hatch=["///", ""], lw=0.6
    )
    ax.set_yticks([1, 0], [say("usual", language), say("set_here", language)])
    ax.set_xlim(0, 1.05 * max(told["paid"], row["high"]))
    ax.grid(axis="y", visible=False)
    yuan_axis(ax, "x", language)
    title = say("simulator_title", language, paid=told["paid"], usual=told["usual"])
    dates = {k: pd.Timestamp(result.method.parameters[k]) for k in ("start", "end")}
    return finish(fig, title=title, subtitle=say("simulator_subtitle", language, **dates), alt=title)
