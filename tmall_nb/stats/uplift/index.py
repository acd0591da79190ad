"""The control index: what untreated series say about the market, with its own noise taken out.

x_kt = log of control k. Index = mean over controls. Slow part: centred triangular mean, half-width 61 days, over ordinary
days only (campaign and event days have weight 0). Fast part: the rest without its weekday pattern. The index is noisy, so a
regression on its fast part is attenuated; the noise is known from the spread of single controls, and the fast part is
replaced by its signal extraction K_s (K_s + K_n)⁻¹ fast. Jumps of event and campaign days keep their mean; only their
spread around it is shrunk by the noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

__all__ = ["HALF_WIDTH", "Index", "build_index", "extract", "pool_sparse", "safe_log"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
HALF_WIDTH = 61
LAGS = 10
JUMP_SHARE = 0.5  # the residual of ordinary days already holds the other half of the index's noise
LEAST_JUMP = 0.05  # sd (log) of jumps on event and campaign days, at least
SPARSE = 8.0  # orders a day below which a control is pooled with other sparse ones


@dataclass(frozen=True, slots=True)
class Index:
    """What the controls say.

    Attributes
    ----------
    slow, fast, jump : (T,) slow part, extracted fast part without jumps, jump of event and campaign days (0 elsewhere)
    raw_fast : (T,) fast part before extraction
    noise : (LAGS + 1,) autocovariance of the index's own noise
    reliability : share of the fast part's variance that is common to the controls (0-1)
    loadings : (K,) how strongly each control follows the index's fast part
    deviations : (T, K) fast part of each control minus the index's times its loading
    jump_noise : (T, T) covariance of the index's own noise on jump days that the extraction leaves in (0 elsewhere)
    """

    slow: Array
    fast: Array
    jump: Array
    raw_fast: Array
    noise: Array
    reliability: float
    loadings: Array
    deviations: Array
    jump_noise: Array


def grain(values: Array) -> float:
    """Size of one order: 1 for counts; for money the variance around a week's mean over the mean (that of a random sum)."""
    finite = values[np.isfinite(values)]
    if len(finite) < 8 or finite.mean() <= 0:
        return 1.0
    if np.all(finite == np.round(finite)) and np.any(finite % 10):
        return 1.0
    around = np.convolve(finite, np.ones(7) / 7, mode="valid")
    rough = (finite[3:-3] - around) ** 2 * 7 / 6
    busy = around > 0
    if not busy.any():
        return float(finite[finite > 0].mean())
    return float(max(np.median(rough[busy] / around[busy]) / 0.45, 1e-6))  # the median of a squared normal is .45 of its mean


def safe_log(values: Array) -> Array:
    """log(value + size of one order); finite for zeros, nearly log where days hold many orders."""
    return np.log(np.maximum(values, 0.0) + grain(values))


def pool_sparse(controls: Array) -> Array:
    """Add up controls that sell too little for a log, until each pool has enough; busy controls stay alone."""
    if controls.shape[1] < 2:
        return controls
    size = np.array([np.nanmean(c) / grain(c) for c in controls.T])
    busy = [controls[:, k] for k in np.flatnonzero(size >= SPARSE)]
    pools, pool, total = [], np.zeros(len(controls)), 0.0
    for k in np.argsort(size, kind="stable"):
        if size[k] >= SPARSE:
            break
        pool, total = pool + controls[:, k], total + size[k]
        if total >= 2 * SPARSE:
            pools.append(pool)
            pool, total = np.zeros(len(controls)), 0.0
    if total > 0 and not busy and not pools:
        pools.append(pool)
    elif total > 0 and pools:
        pools[-1] = pools[-1] + pool
    elif total > 0:
        pools.append(pool)
    return np.column_stack(busy + pools)


def slow_part(values: Array, ordinary: Mask, half_width: int = HALF_WIDTH) -> Array:
    """Centred triangular mean over ordinary days."""
    distance = np.abs(np.arange(len(values))[:, None] - np.arange(len(values))[None, :])
    kernel = np.clip(1 - distance / (half_width + 1), 0, None) * ordinary[None, :]
    total = kernel.sum(axis=1)
    far = total <= 0
    kernel[far], total[far] = ordinary, ordinary.sum()
    return (
        kernel
        @ np.where(ordinary[:, None] if values.ndim > 1 else ordinary, values, 0.0)
        / (total[:, None] if values.ndim > 1 else total)
    )


def _without_weekday(values: Array, ordinary: Mask, weekday: NDArray[np.intp]) -> Array:
    out = values.copy()
    for d in np.unique(weekday):
        on = weekday == d
        if (on & ordinary).sum() >= 3:
            out[on] -= values[on & ordinary].mean(axis=0)
    return out


def _autocov(values: Array, ordinary: Mask) -> Array:
    """Autocovariances at lags 0..LAGS over pairs of ordinary days; columns averaged."""
    columns = values.reshape(len(values), -1)
    out = np.zeros(LAGS + 1)
    for lag in range(LAGS + 1):
        both = ordinary[lag:] & ordinary[: len(ordinary) - lag]
        if both.sum() > 5:
            out[lag] = (columns[lag:][both] * columns[: len(columns) - lag][both]).mean()
    return out


def _ar_white(cov: Array) -> tuple[float, float, float]:
    """Fit variance of an AR(1) part, its coefficient and a white variance to autocovariances by least squares."""
    lags = np.arange(1, LAGS + 1)
    best = (np.inf, 0.0, 0.0)
    for rho in np.arange(0.1, 0.96, 0.05):
        shape = rho**lags
        size = max(float(shape @ cov[1:] / (shape @ shape)), 0.0)
        loss = float(((cov[1:] - size * shape) ** 2).sum())
        if loss < best[0]:
            best = (loss, size, float(rho))
    size = min(best[1], max(cov[0], 0.0))
    return size, best[2], max(float(cov[0]) - size, 0.0)


