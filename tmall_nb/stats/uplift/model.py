"""Lift of one campaign over its counterfactual, by joint draws.

log(y + 1) = level + weekday + drift + b_s slow + b_f fast + (b_f + e) jump + AR(1) + white, fitted on the days outside the
campaign and its dips. b_s ~ N(1, .1²), b_f ~ ½N(1, .1²) + ½N(1, .5²) (controls that react less than the treated items need
a slope above 1), e ~ N(0, .3²) where earlier event days can teach it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tmall_nb.stats.uplift.ar_white import Hyper, Prior, find_mode, hyper_points, predict, solve
from tmall_nb.stats.uplift.index import Index, build_index, grain, pool_sparse, safe_log

__all__ = ["Design", "Uplift", "fit_uplift"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
SLOW_SD, TIGHT_SD, WIDE_SD, EVENT_SD = 0.1, 0.1, 0.5, 0.3
UNTAUGHT_SD = 0.1  # the same slope's where no event teaches it
OWN_SD = 0.08  # day-to-day variation (log) that is demand's own; what ordinary days show beyond it is noise of the counts
MIN_EVENT_DAYS, EVENT_SPREAD = 3, 0.15  # without controls: earlier event days needed, and how much events differ (log)
DRIFT, FREE_DRIFT = 0.1, 0.3  # sd of the yearly drift against the controls, and without controls
POINTS = 20
OUTLIER = 4.5
FAST, EVENT = 9, 10  # columns of the fast part and of the extra event slope


@dataclass(frozen=True, slots=True)
class Design:
    """Days of one campaign.

    Attributes
    ----------
    sale : (T,) campaign days; window : (T,) campaign days and dips; hidden : (T,) window and buffer, kept out of the fit
    events : (T,) earlier days of platform-wide traffic; weekday : (T,) 0-6
    """

    sale: Mask
    window: Mask
    hidden: Mask
    events: Mask
    weekday: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Uplift:
    """Counterfactual of one campaign.

    Attributes
    ----------
    counterfactual : (T,) mean; low, high : (T,) at the level asked for
    days : day numbers of the window; draws : (draws, days) counterfactual outcomes there
    index : the control index, None without controls
    fast_slope, fast_slope_se : unrestricted slope on the fast part; react_z : (slope - 1) / se
    event_slope, event_slope_sd : extra slope on event days; nan where not taught
    weight_wide : posterior weight of the wide slope prior
    outliers : (T,) ordinary days set aside
    taught : an earlier event day teaches the event slope
    count_noise : variance (log) of the counts around their mean beyond Poisson
    grain : size of one order, 1 for counts
    fitted_error : root mean squared log error of ordinary days predicted without their own week
    problem : response, regressors, observed days, prior, hyperparameter mode, smearing factor (for placebo windows)
    """

    counterfactual: Array
    low: Array
    high: Array
    days: NDArray[np.intp]
    draws: Array
    index: Index | None
    fast_slope: float
    fast_slope_se: float
    react_z: float
    event_slope: float
    event_slope_sd: float
    weight_wide: float
    outliers: Mask
    taught: bool
    count_noise: float
    grain: float
    fitted_error: float
    problem: tuple[Array, Array, Mask, Prior, Array, float]


def fit_uplift(y: Array, controls: Array, design: Design, *, level: float = 0.95, draws: int = 2000, seed: int = 0) -> Uplift:
    """Fit outside the campaign and draw what would have happened inside it.

    Parameters
    ----------
    y : (T,) outcome, nan where unknown
    controls : (T, K) untreated series without gaps; K may be 0
    design : which days are what
    level : of low and high, 0-1
    """
    rng = np.random.default_rng(seed)
    observed = np.isfinite(y) & ~design.hidden
    z = np.where(np.isfinite(y), safe_log(np.nan_to_num(y)), 0.0)
    index = _index(controls, np.where(observed, z, np.nan), design)
    X, tight, wide = _regressors(z, observed, design, index)
    observed, outliers, mode, centre, spread = _fit_ordinary(z, X, observed, design, (tight, wide))
    days = np.flatnonzero(design.window)
    offset = grain(y)
    logs, weight_wide, slopes = _draw(z, X, observed, (tight, wide), mode, days, draws, rng)
    if index is not None:
        logs += _index_noise(index, days, draws, rng, taught=X.shape[1] > EVENT)
    elif (design.events & observed).sum() >= MIN_EVENT_DAYS:
        logs[:, design.sale[days]] += rng.normal(0, EVENT_SPREAD, (draws, 1))
    smear = _smear(z, centre, spread, observed)
    sampled = np.maximum(np.exp(logs) * smear - offset, 0.0)
    tail = (1 - level) / 2
    reach = _normal_quantile(1 - tail)
    middle = np.maximum(np.exp(centre + spread**2 / 2) * smear - offset, 0.0)
    low, high = (np.maximum(np.exp(centre + s * reach * spread) - offset, 0.0) for s in (-1, 1))
    middle[days], low[days], high[days] = sampled.mean(axis=0), *np.quantile(sampled, [tail, 1 - tail], axis=0)
    slope, slope_se = _free_slope(z, X, observed, wide, mode) if index is not None else (np.nan, np.nan)
    error = float(np.sqrt(np.mean((z - centre)[observed] ** 2)))
    react = (slope - 1) / slope_se
    problem = (z, X, observed, wide, mode, smear)
    taught = X.shape[1] > EVENT
    noise = _count_noise(y, observed, offset, Hyper.of(mode))
    return Uplift(
        middle, low, high, days, sampled, index, slope, slope_se, react, *slopes, weight_wide, outliers, taught, noise, offset,
        error, problem,
    )  # fmt: skip


def _fit_ordinary(
    z: Array, X: Array, observed: Mask, design: Design, priors: tuple[Prior, Prior]
) -> tuple[Mask, Mask, Array, Array, Array]:
    """Days kept, outliers set aside, hyperparameter mode, and every day predicted without its own week (mean, sd)."""
    tight, wide = priors
    mode = find_mode(z, X, observed, tight)
    centre, spread = _leave_weeks_out(z, X, observed, wide, mode)
    outliers = observed & ~design.events & (np.abs(z - centre) > OUTLIER * spread)
    if not 0 < outliers.sum() <= 0.05 * observed.sum():
        return observed, np.zeros(len(z), bool), mode, centre, spread
    kept = observed & ~outliers
    mode = find_mode(z, X, kept, tight, mode)
    return kept, outliers, mode, *_leave_weeks_out(z, X, kept, wide, mode)


def _count_noise(y: Array, observed: Mask, size: float, hyper: Hyper) -> float:
    """White variance beyond Poisson's and beyond ``OWN_SD``: it strikes the actual figure, not the counterfactual alone."""
    poisson = float(np.mean(size / (y[observed] + size)))
    return max(hyper.sd_white**2 - poisson - OWN_SD**2, 0.0)


