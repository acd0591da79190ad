"""Collects the truth of a drawn world for ``truth.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from tmall_nb.demo import buyers as buyers_part
from tmall_nb.demo import orders as orders_part
from tmall_nb.demo.ads import CHANNELS, response
from tmall_nb.demo.campaigns import CampaignTruth
from tmall_nb.demo.items import CROSS, ORDINARY, PASS_THROUGH
from tmall_nb.demo.keywords import IDIOSYNCRATIC
from tmall_nb.demo.paths import PathTruth
from tmall_nb.demo.truth import Truth
from tmall_nb.demo.world import World

__all__ = ["collect", "geo_truth"]


RECENT, AHEAD = 56, 28  # days
SPENDS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)  # multiples of the spend there was


def _ordinary_units(world: World) -> np.ndarray:
    """Expected units a day at the ordinary price, other items' prices as they are, over the recent days without a campaign."""
    items = world.items
    days = np.flatnonzero((world.days.phase == 0).all(axis=0))[-RECENT:]
    gap = np.log(items.price_cents[:, days] / (items.list_cents * ORDINARY)[:, None])
    return (world.expected[:, days] / np.exp(items.elasticity[:, None] * gap)).mean(axis=1)


def _items(world: World) -> dict[str, dict[str, Any]]:
    items, stock = world.items, world.stock
    expected, ordinary = world.expected, _ordinary_units(world)
    return {
        items.ids[n]: {
            "title": items.titles[n],
            "category": items.categories[items.category[n]],
            "elasticity": items.elasticity[n],
            "refund_rate": items.refund[n],
            "quality": items.quality[n],
            "loading": world.demand.loading[n],
            "units_sold": int(stock.sold[n].sum()),
            "units_wanted": int(stock.wanted[n].sum()),
            "expected_units": float(expected[n].sum()),
            "expected_last_28_days": float(expected[n, -AHEAD:].sum()),
            "expected_by_day": expected[n, -AHEAD:].tolist(),
            "wanted_by_day": stock.wanted[n, -AHEAD:].tolist(),
            "ordinary_price_yuan": items.list_cents[n] * ORDINARY / 100,
            "ordinary_units": ordinary[n],
            "unit_cost_yuan": items.cost_cents[n, -1] / 100,
            "stock_out_days": int(((stock.sold[n] == stock.opening[n]) & (stock.wanted[n] > stock.sold[n])).sum()),
        }
        for n in range(items.count)
    }


def _ads(world: World) -> dict[str, dict[str, Any]]:
    price = world.items.price_cents / 100.0
    out = {}
    for c, channel in enumerate(CHANNELS):
        spend = float(world.ads.spend_cents[c].sum()) / 100
        caused = float((world.demand.factor * world.ads.units[c] * price).sum())
        booked = world.booked_cents[c] / 100
        shape, scale = response(world.ads.spend_cents[c] / 100, channel)
        effect = (world.demand.factor * world.ads.units[c] * price).sum(axis=0) / shape
        out[channel.name] = {
            "caused_yuan_at_spend": {
                f"{m:g}": float((effect * response(world.ads.spend_cents[c] / 100 * m, channel, scale)[0]).sum())
                for m in SPENDS
            },
            "spend_yuan": spend,
            "caused_yuan": caused,
            "roas": caused / spend,
            "marginal_roas": float(world.ads.slope[c]),
            "platform_roas": booked / spend,
            "inflation": booked / caused,
            "carry_over_daily": channel.carry,
            "half_saturation": channel.half,
            "shape": channel.shape,
            "interception": channel.interception,
        }
    return out


def _keywords(world: World) -> dict[str, Any]:
    keywords = world.keywords
    terms = {
        text: {
            "order_rate": float(keywords.rate[k]),
            "click_share": float(keywords.click_share[k]),
            "item_id": world.items.ids[keywords.item[k]],
        }
        for k, text in enumerate(keywords.texts)
    }
    return {"terms": terms, "idiosyncratic_sd": IDIOSYNCRATIC, "token_effects": dict(world.settings.profile.tokens)}


def _repurchase(days: int, campaign: bool) -> float:
    """Chance that a new buyer orders again within ``days`` (exact by integration over rates)."""
    p = buyers_part.BTYD
    scale = buyers_part.CAMPAIGN_RATE if campaign else 1.0
    waits = 1 - (p["alpha"] / (p["alpha"] + days * scale)) ** p["r"]
    return float(p["b"] / (p["a"] + p["b"]) * waits)


