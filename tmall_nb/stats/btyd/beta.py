"""Gauss quadrature against a Beta density, for expectations over a buyer's dropout probability."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.linalg import eigh_tridiagonal

__all__ = ["beta_nodes", "expected_before_dropout"]

NODES = 96
LEAST = 1e-13  # below this dropout probability the integrand is its limit to the last digit


@lru_cache(maxsize=4096)
def beta_nodes(a: float, b: float, count: int = NODES) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights (summing to 1) of the Gauss rule for Beta(a, b) on 0-1 (Golub & Welsch 1969)."""
    A, B = b - 1.0, a - 1.0  # Jacobi weight (1 - z)^A (1 + z)^B with p = (1 + z) / 2
    k = np.arange(count, dtype=np.float64)
    total = 2 * k + A + B
    with np.errstate(divide="ignore", invalid="ignore"):
        diagonal = (B - A) * (B + A) / (total * (total + 2))
        n, c = k[1:], total[1:]
        off = 4 * n * (n + A) * (n + B) * (n + A + B) / (c**2 * (c + 1) * (c - 1))
    diagonal[0] = (B - A) / (A + B + 2)
    if count > 1:
        off[0] = 4 * (1 + A) * (1 + B) / ((2 + A + B) ** 2 * (3 + A + B))
    nodes, vectors = eigh_tridiagonal(diagonal, np.sqrt(off))
    weights = vectors[0] ** 2
    return (1 + nodes) / 2, weights / weights.sum()


def expected_before_dropout(shape: np.ndarray, rate: np.ndarray, t: float, a: float, b: np.ndarray) -> np.ndarray:
    """E[(1 - exp(-lambda p t)) / p] for lambda ~ Gamma(shape, rate) and p ~ Beta(a, b), row by row.

    That is the number of purchases in ``t`` of a buyer who is active now and leaves after each with probability p. The
    integral over lambda is closed; the one over p is a Gauss rule, the same for all rows with equal ``b``.
    """
    shape, rate, b = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (shape, rate, b)))
    result = np.empty(shape.shape)
    kinds, inverse = np.unique(b, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    cuts = np.searchsorted(inverse[order], np.arange(len(kinds) + 1))
    for k, kind in enumerate(kinds):
        p, w = beta_nodes(float(a), float(kind))
        p = np.maximum(p, LEAST)
        for start in range(cuts[k], cuts[k + 1], 20_000):
            rows = order[start : min(start + 20_000, cuts[k + 1])]
            logs = np.log1p(p[None, :] * (t / rate[rows])[:, None])
            result[rows] = (-np.expm1(-shape[rows][:, None] * logs) / p) @ w
    return result
