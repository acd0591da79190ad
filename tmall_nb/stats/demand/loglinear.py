"""A shrunk log-linear regression for series that sell nearly every period; all series and many origins at once.

log units = level + x b, ordinary weighted least squares: on busy series the log keeps a few huge promotion weeks from
steering every slope, which a Poisson-like likelihood does not. Weights fall by a half-life, so the moments of a later origin
are those of an earlier one, faded, plus the new columns: exact, and an origin costs only its new columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmall_nb.stats.demand.dates import date_effects, own_differences
from tmall_nb.stats.demand.panel import Panel

__all__ = ["LogForecasts", "is_busy", "log_origins"]

PULL_GROUP = 20.0  # pseudo-observations that draw a category's slopes to the panel's
PULL = {7: 7.0, 1: 60.0}  # and a series' slopes to its category's, for days and weeks
CALM = 2.0
FEW_ZEROS = 0.03
BUSY = 20.0
HALF = 0.5  # log(units + 1/2) of a count has the log of its mean as its own mean, nearly


def is_busy(panel: Panel) -> bool:
    """Do nearly all open periods sell, and several units each?"""
    sold = panel.units[panel.open]
    return len(sold) > 0 and float((sold <= 0).mean()) <= FEW_ZEROS and float(np.median(sold)) >= BUSY


class _Moments:
    """Weighted sums of 1, x, y, xx, xy of each series up to a column."""

    def __init__(self, x: np.ndarray, y: np.ndarray, half_life: float):
        series, size = len(y), x.shape[2]
        self.x, self.seen = x, np.isfinite(y)
        self.y = np.where(self.seen, y, 0.0)
        self.half_life, self.end = half_life, 0
        self.count, self.sy = np.zeros(series), np.zeros(series)
        self.sx, self.sxy = np.zeros((series, size)), np.zeros((series, size))
        self.sxx = np.zeros((series, size, size))

    def advance(self, origin: int) -> None:
        """Add the columns before ``origin`` and fade what was there."""
        span = slice(self.end, origin)
        fade = 0.5 ** ((origin - self.end) / self.half_life)
        age = 0.5 ** ((origin - 1 - np.arange(self.end, origin)) / self.half_life)
        weight = self.seen[:, span] * age
        x, y = self.x[:, span].astype("float64"), self.y[:, span]
        weighted = x * weight[:, :, None]
        self.count = fade * self.count + weight.sum(axis=1)
        self.sy = fade * self.sy + (weight * y).sum(axis=1)
        self.sx = fade * self.sx + weighted.sum(axis=1)
        self.sxy = fade * self.sxy + np.matmul(weighted.transpose(0, 2, 1), y[:, :, None])[:, :, 0]
        self.sxx = fade * self.sxx + np.matmul(weighted.transpose(0, 2, 1), x)
        self.end = origin

    def solve(self, group: np.ndarray, pull: float) -> tuple[np.ndarray, np.ndarray]:
        """(S,) levels and (S, p) slopes, each series' drawn to its category's and those to the panel's."""
        count = np.maximum(self.count, 1e-9)
        mean_y, mean_x = self.sy / count, self.sx / count[:, None]
        cross = self.sxx - count[:, None, None] * mean_x[:, :, None] * mean_x[:, None, :]
        right = self.sxy - self.sx * mean_y[:, None]
        size = np.diag(np.einsum("spp->p", cross) / max(self.count.sum(), 1e-9) + 1e-6)
        center = np.linalg.solve(cross.sum(axis=0) + size, right.sum(axis=0))
        groups = int(group.max()) + 1
        cross_g, right_g = np.zeros((groups, *cross.shape[1:])), np.zeros((groups, right.shape[1]))
        np.add.at(cross_g, group, cross)
        np.add.at(right_g, group, right)
        pulled = (right_g + PULL_GROUP * (size @ center))[:, :, None]
        prior = np.linalg.solve(cross_g + PULL_GROUP * size, pulled)[:, :, 0][group]
        slopes = np.linalg.solve(cross + pull * size, (right + pull * prior @ size)[:, :, None])[:, :, 0]
        return mean_y - (mean_x * slopes).sum(axis=1), slopes


@dataclass(frozen=True, slots=True)
class LogForecasts:
    """Forecasts at several origins, each from earlier columns only; medians rather than means.

    Attributes
    ----------
    plain : (O, S, horizon) of the regression alone, with the level of the last weeks
    dated : (O, S, horizon) with what the same dates of earlier years had beyond it
    day : (O, S, horizon) the part of that which single days have, in logs (see ``dates``)
    past_day : (T,) such days found before the last origin, in logs; 0 after it
    """

    plain: np.ndarray
    dated: np.ndarray
    day: np.ndarray
    past_day: np.ndarray


def log_origins(panel: Panel, x: np.ndarray, origins: np.ndarray, horizon: int) -> LogForecasts:
    """Forecast a busy panel at rising origins (numbers of columns); the level follows the errors of the last weeks."""
    settings = panel.settings
    y = np.where(panel.open, np.log(panel.units + HALF), np.nan)
    moments = _Moments(x, y, 2 * settings.half_life if settings.season == 7 else settings.half_life)
    plain, dated = (np.zeros((len(origins), len(y), horizon), dtype=np.float32) for _ in range(2))
    day, past_day = np.zeros(dated.shape), np.zeros(panel.length)
    recent = settings.recent // 2 if settings.season == 7 else settings.recent
    for n, origin in enumerate(origins):
        moments.advance(int(origin))
        level, slopes = moments.solve(panel.group, PULL[settings.season])
        eta = level[:, None] + np.matmul(x[:, : origin + horizon], slopes[:, :, None])[:, :, 0]
        seen = moments.seen[:, :origin]
        miss = np.where(seen, moments.y[:, :origin] - eta[:, :origin], 0.0)
        effects = date_effects(miss.sum(axis=0), seen.sum(axis=0), panel, int(origin) + horizon)
        for out, again in ((plain, np.zeros_like(effects.day)), (dated, effects.season + effects.day)):
            late = np.where(seen, miss - again[:origin], 0.0)[:, -recent:]
            shift = late.sum(axis=1) / (seen[:, -recent:].sum(axis=1) + CALM)
            ahead = np.exp(np.clip(eta[:, origin:] + shift[:, None] + again[origin:], -12, 16))
            out[n, :, : ahead.shape[1]] = ahead
        busy = np.flatnonzero(effects.day[origin:])
        own = np.zeros((len(y), horizon))
        own[:, busy] = own_differences(miss, seen, panel, origin + busy)
        dated[n] *= np.exp(own)
        day[n], past_day[:origin] = effects.day[origin:] + own, effects.past_day
    return LogForecasts(plain, dated, day, past_day)
