"""The ads part of the world: spend, what it brings, and what the platform says it brings.

Equations, channel c, day t (spend in yuan)::

    log spend_ct = log budget_c + .6 log(demand_t / mean) + u_ct,  u AR(1) with .85, sd .25, plus 4-week switches of +-50 %
    stock_ct     = spend_ct + carry_c stock_c,t-1
    response     = a^s / (k^s + a^s),  a = stock / mean stock;  yuan_ct = roas_c x spend total x response / sum of response
    booked_ct    = yuan_ct + interception_c x (sales of advertised items that would have come anyway)

True numbers (``CHANNELS``): keyword 1.6, audience 1.1, whole-shop 0.8. Because budgets follow demand with an elasticity
of .6, a regression of sales on spend without controls credits spend with demand; the platform's return is inflated by
the interception, by a different factor for each channel (``inflation`` in ``truth.json``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmall_nb.demo.demand import Demand
from tmall_nb.demo.items import Items
from tmall_nb.demo.season import Days, ar1
from tmall_nb.demo.streams import Settings

__all__ = ["CHANNELS", "Ads", "Channel", "make_ads"]


@dataclass(frozen=True, slots=True)
class Channel:
    """An ad product: share of sales spent, true return, daily carry-over, saturation, interception, click price."""

    key: str
    name: str
    scene_id: str
    share: float
    roas: float
    carry: float
    half: float
    shape: float
    interception: float
    click_yuan: float


CHANNELS = (
    Channel("keyword", "关键词推广", "376", 0.050, 1.6, 0.55, 1.2, 1.1, 0.13, 1.30),
    Channel("audience", "精准人群推广", "372", 0.030, 1.1, 0.85, 1.0, 1.2, 0.10, 0.90),
    Channel("shopwide", "全站推广", "371", 0.030, 0.8, 0.70, 1.5, 1.0, 0.16, 0.70),
)


@dataclass(frozen=True, slots=True)
class Ads:
    """Ads per channel (first axis, in the order of ``CHANNELS``) and day.

    Attributes
    ----------
    spend_cents : (C, D); clicks : (C, D)
    yuan : (C, D) sales it causes at ordinary prices
    units : (C, I, D) units it causes at ordinary prices
    slope : marginal yuan of the last yuan over all days, length C
    """

    spend_cents: np.ndarray
    clicks: np.ndarray
    yuan: np.ndarray
    units: np.ndarray
    slope: np.ndarray


def response(spend: np.ndarray, channel: Channel, mean_stock: float | None = None) -> tuple[np.ndarray, float]:
    """Return the saturating response to carried-over spend, and the mean stock it is scaled by."""
    stock = np.empty(len(spend))
    last = spend[: min(28, len(spend))].mean() / (1 - channel.carry)
    for t, today in enumerate(spend):
        last = today + channel.carry * last
        stock[t] = last
    scale = stock.mean() if mean_stock is None else mean_stock
    a = (stock / scale) ** channel.shape
    return a / (channel.half**channel.shape + a), scale


def make_ads(settings: Settings, days: Days, items: Items, demand: Demand) -> Ads:
    """Draw spend that follows demand, and what it causes."""
    rng = settings.rng("ads")
    price = items.price_cents / 100.0
    sales = (demand.organic * demand.factor * price).sum(axis=0)
    follow = np.log(sales / sales.mean())
    weeks4 = np.arange(len(sales)) // 28
    spend = np.empty((len(CHANNELS), len(sales)))
    yuan, slope = np.empty_like(spend), np.empty(len(CHANNELS))
    for c, channel in enumerate(CHANNELS):
        switch = rng.choice([-0.6, 0.0, 0.0, 0.45], size=weeks4[-1] + 1)[weeks4]
        log_spend = 0.6 * follow + ar1(rng, len(sales), 0.85, 0.13) + switch
        if channel.key == "keyword":
            log_spend = log_spend + 0.8 * demand.hidden
        spend[c] = np.exp(log_spend) * channel.share * sales.sum() / np.exp(log_spend).sum()
        shape, scale = response(spend[c], channel)
        factor = channel.roas * spend[c].sum() / shape.sum()
        yuan[c] = factor * shape
        more = response(spend[c] * 1.01, channel, scale)[0] * factor
        slope[c] = (more.sum() - yuan[c].sum()) / (0.01 * spend[c].sum())
    units = yuan[:, None, :] * items.ad_share[None] / (items.list_cents * 0.72 / 100.0)[None, :, None]
    clicks = rng.poisson(spend / np.array([c.click_yuan for c in CHANNELS])[:, None])
    return Ads(np.round(spend * 100).astype(np.int64), clicks, yuan, units, slope)
