"""Simulated shops with known returns per channel, for the media-mix and budget benchmarks.

sales_t = base_t + Σ_j R_j · spend share · saturated carried-over spend + noise; base = trend, two yearly harmonics,
campaign weeks, price and demand u_t (AR(1)). Spend follows season, campaigns and, for `search`, demand. In a hidden
world u_t is left out of the controls. True returns: log R_j ~ N(log 1.2, .5), independent of everything else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

CHANNELS = ["search", "feed", "shopwide", "affiliate", "offsite"]


@dataclass(frozen=True)
class World:
    weeks: pd.DataFrame
    controls: list[str]
    roas: pd.Series  # true return on the whole spend
    share: pd.Series  # true share of sales
    parts: dict  # what `gain` needs

    def gain(self, scale: np.ndarray, window: int = 52) -> float:
        """True yearly sales change if every week of the last ``window`` had spend × scale (per channel)."""
        return float(sum(_contribution(self.parts[c], s)[-window:].sum() - _contribution(self.parts[c], 1.0)[-window:].sum()
                         for c, s in zip(CHANNELS, scale, strict=True)))  # fmt: skip


def _adstock(x, theta):
    w = theta ** np.arange(13)
    return np.convolve(x, w / w.sum())[: len(x)]


def _height(part, scale):
    a = _adstock(part["spend"] * scale, part["theta"]) / part["spend"].mean()
    return a ** part["s"] / (part["k"] ** part["s"] + a ** part["s"])


def _contribution(part, scale):
    return part["amount"] * _height(part, scale) / part["height_sum"]


def draw(
    seed: int,
    *,
    hidden: bool = False,
    weeks: int = 156,
    spread: float = 0.5,
    demand_sd: float = 0.08,
    log_roas: np.ndarray | None = None,
) -> World:
    rng = np.random.default_rng([1701, seed])
    t = np.arange(weeks)
    season = 0.12 * np.sin(2 * np.pi * (t / 52.18 + rng.random())) + 0.05 * np.sin(4 * np.pi * (t / 52.18 + rng.random()))
    campaign = np.zeros(weeks)
    for start in rng.choice(weeks - 2, weeks * 5 // 52, replace=False):
        campaign[start : start + rng.integers(1, 3)] = 1
    price = rng.normal(0, 0.03, weeks) - 0.05 * campaign
    shock, u = rng.normal(size=weeks), np.zeros(weeks)
    for i in range(1, weeks):
        u[i] = 0.85 * u[i - 1] + demand_sd * np.sqrt(1 - 0.85**2) * shock[i]
    base = np.exp(rng.uniform(-0.2, 0.2) * (t / weeks - 0.5) + season + rng.uniform(0.2, 0.4) * campaign - 1.5 * price + u)
    base *= 1e6 / base.mean()
    roas, frame = rng.lognormal(np.log(1.2), spread, 5), {"week": pd.date_range("2022-01-03", periods=weeks, freq="W-MON")}
    roas = roas if log_roas is None else np.exp(log_roas)
    sales, parts = base.copy(), {}
    ratio = rng.dirichlet(np.full(5, 4.0)) * rng.uniform(0.16, 0.26)
    for name, r, portion in zip(CHANNELS, roas, ratio, strict=True):
        wander = np.zeros(weeks)
        for i in range(1, weeks):
            wander[i] = 0.6 * wander[i - 1] + rng.normal(0, 0.3)
        follow = rng.uniform(0.6, 1.2) if name == "search" else 0.0
        spend = np.exp(1.0 * season + rng.uniform(0.2, 0.7) * campaign + wander + follow * u)
        if name in ("offsite", "affiliate"):
            spend *= rng.random(weeks) < 0.7
        spend *= portion * 1e6 / spend.mean()
        part = {
            "spend": spend,
            "theta": rng.uniform(0.05, 0.7),
            "s": rng.uniform(0.8, 1.8),
            "k": rng.uniform(0.6, 2.5),
            "amount": r * spend.sum(),
        }
        part["height_sum"] = 1.0
        part["height_sum"] = _height(part, 1.0).sum()
        parts[name], frame[name] = part, spend
        sales = sales + _contribution(part, 1.0)
    sales = sales + rng.normal(0, 0.035, weeks) * sales.mean()
    weeks_frame = pd.DataFrame(frame | {"campaign": campaign, "price": price, "paid_amount": sales})
    controls = ["campaign", "price"]
    if not hidden:
        weeks_frame["demand"] = u + rng.normal(0, 0.01, weeks)
        controls.append("demand")
    truth = pd.Series(roas, CHANNELS)
    share = pd.Series([parts[c]["amount"] / sales.sum() for c in CHANNELS], CHANNELS)
    return World(weeks_frame, controls, truth, share, parts)


SCENES = ("rank_preserving", "random", "negative", "multiplicative", "multiplicative_negative")


def platform_roas(world: World, scene: str, seed: int) -> dict[str, float]:
    """What the platform books per yuan: the true return plus buyers who would have come anyway."""
    rng = np.random.default_rng([2203, seed, SCENES.index(scene)])
    true = world.roas.to_numpy()
    if scene == "rank_preserving":
        booked = true + 1.5 + rng.uniform(0, 0.2, 5)
    elif scene == "random":
        booked = true + rng.uniform(0.5, 4.0, 5)
    elif scene == "negative":
        booked = true + np.maximum(4.0 - 2.2 * true, 0.1) + rng.uniform(0, 0.4, 5)
    elif scene == "multiplicative":
        booked = true * rng.lognormal(np.log(2.2), 0.4, 5)
    else:
        booked = true * np.exp(0.8 - 1.6 * (np.log(true) - np.log(true).mean()) + rng.normal(0, 0.2, 5))
    return dict(zip(CHANNELS, booked, strict=True))


def best_plan(world: World, low: float = 0.5, high: float = 2.0, window: int = 52) -> tuple[np.ndarray, float]:
    """The true best split of today's spend inside the bounds, and its yearly gain."""
    grid = np.linspace(low, high, 151)
    cost = np.array([world.parts[c]["spend"][-window:].sum() for c in CHANNELS])
    worth = np.array([[_contribution(world.parts[c], g)[-window:].sum() for g in grid] for c in CHANNELS])
    below, above = 0.0, 50.0
    for _ in range(60):
        middle = 0.5 * (below + above)
        scale = grid[(worth - middle * grid * cost[:, None]).argmax(axis=1)]
        below, above = (middle, above) if (scale * cost).sum() > cost.sum() else (below, middle)
    scale = grid[(worth - above * grid * cost[:, None]).argmax(axis=1)]
    return scale, world.gain(scale, window)


def lift_tests(world: World, seed: int, error: float = 0.2) -> pd.DataFrame:
    """Two hold-out tests of eight weeks, with a standard error of ``error`` times the true return."""
    rng, rows = np.random.default_rng([5, seed]), []
    for channel, start in (("search", 100), ("feed", 60)):
        part, span = world.parts[channel], slice(start, start + 8)
        true = float(_contribution(part, 1.0)[span].sum() / part["spend"][span].sum())
        rows.append(
            (
                channel,
                world.weeks["week"][start],
                world.weeks["week"][start + 7],
                true + rng.normal(0, error * true),
                error * true,
            )
        )
    return pd.DataFrame(rows, columns=["channel", "start", "end", "roas", "error"])


def similar_shops(seed: int, shops: int = 10, weeks: int = 40, alike: float = 0.25) -> list[World]:
    """Shops whose channels return about the same: log R ~ N(mean of the channel, ``alike``)."""
    means = np.random.default_rng([31, seed]).normal(np.log(1.2), 0.45, 5)
    worlds = []
    for k in range(shops):
        rng = np.random.default_rng([32, seed, k])
        worlds.append(draw(100_000 + 1000 * seed + k, weeks=weeks, log_roas=means + rng.normal(0, alike, 5)))
    return worlds
