"""Demand: forecast, backtest, and review of earlier forecasts."""

from tmall_nb.analyses.demand.backtest import backtest_demand
from tmall_nb.analyses.demand.forecast import forecast_demand
from tmall_nb.analyses.demand.result import BacktestResult, DemandResult, ReviewResult
from tmall_nb.analyses.demand.review import review_forecast
from tmall_nb.analyses.demand.what_if import replan_demand

__all__ = [
    "BacktestResult",
    "DemandResult",
    "ReviewResult",
    "backtest_demand",
    "forecast_demand",
    "replan_demand",
    "review_forecast",
]
