"""What to order, how much and by when, so that stock suffices until the next order's goods arrive."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tmall_nb.analyses.replenishment import frames
from tmall_nb.analyses.replenishment.build import build_basis
from tmall_nb.analyses.replenishment.campaigns import campaign_frame
from tmall_nb.analyses.replenishment.compute import compute, expected_path, futures
from tmall_nb.analyses.replenishment.findings import plan_findings
from tmall_nb.analyses.replenishment.result import Basis, ReplenishmentResult
from tmall_nb.errors import ParameterError
from tmall_nb.shop import Shop
from tmall_nb.stats.replenishment import SumDemand

if TYPE_CHECKING:
    from tmall_nb.analyses.demand.result import DemandResult

__all__ = ["plan_replenishment", "replan_replenishment"]

PATHS = 200  # items whose stock to come is laid out day by day


def plan_replenishment(
    stock: Shop | pd.DataFrame,
    demand: DemandResult,
    *,
    lead_time_days: float | None = None,
    review_days: float | None = None,
    service_level: float = 0.95,
    budget_yuan: float | None = None,
) -> ReplenishmentResult:
    """Say what to order, how much and by when.

    At each review an item whose stock and inbound goods lie below its reorder point is ordered up to it: the reorder point is
    the demand until the next review's goods can arrive that is not exceeded with the service level. Trust it for ordinary
    weeks; a year-end with a single past year, and items younger than eight weeks, sell further from the forecast than past
    windows show.

    Parameters
    ----------
    stock : a shop, or one row per item: item_id, stock_units, [inbound_units, unit_cost_yuan, moq_units, pack_units,
        price_yuan, lead_time_days, lead_time_sd, review_days, date]
    demand : what ``forecast_demand`` returned, over lead time and review period at least
    lead_time_days : 0-180 from order to arrival for all items; None: each item's own, then the shop's
    review_days : 0-180 between two orders; None: each item's own, then the shop's, then 7
    service_level : chance that stock suffices, 0.5-0.999
    budget_yuan : cash for orders; None: no limit

    Raises
    ------
    ExportError : a bad row or column of ``stock``; ParameterError : an impossible option, or a forecast that is too short

    Examples
    --------
    >>> orders = plan_replenishment(shop, demand, service_level=0.95)  # doctest: +SKIP
    >>> orders.table.head()  # doctest: +SKIP
    """
    for name, value in (("lead_time_days", lead_time_days), ("review_days", review_days)):
        if value is not None and not 0 <= value <= 180:
            raise ParameterError(name, value, "0-180 days")
    _check(service_level, budget_yuan)
    basis = build_basis(stock, demand, lead_time_days=lead_time_days, review_days=review_days)
    if (basis.items["state"] == "horizon_too_short").all():
        days = int(np.ceil((basis.items["lead_time_days"] + basis.items["review_days"]).min()))
        told = basis.sums.horizon * int(basis.items["step"].iloc[0])
        raise ParameterError("demand", f"{told} days", f"a forecast over lead time and review period, {days} days or more")
    return _plan(basis, service_level=service_level, budget_yuan=budget_yuan)


def replan_replenishment(
    result: ReplenishmentResult,
    *,
    service_level: float | None = None,
    demand_factor: float | pd.Series = 1.0,
    budget_yuan: float | None = None,
) -> ReplenishmentResult:
    """Make a plan anew with another goal, budget or demand; fast enough for a slider.

    Parameters
    ----------
    result : of ``plan_replenishment``
    service_level : None: as before
    demand_factor : times the forecast (a planned price, a promotion), one number or one per item_id
    budget_yuan : cash for orders; None: no limit
    """
    level = float(result.method.parameters["service_level"]) if service_level is None else service_level
    _check(level, budget_yuan)
    basis = result.basis
    factor = demand_factor
    if isinstance(factor, pd.Series):
        factor = factor.reindex(basis.items["item_id"]).fillna(1.0).to_numpy(float)
    times = np.broadcast_to(np.asarray(factor, dtype=float), (len(basis.items),))[:, None]
    if not np.isfinite(times).all() or (times < 0).any():
        raise ParameterError("demand_factor", demand_factor, "0 or more")
    sums: SumDemand = replace(basis.sums, expected=basis.sums.expected * times)
    return _plan(replace(basis, sums=sums, units=basis.units * times), service_level=level, budget_yuan=budget_yuan)


def _check(service_level: float, budget_yuan: float | None) -> None:
    if not 0.5 <= service_level <= 0.999:
        hint = f", write {service_level / 100:g}" if 50 <= service_level < 100 else ""
        raise ParameterError("service_level", service_level, f"a fraction, 0.5-0.999{hint}")
    if budget_yuan is not None and not (np.isfinite(budget_yuan) and budget_yuan >= 0):
        raise ParameterError("budget_yuan", budget_yuan, "0 yuan or more, or None for no limit")


def _plan(basis: Basis, *, service_level: float, budget_yuan: float | None) -> ReplenishmentResult:
    numbers = compute(basis, service_level=service_level, budget_yuan=budget_yuan)
    drawn = futures(basis, numbers, seed=basis.method.seed or 0)
    made = {
        "table": frames.table_frame(basis, numbers, service_level=service_level),
        "detail": frames.detail_frame(basis, numbers),
        "risks": frames.risk_frame(basis, numbers),
        "priority": frames.priority_frame(basis, numbers),
        "cash": frames.cash_frame(basis, numbers, drawn),
        "slow": frames.slow_frame(basis, numbers),
    }
    made["campaigns"], saved = campaign_frame(basis, numbers, service_level=service_level)
    rank = pd.Index(basis.items["item_id"]).get_indexer(made["table"]["item_id"])
    made["path"] = expected_path(basis, numbers, rank[numbers.ok[rank]][:PATHS])
    served = tuple(float(q) for q in np.nanquantile(drawn["served"], [0.025, 0.975])) if numbers.target.any() else ()
    parameters = {
        "service_level": service_level,
        "budget_yuan": budget_yuan,
        "lead_time_days": _span(basis.items["lead_time_days"]),
        "review_days": _span(basis.items["review_days"]),
        "windows": len(basis.told),
        "served_low": round(served[0], 3) if served else None,
        "served_high": round(served[1], 3) if served else None,
    }
    method = replace(basis.method, parameters=parameters)
    for state in ("not_enough_data", "horizon_too_short", "stock_unknown"):
        method = method.drop(f"rep_{state}", int((basis.items["state"] == state).sum()))
    found = plan_findings(basis, made, method, saved=saved)
    return ReplenishmentResult(**made, findings=found, method=method, basis=basis)


def _span(days: pd.Series) -> str:
    low, high = days.min(), days.max()
    return f"{low:g}" if low == high else f"{low:g}-{high:g}"
