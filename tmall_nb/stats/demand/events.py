"""Double 11 from one or two past occurrences: each item's own lift, drawn to its category's by empirical Bayes.

A past lift is log(units / base); its sampling variance is 1/units + 1/base plus the item's own change from year to year.
The mean of a log-normal lift is wanted for stock and budget, so half of the year-to-year variance is added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Lift", "event_runs", "fit_lift", "shrink_lift"]

HALF = 0.5  # a count of the usual lift is added, so that a series that hardly sells is told the usual lift
SETTLED = 0.1  # error of a log lift below which all weigh about alike when spreads are estimated
NOTHING_KNOWN = 0.25
YEARLY = 0.09  # variance of an item's log lift from year to year where only one year is seen


@dataclass(frozen=True, slots=True)
class Lift:
    """(S,) log lift and its variance; (D,) shape by day of the run; past occurrences."""

    log_lift: np.ndarray
    variance: np.ndarray
    shape: np.ndarray
    occurrences: int

    def factor(self, day: np.ndarray, *, mean: bool = True) -> np.ndarray:
        """(S, days) multiplier on given days of the run."""
        shape = self.shape[np.minimum(day, len(self.shape) - 1)]
        extra = self.variance / 2 if mean else 0.0
        return np.exp(np.clip(self.log_lift + extra, -3, 5))[:, None] * shape[None, :]


def event_runs(on: np.ndarray) -> list[tuple[int, int]]:
    """First and last + 1 column of each run of an event."""
    edge = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(int), [0]])))
    return list(zip(edge[::2].tolist(), edge[1::2].tolist(), strict=True))


def fit_lift(units: np.ndarray, base: np.ndarray, runs: list[tuple[int, int]], group: np.ndarray) -> Lift | None:
    """Estimate the lift of an event from its past runs.

    Parameters
    ----------
    units, base : (S, T) units (NaN where not seen) and what the base model expects without the event
    runs : past runs; group : (S,) category codes
    """
    if not runs:
        return None
    logs, variances = [], []
    length = max(b - a for a, b in runs)
    by_day = np.zeros((2, length))
    for a, b in runs:
        seen = np.isfinite(units[:, a:b])
        sold, told = np.where(seen, units[:, a:b], 0.0), np.where(seen, base[:, a:b], 0.0)
        by_day[0, : b - a] += sold.sum(axis=0)
        by_day[1, : b - a] += told.sum(axis=0)
        total, expected = sold.sum(axis=1), told.sum(axis=1)
        usual = max(float(total.sum()) / max(float(expected.sum()), 1e-9), 1e-3)
        logs.append(np.where(expected > 0, np.log((total + HALF) / (expected + HALF / usual)), np.nan))
        variances.append(1 / (total + 0.5) + 0.25 / (expected + 0.5))
    shape = by_day[0] / np.maximum(by_day[1], 1e-9)
    shape = shape * (by_day[1].sum() / max(by_day[0].sum(), 1e-9))
    log_lift, variance = shrink_lift(np.array(logs), np.array(variances), group)
    return Lift(log_lift, variance, np.where(shape > 0, shape, 1.0), len(runs))


def shrink_lift(logs: np.ndarray, variances: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw (O, S) past log lifts to their category's and those to all; return (S,) expected log lift, variance of the next.

    One spread of items within categories is estimated for all of them: a category of a few items does not show its own.
    """
    seen = np.isfinite(logs)
    yearly = _yearly(logs, variances)
    weight = np.where(seen, 1 / (variances + yearly), 0.0).sum(axis=0)
    known = weight > 0
    if not known.any():
        return np.zeros(len(group)), np.full(len(group), NOTHING_KNOWN + yearly)
    total = np.where(known, weight, 1.0)
    own = (np.where(seen, logs, 0.0) / (variances + yearly)).sum(axis=0) / total
    error = np.where(known, 1 / total, np.inf)
    codes = np.unique(group, return_inverse=True)[1]
    center = _means(own, 1 / (error + SETTLED), codes)
    within = _excess(own - center[codes], error, int(known.sum()), len(np.unique(codes[known])))
    weights = 1 / (error + within)
    center, center_error = _means(own, weights, codes), 1 / np.maximum(np.bincount(codes, weights), 1e-9)
    overall = np.average(own[known], weights=weights[known])
    sure = np.isfinite(center) & (center_error < 1e8)
    between = _excess(np.where(sure, center - overall, 0.0), np.where(sure, center_error, np.inf), int(sure.sum()), 1)
    kept = np.where(sure, between / (between + center_error), 0.0)
    center = overall + kept * (np.where(sure, center, overall) - overall)
    center_error = between * (1 - kept)
    share = np.where(known, within / (within + error), 0.0)
    expected = center[codes] + share * (np.where(known, own, 0.0) - center[codes])
    return expected, within * (1 - share) + (1 - share) ** 2 * center_error[codes] + yearly


def _yearly(logs: np.ndarray, variances: np.ndarray) -> float:
    """Variance of an item's log lift from year to year, beyond the noise of its counts."""
    if len(logs) < 2:
        return YEARLY
    change, noise = np.diff(logs, axis=0), variances[1:] + variances[:-1]
    known = np.isfinite(change)
    if not known.any():
        return YEARLY
    return float(np.clip(np.average((change**2 - noise)[known], weights=1 / (noise[known] + SETTLED)) / 2, 0.01, 1.0))


def _means(values: np.ndarray, weights: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """(G,) weighted means of the groups."""
    return np.bincount(codes, weights * np.where(weights > 0, values, 0.0)) / np.maximum(np.bincount(codes, weights), 1e-12)


def _excess(rest: np.ndarray, error: np.ndarray, count: int, means: int) -> float:
    """Variance of differences beyond their errors (method of moments), after ``means`` means were taken from ``count``."""
    weights = 1 / (error + SETTLED)
    square = float((weights * rest**2).sum()) * count / max(count - means, 1)
    noise = float((weights * np.where(np.isfinite(error), error, 0.0)).sum())
    return float(np.clip((square - noise) / max(float(weights.sum()), 1e-9), 0.005, 2.0))
