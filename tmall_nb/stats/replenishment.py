"""Demand until a delivery: sums over days, with errors learned from the same sums of past windows.

Bounds of single days cannot be added up: days of one item err together (added as independent they give too little stock), but
not fully (added as they are they give too much). So the sum over the first k days of each past window is compared with its
forecast. The log error of item i in window w is taken apart,

    log(units / forecast) = c_w + e_iw,

into what all items share in a window and what is an item's own. The shared part is Student-t over the few windows, its mean
drawn towards zero; the own part keeps its observed distribution, scaled by series (split conformal). Distances from the median
combine as a root of squares, which is exact where both are normal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmall_nb.stats.demand.intervals import OFFSET, Residuals, fit_residuals

__all__ = ["GRID", "SumDemand", "SumErrors", "carried", "fit_errors", "fit_sums", "window_sums"]

GRID = (np.arange(99) + 0.5) / 99  # levels at which a distribution is kept
LEAST_SEEN = 0.5  # a window counts where at least this share of its forecast units fell on days that teach
PRIOR_WINDOWS = 12.0  # the mean of the shared errors is drawn to zero as by this many windows without error
FEW_SUMS = 20  # past sums from which the shape of own errors is kept; below, they are taken as normal
OWN_GUESS, SHARED_GUESS, GUESS_FREEDOM = 0.2, 0.15, 4  # log spreads where nothing can be learned, and their Student-t
FEWEST = 3  # windows from which shared and own errors can be told apart


@dataclass(frozen=True, slots=True)
class SumErrors:
    """Errors of a sum over some days.

    Attributes
    ----------
    own : what is an item's own, as a multiple of the forecast
    shift : expected log error shared by all items; spread : scale of its Student-t; windows : its degrees of freedom
    """

    own: Residuals
    shift: float
    spread: float
    windows: int

    def quantile(self, forecast: np.ndarray, levels: np.ndarray, *, rows: np.ndarray, extra: np.ndarray) -> np.ndarray:
        """(L, R) units below which the demand of series ``rows`` stays; ``extra`` (R,) is more spread of the log, normal."""
        from scipy.special import ndtri

        logs = own_logs(self.own, forecast, np.append(levels, 0.5), rows)
        middle, apart = logs[-1], logs[:-1] - logs[-1]
        more = np.hypot(self.shared(levels)[:, None], ndtri(levels)[:, None] * extra)
        reach = np.sign(levels - 0.5)[:, None] * np.hypot(apart, more)
        return np.maximum((forecast + OFFSET) * np.exp(self.shift + middle + reach) - OFFSET, 0.0)

    def draws(self, forecast: np.ndarray, levels: np.ndarray, shared: np.ndarray, *, rows: np.ndarray) -> np.ndarray:
        """(N, R) demand in N futures: own errors at ``levels`` (N, R), the shared one at ``shared`` (N,), uniform on 0-1."""
        table = own_logs(self.own, forecast, GRID, rows)
        at = np.minimum((levels * len(GRID)).astype(int), len(GRID) - 1)
        common = self.shift + self.shared(shared)
        drawn = (forecast + OFFSET) * np.exp(table[at, np.arange(len(rows))] + common[:, None]) - OFFSET
        return np.maximum(drawn, 0.0)

    def shared(self, levels: np.ndarray) -> np.ndarray:
        """(L,) distance of the shared error from its middle at each level."""
        if not self.windows or self.spread <= 0:
            return np.zeros(len(levels))
        from scipy.special import stdtrit

        return np.asarray(self.spread * stdtrit(self.windows, levels))


def own_logs(own: Residuals, forecast: np.ndarray, levels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(L, R) own log errors of series ``rows`` at each level, by the size of their forecast (R,)."""
    cuts = np.stack([np.quantile(p, levels) for p in own.pool])
    which = np.searchsorted(own.edges, forecast) if len(own.edges) else np.zeros(len(forecast), dtype=int)
    return own.scale[rows] * cuts[which].T


