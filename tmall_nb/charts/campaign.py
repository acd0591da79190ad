"""Charts of a campaign's post-mortem; every figure is read from the result."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tmall_nb.analyses.campaign import CampaignResult
from tmall_nb.charts.style import ACCENT, INK, MUTED, RULE, TONES, date_axis, empty_chart, finish, new_figure, shade, yuan_axis
from tmall_nb.words import field_name, label
from tmall_nb.words.catalogue import value_word

__all__ = [
    "campaign_factors", "campaign_items", "campaign_path", "campaign_placebos", "campaign_profit",
    "campaign_sources", "campaign_study",
]  # fmt: skip

say = partial(label, "campaign")
BEFORE, AFTER = 56, 28
MOST_ITEMS = 14
VERDICTS = {"earned": TONES["good"], "lost": TONES["act"], "unclear": MUTED}


def campaign_path(result: CampaignResult, *, language: str = "zh") -> Figure:
    """Daily sales of the campaign's items against what they would have been, with interval and campaign days."""
    path = result.path
    sale = path.loc[path["phase"] == "campaign", "date"]
    day = pd.Timedelta(days=1)
    near = path[(path["date"] >= sale.min() - BEFORE * day) & (path["date"] <= sale.max() + AFTER * day)]
    fig, ax = new_figure(language)
    ax.fill_between(near["date"], near["low"], near["high"], color=RULE, lw=0, zorder=1)
    ax.plot(near["date"], near["counterfactual"], "--", color=MUTED, label=say("expected", language))
    ax.plot(near["date"], near["actual"], color=ACCENT, label=say("actual", language))
    shade(ax, sale.min(), sale.max() + day, say("campaign", language))
    ax.set_ylim(bottom=0)
    yuan_axis(ax, "y", language)
    date_axis(ax, language)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)
    rows = result.uplift.set_index("kind")
    values = {k: rows.loc[k, "effect"] for k in ("gross", "net")}
    values |= {f"{k}_{b}": rows.loc[k, b] for k in ("gross", "net") for b in ("low", "high")}
    title = say("path_title", language, **values)
    return finish(fig, title=title, subtitle=say("path_subtitle", language, level=result.method.level), alt=title)


def campaign_profit(result: CampaignResult, *, language: str = "zh") -> Figure:
    """From net lift to profit, one bar a line."""
    rows = result.profit[::-1].reset_index(drop=True)
    fig, ax = new_figure(language, height=3.8)
    for y, row in enumerate(rows.itertuples()):
        whole = row.line in ("usual_lift", "profit")
        ax.barh(
            y, row.yuan, height=0.62, color=ACCENT if whole else RULE, edgecolor=MUTED, hatch="" if whole else "///", lw=0.6
        )
    reach = np.clip([rows["yuan"] - rows["low"], rows["high"] - rows["yuan"]], 0, None)
    ax.errorbar(rows["yuan"], range(len(rows)), xerr=reach, fmt="none", ecolor=INK, capsize=2, lw=1)
    ax.axvline(0, color=INK, lw=0.8)
    ax.set_yticks(range(len(rows)), [_word(k, language) for k in rows["line"]])
    ax.grid(axis="y", visible=False)
    yuan_axis(ax, "x", language)
    gain = result.profit.set_index("line").loc["profit"]
    title = say("profit_title", language, profit=gain["yuan"], profit_low=gain["low"], profit_high=gain["high"])
    return finish(fig, title=title, subtitle=say("profit_subtitle", language, level=result.method.level), alt=title)


def campaign_study(result: CampaignResult, *, language: str = "zh") -> Figure:
    """Profit of every campaign with interval, newest on top."""
    rows = result.table[result.table["profit"].notna()][::-1].reset_index(drop=True)
    fig, ax = new_figure(language, height=1.2 + 0.27 * max(len(rows), 3))
    if rows.empty:
        return empty_chart(language)
    for y, row in enumerate(rows.itertuples()):
        colour = VERDICTS.get(row.verdict, MUTED)
        ax.plot([row.profit_low, row.profit_high], [y, y], color=colour, lw=1.6)
        ax.plot(row.profit, y, "o", color=colour, mfc="white" if row.verdict == "unclear" else colour)
    ax.axvline(0, color=INK, lw=0.8)
    ax.set_yticks(range(len(rows)), [f"{r.campaign}（{_word(r.campaign_type, 'zh')}）" for r in rows.itertuples()])
    yuan_axis(ax, "x", language)
    counts = {k: int((rows["verdict"] == k).sum()) for k in ("earned", "lost")}
    title = say("study_title", language, count=len(rows), **counts)
    return finish(fig, title=title, subtitle=say("study_subtitle", language, level=result.method.level), alt=title)


