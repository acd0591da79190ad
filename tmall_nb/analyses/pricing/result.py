"""The result of ``plan_prices``."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from tmall_nb.analyses.result import Finding, Method

DECISIONS = ("raise", "lower", "keep", "test", "open")
REFUSALS = ("not_enough_data", "weak_instrument", "implausible", "no_cost", "no_price_allowed")
LIMITS = ("none", "price_floor", "min_margin", "lowest_seen", "highest_seen")


@dataclass(frozen=True, slots=True)
class PriceResult:
    """The price of each item that earns most on average over what its elasticity may be.

    Attributes
    ----------
    table : one row per item_id: item_title where known, verdict (raise, lower, keep; where the decision flips inside the
        interval: test = a test of at most half a year settles it and pays, open = none does; or why there is no plan: the
        verdict of the elasticity, no_cost, no_price_allowed), price_now, price_best (paid price per unit, yuan), gain with
        gain_low and gain_high (yuan over 28 days, 95 %), step_loss (share of profit lost by a price one step off). Refused
        items stay, with empty numbers
    basis : one row per item_id: what the decision rests on. elasticity and its sd, units_now (a day, at price_now), units (in
        the recent days used), unit_cost, cost_source, fee, kept (share of money left after refunds), shipping (a unit),
        price_low, price_high (range seen), floor_yuan, probability (that price_best earns more than price_now), profit_now (a
        day), limit (which bound stops it), extrapolated (price_best outside the range seen), others_profit (a day, of the
        shop's own items that compete with it) and others_response (percent of it per percent of the item's price; both 0
        where nothing is counted). Gains and the curve's profit hold what the others gain or lose
    curve : one row per item_id and price_yuan: units_per_day with units_low and units_high, profit (a day) with low and high,
        observed (within the range seen), allowed (by the bounds)
    points : one row per item_id and group of like prices: units_per_day sold at it with low and high (chance of counts), at the
        level of recent days, the shop's busy and quiet days taken out; days
    tests : one row per item whose decision may flip, most instructive first: price_a (now), price_b, weeks (needed in all for a
        decision that is right with 90 % probability; missing: more than a year), right_low and right_high (probability of the
        right one of the two prices, now and after the test), worth (yuan over a year: expected profit of the better price less
        what testing loses). A test longer than 26 weeks is judged by what 26 weeks teach
    schedule : one row per item_id and week of the tests: week_start, price_yuan; ``campaign`` weeks are left out
    findings, method : as everywhere
    """

    table: pd.DataFrame
    basis: pd.DataFrame
    curve: pd.DataFrame
    points: pd.DataFrame
    tests: pd.DataFrame
    schedule: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method
