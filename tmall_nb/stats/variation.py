"""How far a figure moves from one period to the next by ordinary day-to-day variation alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Change:
    """Relative change of a sum or a ratio of sums between two periods.

    Attributes
    ----------
    before, after : the figure a day (sum), or the ratio, in each period
    relative : after / before - 1
    low, high : interval of ``relative`` given the variation of days inside the periods
    days : days that entered
    """

    before: float
    after: float
    relative: float
    low: float
    high: float
    days: int


NAN = float("nan")
NOTHING = Change(NAN, NAN, NAN, NAN, NAN, 0)


def compare_periods(before: Array, after: Array, *, level: float = 0.95) -> Change:
    """Compare the mean of two periods of days, or the ratio of two sums.

    Parameters
    ----------
    before, after : (days, 2) numerator and denominator of each day (denominator 1 for a plain mean); rows with NaN are left
        out. The first rows of both are taken to be consecutive days, so that position modulo 7 is the weekday.
    level : confidence level

    The variance of each period's figure is that of its linearised daily values after removing weekday means, inflated for
    first-order autocorrelation by (1 + r) / (1 - r); the interval is symmetric in logs with a t quantile. It covers what
    ordinary days do, not a slow drift that both periods share only in part.
    """
    figures, variances, days = [], [], 0
    for period in (np.asarray(before, float), np.asarray(after, float)):
        weekday = np.arange(len(period))[np.isfinite(period).all(axis=1)] % 7
        known = period[np.isfinite(period).all(axis=1)]
        if len(known) < 3 or known[:, 1].sum() <= 0 or known[:, 0].sum() <= 0:
            return NOTHING
        ratio = known[:, 0].sum() / known[:, 1].sum()
        influence = (known[:, 0] - ratio * known[:, 1]) / known[:, 1].mean()
        figures.append(ratio)
        variances.append(_mean_variance(influence, weekday) / ratio**2)
        days += len(known)
    log = float(np.log(figures[1] / figures[0]))
    half = float(stats.t.ppf((1 + level) / 2, max(days - 9, 2)) * np.sqrt(sum(variances)))
    relative, low, high = (float(np.expm1(v)) for v in (log, log - half, log + half))
    return Change(figures[0], figures[1], relative, low, high, days)


def _mean_variance(values: Array, weekday: NDArray[np.intp]) -> float:
    """Variance of the mean of weekday-adjusted, first-order autocorrelated values."""
    count = len(values)
    groups = 0
    rest = values.copy()
    if count >= 21:
        for day in np.unique(weekday):
            rest[weekday == day] -= rest[weekday == day].mean()
            groups += 1
    else:
        rest, groups = rest - rest.mean(), 1
    variance = float((rest**2).sum() / max(count - groups, 1))
    if variance <= 0:
        return 0.0
    lag = float((rest[1:] * rest[:-1]).sum() / (rest**2).sum())
    lag = min(max(lag + (1 + 3 * lag) / count, 0.0), 0.8)  # small-sample bias of the lag-1 autocorrelation (Kendall 1954)
    return variance / count * (1 + lag) / (1 - lag)