def _index_noise(index: Index, days: NDArray[np.intp], draws: int, rng: np.random.Generator, *, taught: bool) -> Array:
    """What the index's own noise on jump days adds, and the reaction to platform traffic that nothing teaches."""
    own = index.jump_noise[np.ix_(days, days)]
    noise = rng.standard_normal((draws, len(days))) @ np.linalg.cholesky(own + 1e-10 * np.eye(len(days))).T
    if taught:
        return noise
    jump = UNTAUGHT_SD * index.jump[days]
    return noise + rng.standard_normal((draws, 1)) * jump - jump**2 / 2


def _index(controls: Array, partner: Array, design: Design) -> Index | None:
    if controls.shape[1] == 0:
        return None
    logs = np.column_stack([safe_log(c) for c in pool_sparse(controls).T])
    ordinary = ~design.hidden & ~design.events
    taught = bool((design.events & np.isfinite(partner)).any())  # else earlier events may be the controls' own campaigns
    jumps = design.sale | design.events
    groups = (jumps,) if taught else (design.sale, design.events)
    return build_index(logs, ordinary, jumps, design.weekday, partner=partner, groups=groups)


def _regressors(z: Array, observed: Mask, design: Design, index: Index | None) -> tuple[Array, Prior, Prior]:
    """Columns, and the priors with the tight and with the wide slope on the fast part (column ``FAST``)."""
    length = len(z)
    time = (np.arange(length) - length / 2) / 365.0
    week = (design.weekday[:, None] == np.arange(1, 7)).astype(float)
    columns = [np.ones(length), *week.T, time]
    mean, sd = [float(z[observed].mean()), *[0.0] * 7], [3.0, *[1.0] * 6, FREE_DRIFT if index is None else DRIFT]
    if index is not None:
        columns += [index.slow, index.fast + index.jump]
        mean, sd = [*mean, 1.0, 1.0], [*sd, SLOW_SD, TIGHT_SD]
        if (design.events & observed).any():
            columns.append(index.jump)
            mean, sd = [*mean, 0.0], [*sd, EVENT_SD]
    elif (design.events & observed).sum() >= MIN_EVENT_DAYS:
        columns.append((design.events | design.sale).astype(float))
        mean, sd = [*mean, 0.0], [*sd, WIDE_SD]
    tight = Prior(np.array(mean), np.array(sd))
    wide = tight
    if index is not None:
        loose = tight.sd.copy()
        loose[FAST] = WIDE_SD
        wide = Prior(tight.mean, loose)
    return np.column_stack(columns), tight, wide


