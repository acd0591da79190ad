"""What a demand forecast and its backtest return."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from tmall_nb.analyses.result import Finding, Method

__all__ = ["BacktestResult", "DemandResult", "ReviewResult"]


@dataclass(frozen=True, slots=True)
class DemandResult:
    """Units of each item, day by day.

    Attributes
    ----------
    table : one row per item_id: item_title, category, verdict (``ok``, ``new``, ``dying``, ``not_enough_data``), model, days
        (of history), units, low, high (80 %, whole horizon), recent_units (last four weeks), price_yuan, abc, xyz
    forecast : one row per item_id and date: units, low_80, high_80, low_95, high_95
    groups : one row per level (``category``, ``shop``), group and date: units; sums of the items by construction
    models : one row per candidate model: error (1 = the four-week weekday mean), used
    windows : one row per item_id, origin and date of the out-of-sample windows: units (forecast), actual
    events : one row per campaign that touches history or horizon: campaign, campaign_type, start, end, ahead
    findings : most important first
    method : assumptions, dates, rows used and set aside
    """

    table: pd.DataFrame
    forecast: pd.DataFrame
    groups: pd.DataFrame
    models: pd.DataFrame
    windows: pd.DataFrame
    events: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """Forecasts made as of earlier days, beside what came.

    Attributes
    ----------
    table : one row per item_id and origin: mase, rmsse, pinball, coverage_80, days
    forecast : one row per item_id, origin and date: units, low_80, high_80, low_95, high_95, actual
    origins : one row per origin: mase, rmsse, pinball, coverage_80, model, mean_error (of the four-week weekday mean, MASE)
    findings, method : as everywhere
    """

    table: pd.DataFrame
    forecast: pd.DataFrame
    origins: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method


@dataclass(frozen=True, slots=True)
class ReviewResult:
    """How a saved forecast did.

    Attributes
    ----------
    table : one row per class of items (``A``, ``B``, ``C``, ``all``): items, days, error (share of units), bias, coverage_80
    findings, method : as everywhere
    """

    table: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method
