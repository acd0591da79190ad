"""What if the weekly budget were larger or smaller? One slider over the split and its gain."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial

import numpy as np

from tmall_nb.analyses.media_mix import BudgetResult, MediaMixResult, plan_budget
from tmall_nb.charts.figure import Chart
from tmall_nb.charts.media_mix import draw_split
from tmall_nb.explore.panel import Panel, Slider
from tmall_nb.words import label

__all__ = ["what_if_budget"]

say = partial(label, "media_mix")
LOWEST, HIGHEST, STEPS = 0.3, 2.0, 34  # multiples of today's total


def what_if_budget(result: MediaMixResult, *, language: str = "zh") -> Panel:
    """Return a panel with a slider for the weekly budget over all channels.

    Parameters
    ----------
    result : of ``fit_media_mix``
    language : ``zh`` or ``en``
    """
    now = float(plan_budget(result).table["spend_now"].sum())
    sliders = {"total": Slider(say("slider_total", language), now, LOWEST * now, HIGHEST * now, now / STEPS, "yuan")}

    @lru_cache(maxsize=64)
    def plan(total: float) -> BudgetResult:
        return plan_budget(result, total_yuan=total)

    def draw(values: Mapping[str, float], chart: Chart | None) -> Chart:
        return draw_split(plan(values["total"]), language=language, fig=chart)

    def tell(values: Mapping[str, float]) -> str:
        rows = plan(values["total"]).alternatives
        row = rows[rows["plan"] == "planned"].iloc[0]
        change = values["total"] - now
        if abs(change) < 1e-6 * now:
            key, extra = "panel_now" if np.isnan(row["p_gain"]) else "panel_same", np.nan
        else:
            key, extra = "panel_result", row["expected_gain"] / change
        return say(
            key, language, total=values["total"], now=now, value=row["expected_gain"], value_low=row["low"],
            value_high=row["high"], chance=row["p_gain"], extra=extra,
        )  # fmt: skip

    return Panel(sliders, draw, tell, language=language)
