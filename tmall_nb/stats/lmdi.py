"""Additive decomposition of a change in a sum of products, over factors and segments.

The logarithmic mean Divisia index (LMDI-I, Ang 2005, Energy Policy 33, 867-871) and, as a cross-check, the Shapley
value of each factor. Both are exact and do not depend on the order of the factors; sequential substitution does.
"""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def logarithmic_mean(a: Array, b: Array) -> Array:
    """Return (a - b) / ln(a / b), with its limits a for a = b and 0 where either is 0."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    both = (a > 0) & (b > 0)
    ratio = np.divide(a, b, out=np.ones_like(a), where=both)
    close = np.abs(ratio - 1) < 1e-9
    log = np.log(np.where(both & ~close, ratio, np.e))
    return np.where(both, np.where(close, (a + b) / 2, (a - b) / log), 0.0)


def lmdi(before: Array, after: Array) -> Array:
    """Split the change of each segment's product over its factors.

    Parameters
    ----------
    before, after : (segments, factors), non-negative and finite. A segment that sold nothing in one period has a zero in
        at least one factor there.

    Returns
    -------
    (segments, factors) : contributions; a row sums to the segment's change, the whole to the total change. Where a
        period's product is zero the limit of the formula is used: the factors that are zero share the change equally.
    """
    before, after = np.asarray(before, float), np.asarray(after, float)
    v0, v1 = before.prod(axis=1), after.prod(axis=1)
    positive = np.asarray((before > 0).all(axis=1) & (after > 0).all(axis=1))
    ratios = np.divide(after, before, out=np.ones_like(after), where=positive[:, None])
    parts = logarithmic_mean(v1, v0)[:, None] * np.log(ratios)
    zero = np.where((v0 == 0)[:, None], before == 0, after == 0) & ~positive[:, None] & (v0 != v1)[:, None]
    count = np.maximum(zero.sum(axis=1, keepdims=True), 1)
    limits = np.where(zero, (v1 - v0)[:, None] / count, 0.0)
    parts = np.where(positive[:, None], parts, limits)
    largest = np.abs(parts).argmax(axis=1)[:, None]
    rounding = (v1 - v0)[:, None] - parts.sum(axis=1, keepdims=True)
    np.put_along_axis(parts, largest, np.take_along_axis(parts, largest, 1) + rounding, 1)
    return parts


def shapley(before: Array, after: Array) -> Array:
    """Return the Shapley value of each factor in each segment's change; same shapes as :func:`lmdi`."""
    before, after = np.asarray(before, float), np.asarray(after, float)
    count = before.shape[1]
    parts = np.zeros_like(before)
    for k in range(count):
        others = [j for j in range(count) if j != k]
        for size in range(count):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            for changed in combinations(others, size):
                rest = np.ones(len(before))
                for j in others:
                    rest = rest * (after[:, j] if j in changed else before[:, j])
                parts[:, k] += weight * rest * (after[:, k] - before[:, k])
    return parts
