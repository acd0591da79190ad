"""What a price test by weeks would teach, and how long it must run.

A test sells at price a in some weeks and at b in as many others, in random order. With weekly log units that vary by
``week_var`` beyond price, 2n weeks estimate the elasticity with variance ``2 week_var / (n log(b/a)^2)``; the posterior after
the test is normal with variance ``1 / (1/prior + 1/test)`` and its mean is, seen from today, normal around today's mean. From
these two facts follow in closed form (Raiffa & Schlaifer 1961, Applied Statistical Decision Theory, ch. 5):

* the probability that the test leads to the right one of the two prices (assurance; O'Hagan, Stevens & Campbell 2005)
* the expected value of the better decision (EVSI)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from tmall_nb.stats.pricing import Demand, Economics

__all__ = ["PriceTrial", "Question", "assurance", "breakeven_elasticity", "plan_trial", "trial_variance", "week_variance"]

Array = NDArray[np.float64]
OUTER = 61
RIGHT = 0.90  # probability of the right decision that a test must reach
LONGEST, PATIENCE = 52, 26  # weeks: looked at, and run at most
YEAR_DAYS = 364.0
POOL = 8.0  # weeks that the shop's own noise counts for
LEAST_WEEKS = 4


@dataclass(frozen=True, slots=True)
class PriceTrial:
    """A planned test.

    Attributes
    ----------
    price_a, price_b : today's price and the other
    breakeven : elasticity at which both earn the same
    weeks : needed until the decision between them is right with 90 % probability (0: more than a year)
    run : weeks the figures below suppose (at most half a year)
    right_now, right_after : probability of the right decision
    value : expected profit of the better price over the rest of a year; cost : expected profit lost by testing
    """

    price_a: float
    price_b: float
    breakeven: float
    weeks: int
    run: int
    right_now: float
    right_after: float
    value: float
    cost: float

    @property
    def worth(self) -> float:
        return self.value - self.cost


def breakeven_elasticity(economics: Economics, price_a: float, price_b: float) -> float:
    """The elasticity at which both prices earn the same; nan where one of them earns nothing."""
    profit_a, profit_b = economics.unit_profit(np.array([price_a, price_b]))
    if profit_a <= 0 or profit_b <= 0:
        return float("nan")
    return float(np.log(profit_a / profit_b) / np.log(price_b / price_a))


def trial_variance(week_var: float, log_ratio: float, weeks: int) -> float:
    """Variance of the elasticity estimated by ``weeks`` weeks, half of them at each price."""
    return 4.0 * week_var / (weeks * log_ratio**2)


def assurance(mean: float, sd: float, breakeven: float, variance: float) -> float:
    """Probability, seen from today, of being on the right side of ``breakeven`` after a test of that variance."""
    after = 1 / (1 / sd**2 + 1 / variance)
    spread = np.sqrt(max(sd**2 - after, 0.0))
    outer = mean + spread * ndtri((np.arange(OUTER) + 0.5) / OUTER)
    return float(ndtr(np.abs(outer - breakeven) / np.sqrt(after)).mean())


def week_variance(units: Array, expected: Array, weeks: NDArray[np.intp], seen: NDArray[np.bool_]) -> Array:
    """(items,) variance of weekly log units beyond price, from one week to the next: Poisson noise and what exceeds it.

    ``units`` and ``expected`` are (items, days); ``expected`` counts price but not weeks, so the shared ups and downs of the
    shop's weeks are taken out here. Neighbouring weeks are compared, as the test compares them: a slow trend is no noise
    (half the mean square successive difference; von Neumann 1941). The excess of an item is drawn to the shop's.
    """
    starts = np.flatnonzero(np.diff(weeks, prepend=weeks[0] - 1))
    got, should = (np.add.reduceat(np.where(seen, v, 0.0), starts, axis=1) for v in (units, expected))
    shared = got.sum(axis=0) / np.maximum(should.sum(axis=0), 1e-9)
    mean = should * np.maximum(shared, 1e-6)[None, :]
    mean *= (got.sum(axis=1) / np.maximum(mean.sum(axis=1), 1e-9))[:, None]
    ratio = np.divide(got, mean, out=np.zeros_like(got), where=mean > 0)
    noise = np.divide(1.0, mean, out=np.zeros_like(got), where=mean > 0)
    both = (mean[:, 1:] > 0) & (mean[:, :-1] > 0)
    sampling = noise[:, 1:] + noise[:, :-1]
    weight = np.divide(1.0, sampling, out=np.zeros_like(sampling), where=both)
    over = (weight * 0.5 * (np.diff(ratio, axis=1) ** 2 - sampling)).sum(axis=1)
    base = weight.sum(axis=1)
    pooled = max(float(over.sum() / max(base.sum(), 1e-9)), 0.0)
    drawn = POOL * base / np.maximum(both.sum(axis=1), 1)
    excess = np.maximum((over + drawn * pooled) / np.maximum(base + drawn, 1e-9), 0.25 * pooled)
    return excess + 1 / np.maximum(mean.sum(axis=1) / np.maximum((mean > 0).sum(axis=1), 1), 0.25)


@dataclass(frozen=True, slots=True)
class Question:
    """What is open about an item: today's price, its mean and sd of the elasticity, variance of its weekly log units, and the
    profit a day of every admissible price, (nodes, prices)."""

    now: float
    mean: float
    sd: float
    week_var: float
    profit: Array


def plan_trial(demand: Demand, economics: Economics, question: Question, candidates: Array) -> PriceTrial | None:
    """Return the test between today's price and the one of the candidates that teaches most; None where none can teach."""
    trials = [t for b in candidates if b != question.now and (t := _trial(demand, economics, question, float(b)))]
    return max(trials, key=lambda t: t.worth, default=None)


