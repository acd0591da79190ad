"""Charts of the demand forecast, its backtest and the review of earlier ones; every figure is read from the result."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import dates as mdates
from matplotlib.axes import Axes
from matplotlib.text import Text

from tmall_nb.analyses.demand import BacktestResult, DemandResult, ReviewResult
from tmall_nb.charts.figure import Chart
from tmall_nb.charts.style import (
    ACCENT,
    GRID,
    INK,
    MUTED,
    RULE,
    TONES,
    date_axis,
    empty_chart,
    finish,
    new_figure,
    percent_axis,
    shade,
)
from tmall_nb.words import format_value, label
from tmall_nb.words.catalogue import value_word

__all__ = ["backtest_origins", "demand_classes", "demand_fan", "demand_items", "draw_what_if", "interval_cover", "review_path"]

say = partial(label, "demand")
ITEMS = 6
BACK = {"facecolor": "white", "alpha": 0.75, "pad": 0.8, "lw": 0}
BURSTS = ("开门红", "尾款", "高潮")
LONG = 150  # days from which phases lose their names and campaigns take two lines
NARROWEST = {"zh": 5, "en": 14}  # days of a phase that still take a name


def demand_fan(result: DemandResult, *, language: str = "zh") -> Chart:
    """The shop's units a day: the last twelve weeks as sold, the forecast with its intervals, campaign phases as strips."""
    fig, ax = new_figure(language, height=3.9)
    ahead = result.groups[result.groups["level"] == "shop"].sort_values("date")
    if ahead.empty:
        return empty_chart(language)
    past = result.history.groupby("date", as_index=False)["units"].sum(min_count=1)
    _fan(ax, past, ahead, language)
    ax.set_ylim(0, 1.18 * max(float(past["units"].max()), float(ahead["high_95"].max()), 1.0))
    _phases(ax, result.phases, past["date"].min(), ahead["date"].max(), language)
    fig.legend(loc="outside lower center", ncols=2)
    date_axis(ax, language)
    row = result.totals[result.totals["level"] == "shop"].iloc[0]
    days = ahead["date"].nunique()
    title = say("fan_title", language, days=days, units=row["units"], units_low=row["low"], units_high=row["high"])
    return finish(fig, title=title, subtitle=say("fan_subtitle", language), alt=title)


def _fan(ax: Axes, past: pd.DataFrame, ahead: pd.DataFrame, language: str) -> None:
    ax.plot(past["date"], past["units"], color=INK, lw=1.3, label=say("sold", language))
    ax.fill_between(ahead["date"], ahead["low_95"], ahead["high_95"], color=GRID, lw=0, label=say("band_95", language))
    ax.fill_between(
        ahead["date"], ahead["low_80"], ahead["high_80"], facecolor=RULE, edgecolor=MUTED, hatch="////", lw=0.6,
        label=say("band_80", language),
    )  # fmt: skip
    ax.plot(ahead["date"], ahead["units"], "--", color=ACCENT, lw=1.8, label=say("forecast", language))
    ax.axvline(ahead["date"].min() - pd.Timedelta(hours=12), color=MUTED, lw=0.8, ls=":")


def _phases(ax: Axes, phases: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp, language: str) -> None:
    """A quiet strip for each campaign with its name, its bursts hatched; a name for each phase that is wide enough."""
    if phases.empty:
        return
    seen = phases.assign(
        start=phases["start"].dt.normalize().clip(lower=first), end=phases["end"].dt.normalize().clip(upper=last)
    )
    crowded = (last - first).days > LONG
    for number, (campaign, rows) in enumerate(seen[seen["start"] <= seen["end"]].groupby("campaign", sort=False)):
        shade(ax, rows["start"].min(), rows["end"].max(), None)
        for row in rows[rows["phase"].isin(BURSTS)].itertuples():
            half = pd.Timedelta(hours=12)
            ax.axvspan(row.start - half, row.end + half, fc="none", ec=TONES["watch"], hatch="....", lw=0, zorder=0)
        wide = rows[(rows["end"] - rows["start"]).dt.days >= NARROWEST[language]]
        named = [(r.start, r.end, value_word(str(r.phase), language)) for r in wide.itertuples()]
        down = -14 * (number % 2) if crowded else 0
        _names(ax, str(campaign), [] if crowded else named, (rows["start"].min(), rows["end"].max()), down)


