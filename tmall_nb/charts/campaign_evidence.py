"""Charts of what carried a campaign and what tests it: bursts by hour, target gap, later buyers, kinds, placebo items."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tmall_nb.analyses.campaign import CampaignResult
from tmall_nb.charts.style import ACCENT, INK, MUTED, RULE, empty_chart, finish, new_figure, percent_axis, yuan_axis
from tmall_nb.words import field_name, label
from tmall_nb.words.catalogue import value_word

__all__ = ["campaign_hours", "campaign_kinds", "campaign_later", "campaign_placebo_items", "campaign_target"]

say = partial(label, "campaign")
MOST_ITEMS = 20


def campaign_hours(result: CampaignResult, *, language: str = "zh") -> Figure:
    """Each burst hour by hour from 20:00 the evening before, against the same hours of ordinary days."""
    hours = result.hours
    names = list(dict.fromkeys(hours["burst"])) if len(hours) else []
    fig, axes = new_figure(language, rows=max(len(names), 1), height=1.0 + 2.2 * max(len(names), 1))
    if hours.empty or hours["paid_amount"].sum() <= 0:
        return empty_chart(language)
    top_amount = float(hours["paid_amount"].max())
    for ax, name in zip(np.ravel(axes), names, strict=False):
        _hours(ax, hours[hours["burst"] == name].reset_index(drop=True), language)
        ax.set_ylim(0, top_amount * 1.12)
        ax.text(0.01, 0.93, _word(name, language), transform=ax.transAxes, va="top", color=INK)
    np.ravel(axes)[0].legend(loc="upper right")
    top = hours.loc[hours["paid_amount"].idxmax()]
    title = say("hours_title", language, hour=f"{top['hour']:%m-%d %H:00}", amount=top["paid_amount"])
    return finish(fig, title=title, subtitle=say("hours_subtitle", language), alt=title)


def _hours(ax: Axes, hours: pd.DataFrame, language: str) -> None:
    position = np.arange(len(hours))
    ax.bar(position, hours["paid_amount"], width=0.8, color=ACCENT, label=say("actual", language))
    ax.step(position, hours["usual"], where="mid", color=INK, ls="--", label=say("usual", language))
    marks = [k for k, t in enumerate(hours["hour"]) if t.hour in (8, 20) or k == 0]
    ax.set_xticks(marks, [f"{hours['hour'][k]:%m-%d}\n{hours['hour'][k].hour}:00" for k in marks])
    yuan_axis(ax, "y", language)


def campaign_target(result: CampaignResult, *, language: str = "zh") -> Figure:
    """From target to actual paid amount, factor by factor."""
    rows = result.target_gap
    fig, ax = new_figure(language, height=2.8)
    if rows.empty:
        return empty_chart(language)
    goal = result.targets.loc[result.targets["metric"] == "paid_amount"].iloc[0]
    names, left = [say("target", language)], float(goal["target"])
    ax.barh(len(rows) + 1, left, height=0.6, color=RULE, edgecolor=MUTED, hatch="///", lw=0.6)
    for y, row in zip(range(len(rows), 0, -1), rows.itertuples(), strict=True):
        ax.barh(y, row.contribution, left=left, height=0.6, color=ACCENT if row.contribution >= 0 else MUTED)
        ax.plot([left, left], [y + 0.3, y + 0.7], color=MUTED, lw=0.8)
        left += row.contribution
        names.append(field_name(row.factor, language))
    ax.barh(0, left, height=0.6, color=ACCENT)
    ax.set_xlim(0, 1.05 * max(float(goal["target"]), float(goal["actual"])))
    ax.set_yticks(range(len(rows) + 1, -1, -1), [*names, say("actual", language)])
    ax.grid(axis="y", visible=False)
    yuan_axis(ax, "x", language)
    worst = rows.loc[rows["contribution"].abs().idxmax()]
    title = say("target_title", language, reached=goal["reached"], factor=worst["factor"], part=worst["contribution"])
    values = {"start": goal["start"], "end": goal["end"]}
    return finish(fig, title=title, subtitle=say("target_subtitle", language, **values), alt=title)


def campaign_later(result: CampaignResult, *, language: str = "zh") -> Figure:
    """New buyers of the campaign and of ordinary days at the same age: share that came back, yuan paid later."""
    rows = result.later[result.later["group"] != "difference"].reset_index(drop=True)
    fig, axes = new_figure(language, columns=2, height=2.4)
    left, right = np.ravel(axes)
    if len(rows) < 2:
        return empty_chart(language)
    for ax, (value, low, high) in ((left, ("again", "low", "high")), (right, ("later_yuan", "later_low", "later_high"))):
        for y, row in rows.iterrows():
            ours = row["group"] == "campaign"
            colour = ACCENT if ours else MUTED
            ax.plot([row[low], row[high]], [y, y], color=colour, lw=1.8)
            ax.plot(row[value], y, "o" if ours else "s", color=colour, mfc=colour if ours else "white")
        ax.set_ylim(-0.6, len(rows) - 0.4)
        ax.set_xlim(left=0)
    left.set_yticks(range(len(rows)), [f"{_word(r.group, language)}\n(n = {r.buyers})" for r in rows.itertuples()])
    right.set_yticks([])
    percent_axis(left, "x", language)
    yuan_axis(right, "x", language)
    left.set_xlabel(say("again_axis", language))
    right.set_xlabel(say("later_axis", language))
    ours, other = (rows.set_index("group").loc[k, "again"] for k in ("campaign", "other_days"))
    title = say("later_title", language, age=int(rows["age_days"].iloc[0]), again=ours, other=other)
    return finish(fig, title=title, subtitle=say("later_subtitle", language, level=result.method.level), alt=title)


def campaign_kinds(result: CampaignResult, *, language: str = "zh") -> Figure:
    """Change in profit a day by kind of campaign, drawn towards the shop's mean."""
    rows = result.kinds[::-1].reset_index(drop=True)
    fig, ax = new_figure(language, height=1.4 + 0.35 * max(len(rows), 2))
    if rows.empty:
        return empty_chart(language)
    for y, row in enumerate(rows.itertuples()):
        clear = row.verdict != "unclear"
        ax.plot([row.low, row.high], [y, y], color=ACCENT if clear else MUTED, lw=1.8)
        ax.plot(row.profit_per_day, y, "o", color=ACCENT if clear else MUTED, mfc=ACCENT if clear else "white")
    ax.axvline(0, color=INK, lw=0.8)
    ax.set_yticks(range(len(rows)), [f"{_word(r.campaign_type, language)} (n = {r.campaigns})" for r in rows.itertuples()])
    ax.set_ylim(-0.6, len(rows) - 0.4)
    yuan_axis(ax, "x", language)
    top = rows.iloc[-1]
    values = {"profit": top["profit_per_day"], "profit_low": top["low"], "profit_high": top["high"]}
    title = say("kinds_title", language, kind=top["campaign_type"], **values)
    return finish(fig, title=title, subtitle=say("kinds_subtitle", language), alt=title)


def campaign_placebo_items(result: CampaignResult, *, language: str = "zh") -> Figure:
    """Items outside the campaign, each read as if it had been in it, in standard deviations beside the campaign's items."""
    rows = result.placebo_items.head(MOST_ITEMS).sort_values("deviations").reset_index(drop=True)
    fig, ax = new_figure(language, height=1.6)
    if rows.empty:
        return empty_chart(language)
    own = result.diagnostics.iloc[0]
    ax.plot(rows["deviations"], np.zeros(len(rows)), "o", color=MUTED, mfc="white", label=say("one_item", language))
    ax.plot(own["own_deviations"], 0, "D", color=ACCENT, label=say("this_campaign", language))
    ax.axvline(0, color=INK, lw=0.8)
    ax.set_yticks([])
    ax.set_ylim(-1, 1)
    ax.set_xlabel(say("deviations_axis", language))
    ax.legend(loc="upper left", ncols=2)
    title = say("placebo_items_title", language, count=int(own["placebo_items"]), p_value=own["item_p_value"])
    return finish(fig, title=title, subtitle=say("placebo_items_subtitle", language), alt=title)


def _word(key: str, language: str) -> str:
    return value_word(key, language, stem="campaign")
