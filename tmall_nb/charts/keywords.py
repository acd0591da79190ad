"""Charts of keyword scores and search opportunities; every figure is read from the result."""

from __future__ import annotations

from functools import partial

import pandas as pd
from matplotlib.axes import Axes

from tmall_nb.analyses.keywords import KeywordResult, OpportunityResult
from tmall_nb.charts.figure import Chart
from tmall_nb.charts.style import ACCENT, CATEGORIES, HATCHES, INK, MUTED, TONES, empty_chart, finish, new_figure, yuan_axis
from tmall_nb.words import format_value, label
from tmall_nb.words.catalogue import value_word

__all__ = ["bid_ranges", "demand_reach", "root_effects", "stage_losses", "verdict_spend"]

say = partial(label, "keywords")
VERDICTS = {"raise": "good", "keep": "unknown", "lower": "watch", "negative": "act", "not_enough_data": "unknown"}
STAGES = ("impression_to_click", "click_to_cart", "cart_to_order", "click_to_order")
MARKERS = "osD^"
TOP = 12


def verdict_spend(result: KeywordResult, *, language: str = "zh") -> Chart:
    """Spend by verdict, with the number of keywords behind each bar."""
    return draw_verdicts(result.table, language=language)


def draw_verdicts(table: pd.DataFrame, *, language: str = "zh", fig: Chart | None = None) -> Chart:
    """Spend by verdict of a frame with ``verdict`` and ``spend``; ``fig`` is a chart of before to draw anew."""
    if fig is None:
        fig, ax = new_figure(language, height=3.0)
    else:
        ax = fig.axes[0]
        ax.clear()
    if table["spend"].sum() <= 0:
        return empty_chart(language)
    sums = table.groupby("verdict")["spend"].agg(["sum", "size"]).reindex(list(VERDICTS)).fillna(0)[::-1]
    for row, (verdict, values) in enumerate(sums.iterrows()):
        hatch = HATCHES[list(VERDICTS).index(str(verdict))]
        ax.barh(row, values["sum"], color=TONES[VERDICTS[str(verdict)]], hatch=hatch, edgecolor="white", height=0.65)
        text = f"{format_value(values['sum'], 'yuan', language)} · {int(values['size'])}"
        ax.annotate(text, (values["sum"], row), (4, 0), textcoords="offset points", va="center", color=INK)
    ax.set_yticks(range(len(sums)), [value_word(str(v), language, stem="keywords") for v in sums.index])
    ax.margins(x=0.2)
    yuan_axis(ax, "x", language)
    spend, lost = float(table["spend"].sum()), float(sums.loc["negative", "sum"])
    if lost > 0:
        title = say("verdicts_title", language, spend=spend, share=lost / spend)
    else:
        title = say("verdicts_title_calm", language, spend=spend)
    return finish(fig, title=title, subtitle=say("verdicts_subtitle", language), alt=title)


def bid_ranges(result: KeywordResult, *, language: str = "zh") -> Chart:
    """Highest bid of the keywords with most spend, with its interval and the price paid now."""
    table = result.table[result.table["max_bid_yuan"].notna() & result.table["cost_per_click"].notna()]
    top = table.nlargest(TOP, "spend").sort_values("rank", ascending=False)
    fig, ax = new_figure(language, height=1.4 + 0.3 * max(len(top), 3))
    if top.empty:
        return empty_chart(language)
    rows = range(len(top))
    ax.hlines(rows, top["max_bid_yuan_low"], top["max_bid_yuan_high"], color=ACCENT, lw=2)
    ax.plot(top["max_bid_yuan"], rows, "o", color=ACCENT, ms=6)
    ax.plot(top["cost_per_click"], rows, "|", color=INK, ms=13, mew=2)
    ax.set_yticks(rows, top["keyword"])
    ax.set_xlim(left=0)
    subtitle = say("bids_subtitle", language, level=result.method.level)
    high = top["verdict"].isin(["lower", "negative"]).sum()
    title = say("bids_title", language, keywords=len(top), up=int((top["verdict"] == "raise").sum()), down=int(high))
    return finish(fig, title=title, subtitle=subtitle, alt=title)


