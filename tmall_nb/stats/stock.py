"""What stock does against a demand distribution: orders, risk, lost units, stock left, and a budget spent where it helps most.

Distributions are (G, S) arrays: G levels of one item's demand from low to high, equally likely. The demand until the delivery
and the demand until the delivery after it are taken at the same level: an item that sells fast keeps selling fast.
"""

from __future__ import annotations

import numpy as np

__all__ = ["allot_budget", "left_units", "lost_units", "order_units", "stockout_risk"]

CHUNKS = 12


def order_units(position: np.ndarray, target: np.ndarray, minimum: np.ndarray, pack: np.ndarray) -> np.ndarray:
    """Units to order so that ``position`` reaches ``target``: none, or at least ``minimum``, in whole packs."""
    need = np.ceil(np.maximum(target - position, 0.0) - 1e-9)
    size = np.maximum(pack, 1.0)
    return np.where(need > 0, np.ceil(np.maximum(need, minimum) / size) * size, 0.0)


def stockout_risk(demand: np.ndarray, position: np.ndarray) -> np.ndarray:
    """(S,) probability that the demand exceeds ``position``, linear between levels."""
    levels = len(demand)
    below = (demand <= position).sum(axis=0)
    item = np.arange(demand.shape[1])
    low = np.where(below > 0, demand[np.maximum(below - 1, 0), item], 0.0)
    high = demand[np.minimum(below, levels - 1), item]
    part = np.clip((position - low) / np.maximum(high - low, 1e-9), 0.0, 1.0)
    reached = np.where(below == 0, 0.5 * part, below - 0.5 + part)
    return np.where(below == levels, 0.0, np.clip(1.0 - reached / levels, 0.0, 1.0))


def lost_units(until: np.ndarray, beyond: np.ndarray, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(G, S) units lost before an order placed today can arrive, and after that until the next order could.

    Parameters
    ----------
    until, beyond : (G, S) demand until the delivery, and until the delivery of the next order
    position : (S,) units in stock and on the way; what an order of q units saves is min(q, lost after)
    """
    early = np.maximum(until - position, 0.0)
    late = np.maximum(beyond - np.maximum(position, until), 0.0)
    return early, late


def left_units(until: np.ndarray, beyond: np.ndarray, position: np.ndarray, order: np.ndarray) -> np.ndarray:
    """(G, S) units left when the next order could arrive."""
    return np.maximum(np.maximum(position, until) + order - beyond, 0.0)


def allot_budget(
    order: np.ndarray, late: np.ndarray, *, margin: np.ndarray, cost: np.ndarray, terms: tuple[np.ndarray, np.ndarray],
    budget: float,
) -> np.ndarray:  # fmt: skip
    """(S,) units of each order that a budget pays for, taken where a yuan saves the most expected margin.

    Orders are cut into parts (the first not below the minimum order); a later part of an item never comes before an earlier.

    Parameters
    ----------
    order : (S,) units wanted; late : (G, S) units lost that an order can save
    margin, cost : (S,) yuan a unit; items without either, or without a margin above 0, get nothing
    terms : (S,) minimum order and (S,) pack size
    budget : yuan
    """
    minimum, pack = terms
    parts = []
    for i in np.flatnonzero((order > 0) & (np.nan_to_num(margin) > 0) & (np.nan_to_num(cost) > 0)):
        size = max(pack[i], 1.0)
        step = max(np.ceil(order[i] / CHUNKS / size) * size, size)
        ends = np.unique(np.minimum(np.append(np.arange(max(minimum[i], step), order[i], step), order[i]), order[i]))
        saved = np.minimum(ends[None, :], late[:, i][:, None]).mean(axis=0) * margin[i]
        units = np.diff(ends, prepend=0.0)
        gain = np.diff(saved, prepend=0.0) / (units * cost[i])
        gain = np.minimum.accumulate(gain)
        parts += [(-g, i, k, u) for k, (g, u) in enumerate(zip(gain, units, strict=True))]
    paid = np.zeros(len(order))
    closed = np.zeros(len(order), dtype=bool)
    for _, i, _, units in sorted(parts):
        price = units * cost[i]
        if closed[i] or price > budget:
            closed[i] = True
            continue
        paid[i] += units
        budget -= price
    return paid
