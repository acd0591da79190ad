"""Age-period-cohort Poisson regression with the trend over periods left out, since it is not identified."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

__all__ = ["period_effects"]

ROUNDS, RIDGE = 60, 1e-6


def period_effects(
    count: np.ndarray, exposure: np.ndarray, age: np.ndarray, cohort: np.ndarray, period: np.ndarray, *, level: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return periods and the log effect of each with its interval.

    ``count ~ Poisson(exposure * exp(age + cohort + period))`` with quasi-likelihood dispersion; period effects are orthogonal
    to a constant and a straight line, the part of them that age and cohort cannot take over (Holford 1983).
    """
    ages, a = np.unique(age, return_inverse=True)
    cohorts, c = np.unique(cohort, return_inverse=True)
    periods, p = np.unique(period, return_inverse=True)
    line = np.column_stack([np.ones(len(periods)), np.arange(len(periods)) - (len(periods) - 1) / 2])
    basis = np.linalg.svd(line, full_matrices=True)[0][:, 2:]
    design = np.hstack([np.eye(len(ages))[a], np.eye(len(cohorts))[c][:, 1:], basis[p]])
    beta = np.zeros(design.shape[1])
    beta[: len(ages)] = np.log(max(count.sum(), 0.5) / exposure.sum())
    ridge = RIDGE * np.eye(len(beta))
    for _ in range(ROUNDS):
        mu = exposure * np.exp(np.clip(design @ beta, -30, 5))
        move = np.linalg.solve(design.T @ (mu[:, None] * design) + ridge, design.T @ (count - mu) - RIDGE * beta)
        beta = beta + np.clip(move, -2, 2)
        if np.abs(move).max() < 1e-8:
            break
    mu = exposure * np.exp(np.clip(design @ beta, -30, 5))
    freedom = max(len(count) - len(beta), 1)
    spread = max(float(((count - mu) ** 2 / np.maximum(mu, 1e-9)).sum() / freedom), 1.0)
    covariance = spread * np.linalg.inv(design.T @ (mu[:, None] * design) + ridge)
    k = len(periods) - 2
    effect = basis @ beta[-k:]
    error = np.sqrt(np.einsum("ij,jk,ik->i", basis, covariance[-k:, -k:], basis))
    z = float(ndtri(0.5 + level / 2))
    return periods, effect, effect - z * error, effect + z * error
