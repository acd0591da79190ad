"""Negative-binomial counts, right-censored where an item sold out: score, information, dispersion.

NB2 with mean mu and variance mu + phi mu^2, everything in eta = log mu. A day that sold out after q units contributes
P(Q >= q) = I_p(q, r), the regularised incomplete beta function at p = mu / (mu + r), r = 1 / phi; its derivative in eta
is q times the probability of exactly q, so the score stays in closed form.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaln

Array = NDArray[np.float64]
MIN_PHI = 1e-3
_TINY = 1e-280


def exact_score(units: Array, mean: Array, phi: Array) -> tuple[Array, Array]:
    """Return score and expected information in eta of fully observed counts."""
    damp = 1.0 / (1.0 + mean * phi)
    return (units - mean) * damp, mean * damp


def censored_score(units: Array, mean: Array, phi: Array) -> tuple[Array, Array]:
    """Return score and observed information in eta of "at least ``units``"; nothing is learnt from units = 0."""
    size, at = 1.0 / phi, np.maximum(units, 1.0)
    p = mean / (mean + size)
    tail = betainc(at, size, p)
    log_density = at * np.log(p) + size * np.log1p(-p) - betaln(at, size)
    rising = size * (units - mean) / (size + mean)  # derivative of the log density
    score = np.where(tail > _TINY, np.exp(log_density) / np.maximum(tail, _TINY), np.maximum(rising, 0.0) + 1.0)
    info = np.maximum(score * (score - rising), 1e-8)
    known = units > 0
    return np.where(known, score, 0.0), np.where(known, info, 0.0)


def censored_moment(units: Array, mean: Array, phi: Array) -> Array:
    """Return E[(Q - mean)^2 | Q >= units] of the negative binomial."""
    size = 1.0 / phi
    p = mean / (mean + size)

    def upper(least: Array, r: Array) -> Array:
        return np.where(least > 0, betainc(np.maximum(least, 1.0), r, p), 1.0)

    tail = np.maximum(upper(units, size), 1e-12)
    first = mean * upper(units - 1, size + 1)
    second = mean**2 * (1 + phi) * upper(units - 2, size + 2) + first
    moment = (second - 2 * mean * first + mean**2 * tail) / tail
    beyond = (units - mean) ** 2
    return np.where(tail > 1e-8, moment, np.maximum(beyond, mean))


def item_phi(squares: Array, mean: Array, seen: NDArray[np.bool_], phi: Array, *, used: float) -> Array:
    """Return each item's dispersion by moments, shrunk to the common one (Paule-Mandel on the natural scale).

    Parameters
    ----------
    squares : (items, days) squared residuals (their expectation where censored)
    mean, seen : (items, days)
    phi : (items,) current dispersion, for the weights (1 + mean phi)^-2
    used : parameters per item, for the residuals' degrees of freedom
    """
    weight = seen / (1.0 + mean * phi[:, None]) ** 2
    days = np.maximum(seen.sum(axis=1), used + 1)
    scale = days / (days - used)
    top = (weight * (squares * scale[:, None] - mean)).sum(axis=1)
    bottom = np.maximum((weight * mean**2).sum(axis=1), 1e-12)
    common = max(float(top.sum() / bottom.sum()), MIN_PHI)
    own, noise = top / bottom, 2.0 / bottom
    known = noise < 4 * common**2
    if known.sum() < 5:
        return np.full(len(phi), common)
    between = max(float(np.mean((own[known] - common) ** 2 - noise[known])), 0.0)
    return np.maximum(common + between / (between + noise) * (own - common), 0.1 * common)
