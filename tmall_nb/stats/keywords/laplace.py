"""One point of the lattice: root effects by penalised Newton with the residual integrated out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from tmall_nb.stats.keywords.marginal import Marginal, integrate_residual

Array = NDArray[np.float64]

_LEVEL_SD = 10.0  # sd of the prior of the level mu on the logit scale: flat for any shop
_SD_SCALE = 0.25  # sd ~ Gamma(2, scale .25): zero density at 0, so the sd never collapses


@dataclass(frozen=True, slots=True)
class Component:
    """One averaged model: a normal prior of the logit per row ("roots", "plain") or a beta prior of the rate ("beta").

    Attributes
    ----------
    kind : "roots", "plain" or "beta"
    evidence : log evidence with the prior of the spread
    residual_sd, root_sd : spreads on the logit scale (0 where not used)
    effects : root effects and last the level mu, shape (columns + 1,); for "beta" the two shape parameters
    covariance : their posterior covariance, shape (columns + 1, columns + 1)
    slope, curvature : site of each fitted row, to take its own data out again; empty where it does not matter
    weight : share in the average
    """

    kind: str
    evidence: float
    residual_sd: float
    root_sd: float
    effects: Array
    covariance: Array
    slope: Array
    curvature: Array
    weight: float = 0.0

    def with_weight(self, weight: float) -> Component:
        return replace(self, weight=float(weight))


@dataclass(frozen=True, slots=True)
class RootData:
    """Fitted rows: counts, design matrix (roots and a column of ones) and how many of a row's roots have no column."""

    clicks: Array
    orders: Array
    design: sparse.csr_matrix
    unknown: Array

    @classmethod
    def build(cls, clicks: Array, orders: Array, columns_of_row: NDArray[np.integer], columns: int) -> RootData:
        rows = clicks.size
        known = (columns_of_row >= 0) & (columns_of_row < columns)
        where = np.nonzero(known)
        row = np.concatenate([where[0], np.arange(rows)])
        column = np.concatenate([columns_of_row[known], np.full(rows, columns)])
        design = sparse.csr_matrix((np.ones(row.size), (row, column)), shape=(rows, columns + 1))
        unknown = (columns_of_row == columns).sum(axis=1).astype(float)
        return cls(clicks.astype(float), orders.astype(float), design, unknown)


def log_sd_prior(sd: float) -> float:
    """Log density of the boundary-avoiding prior per lattice step of log sd (up to a constant)."""
    return float(2 * np.log(sd / _SD_SCALE) - sd / _SD_SCALE)


def fit_point(data: RootData, residual_sd: float, root_sd: float, start: Array | None = None) -> Component:
    """Maximise the penalised likelihood at given spreads; evidence by Laplace.

    ``start`` is a warm start of the effects, shape (columns + 1,).
    """
    size = data.design.shape[1]
    penalty = np.full(size, 1.0 / root_sd**2)
    penalty[-1] = 1.0 / _LEVEL_SD**2
    variance = residual_sd**2 + data.unknown * root_sd**2
    effects = _start(data, size) if start is None else start.copy()
    site = integrate_residual(data.design @ effects, data.clicks, data.orders, variance)
    factor = _factor(data.design, site, penalty)
    for _ in range(30):
        gradient = data.design.T @ site.slope - penalty * effects
        step = linalg.cho_solve(factor, gradient)
        effects, site = _climb(data, effects, step, site, penalty, variance)
        factor = _factor(data.design, site, penalty)
        if float(gradient @ step) < 1e-3:
            break
    covariance = linalg.cho_solve(factor, np.eye(size))
    log_det = 2 * np.log(np.diag(factor[0])).sum()
    fit = site.value.sum() - 0.5 * (penalty * effects**2).sum() + 0.5 * np.log(penalty).sum() - 0.5 * log_det
    evidence = float(fit) + log_sd_prior(residual_sd) + log_sd_prior(root_sd)
    return Component("roots", evidence, residual_sd, root_sd, effects, covariance, site.slope, site.curvature)


def _start(data: RootData, size: int) -> Array:
    effects = np.zeros(size)
    rate = (data.orders.sum() + 0.5) / (data.clicks.sum() + 1.0)
    effects[-1] = np.log(rate / (1 - rate))
    return effects


def _factor(design: sparse.csr_matrix, site: Marginal, penalty: Array) -> tuple[Array, bool]:
    information = (design.T @ design.multiply(site.curvature[:, None]).tocsr()).toarray()
    information[np.diag_indices_from(information)] += penalty
    return linalg.cho_factor(information, lower=True, overwrite_a=True, check_finite=False)


def _climb(
    data: RootData, effects: Array, step: Array, site: Marginal, penalty: Array, variance: Array
) -> tuple[Array, Marginal]:
    """Take the Newton step, halved until the objective does not fall."""
    before = site.value.sum() - 0.5 * (penalty * effects**2).sum()
    for halving in range(12):
        candidate = effects + step / 2**halving
        trial = integrate_residual(data.design @ candidate, data.clicks, data.orders, variance, site.mode)
        if trial.value.sum() - 0.5 * (penalty * candidate**2).sum() >= before - 1e-9 * abs(before):
            return candidate, trial
    return effects, site
