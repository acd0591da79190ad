"""Cross-price effects between items of a category: how an item's sales answer to each other item's price.

The panel fit has the mean price of the category's others, weighted by what they sell, as a control: effect n_c of all others
of category c together. From there all effects on an item are one penalised Newton step away: working residuals on the prices of
the others, own intercept, price and controls projected out. Pairs are N(n_c / k, s^2) with k others. s is weighed over its
marginal likelihood, but never below n_c sqrt(k - 1) / k: the spread if one single rival carried all of n_c, which data that
cannot tell pairs apart do not contradict.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tmall_nb.stats.elasticity.counts import censored_score, exact_score
from tmall_nb.stats.elasticity.fit import Fit, expected_units
from tmall_nb.stats.elasticity.panel import Array, Panel
from tmall_nb.stats.elasticity.pool import Pooled

PRIOR_SPREAD = 0.3
GRID = np.geomspace(0.005, 1.5, 60)
MIN_MOVES = 1e-4  # mean square of a rival's log price below which it says nothing


Part = tuple[int, NDArray[np.intp], int, Array, Array, Array]  # item, others, how many, eigenvalues, turned score, eigenvectors


@dataclass(frozen=True, slots=True)
class Rivals:
    """Pairs of items of one category.

    Attributes
    ----------
    item, rival : (pairs,) rows of the panel
    effect, variance : (pairs,) percent of the item's units per percent of the rival's price, posterior
    spread : s of the pairs
    """

    item: NDArray[np.intp]
    rival: NDArray[np.intp]
    effect: Array
    variance: Array
    spread: float


def others_price(log_price: Array, seen: NDArray[np.bool_], category: NDArray[np.intp], weight: Array) -> Array:
    """Return, for each item and day, the mean centred log price of the category's other items that are seen (0 without any).

    ``weight`` : (items,) above 0, such as what they sell
    """
    out = np.zeros_like(log_price)
    for code in np.unique(category):
        mine = category == code
        known = seen[mine] * weight[mine, None]
        prices = known * np.where(seen[mine], log_price[mine], 0.0)
        rest = known.sum(axis=0) - known
        out[mine] = np.divide(prices.sum(axis=0) - prices, rest, out=np.zeros_like(rest), where=rest > 1e-9 * weight.max())
    return out


def find_rivals(panel: Panel, fit: Fit, pooled: Pooled, weight: Array, *, most: int = 60) -> Rivals:
    """Estimate all pairs.

    Parameters
    ----------
    panel, fit : the panel and its fit, the grouped control being ``others_price`` under ``weight``
    pooled : effects of the categories
    most : categories with more items are left out (their pairs cannot be told apart)
    """
    score, info = _working(panel, fit)
    kept = [z for k, z in enumerate(panel.controls) if k != panel.grouped]
    moving = (panel.log_price**2).mean(axis=1) > MIN_MOVES
    parts: list[Part] = []
    for item in range(panel.items):
        same = panel.category == panel.category[item]
        others = np.flatnonzero(same & moving)
        others = others[others != item]
        if len(others) and same.sum() <= most:
            parts.append((item, others, int(same.sum()) - 1, *_pairs(panel, (item, others), kept, score[item], info[item])))
    parts = [_around_even(part, panel, pooled, weight) for part in parts]
    spread = _spread([(values, turned) for *_, values, turned, _ in parts])
    columns: list[list[Array]] = [[], [], [], []]
    for item, others, count, values, turned, vectors in parts:
        code = panel.category[item]
        mean, error = float(pooled.effect[code]), float(pooled.variance[code])
        prior = max(spread, mean**2 * (count - 1) / count**2)
        own = prior / (1 + prior * values)
        step = vectors @ (own * turned)
        variance = (vectors**2) @ own + error / count**2
        for column, part in zip(columns, (np.full(len(others), item), others, mean / count + step, variance), strict=True):
            column.append(part)
    blank = [np.concatenate(c) if c else np.empty(0) for c in columns]
    return Rivals(blank[0].astype(np.intp), blank[1].astype(np.intp), blank[2], blank[3], float(np.sqrt(spread)))


def _around_even(part: Part, panel: Panel, pooled: Pooled, weight: Array) -> Part:
    """Turn the score at pairs n_c w, where the fit stands, into the score at n_c / k, around which pairs scatter."""
    item, others, count, values, turned, vectors = part
    code = panel.category[item]
    share = weight[others] / (weight[panel.category == code].sum() - weight[item])
    return item, others, count, values, turned - values * (vectors.T @ (pooled.effect[code] * (1 / count - share))), vectors


def _working(panel: Panel, fit: Fit) -> tuple[Array, Array]:
    mean, phi = expected_units(panel, fit), fit.phi[:, None]
    score, info = exact_score(panel.units, mean, phi)
    hit = panel.censored & panel.seen
    if hit.any():
        score[hit], info[hit] = censored_score(panel.units[hit], mean[hit], np.broadcast_to(phi, mean.shape)[hit])
    return np.where(panel.seen, score, 0.0) / fit.temper, np.where(panel.seen, info, 0.0) / fit.temper


def _pairs(
    panel: Panel, who: tuple[int, NDArray[np.intp]], controls: list[Array], score: Array, info: Array
) -> tuple[Array, Array, Array]:
    """Return eigenvalues of the information on one item's pairs, the score turned to them, and the eigenvectors."""
    item, others = who
    own = np.column_stack([np.ones(panel.days), panel.log_price[item], *(z if z.ndim == 1 else z[item] for z in controls)])
    prices = np.where(panel.seen[others], panel.log_price[others], 0.0).T
    weighted = info[:, None] * own
    gram = weighted.T @ own
    gram += 1e-8 * np.diag(np.diag(gram)) + 1e-10 * np.eye(len(gram))
    rest = prices - own @ np.linalg.solve(gram, weighted.T @ prices)
    values, vectors = np.linalg.eigh(rest.T @ (info[:, None] * rest))
    return np.maximum(values, 0.0), vectors.T @ (rest.T @ score), vectors


def _spread(parts: list[tuple[Array, Array]]) -> float:
    """Posterior mean of s^2: each turned score is N(0, value + s^2 value^2)."""
    if not parts:
        return 0.0
    values, turned = (np.concatenate([p[k] for p in parts]) for k in (0, 1))
    fits = [(-0.5 * np.log1p(s**2 * values) + 0.5 * turned**2 * s**2 / (1 + s**2 * values)).sum() for s in GRID]
    log_weight = np.array(fits) + np.log(GRID) - 0.5 * (GRID / PRIOR_SPREAD) ** 2  # even in s, half-normal prior
    share = np.exp(log_weight - log_weight.max())
    return float((share * GRID**2).sum() / share.sum())
