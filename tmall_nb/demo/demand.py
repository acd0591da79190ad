"""The demand part of the world: expected units of every item and day, and what each cause adds.

Equations (logs), item i, day t::

    organic_it = base_i + life_it + loading_i traffic_t + shop_t + hidden_t + xi_iw + campaign_it
    factor_it  = e_i (price_it - price_i) + .25 (mean over the category's others of price_jt - price_j)
    mu_it      = exp(factor_it) (exp(organic_it) + ads_it)            expected units
    units_it   = min(stock_it, NB(mu_it, dispersion 8))               see ``stock``

campaign_it of an enrolled item: lift on burst days, .6 of it on the evening before and on return days, .3 on other sale
days; before the first burst the item loses up to .25 over seven days (people wait), after the last one .22 fading over
fourteen days (people have stocked up). Items not enrolled gain .10 (halo) in even categories and lose .12
(cannibalisation) in odd ones on burst days. Gross lift = units with the campaign minus units without it over the sale
days, prices included; net lift adds the days before and after and the items not enrolled. Naive: sales of the sale days
minus the same number of days before, which also counts platform traffic and the dip: about a third to double too much.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tmall_nb.demo.items import CROSS, ORDINARY, Items
from tmall_nb.demo.season import BURST, ENCORE, EVE, SALE, Days, ar1
from tmall_nb.demo.streams import Settings

__all__ = ["DISPERSION", "Demand", "make_demand", "price_factor", "without_campaign"]

DISPERSION = 8.0
PRE_DAYS, POST_DAYS, PRE_DIP, POST_DIP, HALO, CANNIBAL = 7, 14, 0.25, 0.22, 0.10, 0.12
SHARE = np.zeros(6)
SHARE[[SALE, EVE, BURST, ENCORE]] = 0.3, 0.6, 1.0, 0.6


@dataclass(frozen=True, slots=True)
class Demand:
    """Expected units; matrices are (I, D).

    Attributes
    ----------
    organic : units without ads at the ordinary price
    factor : what the day's prices multiply demand with
    lift : (events, I) log lift at a burst
    campaign_total : (I, D) log effect of all campaigns
    loading : how strongly an item reacts to platform traffic
    hidden : log demand shock that no file shows, length D
    """

    organic: np.ndarray
    factor: np.ndarray
    campaign_total: np.ndarray
    lift: np.ndarray
    loading: np.ndarray
    hidden: np.ndarray


def price_factor(items: Items, price_cents: np.ndarray) -> np.ndarray:
    """Return what prices multiply demand with: own and cross effect against each item's ordinary price."""
    ordinary = np.log(items.list_cents * ORDINARY)[:, None]
    gap = np.log(price_cents) - ordinary
    out = items.elasticity[:, None] * gap
    for c in range(len(items.categories)):
        inside = items.category == c
        size = int(inside.sum())
        if size > 1:
            out[inside] += CROSS * (gap[inside].sum(axis=0)[None, :] - gap[inside]) / (size - 1)
    return np.exp(out)


def _campaign(days: Days, items: Items, k: int, lift: np.ndarray) -> np.ndarray:
    """Log effect of campaign ``k`` on every item and day; made when needed, since all of them are large together."""
    phase = days.phase[k]
    on = np.flatnonzero((phase == SALE) | (phase == EVE) | (phase == BURST))
    first, last = on[0], np.flatnonzero(phase > 0)[-1]
    steps = np.arange(len(days.dates))
    before = (steps >= first - PRE_DAYS) & (steps < first)
    after = (steps > last) & (steps <= last + POST_DAYS)
    dip = -PRE_DIP * before * (1 - (first - steps) / (PRE_DAYS + 1)) - POST_DIP * after * (1 - (steps - last) / (POST_DAYS + 1))
    burst = ((phase == BURST) | (phase == EVE)).astype(float)
    other = np.where(items.category % 2 == 0, HALO, -CANNIBAL)
    inside = items.enrolled[k][:, None]
    return np.where(inside, lift[:, None] * SHARE[phase][None, :] + dip[None, :], other[:, None] * burst[None, :])


def make_demand(settings: Settings, days: Days, items: Items) -> Demand:
    """Return expected organic units, scaled to the wanted number of orders."""
    rng = settings.rng("demand")
    count, length = items.life.shape
    loading = np.clip(rng.normal(1.0, 0.12, count), 0.6, 1.4)
    if "weak_controls" in settings.hard:
        loading = np.where(items.ad_weight > 0, loading, loading * 0.55)
    hidden = ar1(rng, length, 0.97, 0.035) if "hidden_demand" in settings.hard else np.zeros(length)
    shop = ar1(rng, length, 0.9, 0.02)
    lift = np.array([np.clip(rng.normal(e.lift, 0.15, count), 0.05, 1.5) for e in days.events]).reshape(-1, count)
    campaign = np.zeros((count, length))
    for k in range(len(days.events)):
        campaign += _campaign(days, items, k, lift[k])
    log_units = items.base[:, None] + items.life + loading[:, None] * days.traffic[None, :] + (shop + hidden)[None, :]
    organic = np.exp(log_units + items.demand_shock + campaign)
    factor = price_factor(items, items.price_cents)
    units = settings.orders * 1.44 * 0.86  # units per order; the part that ads do not bring
    organic *= units / (organic * factor).sum()
    return Demand(organic, factor, campaign, lift, loading, hidden)


def without_campaign(demand: Demand, items: Items, days: Days, k: int) -> Demand:
    """Return the demand had the shop not taken part in campaign ``k``: its effect and its price cuts gone."""
    phase = days.phase[k]
    prices = np.where((phase > 0)[None, :] & items.enrolled[k][:, None], items.regular_cents, items.price_cents)
    organic = demand.organic / np.exp(_campaign(days, items, k, demand.lift[k]))
    return replace(demand, organic=organic, factor=price_factor(items, prices))
