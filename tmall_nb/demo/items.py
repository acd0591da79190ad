"""The items part of the world: what is sold, at which price, at which cost.

Equations, item i, day t, in logs::

    price_it = list_i + activity + .6 (cost_it - cost_i0) - cut_it  [+ .5 xi_iw under own_demand_pricing]
    cost_it  = cost_i0 + quarterly steps N(0, .09^2)
    e_i ~ N(category mean, .45^2), cut off above -.5;  cross effect .25 on the mean log price of the category's others

``price`` is what an item costs before coupons and the cart rule, the price demand answers to. Cuts: a quarter of all
weeks by 5-25 %, and on campaign days for enrolled items (deepest on burst days). Naive: regressing log sales on log
price by week charges the campaign's traffic to the price, which makes elasticities too large in size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmall_nb.demo.season import BURST, ENCORE, EVE, SALE, Days
from tmall_nb.demo.streams import Settings

__all__ = ["CROSS", "ORDINARY", "PASS_THROUGH", "Items", "make_items"]

PASS_THROUGH, CROSS, COST_STEP = 0.6, 0.25, 0.09
ORDINARY = 0.72  # ordinary price as a share of the list price


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a shop; arrays have length I, matrices are (I, D).

    Attributes
    ----------
    ids, titles, codes : what the files call them
    category : index into ``categories``
    list_cents : list price; price_cents : (I, D) price of the day; regular_cents : the same without campaign cuts
    cost_cents : (I, D) unit cost
    elasticity : true own-price elasticity
    base : log units a day on an ordinary day at the ordinary price, before life cycle
    conversion : units per visitor on an ordinary day
    life : (I, D) log life cycle; launch : day index, negative when on sale before the first day
    enrolled : (events, I) bool
    demand_shock : (I, D) log weekly demand shock
    refund : probability that a paid line is refunded in the end
    lead_days, ad_weight, quality : supply days, share of ads, share of good reviews
    """

    ids: np.ndarray
    titles: np.ndarray
    codes: np.ndarray
    categories: tuple[str, ...]
    category: np.ndarray
    list_cents: np.ndarray
    price_cents: np.ndarray
    regular_cents: np.ndarray
    cost_cents: np.ndarray
    elasticity: np.ndarray
    base: np.ndarray
    conversion: np.ndarray
    life: np.ndarray
    launch: np.ndarray
    enrolled: np.ndarray
    demand_shock: np.ndarray
    refund: np.ndarray
    lead_days: np.ndarray
    ad_weight: np.ndarray
    quality: np.ndarray

    @property
    def count(self) -> int:
        return len(self.ids)

    @property
    def ad_share(self) -> np.ndarray:
        """(I, D) share of the day's ads: by ``ad_weight`` among the items on sale that day."""
        weight = self.ad_weight[:, None] * np.isfinite(self.life)
        return weight / weight.sum(axis=0)


