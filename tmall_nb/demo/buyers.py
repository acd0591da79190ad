"""The buyers part of the world: who comes back, when, and for how long.

Equation (beta-geometric with dropout after every order, the first included: MBG/NBD)::

    rate_b ~ Gamma(r, alpha days), p_b ~ Beta(a, b);  after each order the buyer leaves with probability p_b,
    otherwise the next order follows after 1 + floor(Exponential(rate_b)) days

Buyers whose first order falls on a campaign's burst day or the evening before have rates x ``CAMPAIGN_RATE``. Every
order the item model asks for beyond the returning ones is somebody's first: the shop opens on the first day of the
files. Returning buyers make at most ``MOST_RETURNING`` of a day's orders, the rest of them come the next day. Naive:
repurchase share of all first buyers (buyers of last month have not had their time yet), and comparing campaign buyers with
others at different ages, and carrying a buyer's orders so far forward as if nobody left.

Membership: ``JOIN`` of the buyers join the members' club with their first order, ``JOIN_CAMPAIGN`` of those a burst brought;
it changes nothing. Naive: members have ordered more often so far, so the club pays (they are the older and better buyers).

After the files a buyer who has not left orders on each day with probability q = 1 - exp(-rate), so that within H days
(1 - (1 - p q)^H) / p orders are expected of them; orders still put off when the files end are not among these.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tmall_nb.demo.names import PROVINCE_WEIGHTS
from tmall_nb.demo.season import Days
from tmall_nb.demo.streams import Settings

__all__ = ["AHEAD", "BTYD", "CAMPAIGN_RATE", "JOIN", "JOIN_CAMPAIGN", "MOST_RETURNING", "Buyers", "draw_buyers"]

BTYD = {"r": 0.60, "alpha": 60.0, "a": 3.0, "b": 8.25}
CAMPAIGN_RATE, MOST_RETURNING = 0.60, 0.93
JOIN, JOIN_CAMPAIGN = 0.20, 0.06
WEIGHTS = np.array(PROVINCE_WEIGHTS) / sum(PROVINCE_WEIGHTS)
AHEAD = (30, 90, 180, 365)  # days after the files for which ``Buyers.ahead`` holds expected orders


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
    ahead : orders expected of all buyers within each of ``AHEAD`` days after the files; staying : buyers who have not left
    """

    first_day: np.ndarray
    province: np.ndarray
    campaign: np.ndarray
    from_ads: np.ndarray
    member: np.ndarray
    order_buyer: np.ndarray
    order_new: np.ndarray
    too_many: int
    ahead: np.ndarray = field(default_factory=lambda: np.zeros(len(AHEAD)))
    staying: int = 0


