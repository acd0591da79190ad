"""What a replenishment plan returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.analyses.result import Finding, Method
from tmall_nb.stats.replenishment import SumDemand

__all__ = ["Basis", "ReplenishmentResult"]


@dataclass(frozen=True, slots=True)
class Basis:
    """What a plan is made from, kept so that it can be made anew with another goal, budget or demand.

    Attributes
    ----------
    items : one row per item of the forecast: item_id, item_title, stock, supply, cost, margin, days until the delivery and
        until the next one (``lead``, ``beyond``, in periods of the forecast), ``state`` (``ok`` or why no plan can be made)
    sums : demand over the first k periods; more : (S, H) spread of the log on days of events ahead
    units, told, actual : forecast (S, H), and forecast and units of past windows (W, S, H)
    dates : (H,) days of the forecast; events : campaigns ahead
    kind : ``history``, ``snapshot``, ``none`` or ``given`` (a frame)
    method : assumptions and what was set aside
    """

    items: pd.DataFrame
    sums: SumDemand
    more: np.ndarray
    units: np.ndarray
    told: np.ndarray
    actual: np.ndarray
    dates: pd.DatetimeIndex
    events: pd.DataFrame
    kind: str
    method: Method


@dataclass(frozen=True, slots=True)
class ReplenishmentResult:
    """What to order, how much and by when. Items with most money at stake come first; ``low``/``high`` are 95 % throughout.

    Attributes
    ----------
    table : one row per item_id: item_title, verdict (``order_late``, ``order_now``, ``order_later``, ``enough``, ``slow``,
        ``stopped``, ``stock_unknown``, ``horizon_too_short``, ``not_enough_data``), reorder_point (stock and inbound below it:
        order up to it), order_units, low, high (the order that would prove right), order_by (last safe day), stockout_risk
        (before the next order's goods, if nothing is ordered now)
    detail : one row per item_id: stock_units, inbound_units, lead_time_days, review_days, expected_units (until the next
        order's goods), safety_units, days_of_cover, low, high, unit_cost, unit_margin
    risks : one row per item_id that may run out, most money first: stockout_risk, lost_units, lost_yuan, low, high (margin
        lost if nothing is ordered), too_late_units (lost before an order placed today arrives)
    priority : one row per item_id to order, most saved per yuan first: wanted_units, order_units, cash_yuan, cash_so_far,
        saved_yuan, low, high, saved_per_yuan, verdict (``funded``, ``part_funded``, ``not_funded``)
    cash : one row per measure (``order_cash``, ``stock_left``, ``margin_saved``, ``margin_too_late``): yuan, low, high
    slow : one row per item_id with stock for more than 90 days: days_of_cover, low, high, excess_units,
        cash_yuan, cash_yuan_low, cash_yuan_high (at cost)
    campaigns : one row per campaign ahead and item_id: start, end, expected, low, high, need_units, have_units, short_units,
        saved_yuan, saved_yuan_low, saved_yuan_high, order_by, verdict
    path : one row per item_id and date for the items with most at stake: without, without_low, without_high, planned
        (expected stock, with 95 % bounds, if nothing is ordered, and with the order)
    findings, method : as everywhere
    basis : what the plan was made from; ``replan_replenishment`` reads it
    """

    table: pd.DataFrame
    detail: pd.DataFrame
    risks: pd.DataFrame
    priority: pd.DataFrame
    cash: pd.DataFrame
    slow: pd.DataFrame
    campaigns: pd.DataFrame
    path: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method
    basis: Basis
