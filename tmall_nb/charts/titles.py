"""Charts of titles; every figure is read from the result."""

from __future__ import annotations

from functools import partial

from tmall_nb.analyses.titles import TitleResult
from tmall_nb.charts.figure import Chart
from tmall_nb.charts.keywords import legend_below
from tmall_nb.charts.style import ACCENT, INK, MUTED, empty_chart, finish, new_figure, percent_axis
from tmall_nb.words import label

__all__ = ["title_coverage"]

say = partial(label, "titles")
TOP = 10
SHORT = 12


def title_coverage(result: TitleResult, *, language: str = "zh") -> Chart:
    """Demand covered by present titles and by the proposals, the largest gain on top."""
    table = result.table[result.table["verdict"] != "not_enough_data"]
    middle = (table["coverage_low"] + table["coverage_high"]) / 2
    proposed = (table["new_coverage_low"] + table["new_coverage_high"]) / 2
    top = table.assign(middle=middle, proposed=proposed, gain=proposed - middle).nlargest(TOP, "gain")[::-1]
    fig, ax = new_figure(language, height=1.5 + 0.32 * max(len(top), 3))
    if top.empty:
        return empty_chart(language)
    rows = range(len(top))
    ax.hlines(rows, top["new_coverage_low"], top["new_coverage_high"], color=ACCENT, lw=2)
    ax.hlines(rows, top["coverage_low"], top["coverage_high"], color=MUTED, lw=1, ls="--")
    ax.plot(top["proposed"], rows, "o", color=ACCENT, ms=6, label=say("proposed", language))
    ax.plot(top["middle"], rows, "o", mfc="white", mec=INK, ms=6, label=say("present", language))
    ax.set_yticks(rows, [t[:SHORT] for t in top["item_title"]])
    ax.set_xlim(0, 1.02)
    percent_axis(ax, "x", language)
    legend_below(ax, len(top))
    better = int(result.table["verdict"].isin(["rewrite", "add_words"]).sum())
    title = say("cover_title", language, items=better) if better else say("cover_title_calm", language)
    return finish(fig, title=title, subtitle=say("cover_subtitle", language), alt=title)
