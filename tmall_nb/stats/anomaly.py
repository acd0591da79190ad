"""Days that do not fit a daily series, and runs of days on which it stood still.

Robust seasonal residuals: log(1 + y) minus a weekday pattern minus the level of the days before, all by medians over days
that are not expected to differ. The threshold is set so that a quiet series raises a stated number of alarms a quarter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
WARM_UP_DAYS = 35
LEVEL_DAYS = 14
WEEKS = 8
TAIL_DF = 15  # a median-scaled residual has heavier tails than the normal; checked in tests/stats/test_anomaly.py


@dataclass(frozen=True, slots=True)
class Alarms:
    """Expected range and alarm of each day; arrays of the length of the series, NaN where too little lies before.

    Attributes
    ----------
    expected, low, high : range in which a quiet series stays
    z : robust standardised residual
    alarm : True outside the range on a day not expected to differ
    """

    expected: Array
    low: Array
    high: Array
    z: Array
    alarm: NDArray[np.bool_]


def find_alarms(values: Array, expected_days: NDArray[np.bool_], *, per_quarter: float = 0.5) -> Alarms:
    """Return the range of each day given the days before it, and which days fall outside.

    Parameters
    ----------
    values : (days,) non-negative daily figures without gaps; NaN where a day is unknown
    expected_days : (days,) True on days known to differ (campaigns, holidays); they raise no alarm and teach nothing
    per_quarter : false alarms accepted per series and 91 days
    """
    values = np.asarray(values, float)
    y = np.log1p(values)
    usable = np.isfinite(y) & ~np.asarray(expected_days, bool)
    clean = np.where(usable, y, np.nan)
    days = len(y)
    centre, residual, scale = (np.full(days, np.nan) for _ in range(3))
    for t in range(WARM_UP_DAYS, days):
        weekday = _weekday_effects(clean, t)
        recent = clean[t - WARM_UP_DAYS : t] - weekday[np.arange(t - WARM_UP_DAYS, t) % 7]
        recent = recent[np.isfinite(recent)][-LEVEL_DAYS:]
        if len(recent) < 7:
            continue
        centre[t] = np.median(recent) + weekday[t % 7]
        residual[t] = y[t] - centre[t]
        past = residual[max(0, t - 112) : t]
        past = past[np.isfinite(past) & usable[max(0, t - 112) : t]]
        if len(past) >= 14:
            poisson = np.sqrt(1.0 / (np.expm1(centre[t]) + 1.0))
            scale[t] = max(1.4826 * np.median(np.abs(past)), 0.9 * poisson, 0.01)
    threshold = stats.t.ppf(1 - per_quarter / 91 / 2, TAIL_DF)
    z = residual / scale
    low, high = np.expm1(centre - threshold * scale), np.expm1(centre + threshold * scale)
    alarm = (np.abs(z) > threshold) & usable
    return Alarms(np.expm1(centre), np.maximum(low, 0), high, z, alarm)


def find_breaks(values: Array, *, least_days: int = 3, share: float = 0.2) -> list[tuple[int, int]]:
    """Return (first, last) index of every run of at least ``least_days`` days far below the days around it.

    A day is far below when its figure is under ``share`` of the median of the 15 days on either side and a Poisson count of
    that median would be so low less than once in 10,000 days.
    """
    values = np.asarray(values, float)
    days = len(values)
    low = np.zeros(days, bool)
    for t in range(days):
        window = values[max(0, t - 15) : t + 16]
        median = np.nanmedian(window) if np.isfinite(window).any() else np.nan
        low[t] = bool(values[t] < share * median) and bool(stats.poisson.cdf(values[t], median) < 1e-4)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], low.astype(int), [0]])))
    runs = [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return [(a, b) for a, b in runs if b - a + 1 >= least_days]


def _weekday_effects(clean: Array, t: int) -> Array:
    """Median deviation of each weekday (index modulo 7) from its week's median over the weeks before ``t``."""
    start = max(0, t - 7 * WEEKS)
    start += (t - start) % 7
    block = clean[start:t].reshape(-1, 7)
    known = np.isfinite(block).sum(axis=1) >= 4
    effects = np.zeros(7)
    if known.sum() < 3:
        return effects
    block = block[known]
    deviation = block - np.nanmedian(block, axis=1, keepdims=True)
    seen = np.isfinite(deviation).any(axis=0)
    effects[(start + np.flatnonzero(seen)) % 7] = np.nanmedian(deviation[:, seen], axis=0)
    return effects