def _leave_weeks_out(z: Array, X: Array, observed: Mask, prior: Prior, mode: Array) -> tuple[Array, Array]:
    """Mean and sd of every day predicted without its own week."""
    hyper = Hyper.of(mode)
    mean, sd = np.empty(len(z)), np.empty(len(z))
    for first in range(0, len(z), 7):
        days = np.arange(first, min(first + 7, len(z)))
        rest = observed.copy()
        rest[days] = False
        block, cov = predict(solve(z, X, rest, prior, hyper), X, rest, hyper, days)
        mean[days], sd[days] = block, np.sqrt(np.diag(cov))
    return mean, sd


def _draw(
    z: Array,
    X: Array,
    observed: Mask,
    priors: tuple[Prior, Prior],
    mode: Array,
    days: NDArray[np.intp],
    draws: int,
    rng: np.random.Generator,
) -> tuple[Array, float, tuple[float, float]]:
    """Joint draws of log outcomes on ``days`` over hyperparameters and both slope priors."""
    points, weights = hyper_points(mode, z, X, observed, priors[1], count=POINTS, rng=rng)
    fits = [(Hyper.of(p), [solve(z, X, observed, prior, Hyper.of(p)) for prior in priors]) for p in points]
    gap = np.array([pair[0].log_marginal - pair[1].log_marginal for _, pair in fits])
    both = np.column_stack([weights * np.exp(np.minimum(gap, 50)), weights])
    both /= both.sum()
    counts = rng.multinomial(draws, both.ravel()).reshape(both.shape)
    parts, event = [], []
    for (hyper, pair), row, share in zip(fits, counts, both, strict=True):
        for fit, count, portion in zip(pair, row, share, strict=True):
            if X.shape[1] > EVENT:
                precision = fit.beta_chol[0]
                var = float(np.linalg.inv(np.triu(precision).T @ np.triu(precision))[EVENT, EVENT])
                event.append((portion, fit.beta[EVENT], var))
            if count:
                mean, cov = predict(fit, X, observed, hyper, days)
                parts.append(mean + rng.standard_normal((count, len(days))) @ np.linalg.cholesky(cov).T)
    return np.concatenate(parts), float(both[:, 1].sum()), _mixture(event)


def _mixture(parts: list[tuple[float, float, float]]) -> tuple[float, float]:
    if not parts:
        return np.nan, np.nan
    weight, mean, var = np.array(parts).T
    centre = float(weight @ mean)
    return centre, float(np.sqrt(weight @ (var + (mean - centre) ** 2)))


def _smear(z: Array, centre: Array, spread: Array, observed: Mask) -> float:
    """Ratio that makes predicted and actual totals of the fitted days agree (log of small counts is not unbiased)."""
    predicted = np.exp(centre + spread**2 / 2)[observed].sum()
    return float(np.clip(np.exp(z[observed]).sum() / predicted, 0.3, 3.0))


def _free_slope(z: Array, X: Array, observed: Mask, prior: Prior, mode: Array) -> tuple[float, float]:
    loose = prior.sd.copy()
    loose[FAST] = 10.0
    fit = solve(z, X, observed, replace(prior, sd=loose), Hyper.of(mode))
    upper = np.triu(fit.beta_chol[0])
    return float(fit.beta[FAST]), float(np.sqrt(np.linalg.inv(upper.T @ upper)[FAST, FAST]))


def _normal_quantile(p: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(p))
