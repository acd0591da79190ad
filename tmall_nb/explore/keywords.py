"""What if the margin or the target return were another? Bids and the waste list move with two sliders."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pandas as pd

from tmall_nb.analyses.keywords import KeywordResult, reprice_keywords
from tmall_nb.charts.figure import Chart
from tmall_nb.charts.keywords import draw_verdicts
from tmall_nb.explore.panel import Panel, Slider
from tmall_nb.words import label

__all__ = ["what_if_bids"]

say = partial(label, "keywords")


def what_if_bids(result: KeywordResult, *, language: str = "zh") -> Panel:
    """Return a panel with sliders for gross margin and target return on spend.

    Parameters
    ----------
    result : of ``score_keywords``
    language : ``zh`` or ``en``
    """
    margin = float(result.method.parameters.get("margin") or 0.4)
    target = float(result.method.parameters.get("target_roas") or 1 / margin)
    sliders = {
        "margin": Slider(say("margin", language), round(margin, 2), 0.05, 0.95, 0.01, "percent"),
        "target_roas": Slider(say("target_roas", language), round(min(max(target, 0.5), 15), 1), 0.5, 15, 0.1),
    }

    def priced(values: Mapping[str, float]) -> pd.DataFrame:
        return reprice_keywords(result, margin=values["margin"], target_roas=values["target_roas"])

    def draw(values: Mapping[str, float], chart: Chart | None) -> Chart:
        return draw_verdicts(priced(values), language=language, fig=chart)

    def tell(values: Mapping[str, float]) -> str:
        sums = priced(values).groupby("verdict")["spend"].agg(["size", "sum"])
        count = {v: int(sums["size"].get(v, 0)) for v in ("raise", "lower", "negative")}
        waste = float(sums["sum"].get("negative", 0.0))
        return say("panel_result", language, up=count["raise"], down=count["lower"], negative=count["negative"], waste=waste)

    return Panel(sliders, draw, tell, language=language)