def _titles(settings: Settings, category: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Write a title per item: brand, four to six modifiers, head word; no two alike."""
    profile = settings.profile
    words = [w for w, effect in profile.tokens.items() if effect > -0.5 and w not in profile.name]
    brand = profile.name[:2]
    titles: list[str] = []
    for n, c in enumerate(category):
        heads = profile.categories[c][1]
        chosen = rng.choice(words, size=min(int(rng.integers(4, 7)), len(words)), replace=False)
        title = f"{brand}{''.join(chosen)}{heads[n % len(heads)]}"
        titles.append(title if title not in titles[-400:] else f"{title}{n}")
    return np.array(titles, dtype=object)


def _life(days: Days, launch: np.ndarray, decline: np.ndarray) -> np.ndarray:
    """Log life cycle: nothing before launch, growth over 45 days from one fifth, then a slow decline."""
    age = np.arange(len(days.dates))[None, :] - launch[:, None]
    growth = np.log(0.2 + 0.8 * np.clip(age / 45.0, 0, 1))
    life = np.minimum(growth, 0.0) - decline[:, None] * np.maximum(age - 45, 0)
    return np.where(age < 0, -np.inf, life)


def _costs(settings: Settings, days: Days, list_cents: np.ndarray) -> np.ndarray:
    rng = settings.rng("costs")
    quarters = (days.dates.astype("datetime64[M]").astype(int) // 3).astype(int)
    quarters -= quarters[0]
    steps = rng.normal(0, COST_STEP, (len(list_cents), quarters[-1] + 1))
    steps[:, 0] = 0.0
    if "no_instrument" in settings.hard:
        steps[:] = 0.0
    start = list_cents * rng.uniform(0.30, 0.42, len(list_cents))
    return np.round(start[:, None] * np.exp(steps.cumsum(axis=1)[:, quarters])).astype(np.int64)


def _cuts(settings: Settings, days: Days, enrolled: np.ndarray, items: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the log cuts of ordinary weeks, and with campaigns on top (the deeper one holds)."""
    rng = settings.rng("cuts")
    week = np.arange(len(days.dates)) // 7
    cut_weeks = rng.random((items, week[-1] + 1)) < 0.25
    ordinary = -np.log1p(-(cut_weeks * rng.uniform(0.05, 0.25, cut_weeks.shape)))[:, week]
    wiggle = rng.normal(0, 0.015, cut_weeks.shape)[:, week]
    share = np.zeros(6)
    share[[SALE, EVE, BURST, ENCORE]] = 0.5, 1.0, 1.0, 0.8
    campaign = ordinary
    for k, event in enumerate(days.events):
        depth = event.depth * rng.uniform(0.6, 1.5, items)
        cut = -np.log1p(-np.clip(depth, 0.02, 0.35))[:, None] * share[days.phase[k]][None, :] * enrolled[k][:, None]
        campaign = np.maximum(campaign, cut)
    return ordinary + wiggle, campaign + wiggle


def _demand_shock(settings: Settings, days: Days, items: int) -> np.ndarray:
    rng = settings.rng("shocks")
    weeks = (len(days.dates) + 6) // 7
    sd = 0.5 if "own_demand_pricing" in settings.hard else 0.12
    shocks = np.empty((items, weeks))
    shocks[:, 0] = rng.normal(0, sd, items)
    for w in range(1, weeks):
        shocks[:, w] = 0.6 * shocks[:, w - 1] + rng.normal(0, sd * 0.8, items)
    return shocks[:, np.arange(len(days.dates)) // 7]


def _tag(prices: np.ndarray) -> np.ndarray:
    """Round to the price tags a shop writes: whole yuan minus ten cents."""
    return np.maximum(np.round(prices / 100.0).astype(np.int64) * 100 - 10, 190)


def make_items(settings: Settings, days: Days) -> Items:
    """Draw the items of a shop with their prices and costs."""
    rng, profile, count = settings.rng("items"), settings.profile, settings.items
    kinds = len(profile.categories)
    category = rng.permutation(np.arange(count) % kinds)
    means = np.array([c[3] for c in profile.categories])
    list_cents = _tag(np.array([c[2] for c in profile.categories])[category] * 100 * np.exp(rng.normal(0, 0.35, count)))
    old = rng.random(count) < 0.75
    launch = np.where(old, -400, rng.integers(10, max(len(days.dates) - 100, 11), count))
    life = _life(days, launch, np.where(old, 0.0, rng.uniform(0, 0.004, count)))
    season = np.array([c[4] for c in profile.categories])[category][:, None] * days.season[None, :] * 0.6
    enrolled = rng.random((len(days.events), count)) < 0.45
    ordinary, campaign = _cuts(settings, days, enrolled, count)
    costs, shock = _costs(settings, days, list_cents), _demand_shock(settings, days, count)
    level = np.log(list_cents * ORDINARY)[:, None] + PASS_THROUGH * np.log(costs / costs[:, :1])
    if "own_demand_pricing" in settings.hard:
        level = level + 0.5 * shock
    pull = np.exp(rng.normal(0, 1.25, count))
    order = np.argsort(np.argsort(pull))
    return Items(
        ids=(680_000_000_000 + np.sort(rng.choice(99_999_999, count, replace=False)) * 997).astype(str).astype(object),
        titles=_titles(settings, category, rng),
        codes=np.array([f"{settings.shop_id[:2].upper()}{2400 + n}" for n in range(count)], dtype=object),
        categories=tuple(c[0] for c in profile.categories),
        category=category,
        list_cents=list_cents,
        price_cents=_tag(np.exp(level - campaign)),
        regular_cents=_tag(np.exp(level - ordinary)),
        cost_cents=costs,
        elasticity=np.minimum(means[category] + rng.normal(0, 0.45, count), -0.5),
        base=np.log(pull),
        conversion=np.clip(rng.normal(0.035, 0.008, count), 0.012, 0.06),
        life=life + season,
        launch=launch,
        enrolled=enrolled,
        demand_shock=shock,
        refund=np.clip(profile.refund * np.exp(rng.normal(0, 0.3, count)), 0.01, 0.6),
        lead_days=rng.integers(5, 21, count),
        ad_weight=np.where(order >= count * 0.5, pull, 0.0) / pull[order >= count * 0.5].sum(),
        quality=np.clip(rng.normal(0.86, 0.06, count), 0.55, 0.97),
    )
