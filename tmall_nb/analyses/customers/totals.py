"""Figures of the whole shop: sums over buyers, sales at risk, what a new buyer is worth and costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tmall_nb.analyses.customers.ahead import Ahead
from tmall_nb.analyses.customers.models import Choice
from tmall_nb.analyses.customers.sources import NewBuyer
from tmall_nb.stats.proportions import poisson

__all__ = ["Sure", "new_buyer", "shop_totals", "with_cost"]

Z = 1.959964
TOTALS = ["metric", "value", "low", "high", "count"]


@dataclass(frozen=True, slots=True)
class Sure:
    """How sure the figures of the whole shop are: log standard errors, by what they come from."""

    ahead: Ahead
    spend_error: float
    orders_chance: float
    value_chance: float


def new_buyer(table: pd.DataFrame, choice: Choice, sure: Sure | None, horizon_days: int) -> NewBuyer | None:
    """Value of a new buyer: the first order and the repeat orders within the horizon."""
    if choice.fit is None or sure is None:
        return None
    again = float(np.asarray(choice.fit.expected_purchases(float(horizon_days))))
    each = float(table["net_amount"].sum() / (table["frequency"] + 1).sum())
    error = float(np.hypot(sure.spend_error, again / (1 + again) * np.hypot(sure.ahead.total_error, choice.miss)))
    ages, place = np.unique(table["age_days"], return_inverse=True)
    expected = np.asarray(choice.fit.expected_purchases(ages))[place]
    return NewBuyer(each * (1 + again), again, error, expected)


def shop_totals(
    table: pd.DataFrame, sure: Sure | None, new_buyer: NewBuyer | None, miss: float, *, margin: float | None
) -> pd.DataFrame:
    """Return metric, value, low, high, count: sums over buyers, share of sales at risk, what a new buyer is worth."""
    rows: list[tuple[Any, ...]] = []
    count = len(table)
    if sure is not None:
        orders, value = float(table["expected_orders"].sum()), float(table["expected_value_yuan"].sum(min_count=1))
        wide = np.exp(Z * np.sqrt(sure.ahead.total_error**2 + miss**2 + sure.orders_chance**2))
        errors = (sure.ahead.total_error, miss, sure.value_chance, sure.spend_error)
        wider = np.exp(Z * np.sqrt(np.sum(np.square(errors))))
        rows += [("expected_orders", orders, orders / wide, orders * wide, count)]
        rows += [("expected_value_yuan", value, value / wider, value * wider, count)]
        rows += _at_risk(table, sure.ahead)
    if new_buyer is not None:
        wide = float(np.exp(Z * new_buyer.error))
        for name, share in (("new_buyer_value", 1.0), *([("allowed_cost", margin)] if margin is not None else [])):
            middle = new_buyer.value * share
            rows.append((name, middle, middle / wide, middle * wide, count))
    return pd.DataFrame(rows, columns=TOTALS)


def _at_risk(table: pd.DataFrame, ahead: Ahead) -> list[tuple[Any, ...]]:
    """Share of last year's net sales expected to come from buyers who have left, and of those with a chance below one half."""
    recent = table["recent_amount"].clip(lower=0)
    if recent.sum() <= 0:
        return []
    middle, wide = np.log(ahead.lost / (1 - ahead.lost)), Z * ahead.lost_error
    low, high = (float(1 / (1 + np.exp(-v))) for v in (middle - wide, middle + wide))
    unsure = table["p_alive"] < 0.5
    listed = float(recent[unsure].sum() / recent.sum())
    return [
        ("at_risk", ahead.lost, low, high, int((recent > 0).sum())), ("likely_gone", listed, np.nan, np.nan, int(unsure.sum())),
    ]  # fmt: skip


def with_cost(totals: pd.DataFrame, cost: pd.Series | None) -> pd.DataFrame:
    """Add what ads spend on a new buyer; its interval is that of the count of new buyers."""
    if cost is None or not np.isfinite(cost["cost_per_new_buyer"]):
        return totals
    few, many = poisson(cost["ad_new_buyers"])
    ends = (cost["spend"] / float(many), cost["spend"] / float(few))
    row = ("ad_cost_per_new_buyer", cost["cost_per_new_buyer"], *ends, int(cost["ad_new_buyers"]))
    return pd.DataFrame([*totals.itertuples(index=False, name=None), row], columns=TOTALS)
