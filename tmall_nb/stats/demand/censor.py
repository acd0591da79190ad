"""Demand on sold-out days: units are a lower bound, so the expected demand given that bound takes their place.

E[D | D >= s] for a Poisson D with mean m is m P(D >= s - 1) / P(D >= s). The mean comes from the regression, which is fitted
again to the completed units until both agree (expectation-maximisation).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tmall_nb.stats.demand.light import fitted_light
from tmall_nb.stats.demand.panel import Panel

__all__ = ["complete_units", "expected_above"]

ROUNDS = 3


def expected_above(mean: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """Expected demand given that it is at least ``bound``."""
    from scipy.special import gammainc

    mean = np.maximum(mean, 1e-6)
    at_least = np.where(bound > 0, gammainc(np.maximum(bound, 1e-9), mean), 1.0)
    below = np.where(bound > 1, gammainc(np.maximum(bound - 1, 1e-9), mean), 1.0)
    ratio = np.where(at_least > 1e-12, below / np.maximum(at_least, 1e-12), np.maximum(bound / mean, 1.0))
    return np.maximum(mean * ratio, bound)


def complete_units(panel: Panel) -> tuple[Panel, int]:
    """Return the panel with sold-out days completed, and how many days that were."""
    lower = panel.lower & np.isfinite(panel.units)
    if not lower.any():
        return panel, 0
    done = replace(panel, units=np.where(lower, np.nan, panel.units))
    for _ in range(ROUNDS):
        mean = fitted_light(done)
        units = np.where(lower, expected_above(mean, np.where(lower, panel.units, 0.0)), panel.units)
        done = replace(panel, units=units)
    return done, int(lower.sum())
