"""Spread between items, and how much wider intervals must be than the model says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# down to where a spread changes nothing: trends held at .02 and more took a tenth of the variance of elasticities for theirs
GRID = np.concatenate([np.geomspace(0.001, 0.015, 8), np.linspace(0.02, 0.9, 34), np.linspace(0.95, 2.5, 16)])
STEPS = np.gradient(GRID)
PRIOR_SPREAD = 0.7  # scale of the half-normal prior of an sd between items
USUAL_SPREAD = 0.5  # mode of the Rayleigh prior of the sd of elasticities within a category


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


def spread_weights(estimate: Array, variance: Array, group: NDArray[np.intp] | None, *, off_zero: bool = False) -> Array | None:
    """Return the posterior weights of ``GRID`` as sd between items around their group's mean (around 0 where group is None).

    With few items the moment estimate of Paule & Mandel is often 0, which would draw all items onto one value with far too
    short intervals; here the spread is weighed over its restricted likelihood and a half-normal prior (``PRIOR_SPREAD``).
    ``off_zero``: a prior that is 0 at 0 instead (Rayleigh, ``USUAL_SPREAD``; a gamma of shape 2 near 0 as in Chung et al. 2013,
    Psychometrika 78(4)), for what is known to differ between items. None where there are too few items.
    """
    codes = None if group is None else np.unique(group, return_inverse=True)[1]
    if len(estimate) - (0 if codes is None else codes.max() + 1) < 2:
        return None
    weight = 1.0 / (variance[None, :] + GRID[:, None] ** 2)
    fit = np.log(weight).sum(axis=1)
    if codes is None:
        fit -= weight @ estimate**2
    else:
        member = (codes[:, None] == np.arange(codes.max() + 1)).astype(float)
        total = weight @ member
        mean = (weight * estimate) @ member / total
        fit -= np.log(total).sum(axis=1) + weight @ estimate**2 - (mean**2 * total).sum(axis=1)
    prior = np.log(GRID) - 0.5 * (GRID / USUAL_SPREAD) ** 2 if off_zero else -0.5 * (GRID / PRIOR_SPREAD) ** 2
    log_weight = 0.5 * fit + prior + np.log(STEPS)
    share = np.exp(log_weight - log_weight.max())
    return np.asarray(share / share.sum())


def likely_spread(estimate: Array, variance: Array, group: NDArray[np.intp] | None, *, off_zero: bool = False) -> float:
    """Return the posterior mean of the variance between items (see ``spread_weights``), nan with too few items."""
    share = spread_weights(estimate, variance, group, off_zero=off_zero)
    return float("nan") if share is None else float(share @ GRID**2)


def unknown_spread(gap: Array, variance: Array, spread: float, share: Array) -> Array:
    """Return what not knowing the spread adds to the posterior variance of each item.

    Parameters
    ----------
    gap, variance : (items,) the item's own estimate less its group's mean, and its sampling variance
    spread : the variance between items that was used; share : weights of ``GRID``
    """
    between = GRID[:, None] ** 2
    keep = between / (between + variance)
    mean = share @ (keep * gap)
    moved = share @ (keep * gap - mean) ** 2
    within = share @ (keep * variance)
    return np.asarray(np.maximum(moved + within - spread * variance / (spread + variance), 0.0))


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