def root_effects(result: KeywordResult, *, language: str = "zh") -> Chart:
    """Effect of the word roots with most clicks on the odds of an order."""
    tokens = result.tokens.dropna(subset=["effect"]).head(TOP).sort_values("effect") if len(result.tokens) else result.tokens
    fig, ax = new_figure(language, height=1.4 + 0.3 * max(len(tokens), 3))
    if tokens.empty:
        return empty_chart(language)
    rows = range(len(tokens))
    colours = [{"helps": TONES["good"], "hurts": TONES["act"]}.get(v, MUTED) for v in tokens["verdict"]]
    ax.axvline(1, color=INK, lw=0.8)
    ax.hlines(rows, tokens["low"], tokens["high"], color=colours, lw=2)
    for row, (effect, colour, verdict) in enumerate(zip(tokens["effect"], colours, tokens["verdict"], strict=True)):
        ax.plot(effect, row, "o", color=colour, mfc=colour if verdict != "no_difference" else "white", ms=6)
    ax.set_yticks(rows, tokens["token"])
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    clear = tokens[tokens["verdict"] != "no_difference"]
    if clear.empty:
        title = say("roots_title_calm", language, roots=len(tokens))
    else:
        counts = clear["verdict"].value_counts()
        up, down = int(counts.get("helps", 0)), int(counts.get("hurts", 0))
        title = say("roots_title", language, roots=len(tokens), up=up, down=down)
    return finish(fig, title=title, subtitle=say("roots_subtitle", language, level=result.method.level), alt=title)


def stage_losses(result: KeywordResult, *, language: str = "zh") -> Chart:
    """Orders lost at the stage a keyword is certainly weakest for, against its peers; the largest loss on top."""
    weak = result.stages[result.stages["weakest"].astype(bool)] if len(result.stages) else result.stages
    top = weak.nlargest(TOP, "lost_orders")[::-1] if len(weak) else weak
    fig, ax = new_figure(language, height=1.6 + 0.3 * max(len(top), 3))
    if top.empty:
        return empty_chart(language)
    for number, stage in enumerate(STAGES):
        rows = [k for k, s in enumerate(top["stage"]) if s == stage]
        if not rows:
            continue
        part, colour = top.iloc[rows], CATEGORIES[number]
        ax.hlines(rows, part["lost_orders_low"], part["lost_orders_high"], color=colour, lw=2)
        name = value_word(stage, language, stem="keywords")
        ax.plot(part["lost_orders"], rows, MARKERS[number], color=colour, ms=6, ls="", label=name)
    ax.set_yticks(range(len(top)), top["keyword"])
    ax.set_xlim(left=0)
    legend_below(ax, len(top))
    totals = weak.groupby("stage")["lost_orders"].sum()
    worst = value_word(str(totals.idxmax()), language, stem="keywords")
    title = say("stages_title", language, stage=worst, share=float(totals.max() / totals.sum()))
    return finish(fig, title=title, subtitle=say("stages_subtitle", language, level=result.method.level), alt=title)


def demand_reach(result: OpportunityResult, *, language: str = "zh") -> Chart:
    """Market terms the shop does not reach, or reaches by ads alone: the range of their demand, the likeliest first."""
    missed = result.unreached[result.unreached["verdict"] != "reached"] if len(result.unreached) else result.unreached
    top = missed.dropna(subset=["demand_low", "demand_high"]).head(TOP)[::-1] if len(missed) else missed
    fig, ax = new_figure(language, height=1.4 + 0.3 * max(len(top), 3))
    if top.empty:
        return empty_chart(language)
    for verdict, colour, hatch in (("not_reached", ACCENT, ""), ("weak", TONES["watch"], "//"), ("ads_only", MUTED, "xx")):
        rows = [k for k, v in enumerate(top["verdict"]) if v == verdict]
        if rows:
            part = top.iloc[rows]
            low = part["demand_low"].clip(lower=0.5)
            style = {"color": colour, "hatch": hatch, "edgecolor": "white", "height": 0.5}
            name = value_word(verdict, language, stem="keywords")
            ax.barh(rows, part["demand_high"] - low, left=low, label=name, **style)
    ax.set_yticks(range(len(top)), top["keyword"])
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(lambda value, _: format_value(value, "number", language))
    legend_below(ax, len(top))
    paid, count = int((missed["verdict"] == "ads_only").sum()), len(missed)
    title = say("reach_title_paid" if paid == count else "reach_title", language, keywords=count, paid=paid)
    return finish(fig, title=title, subtitle=say("reach_subtitle", language), alt=title)


def legend_below(ax: Axes, rows: int) -> None:
    """Put the legend into a blank row under the lowest one, where it covers nothing."""
    ax.set_ylim(-1.6, rows - 0.4)
    ax.legend(loc="lower right", ncols=4)
