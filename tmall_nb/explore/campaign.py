"""What must happen for a target? Sliders over traffic, conversion, spend per buyer and ads of the campaign ahead."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from tmall_nb.analyses.campaign_plan import PlanResult
from tmall_nb.analyses.campaign_plan.simulate import simulate_target
from tmall_nb.charts.campaign_plan import draw_target
from tmall_nb.charts.figure import Chart
from tmall_nb.explore.panel import Panel, Slider
from tmall_nb.words import label

__all__ = ["what_if_campaign"]

say = partial(label, "campaign_plan")
SLIDERS = {"visitors": "slider_visitors", "conversion_rate": "slider_conversion", "amount_per_buyer": "slider_amount"}


def what_if_campaign(result: PlanResult, *, margin: float | None = None, language: str = "zh") -> Panel:
    """Return a panel that says what a campaign brings at chosen traffic, conversion, spend per buyer and ad spend.

    Parameters
    ----------
    result : of ``plan_campaign``
    margin : gross margin less commission on a yuan of sales, 0-1; None: the shop's settings
    language : ``zh`` or ``en``
    """
    table = result.table.set_index("metric")
    sliders = {name: _slider(text, table.loc[name, "times"], result.draws[name], language) for name, text in SLIDERS.items()}
    budget = result.budget.set_index("line")["yuan"]
    if np.isfinite(budget["planned_ads"]):
        most = 3 * max(float(budget["planned_ads"]), float(budget["usual_ads"]), 1.0)
        sliders["ads"] = Slider(say("slider_ads", language), float(budget["planned_ads"]), 0.0, most, most / 60, "yuan")

    def draw(values: Mapping[str, float], chart: Chart | None) -> Chart:
        return draw_target(result, simulate_target(result, values, margin=margin), language=language, fig=chart)

    def tell(values: Mapping[str, float]) -> str:
        return say("simulator_told", language, **simulate_target(result, values, margin=margin))

    return Panel(sliders, draw, tell, language=language)


def _slider(text: str, times: float, draws: np.ndarray, language: str) -> Slider:
    low, high = (float(np.quantile(draws, p)) for p in (0.005, 0.995))
    low, high = min(0.8 * times, low), max(1.25 * times, high)
    return Slider(say(text, language), float(times), low, high, (high - low) / 100, "number")