def _trial(demand: Demand, economics: Economics, question: Question, other: float) -> PriceTrial | None:
    now, mean, sd = question.now, question.mean, question.sd
    edge = breakeven_elasticity(economics, now, other)
    if not np.isfinite(edge) or sd <= 0:
        return None
    ratio = np.log(other / now)
    options = np.arange(LEAST_WEEKS, LONGEST + 1, 2)
    reached = np.array([assurance(mean, sd, edge, trial_variance(question.week_var, ratio, int(w))) for w in options])
    enough = options[reached >= RIGHT]
    needed = int(enough[0]) if len(enough) else 0
    run = min(needed or PATIENCE, PATIENCE)
    best = float(question.profit.mean(axis=0).max())
    value = _value(demand, question, trial_variance(question.week_var, ratio, run)) - best
    pair = np.array([now, other])
    cost = best - float((demand.units(pair) * economics.unit_profit(pair)[None, :]).mean())
    right_now = float(ndtr(abs(mean - edge) / sd))
    after = float(reached[options == run][0])
    days = 7.0 * run
    return PriceTrial(now, other, edge, needed, run, right_now, after, max(value, 0.0) * (YEAR_DAYS - days), cost * days)


def _value(demand: Demand, question: Question, variance: float) -> float:
    """Expected profit a day of the best price as the test will show it (preposterior analysis over the nodes)."""
    mean, sd = question.mean, question.sd
    after = 1 / (1 / sd**2 + 1 / variance)
    spread = np.sqrt(max(sd**2 - after, 0.0))
    outer = mean + spread * ndtri((np.arange(OUTER) + 0.5) / OUTER)
    # weights of the nodes under each posterior, relative to today's, of which the nodes are equal shares
    z = -0.5 * ((demand.elasticity[None, :] - outer[:, None]) ** 2 / after - ((demand.elasticity - mean) / sd)[None, :] ** 2)
    weight = np.exp(z - z.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    return float((weight @ question.profit).max(axis=1).mean())
