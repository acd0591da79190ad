"""How charts look: colours, the shipped Chinese font, axes in yuan, percent and dates, and a figure that fits its page.

A chart function builds its figure with ``new_figure`` and ends with ``finish``. The figure shows itself twice, laid out
anew for a desktop page and for a phone, without a trip through pyplot.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib import dates as mdates
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.rcsetup import cycler
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tmall_nb.charts.figure import Chart
from tmall_nb.words import label
from tmall_nb.words.formats import check_language, plain

__all__ = [
    "ACCENT", "CATEGORIES", "GRID", "HATCHES", "INK", "LINES", "MUTED", "RULE", "TONES", "date_axis", "empty_chart", "finish",
    "new_figure", "percent_axis", "shade", "yuan_axis",
]  # fmt: skip

INK, MUTED, RULE, GRID = "#1f2933", "#52606d", "#d5dae0", "#e4e7eb"
ACCENT = "#0b6e99"
TONES = {"good": "#2f7d5b", "watch": "#b7791f", "act": "#c0392b", "unknown": "#7b8794"}
# Seven colours that stay apart for colour-blind readers and differ in grey, the accent first; pair with HATCHES or LINES.
CATEGORIES = (ACCENT, "#e69f00", "#3fa27a", "#b5482f", "#55307a", "#9ccbe0", "#8a97a3")
HATCHES = ("", "///", "...", "xx", "\\\\\\", "--", "++")
LINES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1)), (0, (3, 3)), (0, (1, 2)))
FONT = Path(__file__).parents[1] / "fonts" / "NotoSansCJKsc-Regular-GB2312.otf"
WIDTH = 7.9
HEIGHT = 3.5
NARROW_TICKS = 4


def _use_style() -> None:
    font_manager.fontManager.addfont(str(FONT))
    name = font_manager.FontProperties(fname=str(FONT)).get_name()
    mpl.rcParams.update({
        "font.family": [name, "DejaVu Sans"], "font.size": 9.5, "axes.unicode_minus": True, "text.color": INK,
        "axes.edgecolor": MUTED, "axes.labelcolor": MUTED, "axes.labelsize": 9, "axes.linewidth": 0.8, "axes.titlesize": 10,
        "axes.titlelocation": "left", "axes.titlecolor": INK, "axes.spines.top": False, "axes.spines.right": False,
        "axes.grid": True, "axes.grid.axis": "y", "axes.axisbelow": True, "grid.color": GRID, "grid.linewidth": 0.8,
        "xtick.color": MUTED, "ytick.color": MUTED, "xtick.labelsize": 9, "ytick.labelsize": 9, "xtick.major.size": 3,
        "ytick.major.size": 0, "legend.frameon": False, "legend.fontsize": 9, "legend.handlelength": 1.6,
        "lines.linewidth": 1.5, "hatch.linewidth": 0.6, "hatch.color": MUTED, "axes.prop_cycle": cycler(color=CATEGORIES),
        "figure.facecolor": "white", "savefig.facecolor": "white", "svg.fonttype": "path", "figure.dpi": 96,
    })  # fmt: skip


_use_style()


def new_figure(
    language: str = "zh", *, rows: int = 1, columns: int = 1, height: float | None = None, **options: Any
) -> tuple[Chart, Any]:
    """Return an empty figure and its axes (one, or an array of them).

    Parameters
    ----------
    language : ``zh`` or ``en``
    rows, columns : the grid; on a phone the columns stand below each other
    height : of the whole figure in inches, without its title; None: 3.5 a row
    options : of ``Figure.subplots`` (sharex, sharey, height_ratios, width_ratios)
    """
    check_language(language)
    fig = Chart(figsize=(WIDTH, height or HEIGHT * (1 if rows == 1 else 0.8 * rows)))
    return fig, fig.subplots(rows, columns, **options)


def finish(fig: Figure, *, title: str, subtitle: str = "", alt: str = "") -> Chart:
    """Put the message over the figure, measure with unit and period under it, and set the sentence that stands for it."""
    if not isinstance(fig, Chart):
        raise TypeError("finish takes a figure made by new_figure")
    fig.caption(title, subtitle, alt or title)
    return fig


def empty_chart(language: str) -> Chart:
    """A low strip whose title says that there is nothing to draw."""
    fig, ax = new_figure(language, height=0.5)
    ax.set_axis_off()
    return finish(fig, title=label("common", "nothing_to_draw", language))


class _Days(mdates.AutoDateFormatter):
    """Dates as short as the space between ticks allows; the year stands at the first tick and at each January."""

    def __init__(self, locator: mdates.DateLocator, language: str):
        super().__init__(locator)
        self.language = language

    def format_ticks(self, values: Any) -> list[str]:
        days = [pd.Timestamp(mdates.num2date(v)).tz_localize(None) for v in values]
        step = min((b - a).days for a, b in pairwise(days)) if len(days) > 1 else 0
        texts = []
        for k, day in enumerate(days):
            new_year = k == 0 or day.year != days[k - 1].year
            texts.append(_day_text(day, step, self.language, new_year))
        return texts


def _day_text(day: pd.Timestamp, step: int, language: str, new_year: bool) -> str:
    if step >= 360:
        return f"{day.year}"
    zh = language == "zh"
    if step >= 27:
        text = f"{day.month}月" if zh else f"{day:%b}"
    else:
        text = f"{day.month}月{day.day}日" if zh else f"{day.day} {day:%b}"
    return f"{text}\n{day.year}" if new_year else text


def date_axis(ax: Axes, language: str = "zh", *, axis: str = "x") -> None:
    """Write dates on an axis: a few round days, months or years."""
    target = ax.xaxis if axis == "x" else ax.yaxis
    locator = mdates.AutoDateLocator(minticks=3, maxticks=8)
    target.set_major_locator(locator)
    target.set_major_formatter(_Days(locator, language))
    if axis == "x":
        ax.grid(False, axis="x")

        def fewer(narrow: bool) -> None:
            locator.maxticks = dict.fromkeys(locator.maxticks, NARROW_TICKS if narrow else 8)

        _adapt(ax, fewer)


def _axis(ax: Axes, axis: str, formatter: FuncFormatter) -> None:
    target = ax.xaxis if axis == "x" else ax.yaxis
    target.set_major_formatter(formatter)
    if axis == "x":
        ax.grid(True, axis="x")
        ax.grid(False, axis="y")
        if target.get_scale() == "linear":
            _adapt(ax, lambda narrow: target.set_major_locator(MaxNLocator(4 if narrow else 7, steps=[1, 2, 2.5, 5, 10])))
    elif target.get_scale() == "linear":
        target.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))


def _adapt(ax: Axes, change: Any) -> None:
    """Call ``change(narrow)`` before each drawing, where the figure can be laid out anew."""
    fig = ax.get_figure(root=True)
    if isinstance(fig, Chart):
        fig.adapt.append(change)
    change(False)


def yuan_axis(ax: Axes, axis: str, language: str = "zh") -> None:
    """Write money on an axis: 万 and 亿 in Chinese, k and M in English."""
    units = ((1e8, "亿"), (1e4, "万")) if language == "zh" else ((1e6, "M"), (1e3, "k"))

    def text(value: float, _: int | None) -> str:
        low, high = sorted(ax.get_xlim() if axis == "x" else ax.get_ylim())
        reach = max(abs(low), abs(high))
        for size, unit in units:
            if reach >= size and value != 0:
                return plain(value / size, 2).rstrip("0").rstrip(".") + unit
        return plain(value, 0 if reach >= 10 else 2)

    _axis(ax, axis, FuncFormatter(text))


def percent_axis(ax: Axes, axis: str, language: str = "zh") -> None:
    """Write fractions on an axis as percent."""
    _axis(ax, axis, FuncFormatter(lambda value, _: (plain(100 * value, 2).rstrip("0").rstrip(".") or "0") + "%"))


def shade(ax: Axes, start: Any, end: Any, label: str | None = None) -> None:
    """Mark a stretch of time (a campaign phase) with a quiet strip and, where given, its name at the top."""
    first, last = pd.Timestamp(start), pd.Timestamp(end)
    half = pd.Timedelta(hours=12)
    ax.axvspan(first - half, last + half, color=TONES["watch"], alpha=0.13, lw=0, zorder=0)
    if label:
        middle = first + (last - first) / 2
        ax.annotate(
            label, (mdates.date2num(middle), 1), xycoords=("data", "axes fraction"), xytext=(0, -3), textcoords="offset points",
            ha="center", va="top", fontsize=8.5, color=MUTED,
        )  # fmt: skip
