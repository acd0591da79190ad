"""The plan's numbers out of its basis: orders, risk, money, slow stock, campaigns and stock to come. No reading, no words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.analyses.replenishment.result import Basis
from tmall_nb.stats.replenishment import GRID
from tmall_nb.stats.stock import allot_budget, left_units, lost_units, order_units, stockout_risk

__all__ = ["EDGES", "Numbers", "compute", "expected_path", "futures", "spread", "uniform"]

EDGES = np.array([0.025, 0.975])
DRAWS = 400
MOST_DRAWN = 2_000_000  # draws times items held at once


@dataclass(frozen=True, slots=True)
class Numbers:
    """Per item (S,) or per level and item (G, S); NaN orders where no plan can be made.

    Attributes
    ----------
    ok : (S,) items with a plan; position : stock and inbound; target : units to reach (the reorder point)
    wanted, low, high : orders without a budget, and the orders that would prove right at the 95 % edges of demand
    order : orders within the budget; risk : chance to run out before the next order's goods if nothing is ordered now
    until, beyond : (G, S) demand until the delivery and until the next one
    early, late : (G, S) units lost before the delivery, and after it without an order
    safe : (S,) first period at whose end the stock no longer suffices with the service level (horizon + 1: it does)
    edges : (2, S, H) 95 % bounds of the demand over the first periods
    """

    ok: np.ndarray
    position: np.ndarray
    target: np.ndarray
    wanted: np.ndarray
    low: np.ndarray
    high: np.ndarray
    order: np.ndarray
    risk: np.ndarray
    until: np.ndarray
    beyond: np.ndarray
    early: np.ndarray
    late: np.ndarray
    safe: np.ndarray
    edges: np.ndarray


def compute(basis: Basis, *, service_level: float, budget_yuan: float | None) -> Numbers:
    """Order up to the quantile of the demand until the next order's goods; with a budget, as far as it goes."""
    items, sums = basis.items, basis.sums
    ok = (items["state"] == "ok").to_numpy()
    lead = np.minimum(items["lead"].to_numpy(), sums.horizon)
    last = np.minimum(items["beyond"].to_numpy(), sums.horizon)
    late_sd = items["late"].to_numpy(float)
    until, beyond = (sums.quantile(d, GRID, sd=late_sd) for d in (lead, last))
    beyond = np.maximum(beyond, until)
    goal, low, high = sums.quantile(last, np.array([service_level, *EDGES]), sd=late_sd)
    target = np.ceil(goal - 1e-6)
    target[(items["demand_verdict"] == "dying").to_numpy()] = 0.0
    position = items["stock_units"].fillna(0.0).to_numpy(float) + items["inbound_units"].to_numpy(float)
    minimum, pack = items["moq_units"].to_numpy(float), items["pack_units"].to_numpy(float)
    wanted = order_units(position, target, minimum, pack)
    edges = [order_units(position, np.where(target > 0, np.ceil(e - 1e-6), 0.0), minimum, pack) for e in (low, high)]
    early, late = lost_units(until, beyond, position)
    order = np.where(ok, wanted, 0.0)
    if budget_yuan is not None:
        margin, cost = items["unit_margin"].to_numpy(float), items["unit_cost"].to_numpy(float)
        order = allot_budget(order, late, margin=margin, cost=cost, terms=(minimum, pack), budget=budget_yuan)
    enough = sums.paths(np.array([service_level]), sd=late_sd, lead=lead)[0]
    safe = np.where(enough > position[:, None], np.arange(1, sums.horizon + 1), sums.horizon + 1).min(axis=1)
    risk = stockout_risk(beyond, position)
    bounds = np.minimum(edges[0], wanted), np.maximum(edges[1], wanted)
    return Numbers(ok, position, target, wanted, *bounds, order, risk, until, beyond, early, late, safe, sums.paths(EDGES))


def spread(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and 95 % bounds over the first axis; the bounds hold the mean, which a rare large loss may lift past them."""
    mean = values.mean(axis=0)
    low, high = np.quantile(values, EDGES, axis=0)
    return mean, np.minimum(low, mean), np.maximum(high, mean)


def uniform(items: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, S) levels of the items' own errors and (N,) of the shared one; fewer futures where there are many items."""
    count = int(np.clip(MOST_DRAWN // max(items, 1), 60, DRAWS))
    rng = np.random.default_rng(seed)
    return rng.random((count, items)), rng.random(count)


def futures(basis: Basis, numbers: Numbers, *, seed: int) -> dict[str, np.ndarray]:
    """Totals over all items in futures in which items share an error: yuan saved, lost too early, left; share of items served.

    Returns
    -------
    (N,) arrays ``saved``, ``too_late``, ``left``, ``served`` and ``lost_units``
    """
    items, ok = basis.items, numbers.ok
    levels, shared = uniform(len(items), seed=seed)
    count = len(shared)
    lead = np.minimum(items["lead"].to_numpy(), basis.sums.horizon)
    last = np.minimum(items["beyond"].to_numpy(), basis.sums.horizon)
    until, beyond = (basis.sums.draws(d, levels, shared) for d in (lead, last))
    beyond = np.maximum(beyond, until)
    early, late = lost_units(until, beyond, numbers.position)
    margin, cost = (np.nan_to_num(items[c].to_numpy(float)) for c in ("unit_margin", "unit_cost"))
    margin, cost = np.where(ok, margin, 0.0), np.where(ok, cost, 0.0)
    left = left_units(until, beyond, numbers.position, numbers.order)
    counted = (items["state"] != "not_enough_data").to_numpy() & (numbers.target > 0)
    served = (beyond <= numbers.target)[:, counted].mean(axis=1) if counted.any() else np.full(count, np.nan)
    return {
        "saved": np.minimum(late, numbers.order) @ margin,
        "too_late": early @ margin,
        "left": left @ cost,
        "served": served,
        "lost_units": (early + late) @ ok.astype(float),
    }


def expected_path(basis: Basis, numbers: Numbers, rows: np.ndarray) -> pd.DataFrame:
    """Stock of some items day by day, without an order and with it; goods arrive when the lead time is over."""
    sums, horizon = basis.sums, basis.sums.horizon
    low, high = numbers.edges[:, rows]
    middle = sums.expected[rows]
    have = numbers.position[rows][:, None]
    arrived = np.arange(1, horizon + 1)[None, :] > basis.items["lead"].to_numpy()[rows][:, None]
    without = np.maximum(have - middle, 0.0)
    sold_out = np.maximum(middle - have, 0.0)
    at_lead = np.take_along_axis(sold_out, np.clip(basis.items["lead"].to_numpy()[rows] - 1, 0, horizon - 1)[:, None], axis=1)
    planned = np.where(arrived, np.maximum(have + at_lead + numbers.order[rows][:, None] - middle, 0.0), without)
    return pd.DataFrame({
        "item_id": np.repeat(basis.items["item_id"].to_numpy()[rows], horizon),
        "item_title": np.repeat(basis.items["item_title"].to_numpy()[rows], horizon),
        "date": np.tile(basis.dates, len(rows)),
        "without": without.ravel(),
        "without_low": np.maximum(have - high, 0.0).ravel(),
        "without_high": np.maximum(have - low, 0.0).ravel(),
        "planned": planned.ravel(),
    })  # fmt: skip