def _toeplitz(size: float, rho: float, white: float, length: int) -> Array:
    powers = np.zeros(length)
    powers[: min(length, 150)] = rho ** np.arange(min(length, 150))
    row = size * powers
    lag = np.abs(np.subtract.outer(np.arange(length), np.arange(length)))
    matrix = row[lag]
    matrix[np.diag_indices(length)] += white
    return matrix


def extract(
    signal: tuple[float, float, float], noise: tuple[float, float, float], raw: Array, jump: Array, ridge: float
) -> tuple[Array, Array, Array]:
    """Posterior means of a signal seen under noise, each AR(1) + white, and of jumps; in time linear in the days.

    Parameters
    ----------
    signal, noise : variance of the AR(1) part, its coefficient, white variance
    raw : (T,) signal + jump + noise, nan where not seen
    jump : (T,) variance of the jump, 0 on days without one
    ridge : variance added to the white parts, for days seen exactly

    Returns
    -------
    signal without jumps K_s (K_s + K_j + K_n)⁻¹ raw, jumps, share of a day's white deviation that is taken as jump; each (T,)
    """
    seen = np.isfinite(raw)
    white = signal[2] + noise[2] + ridge + jump
    bands = np.zeros((3, 2 * len(raw)))  # of the precision of both AR parts, day by day: signal, noise, signal, …
    for k, (size, rho, _) in enumerate((signal, noise)):
        innovation = max(size, ridge) * (1 - rho**2)
        bands[0, k + 2 :: 2] = -rho / innovation
        bands[2, k::2] = (1 + rho**2) / innovation + seen / white
        bands[2, [k, k - 2]] -= rho**2 / innovation
    bands[1, 1::2] = seen / white
    parts = solveh_banded(bands, np.repeat(np.where(seen, raw, 0.0) / white, 2), check_finite=False)
    rest = np.where(seen, raw - parts[::2] - parts[1::2], 0.0)
    return parts[::2] + signal[2] / white * rest, jump / white * rest, jump / white


def _half_apart(partner: Array, raw: Array, ordinary: Mask, weekday: NDArray[np.intp]) -> Array:
    """Autocovariances of half of what the outcome's fast part and the control's do not share."""
    known = ordinary & np.isfinite(partner)
    values = np.where(known, partner, 0.0)
    fast = _without_weekday(values - slow_part(values, known), known, weekday)
    return _autocov(fast - raw, known) / 2


def _jump_prior(raw: Array, groups: Sequence[Mask], ordinary: float) -> tuple[Array, Array]:
    """Mean and variance of the jumps of each group's days, 0 elsewhere; ``ordinary``: variance of the fast part without."""
    middle, wide = np.zeros(len(raw)), np.zeros(len(raw))
    for group in groups:
        if group.any():
            middle[group] = raw[group].mean()
            wide[group] = max(float(np.mean((raw - middle)[group] ** 2)) - ordinary, LEAST_JUMP**2)
    return middle, wide


def build_index(
    logs: Array,
    ordinary: Mask,
    jumps: Mask,
    weekday: NDArray[np.intp],
    *,
    partner: Array | None = None,
    groups: Sequence[Mask] = (),
) -> Index:
    """Split the mean of log controls into slow, extracted fast and jump parts.

    Parameters
    ----------
    logs : (T, K) logs of the controls
    ordinary : (T,) days outside campaign, dips and events
    jumps : (T,) event days and campaign days, whose jumps are kept as they are
    weekday : (T,) 0-6
    partner : (T,) log of the outcome, nan where unknown; used with one control only, whose own noise shows in no spread: half
        of what the two series do not share is taken as the control's
    groups : days whose jumps have a mean and a spread of their own; all jumps together where none is given
    """
    count = logs.shape[1]
    centred = logs - logs[ordinary].mean(axis=0)
    slow_each = slow_part(centred, ordinary)
    fast_each = _without_weekday(centred - slow_each, ordinary, weekday)
    slow, raw = slow_each.mean(axis=1), fast_each.mean(axis=1)
    clean = raw[ordinary]
    loadings = fast_each[ordinary].T @ clean / max(float(clean @ clean), 1e-12)
    deviations = fast_each - raw[:, None] * loadings
    if count > 1:
        noise = _autocov(deviations, ordinary) / (count - 1)
    else:
        noise = np.zeros(LAGS + 1) if partner is None else _half_apart(partner, raw, ordinary, weekday)
    total = _autocov(raw, ordinary)
    n_size, n_rho, n_white = _ar_white(noise)
    s_size, s_rho, s_white = _ar_white(total - noise)
    ridge = 1e-6 * max(float(total[0]), 1e-9)
    middle, wide = _jump_prior(raw, groups or (jumps,), float(total[0]))
    fast, jump, kept = extract((s_size, s_rho, s_white), (n_size, n_rho, n_white), raw - middle, wide, ridge)
    jump += middle
    share = (s_size + s_white) / max(float(total[0]), 1e-12)
    own = _toeplitz(n_size, n_rho, n_white, len(raw))
    left = JUMP_SHARE * own * np.outer(kept, kept)
    return Index(slow, fast, jump, raw, noise, float(np.clip(share, 0, 1)), loadings, deviations, left)
