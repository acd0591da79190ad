"""Spread between items, and how much wider intervals must be than the model says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
PRIOR_SPREAD = 0.7  # scale of the half-normal prior of the sd within a category


def paule_mandel(estimate: Array, variance: Array, group: NDArray[np.intp] | None, *, floor: float = 1e-4) -> float:
    """Return the variance between items that makes their weighted scatter equal its degrees of freedom.

    Parameters
    ----------
    estimate, variance : (items,) estimates and their sampling variances
    group : (items,) group codes, each with a mean of its own; None: the mean is known to be 0
    floor : smallest value returned
    """
    codes = None if group is None else np.unique(group, return_inverse=True)[1]
    freedom = len(estimate) - (0 if codes is None else codes.max() + 1)
    if freedom < 2:
        return float("nan")

    def scatter(spread: float) -> float:
        weight = 1.0 / (variance + spread)
        if codes is None:
            return float((weight * estimate**2).sum())
        mean = np.bincount(codes, weight * estimate) / np.bincount(codes, weight)
        return float((weight * (estimate - mean[codes]) ** 2).sum())

    low, high = 0.0, float(np.var(estimate)) + 1.0
    if scatter(low) <= freedom:
        return floor
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if scatter(middle) > freedom else (low, middle)
    return max((low + high) / 2, floor)


def likely_spread(estimate: Array, variance: Array, group: NDArray[np.intp]) -> float:
    """Return the posterior mean of the variance between items around their group's mean.

    With few items the moment estimate of Paule & Mandel is often 0, which would draw all items onto one value with far too
    short intervals; here the spread is weighed over its restricted likelihood and a half-normal prior (``PRIOR_SPREAD``), which
    fifty items outweigh (Chung et al. 2013, Psychometrika 78(4), for priors that keep spreads off 0).
    """
    codes = np.unique(group, return_inverse=True)[1]
    if len(estimate) - (codes.max() + 1) < 2:
        return float("nan")
    grid = np.linspace(0.02, 2.5, 90)
    log_weight = np.empty(len(grid))
    for n, sd in enumerate(grid):
        weight = 1.0 / (variance + sd**2)
        total = np.bincount(codes, weight)
        mean = np.bincount(codes, weight * estimate) / total
        fit = np.log(weight).sum() - np.log(total).sum() - (weight * (estimate - mean[codes]) ** 2).sum()
        log_weight[n] = 0.5 * fit - 0.5 * (sd / PRIOR_SPREAD) ** 2
    share = np.exp(log_weight - log_weight.max())
    return float((share * grid**2).sum() / share.sum())


def week_jackknife(gradient: Array, information: Array, hessian: Array, which: int) -> Array:
    """Return each item's delete-a-week variance of parameter ``which`` (one Newton step from the full fit).

    Parameters
    ----------
    gradient : (items, weeks, p) each week's score
    information : (items, weeks, p, p) each week's information
    hessian : (items, p, p) information of all weeks plus the prior's
    """
    weeks = gradient.shape[1]
    left = hessian[:, None] - information
    moved = -np.linalg.solve(left, gradient[..., None])[..., which, 0]
    moved -= moved.mean(axis=1, keepdims=True)
    return (weeks - 1) / weeks * (moved**2).sum(axis=1)
