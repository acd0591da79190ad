"""Charts of the store health review; every figure is read from the result."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from tmall_nb.analyses.health import HealthResult
from tmall_nb.charts.style import (
    ACCENT,
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
    yuan_axis,
)
from tmall_nb.words import field_name, format_value, label

__all__ = ["change_bridge", "daily_sales", "order_clock", "province_shares", "refund_weeks", "source_changes"]

say = partial(label, "health")
TOP_PROVINCES = 12
LAST_DAYS = 182
TOP_SOURCES = 8


def daily_sales(result: HealthResult, *, language: str = "zh") -> Figure:
    """Paid amount a day with its usual range, alarms, campaigns, standstill and incomplete days."""
    days = result.days.tail(LAST_DAYS)
    fig, ax = new_figure(language)
    known = days["expected"].notna()
    alarms = days[days["alarm"]]
    ax.fill_between(days["date"], days["low"], days["high"], where=known, color=RULE, lw=0, label=say("usual", language))
    ax.plot(days["date"], days["paid_amount"], color=ACCENT, lw=1.2, label=say("actual", language))
    ax.plot(alarms["date"], alarms["paid_amount"], "o", ms=5, mfc="white", color=TONES["act"], label=say("alarm", language))
    for start, end in _runs(days["date"], days["campaign"]):
        shade(ax, start, end, None)
    for start, end in _runs(days["date"], days["broken"] | ~days["complete"]):
        ax.axvspan(start - pd.Timedelta(hours=12), end + pd.Timedelta(hours=12), fc="none", ec=MUTED, hatch="////", lw=0)
    ax.set_ylim(bottom=0)
    yuan_axis(ax, "y", language)
    date_axis(ax, language)
    ax.legend(loc="upper left", ncols=3)
    if not known.any():
        title = say("days_title_short", language)
    elif len(alarms):
        title = say("days_title_alarms", language, count=len(alarms))
    else:
        title = say("days_title_calm", language)
    return finish(fig, title=title, subtitle=say("days_subtitle", language), alt=title)


def change_bridge(result: HealthResult, *, language: str = "zh") -> Figure:
    """Waterfall from the period before to this one over the factors of the KPI tree."""
    factors = result.factors
    fig, ax = new_figure(language)
    if factors.empty or not np.isfinite(factors["contribution"]).all():
        return empty_chart(language)
    start = float(factors["before"].prod())
    parts = factors["contribution"].to_numpy(float)
    names = [say("previous", language), *[field_name(f, language) for f in factors["factor"]], say("current", language)]
    levels = start + np.concatenate([[0], np.cumsum(parts)])
    bottoms = [0, *np.minimum(levels[:-1], levels[1:]), 0]
    heights = [start, *np.abs(parts), levels[-1]]
    colours = [MUTED, *[ACCENT if p >= 0 else TONES["watch"] for p in parts], MUTED]
    ax.bar(range(len(names)), heights, bottom=bottoms, color=colours, width=0.6)
    for k, (bottom, height) in enumerate(zip(bottoms, heights, strict=True)):
        change = k in range(1, len(names) - 1)
        kind = "yuan_signed" if change else "yuan"
        text = format_value(parts[k - 1] if change else height, kind, language)
        ax.annotate(text, (k, bottom + height), (0, 4), textcoords="offset points", ha="center", va="bottom", color=INK)
    ax.set_xticks(range(len(names)), names)
    ax.margins(y=0.15)
    yuan_axis(ax, "y", language)
    main = factors.loc[factors["contribution"].abs().idxmax(), "factor"]
    title = say("changes_title", language, change=levels[-1] - start, factor=main)
    return finish(fig, title=title, subtitle=say("changes_subtitle", language), alt=title)


def source_changes(result: HealthResult, *, language: str = "zh") -> Figure:
    """What each traffic source contributed to the change of paid amount, split into its factors."""
    fig, ax = new_figure(language)
    sources = result.sources
    if sources.empty:
        return empty_chart(language)
    wide = sources.pivot_table(index="segment", columns="factor", values="contribution", aggfunc="sum", sort=False)
    total = wide.sum(axis=1)
    wide = wide.loc[total.abs().sort_values(ascending=False).index[:TOP_SOURCES][::-1]]
    shades = [ACCENT, TONES["watch"], TONES["good"], MUTED]
    hatches = ["", "///", "...", "xx"]
    rows = np.arange(len(wide))
    positive, negative = np.zeros(len(wide)), np.zeros(len(wide))
    for factor, colour, hatch in zip(wide.columns, shades, hatches, strict=False):
        values = wide[factor].to_numpy(float)
        left = np.where(values >= 0, positive, negative)
        name = field_name(factor, language)
        ax.barh(rows, values, left=left, color=colour, hatch=hatch, edgecolor="white", height=0.65, label=name)
        positive += np.maximum(values, 0)
        negative += np.minimum(values, 0)
    ax.plot(wide.sum(axis=1), rows, "D", color=INK, ms=4)
    ax.axvline(0, color=INK, lw=0.8)
    ax.set_yticks(rows, wide.index)
    yuan_axis(ax, "x", language)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=4)
    title = say("sources_title", language, source=wide.index[-1])
    return finish(fig, title=title, subtitle=say("sources_subtitle", language), alt=title)


def refund_weeks(result: HealthResult, *, language: str = "zh") -> Figure:
    """Paid amount by week of payment, split into expected net sales, refunds so far and refunds still to come."""
    weeks = result.weeks.tail(16)
    fig, ax = new_figure(language)
    if weeks.empty:
        return empty_chart(language)
    known = bool(weeks["refund_expected"].notna().any())
    expected = weeks["refund_expected"] if known else weeks["refund_seen"].fillna(0.0)
    net, seen = weeks["paid_amount"] - expected, weeks["refund_seen"].fillna(0.0)
    width = 5.2
    ax.bar(weeks["week"], net, width=width, color=ACCENT, label=say("net_expected" if known else "paid", language))
    ax.bar(weeks["week"], seen, bottom=net, width=width, color=RULE, label=say("refund_seen", language))
    if known:
        rest = (expected - seen).clip(lower=0)
        rest = rest.where(rest > 0.004 * weeks["paid_amount"])
        style = {"color": "white", "edgecolor": MUTED, "hatch": "////", "lw": 0.5}
        ax.bar(weeks["week"], rest, bottom=net + seen, width=width, label=say("refund_open", language), **style)
        reach = [net - weeks["net_low"], weeks["net_high"] - net]
        ax.errorbar(weeks["week"], net, yerr=np.clip(reach, 0, None), fmt="none", ecolor=INK, capsize=2, lw=1)
    yuan_axis(ax, "y", language)
    date_axis(ax, language)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3)
    title = say("weeks_title", language, net=float(net.tail(4).sum())) if known else say("weeks_title_unknown", language)
    subtitle = say("weeks_subtitle", language, level=result.method.level)
    return finish(fig, title=title, subtitle=subtitle, alt=title)


def order_clock(result: HealthResult, *, language: str = "zh") -> Figure:
    """Share of paid orders by hour of the day and by weekday."""
    fig, (left, right) = new_figure(language, columns=2)
    if result.hours.empty:
        return empty_chart(language)
    hours = result.hours.set_index("hour")["share"].reindex(range(24), fill_value=0.0)
    weekdays = result.weekdays.set_index("weekday")["share"].reindex(range(1, 8), fill_value=0.0)
    left.bar(hours.index, hours, color=ACCENT)
    left.set_xticks(range(0, 24, 4))
    left.set_xlabel(say("hour", language))
    right.bar(weekdays.index, weekdays, color=ACCENT)
    right.set_xticks(range(1, 8), say("weekdays", language).split())
    right.set_xlabel(say("weekday", language))
    for ax in (left, right):
        percent_axis(ax, "y", language)
    peak = int(hours.idxmax())
    title = say("pattern_title", language, hour=peak, share=float(hours[peak]))
    return finish(fig, title=title, subtitle=say("pattern_subtitle", language), alt=title)


def province_shares(result: HealthResult, *, language: str = "zh") -> Figure:
    """Share of paid orders of the provinces that order most."""
    fig, ax = new_figure(language, height=4.2)
    provinces = result.provinces
    provinces = provinces[provinces["province"].notna()] if len(provinces) else provinces
    if provinces.empty:
        return empty_chart(language)
    top = provinces.nlargest(TOP_PROVINCES, "share")[::-1]
    ax.barh(top["province"], top["share"], color=ACCENT, height=0.65)
    for row, share in enumerate(top["share"]):
        text = format_value(share, "percent", language)
        ax.annotate(text, (share, row), (3, 0), textcoords="offset points", va="center", color=INK)
    ax.margins(x=0.12)
    percent_axis(ax, "x", language)
    first = top.iloc[-1]
    title = say("provinces_title", language, province=first["province"], share=float(first["share"]))
    return finish(fig, title=title, subtitle=say("provinces_subtitle", language, count=len(top)), alt=title)


def _runs(dates: pd.Series, marked: pd.Series) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """First and last date of every run of marked days."""
    group = (marked != marked.shift()).cumsum()[marked]
    spans = dates[marked].groupby(group).agg(["min", "max"])
    return list(spans.itertuples(index=False, name=None))
