"""Elasticities of many items at once: a hierarchical negative binomial with shared day effects.

log mu_it = a_i + e_i (log price_it - mean) + sum_k l_ik z_ikt + f_t,  e_i ~ N(m_c, t^2),  l_ik ~ N(n_k, t_k^2)

Posterior mode and Laplace variances by joint Newton steps; all spreads by their posterior means, dispersion by moments, and the
likelihood tempered by how much delete-four-weeks jackknife variances exceed the model's. A shop changes many prices at once, so
day effects are shared by all items: a date effect per item would eat the price variation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tmall_nb.stats.elasticity.counts import censored_moment, item_phi
from tmall_nb.stats.elasticity.hyper import likely_spread, paule_mandel, spread_weights, unknown_spread, week_jackknife
from tmall_nb.stats.elasticity.newton import (
    DAY_RIDGE,
    MAX_LOG_MEAN,
    State,
    Step,
    blocks,
    evaluate,
    mean_columns,
    shared_size,
    solve,
)
from tmall_nb.stats.elasticity.panel import Array, Panel

MAX_ROUNDS, MAX_STEP = 40, 1.5
TEMPER_ROUNDS = (4, 7, 10)
LAST_UPDATE = 14  # spreads that still move by a hundredth a round are then held, so that Newton can end
LEAST_SPREAD = 0.1  # changes of smaller spreads (sd) count relative to this: little hangs on them
START_ELASTICITY, START_SPREAD, START_LIFT = -2.0, 0.25, 0.1
MIN_ITEMS_FOR_DAYS = 8
SPAN_WEEKS = 4
GROUP_PRECISION = 1.0  # of a grouped control's category means around 0 while they are fitted
FIXED = 1e8  # prior precision of a parameter that is not to move


@dataclass(frozen=True, slots=True)
class Fit:
    """Posterior of every item.

    Attributes
    ----------
    elasticity, variance : (items,) posterior mean and variance of e_i
    overall, overall_variance : mean of e_i weighted by units sold, and its posterior variance (items share day effects and
        category means, so they do not err independently)
    level : (items,) a_i: log units a day at the item's mean log price, before day effects
    slopes : (items, k) l_ik of the controls; slope_variance : the same shape
    day : (days,) f_t
    mean, mean_variance : (categories,) m_c
    control_mean, control_mean_variance : (k,) n_k; 0 where the control is the same for all items, nan where it is grouped
    group_mean, group_covariance : (categories,) and (categories, categories) mean slopes of the grouped control, each N(0, 1)
        beforehand; empty without one
    spread, control_spread : t^2 and (k,) t_k^2
    temper : what likelihoods were divided by
    phi : (items,) dispersion
    information : (items,) of the data about e_i, the category aside (1 / variance)
    sum_variance : (items,) posterior variance of e_i plus the slope of one control (see ``fit_panel``)
    rounds : Newton steps taken; converged : the last step moved no elasticity by 1e-3
    """

    elasticity: Array
    variance: Array
    overall: float
    overall_variance: float
    level: Array
    slopes: Array
    slope_variance: Array
    day: Array
    mean: Array
    mean_variance: Array
    control_mean: Array
    control_mean_variance: Array
    group_mean: Array
    group_covariance: Array
    spread: float
    control_spread: Array
    temper: float
    phi: Array
    information: Array
    sum_variance: Array
    rounds: int
    converged: bool


def fit_panel(panel: Panel, *, day_effects: bool | None = None, add: int | None = None, rounds: int = MAX_ROUNDS) -> Fit:
    """Fit all items of ``panel``.

    Parameters
    ----------
    panel : item-days; every item must have seen days with units
    day_effects : estimate one effect per day; None: from eight items on
    add : position of a control that differs by item; ``sum_variance`` is then that of e_i plus its slope
    rounds : most Newton steps
    """
    if day_effects is None:
        day_effects = panel.items >= MIN_ITEMS_FOR_DAYS
    state = _start(panel, day_effects)
    moved = np.inf
    for number in range(rounds):
        step = solve(panel, state, with_variance=False)
        scale = min(1.0, MAX_STEP / max(float(np.abs(step.local).max()), float(np.abs(step.shared).max()), 1e-12))
        state.local += scale * step.local
        state.shared += scale * step.shared
        moved = float(np.abs(step.local[:, 1]).max() + np.abs(step.shared[panel.days :]).max(initial=0.0))
        changed = 0.0
        if 2 <= number <= LAST_UPDATE:
            changed = _update(panel, state, step.conditional, number)
        if moved < 1e-3 and changed < 5e-3 and number > 7:
            break
    return _result(panel, state, number + 1, moved, add)


def _start(panel: Panel, day_effects: bool) -> State:
    categories, size = int(panel.category.max()) + 1, shared_size(panel)
    units = np.where(panel.seen, panel.units, 0.0)
    count = np.maximum(panel.seen.sum(axis=1), 1)
    level = np.log(np.maximum(units.sum(axis=1), 0.5) / count)
    day = np.zeros(panel.days)
    if day_effects:
        expected = (np.exp(level)[:, None] * panel.seen).sum(axis=0)
        day = np.log((units.sum(axis=0) + 1.0) / (expected + 1.0))
    local = np.zeros((panel.items, 2 + len(panel.controls)))
    local[:, 0] = level
    shared = np.concatenate([day, np.full(categories, START_ELASTICITY), np.zeros(size - panel.days - categories)])
    prior = np.concatenate([[1e-4, 1 / START_SPREAD], np.full(len(panel.controls), 1 / START_LIFT)])
    shared_prior = np.full(len(shared), 1e-6)
    shared_prior[: panel.days] = DAY_RIDGE if day_effects else FIXED
    if panel.grouped is not None:
        shared_prior[dict(mean_columns(panel))[2 + panel.grouped]] = GROUP_PRECISION
    return State(local, shared, prior, shared_prior, np.zeros(len(shared)), np.full(panel.items, 0.2), np.zeros(len(prior)))


def _update(panel: Panel, state: State, conditional: Array, number: int) -> float:
    """Renew dispersion, spreads and, in some rounds, tempering; return the largest relative change of a spread (sd).

    Each spread is weighed given the others. Where two parameters tell of the same days (a cut and the traffic that comes with
    it) their spreads would take turns for ever, so one that turns back goes half the way, in logs.
    """
    before = state.prior.copy()
    squares, weekly = _residuals(panel, state, temper=number in TEMPER_ROUNDS)
    state.phi = squares
    if weekly is not None:
        state.temper = max(1.0, _typical(weekly))
    moving = {k: column - column.min() for k, column in mean_columns(panel)}
    for k in range(1, len(state.prior)):
        precision = 1 / conditional[:, k]
        data = precision - state.prior[k]
        known = data > 0.1
        if known.sum() < 3:
            continue
        estimate = state.local[known, k] * precision[known] / data[known]
        group = moving[k][known] if k in moving else None
        spread = likely_spread(estimate, 1 / data[known], group, off_zero=k == 1)
        if np.isfinite(spread):
            move = -np.log(state.prior[k] * spread)
            state.prior[k] *= np.exp(move / 2 if move * state.moved[k] < 0 else move)
    _shrink_means(panel, state, conditional[:, 1], before[1])
    state.moved = np.log(state.prior / before)
    old, new = before[1:] ** -0.5, state.prior[1:] ** -0.5
    return float(np.max(np.abs(new - old) / np.maximum(new, LEAST_SPREAD)))


def _typical(ratios: Array) -> float:
    """Mean with the largest 2 % cut back: the median of such skewed ratios lies 5-10 % below their mean."""
    known = ratios[np.isfinite(ratios)]
    return float(np.minimum(known, np.quantile(known, 0.98)).mean()) if len(known) else 1.0


def _shrink_means(panel: Panel, state: State, variance: Array, prior: float) -> None:
    """Draw category means together as far as they agree (from three categories on).

    ``variance`` : (items,) of e_i given the shared parameters, solved with the precision ``prior`` of e_i around its mean
    """
    at = slice(panel.days, panel.days + int(panel.category.max()) + 1)
    mean = state.shared[at]
    if len(mean) < 3:
        return
    precision = np.maximum(1 / variance - prior, 1e-6)
    weight = np.bincount(panel.category, 1 / (1 / precision + 1 / prior), len(mean))
    data = weight.copy()
    raw = mean + state.shared_prior[at] / data * (mean - state.shared_target[at])
    between = paule_mandel(raw, 1 / data, np.zeros(len(mean), np.intp), floor=1e-2)
    total = 1 / (1 / data + between)
    state.shared_target[at] = float((total * raw).sum() / total.sum())
    state.shared_prior[at] = 1 / between


def _residuals(panel: Panel, state: State, *, temper: bool) -> tuple[Array, Array | None]:
    """Return each item's new dispersion and, if asked, its jackknife variance of e over the model's."""
    squares, means = np.empty(panel.units.shape), np.empty(panel.units.shape)
    starts = _spans(panel)
    ratios = np.full(panel.items, np.nan)
    for rows in blocks(panel):
        block = evaluate(panel, state, rows)
        means[rows] = block.mean
        squares[rows] = (panel.units[rows] - block.mean) ** 2
        hit = (panel.censored & panel.seen)[rows]
        if hit.any():
            wide = np.broadcast_to(state.phi[rows, None], hit.shape)[hit]
            squares[rows][hit] = censored_moment(panel.units[rows][hit], block.mean[hit], wide)
        if temper and len(starts) >= 8:
            ratios[rows] = _excess(block.features, block.score, block.info, block.hessian, state, starts)
    phi = item_phi(squares, means, panel.seen, state.phi, used=2.0 + panel.days / max(panel.items, 1))
    return phi, ratios if temper else None


def _spans(panel: Panel) -> NDArray[np.intp]:
    """First days of the jackknife's spans: four weeks, since costs, usual prices and shocks stay for weeks; else weeks."""
    weeks = np.flatnonzero(np.diff(panel.week, prepend=panel.week[0] - 1))
    return weeks[::SPAN_WEEKS] if len(weeks) >= 10 * SPAN_WEEKS else weeks


