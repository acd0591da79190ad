"""The price that earns most on average over what an elasticity may be.

Units a day at price p are ``level(e) (p / at)^e``; e has a normal posterior cut off at zero, held as equally likely nodes, and
``level(e)`` follows from recent days under each e, so that level and elasticity move together. Profit is integrated over the
nodes before the best price is taken (expected-utility choice; Rossi, McCulloch & Allenby 1996, Marketing Science 15(4)):
the price that is best at the mean elasticity is not the price that is best on average.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

__all__ = ["Demand", "Economics", "demand_nodes", "gain_quantiles", "price_grid", "price_step", "profits"]

Array = NDArray[np.float64]
NODES, LEVEL_NODES = 41, 9
STEPS = ((100.0, 1.0), (500.0, 5.0), (1000.0, 10.0), (5000.0, 50.0))  # prices below: step between price tags, in yuan
TAG = 0.1  # a price tag ends this much below a whole step: 89.9
CEILING = -0.01  # demand does not rise with the price


@dataclass(frozen=True, slots=True)
class Demand:
    """Equally likely demand curves of one item: elasticity and level (nodes,), units a day at the price ``at``."""

    elasticity: Array
    level: Array
    at: float
    level_sd: float = 0.0

    def units(self, prices: Array) -> Array:
        """(nodes, prices) units a day."""
        return self.level[:, None] * np.exp(self.elasticity[:, None] * np.log(np.asarray(prices) / self.at)[None, :])


@dataclass(frozen=True, slots=True)
class Economics:
    """What one unit leaves: ``kept`` ((1 - fee) price - cost) - shipping; returned goods come back, their freight does not."""

    cost: float
    fee: float = 0.0
    kept: float = 1.0
    shipping: float = 0.0

    def unit_profit(self, prices: Array) -> Array:
        return self.kept * ((1 - self.fee) * np.asarray(prices) - self.cost) - self.shipping

    def margin(self, prices: Array) -> Array:
        """Unit profit as a share of the price, before refunds and shipping."""
        return 1 - self.fee - self.cost / np.asarray(prices)


def demand_nodes(mean: float, sd: float, log_price: Array, units: Array, *, at: float, level_sd: float = 0.0) -> Demand:
    """Return demand curves for an elasticity of ``mean`` and ``sd``, levelled on days with ``log_price`` and ``units``."""
    share = (np.arange(NODES) + 0.5) / NODES
    nodes = mean + sd * ndtri(np.clip(share * ndtr((CEILING - mean) / max(sd, 1e-9)), 1e-12, 1.0))
    nodes = np.minimum(nodes, CEILING)
    lift = np.exp(nodes[:, None] * (np.asarray(log_price) - np.log(at))[None, :])
    level = np.maximum(np.sum(units), 0.5) / lift.sum(axis=1)
    return Demand(nodes, level, at, level_sd)


def price_step(price: float) -> float:
    """Yuan between two neighbouring price tags near ``price``."""
    return next((step for below, step in STEPS if price < below), 100.0)


def price_grid(low: float, high: float, *, near: float, ending: float | None = 0.9) -> Array:
    """Return the price tags from ``low`` to ``high``: they end in ``ending``, one step apart; every fen of a step if None."""
    step = price_step(near)
    if ending is None:
        count = max(int(np.floor((high - low) / (step / 10))), 0)
        return np.round(low + step / 10 * np.arange(count + 1), 2)
    offset = ending - 1.0
    first = np.ceil((low - offset) / step - 1e-9)
    last = np.floor((high - offset) / step + 1e-9)
    return np.round(np.arange(first, last + 1) * step + offset, 2)


def profits(demand: Demand, economics: Economics, prices: Array) -> Array:
    """(nodes, prices) profit a day."""
    return demand.units(prices) * economics.unit_profit(prices)[None, :]


def gain_quantiles(gain: Array, level_sd: float, *, level: float = 0.95) -> Array:
    """(2,) or (2, prices) ends of the interval of a gain (nodes,) or (nodes, prices), with the level of sales itself uncertain
    by ``level_sd`` (of its log)."""
    noise = np.exp(level_sd * ndtri((np.arange(LEVEL_NODES) + 0.5) / LEVEL_NODES))
    draws = np.sort((gain[None] * noise.reshape(-1, *[1] * gain.ndim)).reshape(-1, *gain.shape[1:]), axis=0)
    ends = [round(q * (len(draws) - 1)) for q in ((1 - level) / 2, (1 + level) / 2)]
    return draws[ends]
