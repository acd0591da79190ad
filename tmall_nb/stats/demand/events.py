"""Double 11 from one or two past occurrences: each item's own lift, drawn to its category's by empirical Bayes.

A past lift is log(units / base); its sampling variance is 1/units + 1/base plus the item's own change from year to year.
The mean of a log-normal lift is wanted for stock and budget, so half of the year-to-year variance is added.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["Lift", "event_runs", "fit_lift", "shrink_lift"]

BALANCE = (0.7, 1.4)
YEARLY = 0.09  # variance of an item's log lift from year to year where only one year is seen


@dataclass(frozen=True, slots=True)
class Lift:
    """(S,) log lift and its variance; (D,) shape by day of the run; past occurrences; what brings past means to their sum."""

    log_lift: np.ndarray
    variance: np.ndarray
    shape: np.ndarray
    occurrences: int
    balance: float = 1.0

    def factor(self, day: np.ndarray, *, mean: bool = True) -> np.ndarray:
        """(S, days) multiplier on given days of the run."""
        shape = self.shape[np.minimum(day, len(self.shape) - 1)]
        extra = self.variance / 2 if mean else 0.0
        scale = self.balance if mean else 1.0
        return scale * np.exp(np.clip(self.log_lift + extra, -3, 5))[:, None] * shape[None, :]


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
        logs.append(np.where(expected > 0, np.log((total + 0.5) / (expected + 0.5)), np.nan))
        variances.append(1 / (total + 0.5) + 0.25 / (expected + 0.5))
    shape = by_day[0] / np.maximum(by_day[1], 1e-9)
    shape = shape * (by_day[1].sum() / max(by_day[0].sum(), 1e-9))
    log_lift, variance = shrink_lift(np.array(logs), np.array(variances), group)
    lift = Lift(log_lift, variance, np.where(shape > 0, shape, 1.0), len(runs))
    return replace(lift, balance=_balance(lift, units, base, runs))


def _balance(lift: Lift, units: np.ndarray, base: np.ndarray, runs: list[tuple[int, int]]) -> float:
    """Half way (in logs) from what the lifts give for the past runs to their units: logs of small counts lose part of the mean,
    and part of the difference is luck of the past that will not come again."""
    sold = told = 0.0
    for a, b in runs:
        seen = np.isfinite(units[:, a:b])
        sold += float(np.where(seen, units[:, a:b], 0.0).sum())
        told += float(np.where(seen, base[:, a:b] * lift.factor(np.arange(b - a)), 0.0).sum())
    return float(np.sqrt(np.clip(sold / max(told, 1e-9), *BALANCE))) if sold > 0 else 1.0


def shrink_lift(logs: np.ndarray, variances: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw (O, S) past log lifts to their category's mean; return (S,) expected log lift and variance of the next one."""
    yearly = YEARLY
    if len(logs) > 1:
        change = np.diff(logs, axis=0)
        noise = variances[1:] + variances[:-1]
        known = np.isfinite(change)
        spread = np.average((change**2 - noise)[known], weights=1 / (noise[known] + 0.2)) / 2 if known.any() else yearly
        yearly = float(np.clip(spread, 0.01, 1.0))
    weight = np.where(np.isfinite(logs), 1 / (variances + yearly), 0.0)
    total = weight.sum(axis=0)
    own = np.where(total > 0, (weight * np.where(np.isfinite(logs), logs, 0.0)).sum(axis=0) / np.maximum(total, 1e-9), 0.0)
    error = np.where(total > 0, 1 / np.maximum(total, 1e-9), np.inf)
    center, between = np.zeros(len(group)), np.zeros(len(group))
    overall = np.average(own, weights=total) if total.sum() > 0 else 0.0
    for g in np.unique(group):
        rows = (group == g) & (total > 0)
        if not rows.any():
            center[group == g], between[group == g] = overall, 0.25
            continue
        mean = np.average(own[rows], weights=1 / (error[rows] + 0.05))
        excess = np.average((own[rows] - mean) ** 2 - error[rows], weights=1 / (error[rows] + 0.05))
        center[group == g], between[group == g] = mean, np.clip(excess, 0.005, 2.0)
    share = np.where(np.isfinite(error), between / (between + np.where(np.isfinite(error), error, 1.0)), 0.0)
    posterior = np.where(np.isfinite(error), between * (1 - share), between)
    return center + share * (own - center), posterior + yearly
