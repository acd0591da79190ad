"""Puts the parts of the world together; one causal chain, from the calendar to the order lines.

A large shop's parts do not stand in memory together: what the ad platform books (a row per term and day) is drawn, written
and let go before the order lines are joined.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

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

__all__ = ["Market", "World", "book_ads", "finish_world", "make_market", "make_world"]


@dataclass(frozen=True, slots=True)
class Market:
    """What is wanted, seen and sold, item by item and day by day; see the parts for their shapes.

    ``ad_share`` (D) is the share of orders that ads bring where they run.
    """

    settings: Settings
    days: Days
    items: Items
    demand: Demand
    ads: Ads
    geo: GeoTest
    stock: Stock
    traffic: Traffic
    ad_share: np.ndarray

    @property
    def expected(self) -> np.ndarray:
        """(I, D) expected units before stock-outs."""
        return self.demand.factor * (self.demand.organic + self.ads.units.sum(axis=0))


@dataclass(frozen=True, slots=True)
class World(Market):
    """A drawn shop: the market, its search terms, sales the platform books (cents, by channel), order lines and buyers."""

    keywords: Keywords
    booked_cents: list[int]
    joined: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
    buyers: Buyers


def make_market(settings: Settings) -> Market:
    """Draw what is wanted and sold."""
    days = make_days(settings)
    items = make_items(settings, days)
    demand = make_demand(settings, days, items)
    full = make_ads(settings, days, items, demand)
    geo = plan_holdout(settings, days)
    ads = apply_holdout(full, geo)
    expected = demand.factor * (demand.organic + ads.units.sum(axis=0))
    stock = sell(settings, days, items, expected)
    traffic = make_traffic(settings, items, demand, ads, stock.sold)
    brought = (demand.factor * full.units.sum(axis=0)).sum(axis=0)
    ad_share = brought / ((demand.factor * demand.organic).sum(axis=0) + brought)
    return Market(settings, days, items, demand, ads, geo, stock, traffic, np.clip(ad_share, 0, 0.9))


def book_ads(market: Market) -> tuple[Keywords, list[Booked]]:
    """Draw search terms and what the platform books: a row per term for the first channel, per item for the others."""
    settings, days, items, ads = market.settings, market.days, market.items, market.ads
    wanted = target_orders(items, market.demand, ads)
    keywords, by_day = make_keywords(settings, days, items, ads, wanted[0].sum() / ads.clicks[0].sum())
    booked = [book_keywords(settings, days, items, keywords, by_day)]
    return keywords, booked + [book(settings, days, items, ads, c, wanted[c]) for c in (1, 2)]


def finish_world(market: Market, keywords: Keywords, booked_cents: list[int]) -> World:
    """Join units into order lines and draw who bought them."""
    joined = join_lines(market.settings, market.stock)
    orders = count_orders(joined[0], joined[3], len(market.days.dates))
    buyers = draw_buyers(market.settings, market.days, orders, market.ad_share, market.geo.dark)
    parts = {f.name: getattr(market, f.name) for f in fields(Market)}
    return World(**parts, keywords=keywords, booked_cents=booked_cents, joined=joined, buyers=buyers)


def make_world(settings: Settings) -> World:
    """Draw the whole shop from its settings, without writing anything."""
    market = make_market(settings)
    keywords, booked = book_ads(market)
    return finish_world(market, keywords, [int(b.sales_cents.sum()) for b in booked])
