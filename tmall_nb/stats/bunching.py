"""Do carts bunch just above a discount's threshold?

Counts of carts by size are compared with a smooth counterfactual fitted without the window around the threshold (Chetty,
Friedman, Olsen & Pistaferri 2011, QJE 126(2); for thresholds where the total jumps: Kleven & Waseem 2013, QJE 128(2)): log
counts are a polynomial of size, fitted as counts by quasi-Poisson. Prices end alike and carts hold one, two, three items, so
counts are lumpy beyond chance. Two errors are computed and the larger is used: a parametric bootstrap with overdispersed
counts, and the spread of the same difference at placebo thresholds, where nothing should happen (Kleven 2016, Annual Review of
Economics 8, section 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["Bunching", "fit_bunching"]

Array = NDArray[np.float64]
DEGREE, DRAWS, STEPS = 6, 400, 25
MARGIN = 4  # bins at either end where a placebo would extrapolate
LEAST_BINS, LEAST_CARTS, LEAST_PLACEBOS = 12, 100, 6


@dataclass(frozen=True, slots=True)
class Bunching:
    """Excess just above and gap just below a threshold.

    Attributes
    ----------
    expected : (bins,) counterfactual carts; low, high : its interval with chance included
    excess, excess_low, excess_high : carts in the window above beyond the counterfactual
    missing, missing_low, missing_high : carts that the window below lacks
    base : counterfactual carts in the window above
    dispersion : variance over mean of the counts outside the window
    placebos : thresholds without a discount that the error was checked at
    """

    expected: Array
    low: Array
    high: Array
    excess: float
    excess_low: float
    excess_high: float
    missing: float
    missing_low: float
    missing_high: float
    base: float
    dispersion: float
    placebos: int


def fit_bunching(
    counts: Array, above: NDArray[np.bool_], below: NDArray[np.bool_], *, level: float = 0.95, seed: int = 0
) -> Bunching | None:
    """Return the bunching of ``counts`` (equal bins, in order); None with too few bins or carts.

    Parameters
    ----------
    counts : carts by bin
    above, below : bins of the window just above and just below the threshold; the others carry the counterfactual
    level : of the intervals
    """
    outside = ~(above | below)
    if outside.sum() < LEAST_BINS or counts.sum() < LEAST_CARTS or not above.any() or not below.any():
        return None
    basis: Array = np.polynomial.legendre.legvander(np.linspace(-1, 1, len(counts)), DEGREE).astype(np.float64)
    expected = _fit(basis, counts[None], outside)[0]
    free = max(int(outside.sum()) - DEGREE - 1, 1)
    dispersion = max(float(((counts - expected)[outside] ** 2 / expected[outside]).sum() / free), 1.0)
    rng = np.random.default_rng(seed)
    draws = _fit(basis, _chance(rng, np.tile(expected, (DRAWS, 1)), dispersion), outside)
    tail = (1 - level) / 2
    ends = np.quantile(_chance(rng, draws, dispersion), [tail, 1 - tail], axis=0)
    sides, placebos = [], 0
    for window in (above, below):
        gap = float(counts[window].sum() - expected[window].sum())
        shares = _placebos(basis, counts, window, outside)
        placebos = len(shares)
        usual = float(np.sqrt(np.mean(shares**2))) * expected[window].sum() if placebos >= LEAST_PLACEBOS else 0.0
        half = ndtri(1 - tail) * max(float(_difference(rng, counts, draws, window, dispersion).std()), usual)
        sides.append((gap, half))
    (more, wide), (less, thick) = sides
    return Bunching(
        expected, ends[0], ends[1], more, more - wide, more + wide, -less, -less - thick, -less + thick,
        float(expected[above].sum()), dispersion, placebos,
    )  # fmt: skip


def _placebos(basis: Array, counts: Array, window: NDArray[np.bool_], outside: NDArray[np.bool_]) -> Array:
    """The same difference, as a share of what was expected, with the window moved to where no threshold is."""
    at, width = int(np.flatnonzero(window)[0]), int(window.sum())
    shares = []
    for start in range(MARGIN, len(counts) - width - MARGIN + 1):
        moved = np.zeros(len(counts), bool)
        moved[start : start + width] = True
        if start == at or (moved & ~outside).any():
            continue
        expected = _fit(basis, counts[None], outside & ~moved)[0][moved].sum()
        shares.append((counts[moved].sum() - expected) / max(expected, 1.0))
    return np.array(shares)


def _fit(basis: Array, counts: Array, use: NDArray[np.bool_]) -> Array:
    """(draws, bins) expected counts of all bins from the bins in ``use``: Poisson with log link, by Newton steps."""
    x, y = basis[use], counts[:, use]
    beta = np.zeros((len(y), basis.shape[1]))
    beta[:, 0] = np.log(np.maximum(y.mean(axis=1), 0.1))
    ridge = 1e-3
    for _ in range(STEPS):
        mean = np.exp(np.clip(beta @ x.T, -12, 18))
        hessian = np.einsum("dn,np,nq->dpq", mean, x, x, optimize=True) + ridge * np.eye(beta.shape[1])
        step = np.linalg.solve(hessian, ((y - mean) @ x - ridge * beta)[..., None])[..., 0]
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    return np.exp(np.clip(beta @ basis.T, -12, 18))


def _chance(rng: np.random.Generator, mean: Array, dispersion: float) -> Array:
    """Counts of that mean and of variance ``dispersion`` times the mean."""
    if dispersion <= 1.001:
        return rng.poisson(mean).astype(float)
    shape = np.maximum(mean / (dispersion - 1), 1e-6)
    return rng.poisson(rng.gamma(shape, dispersion - 1)).astype(float)


def _difference(rng: np.random.Generator, counts: Array, draws: Array, window: NDArray[np.bool_], dispersion: float) -> Array:
    """Observed minus expected of the window, by draw: the counterfactual varies, and so do the counts seen."""
    seen = max(float(counts[window].sum()), 0.5)
    return _chance(rng, np.full(len(draws), seen), dispersion) - draws[:, window].sum(axis=1)
