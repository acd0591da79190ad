"""One joint Newton step for all items, all day effects and all group means.

log mu_it = a_i + (m_c + d_i) x_it + sum_k (n_k + l_ik) z_ikt + f_t. Items are coupled by the day effects f and the means m,
n only, so the step is solved exactly by eliminating each item's few parameters (a Schur complement of days + means).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from tmall_nb.stats.elasticity.counts import censored_score, exact_score
from tmall_nb.stats.elasticity.panel import Array, Panel, take

BLOCK_CELLS = 200_000
MAX_LOG_MEAN = 14.0
DAY_RIDGE = 1e-3


@dataclass
class State:
    """Where the iteration stands (changed in place).

    local : (items, p) a, d, l_1 ... ; shared : (g,) f of days, m of categories, n of item-varying controls
    prior : (p,) precision of each local parameter; shared_prior, shared_target : (g,) precision and centre of the shared ones
    phi : (items,) dispersion; temper : likelihood is divided by it; moved : (p,) last change of log prior
    """

    local: Array
    shared: Array
    prior: Array
    shared_prior: Array
    shared_target: Array
    phi: Array
    moved: Array
    temper: float = 1.0


@dataclass(frozen=True, slots=True)
class Block:
    """Some items at the current parameters: mean, score and information by day, features and information by item."""

    rows: slice
    mean: Array
    score: Array
    info: Array
    features: list[Array]
    hessian: Array


def blocks(panel: Panel) -> list[slice]:
    """Return item ranges small enough to stay in the processor's cache."""
    size = max(BLOCK_CELLS // panel.days, 1)
    return [slice(k, min(k + size, panel.items)) for k in range(0, panel.items, size)]


def shared_columns(panel: Panel) -> list[int]:
    """Return the local parameters (2, 3, ...) whose mean over items is a parameter too: controls that differ by item."""
    return [2 + k for k, z in enumerate(panel.controls) if z.ndim == 2]


def mean_columns(panel: Panel) -> list[tuple[int, NDArray[np.intp]]]:
    """Return (local parameter, column of each item's mean among the shared parameters), in the order of the columns."""
    at = panel.days
    out = [(1, at + panel.category)]
    at += int(panel.category.max()) + 1 if panel.items else 0
    for k in shared_columns(panel):
        grouped = panel.grouped is not None and k == 2 + panel.grouped
        out.append((k, at + (panel.category if grouped else np.zeros(panel.items, np.intp))))
        at += int(panel.category.max()) + 1 if grouped else 1
    return out


def shared_size(panel: Panel) -> int:
    """Return the number of shared parameters: days, category means, mean slopes of controls."""
    return int(mean_columns(panel)[-1][1].max()) + 1


def evaluate(panel: Panel, state: State, rows: slice) -> Block:
    """Return score and information of the items ``rows`` at ``state``."""
    part = take(panel, rows)
    features = [np.ones(part.days), part.log_price, *part.controls]
    slopes = state.local[rows].copy()
    for k, column in mean_columns(panel):
        slopes[:, k] += state.shared[column[rows]]
    eta = slopes[:, 0:1] + state.shared[: part.days]
    if part.offset is not None:
        eta = eta + part.offset
    for k in range(1, len(features)):
        eta = eta + slopes[:, k : k + 1] * features[k]
    mean = np.exp(np.minimum(eta, MAX_LOG_MEAN))
    phi = state.phi[rows, None]
    score, info = exact_score(part.units, mean, phi)
    hit = part.censored & part.seen
    if hit.any():
        wide = np.broadcast_to(phi, mean.shape)
        score[hit], info[hit] = censored_score(part.units[hit], mean[hit], wide[hit])
    score = np.where(part.seen, score, 0.0) / state.temper
    info = np.where(part.seen, info, 0.0) / state.temper
    return Block(rows, mean, score, info, features, _hessian(info, features))


def _hessian(info: Array, features: list[Array]) -> Array:
    size = len(features)
    out = np.empty((len(info), size, size))
    for p in range(size):
        weighted = info * features[p]
        for q in range(p, size):
            f = features[q]
            out[:, p, q] = out[:, q, p] = weighted @ f if f.ndim == 1 else np.einsum("it,it->i", weighted, f)
    return out


def _coupling(panel: Panel, block: Block, size: int) -> Array:
    """Return (items, p, g): second derivatives between an item's parameters and the shared ones."""
    out = np.zeros((len(block.info), len(block.features), size))
    for p, f in enumerate(block.features):
        out[:, p, : panel.days] = block.info * f
    item = np.arange(len(block.info))
    for k, column in mean_columns(panel):
        out[item, :, column[block.rows]] = block.hessian[:, k]
    return out


def _shared_parts(panel: Panel, block: Block, schur: Array, gradient: Array) -> None:
    """Add a block's own second derivatives and gradient of the shared parameters."""
    days, items = panel.days, len(block.info)
    schur[np.arange(days), np.arange(days)] += block.info.sum(axis=0)
    gradient[:days] += block.score.sum(axis=0)
    columns = []
    for k, column in mean_columns(panel):
        first, last = int(column.min()), int(column.max())
        member = np.zeros((last - first + 1, items))
        member[column[block.rows] - first, np.arange(items)] = 1.0
        columns.append((k, member, slice(first, last + 1)))
    for k, rows, at in columns:
        feature = block.features[k]
        cross = rows @ (block.info * feature)
        schur[at, :days] += cross
        schur[:days, at] += cross.T
        gradient[at] += rows @ (block.score * feature).sum(axis=1)
        for j, others, to in columns:
            schur[at, to] += (rows * block.hessian[:, k, j]) @ others.T


@dataclass(frozen=True, slots=True)
class Step:
    """The solved step and what its factors tell about uncertainty.

    local, shared : the step; conditional : (items, p) posterior variances given the shared parameters;
    variance : (items,) posterior variance of m_c + d_i, the shared parameters' uncertainty included;
    shared_variance : (g, g); weighted_variance : the same of the weighted mean over items;
    sum_variance : (items,) posterior variance of m_c + d_i + n_k + l_ik for one control k (nan where none is asked for)
    """

    local: Array
    shared: Array
    conditional: Array
    variance: Array
    shared_variance: Array
    weighted_variance: float
    sum_variance: Array


def solve(panel: Panel, state: State, *, with_variance: bool, weight: Array | None = None, control: int | None = None) -> Step:
    """Return the joint Newton step from ``state``."""
    size = len(state.shared)
    schur = np.diag(state.shared_prior)
    gradient = -state.shared_prior * (state.shared - state.shared_target)
    kept: list[tuple[slice, Array, Array, Array]] = []
    conditional = np.empty_like(state.local)
    for rows in blocks(panel):
        block = evaluate(panel, state, rows)
        own = np.column_stack([(block.score * f).sum(axis=1) for f in block.features]) - state.prior * state.local[rows]
        factor = np.linalg.inv(np.linalg.cholesky(block.hessian + np.diag(state.prior)))
        reduced = factor @ _coupling(panel, block, size)
        flat = reduced.reshape(-1, size)
        half = np.einsum("ipq,iq->ip", factor, own)
        schur -= flat.T @ flat
        gradient -= flat.T @ half.ravel()
        _shared_parts(panel, block, schur, gradient)
        conditional[rows] = (factor**2).sum(axis=1)
        kept.append((rows, factor, half, reduced))
    solved = cho_factor(schur)
    shared = cho_solve(solved, gradient)
    local = np.empty_like(state.local)
    for rows, factor, half, reduced in kept:
        local[rows] = np.einsum("iqp,iq->ip", factor, half - reduced @ shared)
    if not with_variance:
        return Step(
            local, shared, conditional, np.full(panel.items, np.nan), np.full((size, size), np.nan), np.nan, np.empty(0)
        )
    return _variances(panel, (local, shared, conditional), kept, cho_solve(solved, np.eye(size)), (weight, control))


def _variances(
    panel: Panel,
    step: tuple[Array, Array, Array],
    kept: list[tuple[slice, Array, Array, Array]],
    inverse: Array,
    wanted: tuple[Array | None, int | None],
) -> Step:
    """Complete a step with the posterior variances."""
    weight, control = wanted
    total, own_part = np.zeros(len(inverse)), 0.0
    variance, both = np.empty(panel.items), np.full(panel.items, np.nan)
    for rows, factor, _, reduced in kept:
        reach = -np.einsum("iq,iqg->ig", factor[:, :, 1], reduced)
        reach[np.arange(len(reach)), panel.days + panel.category[rows]] += 1.0
        own = (factor[:, :, 1] ** 2).sum(axis=1)
        variance[rows] = own + ((reach @ inverse) * reach).sum(axis=1)
        if control is not None:
            both[rows] = _sum_variance(panel, rows, factor, reduced, (inverse, control))
        if weight is not None:
            total += weight[rows] @ reach
            own_part += float(weight[rows] ** 2 @ own)
    return Step(*step, variance, inverse, own_part + float(total @ inverse @ total), both)


def _sum_variance(panel: Panel, rows: slice, factor: Array, reduced: Array, rest: tuple[Array, int]) -> Array:
    """Posterior variance of the elasticity plus the slope of a control that differs by item."""
    inverse, control = rest
    at = dict(mean_columns(panel))[2 + control][rows]
    pick = factor[:, :, 1] + factor[:, :, 2 + control]
    reach = -np.einsum("iq,iqg->ig", pick, reduced)
    reach[np.arange(len(reach)), panel.days + panel.category[rows]] += 1.0
    reach[np.arange(len(reach)), at] += 1.0
    return np.asarray((pick**2).sum(axis=1) + ((reach @ inverse) * reach).sum(axis=1))