def _excess(features: list[Array], score: Array, info: Array, hessian: Array, state: State, starts: NDArray[np.intp]) -> Array:
    size, weeks = len(features), len(starts)
    gradient = np.empty((len(score), weeks, size))
    weekly = np.empty((len(score), weeks, size, size))
    for p in range(size):
        gradient[:, :, p] = np.add.reduceat(score * features[p], starts, axis=1)
        weighted = info * features[p]
        for q in range(p, size):
            weekly[:, :, p, q] = weekly[:, :, q, p] = np.add.reduceat(weighted * features[q], starts, axis=1)
    c = state.temper
    full = hessian * c + np.diag(state.prior)
    jackknife = week_jackknife(gradient * c, weekly * c, full, 1)
    inverse = np.linalg.inv(full)
    model = np.einsum("iq,iqr,ir->i", inverse[:, 1], hessian * c, inverse[:, 1])
    return np.where(model > 1e-12, jackknife / np.maximum(model, 1e-12), np.nan)


def _unsure(panel: Panel, state: State, conditional: Array) -> Array:
    """Variance of elasticities that comes from not knowing their spread."""
    data = np.maximum(1 / conditional[:, 1] - state.prior[1], 1e-6)
    gap = state.local[:, 1] * (data + state.prior[1]) / data
    known = data > 0.1
    share = spread_weights(gap[known], 1 / data[known], panel.category[known], off_zero=True) if known.sum() > 2 else None
    return np.zeros(panel.items) if share is None else unknown_spread(gap, 1 / data, 1 / state.prior[1], share)


