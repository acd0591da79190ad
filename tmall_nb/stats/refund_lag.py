"""Refunds still to come: payment cohorts completed by the lag between payment and refund.

Newest payment days have had less time to be refunded. The lag distribution is estimated under right truncation by the
reverse-time product-limit estimator (Lagakos, Barraj & De Gruttola 1988, Biometrika 75, 515-523), weighted by amount; a
day's open refunds are its paid amount x refund share x (1 - F(age)), the Bornhuetter-Ferguson form of chain ladder, which
stays sensible on days without any refund yet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RefundLag:
    """Expected total refunds of each payment day.

    Attributes
    ----------
    share : refunded part of the paid amount once all refunds have arrived (0-1)
    arrived : (max_lag + 1,) F(lag): share of refunds that arrive within ``lag`` days
    seen : (days,) refund amount that has arrived
    expected : (days,) refund amount once mature: seen so far plus still to come
    draws : (draws, days) simulated mature refund amounts, from which intervals of any sum of days are taken
    """

    share: float
    arrived: Array
    seen: Array
    expected: Array
    draws: Array

    def interval(self, days: NDArray[np.intp] | slice, level: float) -> tuple[float, float]:
        """Return the interval of the summed mature refunds over ``days`` at ``level``."""
        sums = self.draws[:, days].sum(axis=1)
        return float(np.quantile(sums, (1 - level) / 2)), float(np.quantile(sums, (1 + level) / 2))


def complete_refunds(
    paid: Array,
    refund_day: NDArray[np.intp],
    refund_lag: NDArray[np.intp],
    refund_amount: Array,
    *,
    max_lag: int = 60,
    draws: int = 1000,
    seed: int = 0,
) -> RefundLag:
    """Complete the newest payment days by the refunds still to come.

    Parameters
    ----------
    paid : (days,) gross paid amount of each payment day; the last day is the last one observed
    refund_day, refund_lag, refund_amount : (refunds,) payment day (index), days from payment to refund, amount
    max_lag : days after which a payment day counts as mature; refunds later than that are counted at ``max_lag``
    draws : simulated completions (weeks resampled for the estimate, compound Poisson for what is to come)

    Raises
    ------
    ValueError : fewer than 30 refunds or fewer than 28 payment days; the lag curve is not identified
    """
    days, lag = len(paid), np.minimum(np.asarray(refund_lag), max_lag)
    if len(lag) < 30 or days < 28:
        raise ValueError(f"{len(lag)} refunds on {days} days; at least 30 refunds and 28 payment days are needed")
    triangle = np.zeros((days, max_lag + 1))
    np.add.at(triangle, (refund_day, lag), refund_amount)
    seen, age = triangle.sum(axis=1), np.minimum(days - 1 - np.arange(days), max_lag)
    share, arrived = _fit(triangle, np.asarray(paid, float), age)
    open_share = 1 - arrived[age]
    expected = seen + paid * share * open_share
    size = float((refund_amount**2).sum() / refund_amount.sum())
    rng = np.random.default_rng(seed)
    weeks = np.arange(days) // 7
    out = np.empty((draws, days))
    for d in range(draws):
        picked = rng.integers(0, weeks[-1] + 1, weeks[-1] + 1)
        weight = np.bincount(picked, minlength=weeks[-1] + 1)[weeks].astype(float)
        draw_share, draw_arrived = _fit(triangle * weight[:, None], paid * weight, age)
        mean = paid * draw_share * (1 - draw_arrived[age])
        out[d] = seen + rng.poisson(mean / size) * size
    return RefundLag(share, arrived, seen, expected, out)


def _fit(triangle: Array, paid: Array, age: NDArray[np.intp]) -> tuple[float, Array]:
    """Return the refund share and F(lag) from a (days, lags) triangle of which row d is seen up to lag ``age[d]``."""
    lags = triangle.shape[1]
    columns = np.arange(lags)
    deep = np.zeros((lags, lags))
    for a in np.unique(age):
        deep[a] = triangle[age == a].sum(axis=0)
    # reverse hazard at lag s: refunds at s among those within s, over days seen at least to s
    seen_to = np.cumsum(deep[::-1], axis=0)[::-1]
    at = seen_to[columns, columns]
    within = np.cumsum(seen_to, axis=1)[columns, columns]
    keep = 1 - np.divide(at, within, out=np.zeros(lags), where=within > 0)
    arrived = np.concatenate([np.cumprod(keep[::-1])[::-1][1:], [1.0]])
    exposure = (paid * arrived[age]).sum()
    return (float(triangle.sum() / exposure) if exposure > 0 else 0.0), arrived