def _returns(
    rng: np.random.Generator, count: int, day: int, length: int, campaign: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw the days on which ``count`` buyers who first bought on ``day`` come back.

    Returns buyer position and day of each return, and (rate, leaving probability) of those who stay beyond the last day.
    """
    rate = rng.gamma(BTYD["r"], 1 / BTYD["alpha"], count) * (CAMPAIGN_RATE if campaign else 1.0)
    leave = rng.beta(BTYD["a"], BTYD["b"], count)
    who, now = np.arange(count), np.full(count, day, dtype=np.int64)
    buyers, times, stay = [], [], []
    while len(who):
        stays = rng.random(len(who)) >= leave[who]
        who, now = who[stays], now[stays]
        gap = rng.exponential(1.0, len(who)) / np.maximum(rate[who], 1e-9)
        now = now + 1 + np.minimum(gap, length).astype(np.int64)
        inside = now < length
        stay.append(np.stack([rate[who[~inside]], leave[who[~inside]]]))
        who, now = who[inside], now[inside]
        buyers.append(who)
        times.append(now)
    if not buyers:
        return who, now, np.empty((2, 0))
    return np.concatenate(buyers), np.concatenate(times), np.concatenate(stay, axis=1)


def _expected(rate: np.ndarray, leave: np.ndarray) -> np.ndarray:
    """Orders expected within each of ``AHEAD`` days of all buyers who stay, summed."""
    chance = leave * -np.expm1(-rate)
    orders = -np.expm1(np.array(AHEAD)[:, None] * np.log1p(-chance)[None, :]) / leave
    return orders.sum(axis=1)


def draw_buyers(settings: Settings, days: Days, orders: np.ndarray, ad_share: np.ndarray, held_out: np.ndarray) -> Buyers:
    """Draw buyers for ``orders`` a day; ads bring ``ad_share`` of the orders; ``held_out`` (D, 31) sees no ads."""
    rng = settings.rng("buyers")
    length, burst = len(orders), days.burst
    waiting: list[list[np.ndarray]] = [[] for _ in range(length + 1)]
    province: list[np.ndarray] = []
    order_buyer, order_new, first_day, from_ads = [], [], [], []
    known, staying, ahead = 0, 0, np.zeros(len(AHEAD))
    for t in range(length):
        back = np.concatenate(waiting[t]) if waiting[t] else np.empty(0, dtype=np.int64)
        waiting[t] = []
        if held_out[t].any():
            back, later, lost = _split(rng, back, np.concatenate(province), int(orders[t]), ad_share[t], held_out[t])
        else:
            room = int(MOST_RETURNING * orders[t])
            back, later, lost = back[:room], back[room:], 0.0
        if len(later):
            waiting[t + 1].insert(0, later)
        fresh = int(orders[t]) - len(back)
        ids = np.arange(known, known + fresh)
        share = WEIGHTS * (1 - lost * held_out[t])
        by_ads = rng.random(fresh) < ad_share[t]
        province.append(rng.choice(len(WEIGHTS), size=fresh, p=share / share.sum()).astype(np.int8))
        from_ads.append(by_ads & ~held_out[t][province[-1]])
        first_day.append(np.full(fresh, t, dtype=np.int32))
        position, when, stay = _returns(rng, fresh, t, length, bool(burst[t]))
        ahead, staying = ahead + _expected(*stay), staying + stay.shape[1]
        order = np.argsort(when, kind="stable")
        cut = np.searchsorted(when[order], np.unique(when))
        for part in np.split(order, cut[1:]) if len(when) else []:
            waiting[when[part[0]]].append(known + position[part])
        today = rng.permutation(np.concatenate([back, ids]))
        order_buyer.append(today.astype(np.int32))
        order_new.append(today >= known)
        known += fresh
    first = np.concatenate(first_day)
    too_many = sum(map(len, waiting[length]))
    return Buyers(
        first,
        np.concatenate(province),
        burst[first],
        np.concatenate(from_ads),
        rng.random(known) < np.where(burst[first], JOIN_CAMPAIGN, JOIN),
        np.concatenate(order_buyer),
        np.concatenate(order_new),
        too_many,
        ahead,
        staying,
    )


def _split(
    rng: np.random.Generator, back: np.ndarray, province: np.ndarray, orders: int, ads: float, dark: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Split returning buyers into those who order today and those who wait, and say which share of new ones is lost.

    Where ads are dark the orders that ads bring (a share s of the orders everywhere) are missing, so that with a held-out
    share w of the country w (1 - s) / (1 - s w) of today's orders come from there: fewer returning buyers first, and the
    new ones' provinces make up the rest.
    """
    weight = float(WEIGHTS @ dark)
    inside = dark[province[back]]
    wanted = int(rng.binomial(orders, weight * (1 - ads) / (1 - ads * weight)))
    first, second = back[inside], back[~inside]
    room, rest = int(MOST_RETURNING * wanted), int(MOST_RETURNING * (orders - wanted))
    today = np.concatenate([first[:room], second[:rest]])
    later = np.concatenate([first[room:], second[rest:]])
    new, new_dark = orders - len(today), wanted - min(len(first), room)
    share = min(new_dark / max(new, 1), 0.98)
    lost = 1 - share * (1 - weight) / (weight * (1 - share))
    return today, later, lost
