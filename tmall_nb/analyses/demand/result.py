"""What a demand forecast and its backtest return."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from tmall_nb.analyses.result import Finding, Method

__all__ = ["BacktestResult", "DemandResult", "ReviewResult"]


@dataclass(frozen=True, slots=True)
class DemandResult:
    """Units of each item, day by day.

    Attributes
    ----------
    table : one row per item_id, most expected sales first: item_title, category, verdict (``ok``, ``new``, ``dying``,
        ``not_enough_data``), model, days (of history), units, low, high (80 %, whole horizon), recent_units (last four weeks),
        price_yuan, abc, xyz; where the shop has stock: stock_units (newest closing stock), short_units, short_units_low,
        short_units_high (demand beyond it)
    forecast : one row per item_id and date: units (mean), low_80, high_80, low_95, high_95, median, lift_spread (standard
        deviation of the log lift on days of a rare event, 0 on other days)
    groups : one row per level (``category``, ``shop``), group and date: units; sums of the items by construction
    models : one row per candidate model: error (1 = the four-week weekday mean), used
    windows : one row per item_id, origin and date of the out-of-sample windows: units (forecast), actual
    events : one row per campaign that touches history or horizon: campaign, campaign_type, start, end, ahead
    findings : most important first
    method : assumptions, dates, rows used and set aside
    history : one row per item_id and date of the last twelve weeks: units as sold (null where not seen)
    totals : one row per level (``shop``, ``category``) and group: items, units, low, high (80 % of the sum, by past windows;
        null under three windows), recent_units (last four weeks)
    phases : one row per campaign and phase that touches history or horizon: campaign, phase, start, end
    responses : one row per item_id: price_effect (log units per log price) and promotion_effect (log units of a promotion day),
        each with _low and _high (80 %); null where the past does not show it, and for all but the 300 best sellers
    """

    table: pd.DataFrame
    forecast: pd.DataFrame
    groups: pd.DataFrame
    models: pd.DataFrame
    windows: pd.DataFrame
    events: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method
    history: pd.DataFrame = field(default_factory=pd.DataFrame)
    totals: pd.DataFrame = field(default_factory=pd.DataFrame)
    responses: pd.DataFrame = field(default_factory=pd.DataFrame)
    phases: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """Forecasts made as of earlier days, beside what came.

    Attributes
    ----------
    table : one row per item_id and origin: mase, rmsse, pinball, coverage_80, days, mean_error (of the four-week weekday mean)
    forecast : one row per item_id, origin and date: units, low_80, high_80, low_95, high_95, actual
    origins : one row per origin: mase, rmsse, pinball, coverage_80, model, mean_error (of the four-week weekday mean, MASE)
    findings, method : as everywhere
    calibration : one row per group (``all``, classes ``A`` to ``C``, part of the horizon ``w1`` …) and interval (0.8, 0.95):
        inside (share of days in it), low, high (lowest and highest origin), count (days)
    """

    table: pd.DataFrame
    forecast: pd.DataFrame
    origins: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method
    calibration: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True, slots=True)
class ReviewResult:
    """How saved forecasts did.

    Attributes
    ----------
    table : one row per class of items as of the forecast (``all``, ``A``, ``B``, ``C``): forecasts, items, days_since,
        sold_units, sum_error (absolute errors of each item's total / units), day_error (same, by item and day), mean_day_error
        (of the four-week weekday mean), bias, bias_low, bias_high (80 %, null under three weeks), coverage_80
    origins : one row per saved forecast: origin (its last known day), days (that have come since), day_error, bias, coverage_80
    path : one row per date of the newest saved forecast that has come: units (of all items), actual, low_80, high_80
    findings, method : as everywhere
    """

    table: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method
    origins: pd.DataFrame = field(default_factory=pd.DataFrame)
    path: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def opening(self) -> tuple[Finding, ...]:
        """The findings where a saved forecast has come; none on the first run, whose answer then opens the report."""
        return self.findings if len(self.table) else ()