def _control_means(panel: Panel, shared: Array, variance: Array) -> tuple[Array, Array]:
    """Return mean slope and its variance of every control; 0 where the control is the same for all items, nan where grouped."""
    mean, spread = np.zeros(len(panel.controls)), np.zeros(len(panel.controls))
    for k, column in mean_columns(panel)[1:]:
        single = k - 2 != panel.grouped
        mean[k - 2], spread[k - 2] = (shared[column[0]], variance[column[0], column[0]]) if single else (np.nan, np.nan)
    return mean, spread


def _group_means(panel: Panel, shared: Array, variance: Array) -> tuple[Array, Array]:
    """Return mean slopes of the grouped control by category, and their covariance."""
    if panel.grouped is None:
        return np.empty(0), np.empty((0, 0))
    column = dict(mean_columns(panel))[2 + panel.grouped]
    at = slice(int(column.min()), int(column.max()) + 1)
    return shared[at], variance[at, at]


def _slopes(panel: Panel, state: State, step: Step) -> tuple[Array, Array]:
    """Return slopes of the controls by item, and their variances."""
    slopes, variance = state.local[:, 2:].copy(), step.conditional[:, 2:].copy()
    for k, column in mean_columns(panel)[1:]:
        slopes[:, k - 2] += state.shared[column]
        variance[:, k - 2] += np.diag(step.shared_variance)[column]
    return slopes, variance


