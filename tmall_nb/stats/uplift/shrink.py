"""Estimates of several campaigns drawn towards the mean of their kind, and kinds towards the shop's mean.

Normal-normal empirical Bayes; the spread between campaigns by Paule & Mandel (1982), J. Res. NBS 87(5), 377-385.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["between_sd", "shrink_by_kind"]

Array = NDArray[np.float64]


def between_sd(estimate: Array, se: Array) -> float:
    """Standard deviation of true values such that the weighted squared deviations equal their degrees of freedom."""
    if len(estimate) < 2:
        return 0.0

    def excess(var: float) -> float:
        weight = 1 / (se**2 + var)
        mean = weight @ estimate / weight.sum()
        return float(weight @ (estimate - mean) ** 2) - (len(estimate) - 1)

    if excess(0.0) <= 0:
        return 0.0
    high = float(np.var(estimate)) * 4 + 1e-12
    while excess(high) > 0:
        high *= 4
    low = 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return float(np.sqrt(high))


def shrink_by_kind(estimate: Array, se: Array, kind: NDArray[np.intp]) -> tuple[Array, Array, Array, Array]:
    """Shrink estimates to their kind's mean, kinds to the common mean.

    Parameters
    ----------
    estimate, se : (campaigns,) estimates and standard errors; kind : (campaigns,) 0..kinds-1

    Returns
    -------
    shrunk estimates, their standard deviations (campaigns,); mean of each kind, its standard deviation (kinds,)
    """
    spread = max(between_sd(estimate, se), 1e-9)
    kinds = int(kind.max()) + 1
    weight = 1 / (se**2 + spread**2)
    total = np.bincount(kind, weight, kinds)
    raw = np.bincount(kind, weight * estimate, kinds) / total
    raw_se = np.sqrt(1 / total)
    across = between_sd(raw, raw_se)
    grand_weight = 1 / (raw_se**2 + across**2)
    grand = float(grand_weight @ raw / grand_weight.sum())
    grand_var = 1 / float(grand_weight.sum())
    keep = across**2 / (across**2 + raw_se**2)
    mean = grand + keep * (raw - grand)
    var = keep * raw_se**2 + (1 - keep) ** 2 * grand_var
    own = spread**2 / (spread**2 + se**2)
    shrunk = mean[kind] + own * (estimate - mean[kind])
    sd = np.sqrt(own * se**2 + (1 - own) ** 2 * var[kind])
    return shrunk, sd, mean, np.sqrt(var)
