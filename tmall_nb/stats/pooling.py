"""Many noisy estimates of like things: shrunk to their common mean as far as they do not truly differ."""

from __future__ import annotations

import numpy as np

__all__ = ["shrink"]

ROUNDS = 60


def shrink(estimate: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the shrunk estimates and their standard errors.

    The spread of the true values is Paule & Mandel's (1982): the one at which weighted squared distances from the mean are as
    large as they should be. The error holds what is left of each estimate's own and that of the mean.
    """
    y, v = np.asarray(estimate, dtype=np.float64), np.maximum(np.asarray(variance, dtype=np.float64), 1e-12)
    spread = _spread(y, v)
    weight = 1 / (v + spread)
    mean = float(weight @ y / weight.sum())
    own = spread / (spread + v)
    error = np.sqrt(own * v + (1 - own) ** 2 / weight.sum())
    return own * y + (1 - own) * mean, error


def _spread(y: np.ndarray, v: np.ndarray) -> float:
    def excess(spread: float) -> float:
        weight = 1 / (v + spread)
        return float(weight @ (y - weight @ y / weight.sum()) ** 2) - (len(y) - 1)

    if len(y) < 2 or excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, float(np.var(y) + v.max()) * len(y)
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return (low + high) / 2
