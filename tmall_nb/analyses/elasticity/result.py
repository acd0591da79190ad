"""The result of ``estimate_elasticity``."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from tmall_nb.analyses.result import Finding, Method

VERDICTS = ("ok", "not_enough_data", "weak_instrument", "implausible")


@dataclass(frozen=True, slots=True)
class ElasticityResult:
    """Own-price elasticity of each item.

    Attributes
    ----------
    table : one row per item_id: category, elasticity with low and high (change of units in percent per percent of the usual
        price, 95 %; cuts tell of it as far as they are not seen to count more, see promotion_apart),
        price_changes (days whose price differs by more than 1 % from the day before), days, units (over the days used),
        price_yuan (mean, geometric), price_low, price_high (range seen), campaign_lift (extra units on campaign days beyond
        the price, as a ratio; empty without such days), own_share (share of the answer that rests on the item's own data, the
        rest on its category), verdict, reason (empty, or too_few_days, too_few_units, too_few_price_changes,
        always_on_promotion, only_with_campaign, weak_instrument, wrong_sign, too_large,
        interval_too_wide). Items that cannot be answered stay,
        with empty numbers
    curve : one row per item_id and price_yuan over the range seen: units_per_day with low and high
    categories : one row per category: items, elasticity with low and high (mean of its items), spread (sd between its items)
    checks : one row: day_effects, f_statistic of the instrument, temper (what the likelihood was divided by), campaign_days,
        censored_days, converged, overall with overall_low and overall_high (mean weighted by units), stock_bias and
        stock_bias_heavy (by how much the mean would be too small in size if 5 % of item-days, or 40 % of campaign item-days,
        had sold out unseen; empty where stock is known), price_source, promotion_apart (probability that cuts count more
        than a move of the usual price; empty with fewer than three items or five days of cuts)
    promotion : one row per item_id: base_elasticity (moves of the usual price) and promotion_elasticity (cuts of more than 2 %
        below it), each with low and high; promotion_days, days, verdict (ok, always_on_promotion, never_on_promotion,
        base_price_never_moves). At most the 1,000 items with most units, as in the next two
    reference : one row per item_id: effect with low and high (percent of units per percent of the struck-through price, paid
        price unchanged), list_changes, verdict; empty where that price moves for fewer than three items
    competition : one row per category of two or more items: effect with low and high (percent of an item's units per percent
        that all other prices of the category move, weighted by what they sell; categories drawn together as far as they agree),
        items, verdict (competes, helps, unclear)
    rivals : one row per item_id and rival_id of one category of up to 60 items: effect with low and high (percent of the
        item's units per percent of the rival's price), days, verdict (steals: a cut of the rival costs the item sales; helps;
        unclear)
    effects : one row per part (promotion: promotion_elasticity less base_elasticity; reference; cross: all rivals' prices
        together): value with low and high, mean over items
    second : one row per second estimate of the mean elasticity (order_times, linear_iv): elasticity with low and high,
        first_elasticity (the main one), items, rows
    findings, method : as everywhere
    """

    table: pd.DataFrame
    curve: pd.DataFrame
    categories: pd.DataFrame
    checks: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method
    promotion: pd.DataFrame = field(default_factory=pd.DataFrame)
    reference: pd.DataFrame = field(default_factory=pd.DataFrame)
    competition: pd.DataFrame = field(default_factory=pd.DataFrame)
    rivals: pd.DataFrame = field(default_factory=pd.DataFrame)
    effects: pd.DataFrame = field(default_factory=pd.DataFrame)
    second: pd.DataFrame = field(default_factory=pd.DataFrame)
