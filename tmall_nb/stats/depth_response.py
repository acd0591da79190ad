"""Units by depth of discount, with item and day effects: a Poisson panel whose errors may be shared within an item.

log E[units_it] = item_i + day_t + sum_b beta_b [depth_it in class b]; both sets of effects are swept out by alternating closed
form steps (the Poisson fixed-effects likelihood has no incidental-parameter bias in beta; Correia, Guimaraes & Zylkin 2020,
Stata Journal 20(1)). Standard errors are clustered by item.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DepthResponse", "fit_depths"]

Array = NDArray[np.float64]
ROUNDS, SWEEPS, TOLERANCE = 60, 30, 1e-7
MIN_CELLS = 20


@dataclass(frozen=True, slots=True)
class DepthResponse:
    """``effect`` (classes,) log units against class 0 and its ``error``; nan where a class has too few item-days."""

    effect: Array
    error: Array
    cells: NDArray[np.int64]
    converged: bool


def fit_depths(units: Array, klass: NDArray[np.intp], seen: NDArray[np.bool_], classes: int) -> DepthResponse:
    """Fit (items, days) ``units`` whose discount is in class ``klass`` (0: none); ``seen`` are the item-days that count.

    Items that never sold, and days without a sale, say nothing and leave.
    """
    seen = seen & (np.where(seen, units, 0).sum(axis=1) > 0)[:, None] & (np.where(seen, units, 0).sum(axis=0) > 0)[None, :]
    count = np.array([int((seen & (klass == b)).sum()) for b in range(classes)])
    used = [b for b in range(1, classes) if count[b] >= MIN_CELLS]
    effect, error = np.full(classes, np.nan), np.full(classes, np.nan)
    effect[0] = error[0] = 0.0
    if not used or not seen.any():
        return DepthResponse(effect, error, count, False)
    y, design = np.where(seen, units, 0.0), np.stack([seen & (klass == b) for b in used]).astype(float)
    beta, mean, moved = _solve(y, design, seen)
    swept = np.stack([_sweep(d, mean) for d in design])
    bread = np.linalg.inv(np.einsum("bit,it,cit->bc", swept, mean, swept))
    score = np.einsum("bit,it->ib", swept, y - mean)
    items = max(int(seen.any(axis=1).sum()), 2)
    variance = bread @ (score.T @ score) @ bread * items / (items - 1)
    effect[used], error[used] = beta, np.sqrt(np.maximum(np.diag(variance), 0.0))
    return DepthResponse(effect, error, count, moved < 1e-4)


def _solve(y: Array, design: Array, seen: NDArray[np.bool_]) -> tuple[Array, Array, float]:
    """Coefficients, fitted means, last step: Newton on beta with item and day effects refitted in between."""
    beta, moved = np.zeros(len(design)), np.inf
    day = np.ones(y.shape[1])
    mean = y
    for _ in range(ROUNDS):
        shape = np.exp(np.einsum("b,bit->it", beta, design)) * seen
        for _ in range(3):
            item = y.sum(axis=1) / np.maximum((shape * day).sum(axis=1), 1e-12)
            day = y.sum(axis=0) / np.maximum((shape * item[:, None]).sum(axis=0), 1e-12)
        mean = shape * item[:, None] * day[None, :]
        swept = np.stack([_sweep(d, mean) for d in design])
        information = np.einsum("bit,it,cit->bc", swept, mean, swept)
        step = np.linalg.solve(information + 1e-9 * np.eye(len(beta)), np.einsum("bit,it->b", swept, y - mean))
        beta = beta + np.clip(step, -1, 1)
        moved = float(np.abs(step).max())
        if moved < TOLERANCE:
            break
    return beta, mean, moved


def _sweep(values: Array, weight: Array) -> Array:
    """``values`` less their weighted item and day means, alternately until they stay."""
    out = values.copy()
    rows, columns = np.maximum(weight.sum(axis=1), 1e-12), np.maximum(weight.sum(axis=0), 1e-12)
    for _ in range(SWEEPS):
        out -= ((weight * out).sum(axis=1) / rows)[:, None]
        shift = (weight * out).sum(axis=0) / columns
        out -= shift[None, :]
        if np.abs(shift).max() < 1e-10:
            break
    return out
