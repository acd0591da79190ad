"""Linear regression with instruments: slopes, their strength, and an interval that stays honest when instruments are weak.

Two-stage least squares with robust or clustered errors (Stock & Watson, Introduction to Econometrics, ch. 12); the
first-stage F by the same robust covariance; Anderson & Rubin (1949), Annals of Mathematical Statistics 20(1), 46-63, for the
interval: every slope whose residual is not explained by the instruments.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

Array = NDArray[np.float64]

__all__ = ["Linear", "anderson_rubin", "first_stage_f", "least_squares", "two_stage"]


@dataclass(frozen=True, slots=True)
class Linear:
    """Slopes of a linear model.

    Attributes
    ----------
    slopes, std_errors : (k,) in the order of the columns: endogenous first, then exogenous (constant included where given)
    covariance : (k, k)
    residuals : (n,) of the structural equation
    f_statistic : robust first-stage F of the excluded instruments, nan for least squares
    j_statistic, j_p_value : test of overidentifying restrictions by the homoskedastic form; nan where exactly identified
    rows : rows used
    """

    slopes: Array
    std_errors: Array
    covariance: Array
    residuals: Array
    f_statistic: float
    j_statistic: float
    j_p_value: float
    rows: int


def least_squares(y: Array, x: Array, *, cluster: NDArray[np.intp] | None = None, small_sample: bool = False) -> Linear:
    """Regress ``y`` (n,) on ``x`` (n, k), which holds the constant if one is wanted.

    Parameters
    ----------
    cluster : (n,) group codes for clustered errors; None: heteroskedasticity-robust
    small_sample : scale the covariance by n / (n - k) (HC1), or groups / (groups - 1)
    """
    return _solve(y, x, x, cluster, small_sample, np.nan, 0)


def two_stage(
    y: Array,
    endogenous: Array,
    exogenous: Array,
    instruments: Array,
    *,
    cluster: NDArray[np.intp] | None = None,
    small_sample: bool = False,
) -> Linear:
    """Regress ``y`` on ``endogenous`` (n, m) and ``exogenous`` (n, k) with excluded ``instruments`` (n, l), l >= m."""
    endogenous, instruments = _columns(endogenous), _columns(instruments)
    strength = min(first_stage_f(endogenous[:, j], exogenous, instruments, cluster=cluster) for j in range(endogenous.shape[1]))
    x, z = np.hstack([endogenous, exogenous]), np.hstack([instruments, exogenous])
    spare = instruments.shape[1] - endogenous.shape[1]
    return _solve(y, x, z, cluster, small_sample, strength, spare)


def first_stage_f(endogenous: Array, exogenous: Array, instruments: Array, *, cluster: NDArray[np.intp] | None = None) -> float:
    """Return the robust (HC1) F statistic of the excluded instruments: below 10 they are weak (Staiger & Stock 1997)."""
    instruments = _columns(instruments)
    z = np.hstack([instruments, exogenous])
    stage = least_squares(endogenous, z, cluster=cluster, small_sample=True)
    count = instruments.shape[1]
    part = stage.covariance[:count, :count]
    return float(stage.slopes[:count] @ np.linalg.solve(part, stage.slopes[:count]) / count)


def anderson_rubin(
    y: Array,
    endogenous: Array,
    exogenous: Array,
    instruments: Array,
    grid: Array,
    *,
    level: float = 0.95,
    cluster: NDArray[np.intp] | None = None,
) -> tuple[float, float]:
    """Return the interval of one slope that holds its level however weak the instruments are.

    It contains every value on ``grid`` that the instruments do not contradict; an end at the grid's end is returned as
    infinite, nan where no value fits.
    """
    instruments, endogenous = _columns(instruments), np.ravel(endogenous)
    count = instruments.shape[1]
    limit = chi2.ppf(level, count) / count
    kept = [b for b in grid if first_stage_f(y - b * endogenous, exogenous, instruments, cluster=cluster) <= limit]
    if not kept:
        return float("nan"), float("nan")
    low, high = min(kept), max(kept)
    return (-np.inf if low <= grid.min() else float(low)), (np.inf if high >= grid.max() else float(high))


def _columns(values: Array) -> Array:
    return values[:, None] if values.ndim == 1 else values


def _solve(y: Array, x: Array, z: Array, cluster: NDArray[np.intp] | None, small: bool, strength: float, spare: int) -> Linear:
    fitted = z @ np.linalg.lstsq(z, x, rcond=None)[0]
    slopes: Array = np.asarray(np.linalg.solve(fitted.T @ x, fitted.T @ y), dtype=np.float64)
    residuals: Array = np.asarray(y - x @ slopes, dtype=np.float64)
    bread = np.linalg.inv(fitted.T @ fitted)
    rows, count = x.shape
    if cluster is None:
        score = fitted * residuals[:, None]
        scale = rows / (rows - count) if small else 1.0
    else:
        groups = np.unique(cluster, return_inverse=True)[1]
        score = np.zeros((groups.max() + 1, count))
        np.add.at(score, groups, fitted * residuals[:, None])
        scale = len(score) / (len(score) - 1) * ((rows - 1) / (rows - count) if small else 1.0)
    covariance: Array = np.asarray(scale * bread @ (score.T @ score) @ bread, dtype=np.float64)
    j, p = np.nan, np.nan
    if spare > 0:
        explained = z @ np.linalg.lstsq(z, residuals, rcond=None)[0]
        j = float(explained @ residuals / (residuals @ residuals / rows))
        p = float(chi2.sf(j, spare))
    errors = np.asarray(np.sqrt(np.diag(covariance)), dtype=np.float64)
    return Linear(slopes, errors, covariance, residuals, strength, j, p, rows)
