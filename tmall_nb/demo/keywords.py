"""The keyword part of the world: search terms, their clicks and their order rates.

Equation: logit(order rate_k) = b + sum of the effects of its tokens + N(0, .35^2). Clicks fall off like a power law
(median keyword: a handful of clicks in half a year), so most keywords have no order. Naive: orders / clicks of the
keyword: zero for most, far too high for those with one lucky order; its error is about five times that of an estimate
that learns from the tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmall_nb.demo.ads import CHANNELS, Ads
from tmall_nb.demo.items import Items
from tmall_nb.demo.season import Days
from tmall_nb.demo.streams import Settings

__all__ = ["KeywordDays", "Keywords", "make_keywords", "matured"]

IDIOSYNCRATIC = 0.35
MATURE_DAYS = 15


@dataclass(frozen=True, slots=True)
class Keywords:
    """Search terms; arrays have length K.

    Attributes
    ----------
    texts : the terms; item : the advertised item
    rate : true orders per click; click_share : share of the channel's clicks
    popularity : monthly searches in the market
    """

    texts: np.ndarray
    item: np.ndarray
    rate: np.ndarray
    click_share: np.ndarray
    popularity: np.ndarray


@dataclass(frozen=True, slots=True)
class KeywordDays:
    """What each term did day by day, all (K, D); orders as booked on the click day by the day of the export."""

    clicks: np.ndarray
    impressions: np.ndarray
    spend_cents: np.ndarray
    orders: np.ndarray


def matured(length: int) -> np.ndarray:
    """Share of a click day's orders already booked at the export: 1 - exp(-age/4) within 15 days, 1 beyond."""
    age = np.arange(length)[::-1]
    return np.where(age >= MATURE_DAYS, 1.0, 1 - np.exp(-(age + 1) / 4.0))


def _texts(settings: Settings, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw terms of a head word and none to three tokens: text, summed effect, category."""
    profile = settings.profile
    tokens, effects = list(profile.tokens), np.array(list(profile.tokens.values()))
    heads = [(h, c) for c, row in enumerate(profile.categories) for h in row[1]]
    popular = 1 / (1 + np.arange(len(tokens)))[rng.permutation(len(tokens))] ** 0.6
    found: dict[str, tuple[float, int]] = {}
    for _ in range(count * 6):
        head, c = heads[rng.integers(len(heads))]
        size = int(rng.choice(4, p=[0.03, 0.27, 0.42, 0.28]))
        chosen = rng.choice(len(tokens), size=size, replace=False, p=popular / popular.sum())
        found.setdefault("".join(tokens[n] for n in chosen) + head, (float(effects[chosen].sum()), c))
        if len(found) >= count:
            break
    return (
        np.array(list(found), dtype=object),
        np.array([v[0] for v in found.values()]),
        np.array([v[1] for v in found.values()]),
    )


def make_keywords(settings: Settings, days: Days, items: Items, ads: Ads, order_rate: float) -> tuple[Keywords, KeywordDays]:
    """Draw terms and split the keyword channel's clicks and spend over them; ``order_rate`` is the channel's mean."""
    rng = settings.rng("keywords")
    wanted = {"small": 400, "year": 2_000}.get(settings.size, 4_000)
    texts, effect, category = _texts(settings, wanted, rng)
    count, length = len(texts), len(days.dates)
    share = rng.pareto(0.9, count) + 0.005
    share = np.minimum(share, np.quantile(share, 0.995))
    share /= share.sum()
    logit = effect + rng.normal(0, IDIOSYNCRATIC, count)
    low, high = -9.0, 3.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if (share / (1 + np.exp(-logit - middle))).sum() < order_rate else (low, middle)
    rate = 1 / (1 + np.exp(-logit - low))
    clicks = rng.multinomial(ads.clicks[0], share).T
    price = np.exp(rng.normal(np.log(CHANNELS[0].click_yuan), 0.3, count))
    weight = clicks * price[:, None]
    spend = np.floor(ads.spend_cents[0] * weight / np.maximum(weight.sum(axis=0), 1e-9)).astype(np.int64)
    spend[np.argmax(weight, axis=0), np.arange(length)] += ads.spend_cents[0] - spend.sum(axis=0)
    orders = rng.binomial(clicks, rate[:, None] * matured(length)[None, :])
    click_rate = np.clip(rng.beta(4, 70, count), 0.008, 0.2)
    impressions = clicks + rng.poisson((share[:, None] * ads.clicks[0][None, :]) * (1 / click_rate - 1)[:, None])
    best = np.array([_advertised(items, c) for c in range(len(items.categories))])
    popularity = np.exp(rng.normal(8.2, 1.3, count)) * (share / share.mean()) ** 0.4
    known = Keywords(texts, best[category], rate, share, popularity)
    return known, KeywordDays(clicks, impressions, spend, orders)


def _advertised(items: Items, category: int) -> int:
    """The item a category's keywords advertise: its most advertised one, or the shop's when it has none."""
    weight = np.where(items.category == category, items.ad_weight, 0.0)
    return int(np.argmax(weight if weight.any() else items.ad_weight))
