"""Estimates of several campaigns drawn towards the mean of their kind, and kinds towards the shop's mean.

A normal hierarchy: estimate = shop + kind + campaign + error of known size. Its two spreads are not plugged in but integrated
over a grid under DuMouchel's (1994) prior s / (s + spread)², s the harmonic mean of the standard errors: with few campaigns
a plugged-in spread makes intervals too narrow.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["shrink_by_kind"]

Array = NDArray[np.float64]
STEPS = 16  # grid points of each spread
FLAT = 1e3  # prior sd of the shop's mean, in units of the largest deviation


def shrink_by_kind(estimate: Array, se: Array, kind: NDArray[np.intp]) -> tuple[Array, Array, Array, Array]:
    """Shrink estimates to their kind's mean, kinds to the common mean.

    Parameters
    ----------
    estimate, se : (campaigns,) estimates and standard errors; kind : (campaigns,) 0..kinds-1

    Returns
    -------
    shrunk estimates, their standard deviations (campaigns,); mean of each kind, its standard deviation (kinds,)
    """
    centre = float(np.average(estimate, weights=1 / se**2))
    y, count, kinds = estimate - centre, len(estimate), int(kind.max()) + 1
    scale = 1 / float(np.mean(1 / se))
    share = (np.arange(STEPS) + 0.5) / STEPS
    spreads = scale * share / (1 - share)
    flat = (FLAT * float(np.abs(y).max() + scale)) ** 2
    member = (kind[:, None] == np.arange(kinds)).astype(float)
    logs, means, variances = [], [], []
    for across in spreads:
        for within in spreads:
            of_kinds = flat + across**2 * np.eye(kinds)
            own = np.vstack([np.hstack([member @ of_kinds @ member.T + within**2 * np.eye(count), member @ of_kinds]),
                             np.hstack([of_kinds @ member.T, of_kinds])])  # fmt: skip
            seen = np.linalg.cholesky(own[:count, :count] + np.diag(se**2))
            half = np.linalg.solve(seen, np.column_stack([y, own[:count]]))
            logs.append(-0.5 * float(half[:, 0] @ half[:, 0]) - float(np.log(np.diag(seen)).sum()))
            means.append(half[:, 1:].T @ half[:, 0])
            variances.append(np.diag(own) - (half[:, 1:] ** 2).sum(axis=0))
    weight = np.exp(np.array(logs) - max(logs))
    weight /= weight.sum()
    mean = weight @ np.array(means)
    sd = np.sqrt(np.maximum(weight @ (np.array(variances) + (np.array(means) - mean) ** 2), 0.0))
    return centre + mean[:count], sd[:count], centre + mean[count:], sd[count:]
