"""Charts of customer value; every figure is read from the result."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tmall_nb.analyses.customers import CustomersResult, SegmentLists, TouchResult
from tmall_nb.charts.style import ACCENT, INK, MUTED, RULE, TONES, empty_chart, finish, new_figure, percent_axis, yuan_axis
from tmall_nb.words import format_value, label

__all__ = ["list_sizes", "order_calibration", "segment_values", "source_values", "touch_effect", "value_concentration"]

say = partial(label, "customers")


def order_calibration(result: CustomersResult, *, language: str = "zh") -> Figure:
    """Predicted and actual orders of the held-out days by repeat orders before."""
    rows = result.calibration
    fig, ax = new_figure(language)
    if rows.empty:
        return empty_chart(language)
    place = np.arange(len(rows))
    ax.fill_between(place, rows["low"], rows["high"], color=RULE, lw=0, label=say("if_right", language))
    ax.plot(place, rows["predicted"], color=MUTED, ls="--", label=say("predicted", language))
    ax.plot(place, rows["actual"], "o", color=ACCENT, label=say("actual", language))
    names = [f"{k}" for k in rows["frequency"]]
    names[-1] += "+" if len(rows) == 8 else ""
    ax.set_xticks(place, [f"{n}\n({format_value(b, 'count', language)})" for n, b in zip(names, rows["buyers"], strict=True)])
    ax.set_ylim(bottom=0)
    ax.set_xlabel(say("frequency_axis", language))
    ax.legend(loc="upper left")
    chosen = result.holdout[result.holdout["chosen"]].iloc[0]
    title = say("calibration_title", language, model=say(f"model_{chosen['model']}", language), error=chosen["relative_error"])
    subtitle = say("calibration_subtitle", language, days=result.method.parameters["held_out_days"])
    return finish(fig, title=title, subtitle=subtitle, alt=title)


def segment_values(result: CustomersResult, *, language: str = "zh") -> Figure:
    """Expected value per buyer and share of net sales of each RFM segment."""
    rows = result.segments[result.segments["expected_value_yuan"].notna()]
    fig, axes = new_figure(language, columns=2, height=3.4, sharey=True)
    if rows.empty:
        return empty_chart(language)
    place = np.arange(len(rows))
    axes[0].barh(place, rows["share"], color=ACCENT, height=0.6)
    axes[1].barh(place, rows["expected_value_yuan"], color=RULE, height=0.6)
    axes[1].hlines(place, rows["low"], rows["high"], color=INK, lw=1.2)
    for k, row in enumerate(rows.itertuples()):
        axes[0].annotate(
            format_value(row.share, "percent", language), (row.share, k), (3, 0), textcoords="offset points", va="center"
        )
        text = format_value(row.expected_value_yuan, "yuan", language)
        axes[1].annotate(text, (row.high, k), (3, 0), textcoords="offset points", va="center")
    names = [f"{_word(r.segment, language)} ({format_value(r.buyers, 'count', language)})" for r in rows.itertuples()]
    axes[0].set_yticks(place, names)
    axes[0].invert_yaxis()
    for ax, name in zip(axes, ("share_axis", "value_axis"), strict=True):
        ax.margins(x=0.2)
        ax.set_xlabel(say(name, language))
    percent_axis(axes[0], "x", language)
    yuan_axis(axes[1], "x", language)
    best = rows.loc[rows["share"].idxmax()]
    title = say("segments_title", language, segment=_word(best["segment"], language), share=best["share"])
    return finish(fig, title=title, subtitle=say("segments_subtitle", language, days=_days(result)), alt=title)


def value_concentration(result: CustomersResult, *, language: str = "zh") -> Figure:
    """Cumulative share of expected value over buyers, best first, with the tiers."""
    value = np.sort(result.table["expected_value_yuan"].dropna().to_numpy())[::-1]
    fig, ax = new_figure(language)
    if not len(value) or value.sum() <= 0:
        return empty_chart(language)
    share = np.append(0.0, np.cumsum(value) / value.sum())
    buyers = np.linspace(0, 1, len(share))
    thin = np.unique(np.linspace(0, len(share) - 1, 400).astype(int))
    ax.plot(buyers[thin], share[thin], color=ACCENT)
    ax.plot([0, 1], [0, 1], color=RULE, lw=1, ls=":")
    tiers = result.tiers
    edges = np.cumsum(tiers["share_buyers"].to_numpy(float))[:-1]
    for edge, name in zip(edges, tiers["tier"], strict=False):
        reached = float(np.interp(edge, buyers, share))
        ax.plot([edge, edge], [0, reached], color=MUTED, lw=0.8, ls="--")
        text = f"{_word(name, language)} {format_value(reached, 'percent', language)}"
        ground = {"fc": "white", "ec": "none", "pad": 1}
        ax.annotate(text, (edge, reached), (6, -9), textcoords="offset points", fontsize=8.5, color=INK, bbox=ground)
    for axis in ("x", "y"):
        percent_axis(ax, axis, language)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.02)
    ax.set_xlabel(say("buyers_axis", language))
    title = say("concentration_title", language, share=float(np.interp(0.2, buyers, share)))
    return finish(fig, title=title, subtitle=say("concentration_subtitle", language, days=_days(result)), alt=title)


def source_values(result: CustomersResult, *, language: str = "zh") -> Figure:
    """Value per buyer by source of the first order, and what a new buyer may cost there beside what ads spend on one."""
    rows = result.sources.head(10)
    if rows.empty or rows["expected_value_yuan"].isna().all():
        return empty_chart(language)
    costs = bool(rows[["ad_cost", "allowed_cost"]].notna().all(axis=1).any())
    height = 1.6 + 0.3 * max(len(rows), 3)
    fig, axes = new_figure(language, columns=2 if costs else 1, height=height, **({"sharey": True} if costs else {}))
    axes = np.atleast_1d(axes)
    _source_bars(axes[0], rows, language)
    total = rows["net_per_buyer"] + rows["expected_value_yuan"]
    best = _word(str(rows.loc[total.idxmax(), "source"]), language)
    title = say("sources_title", language, source=best, value=total.max())
    if costs:
        _source_costs(axes[1], rows, language)
        known = rows[rows["verdict"] != "not_enough_data"]
        dear, pays = (int((known["verdict"] == word).sum()) for word in ("dear", "pays"))
        title = say("sources_title_dear" if dear else "sources_title_pay", language, count=dear or pays, sources=len(known))
    return finish(fig, title=title, subtitle=say("sources_subtitle", language, days=_days(result)), alt=title)


def _source_bars(ax: Axes, rows: pd.DataFrame, language: str) -> None:
    place = np.arange(len(rows))
    ax.barh(place, rows["net_per_buyer"], color=ACCENT, height=0.6, label=say("so_far", language))
    ax.barh(
        place, rows["expected_value_yuan"], left=rows["net_per_buyer"], color=RULE, hatch="///", height=0.6, ec=MUTED,
        label=say("expected", language),
    )  # fmt: skip
    ax.hlines(place, rows["net_per_buyer"] + rows["low"], rows["net_per_buyer"] + rows["high"], color=INK, lw=1.4)
    names = [f"{_word(str(r.source), language)} ({format_value(r.buyers, 'count', language)})" for r in rows.itertuples()]
    ax.set_yticks(place, names)
    ax.set_ylim(len(rows) - 0.4, -1.9)
    yuan_axis(ax, "x", language)
    ax.set_xlabel(say("yuan_axis", language))
    ax.legend(loc="upper left", ncols=1)


def _source_costs(ax: Axes, rows: pd.DataFrame, language: str) -> None:
    place = np.arange(len(rows))
    for name, marker, colour, shift in (("allowed", "s", TONES["good"], -0.15), ("ad_cost", "o", TONES["act"], 0.15)):
        ax.hlines(place + shift, rows[f"{name}_low"], rows[f"{name}_high"], color=colour, lw=1.6)
        middle = rows["ad_cost" if name == "ad_cost" else "allowed_cost"]
        ax.plot(
            middle, place + shift, marker, color=colour, mfc="white" if name == "allowed" else colour, label=say(name, language)
        )
    ax.set_xlim(left=0)
    yuan_axis(ax, "x", language)
    ax.set_xlabel(say("yuan_axis", language))
    ax.legend(loc="upper left", ncols=1)


def list_sizes(result: SegmentLists, *, language: str = "zh") -> Figure:
    """Touched and held-out buyers of each list beside the number needed to see the uplift."""
    rows = result.plan[result.plan["buyers"] > 0]
    fig, ax = new_figure(language, height=1.2 + 0.5 * max(len(rows), 2))
    if rows.empty:
        return empty_chart(language)
    place = np.arange(len(rows))
    held = {"left": rows["touched"], "color": "white", "ec": MUTED, "hatch": "///"}
    ax.barh(place, rows["touched"], color=ACCENT, height=0.5, label=say("touched", language))
    ax.barh(place, rows["held_out"], height=0.5, label=say("held_out", language), **held)
    known = rows["needed"].notna()
    mark = {"ms": 22, "mew": 2.2, "color": TONES["act"], "ls": "none"}
    ax.plot(rows.loc[known, "needed"], place[known], "|", label=say("needed", language), **mark)
    ax.set_yticks(place, [_word(name, language) for name in rows["list"]])
    ax.set_ylim(len(rows) - 0.4, -1.1)
    ax.grid(axis="y", visible=False)
    ax.legend(loc="upper right", ncols=3)
    ready = int((rows["verdict"] == "large_enough").sum())
    title = say("lists_title", language, ready=ready, count=len(rows))
    uplift = float(rows["uplift"].iloc[0])
    return finish(fig, title=title, subtitle=say("lists_subtitle", language, uplift=uplift), alt=title)


def touch_effect(result: TouchResult, *, language: str = "zh") -> Figure:
    """Uplift in the share of ordering buyers, touched against held out, with its interval."""
    rows = result.table[result.table["uplift"].notna()]
    fig, ax = new_figure(language, height=1.2 + 0.4 * max(len(rows), 2))
    if rows.empty:
        return empty_chart(language)
    place = np.arange(len(rows))
    ax.axvline(0, color=MUTED, lw=1)
    ax.hlines(place, rows["low"], rows["high"], color=ACCENT, lw=1.8)
    ax.plot(rows["uplift"], place, "o", color=ACCENT)
    ax.set_yticks(place, [_word(name, language) for name in rows["list"]])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    percent_axis(ax, "x", language)
    best = rows.iloc[-1]
    title = say("touch_title", language, uplift=best["uplift"], uplift_low=best["low"], uplift_high=best["high"])
    return finish(fig, title=title, subtitle=say("touch_subtitle", language, level=result.method.level), alt=title)


def _days(result: CustomersResult) -> int:
    return int(result.method.parameters["horizon_days"])


def _word(key: str, language: str) -> str:
    return format_value(key, "value", language)
