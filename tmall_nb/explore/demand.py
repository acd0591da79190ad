"""What if a price, a promotion or the service level were another? Demand and the order move with four sliders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import pandas as pd

from tmall_nb.analyses.demand import DemandResult, replan_demand
from tmall_nb.analyses.replenishment import ReplenishmentResult, plan_replenishment, replan_replenishment
from tmall_nb.charts.demand import draw_what_if
from tmall_nb.charts.figure import Chart
from tmall_nb.errors import NotEnoughData, ParameterError
from tmall_nb.explore.panel import Panel, Slider
from tmall_nb.shop import Shop
from tmall_nb.words import label

__all__ = ["what_if_demand"]

say = partial(label, "demand")
ITEMS = 30
CHEAPER, DEARER = -0.4, 0.3
PROMOTION_DAYS = 28


def what_if_demand(
    demand: DemandResult,
    stock: Shop | pd.DataFrame | None = None,
    *,
    service_level: float = 0.95,
    elasticity: Any = None,
    language: str = "zh",
) -> Panel:
    """Return a panel with sliders for item, price, promotion days and, where orders are planned, the service level.

    Parameters
    ----------
    demand : of ``forecast_demand``
    stock : the shop, or the frame ``plan_replenishment`` takes; without it, and where the horizon is shorter than the wait for
        goods, demand moves alone
    service_level : where its slider starts, 0.5-0.99
    elasticity : of ``estimate_elasticity``, or earlier results of it (the newest is used); without it the forecast's own
        price response
    language : ``zh`` or ``en``
    """
    if isinstance(elasticity, Sequence):
        elasticity = elasticity[-1] if elasticity else None
    items, orders = _items(demand), _orders(demand, stock, service_level)

    @lru_cache(maxsize=128)
    def change(item_id: str, price: float, days: int) -> pd.DataFrame:
        return replan_demand(_one(demand, item_id), price_change=price, promotion_days=days, elasticity=elasticity)

    def changed(values: Mapping[str, float]) -> tuple[pd.Series, pd.DataFrame]:
        item = items.iloc[min(round(values["item"]), len(items)) - 1]
        return item, change(item["item_id"], round(values["price"], 4), round(values["promotion"]))

    def draw(values: Mapping[str, float], chart: Chart | None) -> Chart:
        item, days = changed(values)
        past = demand.history[demand.history["item_id"] == item["item_id"]]
        return draw_what_if(past, days, str(item["name"]), language=language, fig=chart)

    def tell(values: Mapping[str, float]) -> str:
        item, days = changed(values)
        text = _demand_text(item, days, values, language, caused=elasticity is not None)
        return text + (
            say("what_if_no_orders", language) if orders is None else _order_text(orders, item, days, values, language)
        )

    return Panel(_sliders(demand, orders, len(items), language), draw, tell, language=language)


def _orders(demand: DemandResult, stock: Shop | pd.DataFrame | None, service_level: float) -> ReplenishmentResult | None:
    """The orders as planned, or None where there can be none."""
    if stock is None:
        return None
    try:
        return plan_replenishment(stock, demand, service_level=service_level)
    except (NotEnoughData, ParameterError):
        return None


def _items(demand: DemandResult) -> pd.DataFrame:
    """The items that bring most, first, with the name a merchant reads."""
    table = demand.table
    if table.empty:
        raise NotEnoughData("the forecast has no item to change")
    worth = table["units"] * (table["price_yuan"].fillna(0.0) if "price_yuan" in table else 1.0)
    top = table.loc[worth.sort_values(ascending=False, kind="stable").index[:ITEMS]]
    names = top["item_title"].fillna(top["item_id"]) if "item_title" in top else top["item_id"]
    return top.assign(name=names).reset_index(drop=True)


def _one(demand: DemandResult, item_id: str) -> DemandResult:
    """The forecast of one item."""
    own = {name: getattr(demand, name) for name in ("forecast", "responses")}
    return replace(demand, **{name: frame[frame["item_id"] == item_id] for name, frame in own.items()})


def _sliders(demand: DemandResult, orders: ReplenishmentResult | None, items: int, language: str) -> dict[str, Slider]:
    days = min(PROMOTION_DAYS, demand.forecast["date"].nunique())
    sliders = {
        "item": Slider(say("slider_item", language), 1, 1, max(items, 2), 1, "count"),
        "price": Slider(say("slider_price", language), 0.0, CHEAPER, DEARER, 0.01, "percent_signed"),
        "promotion": Slider(say("slider_promotion", language), 0, 0, days, 1, "count"),
    }
    if orders is not None:
        level = float(orders.method.parameters["service_level"])
        sliders["service_level"] = Slider(say("slider_level", language), level, 0.5, 0.99, 0.01, "percent")
    return sliders


def _demand_text(item: pd.Series, days: pd.DataFrame, values: Mapping[str, float], language: str, *, caused: bool) -> str:
    before, after = float(days["units_before"].sum()), float(days["units"].sum())
    text = say(
        "what_if_demand", language, item=item["name"], price=values["price"], promotion=values["promotion"], days=len(days),
        before=before, after=after, change=after / max(before, 1e-9) - 1,
    )  # fmt: skip
    source = say("what_if_caused" if caused else "what_if_goes_with", language) if values["price"] else ""
    return text + source


def _order_text(
    orders: ReplenishmentResult, item: pd.Series, days: pd.DataFrame, values: Mapping[str, float], language: str
) -> str:
    factor = float(days["units"].sum() / max(float(days["units_before"].sum()), 1e-9))
    now = replan_replenishment(
        orders, service_level=values["service_level"], demand_factor=pd.Series({item["item_id"]: factor})
    )
    row = now.table[now.table["item_id"] == item["item_id"]]
    if row.empty or pd.isna(row["order_units"].iloc[0]):
        return say("what_if_no_order", language)
    first = row.iloc[0]
    return say(
        "what_if_order", language, level=values["service_level"], units=float(first["order_units"]),
        units_low=float(first["low"]), units_high=float(first["high"]), point=float(first["reorder_point"]),
        risk=float(first["stockout_risk"]),
    )  # fmt: skip
