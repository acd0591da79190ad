"""The result of ``estimate_elasticity``."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from tmall_nb.analyses.result import Finding, Method

VERDICTS = ("ok", "not_enough_data", "weak_instrument", "implausible")


@dataclass(frozen=True, slots=True)
class ElasticityResult:
    """Own-price elasticity of each item.

    Attributes
    ----------
    table : one row per item_id: category, elasticity with low and high (change of units in percent per percent of price, 95 %),
        price_changes (days whose price differs by more than 1 % from the day before), days, units (over the days used),
        price_yuan (mean, geometric), price_low, price_high (range seen), campaign_lift (extra units on campaign days beyond
        the price, as a ratio; empty without such days), verdict. Items that cannot be answered stay, with empty numbers
    curve : one row per item_id and price_yuan over the range seen: units_per_day with low and high
    categories : one row per category: items, elasticity with low and high (mean of its items), spread (sd between its items)
    checks : one row: day_effects, f_statistic of the instrument, temper (what the likelihood was divided by), campaign_days,
        censored_days, converged
    findings, method : as everywhere
    """

    table: pd.DataFrame
    curve: pd.DataFrame
    categories: pd.DataFrame
    checks: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method
