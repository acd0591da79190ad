"""The results of the keyword analyses."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from tmall_nb.analyses.result import Finding, Method

SUMMARY = [
    *("keyword", "verdict", "spend", "cost_per_click"),
    *("order_per_click", "low", "high", "max_bid_yuan", "max_bid_yuan_low", "max_bid_yuan_high"),
]
VERDICTS = ("raise", "keep", "lower", "negative", "not_enough_data")


@dataclass(frozen=True, slots=True)
class KeywordResult:
    """Order rate, value, bid and verdict of every ad keyword.

    Attributes
    ----------
    table : one row per keyword, in the order given (a shop's: most spend first): kind (brand, generic), impressions,
        clicks, ad_orders, ad_sales, spend, cost_per_click; order_per_click with low and high (orders per click, 0-1);
        value_per_order, value_per_click (yuan), max_bid_yuan, profit_yuan (expected over the same clicks, after spend; empty
        without a margin), each of the last three with its ``_low`` and ``_high``; loss_probability (0-1);
        wasted_yuan (loss that is certain at ``method.level``); rank (1 is the surest headroom over the price paid; bids
        not known to a factor of four come after); verdict
    tokens : one row per word root: keywords, clicks, spend, effect with low and high (multiplies the odds of an order;
        1 is no effect), verdict (helps, hurts, no_difference)
    stages : one row per keyword and stage (impression_to_click, click_to_cart, cart_to_order or click_to_order): rate,
        low, high, peer_rate, gap_share (part of the shortfall of orders per impression against its peers that falls on
        the stage, 0-1), lost_orders with ``_low`` and ``_high`` (against the peers' rate), weakest
    kinds : one row per kind: keywords, clicks, spend, ad_orders, ad_sales, order_per_click, low, high, roas
    places : one row per keyword and place it is bought in: plan_id, plan, unit_id, unit, entity_id (all text), clicks,
        spend; no rows where the plans are not known
    findings, method : as everywhere
    """

    table: pd.DataFrame
    tokens: pd.DataFrame
    stages: pd.DataFrame
    kinds: pd.DataFrame
    places: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method

    @property
    def summary(self) -> pd.DataFrame:
        """The columns of ``table`` that decide, in the same order: what is paid, what a click brings, the highest bid."""
        return self.table[SUMMARY]


@dataclass(frozen=True, slots=True)
class OpportunityResult:
    """Search terms worth a look: not bought, not reached, rising, or bought although they come for free.

    Attributes
    ----------
    table : one row per keyword not in the ads: source (own, market), visitors, buyers, conversion_rate with low and
        high, value_per_visitor (yuan) with ``_low`` and ``_high``, suggested_bid_yuan, demand_low and demand_high
        (search popularity × conversion rate, a range in the platform's index), probability_better (of beating a
        random other term, 0-1), verdict (buy, test, watch, not_enough_data)
    unreached : one row per market term: search_popularity_low, search_popularity_high, conversion_rate_low,
        conversion_rate_high, demand_low, demand_high, visitors (the shop's own), probability_better, verdict
        (not_reached: neither bought nor among the shop's search terms; ads_only; weak; reached)
    rising : one row per own term: recent, before (visitors per day), growth with low and high (ratio),
        probability_rising, season_next (visits of the coming four weeks over the last four, a year ago; the term's share of
        ad clicks where the own search report is shorter) with season_low and season_high, verdict (rising,
        season_coming, steady, falling)
    overlaps : one row per bought term with free visitors: spend, clicks, visitors, slope with low and high (free
        visitors per ad click), p_value (one-sided), verdict (suspected, possible, no_sign, not_enough_data), test_days
    findings, method : as everywhere
    """

    table: pd.DataFrame
    unreached: pd.DataFrame
    rising: pd.DataFrame
    overlaps: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method
