"""What if the margin or the target return were another? Bids and the waste list move with two sliders."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pandas as pd

from tmall_nb.analyses.keywords import KeywordResult, reprice_keywords
from tmall_nb.charts.figure import Chart
from tmall_nb.charts.keywords import draw_verdicts
from tmall_nb.explore.panel import Panel, Slider
from tmall_nb.words import format_value, label

__all__ = ["what_if_bids"]

say = partial(label, "keywords")
LISTED = 5


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

    last: dict[tuple[float, float], pd.DataFrame] = {}

    def priced(values: Mapping[str, float]) -> pd.DataFrame:
        place = (values["margin"], values["target_roas"])
        if place not in last:
            last.clear()
            last[place] = reprice_keywords(result, margin=place[0], target_roas=place[1])
        return last[place]

    def draw(values: Mapping[str, float], chart: Chart | None) -> Chart:
        return draw_verdicts(priced(values), language=language, fig=chart)

    def tell(values: Mapping[str, float]) -> str:
        return _told(priced(values), language)

    return Panel(sliders, draw, tell, language=language)


def _told(frame: pd.DataFrame, language: str) -> str:
    """How many bids move, what is spent on keywords to stop, and the largest of both by name."""
    spend = frame.groupby("verdict")["spend"].agg(["size", "sum"])
    count = {v: int(spend["size"].get(v, 0)) for v in ("raise", "lower", "negative")}
    waste = float(spend["sum"].get("negative", 0.0))
    text = say("panel_result", language, up=count["raise"], down=count["lower"], negative=count["negative"], waste=waste)
    lists = (
        ("panel_waste", frame[frame["verdict"] == "negative"], "spend", "yuan"),
        ("panel_bids", frame[frame["verdict"].isin(["raise", "lower"])], "max_bid_yuan", "yuan2"),
    )
    return " ".join([text, *(_named(key, part, (column, unit), language) for key, part, column, unit in lists if len(part))])


def _named(key: str, frame: pd.DataFrame, figure: tuple[str, str], language: str) -> str:
    """The keywords with most spend and one figure of each."""
    column, unit = figure
    top = frame.nlargest(LISTED, "spend")
    words = [f"{k} {format_value(v, unit, language)}" for k, v in zip(top["keyword"], top[column], strict=True)]
    return say(key, language, keywords=("、" if language == "zh" else ", ").join(words))
