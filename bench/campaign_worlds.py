"""Simulated campaigns with known lift: presale dip, burst, dip after, platform-wide traffic that hits the controls too.

log μ_treated = level + weekday + slow market + fast market (AR) + platform traffic + own AR noise + campaign effect
log μ_control = the same with loading λ_k on market and platform traffic, own weekday pattern, no campaign effect
Counts are Poisson around μ (controls negative binomial). Truth: gross = Σ(μ₁ − μ₀) over the sale days, net = the same from
the first dip day to the last. The naive figure (mean of the 14 days before) counts platform traffic as effect.

Regimes: ``even`` λ ~ U(.8, 1.2), ``uneven`` U(.6, 1.4), ``weak`` U(.4, 1), ``platform`` market loading 1 and platform
loading U(.4, 1).

Stress (``STRESS``): no earlier event given, counts with noise of their own beyond Poisson, one control, few orders a day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

REGIMES = ("even", "uneven", "weak", "platform")
RANGES = {"even": (0.8, 1.2), "uneven": (0.6, 1.4), "weak": (0.4, 1.0), "platform": (0.4, 1.0)}
PRE, POST = 7, 14
STRESS = {
    "even, no event": ("even", {"taught": False}),
    "platform, no event": ("platform", {"taught": False}),
    "even, noisy counts": ("even", {"size": 25.0}),
    "uneven, noisy counts": ("uneven", {"size": 12.0}),
    "even, one control": ("even", {"controls": 1}),
    "even, five orders a day": ("even", {"base": 5.0}),
    "even, two orders a day": ("even", {"base": 2.0}),
}


@dataclass(frozen=True)
class World:
    """One campaign: the frame of days, its dates, the true lifts."""

    days: pd.DataFrame
    start: pd.Timestamp
    end: pd.Timestamp
    events: list
    controls: list
    gross: float
    net: float


def _ar(rng, length, rho, sd):
    out = np.empty(length)
    out[0] = rng.normal(0, sd)
    for t in range(1, length):
        out[t] = rho * out[t - 1] + rng.normal(0, sd * np.sqrt(1 - rho**2))
    return out


def _negative_binomial(rng, mean, size):
    return rng.poisson(mean * rng.gamma(size, 1 / size, np.shape(mean)))


def make_world(
    seed: int,
    regime: str,
    *,
    controls: int = 8,
    base: float = 150.0,
    length: int = 365,
    size: float = 100.0,
    taught: bool = True,
) -> World:
    """Draw one world.

    ``size`` < 100: the treated series is negative binomial of that size too (variance m + m²/size); ``taught`` False: the
    earlier events are not named.
    """
    rng = np.random.default_rng([seed, REGIMES.index(regime)])
    dates = pd.date_range("2024-01-01", periods=length)
    t = np.arange(length)
    burst_days = int(rng.integers(3, 8))
    first = length - int(rng.integers(25, 60)) - burst_days
    slow = 0.2 * np.sin(2 * np.pi * (t / 365 + rng.random())) + _ar(rng, length, 0.985, 0.08)
    fast = _ar(rng, length, 0.75, 0.13)
    platform = np.zeros(length)
    platform[first : first + burst_days] = rng.uniform(0.3, 0.6) * rng.uniform(0.7, 1.3, burst_days)
    events = []
    for at in sorted(rng.choice(np.arange(30, first - 45, 30), size=4, replace=False) + rng.integers(0, 12)):
        run = int(rng.integers(2, 5))
        platform[at : at + run] = rng.uniform(0.25, 0.6) * rng.uniform(0.7, 1.3, run)
        events += list(dates[at : at + run])
    market = slow + fast
    week = rng.normal(0, 0.08, 7)[t % 7]
    mean = np.log(base) + week + market + platform + _ar(rng, length, 0.7, 0.05) + rng.normal(0, 0.06, length)
    effect = np.zeros(length)
    effect[first : first + burst_days] = np.log1p(rng.uniform(0.8, 2.0)) * rng.uniform(0.8, 1.2, burst_days)
    effect[first - PRE : first] = -rng.uniform(0.05, 0.2) * np.linspace(0.4, 1.6, PRE)
    effect[first + burst_days : first + burst_days + POST] = -rng.uniform(0.05, 0.2) * np.linspace(1.7, 0.3, POST)
    without, with_it = np.exp(mean), np.exp(mean + effect)
    sold = rng.poisson(with_it) if size >= 100 else _negative_binomial(rng, with_it, size)
    frame = pd.DataFrame({"date": dates, "paid_units": sold})
    names = []
    for k in range(controls):
        loading = rng.uniform(*RANGES[regime])
        on_market = 1.0 if regime == "platform" else loading
        log_mean = np.log(base * rng.uniform(0.4, 1.5)) + 0.6 * week + rng.normal(0, 0.05, 7)[t % 7]
        log_mean = log_mean + on_market * market + loading * platform + _ar(rng, length, 0.7, 0.12)
        frame[f"c{k}"] = _negative_binomial(rng, np.exp(log_mean), size)
        names.append(f"c{k}")
    sale = slice(first, first + burst_days)
    wide = slice(first - PRE, first + burst_days + POST)
    gap = with_it - without
    events = events if taught else []
    return World(
        frame, dates[first], dates[first + burst_days - 1], events, names, float(gap[sale].sum()), float(gap[wide].sum())
    )
