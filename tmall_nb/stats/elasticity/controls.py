"""What moves demand beside price and is not in the frame: slow trends of items, and campaign days read off the prices."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import grey_closing, median_filter

from tmall_nb.stats.elasticity.panel import Array, Flags

TREND_ORDER, DAYS_PER_ORDER = 3, 60
WINDOW, LEAST_CUT, SPREADS = 29, 0.02, 5.0
JITTER_DAYS = 5
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


def usual_price(log_price: Array, seen: Flags) -> Array:
    """Return each item's usual log price: cuts of up to four weeks are filled to the lower of the prices around them.

    A grey closing (Serra 1982, Image Analysis and Mathematical Morphology) over 29 days, after a median of five days against
    jitter: unlike a running median it leaves lasting moves, and raises of any length, where they are.
    """
    if not log_price.size:
        return np.empty(log_price.shape)
    smooth = median_filter(_filled(np.where(seen, log_price, np.nan)), size=(1, JITTER_DAYS), mode="nearest")
    return np.asarray(grey_closing(smooth, size=(1, WINDOW), mode="nearest"))


def _filled(values: Array) -> Array:
    """Gaps take the last value before them, leading gaps the first after them."""
    known = np.isfinite(values)
    last = np.maximum.accumulate(np.where(known, np.arange(values.shape[1]), -1), axis=1)
    first = np.argmax(known, axis=1)
    at = np.where(last >= 0, last, first[:, None])
    return np.nan_to_num(np.take_along_axis(values, at, axis=1))


def shared_cuts(log_price: Array, seen: Flags, events: Flags | None = None) -> Array | None:
    """Return, for items whose price is cut, how many more items than usual are cut that day; None where no day stands out.

    An item enrolled in a platform event gets the event's traffic together with its cut; items of the same shop that are not
    enrolled get neither. Day effects take the shop's mean traffic only, so without this control the extra traffic of the
    enrolled is charged to their price. Where the days of ``events`` are known, a cut on such a day counts as one.
    """
    if log_price.shape[0] < 5 or log_price.shape[1] < 2 * WINDOW:
        return None
    cut = (log_price - usual_price(log_price, seen) < -LEAST_CUT) & seen
    share = cut.sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    usual = float(np.median(share))
    spread = 1.4826 * float(np.median(np.abs(share - usual)))
    beyond = np.maximum(share - usual - 2 * spread, 0.0)
    if events is not None and 2 <= events.sum() < len(events):
        beyond = events.astype(float)
    out = cut * beyond
    scale = float(np.sqrt((out**2).mean()))
    return out / scale if (beyond > 0.05).sum() >= 2 and scale > 0 else None