def campaign_items(result: CampaignResult, *, language: str = "zh") -> Figure:
    """Units gained or lost by item with interval; items outside the campaign hollow."""
    rows = result.items[result.items["effect"].notna()]
    fig, ax = new_figure(language, height=1.2 + 0.25 * min(max(len(rows), 3), MOST_ITEMS))
    if rows.empty:
        return empty_chart(language)
    shown = rows.loc[rows["effect"].abs().nlargest(MOST_ITEMS).index].sort_values("effect").reset_index(drop=True)
    for y, row in enumerate(shown.itertuples()):
        ours = row.role == "campaign"
        ax.plot([row.low, row.high], [y, y], color=ACCENT if ours else MUTED, lw=1.6)
        ax.plot(row.effect, y, "o" if ours else "s", color=ACCENT if ours else MUTED, mfc=ACCENT if ours else "white")
    ax.axvline(0, color=INK, lw=0.8)
    ax.set_yticks(range(len(shown)), [_short(t) for t in shown["item_title"]])
    ax.set_xlabel(say("units_axis", language))
    top = shown.iloc[-1]
    values = {"effect": top["effect"], "effect_low": top["low"], "effect_high": top["high"]}
    title = say("items_title", language, item=_short(top["item_title"]), **values)
    return finish(fig, title=title, subtitle=say("items_subtitle", language, level=result.method.level), alt=title)


def campaign_factors(result: CampaignResult, *, language: str = "zh") -> Figure:
    """What moved a day's sales: traffic, conversion or spend per buyer."""
    rows = result.factors[::-1].reset_index(drop=True)
    fig, ax = new_figure(language, height=2.2)
    if not np.isfinite(rows["contribution"]).all():
        return empty_chart(language)
    _bars(ax, rows["contribution"], [field_name(k, language) for k in rows["factor"]], language)
    change = float(rows["contribution"].sum())
    main = rows.loc[(rows["contribution"] * np.sign(change)).idxmax(), "factor"]
    title = say("factors_title", language, factor=main, change=change)
    return finish(fig, title=title, subtitle=say("factors_subtitle", language), alt=title)


def campaign_sources(result: CampaignResult, *, language: str = "zh") -> Figure:
    """Which traffic sources brought more or less a day."""
    rows = result.sources[::-1].reset_index(drop=True)
    fig, ax = new_figure(language, height=1.4 + 0.3 * max(len(rows), 2))
    if rows.empty:
        return empty_chart(language)
    _bars(ax, rows["change"], list(rows["source"]), language)
    top = rows.iloc[-1]
    title = say("sources_title", language, source=top["source"], change=top["change"])
    return finish(fig, title=title, subtitle=say("sources_subtitle", language), alt=title)


def campaign_placebos(result: CampaignResult, *, language: str = "zh") -> Figure:
    """Lift found in windows without a campaign, beside the campaign's own."""
    rows = result.placebos[::-1].reset_index(drop=True)
    fig, ax = new_figure(language, height=1.6 + 0.27 * max(len(rows), 2))
    if rows.empty:
        return empty_chart(language)
    own = result.uplift.set_index("kind").loc["gross"]
    for y, row in enumerate(rows.itertuples()):
        ax.plot([row.low, row.high], [y, y], color=MUTED, lw=1.6)
        ax.plot(row.effect, y, "o", color=MUTED, mfc="white")
    ax.plot([own["low"], own["high"]], [len(rows)] * 2, color=ACCENT, lw=2)
    ax.plot(own["effect"], len(rows), "D", color=ACCENT)
    ax.axvline(0, color=INK, lw=0.8)
    names = [f"{r.start:%Y-%m-%d}" for r in rows.itertuples()]
    ax.set_yticks(range(len(rows) + 1), [*names, say("this_campaign", language)])
    yuan_axis(ax, "x", language)
    hits = int(((rows["low"] > 0) | (rows["high"] < 0)).sum())
    title = say("placebo_title", language, count=len(rows), hits=hits)
    return finish(fig, title=title, subtitle=say("placebo_subtitle", language, level=result.method.level), alt=title)


def _bars(ax: Axes, values: pd.Series, names: list[str], language: str) -> None:
    ax.barh(range(len(values)), values, height=0.6, color=np.where(values >= 0, ACCENT, RULE).tolist(), edgecolor=MUTED, lw=0.6)
    ax.axvline(0, color=INK, lw=0.8)
    ax.set_yticks(range(len(values)), names)
    ax.grid(axis="y", visible=False)
    yuan_axis(ax, "x", language)


def _word(key: str, language: str) -> str:
    return value_word(key, language, stem="campaign")


def _short(title: object) -> str:
    text = title if isinstance(title, str) else "-"
    return text if len(text) <= 14 else text[:13] + "…"
