"""The buyers part of the world: who comes back, when, and for how long.

Equation (beta-geometric with dropout after every order, the first included: MBG/NBD)::

    rate_b ~ Gamma(r, alpha days), p_b ~ Beta(a, b);  after each order the buyer leaves with probability p_b,
    otherwise the next order follows after 1 + floor(Exponential(rate_b)) days

Buyers whose first order falls on a campaign's burst day or the evening before have rates x ``CAMPAIGN_RATE``. Every
order the item model asks for beyond the returning ones is somebody's first: the shop opens on the first day of the
files. Where more buyers come back than orders are asked for, the rest come the next day. Naive: repurchase share of all
first buyers (buyers of last month have not had their time yet), and comparing campaign buyers with others at different
ages.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmall_nb.demo.names import PROVINCE_WEIGHTS
from tmall_nb.demo.season import Days
from tmall_nb.demo.streams import Settings

__all__ = ["BTYD", "CAMPAIGN_RATE", "Buyers", "draw_buyers"]

BTYD = {"r": 0.60, "alpha": 60.0, "a": 0.8, "b": 2.2}
CAMPAIGN_RATE = 0.60


@dataclass(frozen=True, slots=True)
class Buyers:
    """Who buys when.

    Attributes
    ----------
    first_day : day index of the first order, one per buyer
    province : index into ``PROVINCES``
    campaign : first order on a burst day?
    from_ads : first order brought by ads?
    member : joined the members' club?
    order_buyer : for every paid order, sorted by day: its buyer
    order_new : is it the buyer's first order?
    too_many : returning buyers still put off when the files end (left out)
    """

    first_day: np.ndarray
    province: np.ndarray
    campaign: np.ndarray
    from_ads: np.ndarray
    member: np.ndarray
    order_buyer: np.ndarray
    order_new: np.ndarray
    too_many: int


def _returns(rng: np.random.Generator, count: int, day: int, length: int, campaign: bool) -> tuple[np.ndarray, np.ndarray]:
    """Draw the days on which ``count`` buyers who first bought on ``day`` come back: (buyer position, day)."""
    rate = rng.gamma(BTYD["r"], 1 / BTYD["alpha"], count) * (CAMPAIGN_RATE if campaign else 1.0)
    leave = rng.beta(BTYD["a"], BTYD["b"], count)
    who, now = np.arange(count), np.full(count, day, dtype=np.int64)
    buyers, times = [], []
    while len(who):
        stays = rng.random(len(who)) >= leave[who]
        who, now = who[stays], now[stays]
        gap = rng.exponential(1.0, len(who)) / np.maximum(rate[who], 1e-9)
        now = now + 1 + np.minimum(gap, length).astype(np.int64)
        inside = now < length
        who, now = who[inside], now[inside]
        buyers.append(who)
        times.append(now)
    return np.concatenate(buyers) if buyers else who, np.concatenate(times) if times else now


def draw_buyers(settings: Settings, days: Days, orders: np.ndarray, ad_share: np.ndarray, held_out: np.ndarray) -> Buyers:
    """Draw buyers for ``orders`` a day; ``ad_share`` of new ones come by ads; ``held_out`` (D, 31) sees no ads."""
    rng = settings.rng("buyers")
    length, burst = len(orders), days.burst
    waiting: list[list[np.ndarray]] = [[] for _ in range(length)]
    order_buyer, order_new, first_day, province, from_ads = [], [], [], [], []
    weights = np.array(PROVINCE_WEIGHTS) / sum(PROVINCE_WEIGHTS)
    known, too_many = 0, 0
    for t in range(length):
        back = np.concatenate(waiting[t]) if waiting[t] else np.empty(0, dtype=np.int64)
        waiting[t] = []
        if len(back) > orders[t]:
            if t + 1 < length:
                waiting[t + 1].insert(0, back[orders[t] :])
            else:
                too_many = len(back) - int(orders[t])
            back = back[: orders[t]]
        fresh = int(orders[t]) - len(back)
        ids = np.arange(known, known + fresh)
        share = weights * (1 - ad_share[t] * held_out[t])
        by_ads = rng.random(fresh) < ad_share[t]
        province.append(rng.choice(len(weights), size=fresh, p=share / share.sum()).astype(np.int8))
        from_ads.append(by_ads & ~held_out[t][province[-1]])
        first_day.append(np.full(fresh, t, dtype=np.int32))
        position, when = _returns(rng, fresh, t, length, bool(burst[t]))
        order = np.argsort(when, kind="stable")
        cut = np.searchsorted(when[order], np.unique(when))
        for part in np.split(order, cut[1:]) if len(when) else []:
            waiting[when[part[0]]].append(known + position[part])
        today = rng.permutation(np.concatenate([back, ids]))
        order_buyer.append(today)
        order_new.append(today >= known)
        known += fresh
    first = np.concatenate(first_day)
    return Buyers(
        first,
        np.concatenate(province),
        burst[first],
        np.concatenate(from_ads),
        rng.random(known) < 0.18,
        np.concatenate(order_buyer),
        np.concatenate(order_new),
        too_many,
    )
