"""The stock part of the world: supply, stock-outs and the sales they cut off.

Equation: every Monday an item whose stock and open orders fall below ``expected daily units x (lead days + 7) x 1.25``
is ordered up to twice that; before a campaign it is built up by .6 to 1.6 times the expected extra demand; supply
arrives after ``lead_days`` (sd 2 days). units = min(opening stock + arrivals of the morning, demand). Naive: counting
sold-out days as days of low demand; the demand lost is in ``truth.json``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmall_nb.demo.demand import DISPERSION
from tmall_nb.demo.items import Items
from tmall_nb.demo.season import BURST, EVE, Days
from tmall_nb.demo.streams import Settings

__all__ = ["Stock", "sell"]


@dataclass(frozen=True, slots=True)
class Stock:
    """(I, D) matrices: wanted and sold units, stock at opening and closing, units on the way."""

    wanted: np.ndarray
    sold: np.ndarray
    opening: np.ndarray
    closing: np.ndarray
    inbound: np.ndarray


def sell(settings: Settings, days: Days, items: Items, expected: np.ndarray) -> Stock:
    """Draw demand around ``expected`` units (I, D) and sell what is in stock."""
    rng = settings.rng("stock")
    wanted = rng.poisson(expected * rng.gamma(DISPERSION, 1 / DISPERSION, expected.shape))
    count, length = expected.shape
    daily = np.maximum(_trailing(expected, 28), 0.05)
    burst = (days.phase == BURST) | (days.phase == EVE)
    extra = np.where(burst.any(axis=0)[None, :], expected - daily, 0.0).clip(0)
    built = extra * rng.uniform(0.6, 1.6, (count, 1))
    arrivals = np.zeros((count, length + 40), dtype=np.int64)
    arrivals[:, :length] += _build_up(built)
    stock = np.ceil(daily[:, 0] * (items.lead_days + 14) * 1.25).astype(np.int64) + 2
    sold, opening, closing, inbound = (np.zeros((count, length), dtype=np.int64) for _ in range(4))
    spread = rng.integers(-2, 3, (count, length))
    on_the_way = arrivals.sum(axis=1) * 0
    for t in range(length):
        stock = stock + arrivals[:, t]
        on_the_way = np.maximum(on_the_way - arrivals[:, t], 0)
        opening[:, t] = stock
        sold[:, t] = np.minimum(wanted[:, t], stock)
        stock = stock - sold[:, t]
        closing[:, t], inbound[:, t] = stock, on_the_way
        if days.weekday[t] == 0:
            level = daily[:, t] * (items.lead_days + 7) * 1.25
            order = np.where(stock + on_the_way < level, np.ceil(2 * level - stock - on_the_way), 0).astype(np.int64)
            due = t + np.maximum(items.lead_days + spread[:, t], 1)
            arrivals[np.arange(count), due] += order
            on_the_way = on_the_way + order
    return Stock(*(units.astype(np.int32) for units in (wanted, sold, opening, closing, inbound)))


def _trailing(values: np.ndarray, width: int) -> np.ndarray:
    """Mean of the last ``width`` days, of the days there are at the start."""
    total = np.cumsum(values, axis=1)
    shifted = np.concatenate([np.zeros((len(values), width)), total[:, :-width]], axis=1) if values.shape[1] > width else 0.0
    return (total - shifted) / np.minimum(np.arange(1, values.shape[1] + 1), width)[None, :]


def _build_up(built: np.ndarray) -> np.ndarray:
    """Bring the stock of a burst in three days before it."""
    out = np.zeros(built.shape, dtype=np.int64)
    out[:, :-3] = np.round(built[:, 3:])
    return out
