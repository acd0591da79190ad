"""Intervals of shares that hold at small counts, differences of two shares, and the sample a comparison needs."""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv, gammaincinv, ndtri

__all__ = ["difference", "jeffreys", "needed_per_group", "poisson", "wilson"]


def wilson(count: object, total: object, *, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Wilson (1927) score interval of ``count`` in ``total``; NaN where total is 0 or either is missing."""
    k, n = (np.asarray(v, dtype=np.float64) for v in (count, total))
    z2 = float(ndtri(0.5 + level / 2)) ** 2
    ok = (n > 0) & np.isfinite(k)
    n = np.where(ok, n, np.nan)
    k = np.where(ok, k, np.nan)
    p = k / n
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2) / (1 + z2 / n) * np.sqrt(p * (1 - p) / n + z2 / (4 * n**2))
    return np.where(k == 0, np.where(ok, 0.0, np.nan), centre - half), np.where(
        k == n, np.where(ok, 1.0, np.nan), centre + half
    )


def jeffreys(count: object, total: object, *, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Jeffreys interval (Beta(1/2, 1/2) prior), closed at 0 and 1 as Brown, Cai & DasGupta (2001) advise."""
    k, n = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (count, total)))
    ok = (n > 0) & np.isfinite(k)
    a, b = np.where(ok, k, 1.0) + 0.5, np.where(ok, n - k, 1.0) + 0.5
    low = np.where(k == 0, 0.0, betaincinv(a, b, (1 - level) / 2))
    high = np.where(k == n, 1.0, betaincinv(a, b, (1 + level) / 2))
    return np.where(ok, low, np.nan), np.where(ok, high, np.nan)


def poisson(count: object, *, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Exact interval of the mean of a count (Garwood 1936); NaN where it is missing."""
    k = np.asarray(count, dtype=np.float64)
    ok = np.isfinite(k) & (k >= 0)
    safe = np.where(ok, k, 1.0)
    low = np.where(safe > 0, gammaincinv(np.maximum(safe, 1e-9), (1 - level) / 2), 0.0)
    high = gammaincinv(safe + 1, (1 + level) / 2)
    return np.where(ok, low, np.nan), np.where(ok, high, np.nan)


def difference(
    count: float, total: float, other_count: float, other_total: float, *, level: float = 0.95
) -> tuple[float, float, float]:
    """Difference of two shares with Newcombe's (1998) hybrid score interval: (difference, low, high)."""
    p, q = count / total, other_count / other_total
    (l1, u1), (l2, u2) = wilson(count, total, level=level), wilson(other_count, other_total, level=level)
    low = p - q - np.sqrt((p - l1) ** 2 + (u2 - q) ** 2)
    high = p - q + np.sqrt((u1 - p) ** 2 + (q - l2) ** 2)
    return float(p - q), float(low), float(high)


def needed_per_group(base: float, uplift: float, *, power: float = 0.8, level: float = 0.95, ratio: float = 1.0) -> int:
    """Members of the touched group needed to see ``uplift`` on a share of ``base`` (two-sided test of two proportions).

    ``ratio`` is the size of the hold-out group over that of the touched one (Fleiss, Levin & Paik 2003, eq. 4.14 without
    continuity correction, for unequal groups).
    """
    other = base + uplift
    if not (0 < base < 1 and 0 < other < 1 and uplift != 0 and ratio > 0):
        raise ValueError(f"base={base}, uplift={uplift}, ratio={ratio}: both shares must lie inside 0-1 and differ")
    mean = (other + ratio * base) / (1 + ratio)
    z, b = float(ndtri(0.5 + level / 2)), float(ndtri(power))
    top = z * np.sqrt((ratio + 1) * mean * (1 - mean)) + b * np.sqrt(ratio * other * (1 - other) + base * (1 - base))
    return int(np.ceil(top**2 / (ratio * uplift**2)))
