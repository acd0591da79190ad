"""Which tables each notebook needs, and which make its answer better.

``required`` is a list of alternatives: one table of each group must be there. ``useful`` tables are used where present.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["NEEDS", "Needs"]


@dataclass(frozen=True, slots=True)
class Needs:
    """What one notebook reads: groups of alternative tables, and tables that help."""

    notebook: str
    required: tuple[tuple[str, ...], ...]
    useful: tuple[str, ...] = ()

    def lacking(self, present: set[str]) -> list[tuple[str, ...]]:
        """Return the groups of which no table is present."""
        return [group for group in self.required if not set(group) & present]


def _needs(notebook: str, required: str, useful: str = "") -> Needs:
    groups = tuple(tuple(group.split("|")) for group in required.split())
    return Needs(notebook, groups, tuple(useful.split()))


NEEDS: Mapping[str, Needs] = {
    "inventory": _needs("00_start_here", ""),
    "health": _needs(
        "10_store_health", "orders|shop_daily|product_daily", "traffic_source refunds ads product_daily shop_daily orders"
    ),
    "keywords": _needs("21_keyword_effectiveness", "ads", "search_own search_market product_master product_daily"),
    "attribution": _needs(
        "22_ad_attribution",
        "ads shop_daily|orders|product_daily",
        "shop_daily orders paths cps_orders offsite_spend refunds search_market ad_tests",
    ),
    "elasticity": _needs(
        "30_price_elasticity",
        "product_daily|order_items",
        "order_items orders costs stock enrolment price_stack promo_tool_daily product_master",
    ),
    "campaign": _needs(
        "31_campaign_postmortem",
        "shop_daily|orders|product_daily",
        "campaign_summary enrolment product_daily orders refunds traffic_source ads promo_tool_daily costs targets stock "
        "cs_daily",
    ),
    "campaign_plan": _needs(
        "32_campaign_plan",
        "shop_daily|orders|product_daily",
        "campaign_summary enrolment product_daily stock costs cs_daily plan",
    ),
    "cohorts": _needs(
        "40_cohort_retention", "orders|returning_daily|shop_daily", "orders returning_daily order_items campaign_summary"
    ),
    "customers": _needs("41_customer_value", "orders", "order_items refunds costs ads shop_daily"),
    "demand": _needs(
        "50_demand_forecast",
        "product_daily|order_items",
        "stock enrolment campaign_summary plan product_master order_items lead_times",
    ),
    "replenishment": _needs(
        "51_replenishment",
        "product_daily|order_items",
        "stock lead_times costs plan product_master campaign_summary enrolment order_items",
    ),
    "method_check": _needs("90_method_check", ""),
}
