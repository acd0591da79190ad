"""The orders part of the world: units become lines and orders with prices, coupons, refunds and times.

Equations: of the units of an item-day 8 % join the unit before them as one line; of the lines of a day 26 % join the
order before. Line amount = units x price - share of the order's discount (to the cent, largest remainder last), with

* cart rule (``rule="cart"`` campaigns, sale days): 50 yuan off per full 300 yuan of the order,
* shop coupon: 10 yuan off from 199 yuan, used by 20 % of such orders,
* platform-funded coupon: 5 % of the order for 8 % of orders, paid by the platform: in 天猫卡券抵扣, not off the total.

Refunds: a line's probability is its item's (x 1.25 on burst days, whole order five times in six); 45 % before shipping
(lag Exp(1.2 days)), 55 % after (lag lognormal, median 9 days, sigma .55). A refund that ends after the last day is
not in the files yet: refund shares of the newest four weeks are too low by up to half. About 16 % more orders are
created and never paid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmall_nb.demo.items import Items
from tmall_nb.demo.season import BURST, EVE, PRESALE, SALE, Days
from tmall_nb.demo.stock import Stock
from tmall_nb.demo.streams import Settings

__all__ = ["Lines", "count_orders", "draw_lines", "join_lines"]

JOIN_UNIT, JOIN_LINE = 0.08, 0.26
COUPON_FROM, COUPON, COUPON_USE = 19_900, 1_000, 0.20
EARLY_REFUND, EARLY_DAYS, LATE_MEDIAN, LATE_SIGMA = 0.45, 1.2, 9.0, 0.55
DAY_HOURS = np.array(
    [3.0, 1.4, 0.8, 0.5, 0.4, 0.5, 1.0, 2.2, 3.6, 5.0, 6.0, 5.6, 5.2, 5.0, 5.2, 5.2, 5.0, 4.6, 4.8, 6.2, 7.6, 8.4, 7.6, 5.2]
)
BURST_HOURS = np.array(
    [14.0, 7.0, 3.0, 1.5, 1.0, 1.0, 1.5, 2.5, 3.5, 4.0, 4.2, 4.0, 3.6, 3.4, 3.4, 3.4, 3.4, 3.4, 3.6, 4.5, 7.0, 8.0, 9.0, 9.5]
)
EVE_HOURS = np.concatenate([DAY_HOURS[:20] * 0.35, [34.0, 20.0, 12.0, 9.0]])


@dataclass(frozen=True, slots=True)
class Lines:
    """Order lines of some days, sorted by day and order; one entry per line unless stated otherwise.

    Attributes
    ----------
    day, item, units, order : day index, item index, units, order number counted from the first day
    paid_cents : line amount after discounts, before refunds; list_cents : its list price (one unit)
    refund_cents : what comes back in the end; early : asked before shipping; applied, finished : days from payment
    order_first : position of each order's first line (one per order)
    paid_second, created_second : seconds since 1970 of payment and creation (one per order)
    presale : paid as the balance of a presale (one per order)
    coupon_cents, cart_cents, platform_cents : shop coupon, cart rule and platform-funded part (one per order)
    """

    day: np.ndarray
    item: np.ndarray
    units: np.ndarray
    order: np.ndarray
    paid_cents: np.ndarray
    list_cents: np.ndarray
    refund_cents: np.ndarray
    early: np.ndarray
    applied: np.ndarray
    finished: np.ndarray
    order_first: np.ndarray
    paid_second: np.ndarray
    created_second: np.ndarray
    presale: np.ndarray
    coupon_cents: np.ndarray
    cart_cents: np.ndarray
    platform_cents: np.ndarray


def join_lines(settings: Settings, stock: Stock) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return day, item, units and a day-wise order number of every line, sorted by day and order."""
    rng = settings.rng("lines")
    day_item = stock.sold.T
    cells = np.repeat(np.arange(day_item.size, dtype=np.int32), day_item.ravel())
    starts = np.ones(len(cells), dtype=bool)
    starts[1:] = (cells[1:] != cells[:-1]) | (rng.random(max(len(cells) - 1, 0)) >= JOIN_UNIT)
    first = np.flatnonzero(starts)
    units = np.diff(np.append(first, len(cells))).astype(np.int32)
    day, item = np.divmod(cells[first], np.int32(day_item.shape[1]))
    del cells, starts, first
    shuffle = np.lexsort((rng.random(len(day)), day))
    item, units, day = item[shuffle], units[shuffle], day[shuffle]
    del shuffle
    new_order = np.ones(len(day), dtype=bool)
    new_order[1:] = (day[1:] != day[:-1]) | (rng.random(max(len(day) - 1, 0)) >= JOIN_LINE)
    return day, item, units, np.cumsum(new_order, dtype=np.int32) - np.int32(1)


def count_orders(day: np.ndarray, order: np.ndarray, length: int) -> np.ndarray:
    """Return the number of paid orders of each day."""
    first = np.flatnonzero(np.append(True, order[1:] != order[:-1]))
    return np.bincount(day[first], minlength=length)


