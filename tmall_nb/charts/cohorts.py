"""Charts of cohort retention; every figure is read from the result."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tmall_nb.analyses.cohorts import CohortsResult
from tmall_nb.charts.style import (
    ACCENT,
    CATEGORIES,
    INK,
    MUTED,
    RULE,
    TONES,
    date_axis,
    empty_chart,
    finish,
    new_figure,
    percent_axis,
)
from tmall_nb.words import format_value, label

__all__ = ["cohort_triangle", "new_and_returning", "retention_ahead", "second_order_curve", "segment_repurchase"]

say = partial(label, "cohorts")
MOST_COHORTS, MOST_AGES = 18, 12
BLUES = LinearSegmentedColormap.from_list("blues", ["#f4f8fa", "#9cc6d9", ACCENT])
DAYS_SHOWN = 365


def cohort_triangle(result: CohortsResult, *, measure: str = "retention", language: str = "zh") -> Figure:
    """Heat map by month of the first order and age, numbers in the cells, unseen cells hatched.

    ``measure`` : ``retention`` (share of the cohort that bought), or ``revenue`` (net sales per member at that age)
    """
    share = measure == "retention"
    cells = result.cells[(result.cells["age"] >= (1 if share else 0)) & (result.cells["age"] <= MOST_AGES)]
    cohorts = list(dict.fromkeys(cells["cohort"]))[-MOST_COHORTS:]
    fig, ax = new_figure(language, height=1.2 + 0.24 * max(len(cohorts), 4))
    if not cohorts:
        return empty_chart(language)
    first, last = int(cells["age"].min()), int(cells["age"].max())
    ax.add_patch(Rectangle((first - 0.5, -0.5), last - first + 1, len(cohorts), fc="white", ec=RULE, hatch="////", lw=0))
    _fill_cells(ax, cells[cells["cohort"].isin(cohorts) & cells["seen"]], cohorts, share)
    sizes = cells.groupby("cohort")["cohort_size"].first()
    ax.set_yticks(range(len(cohorts)), [f"{c:%Y-%m} ({format_value(sizes[c], 'count', language)})" for c in cohorts])
    ax.set_xticks(range(first, last + 1))
    ax.set_xlim(first - 0.5, last + 0.5)
    ax.set_ylim(len(cohorts) - 0.5, -0.5)
    ax.grid(False)
    ax.set_xlabel(say("age_axis_days" if result.method.parameters["period"] == "30_days" else "age_axis", language))
    title = _triangle_title(cells[cells["seen"]], share, language)
    return finish(fig, title=title, subtitle=say(f"triangle_subtitle{'' if share else '_revenue'}", language), alt=title)


def _fill_cells(ax: Axes, seen: pd.DataFrame, cohorts: list[pd.Timestamp], share: bool) -> None:
    values = 100 * seen["retention"] if share else seen["revenue_per_member"]
    top = float(values[seen["age"] > 0].quantile(0.98)) or 1.0
    for row, value in zip(seen.itertuples(), values, strict=True):
        y, shade = cohorts.index(row.cohort), float(np.clip(value / top, 0, 1))
        ax.add_patch(Rectangle((row.age - 0.5, y - 0.5), 1, 1, fc=BLUES(shade), ec="white", lw=1))
        text = f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"
        ax.annotate(text, (row.age, y), ha="center", va="center", fontsize=8, color="white" if shade > 0.65 else INK)


def _triangle_title(seen: pd.DataFrame, share: bool, language: str) -> str:
    if share:
        first = seen[seen["age"] == 1]
        return say(
            "triangle_title", language, share=first["active"].sum() / first["cohort_size"].sum() if len(first) else np.nan
        )
    later = seen[seen["age"] >= 1]
    again = later["revenue"].sum() / seen["revenue"].sum() if seen["revenue"].sum() > 0 else np.nan
    return say("triangle_title_revenue", language, share=again)


def second_order_curve(result: CohortsResult, *, language: str = "zh") -> Figure:
    """Share of first buyers with a second order by days since the first, with the days to remind them."""
    curve = result.curve[result.curve["day"] <= DAYS_SHOWN] if len(result.curve) else result.curve
    fig, ax = new_figure(language)
    if curve.empty:
        return empty_chart(language)
    ax.fill_between(curve["day"], curve["low"], curve["high"], step="post", color=RULE, lw=0)
    ax.step(curve["day"], curve["repurchased"], where="post", color=ACCENT)
    window = next((f.values for f in result.findings if f.key == "reminder_window"), None)
    if window:
        ax.axvspan(window["from_day"], window["to_day"], color=TONES["watch"], alpha=0.13, lw=0)
        middle = (window["from_day"] + window["to_day"]) / 2
        ax.annotate(
            say("remind", language), (middle, 0), (0, 4), textcoords="offset points", ha="center", va="bottom",
            fontsize=8.5, color=MUTED,
        )  # fmt: skip
    _mark_days(ax, curve, language)
    ax.set_xlim(0, float(curve["day"].max()))
    ax.set_ylim(bottom=0)
    ax.set_xlabel(say("days_axis", language))
    percent_axis(ax, "y", language)
    last = curve.iloc[-1]
    title = say("curve_title", language, share=last["repurchased"], days=int(last["day"]))
    return finish(fig, title=title, subtitle=say("curve_subtitle", language, level=result.method.level), alt=title)


def _mark_days(ax: Axes, curve: pd.DataFrame, language: str) -> None:
    for day in (30, 90, 180, 365):
        before = curve[curve["day"] <= day]
        if len(before) and curve["day"].max() >= day:
            share = float(before["repurchased"].iloc[-1])
            ax.plot(day, share, "o", ms=4, color=ACCENT)
            ax.annotate(
                format_value(share, "percent", language),
                (day, share),
                (-4, 6),
                textcoords="offset points",
                ha="right",
                color=INK,
            )


def segment_repurchase(result: CohortsResult, *, language: str = "zh") -> Figure:
    """Repurchase within 90 days by what the first order was: dot and whisker at equal age."""
    rows = result.segments
    rows = rows[rows["verdict"] != "not_enough_data"] if len(rows) else rows
    if rows.empty:
        return empty_chart(language)
    shown = pd.concat([_most_apart(part) for _, part in rows.groupby("by", sort=False)])
    fig, ax = new_figure(language, height=1.2 + 0.26 * (len(shown) + shown["by"].nunique()))
    position, ticks, names = 0.0, [], []
    for number, (by, part) in enumerate(shown.groupby("by", sort=False)):
        for row in part.sort_values("repurchased", ascending=False).itertuples():
            colour = MUTED if row.verdict == "same" else CATEGORIES[0]
            ax.plot([row.low, row.high], [position, position], color=colour, lw=1.6)
            ax.plot(
                row.repurchased, position, "os^Dv"[number % 5], color=colour, mfc="white" if row.verdict == "same" else colour
            )
            ticks.append(position)
            names.append(f"{say('by_' + str(by), language)}: {_named(row.segment, language)}"[:30])
            position += 1
        position += 0.6
    ax.set_yticks(ticks, names)
    ax.set_ylim(position - 0.6, -0.6)
    percent_axis(ax, "x", language)
    apart = int((shown["verdict"] != "same").sum())
    title = say("segments_title" if apart else "segments_title_same", language, count=apart)
    return finish(fig, title=title, subtitle=say("segments_subtitle", language, level=result.method.level), alt=title)


def _most_apart(part: pd.DataFrame) -> pd.DataFrame:
    return part.sort_values("buyers", ascending=False).head(6)


def _named(segment: str, language: str) -> str:
    known = ("campaign", "ordinary", "affiliate", "other")
    return say(f"segment_{segment}", language) if segment in known else str(segment)


def retention_ahead(result: CohortsResult, *, language: str = "zh") -> Figure:
    """Retention of all cohorts together by age, and how it goes on by the chosen model."""
    rows = result.projection
    fig, ax = new_figure(language)
    if rows.empty:
        return empty_chart(language)
    seen, model = rows[rows["kind"] == "seen"], rows[rows["kind"] != "seen"]
    if len(model):
        ahead = model[model["kind"] == "ahead"]
        ax.fill_between(ahead["age"], ahead["low"], ahead["high"], color=RULE, lw=0, label=say("band", language))
        ax.plot(
            model["age"], model["retention"], color=MUTED, ls="--", label=say("model_" + str(model["model"].iloc[0]), language)
        )
    spread = np.vstack([seen["retention"] - seen["low"], seen["high"] - seen["retention"]])
    ax.errorbar(seen["age"], seen["retention"], yerr=spread, fmt="o", ms=4, color=ACCENT, lw=1.2, label=say("seen", language))
    ax.set_ylim(0, 1.35 * ax.get_ylim()[1])
    ax.set_xlabel(say("age_axis_days" if result.method.parameters["period"] == "30_days" else "age_axis", language))
    percent_axis(ax, "y", language)
    ax.legend(loc="upper right", ncols=3)
    error = float(model["holdout_error"].iloc[0]) if len(model) else np.nan
    title = say("ahead_title", language, error=error) if np.isfinite(error) else say("ahead_title_short", language)
    return finish(fig, title=title, subtitle=say("ahead_subtitle", language), alt=title)


def new_and_returning(result: CohortsResult, *, language: str = "zh") -> Figure:
    """Where buyers are masked: share of returning buyers a day, by month."""
    months = result.months
    fig, ax = new_figure(language)
    if months.empty:
        return empty_chart(language)
    known = months[months["verdict"] == "ok"]
    spread = np.vstack([known["returning_share"] - known["low"], known["high"] - known["returning_share"]])
    ax.errorbar(known["month"], known["returning_share"], yerr=spread, fmt="o-", ms=4, color=ACCENT, lw=1.2)
    ax.set_ylim(bottom=0)
    percent_axis(ax, "y", language)
    date_axis(ax, language)
    title = say("masked_title", language, share=known["returning_share"].iloc[-1] if len(known) else np.nan)
    return finish(fig, title=title, subtitle=say("masked_subtitle", language, level=result.method.level), alt=title)
