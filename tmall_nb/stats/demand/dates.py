"""What the same dates of earlier years had beyond the regression, all series together, and how much of it comes again.

Differences are read on two scales: five-day means (a busy fortnight) and what a single day has beside them (a half-closed 24
December between days of rush). Small five-day differences come again by the slope of this year's on last year's. A difference
far beyond the usual size is of the calendar and comes again whole, unless the year before it did not have it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmall_nb.stats.demand.panel import Panel

__all__ = ["DateEffects", "date_effects", "own_differences"]

LEAST_OVERLAP = 112  # days of a second year from which last year's errors are read
NEAR, AROUND = 5, 113  # days
AROUND_OWN = 14  # days on either side
LARGE = 2.0  # usual sizes from which a difference is of the calendar
FEW = 0.2  # a day seen in fewer than this share of the series says nothing alone


@dataclass(frozen=True, slots=True)
class DateEffects:
    """Differences in logs, common to all series.

    Attributes
    ----------
    season, day : (width,) what is expected of each column on the scale of five days, and of the day alone
    past_day : (T,) differences of single days of the past that are of the calendar
    """

    season: np.ndarray
    day: np.ndarray
    past_day: np.ndarray


def date_effects(miss: np.ndarray, count: np.ndarray, panel: Panel, width: int) -> DateEffects:
    """Read ``miss`` (T,), the summed log errors of all series, and ``count`` behind them; expect (width,) columns.

    Nothing is expected of weeks, nor from less than a year and 112 days.
    """
    length = len(miss)
    if panel.settings.season != 7 or length < panel.settings.year + LEAST_OVERLAP:
        return DateEffects(np.zeros(width), np.zeros(width), np.zeros(length))
    near = _sum_of(miss, NEAR) / np.maximum(_sum_of(count, NEAR), 1)
    local = near - _running_median(near, AROUND)
    alone = np.where(count >= FEW * count.max(), miss / np.maximum(count, 1) - near, 0.0)
    back = [_same_date(panel.first, width, years) for years in (1, 2)]
    one, known = _earlier(local, back[0]), back[0][:length] >= 0
    before, now, weight = one[:length][known], local[known], count[known]
    slope = float(np.clip((weight * before * now).sum() / max(float((weight * before**2).sum()), 1e-9), 0.0, 1.0))
    large, share = _expected(local, back)
    day, _ = _expected(alone, back)
    return DateEffects(large + (1 - share) * slope * np.nan_to_num(one), day, _found(alone, back[0]))


def own_differences(miss: np.ndarray, seen: np.ndarray, panel: Panel, columns: np.ndarray) -> np.ndarray:
    """(S, C) what each series had beside all others on the dates of ``columns`` one and two years before, drawn to 0.

    ``miss`` and ``seen`` (S, T) are log errors and where they are known. A difference is taken from the series' own last and
    next two weeks; how far it is drawn follows from how much the series differ that day beyond their usual noise (empirical
    Bayes; Efron & Morris 1973).
    """
    rest = np.where(seen, miss - miss.sum(axis=0) / np.maximum(seen.sum(axis=0), 1), 0.0)
    days = np.maximum(seen.sum(axis=1), 1)
    noise = (rest**2).sum(axis=1) / days - (rest.sum(axis=1) / days) ** 2 + 1e-9
    out = np.zeros((len(miss), len(columns)))
    back = [_same_date(panel.first, int(columns.max(initial=0)) + 1, years)[columns] for years in (1, 2)]
    for k, past in enumerate(zip(*back, strict=True)):
        found = [_beside(rest, seen, int(c)) for c in past if c >= 0]
        if not found:
            continue
        own, known = np.stack(found), np.isfinite(found)
        spread = max(float((own[known] ** 2).mean() - noise[known.any(axis=0)].mean()), 0.0) if known.any() else 0.0
        count = known.sum(axis=0)
        mean = np.where(known, own, 0.0).sum(axis=0) / np.maximum(count, 1)
        out[:, k] = mean * spread / (spread + noise / np.maximum(count, 1))
    return out


def _beside(rest: np.ndarray, seen: np.ndarray, day: int) -> np.ndarray:
    """(S,) a day's difference from the same series' two weeks before and after; NaN where the day was not seen."""
    span = slice(max(day - AROUND_OWN, 0), day + AROUND_OWN + 1)
    usual = rest[:, span].sum(axis=1) / np.maximum(seen[:, span].sum(axis=1), 1)
    return np.where(seen[:, day], rest[:, day] - usual, np.nan)


def _expected(values: np.ndarray, back: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(width,) large differences of one and two years before that come again, and the share of each that counts as large."""
    one, two = (_earlier(values, columns) for columns in back)
    size = _agreed(np.nan_to_num(one), two)
    share = _share(size, values)
    return share * size, share


def _found(values: np.ndarray, back: np.ndarray) -> np.ndarray:
    """(T,) large differences of the past that the years around them, where there are any, have too."""
    columns = back[: len(values)]
    later = np.full(len(values), np.nan)
    later[columns[columns >= 0]] = values[columns >= 0]
    size = _agreed(_agreed(values, _earlier(values, columns)), later)
    return _share(size, values) * size


def _agreed(size: np.ndarray, other: np.ndarray) -> np.ndarray:
    """What two years have in common: their geometric mean, 0 where the signs differ; one year alone where the other lacks."""
    both = np.where(size * other > 0, np.sign(size) * np.sqrt(np.abs(size * other)), 0.0)
    return np.where(np.isfinite(other), both, size)


def _share(size: np.ndarray, values: np.ndarray) -> np.ndarray:
    """0 for a difference within twice the usual size (by the median), towards 1 far beyond."""
    usual = 1.4826 * float(np.median(np.abs(values)))
    return np.asarray(np.maximum(1 - (LARGE * usual / np.maximum(np.abs(size), 1e-9)) ** 2, 0.0))


def _sum_of(values: np.ndarray, width: int) -> np.ndarray:
    return np.convolve(values, np.ones(width), "same")


def _running_median(values: np.ndarray, width: int) -> np.ndarray:
    padded = np.pad(values, width // 2, mode="reflect")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)


def _same_date(first: int, width: int, years: int) -> np.ndarray:
    """(width,) column of the same date ``years`` earlier (of 29 February: 28 February); negative before the first."""
    days = np.datetime64("1970-01-01") + first + np.arange(width)
    month = days.astype("datetime64[M]")
    place = (days - month.astype("datetime64[D]")).astype(int)
    earlier = month - 12 * years
    last = ((earlier + 1).astype("datetime64[D]") - earlier.astype("datetime64[D]")).astype(int) - 1
    return (earlier.astype("datetime64[D]") - np.datetime64("1970-01-01")).astype(int) + np.minimum(place, last) - first


def _earlier(values: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """``values`` at ``columns``; NaN where there are none."""
    there = (columns >= 0) & (columns < len(values))
    return np.where(there, values[np.clip(columns, 0, len(values) - 1)], np.nan)
