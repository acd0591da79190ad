"""Puts the parts of the world together; one causal chain, from the calendar to the order lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmall_nb.demo.ads import Ads, make_ads
from tmall_nb.demo.buyers import Buyers, draw_buyers
from tmall_nb.demo.demand import Demand, make_demand
from tmall_nb.demo.geo import GeoTest, apply_holdout, plan_holdout
from tmall_nb.demo.items import Items, make_items
from tmall_nb.demo.keywords import Keywords, make_keywords
from tmall_nb.demo.orders import count_orders, join_lines
from tmall_nb.demo.reports import Booked, book, book_keywords, target_orders
from tmall_nb.demo.season import Days, make_days
from tmall_nb.demo.stock import Stock, sell
from tmall_nb.demo.streams import Settings
from tmall_nb.demo.traffic import Traffic, make_traffic

__all__ = ["World", "make_world"]


@dataclass(frozen=True, slots=True)
class World:
    """A drawn shop before anything is written; see the parts for their shapes."""

    settings: Settings
    days: Days
    items: Items
    demand: Demand
    ads: Ads
    geo: GeoTest
    stock: Stock
    traffic: Traffic
    keywords: Keywords
    booked: list[Booked]
    joined: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
    buyers: Buyers

    @property
    def expected(self) -> np.ndarray:
        """(I, D) expected units before stock-outs."""
        return self.demand.factor * (self.demand.organic + self.ads.units.sum(axis=0))


def make_world(settings: Settings) -> World:
    """Draw the whole shop from its settings."""
    days = make_days(settings)
    items = make_items(settings, days)
    demand = make_demand(settings, days, items)
    full = make_ads(settings, days, items, demand)
    geo = plan_holdout(settings, days)
    ads = apply_holdout(full, geo)
    caused = ads.units.sum(axis=0)
    expected = demand.factor * (demand.organic + caused)
    stock = sell(settings, days, items, expected)
    traffic = make_traffic(settings, items, demand, ads, stock.sold)
    wanted = target_orders(items, demand, ads)
    keywords = make_keywords(settings, days, items, ads, wanted[0].sum() / ads.clicks[0].sum())
    booked = [book_keywords(settings, days, items, keywords)]
    booked += [book(settings, days, items, ads, c, wanted[c]) for c in (1, 2)]
    joined = join_lines(settings, stock)
    orders = count_orders(joined[0], joined[3], len(days.dates))
    ad_share = (demand.factor * full.units.sum(axis=0)).sum(axis=0) / expected.sum(axis=0)
    buyers = draw_buyers(settings, days, orders, np.clip(ad_share, 0, 0.9), geo.dark)
    return World(settings, days, items, demand, ads, geo, stock, traffic, keywords, booked, joined, buyers)
