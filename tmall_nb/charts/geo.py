"""Charts of a regional hold-out test; every figure is read from the result."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from tmall_nb.analyses.geo import GeoDesignResult, GeoReadResult
from tmall_nb.charts.style import ACCENT, INK, MUTED, RULE, date_axis, finish, new_figure, percent_axis, yuan_axis
from tmall_nb.words import label

__all__ = ["geo_test_design", "geo_test_path"]

say = partial(label, "geo")
MOST = 31
BEFORE_DAYS = 120


def geo_test_design(result: GeoDesignResult, *, language: str = "zh") -> Figure:
    """Share of sales by province, with those to be held out filled."""
    chosen = result.table[result.table["chosen"]].iloc[0]
    rows = result.provinces.sort_values("share", ascending=False).head(MOST)
    unit = str(rows.columns[0])
    fig, ax = new_figure(language, height=3.2)
    if chosen["verdict"] == "not_enough_data":
        ax.set_axis_off()
        return finish(fig, title=say("design_none", language))
    x = np.arange(len(rows))
    held = rows["held_out"].to_numpy(bool)
    ax.bar(x[~held], rows["share"][~held], fc="white", ec=MUTED, hatch="///", label=say("kept", language))
    ax.bar(x[held], rows["share"][held], color=ACCENT, label=say("held_out", language))
    ax.set_xticks(
        x, [str(n).removesuffix("省").removesuffix("市")[:3] for n in rows[unit]], rotation=60, ha="right", fontsize=8
    )
    percent_axis(ax, "y", language)
    ax.legend(loc="upper right")
    title = say("design_title", language, weeks=int(chosen["weeks"]), value=chosen["detectable"])
    return finish(fig, title=title, subtitle=say("design_subtitle", language), alt=title)


def geo_test_path(result: GeoReadResult, *, language: str = "zh") -> Figure:
    """Weekly mean of the changed regions and of their counterfactual with its band."""
    start = pd.Timestamp(result.method.parameters["start"])
    path = result.path[result.path["date"] >= start - pd.Timedelta(days=BEFORE_DAYS)]
    fig, ax = new_figure(language)
    ax.fill_between(path["date"], path["low"], path["high"], color=RULE, lw=0)
    ax.plot(path["date"], path["counterfactual"], color=MUTED, ls="--", lw=1.2, label=say("counterfactual", language))
    ax.plot(path["date"], path["actual"], color=ACCENT, lw=1.2, label=say("actual", language))
    ax.axvline(start, color=INK, lw=1)
    ax.set_ylim(bottom=0)
    yuan_axis(ax, "y", language)
    date_axis(ax, language)
    ax.legend(loc="upper left", ncols=2)
    row = result.table[result.table["chosen"]].iloc[0]
    title = say("read_title", language, value=row["relative"])
    return finish(fig, title=title, subtitle=say("read_subtitle", language), alt=title)
