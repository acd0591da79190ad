"""A shrunk log-linear regression of units on weekday, season, price and what is known ahead; all series at once.

Model: mean units = exp(level + x b), variance mean + mean² / 7 (so that zeros need no ``log(1 + units)``, which would
flatten every slope); older days weigh less by a half-life; slopes are drawn to their category's and the panel's by
many pseudo-observations; the level follows the last weeks. Fitted by iteratively reweighted least squares.
"""

from __future__ import annotations

import numpy as np

from tmall_nb.stats.demand.loglinear import is_busy, log_origins
from tmall_nb.stats.demand.panel import Panel, previous

__all__ = ["design", "fitted_light", "forecast_light", "light_origins"]

DISPERSION = 0.15
PSEUDO = 150.0
STEPS = 4
WIDEST = 3.0
ENOUGH = 14
BORROWED = 5.0
YEAR_WAVES, MONTH_WAVES = 2, 4
OFTEN = 0.05


def design(panel: Panel) -> np.ndarray:
    """(S, T + H, p) regressors without the level, centred over the panel."""
    shape, daily = panel.known.shape[:2], panel.settings.season == 7
    parts: list[np.ndarray] = [np.broadcast_to(p, shape) for p in _calendar(panel)]
    price = None
    if panel.price is not None:
        price = panel.price - np.nanmedian(panel.price[:, : panel.length], axis=1, keepdims=True)
        price = np.where(np.isfinite(price), price, 0.0)
        parts.append(price)
        if not daily:  # a dearer week after a cheap one finds full cupboards
            parts.append(previous(price) - price)
    for k in range(panel.known.shape[2]):
        parts += _known(panel.known[..., k], panel=panel, price=price)
    parts += [np.broadcast_to(s, shape) for s in panel.shares()]
    if panel.closed.any() and daily:
        parts += [previous(panel.closed) * 1.0, previous(panel.closed, -1) * 1.0]
    if not parts:
        return np.zeros((*shape, 0))
    x = np.stack([np.asarray(p, dtype=np.float32) for p in parts], axis=2)
    keep = x.reshape(-1, x.shape[2]).std(axis=0) > 1e-6
    x = x[:, :, keep]
    return x - x.mean(axis=(0, 1), keepdims=True)


def _calendar(panel: Panel) -> list[np.ndarray]:
    """Weekdays, waves of the year (from 1.4 years on) and of the month (payday; from half a year on)."""
    daily, parts = panel.settings.season == 7, []
    if daily:
        week = panel.weekday()
        parts += [(week == d) * 1.0 for d in range(1, 7)]
    if panel.length >= 1.4 * panel.settings.year:
        parts += _waves(panel.season(), YEAR_WAVES)
    if daily and panel.length >= panel.settings.level:
        parts += _waves(panel.month(), MONTH_WAVES)
    return parts


def _waves(position: np.ndarray, count: int) -> list[np.ndarray]:
    angle = 2 * np.pi * position
    return [wave(h * angle) for h in range(1, count + 1) for wave in (np.sin, np.cos)]


def _known(column: np.ndarray, *, panel: Panel, price: np.ndarray | None) -> list[np.ndarray]:
    """A yes/no column with its first day and the day after, by weekday; a quantity on a scale that suits it."""
    daily = panel.settings.season == 7
    if np.isin(column, (0.0, 1.0)).all():
        if not daily:
            return [column] if price is None else [column, column * price]
        before = previous(column)
        parts = [column, column * (1 - before), (1 - column) * before]
        if OFTEN < column.mean() < 1 - OFTEN and panel.length >= panel.settings.level:
            week = panel.weekday()
            parts += [(column - column.mean()) * (week == d) for d in range(1, 6)]
        return parts
    value = np.log(column) if (column > 0).all() and column.max() > 1.3 * column.min() else column
    spread = value.std()
    return [(value - value.mean()) / (spread if spread > 0 else 1.0)]


def _normal(x: np.ndarray, y: np.ndarray, eta: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, ...]:
    """Moments of one reweighted step: centred cross-products, right-hand sides, means, total weights."""
    mean = np.exp(eta)
    w = weight * mean / (1 + DISPERSION * mean)
    z = eta + np.clip((y - mean) / np.maximum(mean, 1e-6), -1.0, WIDEST)
    total = np.maximum(w.sum(axis=1), 1e-9)
    zbar = (w * z).sum(axis=1) / total
    xbar = np.matmul(w[:, None, :], x)[:, 0] / total[:, None]
    xw = x * w[:, :, None]
    cross = np.matmul(xw.transpose(0, 2, 1), x) - total[:, None, None] * xbar[:, :, None] * xbar[:, None, :]
    right = np.matmul(xw.transpose(0, 2, 1), (z - zbar[:, None])[:, :, None])[:, :, 0]
    return cross, right, xbar, zbar, total


def _prior(cross: np.ndarray, right: np.ndarray, group: np.ndarray) -> np.ndarray:
    """(S, p) slopes to shrink to: the category's, drawn to the panel's."""
    p = cross.shape[1]
    pooled = cross.sum(axis=0)
    size = np.diag(pooled) / len(cross)
    ridge = np.diag(np.maximum(size, 1e-6))
    center = np.linalg.solve(pooled + 0.02 * len(cross) * ridge, right.sum(axis=0))
    groups = int(group.max()) + 1
    if groups == 1:
        return np.broadcast_to(center, (len(cross), p))
    cross_g, right_g = np.zeros((groups, p, p)), np.zeros((groups, p))
    np.add.at(cross_g, group, cross)
    np.add.at(right_g, group, right)
    slopes = np.linalg.solve(cross_g + 2 * ridge, (right_g + 2 * (ridge @ center))[:, :, None])[:, :, 0]
    return slopes[group]


