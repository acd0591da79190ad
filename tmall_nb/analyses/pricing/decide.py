"""One item: which price, how sure, which bound, and the test that would settle it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tmall_nb.analyses.pricing.others import ALONE, Others
from tmall_nb.stats.price_trial import PriceTrial, Question, plan_trial
from tmall_nb.stats.pricing import Demand, Economics, gain_quantiles, price_grid, price_step, profits

Array = NDArray[np.float64]
SURE = 0.90  # probability that a change earns more before it is advised
SMALL = 0.005  # expected gain below this share of profit: keep the price
CURVE_POINTS = 40
TAILS = (0.1, 0.9)
CERTAIN = (0.01, 0.99)  # nothing is surer than the nodes can tell


@dataclass(frozen=True, slots=True)
class Rules:
    """Bounds of every plan: least margin, ending of price tags, share beyond the range seen, level of intervals."""

    min_margin: float
    ending: float | None
    extrapolate: float
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Range:
    """Prices of one item: now, lowest and highest seen, the platform's floor (nan: none)."""

    now: float
    low: float
    high: float
    floor: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The decision for one item; ``prices`` and ``profit`` (nodes, prices) are the tags it was taken from."""

    verdict: str
    price: float
    limit: str
    probability: float
    gain: float
    gain_low: float
    gain_high: float
    step_loss: float
    profit_now: float
    prices: Array
    allowed: NDArray[np.bool_]
    profit: Array


def bounds(economics: Economics, span: Range, rules: Rules) -> tuple[float, str, float]:
    """Lowest admissible price with the bound that sets it, and the highest."""
    room = 1 - economics.fee - rules.min_margin
    least = economics.cost / room if room > 0 else np.inf
    lows = {"lowest_seen": span.low * (1 - rules.extrapolate), "min_margin": least}
    if np.isfinite(span.floor):
        lows["price_floor"] = span.floor
    name = max(lows, key=lambda k: lows[k])
    return lows[name], name, span.high * (1 + rules.extrapolate)


def choose(demand: Demand, economics: Economics, span: Range, rules: Rules, others: Others = ALONE) -> Choice | None:
    """Take the admissible price tag with the highest expected profit (with that of ``others``); None where there is none."""
    low, low_name, high = bounds(economics, span, rules)
    widest = price_grid(min(low, span.low * (1 - rules.extrapolate)), max(high, span.now), near=span.now, ending=rules.ending)
    allowed = (widest >= low - 1e-9) & (widest <= high + 1e-9)
    if not allowed.any():
        return None
    profit = profits(demand, economics, widest) + others.gain(widest, span.now)
    today = profits(demand, economics, np.array([span.now]))[:, 0]
    expected = np.where(allowed, profit.mean(axis=0), -np.inf)
    best = int(expected.argmax())
    gain = profit[:, best] - today
    kept = _keeps(gain, today, float(widest[best]), span.now, low, high)
    loss = _step_loss(expected, best)
    ends = np.flatnonzero(allowed)
    limit = low_name if best == ends[0] else "highest_seen" if best == ends[-1] else "none"
    common = (loss, float(today.mean()), widest, allowed, profit)
    if kept:
        return Choice("keep", span.now, "none", np.nan, 0.0, 0.0, 0.0, *common)
    sure = float(np.clip((gain > 0).mean(), *CERTAIN))
    verdict = "test" if sure < SURE else "raise" if widest[best] > span.now else "lower"
    gain_low, gain_high = (float(v) for v in gain_quantiles(gain, demand.level_sd, level=rules.level))
    return Choice(verdict, float(widest[best]), limit, sure, float(gain.mean()), gain_low, gain_high, *common)


def _keeps(gain: Array, today: Array, best: float, now: float, low: float, high: float) -> bool:
    """Is today's price as good as any tag? A price that breaks a bound is not kept."""
    if not low - 0.01 <= now <= high + 0.01:
        return False
    near = abs(best - now) <= 0.5 * price_step(now)
    return bool(near or gain.mean() < SMALL * abs(today.mean()))


def _step_loss(expected: Array, best: int) -> float:
    """Share of profit lost on average by an admissible tag one step lower or higher."""
    beside = [expected[k] for k in (best - 1, best + 1) if 0 <= k < len(expected) and np.isfinite(expected[k])]
    if not beside or expected[best] <= 0:
        return float("nan")
    return float(1 - np.mean(beside) / expected[best])


def trial(choice: Choice, demand: Demand, economics: Economics, span: Range, belief: tuple[float, float], week_var: float
          ) -> PriceTrial | None:  # fmt: skip
    """The test of today's price against the tag that is best on average, or best at either end of the interval."""
    rows = [int(np.floor(q * (len(choice.profit) - 1))) for q in TAILS]
    inside = np.where(choice.allowed[None, :], choice.profit, -np.inf)
    tags = {float(choice.prices[int(inside[k].argmax())]) for k in rows} | {choice.price}
    far = [p for p in sorted(tags) if abs(p - span.now) > 0.5 * price_step(span.now)]
    question = Question(span.now, *belief, week_var, choice.profit[:, choice.allowed])
    return plan_trial(demand, economics, question, np.array(far))


def curve_rows(choice: Choice, demand: Demand, span: Range, rules: Rules) -> dict[str, Array]:
    """Units and profit a day at (at most 40 of) the price tags."""
    take = np.unique(np.linspace(0, len(choice.prices) - 1, min(len(choice.prices), CURVE_POINTS)).astype(int))
    prices = choice.prices[take]
    low, high = gain_quantiles(choice.profit[:, take], demand.level_sd, level=rules.level)
    units = demand.units(prices)
    fewest, most = gain_quantiles(units, demand.level_sd, level=rules.level)
    return {
        "price_yuan": prices,
        "units_per_day": units.mean(axis=0),
        "units_low": fewest,
        "units_high": most,
        "profit": choice.profit[:, take].mean(axis=0),
        "low": low,
        "high": high,
        "observed": (prices >= span.low - 0.01) & (prices <= span.high + 0.01),
        "allowed": choice.allowed[take],
    }
