"""What moves demand beside price and is not in the frame: slow trends of items, and campaign days read off the prices."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import median_filter

from tmall_nb.stats.elasticity.panel import Array, Flags

TREND_ORDER, DAYS_PER_ORDER = 3, 60
WINDOW, LEAST_CUT, SPREADS = 29, 0.02, 5.0
MOST_DAYS = 0.35


def trend_basis(days: int) -> list[Array]:
    """Return Legendre polynomials of the day (1st to 3rd order, fewer for short spans), each of mean square one."""
    order = min(TREND_ORDER, days // DAYS_PER_ORDER)
    at = np.linspace(-1, 1, days)
    polynomials = np.polynomial.legendre.legvander(at, TREND_ORDER)[:, 1 : order + 1]
    return list((polynomials / np.sqrt((polynomials**2).mean(axis=0))).T)


def calendar_basis(days: int, weekday: int) -> list[Array]:
    """Return weekday contrasts and the year's first harmonic, for shops with too few items to estimate day effects.

    Parameters
    ----------
    days : length
    weekday : weekday of the first day, 0-6
    """
    day = (np.arange(days) + weekday) % 7
    out = [(day == k) - 1 / 7 for k in range(6)]
    if days >= 300:
        turn = 2 * np.pi * np.arange(days) / 365.25
        out += [np.sin(turn), np.cos(turn)]
    return out


def campaign_days(log_price: Array, seen: Flags) -> Array | None:
    """Return 1 on days when the shop's mean price stands far below the weeks around it, else 0; None where no day does.

    Items that take part in shop-wide cuts also get the campaign's traffic, each in its own measure; without a control for
    these days the traffic is taken for a response to price.
    """
    if log_price.shape[0] < 5 or log_price.shape[1] < 2 * WINDOW:
        return None
    count = seen.sum(axis=0)
    mean = np.where(seen, log_price, 0.0).sum(axis=0) / np.maximum(count, 1)
    gap = mean - median_filter(mean, WINDOW, mode="nearest")
    spread = 1.4826 * float(np.median(np.abs(gap - np.median(gap))))
    flag = (gap < -max(LEAST_CUT, SPREADS * spread)) & (count > 0)
    return flag.astype(float) if 2 <= flag.sum() <= MOST_DAYS * len(flag) else None
