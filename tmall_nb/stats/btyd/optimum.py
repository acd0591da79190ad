"""Maximum likelihood in log parameters: bounded quasi-Newton with an analytic gradient, Newton steps to finish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

__all__ = ["Optimum", "maximise"]

BOUND = 11.0  # of log parameters: factors of 60,000 around the scale of the data
WIDE = 3.0  # a log parameter with a larger standard error is not pinned down by the data
STEP = 1e-5
Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where a log-likelihood is largest.

    Attributes
    ----------
    theta : log parameters
    value : log-likelihood
    covariance : of ``theta``; NaN where the curvature is not positive
    identified : inside the bounds, curvature positive, no log parameter with a standard error above 3
    """

    theta: np.ndarray
    value: float
    covariance: np.ndarray
    identified: bool


def maximise(
    objective: Objective, starts: Sequence[np.ndarray], *, lean: Objective | None = None, bound: float = BOUND
) -> Optimum:
    """Maximise ``objective`` (value and gradient) from every start and keep the best.

    ``lean`` is the same objective on a part of the rows: it brings the starts near the optimum at less cost. Log parameters
    stay within +-``bound``; a wider one needs an objective that loses no digits there.
    """
    if lean is not None:
        starts = [max((_climb(lean, s, bound) for s in starts), key=lambda found: found[1])[0]]
    theta, value = max((_climb(objective, s, bound) for s in starts), key=lambda found: found[1])
    theta, value, hessian = _finish(objective, theta, value, bound)
    return _judge(theta, value, hessian, bound)


def _climb(objective: Objective, start: np.ndarray, bound: float) -> tuple[np.ndarray, float]:
    def negative(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = objective(theta)
        if not np.isfinite(value):
            return 1e300, np.zeros_like(theta)
        return -value, -gradient

    start = np.clip(start, -bound, bound)
    size = abs(negative(start)[0]) or 1.0
    found = minimize(
        lambda t: tuple(part / size for part in negative(t)),
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(-bound, bound)] * len(start),
        options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-9, "maxcor": 10},
    )
    return found.x, -float(found.fun) * size


def _curvature(objective: Objective, theta: np.ndarray) -> np.ndarray:
    """Second derivatives by central differences of the analytic gradient."""
    count = len(theta)
    hessian = np.empty((count, count))
    for k in range(count):
        step = np.zeros(count)
        step[k] = STEP
        hessian[k] = (objective(theta + step)[1] - objective(theta - step)[1]) / (2 * STEP)
    return (hessian + hessian.T) / 2


def _finish(objective: Objective, theta: np.ndarray, value: float, bound: float) -> tuple[np.ndarray, float, np.ndarray]:
    """A few Newton steps inside the bounds, each taken only if it does not lower the likelihood."""
    hessian = _curvature(objective, theta)
    for _ in range(8):
        gradient = objective(theta)[1]
        roots, vectors = np.linalg.eigh(-hessian)
        if roots[0] <= 1e-8 * max(roots[-1], 1e-300):
            break
        move = vectors @ ((vectors.T @ gradient) / roots)
        if gradient @ move < 1e-9:
            break
        trial = np.clip(theta + move * min(1.0, 2.0 / np.abs(move).max()), -bound, bound)
        reached = objective(trial)[0]
        if not np.isfinite(reached) or reached < value:
            break
        theta, value = trial, reached
        hessian = _curvature(objective, theta)
    return theta, value, hessian


def _judge(theta: np.ndarray, value: float, hessian: np.ndarray, bound: float) -> Optimum:
    nothing = np.full(hessian.shape, np.nan)
    if not np.isfinite(hessian).all():
        return Optimum(theta, value, nothing, False)
    roots = np.linalg.eigvalsh(-hessian)
    if roots[0] <= 1e-10 * max(roots[-1], 1e-300):
        return Optimum(theta, value, nothing, False)
    covariance = np.linalg.inv(-hessian)
    inside = bool((np.abs(theta) < bound - 0.5).all())
    return Optimum(theta, value, covariance, inside and bool((np.sqrt(np.diag(covariance)) < WIDE).all()))
