"""What a media-mix fit is given: scaled arrays, priors, lift tests."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

__all__ = ["LAGS", "LiftTests", "MixData", "Priors", "default_priors", "layout"]

LAGS = 13  # weeks over which spend may act
FLOOR_ROAS = 1.22  # mean of what channels return where nothing is known
CHANNEL_PARTS = ("carry", "half", "slope", "log_roas")


@dataclass(frozen=True, slots=True)
class LiftTests:
    """Experiments as measured returns: yuan of sales per yuan of spend over some weeks.

    Attributes
    ----------
    roas, error : measured return and its standard error, shape (tests,)
    rates : weight of every channel-week's contribution in the test's return, shape (tests, channels, weeks):
        mean sales ÷ the channel's spend in the tested weeks, zero elsewhere
    """

    roas: np.ndarray
    error: np.ndarray
    rates: np.ndarray


@dataclass(frozen=True, slots=True)
class MixData:
    """One shop's weeks.

    Attributes
    ----------
    sales : divided by the mean of weeks with sales, shape (weeks,); 0 in a week that was closed or not recorded
    lagged : spend divided by the channel's mean, lag 0-12 in the last axis, shape (channels, weeks, 13)
    baseline : columns of the log baseline, the first all ones, shape (weeks, columns)
    spend_share : mean spend ÷ mean sales of each channel, shape (channels,)
    sales_mean, spend_mean : in yuan
    tests : lift tests, if any
    whitening : matrix that turns residuals into independent ones of equal size, shape (weeks, weeks); None: AR(1) is learned
    """

    sales: np.ndarray
    lagged: np.ndarray
    baseline: np.ndarray
    spend_share: np.ndarray
    sales_mean: float
    spend_mean: np.ndarray
    tests: LiftTests | None = None
    whitening: np.ndarray | None = None

    @classmethod
    def from_weeks(cls, sales: np.ndarray, spend: np.ndarray, columns: np.ndarray, tests: LiftTests | None = None) -> MixData:
        """Scale one shop's weeks; ``spend`` has shape (channels, weeks), ``columns`` (weeks, columns) without the ones."""
        level, means = float(sales[sales > 0].mean()), spend.mean(axis=1)
        scaled = spend / means[:, None]
        lagged = np.zeros((*scaled.shape, LAGS))
        for lag in range(min(LAGS, scaled.shape[1])):
            lagged[:, lag:, lag] = scaled[:, : scaled.shape[1] - lag]
        baseline = np.column_stack([np.ones(len(sales)), columns]) if columns.size else np.ones((len(sales), 1))
        return cls(sales / level, lagged, baseline, means / level, level, means, tests)

    @property
    def seen(self) -> np.ndarray:
        """Weeks that had sales; the others carry spend over but say nothing about it, shape (weeks,)."""
        return self.sales > 0

    @property
    def channels(self) -> int:
        return len(self.spend_share)

    def with_columns(self, columns: np.ndarray) -> MixData:
        """A copy with more baseline columns."""
        return replace(self, baseline=np.column_stack([self.baseline, columns]))


@dataclass(frozen=True, slots=True)
class Priors:
    """Normal priors of all parameters, in the order of ``layout``; log ROAS is centred on the learned mean.

    Attributes
    ----------
    mean, sd : shape (parameters,); for log ROAS ``mean`` is the offset from the learned mean
    """

    mean: np.ndarray
    sd: np.ndarray
    center: float = field(default=float(np.log(FLOOR_ROAS)))


def layout(columns: int, channels: int) -> dict[str, slice]:
    """Where each block of the parameter vector is: gamma, carry, half, slope, log_roas, common, memory, noise."""
    places, start = {}, 0
    sizes = [("gamma", columns), *((part, channels) for part in CHANNEL_PARTS), ("common", 1), ("memory", 1), ("noise", 1)]
    for name, size in sizes:
        places[name] = slice(start, start + size)
        start += size
    return places


def default_priors(data: MixData, *, column_sd: np.ndarray | None = None, roas_offset: np.ndarray | None = None) -> Priors:
    """Priors for sales scaled by their mean and spend by channel means.

    Parameters
    ----------
    column_sd : prior scale of each baseline column's coefficient (first: log base share), default .2 per standard deviation
    roas_offset : log of how much better than the mean each channel is believed to be, shape (channels,)
    """
    places = layout(data.baseline.shape[1], data.channels)
    mean, sd = np.zeros(places["noise"].stop), np.ones(places["noise"].stop)
    table = {"gamma": (0.0, 0.2), "carry": (-0.8, 1.0), "half": (np.log(1.5), 0.7), "slope": (0.1, 0.3), "log_roas": (0.0, 0.6),
             "common": (np.log(FLOOR_ROAS), 0.6), "memory": (0.0, 0.5), "noise": (np.log(0.06), 0.8)}  # fmt: skip
    for name, (center, scale) in table.items():
        mean[places[name]], sd[places[name]] = center, scale
    if column_sd is not None:
        sd[places["gamma"]] = column_sd
    mean[0], sd[0] = np.log(0.85), 0.3
    if roas_offset is not None:
        mean[places["log_roas"]] = roas_offset
    return Priors(mean, sd)
