"""The calendar part of the world: platform traffic and the phases of campaigns.

Equation, for day t (logs)::

    traffic_t = weekday(t) + .10 sin(yearly) + festival(t) + sum_k burst_k(t) + n_t,   n_t = .8 n_(t-1) + N(0, .04^2)

True numbers: weekend +.08, Monday -.05; Spring Festival -.7 (day -3 to +6); on the first and last burst of Double 11
+1.5, of 618 +1.2, of other events +.30 to +.35; the evening before (from 20:00) half of that; other sale days +.12, presale
+.08, return days (encore) +.15. The naive reading is wrong because traffic peaks on exactly the days on which the shop
lowers its prices and buys more ads: sales per day before and during a campaign mix all three.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmall_nb.demo.streams import Settings

__all__ = ["BURST", "ENCORE", "EVE", "EVENTS", "PRESALE", "SALE", "Days", "Event", "make_days"]

SALE, PRESALE, EVE, BURST, ENCORE = 1, 2, 3, 4, 5


@dataclass(frozen=True, slots=True)
class Event:
    """A campaign: its dates, platform traffic at a burst (log), own lift (log), price cut, and cart rule.

    ``rule`` is ``"cart"`` (full 300 yuan minus 50, on the cart, apportioned) or ``"cut"`` (a cut on the item's price).
    ``platform`` is False for the shop's own campaigns: then the platform's traffic does not move.
    """

    key: str
    name: str
    kind: str
    start: str
    end: str
    bursts: tuple[str, ...]
    traffic: float
    lift: float
    depth: float
    rule: str = "cut"
    presale: str | None = None
    encore: int = 2

    @property
    def platform(self) -> bool:
        return self.traffic > 0


EVENTS = (
    Event("2024-01-nianhuo", "2024年货节", "官方大促", "2024-01-15", "2024-01-24", ("2024-01-16",), 0.30, 0.40, 0.10, "cart"),
    Event("2024-03-08", "2024年38焕新周", "官方大促", "2024-03-01", "2024-03-08", ("2024-03-08",), 0.35, 0.45, 0.12, "cart"),
    Event(
        "2024-06-18",
        "2024年618",
        "官方大促",
        "2024-05-20",
        "2024-06-20",
        ("2024-05-21", "2024-06-01", "2024-06-18"),
        1.20,
        0.70,
        0.15,
        "cart",
    ),
    Event(
        "2024-08-shop", "2024年8月店庆", "店铺活动", "2024-08-20", "2024-08-23", ("2024-08-20", "2024-08-21"), 0.0, 0.60, 0.15
    ),
    Event("2024-09-09", "2024年99大促", "官方大促", "2024-09-05", "2024-09-11", ("2024-09-09",), 0.30, 0.40, 0.12, "cart"),
    Event(
        "2024-11-11",
        "2024年双11",
        "官方大促",
        "2024-10-21",
        "2024-11-11",
        ("2024-10-22", "2024-11-01", "2024-11-11"),
        1.50,
        0.80,
        0.15,
        "cart",
        "2024-10-14",
        3,
    ),
    Event(
        "2024-12-12", "2024年双12", "官方大促", "2024-12-09", "2024-12-12", ("2024-12-12",), 0.30, 0.35, 0.10, "cart", None, 1
    ),
    Event("2025-01-nianhuo", "2025年货节", "官方大促", "2025-01-06", "2025-01-17", ("2025-01-07",), 0.30, 0.40, 0.10),
    Event("2025-03-08", "2025年38焕新周", "官方大促", "2025-03-01", "2025-03-08", ("2025-03-08",), 0.35, 0.45, 0.12),
    Event("2025-04-ju", "2025年4月聚划算", "聚划算", "2025-04-15", "2025-04-18", ("2025-04-15", "2025-04-16"), 0.0, 0.65, 0.18),
    Event(
        "2025-06-18",
        "2025年618",
        "官方大促",
        "2025-05-16",
        "2025-06-20",
        ("2025-05-17", "2025-05-31", "2025-06-18"),
        1.20,
        0.70,
        0.15,
        "cut",
        "2025-05-13",
    ),
    Event(
        "2025-08-shop", "2025年8月店庆", "店铺活动", "2025-08-05", "2025-08-08", ("2025-08-05", "2025-08-06"), 0.0, 0.60, 0.15
    ),
    Event("2025-09-09", "2025年超级88", "官方大促", "2025-09-08", "2025-09-19", ("2025-09-09",), 0.30, 0.40, 0.12),
    Event(
        "2025-11-11",
        "2025年双11",
        "官方大促",
        "2025-10-20",
        "2025-11-14",
        ("2025-10-21", "2025-10-31", "2025-11-11"),
        1.50,
        0.80,
        0.15,
        "cut",
        "2025-10-15",
        3,
    ),
    Event(
        "2025-12-12", "2025年双12", "官方大促", "2025-12-08", "2025-12-12", ("2025-12-12",), 0.30, 0.35, 0.10, "cut", None, 1
    ),
)
FESTIVALS = ("2024-02-10", "2025-01-29")
WEEKDAY = np.array([-0.05, -0.03, -0.01, 0.0, 0.02, 0.08, 0.07])


@dataclass(frozen=True, slots=True)
class Days:
    """The days of the files and what moves with them.

    Attributes
    ----------
    dates : datetime64[D], length D
    weekday : 0 Monday … 6, length D
    traffic : log platform traffic, length D
    season : yearly wave in -1 … 1, +1 in mid July, length D
    events : the campaigns inside the days
    phase : (events, D) phase codes, 0 outside
    """

    dates: np.ndarray
    weekday: np.ndarray
    traffic: np.ndarray
    season: np.ndarray
    events: tuple[Event, ...]
    phase: np.ndarray

    def on(self, day: str) -> int:
        return int((np.datetime64(day) - self.dates[0]).astype(int))

    @property
    def burst(self) -> np.ndarray:
        """Is the day a burst day or the evening before one?"""
        return ((self.phase == BURST) | (self.phase == EVE)).any(axis=0)


def _phase(dates: np.ndarray, event: Event) -> np.ndarray:
    phase = np.zeros(len(dates), dtype=np.int8)
    start, end = np.datetime64(event.start), np.datetime64(event.end)
    if event.presale:
        phase[(dates >= np.datetime64(event.presale)) & (dates < start)] = PRESALE
    phase[(dates >= start) & (dates <= end)] = SALE
    phase[(dates > end) & (dates <= end + event.encore)] = ENCORE
    for day in event.bursts:
        if event.platform:
            phase[dates == np.datetime64(day) - 1] = EVE
        phase[dates == np.datetime64(day)] = BURST
    return phase


def make_days(settings: Settings) -> Days:
    """Return the calendar of a shop, platform traffic included."""
    dates = settings.days
    rng = settings.rng("days")
    weekday = (dates.astype("datetime64[D]").astype(int) + 3) % 7
    year = 2 * np.pi * ((dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(int) / 365.25)
    noise = ar1(rng, len(dates), 0.8, 0.04)
    traffic = WEEKDAY[weekday] + 0.10 * np.sin(year + 3.6) + noise
    for festival in FESTIVALS:
        gap = (dates - np.datetime64(festival)).astype(int)
        traffic = traffic - 0.7 * ((gap >= -3) & (gap <= 6))
    inside = tuple(e for e in EVENTS if np.datetime64(e.start) - 14 >= dates[0] and np.datetime64(e.bursts[-1]) <= dates[-1])
    phase = np.array([_phase(dates, e) for e in inside]).reshape(len(inside), len(dates))
    for k, event in enumerate(inside):
        if event.platform:
            size = np.array([0.0, 0.12, 0.08, event.traffic / 2, event.traffic, 0.15])
            traffic = traffic + size[phase[k]]
    return Days(dates, weekday, traffic, np.cos(year - 2 * np.pi * 196 / 365.25), inside, phase)


def ar1(rng: np.random.Generator, length: int, carry: float, sd: float) -> np.ndarray:
    """Return a stationary AR(1) series with innovations of standard deviation ``sd``."""
    shocks = rng.normal(0, sd, length)
    shocks[0] /= np.sqrt(1 - carry**2)
    out = np.empty(length)
    last = 0.0
    for t in range(length):
        last = carry * last + shocks[t]
        out[t] = last
    return out
