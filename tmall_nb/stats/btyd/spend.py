"""Gamma-Gamma model of what buyers spend per order (Fader, Hardie & Lee 2005; Colombo & Jiang 1999)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from tmall_nb.stats.btyd.fit import Fit, named
from tmall_nb.stats.btyd.optimum import Objective, maximise
from tmall_nb.stats.btyd.rows import as_column, compress

__all__ = ["GammaGammaFit", "fit_gamma_gamma"]

FEW_REPEATS = 5
STARTS = ((1.5, 1.2, 1.0), (0.0, 0.7, 0.7), (3.0, 2.0, -1.0))


@dataclass(frozen=True)
class GammaGammaFit(Fit):
    """Order values are Gamma(p, nu) with nu ~ Gamma(q, v); money in the unit of the data."""

    def expected_spend(self, frequency: object, monetary: object) -> np.ndarray:
        """Expected value per order of a buyer with ``frequency`` orders of mean ``monetary`` (any value at frequency 0).

        NaN where the mean does not exist: p * frequency + q <= 1.
        """
        p, q, v = self.params["p"], self.params["q"], self.params["v"]
        x, m = np.broadcast_arrays(np.asarray(frequency, dtype=np.float64), np.asarray(monetary, dtype=np.float64))
        seen = np.where(x > 0, x * m, 0.0)
        below = p * x + q - 1
        return np.where(below > 0, p * (v + seen) / np.where(below > 0, below, 1.0), np.nan)

    def draw_spend(
        self, orders: np.ndarray, frequency: np.ndarray, monetary: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """One draw of what buyers with ``frequency`` orders of mean ``monetary`` spend on ``orders`` more orders."""
        p, q, v = self.params["p"], self.params["q"], self.params["v"]
        rate = rng.gamma(p * frequency + q) / (v + frequency * monetary)
        return np.where(orders > 0, rng.gamma(np.maximum(p * orders, 1e-9)) / np.maximum(rate, 1e-300), 0.0)


def fit_gamma_gamma(frequency: object, monetary: object) -> GammaGammaFit:
    """Fit Gamma-Gamma by maximum likelihood.

    Parameters
    ----------
    frequency : orders whose mean ``monetary`` is; customers with 0 carry no information and do not enter (``customers`` counts
        those that did)
    monetary : mean value of those orders, above 0

    Raises
    ------
    ValueError : a customer with orders has a mean of 0 or less (leave them out and count them), or nobody has orders
    """
    x, m = as_column(frequency, "frequency"), np.asarray(monetary, dtype=np.float64).ravel()
    if len(x) != len(m):
        raise ValueError(f"frequency and monetary have different lengths: {len(x)}, {len(m)}")
    bought = x > 0
    bad = bought & ~(np.isfinite(m) & (m > 0))
    if bad.any():
        k = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"monetary: {int(bad.sum())} customers with orders have a mean of 0, below 0 or missing, the first at "
            f"position {k}: {m[k]}. The model knows positive values only: leave them out and say how many"
        )
    if not bought.any():
        raise ValueError("frequency is 0 everywhere: nobody has an order whose value could be modelled")
    rows = compress(x[bought], m[bought])
    unit = float(rows.columns[1] @ rows.weight / rows.weight.sum())
    best = maximise(_log_likelihood(rows.columns[0], rows.columns[1] / unit, rows.weight), [np.array(s) for s in STARTS])
    several = float((rows.columns[0] > 1) @ rows.weight)
    values = named(best, "p q v", {"v": unit}, customers=int(bought.sum()), enough=several >= FEW_REPEATS)
    return GammaGammaFit(log_likelihood=best.value - rows.weight.sum() * np.log(unit), **values)


def _log_likelihood(x: np.ndarray, m: np.ndarray, w: np.ndarray) -> Objective:
    log_x, log_m, spent = np.log(x), np.log(m), x * m
    kinds, position = np.unique(x, return_inverse=True)
    per_kind = np.bincount(position, weights=w)
    total = w.sum()

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        p, q, v = np.exp(theta)
        shape, logs = p * x + q, np.log(spent + v)
        constant = per_kind @ (gammaln(p * kinds + q) - gammaln(p * kinds)) - total * (gammaln(q) - q * np.log(v))
        value = constant + w @ ((p * x - 1) * log_m + p * x * log_x - shape * logs)
        both = digamma(p * kinds + q)
        of_p = (per_kind * kinds) @ (both - digamma(p * kinds)) + (w * x) @ (log_m + log_x - logs)
        of_q = per_kind @ both - total * (digamma(q) - np.log(v)) - w @ logs
        of_v = total * q / v - w @ (shape / (spent + v))
        return float(value), np.array([of_p * p, of_q * q, of_v * v])

    return objective