def fit_errors(actual: np.ndarray, forecast: np.ndarray, expected: np.ndarray) -> SumErrors:
    """Learn the errors of a sum from past sums.

    Parameters
    ----------
    actual, forecast : (W, S) past sums and their forecasts; NaN where a window says nothing
    expected : (S,) the coming sum; sizes the guess that stands in where fewer than three windows can teach
    """
    seen = np.isfinite(actual)
    weight = np.where(seen, forecast, 0.0)
    usable = weight.sum(axis=1) > 0
    count, many = int(usable.sum()), int(seen.sum()) >= FEW_SUMS
    if count < FEWEST:
        own = fit_residuals(actual[..., None], forecast[..., None]) if many else _normal(_guess(expected))
        return SumErrors(own, 0.0, SHARED_GUESS, GUESS_FREEDOM)
    error = np.log((np.where(seen, actual, 0.0) + OFFSET) / (forecast + OFFSET))
    shared = (error * weight).sum(axis=1)[usable] / weight.sum(axis=1)[usable]
    shift = shared.sum() / (count + PRIOR_WINDOWS)
    spread = np.sqrt(((shared - shift) ** 2).mean() * (1 + 1 / (count + PRIOR_WINDOWS)))
    level = np.zeros(len(actual))
    level[usable] = shared
    if many:
        own = fit_residuals(actual[..., None], (forecast * np.exp(level)[:, None])[..., None])
    else:
        rest, freedom = np.where(seen, error - level[:, None], 0.0), int(seen.sum()) - count
        size = np.sqrt((rest**2).sum() / freedom) if freedom > 0 else 0.0
        own = _normal(np.full(len(expected), size))
    return SumErrors(own, float(shift), float(spread), count)


def _normal(scale: np.ndarray) -> Residuals:
    from scipy.special import ndtri

    return Residuals(scale, np.zeros(0), (ndtri(GRID),), 0)


def _guess(expected: np.ndarray) -> np.ndarray:
    """(S,) spread of the log of a sum that nothing was learned about: usual weeks, and the counts themselves."""
    return np.sqrt(OWN_GUESS**2 + 1 / (np.maximum(expected, 0.0) + OFFSET))


