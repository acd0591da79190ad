"""Maximum likelihood in log parameters: bounded quasi-Newton with an analytic gradient, Newton steps to finish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Optimum", "maximise"]

BOUND = 11.0  # of log parameters: factors of 60,000 around the scale of the data
WIDE = 3.0  # a log parameter with a larger standard error is not pinned down by the data
STEP = 1e-5
MOST_STEPS, HALVINGS, LONGEST = 500, 14, 3.0
FLAT, SAME = 1e-9, 1e-12  # of the gradient, and of the gain in a step, relative to the likelihood at the start
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
    """Quasi-Newton (BFGS) inside the bounds from one start.

    Written out for two to four parameters: a general optimiser hands such matrices to threaded linear algebra, and waits for
    its threads ten times longer than it computes.
    """
    theta = np.clip(start, -bound, bound)
    value, gradient = objective(theta)
    if not np.isfinite(value):
        return theta, -np.inf
    size = abs(value) or 1.0
    inverse, still = np.eye(len(theta)), 0
    for _ in range(MOST_STEPS):
        held = (np.abs(theta) >= bound) & (gradient * theta > 0)  # at a bound and pushed outward
        free = np.where(held, 0.0, gradient) / size
        if np.abs(free).max() < FLAT or still == 3:
            break
        move = np.where(held, 0.0, inverse @ free)
        if move @ free <= 0:
            inverse, move = np.eye(len(theta)), free
        if move @ free < SAME:
            break
        move *= min(1.0, LONGEST / max(float(np.abs(move).max()), 1e-300))
        found = _line(objective, theta, value, move, float(move @ free) * size, bound)
        if found is None:
            if (inverse == np.eye(len(theta))).all():
                break
            inverse, still = np.eye(len(theta)), still + 1
            continue
        step, reached, slope = found
        inverse = _updated(inverse, step - theta, (gradient - slope) / size)
        still = still + 1 if reached - value < SAME * size else 0
        theta, value, gradient = step, reached, slope
    return theta, value


def _line(
    objective: Objective, theta: np.ndarray, value: float, move: np.ndarray, rise: float, bound: float
) -> tuple[np.ndarray, float, np.ndarray] | None:
    """The first point along ``move``, halving, that rises enough; None where none does."""
    share = 1.0
    for _ in range(HALVINGS):
        step = np.clip(theta + share * move, -bound, bound)
        reached, slope = objective(step)
        if np.isfinite(reached) and np.isfinite(slope).all() and reached >= value + 1e-4 * share * rise:
            return step, reached, slope
        share /= 2
    return None


def _updated(inverse: np.ndarray, moved: np.ndarray, turned: np.ndarray) -> np.ndarray:
    """BFGS update of the inverse curvature of the falling function."""
    along = float(moved @ turned)
    if along <= 1e-14 * float(np.sqrt((moved @ moved) * (turned @ turned))):
        return inverse
    if (inverse == np.eye(len(moved))).all():
        inverse = inverse * along / float(turned @ turned)
    left = np.eye(len(moved)) - np.outer(moved, turned) / along
    return left @ inverse @ left.T + np.outer(moved, moved) / along


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
