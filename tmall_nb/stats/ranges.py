"""Arithmetic with figures a platform publishes only as ranges ("5000 ~ 1万")."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

__all__ = ["better_than_random", "multiply_ranges"]


def multiply_ranges(*ranges: Array) -> Array:
    """Product of non-negative ranges, each of shape (rows, 2) as low and high.

    >>> multiply_ranges(np.array([[5000.0, 10000.0]]), np.array([[0.01, 0.025]])).tolist()
    [[50.0, 250.0]]
    """
    low, high = np.ones(len(ranges[0])), np.ones(len(ranges[0]))
    for part in ranges:
        low, high = low * part[:, 0], high * part[:, 1]
    return np.column_stack([low, high])


def better_than_random(ranges: Array, *, draws: int = 200, seed: int = 0) -> Array:
    """Probability that each row's value exceeds another row's, values uniform in the logarithm inside their ranges.

    Parameters
    ----------
    ranges : low and high, shape (rows, 2), not negative
    draws : joint draws; the error of a probability is below .04

    Returns
    -------
    Array of shape (rows,); .5 for a single row
    """
    rows = len(ranges)
    if rows < 2:
        return np.full(rows, 0.5)
    logs = np.log(np.maximum(ranges, 1e-12))
    rng = np.random.default_rng(seed)
    total = np.zeros(rows)
    for _ in range(draws):
        value = logs[:, 0] + (logs[:, 1] - logs[:, 0]) * rng.random(rows)
        ordered = np.sort(value)
        below, upto = np.searchsorted(ordered, value, "left"), np.searchsorted(ordered, value, "right")
        total += (below + 0.5 * (upto - below - 1)) / (rows - 1)
    return total / draws
