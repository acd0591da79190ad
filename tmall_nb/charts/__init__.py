"""Charts: functions of a result that return a figure; they draw and compute no statistic. Loaded on first use."""

from __future__ import annotations

from tmall_nb.lazy import lazy_names

# module: the charts in it; add a line for a new one.
_WHERE = {
    "demand": "backtest_origins demand_classes demand_fan demand_items interval_cover review_path",
    "replenishment": "campaign_stock order_priority reorder_points slow_stock stock_at_risk stock_projection",
    "elasticity": "demand_curves elasticity_forest",
    "pricing": "price_gains profit_curves",
    "discounts": "cart_sizes depth_payoff discount_ladder",
    "campaign_plan": "plan_ratios plan_signals plan_stock",
    "campaign": "campaign_factors campaign_items campaign_path campaign_placebos campaign_profit campaign_sources "
    "campaign_study",
    "campaign_evidence": "campaign_hours campaign_kinds campaign_later campaign_placebo_items campaign_target",
    "attribution": "channel_returns path_credit spend_pacing",
    "geo": "geo_test_design geo_test_path",
    "media_mix": "budget_plans budget_split demand_sensitivity response_curves sales_baseline",
    "cohorts": "cohort_triangle new_and_returning retention_ahead second_order_curve segment_repurchase",
    "customers": "list_sizes order_calibration segment_values source_values touch_effect value_concentration",
    "keywords": "bid_ranges demand_reach root_effects stage_losses verdict_spend",
    "titles": "title_coverage",
    "method_check": "coverage_shares method_errors",
    "inventory": "ready_analyses report_days",
    "health": "change_bridge daily_sales order_clock province_shares refund_weeks source_changes",
}
__all__, __getattr__, __dir__ = lazy_names(__name__, _WHERE, what="chart")
