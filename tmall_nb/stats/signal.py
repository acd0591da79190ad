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
    outcome: Array, signal: Array | None, new: float = 0.0, *, slope: tuple[float, float], spread: tuple[float, float]
) -> Predictive:
    """Predict the next outcome from its signal.

    y = a + b (x - mean x) + e with a flat prior on a, b ~ N(slope) in units of e's prior sd, e's variance inverse-gamma.

    Parameters
    ----------
    outcome, signal : (cases,) earlier cases; signal None: no regressor
    new : signal of the next case
    slope : prior mean and sd of b
    spread : prior sd of e and the number of cases that prior is worth

    Raises
    ------
    ValueError : no earlier case
    """
    y = np.asarray(outcome, float)
    if not len(y):
        raise ValueError("no earlier case to learn from")
    sd, worth = spread
    centre = float(y.mean())
    if signal is None:
        x, step, prior = np.zeros(len(y)), 0.0, 1e12
    else:
        x = np.asarray(signal, float) - float(np.mean(signal))
        step, prior = float(new - np.mean(signal)), (sd / slope[1]) ** 2
    mean = slope[0] if signal is not None else 0.0
    precision = float(x @ x) + prior
    b = (float(x @ (y - centre)) + prior * mean) / precision
    left = float(((y - centre - b * x) ** 2).sum()) + prior * (b - mean) ** 2 * (signal is not None)
    freedom = worth + len(y) - 1
    variance = (worth * sd**2 + left) / max(freedom, 1e-9)
    scale = np.sqrt(variance * (1 + 1 / len(y) + step**2 / precision))
    return Predictive(centre + b * step, float(scale), max(freedom, 1.0), b)