def _buyers(world: World, sums: Mapping[str, float]) -> dict[str, Any]:
    kinds = {"campaign": True, "ordinary": False}
    kept = 1 - sums["orders_refunded"] / max(sums["orders"], 1)
    net = (sums["paid"] - sums["refund_final"]) / 100 / max(sums["orders"], 1)
    ahead = dict(zip(map(str, buyers_part.AHEAD), world.buyers.ahead.tolist(), strict=True))
    return {
        "model": "mbg_nbd",
        "parameters_per_day": buyers_part.BTYD,
        "campaign_rate_factor": buyers_part.CAMPAIGN_RATE,
        "members": int(world.buyers.member.sum()),
        "join_share": {"ordinary": buyers_part.JOIN, "campaign": buyers_part.JOIN_CAMPAIGN},
        "orders_by_joining": 1.0,
        "repurchase": {kind: {str(d): _repurchase(d, flag) for d in (30, 90, 180, 365)} for kind, flag in kinds.items()},
        "count": len(world.buyers.first_day),
        "campaign_count": int(world.buyers.campaign.sum()),
        "from_ads_count": int(world.buyers.from_ads.sum()),
        "returning_orders_left_out": world.buyers.too_many,
        "staying_count": world.buyers.staying,
        "expected_orders_ahead": ahead,
        "expected_kept_orders_ahead": {days: orders * kept for days, orders in ahead.items()},
        "expected_net_yuan_ahead": {days: orders * net for days, orders in ahead.items()},
    }


def _refunds(world: World, sums: Mapping[str, float]) -> dict[str, Any]:
    from math import erf, log, sqrt

    def arrived(days: float) -> float:
        late = 0.5 * (1 + erf(log(days / orders_part.LATE_MEDIAN) / orders_part.LATE_SIGMA / sqrt(2)))
        early = 1 - np.exp(-days / orders_part.EARLY_DAYS)
        return float(orders_part.EARLY_REFUND * early + (1 - orders_part.EARLY_REFUND) * late)

    return {
        "amount_rate_in_the_end": sums["refund_final"] / max(sums["paid"], 1),
        "amount_rate_at_export": sums["refund"] / max(sums["paid"], 1),
        "orders_wholly_refunded_share": sums["orders_refunded"] / max(sums["orders"], 1),
        "arrived_after_days": {str(d): arrived(d) for d in (1, 3, 7, 14, 21, 28)},
        "before_shipping_share": orders_part.EARLY_REFUND,
    }


def _discounts(sums: Mapping[str, float]) -> dict[str, float]:
    """Yuan off the list price of paid orders by what took it off; the platform's part is paid to the shop."""
    activity = sums["list"] - sums["paid"] - sums["coupon"] - sums["cart"]
    cents = {"activity": activity, "shop_coupon": sums["coupon"], "cart_rule": sums["cart"], "platform": sums["platform"]}
    return {f"{name}_yuan": value / 100 for name, value in cents.items()}


def _elasticity(world: World) -> dict[str, Any]:
    return {
        "category_means": {row[0]: row[3] for row in world.settings.profile.categories},
        "category_sd": 0.45,
        "cross": CROSS,
        "pass_through": PASS_THROUGH,
        "price": "unit price before coupons and cart rule",
    }


def geo_truth(world: World) -> dict[str, Any]:
    """Provinces and days held out, and what their sales lost; empty without a regional test."""
    if not world.geo.provinces:
        return {}
    dark = world.geo.dark.any(axis=1)
    lost = (world.demand.factor * world.ads.units.sum(axis=0) * world.items.price_cents / 100.0).sum(axis=0)
    share = world.geo.share[dark]
    return {
        "provinces": world.geo.provinces,
        "start": str(world.days.dates[dark][0]),
        "end": str(world.days.dates[dark][-1]),
        "lost_yuan": float((lost[dark] * share / (1 - share)).sum()),
    }


def collect(
    world: World, paths: PathTruth, campaigns: list[CampaignTruth], service: dict[str, Any], sums: Mapping[str, float]
) -> Truth:
    """Return the truth of a world; ``sums`` are totals over the files' lines in cents and counts."""
    s = world.settings
    return Truth(
        settings={
            "shop_id": s.shop_id,
            "name": s.profile.name,
            "size": s.size,
            "seed": s.seed,
            "hard": sorted(s.hard),
            "first_day": str(s.first),
            "last_day": str(s.last),
        },
        items=_items(world),
        elasticity=_elasticity(world),
        ads=_ads(world),
        keywords=_keywords(world),
        buyers=_buyers(world, sums),
        refunds=_refunds(world, sums),
        discounts=_discounts(sums),
        campaigns={t.key: asdict(t) for t in campaigns},
        paths=paths.removal,
        service=service,
        totals={
            "paid_yuan": sums["paid"] / 100,
            "refund_yuan_at_export": sums["refund"] / 100,
            "refund_yuan_in_the_end": sums["refund_final"] / 100,
            "orders": sums["orders"],
            "lines": sums["lines"],
            "units": sums["units"],
            "buyers": len(world.buyers.first_day),
        },
        geo=geo_truth(world),
    )
