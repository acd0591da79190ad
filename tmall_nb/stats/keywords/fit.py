"""Fit the root model on a lattice of spreads and weigh every point by its evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tmall_nb.stats.keywords.laplace import Component, RootData, fit_point
from tmall_nb.stats.keywords.simple import beta_components, plain_components

Array = NDArray[np.float64]

RESIDUAL_SDS = np.array([0.05, 0.12, 0.2, 0.3, 0.4, 0.52, 0.66, 0.84, 1.06, 1.34, 1.7, 2.1])
ROOT_SDS = np.array([0.05, 0.1, 0.18, 0.28, 0.4, 0.55, 0.75, 1.0, 1.4, 2.0])
MAX_ROWS = 20_000
MAX_ROOTS = 1_200
_DEPTH = 4.5  # lattice points whose evidence is e^-4.5 of the best are left out
_FAMILY_PRIOR = {"roots": 0.5, "plain": 0.25, "beta": 0.25}


@dataclass(frozen=True, slots=True)
class RateModel:
    """What the keywords of a shop have in common.

    Attributes
    ----------
    components : the averaged models; their weights add up to 1
    column_of : for each root its column in the components (shape (roots,)); the number of columns where it has none
    columns : number of root columns
    rows : indices of the rows that were fitted
    evidence : log evidence of the best point of each family ("roots", "plain", "beta"), comparable among them
    """

    components: tuple[Component, ...]
    column_of: NDArray[np.integer]
    columns: int
    rows: NDArray[np.integer]
    evidence: dict[str, float]

    @property
    def root_weight(self) -> float:
        """Share of the averaged models that use roots (0-1)."""
        return float(sum(c.weight for c in self.components if c.kind == "roots"))

    def root_effects(self) -> tuple[Array, Array]:
        """Mean and sd of each column's effect on the logit, averaged over the models with roots."""
        parts = [c for c in self.components if c.kind == "roots"]
        if not parts:
            return np.full(self.columns, np.nan), np.full(self.columns, np.nan)
        weight = np.array([c.weight for c in parts]) / sum(c.weight for c in parts)
        means = np.array([c.effects[: self.columns] for c in parts])
        variances = np.array([np.diag(c.covariance)[: self.columns] for c in parts])
        mean = weight @ means
        return mean, np.sqrt(weight @ (variances + (means - mean) ** 2))


def fit_rates(clicks: Array, orders: Array, roots: NDArray[np.integer], *, max_components: int = 8, seed: int = 0) -> RateModel:
    """Learn the order rates' common structure from keywords with few clicks each.

    orders ~ Binomial(clicks, p), logit p = mu + sum of root effects + residual, root effects ~ N(0, t²), residual
    ~ N(0, s²). Effects by Laplace, the residual integrated by quadrature, (s, t) on a lattice weighed by evidence
    with a boundary-avoiding prior on s (Chung et al. 2013, Psychometrika 78), averaged with the same model without
    roots and with a beta prior.

    Parameters
    ----------
    clicks, orders : counts, shape (rows,), orders at most clicks
    roots : root numbers of each row, shape (rows, width), -1 where a row has fewer
    max_components : how many averaged models to keep
    seed : picks the fitted rows where there are more than 20,000

    Raises
    ------
    ValueError
        where no row has a click or no click an order
    """
    rows = _choose_rows(clicks, seed)
    if clicks[rows].sum() <= 0 or orders[rows].sum() <= 0:
        raise ValueError("no clicks or no orders: a rate cannot be learned")
    column_of, columns = _columns(roots[rows], roots)
    data = RootData.build(clicks[rows], orders[rows], _to_columns(roots[rows], column_of, columns), columns)
    families = {
        "plain": plain_components(data.clicks, data.orders, RESIDUAL_SDS),
        "beta": beta_components(data.clicks, data.orders),
    }
    if columns:
        families["roots"] = _lattice(data)
    components = _weigh(families, max_components)
    evidence = {name: max(c.evidence for c in parts) for name, parts in families.items()}
    return RateModel(components, column_of, columns, rows, evidence)


def _choose_rows(clicks: Array, seed: int) -> NDArray[np.integer]:
    """Half the rows with most clicks, half at random: clicks say nothing about the rate, so this is not a selection."""
    clicked = np.flatnonzero(clicks > 0)
    if clicked.size <= MAX_ROWS:
        return clicked
    order = np.argsort(-clicks[clicked], kind="stable")
    head, rest = order[: MAX_ROWS // 2], order[MAX_ROWS // 2 :]
    tail = np.random.default_rng(seed).choice(rest, MAX_ROWS - head.size, replace=False)
    return np.sort(clicked[np.concatenate([head, tail])])


def _columns(fitted: NDArray[np.integer], roots: NDArray[np.integer]) -> tuple[NDArray[np.integer], int]:
    """Roots in at least two fitted rows get a column, the most frequent first; a single one cannot be told from its row."""
    total = int(roots.max(initial=-1)) + 1
    counts = np.bincount(fitted[fitted >= 0], minlength=total)
    shared = np.flatnonzero(counts >= 2)
    kept = shared[np.argsort(-counts[shared], kind="stable")][:MAX_ROOTS]
    column_of = np.full(total + 1, kept.size, dtype=np.int64)
    column_of[kept] = np.arange(kept.size)
    return column_of, int(kept.size)


def _to_columns(roots: NDArray[np.integer], column_of: NDArray[np.integer], columns: int) -> NDArray[np.integer]:
    """Column of each root; ``columns`` for a root without one, -1 for no root."""
    return np.where(roots >= 0, column_of[roots], -1)


def _lattice(data: RootData) -> list[Component]:
    """Flood the (residual sd, root sd) lattice outward from its best point until the evidence has fallen off."""
    known: dict[tuple[int, int], Component] = {}
    queue = [(3, 4)]
    while queue:
        point = queue.pop(0)
        if point in known:
            continue
        near = min(known, key=lambda k: abs(k[0] - point[0]) + abs(k[1] - point[1]), default=None)
        start = known[near].effects if near is not None else None
        known[point] = fit_point(data, RESIDUAL_SDS[point[0]], ROOT_SDS[point[1]], start)
        best = max(c.evidence for c in known.values())
        for (i, j), component in list(known.items()):
            if component.evidence > best - _DEPTH:
                steps = ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1))
                queue += [s for s in steps if 0 <= s[0] < RESIDUAL_SDS.size and 0 <= s[1] < ROOT_SDS.size and s not in known]
        queue.sort(key=lambda q: -max(known[k].evidence - 3 * (abs(k[0] - q[0]) + abs(k[1] - q[1])) for k in known))
    return list(known.values())


def _weigh(families: dict[str, list[Component]], max_components: int) -> tuple[Component, ...]:
    """Posterior weights: prior mass of the family over its lattice times evidence, the strongest kept."""
    shares = {name: _FAMILY_PRIOR[name] for name in families}
    sizes = {"plain": RESIDUAL_SDS.size, "beta": RESIDUAL_SDS.size, "roots": RESIDUAL_SDS.size * ROOT_SDS.size}
    parts = [(c.evidence + np.log(shares[name] / sizes[name]), c) for name, group in families.items() for c in group]
    parts.sort(key=lambda p: -p[0])
    top = parts[0][0]
    kept = [(np.exp(score - top), c) for score, c in parts[:max_components] if score > top - _DEPTH]
    total = sum(weight for weight, _ in kept)
    return tuple(c.with_weight(weight / total) for weight, c in kept)
