"""What other spend would bring, draw by draw, and the split of a total that does best after a discount for doubt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmall_nb.stats.media_mix.data import LAGS
from tmall_nb.stats.media_mix.fit import MixFit

__all__ = ["Responses", "responses", "split_total"]

DOUBTS = (0.25, 0.5, 0.75, 1.0, 1.5)  # standard deviations taken off a channel's mean gain, the boldest first
CERTAIN = 0.96  # a plan less likely than this to beat the proportional split is not proposed
CERTAIN_FOLLOWED = 0.99  # the same where every budget follows demand: of many shops that learn little, some seem sure by chance
FINE = 401
CHUNK = 100


@dataclass(frozen=True, slots=True)
class Responses:
    """Weekly sales of every channel at every multiple of its spend.

    Attributes
    ----------
    scales : multiples of present spend, ascending, shape (grid,)
    sales : units of mean weekly sales, shape (draws, channels, grid)
    """

    scales: np.ndarray
    sales: np.ndarray

    def at(self, scale: np.ndarray) -> np.ndarray:
        """Sales at one multiple per channel, shape (draws, channels)."""
        place = np.clip(np.searchsorted(self.scales, scale) - 1, 0, len(self.scales) - 2)
        left, right = self.scales[place], self.scales[place + 1]
        weight = (scale - left) / (right - left)
        channel = np.arange(len(scale))
        return self.sales[:, channel, place] * (1 - weight) + self.sales[:, channel, place + 1] * weight


def responses(fit: MixFit, scales: np.ndarray, *, window: int = 52, draws: int = 400) -> Responses:
    """Mean weekly sales over the last ``window`` weeks if each channel's spend had been a multiple of what it was.

    Parameters
    ----------
    scales : multiples, ascending
    """
    take = np.linspace(0, len(fit.draws) - 1, min(draws, len(fit.draws))).astype(int)
    points = fit.draws[take]
    carry, half, slope = (points[:, fit.places[p]] for p in ("carry", "half", "slope"))
    returns = np.exp(points[:, fit.places["log_roas"]])
    out = np.empty((len(points), fit.data.channels, len(scales)))
    weeks = fit.data.lagged.shape[1]
    last = min(window, weeks)
    log_scales = np.log(np.maximum(scales, 1e-12))
    power = (1.0 / (1.0 + np.exp(-carry)))[..., None] ** np.arange(LAGS)
    weights = power / power.sum(axis=-1, keepdims=True)
    for start in range(0, len(points), CHUNK):
        rows = slice(start, start + CHUNK)
        spread = np.matmul(fit.data.lagged, weights[rows][..., None])[..., 0]
        log_ratio = np.log(np.maximum(spread, 1e-12)) - half[rows][..., None]
        tilt = np.exp(slope[rows])[..., None]
        total = np.maximum(_rise(tilt * log_ratio).sum(axis=-1), 1e-12)
        level = returns[rows] * fit.data.spend_share * weeks / total
        moved = _rise(tilt[..., None, :] * (log_ratio[..., None, -last:] + log_scales[:, None]))
        out[rows] = level[..., None] * moved.mean(axis=-1)
    return Responses(scales, out)


def _rise(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def split_total(
    found: Responses,
    cost: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    total: float | None,
    *,
    price: float = 0.0,
    certain: float = CERTAIN,
) -> np.ndarray:
    """Multiples of present spend that bring the largest mean gain less some standard deviations per channel.

    The boldest of a few discounts is taken whose plan beats the proportional split with probability ``certain``; where none
    does, the proportional split stays.

    Parameters
    ----------
    found : responses on a grid that covers ``low`` to ``high``
    cost : present spend per channel, in units of mean sales
    low, high : bounds of the multiples, shape (channels,)
    total : spend to reach, in units of mean sales; None: spend until a yuan brings ``price`` yuan of sales
    price : smallest sales per yuan that is worth spending where ``total`` is None
    certain : least probability of a gain

    Returns
    -------
    array of shape (channels,): multiples inside the bounds whose cost is ``total``
    """
    reference = np.clip(np.full(len(cost), 1.0 if total is None else total / cost.sum()), low, high)
    change = found.sales - found.at(reference)[..., None]
    grid = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, FINE)
    mean, spread = change.mean(axis=0), change.std(axis=0)
    for doubt in DOUBTS:
        fine = np.array([np.interp(g, found.scales, w) for g, w in zip(grid, mean - doubt * spread, strict=True)])
        scale = _split(grid, fine, cost, low, high, total, price)
        moved = (found.at(scale) - found.at(reference)).sum(axis=1) - price * float((scale - reference) @ cost)
        if (moved > 0).mean() >= certain:
            return scale
    return reference if total is None else _fill(reference, cost, low, high, total, grid, fine)


def _split(
    grid: np.ndarray, fine: np.ndarray, cost: np.ndarray, low: np.ndarray, high: np.ndarray, total: float | None, price: float
) -> np.ndarray:
    """Largest summed value at one total, by bisection of the price of a yuan."""
    paid = grid * cost[:, None]
    if total is None:
        return _best(grid, fine - price * paid)
    cheap, dear = -10.0, 1000.0
    for _ in range(60):
        middle = 0.5 * (cheap + dear)
        spent = float((_best(grid, fine - middle * paid) * cost).sum())
        cheap, dear = (middle, dear) if spent > total else (cheap, middle)
    return _fill(_best(grid, fine - dear * paid), cost, low, high, total, grid, fine)


def _best(grid: np.ndarray, value: np.ndarray) -> np.ndarray:
    return grid[np.arange(len(grid)), value.argmax(axis=1)]


def _fill(
    scale: np.ndarray, cost: np.ndarray, low: np.ndarray, high: np.ndarray, total: float, grid: np.ndarray, fine: np.ndarray
) -> np.ndarray:
    """Spend what the grid left over, the best channel first."""
    scale = scale.copy()
    for _ in range(len(cost) + 1):
        left = total - float((scale * cost).sum())
        if abs(left) < 1e-9 * total:
            break
        reach = np.clip(scale + left / cost, low, high)
        moved = np.array([np.interp(r, g, f) - np.interp(s, g, f) for r, s, g, f in zip(reach, scale, grid, fine, strict=True)])
        paid = np.abs(reach - scale) * cost
        gain = np.where(paid > 1e-12, moved / np.maximum(paid, 1e-12), -np.inf)
        best = int(gain.argmax())
        scale[best] = reach[best]
    return scale