def _last_step(panel: Panel, state: State, add: int | None) -> tuple[Step, Array]:
    """Take the last step, with variances; also return each item's share of units."""
    sold = np.where(panel.seen, panel.units, 0.0).sum(axis=1)
    step = solve(panel, state, with_variance=True, weight=sold / sold.sum(), control=add)
    state.local += step.local
    state.shared += step.shared
    return step, sold / sold.sum()


def _result(panel: Panel, state: State, rounds: int, moved: float, add: int | None) -> Fit:
    step, weight = _last_step(panel, state, add)
    at = slice(panel.days, panel.days + int(panel.category.max()) + 1)
    control_mean, control_variance = _control_means(panel, state.shared, step.shared_variance)
    group_mean, group_covariance = _group_means(panel, state.shared, step.shared_variance)
    slopes, slope_variance = _slopes(panel, state, step)
    elasticity = state.local[:, 1] + state.shared[at][panel.category]
    return Fit(
        elasticity=elasticity,
        variance=step.variance + _unsure(panel, state, step.conditional),
        overall=float(weight @ elasticity),
        overall_variance=step.weighted_variance,
        level=state.local[:, 0],
        slopes=slopes,
        slope_variance=slope_variance,
        day=state.shared[: panel.days],
        mean=state.shared[at],
        mean_variance=np.diag(step.shared_variance)[at],
        control_mean=control_mean,
        control_mean_variance=control_variance,
        group_mean=group_mean,
        group_covariance=group_covariance,
        spread=float(1 / state.prior[1]),
        control_spread=1 / state.prior[2:],
        temper=state.temper,
        phi=state.phi,
        information=np.maximum(1 / step.conditional[:, 1] - state.prior[1], 0.0),
        sum_variance=step.sum_variance,
        rounds=rounds,
        converged=moved < 1e-3,
    )


def expected_units(panel: Panel, fit: Fit) -> Array:
    """Return the fitted mean of every item and day."""
    eta = fit.level[:, None] + fit.elasticity[:, None] * panel.log_price + fit.day
    for k, z in enumerate(panel.controls):
        eta = eta + fit.slopes[:, k : k + 1] * z
    if panel.offset is not None:
        eta = eta + panel.offset
    return np.asarray(np.exp(np.minimum(eta, MAX_LOG_MEAN)))
