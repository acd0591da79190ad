"""Interval of a mean of skewed amounts from three power sums: the closed form of a studentised bootstrap."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

__all__ = ["skewed_mean"]


def skewed_mean(
    size: object, total: object, squares: object, cubes: object, *, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean, low, high of amounts known by count, sum, sum of squares and sum of cubes.

    Hall's (1992) monotone transformation of the t statistic: what a bootstrap-t over the members converges to up to 1/size,
    without resampling them. Members without an amount count as zeros in ``size``. NaN below two members.
    """
    n, s1, s2, s3 = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (size, total, squares, cubes)))
    n = np.where(n >= 2, n, np.nan)
    mean = s1 / n
    variance = np.maximum(s2 / n - mean**2, 0.0)
    sd = np.sqrt(variance)
    third = s3 / n - 3 * mean * s2 / n + 2 * mean**3
    with np.errstate(divide="ignore", invalid="ignore"):
        a = np.where(sd > 0, third / sd**3, 0.0) / 3
        root = np.sqrt(n)

        def pivot(z: float) -> np.ndarray:
            """Invert g(t) = t + a t^2/sqrt(n) + a^2 t^3/(3n) + a/(2 sqrt(n))."""
            inside = 1 + 3 * (a / root) * (z - a / (2 * root))
            return np.where(np.abs(a) > 1e-9, (np.cbrt(inside) - 1) / np.where(np.abs(a) > 1e-9, a / root, 1.0), z)

        z = float(ndtri(0.5 + level / 2))
        error = np.sqrt(variance / (n - 1))
        return mean, mean - pivot(z) * error, mean - pivot(-z) * error
