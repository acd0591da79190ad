"""Effects of groups drawn together as far as they agree: a normal hierarchy over a fit's group means, spread weighed out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmall_nb.stats.elasticity.fit import GROUP_PRECISION
from tmall_nb.stats.elasticity.panel import Array

SPREADS = np.linspace(0.01, 1.5, 60)
SPREAD_SCALE, MEAN_SCALE = 0.5, 1.0


@dataclass(frozen=True, slots=True)
class Pooled:
    """effect, variance : (groups,) posterior; mean, mean_variance : weighted mean over groups; spread : sd between groups."""

    effect: Array
    variance: Array
    mean: float
    mean_variance: float
    spread: float


def pool_groups(mean: Array, covariance: Array, weight: Array) -> Pooled:
    """Return the posterior under effect_c ~ N(n, s^2), n ~ N(0, 1), s half-normal (scale .5), exact given s, averaged over s.

    Parameters
    ----------
    mean, covariance : (groups,), (groups, groups) of a fit in which each effect was N(0, 1 / ``GROUP_PRECISION``) beforehand;
        that prior is taken out again
    weight : (groups,) for the mean over groups
    """
    size, share = len(mean), weight / weight.sum()
    precision = np.linalg.inv(covariance)
    score, data = precision @ mean, precision - GROUP_PRECISION * np.eye(size)
    log_weight, values, blocks = np.empty(len(SPREADS)), [], []
    for k, spread in enumerate(SPREADS):
        prior = spread**2 * np.eye(size) + MEAN_SCALE**2
        block = np.linalg.inv(data + np.linalg.inv(prior))
        value = block @ score
        fit = 0.5 * (score @ value + np.linalg.slogdet(block)[1] - np.linalg.slogdet(prior)[1])
        log_weight[k] = fit - 0.5 * (spread / SPREAD_SCALE) ** 2
        values.append(value)
        blocks.append(block)
    odds = np.exp(log_weight - log_weight.max())
    odds /= odds.sum()
    effect = odds @ np.array(values)
    moved = np.array(values) - effect
    total = np.tensordot(odds, np.array(blocks), 1) + (moved * odds[:, None]).T @ moved
    return Pooled(
        effect, np.diag(total).copy(), float(share @ effect), float(share @ total @ share), float(np.sqrt(odds @ SPREADS**2))
    )
