"""Forecast accuracy: scaled errors, quantile loss and cover. Rows are series, columns days of the horizon.

Scales are in-sample mean (squared) differences at a lag, as in the M competitions; NaN days enter nothing.
"""

from __future__ import annotations

import numpy as np

__all__ = ["coverage", "lag_scale", "mase", "pinball", "pinball_scaled", "rmsse", "wape", "weighted_rmsse"]


def lag_scale(history: np.ndarray, lag: int, *, squared: bool = False) -> np.ndarray:
    """Return each series' mean absolute (or squared) difference at ``lag``; NaN where it is 0 or never seen."""
    step = history[:, lag:] - history[:, :-lag]
    size = step**2 if squared else np.abs(step)
    seen = np.isfinite(size)
    total = np.where(seen, size, 0.0).sum(axis=1)
    count = seen.sum(axis=1)
    return np.where((total > 0) & (count > 0), total / np.maximum(count, 1), np.nan)


def _mean(values: np.ndarray, weights: np.ndarray | None = None) -> float:
    seen = np.isfinite(values)
    if not seen.any():
        return float("nan")
    return float(np.average(values[seen], weights=None if weights is None else weights[seen]))


def _rows(values: np.ndarray) -> np.ndarray:
    seen = np.isfinite(values)
    return np.where(seen, values, 0.0).sum(axis=1) / np.where(seen.any(axis=1), seen.sum(axis=1), np.nan)


def mase(actual: np.ndarray, forecast: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Mean absolute error of each series in units of its in-sample scale."""
    return _rows(np.abs(actual - forecast)) / scale


def rmsse(actual: np.ndarray, forecast: np.ndarray, squared_scale: np.ndarray) -> np.ndarray:
    """Root of the mean squared error of each series in units of its in-sample squared scale."""
    return np.sqrt(_rows((actual - forecast) ** 2) / squared_scale)


def weighted_rmsse(actual: np.ndarray, forecast: np.ndarray, squared_scale: np.ndarray, weights: np.ndarray) -> float:
    """Mean of the series' RMSSE weighted by recent units."""
    return _mean(rmsse(actual, forecast, squared_scale), weights)


def pinball(actual: np.ndarray, quantile: np.ndarray, level: float) -> np.ndarray:
    """Quantile loss of each series at ``level``."""
    miss = actual - quantile
    return _rows(np.maximum(level * miss, (level - 1) * miss))


def pinball_scaled(actual: np.ndarray, quantiles: dict[float, np.ndarray], scale: np.ndarray) -> np.ndarray:
    """Mean quantile loss over the levels of each series in units of its in-sample scale."""
    return np.mean([pinball(actual, q, level) for level, q in quantiles.items()], axis=0) / scale


def coverage(actual: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """Share of the days that fall inside their interval."""
    seen = np.isfinite(actual)
    return float(((actual >= low) & (actual <= high))[seen].mean()) if seen.any() else float("nan")


def wape(actual: np.ndarray, forecast: np.ndarray) -> float:
    """Sum of absolute errors as a share of the sum of units."""
    seen = np.isfinite(actual)
    total = actual[seen].sum()
    return float(np.abs(actual - forecast)[seen].sum() / total) if total > 0 else float("nan")
