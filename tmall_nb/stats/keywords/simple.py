"""Models without roots: logit-normal and beta-binomial, on the distinct (clicks, orders) pairs; values per order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from tmall_nb.stats.keywords.laplace import Component, log_sd_prior
from tmall_nb.stats.keywords.marginal import integrate_residual

Array = NDArray[np.float64]

_NONE = np.empty(0)
_STRENGTHS = np.geomspace(1.0, 3000.0, 28)


@dataclass(frozen=True, slots=True)
class BetaFit:
    """A beta prior of the order rate: shapes ``a`` and ``b``; the posterior mean is (orders + a) / (clicks + a + b)."""

    a: float
    b: float


def plain_components(clicks: Array, orders: Array, residual_sds: Array) -> list[Component]:
    """Logit-normal rates without roots, one component per residual sd (evidence by Laplace over the level)."""
    pairs, counts = _distinct(clicks, orders)
    level = np.log((orders.sum() + 0.5) / (clicks.sum() - orders.sum() + 0.5))
    components = []
    for sd in residual_sds:
        level, value, information = _level(level, pairs, counts, float(sd))
        evidence = value + 0.5 * np.log(2 * np.pi / information) + log_sd_prior(float(sd))
        spread = np.array([[1.0 / information]])
        components.append(Component("plain", float(evidence), float(sd), 0.0, np.array([level]), spread, _NONE, _NONE))
    return _level_scale(components)


def _level(level: float, pairs: Array, counts: Array, sd: float) -> tuple[float, float, float]:
    variance, mode = np.full(len(pairs), sd**2), None
    for _ in range(40):
        site = integrate_residual(np.full(len(pairs), level), pairs[:, 0], pairs[:, 1], variance, mode)
        information, mode = float(counts @ site.curvature), site.mode
        step = float(counts @ site.slope) / information
        if abs(step) < 1e-6:
            break
        level += float(np.clip(step, -1.0, 1.0))
    return level, float(counts @ site.value), information


def _level_scale(components: list[Component]) -> list[Component]:
    """The root model gives mu a N(0, 10²) prior; the same constant here keeps the evidences comparable."""
    from dataclasses import replace

    return [replace(c, evidence=c.evidence - 0.5 * float(np.log(2 * np.pi * 100.0))) for c in components]


def beta_components(clicks: Array, orders: Array) -> list[Component]:
    """Beta-distributed rates, one component per strength a + b (evidence by Laplace over the logit of the mean)."""
    pairs, counts = _distinct(clicks, orders)
    components = []
    level = float(np.log((orders.sum() + 0.5) / (clicks.sum() - orders.sum() + 0.5)))
    for strength in _STRENGTHS:
        found = optimize.minimize_scalar(
            lambda x, k=strength: -_beta_value(x, k, pairs, counts), bracket=(level - 0.5, level + 0.5), tol=1e-5
        )
        level = float(found.x)
        around = [_beta_value(level + d, strength, pairs, counts) for d in (-0.02, 0.0, 0.02)]
        information = max((2 * around[1] - around[0] - around[2]) / 0.02**2, 1e-6)
        mean = float(special.expit(level))
        a, b = strength * mean, strength * (1 - mean)
        sd = float(np.sqrt(special.polygamma(1, a) + special.polygamma(1, b)))
        evidence = around[1] + 0.5 * np.log(2 * np.pi / information) + log_sd_prior(min(sd, 2.1))
        components.append(
            Component("beta", float(evidence), sd, 0.0, np.array([a, b]), np.array([[1.0 / information]]), _NONE, _NONE)
        )
    return _level_scale(components)


def _beta_value(level: float, strength: float, pairs: Array, counts: Array) -> float:
    mean = special.expit(level)
    a, b = strength * mean, strength * (1 - mean)
    terms = special.betaln(pairs[:, 1] + a, pairs[:, 0] - pairs[:, 1] + b) - special.betaln(a, b)
    return float(counts @ terms)


def _distinct(clicks: Array, orders: Array) -> tuple[Array, Array]:
    pairs, counts = np.unique(np.column_stack([clicks, orders]), axis=0, return_counts=True)
    return pairs.astype(float), counts.astype(float)


def beta_moments(clicks: Array, orders: Array) -> BetaFit:
    """Beta prior by moments: between-keyword variance is the raw variance less the binomial part (Kleinman 1973).

    Rows without clicks are left out; where the spread is not positive the prior is very strong (all rates equal).
    """
    use = clicks > 0
    n, y = clicks[use].astype(float), orders[use].astype(float)
    mean = y.sum() / n.sum()
    between = (n * (y / n - mean) ** 2).sum() - (len(n) - 1) * mean * (1 - mean)
    between /= max(n.sum() - (n**2).sum() / n.sum() - (len(n) - 1), 1e-9)
    share = min(max(between / (mean * (1 - mean)), 1e-6), 0.999)
    strength = 1.0 / share - 1.0
    return BetaFit(float(strength * mean), float(strength * (1 - mean)))


def beta_mle(clicks: Array, orders: Array) -> BetaFit:
    """Beta prior by maximum likelihood of the beta-binomial."""
    use = clicks > 0
    pairs, counts = _distinct(clicks[use], orders[use])
    start = beta_moments(clicks, orders)
    x0 = np.array([special.logit(start.a / (start.a + start.b)), np.log(start.a + start.b)])
    found = optimize.minimize(
        lambda x: -_beta_value(x[0], float(np.exp(min(x[1], 20.0))), pairs, counts), x0, method="Nelder-Mead"
    )
    mean, strength = special.expit(found.x[0]), np.exp(min(found.x[1], 20.0))
    return BetaFit(float(mean * strength), float((1 - mean) * strength))


def beta_posterior(fit: BetaFit, trials: Array, hits: Array, level: float) -> tuple[Array, Array, Array]:
    """Posterior mean and equal-tailed interval of each rate under a beta prior, shape (rows,) each."""
    a, b = hits + fit.a, np.maximum(trials - hits, 0.0) + fit.b
    tail = (1 - level) / 2
    return a / (a + b), special.betaincinv(a, b, tail), special.betaincinv(a, b, 1 - tail)


def shrink_values(orders: Array, sales: Array) -> tuple[Array, Array]:
    """Value per order of each keyword shrunk to the shop's, and the sd of its logarithm.

    Var(log mean value) = between + within / orders, both by least squares over the keywords that sold (method of
    moments); a keyword without orders has the shop's value. Scaled so that orders × value adds up to sales.

    Returns
    -------
    value, log_sd : yuan per order and unitless, shape (rows,)
    """
    sold = (orders > 0) & (sales > 0)
    if not sold.any():
        return np.full(orders.shape, np.nan), np.full(orders.shape, np.nan)
    count = orders[sold].astype(float)
    logs = np.log(sales[sold] / count)
    centre = float(np.average(logs, weights=count / (1 + 0.2 * count)))
    between, within = _variances(count, (logs - centre) ** 2)
    share = between / (between + within / count) if between > 0 else np.zeros_like(count)
    log_value, variance = np.full(orders.shape, centre), np.full(orders.shape, between)
    log_value[sold] += share * (logs - centre)
    variance[sold] = between * (1 - share)
    value = np.exp(log_value)
    return value * (sales[sold].sum() / (value[sold] * count).sum()), np.sqrt(variance)


def _variances(count: Array, squares: Array) -> tuple[float, float]:
    design = np.column_stack([np.ones_like(count), 1.0 / count])
    weight = np.sqrt(np.minimum(count, 20.0))
    solution, _ = optimize.nnls(design * weight[:, None], squares * weight)
    return float(solution[0]), float(solution[1])
