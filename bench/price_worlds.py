"""Simulated item-days with known price elasticities, for tests and benchmarks.

Equations (logs), item i of category c on day t::

    e_i       ~ N(mean_c, .45^2), mean_c ~ U(-2.8, -1.4)
    log price = level_i + steps (every 5-12 weeks) + own cuts (weeks) + campaign cut of enrolled items + jitter
    log mu_it = base_i + e_i (log price_it - level_i) + lift_i campaign_t + season_t + weekday_t + noise_t [+ xi_iw]
    units_it  ~ NB(mu_it, r_i)

Campaign days bring traffic (lift .5-1.1) and cuts at once: a regression of sales on price charges the traffic to the price.

Regimes of ``draw_world``:

* ``plain``: as above
* ``stock_light``, ``stock_heavy``: sales stop at the stock of the day (about 5 % of item-days; about 40 % of campaign
  item-days), ``in_stock`` and ``sold_out`` say so, ``sold_until`` is the share of the day's traffic at the last sale
* ``own_demand``: the shop raises its price by half of the week's demand shock xi; ``cost`` moves prices independently
* ``cross``: demand also rises with the mean log price of the category's other items (effect .5)
* ``reference``: demand also rises with log(list / paid) beyond the paid price (effect .3), lists rise and fall at times
* ``rivals``: items 0-1, 2-3, ... of a category are close rivals: demand rises with log price of the rival (effect .8), other
  items of the category have none; use few items per category
* ``promotion``: demand answers to a cut by .8 more than to a move of the usual price (elasticity e of the usual price, e - .8
  of the cut)
* ``shares``: demand also rises with the mean log price of the category's other items, weighted by what they sell; the effect is
  0 in every other category and drawn from U(.6, 1.4) in the rest
* ``drift``: items rise and decline over the year, and prices fall with age
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

REGIMES = ("plain", "stock_light", "stock_heavy", "own_demand", "cross", "reference", "drift", "rivals", "promotion", "shares")
CROSS, REFERENCE, RIVAL, PROMOTION = 0.5, 0.3, 0.8, 0.8
SPREAD, LIFT, LIFT_SPREAD = 0.45, 0.75, 0.3  # of elasticities within a category; mean and spread of the campaign's log lift


@dataclass(frozen=True)
class World:
    """``rows`` as the contract names them (plus ``campaign`` 0/1, ``cost``, ``list_price_yuan``), arrays of shape (items,).

    ``rival`` is the row of each item's close rival (itself where it has none), ``cross`` the effect of all other prices of its
    category together, by item (regimes cross, shares, rivals; else 0). ``hidden`` is what no method is told: ``means`` of
    categories, ``campaign`` (days,), effects of ``day`` (days,), campaign ``lift`` and dispersion ``phi`` of items.
    """

    rows: pd.DataFrame
    elasticity: np.ndarray
    base: np.ndarray
    level: np.ndarray
    cost: np.ndarray
    rival: np.ndarray
    cross: np.ndarray
    hidden: dict[str, np.ndarray] = field(default_factory=dict)


def draw_world(regime: str = "plain", *, seed: int, items: int = 200, days: int = 365, categories: int = 8) -> World:
    """Draw a world; the same seed gives the same world."""
    rng = np.random.default_rng([REGIMES.index(regime), seed, items])
    category = np.arange(items) % categories
    means = rng.uniform(-2.8, -1.4, categories)
    elasticity = means[category] + rng.normal(0, SPREAD, items)
    elasticity = np.minimum(elasticity, -0.3)
    weeks = -(-days // 7)
    week = np.arange(days) // 7
    campaign = _campaign_days(rng, days)
    level = rng.normal(4.4, 0.5, items)
    shock = _ar1(rng, items, weeks, 0.45)[:, week] if regime == "own_demand" else np.zeros((items, days))
    cost_moves = _steps(rng, items, weeks, 0.14)[:, week] if regime == "own_demand" else np.zeros((items, days))
    usual, cut = _prices(rng, items, week, campaign)
    log_price = usual - cut + 0.7 * cost_moves + 0.5 * shock
    if regime == "drift":
        log_price = log_price - np.linspace(0, 1, days) * rng.uniform(0, 0.25, items)[:, None]
    base = rng.normal(1.2, 0.8, items)
    lift = rng.normal(LIFT, LIFT_SPREAD, items)
    day = 0.25 * np.sin(2 * np.pi * (np.arange(days) + rng.uniform(0, 365)) / 365) + rng.normal(0, 0.08, days)
    day += rng.normal(0, 0.12, 7)[np.arange(days) % 7]
    eta = base[:, None] + elasticity[:, None] * log_price + lift[:, None] * campaign + day + shock
    others = _others(log_price, category)
    lists = _steps(rng, items, weeks, 0.08)[:, week] + 0.35
    joint = np.zeros(items)
    if regime == "cross":
        joint += CROSS
    if regime == "shares":
        joint += (rng.uniform(0.6, 1.4, categories) * (np.arange(categories) % 2))[category]
        others = _others(log_price, category, np.exp(base))
    eta += joint[:, None] * others
    if regime == "reference":
        eta += REFERENCE * (lists - log_price - 0.35)
    rival = np.arange(items)
    if regime == "rivals":
        rival = _rivals(category)
        joint = RIVAL * (rival != np.arange(items))
        eta += RIVAL * np.where((rival != np.arange(items))[:, None], log_price[rival], 0.0)
    if regime == "promotion":
        eta += PROMOTION * cut
    if regime == "drift":
        age = np.linspace(-1, 1, days)
        eta += rng.normal(0, 0.4, items)[:, None] * age - rng.uniform(0, 0.4, items)[:, None] * age**2
    size = np.exp(rng.normal(np.log(5), 0.3, items))[:, None]
    wanted = rng.negative_binomial(size, size / (size + np.exp(eta)))
    units, in_stock, sold_out, until = _stock(rng, regime, wanted, np.exp(eta), campaign)
    rows = pd.DataFrame(
        {
            "item_id": np.repeat([f"i{k:05d}" for k in range(items)], days),
            "date": np.tile(pd.date_range("2024-01-01", periods=days), items),
            "paid_units": units.ravel(),
            "price_yuan": np.round(np.exp(level[:, None] + log_price), 2).ravel(),
            "category": np.repeat([f"c{k}" for k in category], days),
            "campaign": np.tile(campaign, items),
            "list_price_yuan": np.round(np.exp(level[:, None] + lists), 2).ravel(),
            "cost": (0.45 * np.exp(level[:, None] + cost_moves)).ravel(),
        }
    )
    if regime.startswith("stock"):
        rows["in_stock"], rows["sold_out"] = in_stock.ravel(), sold_out.ravel()
        rows["sold_until"] = until.ravel()
    hidden = {"means": means, "campaign": campaign, "day": day, "lift": lift, "phi": 1 / size[:, 0]}
    return World(rows, elasticity, base, level, 0.45 * np.exp(level), rival, joint, hidden)


def _campaign_days(rng: np.random.Generator, days: int) -> np.ndarray:
    campaign = np.zeros(days)
    for start in np.sort(rng.choice(np.arange(10, max(days - 10, 11)), max(days // 45, 1), replace=False)):
        campaign[start : start + int(rng.integers(2, 6))] = 1.0
    return campaign


def _ar1(rng: np.random.Generator, items: int, weeks: int, sd: float) -> np.ndarray:
    out = np.empty((items, weeks))
    out[:, 0] = rng.normal(0, sd, items)
    for w in range(1, weeks):
        out[:, w] = 0.6 * out[:, w - 1] + rng.normal(0, 0.8 * sd, items)
    return out


def _steps(rng: np.random.Generator, items: int, weeks: int, sd: float) -> np.ndarray:
    """Levels that stay for some weeks and then move, pulled back to their mean."""
    out = np.zeros((items, weeks))
    for w in range(1, weeks):
        moves = rng.random(items) < 0.12
        out[:, w] = np.where(moves, 0.7 * out[:, w - 1] + rng.normal(0, sd, items), out[:, w - 1])
    return out


def _prices(rng: np.random.Generator, items: int, week: np.ndarray, campaign: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Usual log prices, and log cuts below them."""
    weeks = week[-1] + 1
    own = (rng.random((items, weeks)) < 0.1) * rng.uniform(0.05, 0.2, (items, weeks))
    enrolled = rng.random(items) < 0.7
    depth = rng.uniform(0.08, 0.3, items) * enrolled
    event = np.cumsum(np.diff(campaign, prepend=0) > 0)
    varied = depth[:, None] * rng.uniform(0.7, 1.3, (items, event[-1] + 1))[:, event]
    cut = np.maximum(own[:, week], varied * campaign)
    return _steps(rng, items, weeks, 0.04)[:, week] + rng.normal(0, 0.006, (items, len(week))), cut


