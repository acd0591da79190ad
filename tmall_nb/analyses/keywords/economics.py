"""From posterior order rates to value, bid, profit and verdict of each keyword."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tmall_nb.stats.keywords import RateScores, shrink_values

Array = NDArray[np.float64]

ACT = 0.85  # probability at which a bid is moved
WRONG = 0.3  # expected share of wrongly stopped keywords, as a part of 1 - level
WIDE = 4.0  # a bid range wider than this factor decides nothing


@dataclass(frozen=True, slots=True)
class Scored:
    """Posteriors of all keywords.

    Attributes
    ----------
    rates : order rates
    without_one : the same had the keyword had one order fewer: one lucky order moves no bid up and no rank
    value, log_sd : value per order (yuan) and the sd of its log, each shape (rows,)
    """

    rates: RateScores
    without_one: RateScores
    value: Array
    log_sd: Array


def price_keywords(
    rows: pd.DataFrame, scores: Scored, margin: float | None, target_roas: float | None, level: float
) -> pd.DataFrame:
    """Columns of ``KeywordResult.table`` from the posterior.

    Bids: order rate × value per order × margin (or ÷ target ROAS). The interval of rate × value adds the two log
    distances in quadrature; probabilities come from the exact posterior.

    Parameters
    ----------
    scores : posteriors; ``below`` is P(value per click < needed) for break-even and for the bid's aim
    """
    worth, log_sd, rates = scores.value, scores.log_sd, scores.rates
    table = rows[["keyword", "impressions", "clicks", "ad_orders", "ad_sales", "spend"]].copy()
    clicks, spend = rows["clicks"].to_numpy(float), rows["spend"].to_numpy(float)
    cost, usual = click_costs(rows)
    table["cost_per_click"] = cost
    table["order_per_click"], table["low"], table["high"] = rates.mean, rates.low, rates.high
    table["value_per_order"] = worth
    per_click = rates.mean * worth
    low, high = _range(rates, worth, log_sd, level)
    table["value_per_click"], table["value_per_click_low"], table["value_per_click_high"] = per_click, low, high
    factor = 1 / target_roas if target_roas else float(margin or 0.0)
    table["max_bid_yuan"], table["max_bid_yuan_low"], table["max_bid_yuan_high"] = (
        per_click * factor,
        low * factor,
        high * factor,
    )
    gain = np.nan if margin is None else margin
    for name, worth_of_click in (("profit_yuan", per_click), ("profit_yuan_low", low), ("profit_yuan_high", high)):
        table[name] = worth_of_click * gain * clicks - spend
    break_even = factor if margin is None else margin
    table["loss_probability"] = rates.below[0]
    table["wasted_yuan"] = np.where(np.isfinite(cost), np.maximum(spend - high * break_even * clicks, 0.0), 0.0)
    cautious = _range(scores.without_one, worth, log_sd, level)[0]
    wide = (table["max_bid_yuan_high"] > WIDE * table["max_bid_yuan_low"]).to_numpy()
    table["rank"] = _rank(cautious * factor / usual, wide, np.isfinite(cost))
    table["verdict"] = _verdicts(table, rates.below, scores.without_one.below[2], level)
    return table


def needed_rates(rows: pd.DataFrame, worth: Array, margin: float | None, target_roas: float | None) -> Array:
    """Order rates at which a click pays for itself, shape (3, rows): break-even, the aim of the bid, and the aim at the
    keyword's usual price where that is higher (the price of one or two clicks is luck too)."""
    cost, usual = click_costs(rows)
    aim = 1 / target_roas if target_roas else float(margin or 0.0)
    return np.vstack(
        [cost / (worth * (aim if margin is None else margin)), cost / (worth * aim), np.maximum(cost, usual) / (worth * aim)]
    )


def certain_losers(loss: Array, level: float) -> NDArray[np.bool_]:
    """Which keywords to stop: each loses with probability ``level``, and of all of them together few wrongly.

    The surest come first, as long as the expected share of wrongly stopped ones stays under 3 % (at ``level`` .9): the
    Bayesian false discovery rate (Müller, Parmigiani & Rice 2006). NaN is never among them.
    """
    doubt = np.where(np.isfinite(loss), 1 - loss, 1.0)
    order = np.argsort(doubt, kind="stable")
    together = np.cumsum(doubt[order]) / np.arange(1, doubt.size + 1)
    chosen = np.zeros(doubt.size, dtype=bool)
    chosen[order] = (together <= WRONG * (1 - level)) & (doubt[order] <= 1 - level)
    return chosen


def click_costs(rows: pd.DataFrame) -> tuple[Array, Array]:
    """Price per click paid (NaN without clicks or spend) and the same shrunk to the shop's by clicks, shape (rows,)."""
    clicks, spend = rows["clicks"].to_numpy(float), rows["spend"].to_numpy(float)
    cost = np.divide(spend, clicks, out=np.full(clicks.shape, np.nan), where=(clicks > 0) & (spend > 0))
    return cost, shrink_values(clicks, spend)[0]


def _range(scores: RateScores, worth: Array, log_sd: Array, level: float) -> tuple[Array, Array]:
    from scipy.special import ndtri

    reach = float(ndtri((1 + level) / 2)) * log_sd
    down = np.hypot(np.log(scores.mean / scores.low), reach)
    up = np.hypot(np.log(scores.high / scores.mean), reach)
    return scores.mean * worth * np.exp(-down), scores.mean * worth * np.exp(up)


def _rank(headroom: Array, wide: NDArray[np.bool_], paid: NDArray[np.bool_]) -> NDArray[np.int64]:
    """1 is the keyword whose surest bid exceeds its usual price by most; those whose bid is hardly known come after, as
    their place rests on other keywords, and those never paid for last."""
    rank = np.empty(headroom.size, dtype=np.int64)
    rank[np.lexsort((-np.nan_to_num(headroom), wide, ~paid))] = np.arange(1, headroom.size + 1)
    return rank


def _verdicts(table: pd.DataFrame, below: Array, over_without_one: Array, level: float) -> pd.Series:
    loss, over = below[0], below[1]
    wide = (table["max_bid_yuan_high"] > WIDE * table["max_bid_yuan_low"]).to_numpy()
    verdict = np.where(wide, "not_enough_data", "keep").astype(object)
    verdict[np.maximum(over, over_without_one) <= 1 - ACT] = "raise"
    verdict[over >= ACT] = "lower"
    verdict[certain_losers(loss, level)] = "negative"
    verdict[~np.isfinite(table["cost_per_click"].to_numpy())] = "not_enough_data"
    return pd.Series(verdict, index=table.index, dtype="str")
