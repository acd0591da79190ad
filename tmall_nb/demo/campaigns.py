"""What each campaign truly brought: the world with it against the world without it.

Gross lift: expected units and yuan of enrolled items over the sale days, evening before and return days included, with
the campaign minus without it (its effect and its price cuts gone; platform traffic stays, it would have come anyway).
Net lift: the same over all items from 7 days before to 14 days after, so pull-forward, halo and cannibalisation count.
Cost: price cuts given on units that would have sold anyway and on extra ones. The naive figure (sales of the sale days
minus equally many days just before) stands beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmall_nb.demo.ads import Ads
from tmall_nb.demo.demand import POST_DAYS, PRE_DAYS, Demand, without_campaign
from tmall_nb.demo.items import Items
from tmall_nb.demo.season import PRESALE, Days

__all__ = ["CampaignTruth", "measure_campaigns"]


@dataclass(frozen=True, slots=True)
class CampaignTruth:
    """Expected effects of one campaign.

    Attributes
    ----------
    key, name, start, end : the campaign and its sale days (evening before and return days included)
    items : enrolled item ids
    baseline_units : enrolled items' units over the sale days without the campaign
    gross_units, gross_yuan, net_units, net_yuan : lifts
    pulled_forward_units : units lost before and after by enrolled items (negative)
    halo_units : change of items not enrolled (negative: cannibalisation)
    cut_yuan : price cuts given over the sale days; profit_yuan : net lift's margin over unit cost
    naive_units : sale days minus equally many days before
    """

    key: str
    name: str
    start: str
    end: str
    items: list[str]
    baseline_units: float
    gross_units: float
    gross_yuan: float
    net_units: float
    net_yuan: float
    pulled_forward_units: float
    halo_units: float
    cut_yuan: float
    profit_yuan: float
    naive_units: float


def _measure(days: Days, items: Items, demand: Demand, ad_units: np.ndarray, k: int) -> CampaignTruth:
    phase = days.phase[k]
    sale = np.flatnonzero((phase > 0) & (phase != PRESALE))
    wide = slice(max(int(np.flatnonzero(phase > 0)[0]) - PRE_DAYS, 0), min(int(sale[-1]) + POST_DAYS + 1, len(phase)))
    other = without_campaign(demand, items, days, k)
    with_units = demand.factor * (demand.organic + ad_units)
    without = other.factor * (other.organic + ad_units)
    gap = with_units - without
    ours = items.enrolled[k]
    prices = np.where((phase > 0)[None, :] & ours[:, None], items.regular_cents, items.price_cents) / 100.0
    price = items.price_cents / 100.0
    money = with_units * price - without * prices
    margin = money - gap * items.cost_cents / 100.0
    before = slice(max(int(sale[0]) - len(sale), 0), int(sale[0]))
    inside = with_units[ours][:, sale]
    shorter = len(sale) / max(before.stop - before.start, 1)
    return CampaignTruth(
        days.events[k].key,
        days.events[k].name,
        str(days.dates[sale[0]]),
        str(days.dates[sale[-1]]),
        items.ids[ours].tolist(),
        float(without[ours][:, sale].sum()),
        float(gap[ours][:, sale].sum()),
        float(money[ours][:, sale].sum()),
        float(gap[:, wide].sum()),
        float(money[:, wide].sum()),
        float(gap[ours][:, wide].sum() - gap[ours][:, sale].sum()),
        float(gap[~ours][:, wide].sum()),
        float((with_units * (prices - price))[ours][:, sale].sum()),
        float(margin[:, wide].sum()),
        float(inside.sum() - with_units[ours][:, before].sum() * shorter),
    )


def measure_campaigns(days: Days, items: Items, demand: Demand, ads: Ads) -> list[CampaignTruth]:
    """Return the true effects of every campaign."""
    ad_units = ads.units.sum(axis=0)
    return [_measure(days, items, demand, ad_units, k) for k in range(len(days.events))]