def _apportion(amount: np.ndarray, off: np.ndarray, first: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Share each order's discount over its lines by amount; the last line takes the rest."""
    total = np.add.reduceat(amount, first)
    share = (amount * off[order] // np.maximum(total[order], 1)).astype(np.int64)
    last = np.append(first[1:], len(amount)) - 1
    share[last] += off - np.add.reduceat(share, first)
    return share


def _discounts(rng: np.random.Generator, total: np.ndarray, day: np.ndarray, days: Days) -> tuple[np.ndarray, np.ndarray]:
    """Shop coupon and cart rule of each order, in cents; together at most half of the order."""
    coupon = np.where((total >= COUPON_FROM) & (rng.random(len(total)) < COUPON_USE), COUPON, 0)
    cart = np.zeros_like(coupon)
    for k, event in enumerate(days.events):
        if event.rule == "cart":
            live = np.isin(days.phase[k], (SALE, EVE, BURST))[day]
            cart = cart + np.where(live, total // 30_000 * 5_000, 0)
    return coupon, np.minimum(cart, total // 2 - coupon)


def _seconds(rng: np.random.Generator, day: np.ndarray, days: Days) -> np.ndarray:
    """Second of the day of each order, sorted within the day; bursts start at 20:00 the evening before."""
    top = days.phase.max(axis=0, initial=0)
    kind = np.where(top == BURST, 1, np.where(top == EVE, 2, 0))[day]
    hour = np.empty(len(day), dtype=np.int64)
    for code, weights in enumerate((DAY_HOURS, BURST_HOURS, EVE_HOURS)):
        rows = np.flatnonzero(kind == code)
        hour[rows] = rng.choice(24, size=len(rows), p=weights / weights.sum())
    second = hour * 3600 + rng.integers(0, 3600, len(day))
    return second[np.lexsort((second, day))]


def draw_lines(settings: Settings, days: Days, items: Items, joined: tuple[np.ndarray, ...], rows: slice) -> Lines:
    """Price, pay and refund the lines ``rows`` (whole days) of ``join_lines``."""
    day, item, units, order = (part[rows] for part in joined)
    order = order.astype(np.int64)
    rng = np.random.default_rng([int(settings.rng("draw").integers(2**32)), int(day[0]) if len(day) else 0])
    first = np.flatnonzero(np.append(True, order[1:] != order[:-1]))
    local = order - order[0]
    amount = units * items.price_cents[item, day]
    order_day = day[first]
    total = np.add.reduceat(amount, first)
    coupon, cart = _discounts(rng, total, order_day, days)
    paid = amount - _apportion(amount, coupon + cart, first, local)
    created, paid_at, presale = _times(rng, order_day, days)
    refund, early, applied, finished = _refunds(rng, days, items, (day, item, local, paid))
    platform = np.where(rng.random(len(first)) < 0.08, np.add.reduceat(paid, first) // 20, 0)
    return Lines(
        day,
        item,
        units,
        order,
        paid,
        items.list_cents[item],
        refund,
        early,
        applied,
        finished,
        first,
        paid_at,
        created,
        presale,
        coupon,
        cart,
        platform,
    )


def _times(rng: np.random.Generator, order_day: np.ndarray, days: Days) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Seconds of creation and payment, and which orders pay a presale's balance."""
    start = days.dates.astype("datetime64[s]").astype(np.int64)
    paid = start[order_day] + _seconds(rng, order_day, days)
    created = paid - np.minimum(rng.exponential(40, len(order_day)).astype(np.int64) + 4, 1500)
    presale = np.zeros(len(order_day), dtype=bool)
    for k, event in enumerate(days.events):
        waits = np.flatnonzero(days.phase[k] == PRESALE)
        if not len(waits):
            continue
        burst = days.on(event.bursts[0])
        chosen = ((order_day == burst) | (order_day == burst - 1)) & (rng.random(len(order_day)) < 0.30)
        back = start[rng.choice(waits, int(chosen.sum()))] + rng.integers(8 * 3600, 86_400, int(chosen.sum()))
        created[chosen] = back
        presale |= chosen
    return created, paid, presale


def _refunds(rng: np.random.Generator, days: Days, items: Items, lines: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Amount, stage and lags of each line's refund; a whole order five times in six."""
    day, item, local, paid = lines
    chance = items.refund[item] * np.where(days.burst[day], 1.25, 1.0)
    orders = local[-1] + 1 if len(local) else 0
    draw = rng.random(orders)[local]
    kind = (rng.random(orders) < 0.84)[local]
    part = np.where(rng.random(len(paid)) < 0.5, 1.0, rng.uniform(0.1, 0.6, len(paid)))
    hit = draw < chance
    lead = (
        np.minimum.reduceat(np.where(hit, 0, 1), np.flatnonzero(np.append(True, local[1:] != local[:-1]))) if orders else draw
    )
    whole = kind & (lead[local] == 0)
    refund = np.where(whole, paid, np.where(hit & ~kind, np.maximum((paid * part).astype(np.int64), 1), 0))
    early = (rng.random(orders) < EARLY_REFUND)[local]
    late = np.exp(rng.normal(np.log(LATE_MEDIAN), LATE_SIGMA, orders))[local]
    lag = np.where(early, rng.exponential(EARLY_DAYS, orders)[local], late)
    return refund, early, np.maximum(lag * 0.45, 0.02), np.maximum(lag, 0.05)
