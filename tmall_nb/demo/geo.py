"""A regional hold-out of ads, on request (switch ``geo_holdout``).

Equation: in the held-out provinces no ad of any channel runs during the last 56 days; sales fall by what ads cause there.
With a share w of the country dark and a share s of orders brought by ads where they run, w (1 - s) / (1 - s w) of a day's
orders come from there, so the order files show it: fewer new buyers, and returning ones who come later. Naive: sales of
the held-out provinces before and during the test, which charges the season and Double 11 to the ads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tmall_nb.demo.ads import Ads
from tmall_nb.demo.names import PROVINCE_WEIGHTS, PROVINCES
from tmall_nb.demo.season import Days
from tmall_nb.demo.streams import Settings

__all__ = ["GeoTest", "apply_holdout", "plan_holdout"]

LENGTH, HELD_OUT = 56, 10


@dataclass(frozen=True, slots=True)
class GeoTest:
    """Provinces held out; ``dark`` (D, 31) where no ad runs; ``share`` (D) of the country that is dark."""

    provinces: list[str]
    dark: np.ndarray
    share: np.ndarray


def plan_holdout(settings: Settings, days: Days) -> GeoTest:
    """Choose the provinces at random, or none when no test was asked for."""
    dark = np.zeros((len(days.dates), len(PROVINCES)), dtype=bool)
    chosen = np.empty(0, dtype=np.int64)
    if "geo_holdout" in settings.hard:
        chosen = np.sort(settings.rng("geo").choice(len(PROVINCES), HELD_OUT, replace=False))
        dark[-LENGTH:, chosen] = True
    weight = np.array(PROVINCE_WEIGHTS) / sum(PROVINCE_WEIGHTS)
    return GeoTest([PROVINCES[c] for c in chosen], dark, dark @ weight)


def apply_holdout(ads: Ads, geo: GeoTest) -> Ads:
    """Return the ads with spend, clicks and effect of dark provinces gone."""
    left = 1 - geo.share
    if (left == 1).all():
        return ads
    return replace(
        ads,
        spend_cents=np.round(ads.spend_cents * left).astype(np.int64),
        clicks=np.round(ads.clicks * left).astype(np.int64),
        yuan=ads.yuan * left,
        units=ads.units * left,
    )