def _rivals(category: np.ndarray) -> np.ndarray:
    out = np.arange(len(category))
    for c in np.unique(category):
        mine = np.flatnonzero(category == c)
        pairs = mine[: len(mine) // 2 * 2].reshape(-1, 2)
        out[pairs[:, 0]], out[pairs[:, 1]] = pairs[:, 1], pairs[:, 0]
    return out


def _others(log_price: np.ndarray, category: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    out = np.zeros_like(log_price)
    weight = np.ones(len(category)) if weight is None else weight
    for c in np.unique(category):
        mine = category == c
        if mine.sum() > 1:
            part = log_price[mine] * weight[mine, None]
            out[mine] = (part.sum(axis=0) - part) / (weight[mine].sum() - weight[mine])[:, None]
    return out


def _stock(
    rng: np.random.Generator, regime: str, wanted: np.ndarray, mean: np.ndarray, campaign: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Cap sales at the stock of the day; a few days start empty after a day that sold out."""
    full = np.ones(wanted.shape, bool)
    if not regime.startswith("stock"):
        return wanted, full, ~full, np.full(wanted.shape, np.nan)
    items, days = wanted.shape
    usual = np.median(mean, axis=1, keepdims=True)
    if regime == "stock_light":
        short = rng.random((items, days)) < 0.10
        stock = np.where(short, rng.poisson(usual * np.exp(rng.normal(0, 0.4, (items, days))) + 0.3), 10**9)
    else:
        short = rng.random((items, days)) < np.where(campaign > 0, 0.75, 0.08)
        room = usual * np.where(campaign > 0, 2.4, 1.2) * np.exp(rng.normal(0, 0.4, (items, days)))
        stock = np.where(short, rng.poisson(room + 0.3), 10**9)
    units = np.minimum(wanted, stock)
    in_stock = stock > 0
    until = np.where(units > 0, rng.beta(np.maximum(units, 1), np.maximum(wanted - units, 0) + 1.0), np.nan)
    return units, in_stock, in_stock & (wanted >= stock), until
