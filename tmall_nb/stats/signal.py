"""A quantity forecast from a signal and few earlier cases: linear regression with conjugate priors, Student predictive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Predictive", "predict_from_signal"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Predictive:
    """Student t: location, scale, degrees of freedom; slope is the posterior mean of what one unit of the signal moves."""

    location: float
    scale: float
    freedom: float
    slope: float

    def quantile(self, p: float) -> float:
        """Value below which the quantity lies with probability ``p``."""
        from scipy.special import stdtrit

        return self.location + self.scale * float(stdtrit(self.freedom, p))


def predict_from_signal(
    outcome: Array,
    signal: Array | None,
    new: float = 0.0,
    *,
    slope: tuple[float, float],
    spread: tuple[float, float],
    alike: tuple[Array, Array] | None = None,
) -> Predictive:
    """Predict the next outcome from its signal.

    y = a + b (x - mean x) + e with a flat prior on a, b ~ N(slope) in units of e's prior sd, e's variance inverse-gamma.
    Generalised least squares where some cases are more alike than others (best linear prediction, Goldberger 1962).

    Parameters
    ----------
    outcome, signal : (cases,) earlier cases; signal None: no regressor
    new : signal of the next case
    slope : prior mean and sd of b
    spread : prior sd of e and the number of cases that prior is worth
    alike : correlation of the e of earlier cases, (cases, cases), and theirs with the next one's, (cases,); None: 0

    Raises
    ------
    ValueError : no earlier case
    """
    y = np.asarray(outcome, float)
    if not len(y):
        raise ValueError("no earlier case to learn from")
    between, with_next = (np.eye(len(y)), np.zeros(len(y))) if alike is None else alike
    sd, worth = spread
    design, following, held, prior = np.ones((len(y), 1)), np.ones(1), np.zeros(1), np.zeros(1)
    if signal is not None:
        x, middle = np.asarray(signal, float), float(np.mean(signal))
        design, following = np.column_stack([design, x - middle]), np.array([1.0, new - middle])
        held, prior = np.array([0.0, slope[0]]), np.array([0.0, (sd / slope[1]) ** 2])
    told = np.linalg.solve(between, np.column_stack([design, with_next]))
    precision = design.T @ told[:, :-1] + np.diag(prior)
    found = np.linalg.solve(precision, told[:, :-1].T @ y + prior * held)
    rest = y - design @ found
    left = float(rest @ np.linalg.solve(between, rest)) + float((prior * (found - held) ** 2).sum())
    freedom = worth + len(y) - 1
    open_ = following - design.T @ told[:, -1]
    share = 1 - float(with_next @ told[:, -1]) + float(open_ @ np.linalg.solve(precision, open_))
    scale = np.sqrt((worth * sd**2 + left) / max(freedom, 1e-9) * share)
    location = float(following @ found + told[:, -1] @ rest)
    return Predictive(location, float(scale), max(freedom, 1.0), float(found[1]) if signal is not None else 0.0)
