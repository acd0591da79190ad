"""Posterior of each keyword's order rate under the averaged models, in chunks of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tmall_nb.stats.keywords.fit import RateModel
from tmall_nb.stats.keywords.laplace import Component

Array = NDArray[np.float64]

_CHUNK = 16_384
_POINTS = 44
_LEFT, _RIGHT = 7.0, 5.5  # reach of the grid in posterior sds; no order leaves a longer left tail
_VALUE_NODES = np.array([-1.7320508, 0.0, 1.7320508])
_VALUE_WEIGHTS = np.array([1 / 6, 2 / 3, 1 / 6])


@dataclass(frozen=True, slots=True)
class RateScores:
    """Posterior of each row (all arrays of shape (rows,)).

    Attributes
    ----------
    mean, low, high : order rate per click (0-1) and its interval
    prior : rate the roots alone expect, before the row's own clicks
    below : P(rate × value < threshold) for each threshold asked for, shape (thresholds, rows)
    """

    mean: Array
    low: Array
    high: Array
    prior: Array
    below: Array


def score_rates(
    model: RateModel,
    counts: tuple[Array, Array],
    roots: NDArray[np.integer],
    *,
    level: float = 0.9,
    thresholds: Array | None = None,
    log_sd: Array | None = None,
    fitted: NDArray[np.integer] | None = None,
) -> RateScores:
    """Posterior mean and interval of every row's order rate.

    A row that was fitted has its own data taken out of the root effects first (cavity), so it is not counted twice.

    Parameters
    ----------
    counts : clicks and orders, each shape (rows,)
    roots : root numbers as given to ``fit_rates``, shape (rows, width)
    level : probability inside the interval (0-1)
    thresholds : rates to compare with, shape (thresholds, rows); NaN gives NaN
    fitted : for each row its place among those given to ``fit_rates``, -1 for a new one; None: the same rows in order
    log_sd : sd of the log of a factor the rate is multiplied with before it is compared, shape (rows,)
    """
    clicks, orders = counts
    rows = clicks.size
    asked = np.empty((0, rows)) if thresholds is None else np.atleast_2d(thresholds)
    out = RateScores(np.empty(rows), np.empty(rows), np.empty(rows), np.empty(rows), np.empty((asked.shape[0], rows)))
    places = np.arange(rows) if fitted is None else fitted
    known = np.full(max(int(places.max(initial=-1)), int(model.rows.max())) + 2, -1, dtype=np.int64)
    known[model.rows] = np.arange(model.rows.size)
    position = known[places]
    for part in _chunks(rows):
        prior = _prior(model, roots[part], position[part])
        grid, cumulative, mass = _posterior(prior, clicks[part].astype(float), orders[part].astype(float))
        rate = 1.0 / (1.0 + np.exp(-grid))
        out.mean[part] = (mass * rate).sum(axis=1)
        tail = (1 - level) / 2
        out.low[part], out.high[part] = _quantile(grid, cumulative, tail), _quantile(grid, cumulative, 1 - tail)
        out.prior[part] = prior.rate()
        for k in range(asked.shape[0]):
            out.below[k, part] = _below(grid, cumulative, asked[k, part], None if log_sd is None else log_sd[part])
    return out


@dataclass(frozen=True, slots=True)
class _Prior:
    """Mixture prior of the logit: normal parts of shape (parts, rows) and beta parts shared by all rows."""

    weight: Array
    mean: Array
    variance: Array
    beta: tuple[Component, ...]

    def moments(self) -> tuple[Array, Array]:
        means, variances, weights = [self.mean], [self.variance], [self.weight]
        rows = self.mean.shape[1]
        from scipy.special import digamma

        for part in self.beta:
            a, b = part.effects
            means.append(np.full((1, rows), digamma(a) - digamma(b)))
            variances.append(np.full((1, rows), part.residual_sd**2))
            weights.append(np.array([part.weight]))
        mean, variance, weight = np.vstack(means), np.vstack(variances), np.concatenate(weights)
        centre = weight @ mean
        return centre, weight @ (variance + (mean - centre) ** 2)

    def rate(self) -> Array:
        """Approximate prior mean rate (Gaussian-logit by MacKay's scaling)."""
        scaled = self.mean / np.sqrt(1 + np.pi * self.variance / 8)
        mean = self.weight @ (1.0 / (1.0 + np.exp(-scaled))) if self.weight.size else np.zeros(self.mean.shape[1])
        for part in self.beta:
            a, b = part.effects
            mean = mean + part.weight * a / (a + b)
        return mean


def _chunks(rows: int) -> Iterator[slice]:
    for start in range(0, rows, _CHUNK):
        yield slice(start, min(start + _CHUNK, rows))


def _prior(model: RateModel, roots: NDArray[np.integer], position: NDArray[np.integer]) -> _Prior:
    rows = len(roots)
    column = np.where(roots >= 0, model.column_of[np.minimum(roots, model.column_of.size - 1)], model.columns + 1)
    unknown = (column == model.columns).sum(axis=1)
    padded = np.where(column < model.columns, column, model.columns + 1)
    normal = [c for c in model.components if c.kind != "beta"]
    mean, variance = np.empty((len(normal), rows)), np.empty((len(normal), rows))
    for k, part in enumerate(normal):
        mean[k], variance[k] = _predictor(part, padded, model.columns, position)
        variance[k] += part.residual_sd**2 + unknown * part.root_sd**2
    weight = np.array([c.weight for c in normal])
    return _Prior(weight, mean, variance, tuple(c for c in model.components if c.kind == "beta"))


def _predictor(
    part: Component, padded: NDArray[np.integer], columns: int, position: NDArray[np.integer]
) -> tuple[Array, Array]:
    """Mean and variance of each row's linear predictor without the row's own data."""
    if part.kind == "plain":
        return np.full(len(padded), part.effects[0]), np.full(len(padded), part.covariance[0, 0])
    effects = np.append(part.effects, 0.0)
    covariance = np.zeros((columns + 2, columns + 2))
    covariance[:-1, :-1] = part.covariance
    index = np.column_stack([padded, np.full(len(padded), columns)])
    index = index[:, np.append((padded <= columns).any(axis=0), True)]
    mean = effects[index].sum(axis=1)
    variance = np.zeros(len(padded))
    for a in range(index.shape[1]):
        variance += covariance[index[:, a], index[:, a]]
        for b in range(a):
            variance += 2 * covariance[index[:, a], index[:, b]]
    own = np.flatnonzero(position >= 0)
    slope, curvature = part.slope[position[own]], part.curvature[position[own]]
    precision = np.maximum(1.0 / variance[own] - curvature, 1e-3 / variance[own])
    mean[own] -= slope / precision
    variance[own] = 1.0 / precision
    return mean, variance


def _posterior(prior: _Prior, clicks: Array, orders: Array) -> tuple[Array, Array, Array]:
    """Grid of logits, cumulative and point masses of the posterior, each of shape (rows, points)."""
    centre, spread = _window(*prior.moments(), clicks, orders)
    grid = centre[:, None] + spread[:, None] * np.linspace(-_LEFT, _RIGHT, _POINTS)
    density = np.zeros_like(grid)
    for weight, mean, variance in zip(prior.weight, prior.mean, prior.variance, strict=True):
        density += (
            np.exp(-((grid - mean[:, None]) ** 2) / (2 * variance[:, None])) * (weight / np.sqrt(2 * np.pi * variance))[:, None]
        )
    softplus = np.logaddexp(0.0, grid)
    for part in prior.beta:
        from scipy.special import betaln

        a, b = part.effects
        density += part.weight * np.exp(a * grid - (a + b) * softplus - betaln(a, b))
    height = orders[:, None] * grid - clicks[:, None] * softplus
    mass = np.exp(height - height.max(axis=1, keepdims=True)) * density
    mass /= np.maximum(mass.sum(axis=1, keepdims=True), 1e-300)
    cumulative = np.cumsum(mass, axis=1) - 0.5 * mass
    return grid, cumulative, mass


def _window(mean: Array, variance: Array, clicks: Array, orders: Array) -> tuple[Array, Array]:
    """Centre and sd of the posterior if the prior were the normal with the mixture's moments."""
    logit = mean.copy()
    for _ in range(8):
        rate = 1.0 / (1.0 + np.exp(-logit))
        information = clicks * rate * (1 - rate) + 1.0 / variance
        logit += np.clip((orders - clicks * rate - (logit - mean) / variance) / information, -2.0, 2.0)
    rate = 1.0 / (1.0 + np.exp(-logit))
    return logit, 1.0 / np.sqrt(clicks * rate * (1 - rate) + 1.0 / variance)


def _quantile(grid: Array, cumulative: Array, probability: float) -> Array:
    rows = np.arange(len(grid))
    upper = np.clip((cumulative < probability).sum(axis=1), 1, grid.shape[1] - 1)
    low, high = cumulative[rows, upper - 1], cumulative[rows, upper]
    share = np.clip((probability - low) / np.maximum(high - low, 1e-300), 0.0, 1.0)
    logit = grid[rows, upper - 1] + share * (grid[rows, upper] - grid[rows, upper - 1])
    return 1.0 / (1.0 + np.exp(-logit))


def _below(grid: Array, cumulative: Array, threshold: Array, log_sd: Array | None) -> Array:
    """P(rate × exp(log_sd·z) < threshold), z standard normal by three Gauss-Hermite nodes."""
    if log_sd is None:
        return _distribution(grid, cumulative, threshold)
    parts = [
        w * _distribution(grid, cumulative, threshold * np.exp(-x * log_sd))
        for w, x in zip(_VALUE_WEIGHTS, _VALUE_NODES, strict=True)
    ]
    return np.sum(parts, axis=0)


def _distribution(grid: Array, cumulative: Array, threshold: Array) -> Array:
    known = np.isfinite(threshold)
    safe = np.clip(np.where(known, threshold, 0.5), 1e-12, 1 - 1e-12)
    place = (np.log(safe / (1 - safe)) - grid[:, 0]) / (grid[:, 1] - grid[:, 0])
    left = np.clip(np.floor(place), 0, grid.shape[1] - 2).astype(int)
    rows = np.arange(len(grid))
    low, high = cumulative[rows, left], cumulative[rows, left + 1]
    value = low + np.clip(place - left, 0.0, 1.0) * (high - low)
    value = np.where(place <= 0, 0.0, np.where(place >= grid.shape[1] - 1, 1.0, value))
    value = np.where(threshold >= 1, 1.0, np.where(threshold <= 0, 0.0, value))
    return np.where(known, value, np.nan)
