"""What the ad platform reports: sales booked on the click day over 15 days, intercepted buyers included.

Equation, channel c, day t: booked orders ~ Poisson(matured_t x (caused_ct + interception_c x organic sales of advertised
items_t) / average order value); keyword orders are binomial in the clicks of each term. The platform's return is
therefore ``roas + interception x organic sales / spend`` (``platform_roas`` in ``truth.json``). During presales a
quarter of the orders is booked as presale instead, outside 总成交.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmall_nb.demo.ads import CHANNELS, Ads
from tmall_nb.demo.demand import Demand
from tmall_nb.demo.items import Items
from tmall_nb.demo.keywords import KeywordDays, Keywords, matured
from tmall_nb.demo.season import PRESALE, Days
from tmall_nb.demo.streams import Settings

__all__ = ["Booked", "book", "book_keywords", "order_value", "split", "spread", "target_orders"]

DIRECT = 0.72


@dataclass(frozen=True, slots=True)
class Booked:
    """Platform figures of one channel, split over subjects: every array is (subjects, D), int32."""

    clicks: np.ndarray
    impressions: np.ndarray
    spend_cents: np.ndarray
    orders: np.ndarray
    sales_cents: np.ndarray
    direct_orders: np.ndarray
    direct_cents: np.ndarray
    presale_orders: np.ndarray
    presale_cents: np.ndarray

    def total(self) -> Booked:
        return Booked(*(getattr(self, name).sum(axis=0, keepdims=True) for name in self.__slots__))

    def groups(self, key: np.ndarray, count: int) -> Booked:
        """Sum subjects with the same ``key`` (0 … count - 1)."""

        def add(values: np.ndarray) -> np.ndarray:
            out = np.zeros((count, values.shape[1]), dtype=np.int32)
            np.add.at(out, key, values)
            return out

        return Booked(*(add(getattr(self, name)) for name in self.__slots__))


def order_value(items: Items) -> float:
    """Average booked order value in yuan of advertised items."""
    return float((items.ad_weight * items.list_cents * 0.72 / 100).sum() * 1.15)


def target_orders(items: Items, demand: Demand, ads: Ads) -> np.ndarray:
    """Expected orders (C, D) the platform books once 15 days have passed."""
    price = items.price_cents / 100.0
    shown = items.ad_weight > 0
    organic = (demand.organic * demand.factor * price)[shown].sum(axis=0)
    caused = (demand.factor[None] * ads.units * price[None]).sum(axis=1)
    stolen = np.array([c.interception for c in CHANNELS])[:, None] * organic[None, :]
    return (caused + stolen) / order_value(items)


def _finish(rng: np.random.Generator, days: Days, parts: tuple[np.ndarray, ...], value: np.ndarray) -> Booked:
    """Add sales, direct and presale parts to clicks, impressions, spend and orders."""
    clicks, impressions, spend, orders = parts
    presale = (days.phase == PRESALE).any(axis=0)
    ahead = rng.binomial(orders, np.where(presale, 0.25, 0.0)[None, :])
    orders = orders - ahead
    direct = rng.binomial(orders, DIRECT)
    cents = np.round(value * 100)[:, None] * np.exp(rng.normal(0, 0.25, orders.shape))
    direct_cents = (direct * cents).astype(np.int64)
    sales = direct_cents + ((orders - direct) * cents * 0.9).astype(np.int64)
    out = (clicks, impressions, spend, orders, sales, direct, direct_cents, ahead, (ahead * cents).astype(np.int64))
    return Booked(*(values.astype(np.int32) for values in out))


def book(settings: Settings, days: Days, items: Items, ads: Ads, channel: int, orders: np.ndarray) -> Booked:
    """Book a channel whose subjects are the advertised items; ``orders`` (D) are the expected ones."""
    rng = settings.rng(f"book-{CHANNELS[channel].key}")
    share = items.ad_share
    clicks = rng.multinomial(ads.clicks[channel], share.T).T
    spend = spread(ads.spend_cents[channel], clicks)
    booked = rng.poisson(orders[None, :] * share * matured(len(orders))[None, :])
    impressions = clicks + rng.poisson(clicks * rng.uniform(18, 40, (len(clicks), 1)))
    return _finish(rng, days, (clicks, impressions, spend, np.minimum(booked, clicks)), items.list_cents * 0.72 / 100 * 1.15)


def book_keywords(settings: Settings, days: Days, items: Items, keywords: Keywords, by_day: KeywordDays) -> Booked:
    """Book the keyword channel, a subject per term."""
    rng = settings.rng("book-keywords")
    value = (items.list_cents * 0.72 / 100 * 1.15)[keywords.item]
    return _finish(rng, days, (by_day.clicks, by_day.impressions, by_day.spend_cents, by_day.orders), value)


def spread(total: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Share integer ``total`` (D) over rows by ``weight`` (rows, D), exactly; without weight the first row takes it."""
    part = np.floor(total[None, :] * (weight / np.maximum(weight.sum(axis=0), 1e-9))).astype(np.int64)
    part[np.argmax(weight, axis=0), np.arange(len(total))] += total - part.sum(axis=0)
    return part


def split(rng: np.random.Generator, booked: Booked, shares: np.ndarray, strength: np.ndarray) -> Booked:
    """Share a channel's total over groups: clicks by ``shares``, orders by ``shares`` x ``strength``; sums stay exact."""
    total = booked.total()
    orders = shares * strength / (shares * strength).sum()

    def parts(values: np.ndarray, p: np.ndarray) -> np.ndarray:
        return rng.multinomial(values[0], p).T

    clicks, counts = parts(total.clicks, shares), parts(total.orders, orders)
    direct = spread(total.direct_orders[0], counts + 1e-9)
    direct = np.minimum(direct, counts)
    direct[np.argmax(counts, axis=0), np.arange(counts.shape[1])] += total.direct_orders[0] - direct.sum(axis=0)
    weight = counts + 1e-9
    presale = spread(total.presale_orders[0], weight)
    return Booked(
        clicks,
        spread(total.impressions[0] - total.clicks[0], clicks + 1e-9) + clicks,
        spread(total.spend_cents[0], clicks + 1e-9),
        counts,
        spread(total.sales_cents[0], weight),
        direct,
        spread(total.direct_cents[0], direct + 1e-9),
        presale,
        spread(total.presale_cents[0], presale + 1e-9),
    )
