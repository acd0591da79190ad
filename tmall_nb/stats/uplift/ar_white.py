"""A regression with AR(1) + white residuals and normal priors, in time linear in the number of days.

z_t = x_t'β + a_t + e_t on observed days, β ~ N(b, B), a stationary AR(1), e white. The precision of a is tridiagonal, so
likelihood, smoothing and the joint prediction of unobserved days need banded solves only. Hyperparameters (ρ, sd of a, sd
of e) have weak priors; they are integrated over points drawn from a Laplace approximation, weighted by the posterior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.lapack import dpbtrf, dpbtrs

__all__ = ["Hyper", "Prior", "Residuals", "find_mode", "hyper_points", "predict", "solve"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
PRIOR_MEAN = np.array([1.4, np.log(0.08), np.log(0.08)])
PRIOR_SD = np.array([1.0, 1.2, 1.2])
MAX_RHO = 0.995


@dataclass(frozen=True, slots=True)
class Prior:
    """Independent normal prior of the coefficients, shapes (columns,)."""

    mean: Array
    sd: Array


@dataclass(frozen=True, slots=True)
class Hyper:
    """Residual model: AR(1) coefficient, its stationary sd, sd of the white part."""

    rho: float
    sd_ar: float
    sd_white: float

    @classmethod
    def of(cls, theta: Array) -> Hyper:
        """From unbounded coordinates (logit of ρ, log sd, log sd)."""
        return cls(float(MAX_RHO / (1 + np.exp(-theta[0]))), float(np.exp(theta[1])), float(np.exp(theta[2])))


@dataclass(frozen=True, slots=True)
class Residuals:
    """The solved model at one hyperparameter point.

    Attributes
    ----------
    log_marginal : log of the likelihood with β integrated out
    beta, beta_chol : posterior mean of β and Cholesky factor of its posterior precision
    smoothed : (T,) posterior mean of a
    factor : banded Cholesky factor of the posterior precision of a given β
    weight : (T,) precision of the white part, 0 on unobserved days
    """

    log_marginal: float
    beta: Array
    beta_chol: tuple[Array, bool]
    smoothed: Array
    factor: Array
    weight: Array


def _bands(hyper: Hyper, length: int) -> Array:
    """Upper banded precision of the AR(1) part."""
    innovation = hyper.sd_ar**2 * (1 - hyper.rho**2)
    bands = np.empty((2, length))
    bands[0], bands[1] = -hyper.rho, 1 + hyper.rho**2
    bands[0, 0] = 0.0
    bands[1, 0] = bands[1, -1] = 1.0
    return bands / innovation


def _solve_factor(factor: Array, right: Array) -> Array:
    """Solve (UᵀU) x = right with U upper bidiagonal."""
    solution, _ = dpbtrs(factor, right, lower=0)
    return solution


def solve(z: Array, X: Array, observed: Mask, prior: Prior, hyper: Hyper) -> Residuals:
    """Integrate β and a out at fixed hyperparameters.

    Parameters
    ----------
    z : (T,) response; X : (T, columns) regressors; values on unobserved days are ignored
    observed : (T,) which days enter
    """
    length, columns = X.shape
    weight = observed / hyper.sd_white**2
    bands = _bands(hyper, length)
    bands[1] += weight
    factor, _ = dpbtrf(bands, lower=0)
    both = np.where(observed[:, None], np.column_stack([X, z]), 0.0)
    weighted = weight[:, None] * both
    rest = weighted - weight[:, None] * _solve_factor(factor, weighted)
    gram = both.T @ rest
    precision = np.diag(1 / prior.sd**2)
    chol = cho_factor(gram[:columns, :columns] + precision, check_finite=False)
    target = gram[:columns, columns] + prior.mean / prior.sd**2
    beta = cho_solve(chol, target, check_finite=False)
    innovation = hyper.sd_ar**2 * (1 - hyper.rho**2)
    log_det = 2 * np.log(factor[1]).sum() + length * np.log(innovation) - np.log(1 - hyper.rho**2)
    log_det += 2 * observed.sum() * np.log(hyper.sd_white)
    log_det += 2 * np.log(np.diag(chol[0])).sum() + 2 * np.log(prior.sd).sum()
    square = gram[columns, columns] + (prior.mean**2 / prior.sd**2).sum() - target @ beta
    smoothed = _solve_factor(factor, weight * np.where(observed, z - X @ beta, 0.0))
    return Residuals(float(-0.5 * (log_det + square)), beta, chol, smoothed, factor, weight)


def _log_posterior(theta: Array, z: Array, X: Array, observed: Mask, prior: Prior) -> float:
    fit = solve(z, X, observed, prior, Hyper.of(theta))
    return fit.log_marginal - 0.5 * float((((theta - PRIOR_MEAN) / PRIOR_SD) ** 2).sum())


def find_mode(z: Array, X: Array, observed: Mask, prior: Prior, start: Array | None = None) -> Array:
    """Return the posterior mode of the hyperparameters in unbounded coordinates."""
    from scipy.optimize import minimize

    centre = PRIOR_MEAN if start is None else start
    steps = np.vstack([centre, centre + np.diag([0.7, 0.5, 0.5])])
    found = minimize(
        lambda theta: -_log_posterior(np.clip(theta, -7, 7), z, X, observed, prior), centre, method="Nelder-Mead",
        options={"initial_simplex": steps, "xatol": 0.03, "fatol": 0.02, "maxfev": 150},
    )  # fmt: skip
    return np.clip(found.x, -7, 7)


def hyper_points(
    mode: Array, z: Array, X: Array, observed: Mask, prior: Prior, *, count: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return (count, 3) points around the mode and their posterior weights, summing to one."""
    shape = np.linalg.cholesky(_curvature_cov(mode, z, X, observed, prior))
    normal = rng.standard_normal((count, 3))
    normal[: count // 2] = -normal[count - count // 2 :]
    points = np.clip(mode + 1.1 * normal @ shape.T, -7, 7)
    log_weight = np.array([_log_posterior(p, z, X, observed, prior) for p in points]) + 0.5 * (normal**2).sum(axis=1)
    weights = np.exp(log_weight - log_weight.max())
    return points, weights / weights.sum()


def _curvature_cov(mode: Array, z: Array, X: Array, observed: Mask, prior: Prior) -> Array:
    step = 0.15
    value = lambda d: _log_posterior(mode + d, z, X, observed, prior)  # noqa: E731
    unit = np.eye(3) * step
    centre = value(np.zeros(3))
    plus, minus = [value(u) for u in unit], [value(-u) for u in unit]
    hessian = np.diag([-(p + m - 2 * centre) / step**2 for p, m in zip(plus, minus, strict=True)])
    for i in range(3):
        for j in range(i):
            mixed = value(unit[i] + unit[j]) + value(-unit[i] - unit[j]) - plus[i] - minus[i] - plus[j] - minus[j] + 2 * centre
            hessian[i, j] = hessian[j, i] = -mixed / (2 * step**2)
    roots, vectors = np.linalg.eigh(hessian)
    return (vectors / np.clip(roots, 0.5, None)) @ vectors.T


def predict(fit: Residuals, X: Array, observed: Mask, hyper: Hyper, days: NDArray[np.intp]) -> tuple[Array, Array]:
    """Return mean and covariance of z on ``days`` (white part included), given the observed days without them.

    ``days`` must be unobserved; β's uncertainty and its correlation with a are in the covariance.
    """
    unit = np.zeros((len(X), len(days)))
    unit[days, np.arange(len(days))] = 1.0
    columns = _solve_factor(fit.factor, unit)
    effective = X[days] - columns.T @ (fit.weight[:, None] * np.where(observed[:, None], X, 0.0))
    cov = columns[days] + effective @ cho_solve(fit.beta_chol, effective.T, check_finite=False)
    cov[np.diag_indices(len(days))] += hyper.sd_white**2
    return X[days] @ fit.beta + fit.smoothed[days], (cov + cov.T) / 2
