"""Prices set by the item's own demand: a control function with an instrument that moves price but not demand.

First stage: log price on log instrument with one slope for all items and day effects; a slope per item would be
fitted to the item's own demand and drag the answer back to the one without an instrument (many weak instruments). Price
less day effects and that slope's part holds what the shop knew of demand when it set the price; controls stay in it, since
the count model shrinks their slopes. Entered as one more control it leaves the elasticity to be read off the
instrument's variation alone (Terza, Basu & Rathouz 2008; Wooldridge 2015 for the control function).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tmall_nb.stats.elasticity.panel import Array, Flags, Panel, center

ALTERNATIONS = 25


@dataclass(frozen=True, slots=True)
class FirstStage:
    """How the instrument moves prices.

    Attributes
    ----------
    residual : (items, days) log price less what instrument and days explain; 0 where not seen
    pass_through : (items,) slope of log price on the log instrument of each item alone
    common, std_error : the common slope, its standard error with weeks of an item as clusters
    f_statistic : (common / std_error)^2
    item_f : (items,) the same of each item alone, before shrinking; nan where its instrument never moves
    """

    residual: Array
    pass_through: Array
    common: float
    std_error: float
    f_statistic: float
    item_f: Array


def first_stage(panel: Panel, log_instrument: Array) -> FirstStage:
    """Regress prices on the instrument.

    Parameters
    ----------
    panel : item-days
    log_instrument : (items, days), nan allowed where not seen
    """
    seen = panel.seen
    panel = replace(panel, controls=())
    outcome = _partial(panel, center(panel.log_price, seen))
    moved = _partial(panel, center(np.where(seen, log_instrument, 0.0), seen))
    square, product = (moved**2).sum(axis=1), (moved * outcome).sum(axis=1)
    known = square > 1e-6
    own = np.divide(product, square, out=np.zeros(len(square)), where=known)
    variance = _clustered(panel, moved, outcome - own[:, None] * moved, square)
    item_f = np.where(known & (variance > 0), own**2 / np.where(variance > 0, variance, 1.0), np.nan)
    if known.sum() == 0:
        zeros = np.zeros(len(own))
        return FirstStage(outcome, zeros, 0.0, float("inf"), 0.0, item_f)
    common, error = _pooled(panel, moved, outcome, square)
    plain = center(panel.log_price, seen) - common * center(np.where(seen, log_instrument, 0.0), seen)
    residual = np.where(seen, plain, 0.0)
    return FirstStage(residual, own, common, error, (common / error) ** 2 if error > 0 else 0.0, item_f)


def _partial(panel: Panel, values: Array) -> Array:
    """Return ``values`` less day effects and each item's own response to its controls."""
    out = np.where(panel.seen, values, 0.0)
    day_count = np.maximum(panel.seen.sum(axis=0), 1)
    basis = [np.where(panel.seen, z, 0.0) for z in (np.ones(panel.days), *panel.controls)]
    gram = np.stack([[(a * b).sum(axis=1) for b in basis] for a in basis]).transpose(2, 0, 1)
    inverse = np.linalg.inv(gram + 1e-8 * np.eye(len(basis)))
    for _ in range(ALTERNATIONS):
        shift = out.sum(axis=0) / day_count if panel.items >= 8 else np.zeros(panel.days)
        out = np.where(panel.seen, out - shift, 0.0)
        fitted = np.einsum("ipq,qi->ip", inverse, np.stack([(out * b).sum(axis=1) for b in basis]))
        out -= sum(fitted[:, k : k + 1] * b for k, b in enumerate(basis))
        if np.abs(shift).max() < 1e-6:
            break
    return out


def _clustered(panel: Panel, moved: Array, error: Array, square: Array) -> Array:
    starts = np.flatnonzero(np.diff(panel.week, prepend=panel.week[0] - 1))
    score = np.add.reduceat(moved * error, starts, axis=1)
    weeks = len(starts)
    return weeks / max(weeks - 1, 1) * (score**2).sum(axis=1) / np.maximum(square, 1e-12) ** 2


def _pooled(panel: Panel, moved: Array, outcome: Array, square: Array) -> tuple[float, float]:
    total = square.sum()
    common = float((moved * outcome).sum() / total)
    score = (moved * (outcome - common * moved)).sum(axis=1)
    if panel.items >= 20:
        return common, float(np.sqrt((score**2).sum()) / total)
    single = _clustered(panel, moved, outcome - common * moved, square) * square**2
    return common, float(np.sqrt(single.sum()) / total)


def usable(seen: Flags, instrument: Array) -> Flags:
    """Return where the instrument can be used: seen, positive and finite."""
    with np.errstate(invalid="ignore"):
        return seen & np.isfinite(instrument) & (instrument > 0)
