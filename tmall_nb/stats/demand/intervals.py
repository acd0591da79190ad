"""Intervals from out-of-sample windows: scaled conformal quantiles of log residuals, by day and for lead-time sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["LEVELS", "Residuals", "fit_residuals", "with_spread"]

LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
OFFSET = 0.5
PRIOR = 15.0
BUSY = 15.0


@dataclass(frozen=True, slots=True)
class Residuals:
    """What past windows say about errors.

    Attributes
    ----------
    scale : (S,) size of each series' errors relative to all series
    edges : (B - 1,) forecasts that separate bins (small forecasts have wider and more skewed errors)
    pool : B sorted arrays of scaled log residuals
    count : out-of-sample days or sums behind them
    """

    scale: np.ndarray
    edges: np.ndarray
    pool: tuple[np.ndarray, ...]
    count: int

    def quantile(self, forecast: np.ndarray, level: float) -> np.ndarray:
        """(S, …) quantile of the units at ``level``, never negative."""
        shape = (-1, *([1] * (forecast.ndim - 1)))
        which = np.searchsorted(self.edges, forecast) if len(self.edges) else np.zeros(forecast.shape, dtype=int)
        cut = np.array([np.quantile(p, level) for p in self.pool])[which]
        return np.maximum((forecast + OFFSET) * np.exp(self.scale.reshape(shape) * cut) - OFFSET, 0.0)

    def exceed(self, forecast: np.ndarray, value: np.ndarray) -> np.ndarray:
        """(S,) probability that the units exceed ``value``."""
        which = np.searchsorted(self.edges, forecast) if len(self.edges) else np.zeros(len(forecast), dtype=int)
        z = np.log((np.maximum(value, 0.0) + OFFSET) / (forecast + OFFSET)) / self.scale
        found = np.array(
            [np.searchsorted(self.pool[b], x, side="right") / len(self.pool[b]) for b, x in zip(which, z, strict=True)]
        )
        return 1.0 - found

    def expected_short(self, forecast: np.ndarray, value: np.ndarray) -> np.ndarray:
        """(S,) expected units beyond ``value``."""
        levels = np.linspace(0.005, 0.995, 100)
        draws = np.stack([self.quantile(forecast, q) for q in levels])
        return np.maximum(draws - value[None, :], 0.0).mean(axis=0)


def fit_residuals(actual: np.ndarray, forecast: np.ndarray) -> Residuals:
    """Learn errors from (W, S, H) windows (NaN days enter nothing); with none, a Poisson-like guess is returned."""
    series = forecast.shape[1]
    seen = np.isfinite(actual) & np.isfinite(forecast)
    if seen.sum() < 20:
        typical = float(np.nanmean(forecast)) if forecast.size else 1.0
        spread = np.sqrt(0.3 + 1.0 / (typical + OFFSET))
        grid = np.sort(np.random.default_rng(0).standard_normal(2000)) * spread
        return Residuals(np.ones(series), np.zeros(0), (grid,), int(seen.sum()))
    residual = np.log((np.where(seen, actual, 0.0) + OFFSET) / (np.where(seen, forecast, 0.0) + OFFSET))
    values = forecast[seen]
    bins = _edges(values)
    which = np.searchsorted(bins, np.where(seen, forecast, 0.0)) if len(bins) else np.zeros(forecast.shape, dtype=int)
    size = np.array([np.abs(residual[seen & (which == b)]).mean() for b in range(len(bins) + 1)])
    relative = np.where(seen, np.abs(residual) / np.maximum(size, 1e-6)[which], 0.0)
    count = seen.sum(axis=(0, 2))
    scale = (relative.sum(axis=(0, 2)) + PRIOR) / (count + PRIOR)
    scaled = residual / scale[None, :, None]
    pool = tuple(np.sort(scaled[seen & (which == b)]) for b in range(len(bins) + 1))
    return Residuals(scale, bins, pool, int(seen.sum()))


def with_spread(quantiles: np.ndarray, units: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Quantiles of ordinary days (or sums) as busy as these, widened by an independent spread of the log (a rare event's lift).

    Distances from the middle add as squares. The middle of a log-normal lift lies half its variance below its mean ``units``.

    Parameters
    ----------
    quantiles : (5, …) at ``LEVELS``
    units, spread : (…) means and standard deviations of the log
    """
    from scipy.special import ndtri

    z = ndtri(np.array(LEVELS)).reshape(-1, *([1] * units.ndim))
    own = np.log((quantiles + OFFSET) / (units + OFFSET))
    middle = own[len(LEVELS) // 2]
    distance = np.sign(z) * np.sqrt((own - middle) ** 2 + (z * spread) ** 2)
    return np.asarray(np.maximum((units + OFFSET) * np.exp(middle + distance - spread**2 / 2) - OFFSET, 0.0))


def _edges(forecast: np.ndarray) -> np.ndarray:
    """Bins of the forecast where counts are small; one bin where all are busy."""
    if np.median(forecast) > BUSY or len(forecast) < 400:
        return np.zeros(0)
    cuts = np.unique(np.quantile(forecast, np.linspace(0, 1, 9)[1:-1]))
    return cuts[(cuts > forecast.min()) & (cuts < forecast.max())]
