"""What if an item's price or unit cost were another? Two sliders over its profit curve."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial

import numpy as np
import pandas as pd

from tmall_nb.analyses.pricing import PriceResult, try_price
from tmall_nb.charts.figure import Chart
from tmall_nb.charts.pricing import draw_price
from tmall_nb.errors import ParameterError
from tmall_nb.explore.panel import Panel, Slider
from tmall_nb.words import label, show
from tmall_nb.words.method import MethodView
from tmall_nb.words.table import Table

__all__ = ["what_if_price"]

say = partial(label, "pricing")
STEPS, DAYS = 60, 28


def what_if_price(result: PriceResult, item_id: str | None = None, *, language: str = "zh") -> Panel | Table | MethodView:
    """Return a panel with sliders for the price and the unit cost of one item; an empty table where no item has a plan.

    Parameters
    ----------
    result : of ``plan_prices``
    item_id : the item; None: the one with the largest expected gain
    language : ``zh`` or ``en``
    """
    known = result.basis[result.basis["elasticity"].notna()].set_index("item_id")
    if known.empty:
        return show(result.table.iloc[:0], language)
    item = str(known.index[0]) if item_id is None else item_id
    if item not in known.index:
        raise ParameterError("item_id", item, f"an item with a plan: {', '.join(known.index[:5])} …")
    facts, row = known.loc[item], result.table.set_index("item_id").loc[item]
    now, best, cost = float(row["price_now"]), float(row["price_best"]), float(facts["unit_cost"])
    low, high = min(0.9 * facts["price_low"], now, best), max(1.1 * facts["price_high"], now, best)
    sliders = {
        "price": Slider(say("slider_price", language), best, float(low), float(high), float((high - low) / STEPS), "yuan2"),
        "cost": Slider(say("slider_cost", language), cost, 0.5 * cost, 1.5 * cost, cost / STEPS, "yuan2"),
    }

    @lru_cache(maxsize=64)
    def tried(price: float, unit_cost: float) -> pd.DataFrame:
        return try_price(result, item, price_yuan=price, unit_cost=unit_cost)

    def draw(values: Mapping[str, float], chart: Chart | None) -> Chart:
        return draw_price(tried(values["price"], values["cost"]), now, language=language, fig=chart)

    def tell(values: Mapping[str, float]) -> str:
        at = tried(values["price"], values["cost"]).iloc[-1]
        return _told(at, language, item=str(facts["item_title"]), now=now)

    return Panel(sliders, draw, tell, language=language)


def _told(at: pd.Series, language: str, *, item: str, now: float) -> str:
    """The sentence under the chart for the tried price."""
    gains = {name: DAYS * float(at[name]) for name in ("gain", "gain_low", "gain_high")}
    chance = float(np.clip(at["probability"], 0.01, 0.99))
    return say(
        "panel_result", language, item=item, now=now, price=at["price_yuan"], units=float(at["units_per_day"]),
        probability=chance, **gains,
    )  # fmt: skip
