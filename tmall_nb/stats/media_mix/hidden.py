"""Demand that nobody recorded: is it there, how large is it, and what a channel that follows it may be credited with.

If spend follows demand that no control holds, the channel is credited with the demand. Such demand persists from week
to week, so it shows as residuals that resemble their neighbours; which channel follows it cannot be read off the data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["HiddenDemand", "detect", "spend_residual", "whitening"]

ALARM = 0.15  # lag-1 autocorrelation of residual ÷ baseline; in short data at least ALARM_ERRORS standard errors
ALARM_ERRORS = 1.9


@dataclass(frozen=True, slots=True)
class HiddenDemand:
    """Persistent unexplained demand in the residuals of a fit.

    Attributes
    ----------
    autocorrelation : lag 1, of residual ÷ baseline
    found : autocorrelation above .15 (above 1.9 standard errors where weeks are few)
    size : standard deviation of the persistent part, as a share of the baseline
    memory : its week-to-week correlation (0-1)
    noise : standard deviation of the part without memory
    alarm : the autocorrelation from which on ``found`` is true
    """

    autocorrelation: float
    found: bool
    size: float
    memory: float
    noise: float
    alarm: float = ALARM


def detect(relative: np.ndarray) -> HiddenDemand:
    """Split residuals ÷ baseline into a persistent AR(1) part and white noise by maximum likelihood on a grid.

    Parameters
    ----------
    relative : residual ÷ baseline, shape (weeks,)
    """
    centered = relative - relative.mean()
    total = float((centered**2).mean())
    first = float((centered[1:] * centered[:-1]).mean()) / total if total > 0 else 0.0
    best = (-np.inf, 0.0, 0.0, np.sqrt(total))
    for memory in (0.5, 0.65, 0.75, 0.85, 0.92, 0.96):
        for ratio in (0.0, 0.1, 0.2, 0.35, 0.6, 1.0, 1.7, 3.0, 6.0, 12.0):
            factor = np.linalg.cholesky(_correlation(len(centered), memory) * ratio + np.eye(len(centered)))
            white = np.linalg.solve(factor, centered)
            scale = float((white**2).mean())
            fit = -0.5 * len(white) * np.log(scale) - float(np.log(np.diag(factor)).sum())
            if fit > best[0]:
                best = (fit, memory, float(np.sqrt(ratio * scale)), float(np.sqrt(scale)))
    alarm = max(ALARM, ALARM_ERRORS / float(np.sqrt(len(centered))))
    return HiddenDemand(first, first > alarm, best[2], best[1], best[3], alarm)


def _correlation(weeks: int, memory: float) -> np.ndarray:
    return memory ** np.abs(np.subtract.outer(np.arange(weeks), np.arange(weeks)))


def whitening(demand: HiddenDemand, base: np.ndarray) -> np.ndarray:
    """Matrix that makes residuals independent when they hold this demand times the baseline, shape (weeks, weeks)."""
    noise = max(demand.noise, 1e-3) * float(base.mean())
    covariance = np.eye(len(base)) + np.outer(base, base) * _correlation(len(base), demand.memory) * (demand.size / noise) ** 2
    factor = np.linalg.cholesky(covariance)
    inverse = np.linalg.solve(factor, np.eye(len(base)))
    return inverse / np.exp(np.log(np.diag(inverse)).mean())


def spend_residual(spend: np.ndarray, baseline: np.ndarray) -> np.ndarray:
    """What the baseline columns leave unexplained of log spend, with unit standard deviation, shape (weeks,).

    Weeks without spend are filled with 0 (nothing is known of the demand then).
    """
    on = spend > 0.02 * spend.mean()
    rest = np.zeros(len(spend))
    if on.sum() > baseline.shape[1] + 5:
        log_spend = np.log(spend[on])
        rest[on] = log_spend - baseline[on] @ np.linalg.lstsq(baseline[on], log_spend, rcond=None)[0]
    size = float(rest.std())
    return rest / size if size > 1e-9 else rest
