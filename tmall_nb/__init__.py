"""tmall-nb: honest answers from a Tmall shop's export files.

Public names are loaded on first use, so that ``import tmall_nb`` stays light::

    import tmall_nb as tn
    shop = tn.load_shop("data/raw", "qingmu")
    price = tn.estimate_elasticity(shop)
    tn.say(price.findings, language="zh")
"""

from __future__ import annotations

from tmall_nb.lazy import lazy_names

__version__ = "0.1.0"

_WHERE = {
    "errors": "ExportError NotEnoughData ParameterError TmallError",
    "shop": "Shop",
    "exports.load": "load_shop check_shop",
    "words": "say show label actions cards",
    "report.save": "save load_saved",
    "report.earlier": "load_earlier",
    "analyses.inventory": "take_inventory",
    "analyses.health": "review_health",
    "analyses.decompose": "decompose_change",
    "analyses.demand": "forecast_demand backtest_demand review_forecast replan_demand",
    "analyses.replenishment": "plan_replenishment replan_replenishment",
    "analyses.elasticity": "estimate_elasticity",
    "analyses.pricing": "plan_prices try_price",
    "analyses.discounts": "trace_discounts",
    "analyses.keywords": "score_keywords find_keywords reprice_keywords",
    "analyses.titles": "write_titles",
    "analyses.attribution": "attribute_paths compare_channels",
    "analyses.media_mix": "fit_media_mix plan_budget pool_media_mix save_pooled Beliefs",
    "analyses.geo": "design_geo_test read_geo_test rehearse_geo_test",
    "analyses.cohorts": "track_cohorts",
    "analyses.customers": "value_customers list_segments read_touch",
    "analyses.campaign": "review_campaign measure_uplift synthetic_control",
    "analyses.campaign_plan": "plan_campaign",
    "analyses.method_check": "score_methods",
    "method_check": "check_methods",
    "report.sheets": "write_bid_sheets",
}
_EXPORTED, __getattr__, __dir__ = lazy_names(__name__, _WHERE, modules=("charts", "demo", "explore", "stats"))

__all__ = [*_EXPORTED, "__version__"]
