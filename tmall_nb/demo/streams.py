"""Settings of a demo shop: sizes, switches that make it harder, and random streams.

Each part of the world draws from a stream of its own, seeded by the seed, the shop's name and the part's, so that a switch
leaves the other parts as they were. The switches:

* ``hidden_demand``: log demand of all items moves by an AR(1) with .97, sd .035 a day, that no file shows; keyword spend
  follows it with an elasticity of .8. Naive: a model of sales on spend credits the keywords with it.
* ``no_instrument``: unit costs never change, so nothing moves prices from outside.
* ``own_demand_pricing``: weekly demand shocks of sd .5 (otherwise .12), and prices rise by half of each. Naive: the price slope
  comes out too small in size, or positive.
* ``weak_controls``: items without ads react to platform traffic at .55 of the others' strength, so they are poor controls.
* ``masked_buyers``: member names are masked, so no buyer can be followed.
* ``missing_files``: no costs, traffic sources, ad detail, market popularity, reviews, logistics and service files.
* ``short_history``: the last 120 days alone.
* ``geo_holdout``: ads are off in ten provinces for the last 56 days (see the regional hold-out).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from tmall_nb.demo.names import PROFILES, SHOPS, Profile
from tmall_nb.errors import ParameterError, guess

__all__ = ["SIZES", "SWITCHES", "Settings", "read_settings"]

SIZES = {  # items, paid orders, first day
    "small": (40, 20_000, "2024-07-01"),
    "year": (300, 300_000, "2025-01-01"),
    "large": (2_000, 7_500_000, "2024-01-01"),
}
LAST_DAY = "2025-12-31"
SWITCHES = (
    "hidden_demand",
    "no_instrument",
    "own_demand_pricing",
    "weak_controls",
    "masked_buyers",
    "missing_files",
    "short_history",
    "geo_holdout",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a demo shop is made from; equal settings give equal bytes.

    Attributes
    ----------
    shop_id, profile : folder name and kind of shop
    items, orders : how many items, about how many paid orders
    first, last : first and last day of the files
    seed : seeds every random stream together with the shop's name
    hard : switches that are on
    scale : orders against the size's standard
    """

    shop_id: str
    profile: Profile
    items: int
    orders: int
    first: np.datetime64
    last: np.datetime64
    size: str
    seed: int
    hard: frozenset[str]

    def rng(self, part: str) -> np.random.Generator:
        """Return the random stream of one part of the world; parts do not disturb each other."""
        return np.random.default_rng([self.seed, zlib.crc32(self.shop_id.encode()), zlib.crc32(part.encode())])

    @property
    def days(self) -> np.ndarray:
        return np.arange(self.first, self.last + 1)


def read_settings(shop_id: str, size: str, seed: int, hard: tuple[str, ...]) -> Settings:
    """Check the options and return the settings; a wrong one raises ParameterError."""
    if size not in SIZES:
        raise ParameterError("size", size, f"one of {', '.join(SIZES)}")
    for switch in hard:
        if switch not in SWITCHES:
            raise ParameterError("hard", switch, f"one of {', '.join(SWITCHES)}{guess(switch, SWITCHES)}")
    if not isinstance(seed, int) or seed < 0:
        raise ParameterError("seed", seed, "a whole number of 0 or more")
    if not shop_id or any(c in shop_id for c in '/\\:*?"<>|') or shop_id.startswith("."):
        raise ParameterError("shop_id", shop_id, "a plain folder name, e.g. qingmu")
    items, orders, first = SIZES[size]
    kind = dict(SHOPS).get(shop_id, SHOPS[zlib.crc32(shop_id.encode()) % len(SHOPS)][1])
    profile = PROFILES[kind]
    start = np.datetime64(first)
    if "short_history" in hard:
        start, orders = np.datetime64(LAST_DAY) - 119, max(orders // 5, 1)
    return Settings(
        shop_id, profile, items, int(orders * profile.scale), start, np.datetime64(LAST_DAY), size, seed, frozenset(hard)
    )
