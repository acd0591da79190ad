"""What if the goal were higher, demand stronger or cash short? Orders move with three sliders."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial

from tmall_nb.analyses.replenishment import ReplenishmentResult, replan_replenishment
from tmall_nb.charts.figure import Chart
from tmall_nb.charts.replenishment import draw_points
from tmall_nb.explore.panel import Panel, Slider
from tmall_nb.words import label

__all__ = ["what_if_stock"]

say = partial(label, "replenishment")
LOWEST, HIGHEST = 0.5, 2.0  # multiples of the forecast
STEPS = 40


def what_if_stock(result: ReplenishmentResult, *, language: str = "zh") -> Panel:
    """Return a panel with sliders for service level, demand and, where costs are known, cash for orders.

    Parameters
    ----------
    result : of ``plan_replenishment``
    language : ``zh`` or ``en``
    """
    level = float(result.method.parameters["service_level"])
    sliders = {
        "service_level": Slider(say("slider_level", language), level, 0.5, 0.99, 0.01, "percent"),
        "demand": Slider(say("slider_demand", language), 1.0, LOWEST, HIGHEST, 0.05),
    }
    most = 3 * float(result.priority["cash_yuan"].fillna(0).sum())
    if most > 0:
        given = result.method.parameters["budget_yuan"]
        start = most if given is None else min(float(given), most)
        sliders["budget"] = Slider(say("slider_budget", language), start, 0.0, most, most / STEPS, "yuan")

    @lru_cache(maxsize=64)
    def plan(service_level: float, demand: float, budget: float | None) -> ReplenishmentResult:
        limit = None if budget is None or budget >= most else budget
        return replan_replenishment(result, service_level=service_level, demand_factor=demand, budget_yuan=limit)

    def planned(values: Mapping[str, float]) -> ReplenishmentResult:
        return plan(values["service_level"], values["demand"], values.get("budget"))

    def draw(values: Mapping[str, float], chart: Chart | None) -> Chart:
        return draw_points(planned(values), language=language, fig=chart)

    def tell(values: Mapping[str, float]) -> str:
        now = planned(values)
        units, cash = now.table["order_units"], now.cash.set_index("measure")
        saved = cash.loc["margin_saved"]
        return say(
            "panel_result", language, items=int((units > 0).sum()), units=float(units.sum()),
            cash=cash.loc["order_cash", "yuan"], saved=saved["yuan"], saved_low=saved["low"], saved_high=saved["high"],
            late=cash.loc["margin_too_late", "yuan"],
        )  # fmt: skip

    return Panel(sliders, draw, tell, language=language)
