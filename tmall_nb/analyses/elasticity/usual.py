"""Elasticity of the usual price where cuts may count more than a lasting move of the same size.

Two fits of the same items: one slope for every move of the price, and a slope of its own for the depth of cuts. Neither is
known to be right: one slope is somewhat more precise, and off by more than half of the difference where cuts count differently.
The answer is their average, weighed by how probable the difference is (Savage-Dickey ratio at 0, Dickey 1971, Annals of
Mathematical Statistics 42(1); averaging: Hoeting et al. 1999, Statistical Science 14(4)). The prior of the mean difference is
the half of N(0, .7^2) on which cuts count more: so they do wherever it was looked at (Bijmolt, van Heerde & Pieters 2005,
Journal of Marketing Research 42(2)), while demand that falls as prices fall slowly, as at the end of an item's life, makes
them seem to count less. Usual prices move seldom and slowly, as demand does, so the difference varies from shop to shop by much
more than its standard error (``difference_variance``). The difference itself is shown either way (``promotion``, ``effects``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from tmall_nb.analyses.elasticity.design import Design, spread_out
from tmall_nb.analyses.elasticity.inputs import ItemDays
from tmall_nb.stats.elasticity import Fit, Panel, center, fit_panel
from tmall_nb.stats.elasticity.controls import LEAST_CUT, usual_price

Array = NDArray[np.float64]
LEAST_ITEMS, LEAST_PROMOTION_DAYS = 3, 5
PRIOR_VARIANCE = 0.49
FIT_NOISE, SHOP_NOISE = 4.0, 0.09  # of the mean difference, as demo shops show it (``bench/elasticity_demo.py``)


def cut_depth(panel: Panel) -> Array | None:
    """Return log price below the usual price where it is cut, else 0 (items, days); None with hardly any cut."""
    gap = np.where(panel.seen, panel.log_price - usual_price(panel.log_price, panel.seen), 0.0)
    depth = np.where(gap < -LEAST_CUT, gap, 0.0)
    return depth if (depth < 0).sum() >= LEAST_PROMOTION_DAYS else None


def difference_variance(variance: float) -> float:
    """Return the variance of the mean difference of cuts and usual price over shops, from what the fit of one shop tells."""
    return FIT_NOISE * variance + SHOP_NOISE


def fit_usual(data: ItemDays, design: Design) -> tuple[Design, Fit, float]:
    """Return the design and fit that are more probable, and the probability that cuts count more (nan: not asked).

    Elasticities of the fit and their variances are averages over both fits.
    """
    panel = design.panel(data)
    same = fit_panel(panel)
    depth = cut_depth(panel) if panel.items >= LEAST_ITEMS else None
    if depth is None:
        return design, same, np.nan
    apart = replace(design, controls=[*design.controls, spread_out(center(depth, panel.seen), design.keep)])
    other = fit_panel(apart.panel(data))
    share = _probability(float(other.control_mean[-1]), difference_variance(float(other.control_mean_variance[-1])))
    chosen, fit = (apart, other) if share > 0.5 else (design, same)
    return chosen, _average(fit, (same, other), share), share


def _probability(difference: float, variance: float) -> float:
    """Probability that cuts count more (their slope lies below 0), even odds beforehand."""
    posterior = variance / (1 + variance / PRIOR_VARIANCE)
    mean = difference / (1 + variance / PRIOR_VARIANCE)
    two_sided = 0.5 * (np.log(posterior / PRIOR_VARIANCE) + mean**2 / posterior)
    log_odds = two_sided + np.log(2) + log_ndtr(-mean / np.sqrt(posterior))
    return float(1 / (1 + np.exp(-np.clip(log_odds, -50.0, 50.0))))


def _average(fit: Fit, both: tuple[Fit, Fit], share: float) -> Fit:
    """``fit`` with elasticities, their overall mean and category means averaged over ``both``."""
    same, other = both

    def mixed(first: Array | float, second: Array | float) -> Array:
        return np.asarray((1 - share) * first + share * second)

    def spread(first: tuple[Array | float, Array | float], second: tuple[Array | float, Array | float]) -> Array:
        return mixed(first[1], second[1]) + share * (1 - share) * (first[0] - second[0]) ** 2

    overall_variance = spread((same.overall, same.overall_variance), (other.overall, other.overall_variance))
    return replace(
        fit,
        elasticity=mixed(same.elasticity, other.elasticity),
        variance=spread((same.elasticity, same.variance), (other.elasticity, other.variance)),
        mean=mixed(same.mean, other.mean),
        mean_variance=spread((same.mean, same.mean_variance), (other.mean, other.mean_variance)),
        overall=float(mixed(same.overall, other.overall)),
        overall_variance=float(overall_variance),
    )