def _names(
    ax: Axes, campaign: str, named: list[tuple[pd.Timestamp, pd.Timestamp, str]], span: tuple[pd.Timestamp, ...], down: int
) -> None:
    def write(middle: pd.Timestamp, text: str, down: int) -> Text:
        return ax.annotate(
            text, (mdates.date2num(middle), 1), xycoords=("data", "axes fraction"), xytext=(0, down),
            textcoords="offset points", ha="center", va="top", fontsize=8, color=MUTED, bbox=BACK,
        )  # fmt: skip

    write(span[0] + (span[1] - span[0]) / 2, campaign, -2 + down)
    small = [write(start + (end - start) / 2, name, -14) for start, end, name in named]
    _hide_on_phone(ax, small)


def _hide_on_phone(ax: Axes, texts: list[Text]) -> None:
    def show(narrow: bool) -> None:
        for text in texts:
            text.set_visible(not narrow)

    fig = ax.get_figure(root=True)
    if isinstance(fig, Chart):
        fig.adapt.append(show)


def demand_items(result: DemandResult, *, language: str = "zh") -> Chart:
    """Fans of the items that bring most, each on its own scale."""
    worth = result.table["units"] * (result.table["price_yuan"].fillna(0.0) if "price_yuan" in result.table else 1.0)
    top = result.table.loc[worth.sort_values(ascending=False, kind="stable").index[:ITEMS]]
    rows = max(-(-len(top) // 2), 1)
    fig, axes = new_figure(language, rows=rows, columns=2, height=1.9 * rows + 0.4, sharex=True)
    cells = np.ravel(axes)
    if top.empty:
        return empty_chart(language)
    for ax, item in zip(cells, top.itertuples(), strict=False):
        past = result.history[result.history["item_id"] == item.item_id].groupby("date", as_index=False)["units"].sum()
        ahead = result.forecast[result.forecast["item_id"] == item.item_id]
        _fan(ax, past, ahead, language)
        ax.set_title(_short(str(getattr(item, "item_title", None) or item.item_id)), fontsize=9)
        ax.set_ylim(bottom=0)
        date_axis(ax, language)
    for ax in cells[len(top) :]:
        ax.set_visible(False)
    fig.legend(*cells[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    title = say("items_title", language, items=len(top), share=float(worth.loc[top.index].sum() / max(worth.sum(), 1e-9)))
    return finish(fig, title=title, subtitle=say("items_subtitle", language), alt=title)


def _short(text: str, width: int = 16) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def backtest_origins(result: BacktestResult, *, language: str = "zh") -> Chart:
    """The error at each origin beside that of the four-week weekday mean."""
    origins = result.origins.sort_values("origin")
    fig, ax = new_figure(language, height=0.5 * len(origins) + 1.4)
    if origins.empty:
        return empty_chart(language)
    rows = np.arange(len(origins))
    ax.hlines(rows, origins["mase"], origins["mean_error"], color=RULE, lw=3, zorder=1)
    ax.plot(origins["mean_error"], rows, "D", ms=8, mfc="white", mec=INK, label=say("weekday_mean", language))
    ax.plot(origins["mase"], rows, "o", ms=8, color=ACCENT, label=say("this_forecast", language))
    for row, (ours, mean) in enumerate(zip(origins["mase"], origins["mean_error"], strict=True)):
        text = format_value(ours / mean - 1, "percent_signed", language)
        ax.annotate(text, (max(ours, mean), row), (9, 0), textcoords="offset points", va="center", color=INK)
    ax.set_yticks(rows, [format_value(o, "date", language) for o in origins["origin"]])
    ax.set_ylim(len(origins) - 0.5, -0.5)
    ax.set_xlim(0, 1.18 * float(origins[["mase", "mean_error"]].max().max()))
    ax.grid(True, axis="x")
    ax.grid(False, axis="y")
    ax.set_xlabel(say("mase_axis", language))
    fig.legend(loc="outside lower center", ncols=2)
    better = int((origins["mase"] < origins["mean_error"]).sum())
    title = say("origins_title", language, better=better, origins=len(origins))
    subtitle = say("origins_subtitle", language, days=result.method.parameters.get("horizon_days"))
    return finish(fig, title=title, subtitle=subtitle, alt=title)


def interval_cover(result: BacktestResult, *, language: str = "zh") -> Chart:
    """How often what came lay inside the 80 % and 95 % intervals: all, by class, by distance, on campaign days."""
    cover = result.calibration
    fig, axes = new_figure(language, columns=2, height=3.9, sharey=True)
    if cover.empty:
        return empty_chart(language)
    names = _cover_order(cover["group"].unique())
    for ax, (level, rows) in zip(axes, cover.groupby("interval"), strict=True):
        rows = rows.set_index("group").reindex(names)
        at = np.arange(len(names))
        ax.hlines(at, rows["low"], rows["high"], color=MUTED, lw=1.6)
        ax.plot(rows["inside"], at, "o", ms=7, color=ACCENT)
        ax.axvline(float(level), color=INK, lw=1.2, ls="--")
        ax.set_yticks(at, [_cover_name(n, language) for n in names])
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.set_xlim(
            min(0.5, float(rows["low"].min()) - 0.05) if level < 0.9 else min(0.7, float(rows["low"].min()) - 0.03), 1.0
        )
        ax.set_title(say("cover_panel", language, level=level))
        percent_axis(ax, "x", language)
    fig.adapt.append(lambda narrow: axes[1].tick_params(labelleft=narrow))
    every = cover[(cover["group"] == "all") & (cover["interval"] == 0.8)].iloc[0]
    title = say("cover_title", language, inside=every["inside"])
    return finish(fig, title=title, subtitle=say("cover_subtitle", language, count=int(every["count"])), alt=title)


def _cover_order(names: np.ndarray) -> list[str]:
    distance = sorted((n for n in names if "-" in str(n)), key=lambda n: int(str(n).split("-")[0]))
    fixed = [n for n in ("all", "A", "B", "C") if n in names]
    return [*fixed, *distance, *(n for n in ("ordinary", "campaign") if n in names)]


def _cover_name(name: str, language: str) -> str:
    if "-" in name:
        first, last = name.split("-")
        return say("cover_days", language, first=int(first), last=int(last))
    return say(f"cover_{name.lower()}", language)


def demand_classes(result: DemandResult, *, language: str = "zh") -> Chart:
    """ABC by XYZ: how many items, and which share of the recent sales, by what they bring and how steady they are."""
    table = result.table
    fig, ax = new_figure(language, height=3.6)
    if table.empty:
        return empty_chart(language)
    worth = table["recent_units"] * (table["price_yuan"].fillna(0.0) if "price_yuan" in table else 1.0)
    count = pd.crosstab(table["abc"], table["xyz"]).reindex(index=list("ABC"), columns=list("XYZ"), fill_value=0)
    share = (worth / max(worth.sum(), 1e-9)).groupby([table["abc"], table["xyz"]]).sum().unstack(fill_value=0.0)
    share = share.reindex(index=list("ABC"), columns=list("XYZ"), fill_value=0.0)
    ax.imshow(np.sqrt(share), cmap="Greys", vmin=0, vmax=2.2 * max(float(share.to_numpy().max()), 1e-9) ** 0.5, aspect="auto")
    for row, abc in enumerate("ABC"):
        for column, xyz in enumerate("XYZ"):
            items = say("class_cell", language, items=int(count.loc[abc, xyz]), share=float(share.loc[abc, xyz]))
            ax.text(column, row, items, ha="center", va="center", color=INK, fontsize=9.5)
    ax.set_xticks(range(3), [say(f"class_{c}", language) for c in "xyz"])
    ax.set_yticks(range(3), [say(f"class_{c}", language) for c in "abc"])
    ax.tick_params(length=0)
    ax.grid(False)
    steady = float(share["X"].sum() + share["Y"].sum())
    title = say("classes_title", language, items=int(count["Z"].sum()), share=steady)
    return finish(fig, title=title, subtitle=say("classes_subtitle", language), alt=title)


def review_path(result: ReviewResult, *, language: str = "zh") -> Chart:
    """The newest saved forecast that has come, beside what was sold."""
    path = result.path
    fig, ax = new_figure(language, height=0.9 if path.empty else None)
    if path.empty:
        return empty_chart(language)
    if "low_80" in path:
        style: dict[str, Any] = {"facecolor": GRID, "edgecolor": MUTED, "hatch": "////", "lw": 0.6}
        ax.fill_between(path["date"], path["low_80"], path["high_80"], label=say("band_80", language), **style)
    ax.plot(path["date"], path["actual"], "-", color=INK, lw=1.6, marker="o", ms=3, label=say("sold", language))
    ax.plot(path["date"], path["units"], "--", color=ACCENT, lw=1.8, label=say("saved_forecast", language))
    ax.set_ylim(bottom=0)
    date_axis(ax, language)
    fig.legend(loc="outside lower center", ncols=3)
    told, sold = float(path["units"].sum()), float(path["actual"].sum())
    title = say("review_title", language, told=told, sold=sold, days=len(path))
    subtitle = say("review_subtitle", language, origin=result.origins["origin"].max())
    return finish(fig, title=title, subtitle=subtitle, alt=title)


def draw_what_if(past: pd.DataFrame, days: pd.DataFrame, name: str, *, language: str = "zh", fig: Chart | None = None) -> Chart:
    """One item's forecast before and after a change, into a kept figure for a panel that moves.

    ``past`` has date and units; ``days`` date, units_before, units, low_80, high_80.
    """
    style: dict[str, Any] = {"facecolor": GRID, "edgecolor": MUTED, "hatch": "////", "lw": 0.6}
    lines = ((past, "units"), (days, "units_before"), (days, "units"))
    if fig is None:
        fig, ax = new_figure(language)
        looks = (("-", INK, 1.2, "sold"), (":", INK, 1.8, "as_planned"), ("--", ACCENT, 2.0, "changed"))
        for (rows, column), (dash, colour, width, word) in zip(lines, looks, strict=True):
            ax.plot(rows["date"], rows[column], dash, color=colour, lw=width, label=say(word, language))
        ax.fill_between(days["date"], days["low_80"], days["high_80"], label=say("band_80", language), **style)
        ax.legend(loc="upper left", ncols=4)
        date_axis(ax, language)
    else:
        ax = fig.axes[0]
        ax.collections[0].remove()
        ax.fill_between(days["date"], days["low_80"], days["high_80"], **style)
        for line, (rows, column) in zip(ax.lines, lines, strict=True):
            line.set_data(mdates.date2num(rows["date"]), rows[column].to_numpy())
    ax.set_ylim(0, 1.25 * max(float(past["units"].max()), float(days["high_80"].max()), 1.0))
    before, after = float(days["units_before"].sum()), float(days["units"].sum())
    title = say("what_if_title", language, item=name, before=before, after=after, days=len(days))
    return finish(fig, title=title, subtitle=say("what_if_subtitle", language), alt=title)