@dataclass(frozen=True, slots=True)
class SumDemand:
    """Demand over the first k days, for every k.

    Attributes
    ----------
    expected : (S, H) expected units over the first 1, 2, ... H days
    errors : H error distributions, one for each number of days
    extra : (S, H) spread of the log of the sum beyond the errors of ordinary windows (rare events ahead)
    count : past sums over the whole horizon behind the errors
    """

    expected: np.ndarray
    errors: tuple[SumErrors, ...]
    extra: np.ndarray
    count: int

    @property
    def horizon(self) -> int:
        return self.expected.shape[1]

    def mean(self, days: np.ndarray) -> np.ndarray:
        """(S,) expected units over the first ``days`` (S,) days; 0 days ask for nothing."""
        days = np.asarray(days, dtype=int)
        total = self.expected[np.arange(len(days)), np.maximum(days, 1) - 1]
        return np.where(days > 0, total, 0.0)

    def quantile(self, days: np.ndarray, levels: np.ndarray | float, *, sd: np.ndarray | float = 0.0) -> np.ndarray:
        """(L, S) units below which the demand over the first ``days`` (S,) days stays with each level.

        ``sd`` : (S,) standard deviation of the number of days (a delivery that comes early or late)
        """
        days, levels = np.asarray(days, dtype=int), np.atleast_1d(np.asarray(levels, dtype=float))
        late = np.broadcast_to(np.asarray(sd, dtype=float), days.shape)
        out = np.zeros((len(levels), len(days)))
        for k in np.unique(days[days > 0]):
            rows = np.flatnonzero(days == k)
            out[:, rows] = self._at(int(k), rows, levels, late[rows])
        return out

    def paths(self, levels: np.ndarray, *, sd: np.ndarray | None = None, lead: np.ndarray | None = None) -> np.ndarray:
        """(L, S, H) quantiles of the demand over the first 1, 2, ... H days; a longer time never needs less.

        ``sd`` : (S,) standard deviation of the days until a delivery that takes ``lead`` (S,) days; None: fixed days
        """
        rows, levels = np.arange(len(self.expected)), np.asarray(levels, dtype=float)
        late = np.zeros(len(rows)) if sd is None else sd
        wait = np.ones(len(rows)) if lead is None else np.maximum(lead, 1)
        days = range(1, self.horizon + 1)
        each = [self._at(k, rows, levels, late * k / np.maximum(k, wait)) for k in days]
        return np.maximum.accumulate(np.stack(each, axis=2), axis=2)

    def draws(self, days: np.ndarray, levels: np.ndarray, shared: np.ndarray) -> np.ndarray:
        """(N, S) demand over ``days`` (S,) days in N futures in which all items share one error.

        ``levels`` (N, S) and ``shared`` (N,) are uniform on 0-1; the same ones for two numbers of days give the same future.
        """
        days = np.asarray(days, dtype=int)
        out = np.zeros(levels.shape)
        for k in np.unique(days[days > 0]):
            rows = np.flatnonzero(days == k)
            found, total = self.errors[k - 1], self.expected[rows, k - 1]
            out[:, rows] = found.draws(total, levels[:, rows], shared, rows=rows)
        return out

    def _at(self, k: int, rows: np.ndarray, levels: np.ndarray, late: np.ndarray) -> np.ndarray:
        extra = np.hypot(self.extra[rows, k - 1], late / k)
        return self.errors[k - 1].quantile(self.expected[rows, k - 1], levels, rows=rows, extra=extra)


def window_sums(actual: np.ndarray, told: np.ndarray, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """(W, S) sums of units and of their forecast over days ``first``..``last`` - 1 of each past window.

    Days that teach nothing (closed, rare events, not seen) are left out of both sums; a window that loses more than half of
    its forecast that way is NaN.
    """
    real, forecast = actual[:, :, first:last], np.maximum(told[:, :, first:last], 0.0)
    seen = np.isfinite(real)
    whole, kept = forecast.sum(axis=2), np.where(seen, forecast, 0.0).sum(axis=2)
    usable = seen.any(axis=2) & (kept >= LEAST_SEEN * whole)
    return np.where(usable, np.where(seen, real, 0.0).sum(axis=2), np.nan), kept


def fit_sums(units: np.ndarray, told: np.ndarray, actual: np.ndarray, *, extra: np.ndarray | None = None) -> SumDemand:
    """Learn the demand over the first k days from past windows of the same length.

    Parameters
    ----------
    units : (S, H) forecast of the coming days
    told, actual : (W, S, H) forecasts and units of past windows, out of sample; NaN where a day teaches nothing
    extra : (S, H) as in ``SumDemand``; None: none
    """
    sums = [window_sums(actual, told, 0, k) for k in range(1, units.shape[1] + 1)]
    expected = np.maximum(units, 0.0).cumsum(axis=1)
    count = int(np.isfinite(sums[-1][0]).sum()) if len(sums) else 0
    errors = tuple(fit_errors(real, forecast, expected[:, k]) for k, (real, forecast) in enumerate(sums))
    return SumDemand(expected, errors, np.zeros_like(expected) if extra is None else extra, count)


def carried(units: np.ndarray, extra: np.ndarray) -> np.ndarray:
    """(S, H) what a spread of the log on days of events means for the sum over the first k days: those days err as one."""
    weight = np.maximum(units, 0.0)
    return (weight * extra).cumsum(axis=1) / np.maximum(weight.cumsum(axis=1), 1e-9)
