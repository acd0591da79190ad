"""tmall-nb: honest answers from a Tmall shop's export files.

Public names are loaded on first use, so that ``import tmall_nb`` stays light::

    import tmall_nb as tn
    shop = tn.load_shop("data/raw", "qingmu")
    price = tn.estimate_elasticity(shop)
    tn.say(price.findings, language="zh")
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_WHERE = {
    "tmall_nb.errors": "ExportError NotEnoughData ParameterError TmallError",
    "tmall_nb.shop": "Shop",
    "tmall_nb.exports.load": "load_shop check_shop",
    "tmall_nb.words": "say show label actions cards",
    "tmall_nb.report.save": "save load_saved",
    "tmall_nb.report.earlier": "load_earlier",
    "tmall_nb.analyses.inventory": "take_inventory",
    "tmall_nb.analyses.health": "review_health",
    "tmall_nb.analyses.decompose": "decompose_change",
    "tmall_nb.analyses.demand": "forecast_demand backtest_demand review_forecast replan_demand",
    "tmall_nb.analyses.replenishment": "plan_replenishment replan_replenishment",
    "tmall_nb.analyses.elasticity": "estimate_elasticity",
    "tmall_nb.analyses.pricing": "plan_prices try_price",
    "tmall_nb.analyses.discounts": "trace_discounts",
    "tmall_nb.analyses.keywords": "score_keywords find_keywords reprice_keywords",
    "tmall_nb.analyses.titles": "write_titles",
    "tmall_nb.analyses.attribution": "attribute_paths compare_channels",
    "tmall_nb.analyses.media_mix": "fit_media_mix plan_budget pool_media_mix Beliefs",
    "tmall_nb.analyses.geo": "design_geo_test read_geo_test rehearse_geo_test",
    "tmall_nb.analyses.cohorts": "track_cohorts",
    "tmall_nb.analyses.customers": "value_customers list_segments read_touch",
    "tmall_nb.analyses.campaign": "review_campaign measure_uplift synthetic_control",
    "tmall_nb.analyses.campaign_plan": "plan_campaign",
    "tmall_nb.analyses.method_check": "score_methods",
    "tmall_nb.method_check": "check_methods",
    "tmall_nb.report.sheets": "write_bid_sheets",
}
_NAMES = {name: module for module, names in _WHERE.items() for name in names.split()}
_MODULES = ("charts", "demo", "explore", "stats")

__all__ = [*sorted(_NAMES), *_MODULES, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        value = getattr(import_module(_NAMES[name]), name)
    elif name in _MODULES:
        value = import_module(f"tmall_nb.{name}")
    else:
        from tmall_nb.errors import closest

        hint = ", ".join(closest(name, [*_NAMES, *_MODULES]))
        raise AttributeError(f"module 'tmall_nb' has no attribute {name!r}" + (f"; did you mean {hint}?" if hint else ""))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
