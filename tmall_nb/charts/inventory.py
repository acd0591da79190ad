"""Charts of the inventory: which days each report covers, and which analyses can run."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from tmall_nb.analyses.inventory import InventoryResult
from tmall_nb.charts.style import ACCENT, MUTED, date_axis, finish, new_figure
from tmall_nb.needs import NEEDS
from tmall_nb.words import label
from tmall_nb.words.catalogue import value_word

__all__ = ["report_days", "ready_analyses"]

say = partial(label, "inventory")
BAR = 0.56


def report_days(result: InventoryResult, *, language: str = "zh") -> Figure:
    """One band per dated report from its first to its last day; missing days hatched."""
    names = list(dict.fromkeys(result.days["table"]))
    fig, ax = new_figure(language, height=1.0 + 0.32 * max(len(names), 3))
    for row, name in enumerate(names):
        dates = pd.DatetimeIndex(result.days.loc[result.days["table"] == name, "date"])
        for start, end in _runs(dates):
            ax.barh(row, end - start + pd.Timedelta(days=1), left=start, height=BAR, color=ACCENT, lw=0)
        for gap in result.gaps[result.gaps["table"] == name].itertuples():
            width = gap.end - gap.start + pd.Timedelta(days=1)
            ax.barh(row, width, left=gap.start, height=BAR, fc="white", ec=MUTED, hatch="////", lw=0.6)
    ax.set_yticks(range(len(names)), [value_word(n, language, stem="inventory").split("（")[0] for n in names])
    ax.invert_yaxis()
    if names:
        date_axis(ax, language)
    ax.grid(False, axis="y")
    title = _days_title(result, names, language)
    return finish(fig, title=title, subtitle=say("days_subtitle", language), alt=title)


def _days_title(result: InventoryResult, names: list[str], language: str) -> str:
    if not names:
        return say("days_none", language)
    with_gaps = result.gaps["table"].nunique()
    if with_gaps:
        return say("days_title_gaps", language, reports=len(names), gaps=with_gaps)
    return say("days_title", language, reports=len(names), start=result.days["date"].min(), end=result.days["date"].max())


def ready_analyses(result: InventoryResult, *, language: str = "zh") -> Figure:
    """Analyses against the reports they read: found filled, missing hollow, needed square."""
    stems = {needs.notebook: needs for needs in NEEDS.values()}
    rows = list(result.notebooks["notebook"])
    names = list(dict.fromkeys(n for r in rows for n in (*sum(stems[r].required, ()), *stems[r].useful)))
    present = set(result.table["table"])
    fig, ax = new_figure(language, height=2.6 + 0.3 * max(len(rows), 3))
    for y, row in enumerate(rows):
        needed = set(sum(stems[row].required, ()))
        for x, name in enumerate(names):
            if name in needed or name in stems[row].useful:
                face = ACCENT if name in present else "white"
                ax.plot(x, y, "s" if name in needed else "o", ms=7, mfc=face, mec=ACCENT if name in present else MUTED)
    verdict = dict(zip(result.notebooks["notebook"], result.notebooks["verdict"], strict=True))
    ax.set_yticks(range(len(rows)), [f"{r}{' ×' if verdict[r] == 'blocked' else ''}" for r in rows])
    words = [value_word(n, language, stem="inventory").split("（")[0] for n in names]
    ax.set_xticks(np.arange(len(names)), words, rotation=90)
    ax.set_xlim(-0.6, len(names) - 0.4)
    ax.invert_yaxis()
    can = int((result.notebooks["verdict"] != "blocked").sum())
    title = say("ready_title", language, count=can, total=len(rows))
    return finish(fig, title=title, subtitle=say("ready_subtitle", language), alt=title)


def _runs(dates: pd.DatetimeIndex) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """First and last day of every run of consecutive days."""
    if len(dates) == 0:
        return []
    dates = dates.sort_values()
    breaks = np.flatnonzero(np.diff(dates.to_numpy()) > np.timedelta64(1, "D"))
    starts, ends = [0, *(breaks + 1)], [*breaks, len(dates) - 1]
    return [(dates[a], dates[b]) for a, b in zip(starts, ends, strict=True)]
