"""Charts of the method check; every figure is read from the result."""

from __future__ import annotations

from functools import partial

from matplotlib.figure import Figure

from tmall_nb.analyses.method_check import MethodCheckResult
from tmall_nb.charts.style import ACCENT, INK, MUTED, empty_chart, finish, new_figure, percent_axis
from tmall_nb.words import label
from tmall_nb.words.catalogue import value_word

__all__ = ["coverage_shares", "method_errors"]

say = partial(label, "method_check")


def method_errors(result: MethodCheckResult, *, language: str = "zh") -> Figure:
    """Error of each method beside the naive figure's, best ratio on top."""
    table = result.table[result.table["naive_rmse"].notna()].sort_values("error_ratio", ascending=False)
    fig, ax = new_figure(language, height=1.6 + 0.42 * max(len(table), 2))
    if table.empty:
        return empty_chart(language)
    rows = range(len(table))
    ax.hlines(rows, table[["rmse", "naive_rmse"]].min(axis=1), table[["rmse", "naive_rmse"]].max(axis=1), color=MUTED, lw=1)
    ax.plot(table["rmse"], rows, "o", color=ACCENT, ms=7, label=say("method", language))
    ax.plot(table["naive_rmse"], rows, "o", mfc="white", mec=INK, ms=7, label=say("naive", language))
    ax.set_yticks(rows, [value_word(q, language) for q in table["quantity"]])
    ax.set_xlim(left=0)
    percent_axis(ax, "x", language)
    ax.legend(loc="lower right")
    better = int((table["error_ratio"] < 1).sum())
    title = say("errors_title", language, better=better, compared=len(table))
    return finish(fig, title=title, subtitle=say("errors_subtitle", language), alt=title)


def coverage_shares(result: MethodCheckResult, *, language: str = "zh") -> Figure:
    """How often intervals cover the truth, with the share they promise."""
    table = result.table[result.table["coverage"].notna()].iloc[::-1]
    fig, ax = new_figure(language, height=1.6 + 0.42 * max(len(table), 2))
    if table.empty:
        return empty_chart(language)
    rows = range(len(table))
    ax.hlines(rows, table["coverage_low"], table["coverage_high"], color=ACCENT, lw=2)
    ax.plot(table["coverage"], rows, "o", color=ACCENT, ms=7)
    ax.plot(table["level"], rows, "|", color=INK, ms=18, mew=2)
    ax.set_yticks(rows, [value_word(q, language) for q in table["quantity"]])
    ax.set_xlim(0, 1.02)
    percent_axis(ax, "x", language)
    title = say("coverage_title", language)
    return finish(fig, title=title, subtitle=say("coverage_subtitle", language), alt=title)
