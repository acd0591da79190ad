"""Charts of the media mix and the budget; every figure is read from the result."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tmall_nb.analyses.media_mix import BudgetResult, MediaMixResult
from tmall_nb.charts.figure import Chart
from tmall_nb.charts.style import (
    ACCENT,
    CATEGORIES,
    INK,
    MUTED,
    RULE,
    TONES,
    date_axis,
    finish,
    new_figure,
    percent_axis,
    yuan_axis,
)
from tmall_nb.words import label

__all__ = ["budget_plans", "budget_split", "demand_sensitivity", "response_curves", "sales_baseline"]

say = partial(label, "media_mix")
MOST = 6
TOP_SHARE = 1.25  # of the largest median at which bands are cut off


def response_curves(result: MediaMixResult, *, language: str = "zh") -> Figure:
    """Weekly sales each channel's spend brings, with its band and today's spend."""
    names = list(result.table.loc[result.table["roas"].notna(), "channel"])[:MOST]
    columns = min(len(names), 3)
    rows = -(-len(names) // max(columns, 1))
    fig, axes = new_figure(language, rows=rows, columns=columns, height=0.6 + 2.5 * rows, squeeze=False)
    for ax in axes.flat[len(names) :]:
        ax.set_axis_off()
    for k, (ax, name) in enumerate(zip(axes.flat, names, strict=False)):
        curve = result.curves[result.curves["channel"] == name]
        now = curve[np.isclose(curve["scale"], 1.0)].iloc[0]
        color = CATEGORIES[k % len(CATEGORIES)]
        ax.fill_between(curve["spend"], curve["low"], curve["high"], color=color, alpha=0.18, lw=0)
        ax.plot(curve["spend"], curve["sales"], color=color, lw=1.8)
        ax.plot([now["spend"]], [now["sales"]], "o", color=INK, ms=6)
        ax.plot(curve["spend"], curve["spend"], color=MUTED, ls="--", lw=1)
        ax.annotate(say("now", language), (now["spend"], now["sales"]), xytext=(6, -12), textcoords="offset points", fontsize=9)
        ax.set_ylim(0, TOP_SHARE * max(float(curve["sales"].max()), float(curve["spend"].max()), float(now["high"])))
        ax.set_title(name)
        ax.set_xlim(0, float(curve["spend"].max()))
        yuan_axis(ax, "x", language)
        ax.xaxis.set_major_locator(MaxNLocator(3))
        yuan_axis(ax, "y", language)
        ax.grid(True, axis="y")
    top = result.table.sort_values("marginal_roas", ascending=False).iloc[0]
    title = say("curves_title", language, channel=str(top["channel"]), value=top["marginal_roas"])
    return finish(fig, title=title, subtitle=say("curves_subtitle", language), alt=title)


def sales_baseline(result: MediaMixResult, *, language: str = "zh") -> Figure:
    """Weekly sales, the model's, and what would have sold without ads."""
    weekly = result.weekly
    fig, ax = new_figure(language)
    ax.fill_between(weekly["week"], 0, weekly["baseline"], color=RULE, lw=0, label=say("baseline", language))
    ax.plot(weekly["week"], weekly["actual"], color=INK, lw=1.2, label=say("actual", language))
    ax.plot(weekly["week"], weekly["fitted"], color=ACCENT, lw=1.4, ls="--", label=say("fitted", language))
    ax.set_ylim(bottom=0)
    yuan_axis(ax, "y", language)
    if np.issubdtype(weekly["week"].dtype, np.datetime64):
        date_axis(ax, language)
    ax.legend(loc="upper left", ncols=3)
    title = say("fit_title", language, value=1 - float(result.table["share"].sum()))
    return finish(fig, title=title, subtitle=say("fit_subtitle", language), alt=title)


def demand_sensitivity(result: MediaMixResult, *, language: str = "zh") -> Figure:
    """A channel's return under claimed shares of its spend that follow hidden demand."""
    grid = result.sensitivity
    names = list(dict.fromkeys(grid["channel"]))[:3]
    fig, axes = new_figure(language, columns=max(len(names), 1), height=3.0 if names else 0.5, squeeze=False)
    if not names:
        axes[0, 0].set_axis_off()
        short = result.diagnostics.set_index("check").loc["weeks", "verdict"] == "warning"
        return finish(fig, title=say("grid_short" if short else "grid_none", language))
    floor = float(result.table["floor_roas"].iloc[0])
    for ax, name in zip(axes[0], names, strict=True):
        rows = grid[grid["channel"] == name]
        ax.vlines(rows["partial_r2"], rows["low"], rows["high"], color=ACCENT, lw=2)
        ax.plot(rows["partial_r2"], rows["roas"], "o-", color=ACCENT, ms=6, lw=1)
        ax.axhline(floor, color=MUTED, ls="--", lw=1)
        ax.set_title(name)
        ax.set_ylim(bottom=0)
        ax.set_xlim(-0.03, float(rows["partial_r2"].max()) + 0.03)
        percent_axis(ax, "x", language)
        ax.set_xlabel(say("grid_x", language))
    title = say("grid_title", language, channel="、".join(names))
    return finish(fig, title=title, subtitle=say("grid_subtitle", language), alt=title)


def budget_split(result: BudgetResult, *, language: str = "zh") -> Figure:
    """Weekly spend per channel, now and proposed."""
    return draw_split(result, language=language)


def draw_split(result: BudgetResult, *, language: str = "zh", fig: Chart | None = None) -> Chart:
    """The same on a figure that is kept, for the what-if panel."""
    table = result.table.head(10)
    if fig is None:
        fig, ax = new_figure(language, height=1.1 + 0.55 * len(table))
    else:
        ax = fig.axes[0]
        ax.clear()
    y = np.arange(len(table))
    ax.barh(y - 0.18, table["spend_now"], height=0.32, fc="white", ec=MUTED, hatch="///", label=say("now", language))
    ax.barh(y + 0.18, table["spend_planned"], height=0.32, color=ACCENT, label=say("planned", language))
    ax.set_yticks(y, list(table["channel"]))
    ax.set_ylim(len(table) - 0.5, -0.5)
    yuan_axis(ax, "x", language)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2)
    total, gain = (
        float(table["spend_planned"].sum()),
        float(result.alternatives.set_index("plan").loc["planned", "expected_gain"]),
    )
    moved = not (table["verdict"] == "keep").all()
    title = say("budget_title" if moved else "budget_title_keep", language, total=total, value=gain)
    return finish(fig, title=title, subtitle=say("budget_subtitle", language), alt=title)


def budget_plans(result: BudgetResult, *, language: str = "zh") -> Figure:
    """What the proposal, half of it, an equal split and the platform's ranking would bring."""
    rows = result.alternatives
    fig, ax = new_figure(language, height=1.0 + 0.42 * len(rows))
    y = np.arange(len(rows))
    own = rows["plan"].eq("planned").to_numpy()
    for mask, color in ((own, ACCENT), (~own, MUTED)):
        ax.hlines(y[mask], rows["low"][mask], rows["high"][mask], color=color, lw=2.2)
        ax.plot(rows["expected_gain"][mask], y[mask], "o", color=color, ms=7)
    ax.axvline(0, color=TONES["unknown"], lw=1)
    chances = ["" if np.isnan(p) else f"  {min(max(p, 0.01), 0.99):.0%}" for p in rows["p_gain"]]
    ax.set_yticks(y, [say(p, language) + chance for p, chance in zip(rows["plan"], chances, strict=True)])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    yuan_axis(ax, "x", language)
    title = say("plans_title", language)
    return finish(fig, title=title, subtitle=say("plans_subtitle", language), alt=title)
