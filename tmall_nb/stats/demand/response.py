"""How demand answers to a planned price and to a promotion: slopes of the regression with their uncertainty.

The effect of a change ahead is the difference it makes to the regressors times the slopes. Its variance is a sandwich over
weeks, so that days of one week that err together count once, plus what the shrinkage leaves open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tmall_nb.stats.demand.light import PSEUDO, STEPS, _normal, _State, design
from tmall_nb.stats.demand.panel import Panel

__all__ = ["responses"]

Slopes = tuple[np.ndarray, np.ndarray]
PRICE_STEP = -0.1  # change of log price the effect is read from; the model is linear in it
LEAST_PRICES = 3
MOST = 300
PROMOTION_DAYS = 7
PROMOTIONS = ("promotion", "campaign_on")


def responses(panel: Panel) -> tuple[np.ndarray, np.ndarray]:
    """Effects of price and of promotion, each (3, S): middle and 80 % bounds.

    Returns
    -------
    log units per log price (NaN where an item's price hardly moved), and log units of a day of promotion, mean of the first
    seven (NaN where the past has no promotion); of the ``MOST`` series that sell most, NaN for the others
    """
    if len(panel.units) > MOST:
        busiest = np.sort(np.argsort(-np.nansum(panel.units, axis=1), kind="stable")[:MOST])
        price, promotion = np.full((2, 3, len(panel.units)), np.nan)
        price[:, busiest], promotion[:, busiest] = responses(panel.rows(busiest))
        return price, promotion
    x = design(panel)
    blank = np.full((3, len(panel.units)), np.nan)
    if not x.shape[2]:
        return blank, blank
    slopes = _slopes(panel, x)
    return _price(panel, x, slopes, blank), _promotion(panel, x, slopes, blank)


def _price(panel: Panel, x: np.ndarray, slopes: Slopes, blank: np.ndarray) -> np.ndarray:
    if panel.price is None:
        return blank
    price = panel.price.copy()
    price[:, panel.length :] += PRICE_STEP
    found = _effect(panel, design(replace(panel, price=price)), x, slopes)
    past = np.round(panel.price[:, : panel.length], 3)
    moved = (np.abs(np.diff(past, axis=1)) > 0.005).sum(axis=1) >= LEAST_PRICES
    return blank if found is None else np.sort(np.where(moved, found / PRICE_STEP, np.nan), axis=0)[[1, 0, 2]]


def _promotion(panel: Panel, x: np.ndarray, slopes: Slopes, blank: np.ndarray) -> np.ndarray:
    name = next((n for n in PROMOTIONS if n in panel.names), None)
    if name is None:
        return blank
    k = panel.names.index(name)
    if panel.known[:, : panel.length, k].max() <= 0:
        return blank
    on, off = design(_switched(panel, k, 1.0)), design(_switched(panel, k, 0.0))
    found = _effect(panel, on, off, slopes) if on.shape == x.shape else None
    return blank if found is None else found


def _switched(panel: Panel, k: int, value: float) -> Panel:
    known = panel.known.copy()
    known[:, panel.length :, k] = value
    return replace(panel, known=known)


def _effect(panel: Panel, new: np.ndarray, old: np.ndarray, slopes: Slopes) -> np.ndarray | None:
    """(3, S) change of log units from ``old`` to ``new`` regressors with 80 % bounds; None where the past cannot show it."""
    middle, spread = slopes
    if new.shape != old.shape or new.shape[2] != middle.shape[1]:
        return None
    first, ahead = slice(0, 1), slice(panel.length, panel.length + PROMOTION_DAYS)
    step = ((new[:, ahead] - old[:, ahead]) - (new[:, first] - old[:, first])).mean(axis=1)
    change = (step * middle).sum(axis=1)
    error = np.sqrt(np.einsum("sp,sp->s", step, np.matmul(spread, step[:, :, None])[:, :, 0]))
    return np.stack([change, change - 1.2816 * error, change + 1.2816 * error])


def _slopes(panel: Panel, x: np.ndarray) -> Slopes:
    """(S, p) slopes at the panel's end and (S, p, p) their covariance."""
    state = _State(panel, x)
    state.start(panel.length)
    for _ in range(STEPS):
        state.step(panel.length)
    past, weight = x[:, : panel.length], state._weights(panel.length)
    eta = np.clip(state.level[:, None] + np.matmul(past, state.slopes[:, :, None])[:, :, 0], -12, 16)
    cross, _, xbar, _, total = _normal(past, state.units[:, : panel.length], eta, weight)
    mean = np.exp(eta)
    miss = weight * (state.units[:, : panel.length] - mean) / (1 + 0.15 * mean)
    score = _by_week((past - xbar[:, None, :]) * miss[:, :, None])
    meat = np.matmul(score.transpose(0, 2, 1), score)
    size = np.maximum(np.einsum("spp->sp", cross).sum(axis=0) / total.sum(), 1e-6)
    pull = PSEUDO * (total / np.maximum(weight.sum(axis=1), 1.0))[:, None] * size[None, :]
    eye = np.eye(x.shape[2])
    inverse = np.linalg.inv(cross + pull[:, :, None] * eye)
    return state.slopes, np.matmul(inverse, np.matmul(meat + pull[:, :, None] * eye, inverse))


def _by_week(values: np.ndarray) -> np.ndarray:
    """Sums over runs of seven columns (the first run may be shorter)."""
    weeks = np.arange(values.shape[1])[::-1] // 7
    edges = np.flatnonzero(np.diff(weeks, prepend=weeks[0] + 1))
    add: Callable[..., np.ndarray] = np.add.reduceat
    return add(values, edges, axis=1)