class _State:
    """Level and slopes of each series, improved step by step."""

    def __init__(self, panel: Panel, x: np.ndarray):
        self.x, self.group = x, panel.group
        self.units = np.where(panel.open, panel.units, 0.0)
        self.seen = panel.open
        self.half_life, self.recent = panel.settings.half_life, panel.settings.recent
        self.slopes = np.zeros((len(x), x.shape[2]))
        self.level = np.full(len(x), -3.0)

    def _weights(self, origin: int) -> np.ndarray:
        return self.seen[:, :origin] * 0.5 ** ((origin - 1 - np.arange(origin)) / self.half_life)

    def start(self, origin: int) -> None:
        weight = self._weights(origin)
        mean = (weight * self.units[:, :origin]).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
        self.level = np.log(np.maximum(mean, 0.01))

    def step(self, origin: int) -> None:
        x, weight = self.x[:, :origin], self._weights(origin)
        eta = self.level[:, None] + np.matmul(x, self.slopes[:, :, None])[:, :, 0]
        cross, right, xbar, zbar, total = _normal(x, self.units[:, :origin], np.clip(eta, -12, 16), weight)
        if x.shape[2]:
            prior = _prior(cross, right, self.group)
            count = np.maximum(weight.sum(axis=1), 1.0)
            size = np.maximum(np.einsum("spp->sp", cross).sum(axis=0) / total.sum(), 1e-6)
            pull = PSEUDO * (total / count)[:, None] * size[None, :]
            matrix = cross + pull[:, :, None] * np.eye(x.shape[2])
            self.slopes = np.linalg.solve(matrix, (right + pull * prior)[:, :, None])[:, :, 0]
            self.slopes = np.clip(self.slopes, -8, 8)
        self.level = np.clip(zbar - (xbar * self.slopes).sum(axis=1), -7, 16)
        self._borrow(origin)

    def _borrow(self, origin: int) -> None:
        """A series with hardly any days takes part of its level from its category."""
        days = self.seen[:, :origin].sum(axis=1)
        usual = np.full(len(days), np.median(self.level[days > 0]) if (days > 0).any() else self.level[0])
        for g in np.unique(self.group):
            known = (self.group == g) & (days >= ENOUGH)
            if known.any():
                usual[self.group == g] = np.log(np.exp(self.level[known]).mean())
        share = np.where(days < ENOUGH, days / (days + BORROWED), 1.0)
        self.level = share * self.level + (1 - share) * usual

    def predict(self, origin: int, horizon: int) -> np.ndarray:
        start = max(origin - 2 * self.recent, 0)
        eta = self.level[:, None] + np.matmul(self.x[:, start : origin + horizon], self.slopes[:, :, None])[:, :, 0]
        mean = np.exp(np.clip(eta, -12, 16))
        past, back = mean[:, : origin - start], np.arange(origin - start)[::-1]
        fresh = self.seen[:, start:origin] * np.where(back < self.recent, 1.0, 0.15)
        sold = (fresh * self.units[:, start:origin]).sum(axis=1)
        told = (fresh * past).sum(axis=1)
        calm = 2.0 + 0.1 * told
        return mean[:, origin - start :] * ((sold + calm) / (told + calm))[:, None]


def light_origins(panel: Panel, origins: np.ndarray, horizon: int) -> np.ndarray:
    """(O, S, horizon) forecasts at rising origins (each a number of columns), every one from earlier columns only."""
    if is_busy(panel):
        return log_origins(panel, design(panel), origins, horizon).dated
    state = _State(panel, design(panel))
    out = np.zeros((len(origins), len(panel.units), horizon), dtype=np.float32)
    for n, origin in enumerate(origins):
        if n == 0:
            state.start(int(origin))
        for _ in range(STEPS if n == 0 else 1):
            state.step(int(origin))
        ahead = state.predict(int(origin), horizon)
        out[n, :, : ahead.shape[1]] = ahead
    return out


def forecast_light(panel: Panel) -> np.ndarray:
    """(S, H) mean units after the panel's last column; events and closing are not in it."""
    return light_origins(panel, np.array([panel.length]), panel.horizon)[0].astype("float64")


def fitted_light(panel: Panel) -> np.ndarray:
    """(S, T) mean units the regression gives for the past, with the level around each day."""
    state = _State(panel, design(panel))
    state.start(panel.length)
    for _ in range(STEPS):
        state.step(panel.length)
    eta = state.level[:, None] + np.matmul(state.x[:, : panel.length], state.slopes[:, :, None])[:, :, 0]
    mean = np.exp(np.clip(eta, -12, 16))
    width = state.recent
    sold, told = _around(state.units, width), _around(mean * state.seen, width)
    calm = 2.0 + 0.1 * told
    return mean * (sold + calm) / (told + calm)


def _around(values: np.ndarray, width: int) -> np.ndarray:
    """Sum of the columns within ``width`` of each column."""
    total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    index = np.arange(values.shape[1])
    return total[:, np.minimum(index + width + 1, values.shape[1])] - total[:, np.maximum(index - width, 0)]
