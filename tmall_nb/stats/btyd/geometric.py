"""BG/NBD (Fader, Hardie & Lee 2005) and MBG/NBD (Batislam, Denizel & Filiztekin 2007): dropout at purchases.

Orders come at rate lambda ~ Gamma(r, alpha); after an order the buyer leaves with probability p ~ Beta(a, b). In BG/NBD
the first order never makes a buyer leave, in MBG/NBD it may. The likelihood of a row is::

    Gamma(r+x)/Gamma(r) alpha^r B(a, b+x+m)/B(a, b) [(alpha+T)^-(r+x) + a/(b+x+m-1) (alpha+tx)^-(r+x)]

with m = 0 for BG/NBD (no second term at x = 0) and m = 1 for MBG/NBD.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tmall_nb.stats.btyd.beta import beta_nodes, expected_before_dropout
from tmall_nb.stats.btyd.fit import Fit, named, usable
from tmall_nb.stats.btyd.optimum import maximise
from tmall_nb.stats.btyd.rows import Rows, as_column, compress

__all__ = ["GeometricFit", "fit_bg_nbd", "fit_mbg_nbd"]

LEAN_ROWS = 12_000
MOST_DRAWN, LEAST_DROPOUT = 1e9, 1e-9
BOUND = 18.0  # the likelihood below keeps its digits there
FEW_REPEATS = 5
STARTS = ((-0.7, -0.7, -0.3, 0.8), (-1.4, -2.0, -2.0, -0.5), (0.5, 0.5, 0.5, 2.5))


@dataclass(frozen=True)
class GeometricFit(Fit):
    """A fitted BG/NBD (``at_first=0``) or MBG/NBD (``at_first=1``) model; times in the unit of the data."""

    at_first: int = 0

    def _values(self) -> tuple[float, float, float, float]:
        p = self.params
        return p["r"], p["alpha"], p["a"], p["b"]

    def expected_purchases(self, t: float | np.ndarray) -> float | np.ndarray:
        """Expected repeat purchases of a new buyer in ``t`` after the first one."""
        r, alpha, a, b = self._values()
        times = np.atleast_1d(np.asarray(t, dtype=np.float64))
        stay = b / (a + b) if self.at_first else 1.0
        one, beta = np.array([r]), np.array([b + self.at_first])
        values = [stay * expected_before_dropout(one, np.array([alpha]), v, a, beta)[0] for v in times]
        return np.array(values) if np.ndim(t) else float(values[0])

    def survival(self, t: float | np.ndarray) -> float | np.ndarray:
        """Probability that a new buyer is still active ``t`` after the first purchase."""
        r, alpha, a, b = self._values()
        p, w = beta_nodes(a, b + self.at_first)
        times = np.asarray(t, dtype=np.float64)
        stay = b / (a + b) if self.at_first else 1.0
        values = stay * (np.exp(-r * np.log1p(p * times[..., None] / alpha)) @ w)
        return values if np.ndim(t) else float(values)

    def probability_alive(self, frequency: object, recency: object, age: object) -> np.ndarray:
        """Probability that a buyer with this history has not left; 1 for BG/NBD at frequency 0."""
        r, alpha, a, b = self._values()
        x, tx, T = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (frequency, recency, age)))
        m = self.at_first
        with np.errstate(over="ignore"):
            gone = a / np.where(x + m > 0, b + x + m - 1, 1.0) * np.exp((r + x) * np.log((alpha + T) / (alpha + tx)))
        return 1 / (1 + np.where(x + m > 0, gone, 0.0))

    def conditional_expected_purchases(self, t: float, frequency: object, recency: object, age: object) -> np.ndarray:
        """Expected purchases in the ``t`` after now, given the history up to now."""
        r, alpha, a, b = self._values()
        x, tx, T = (np.ravel(v) for v in np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (frequency, recency, age))))
        rows = compress(x, tx, T)
        x, tx, T = rows.columns
        active = expected_before_dropout(r + x, alpha + T, t, a, b + x + self.at_first)
        return (active * self.probability_alive(x, tx, T))[rows.inverse]

    def draw_purchases(self, t: float, frequency: object, recency: object, age: object, *, seed: int) -> np.ndarray:
        """One draw of each buyer's purchases in the ``t`` after now: still active or not, then rate and dropout."""
        r, alpha, a, b = self._values()
        rng = np.random.default_rng(seed)
        x, T = (np.asarray(v, dtype=np.float64) for v in (frequency, age))
        active = rng.random(x.shape) < self.probability_alive(x, recency, T)
        ready = rng.poisson(np.minimum(rng.gamma(r + x) / (alpha + T) * t, MOST_DRAWN))
        last = rng.geometric(np.clip(rng.beta(a, b + x + self.at_first), LEAST_DROPOUT, 1.0))
        return np.where(active, np.minimum(ready, last), 0)


def fit_bg_nbd(frequency: object, recency: object, age: object) -> GeometricFit:
    """Fit BG/NBD by maximum likelihood.

    Parameters
    ----------
    frequency : repeat purchases of each customer (0 for a one-time buyer)
    recency : time from first to last purchase (0 where frequency is 0)
    age : time from first purchase to the end of observation, same unit

    Returns
    -------
    GeometricFit : params r, alpha, a, b

    Raises
    ------
    ValueError : empty, missing or negative values, recency beyond age, fractional frequency
    """
    return _fit(frequency, recency, age, at_first=0)


def fit_mbg_nbd(frequency: object, recency: object, age: object) -> GeometricFit:
    """Fit MBG/NBD by maximum likelihood: as ``fit_bg_nbd``, but a buyer may also leave after the first purchase."""
    return _fit(frequency, recency, age, at_first=1)


def _fit(frequency: object, recency: object, age: object, *, at_first: int) -> GeometricFit:
    x, tx, T = as_column(frequency, "frequency"), as_column(recency, "recency"), as_column(age, "age")
    if not len(x) == len(tx) == len(T):
        raise ValueError(f"frequency, recency and age have different lengths: {len(x)}, {len(tx)}, {len(T)}")
    usable(x, tx, T)
    rows = compress(x, tx, T)
    unit = float(rows.columns[2] @ rows.weight / rows.weight.sum()) or 1.0
    objective = log_likelihood(rows, unit, at_first)
    lean = None
    if len(rows.weight) > 3 * LEAN_ROWS:
        step = len(rows.weight) // LEAN_ROWS
        part = Rows(tuple(c[::step] for c in rows.columns), rows.weight[::step], rows.inverse[:0])
        lean = log_likelihood(part, unit, at_first)
    best = maximise(objective, [np.array(s) for s in STARTS], lean=lean, bound=BOUND)
    repeats = float(rows.columns[0] @ rows.weight)
    buyers = float((rows.columns[0] > 0) @ rows.weight)
    values = named(best, "r alpha a b", {"alpha": unit}, customers=len(x), enough=buyers >= FEW_REPEATS)
    return GeometricFit(log_likelihood=best.value - repeats * np.log(unit), at_first=at_first, **values)


def log_likelihood(rows: Rows, unit: float, at_first: int) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """Return the log-likelihood and its gradient as a function of (log r, log alpha/unit, log a, log b).

    Ratios of gamma functions are sums over whole numbers and differences of logs are taken as ``log1p``, so that no digit is
    lost where parameters run to an edge.
    """
    x, tx, T = rows.columns[0], rows.columns[1] / unit, rows.columns[2] / unit
    w, m = rows.weight, at_first
    kinds, position = np.unique(x, return_inverse=True)
    per_kind = np.bincount(position, weights=w)
    leaves = kinds + m > 0
    count, steps = kinds.astype(int), np.arange(int(kinds[-1]) + m)
    orders, gap = float(w @ x), T - tx

    def summed(terms: np.ndarray) -> np.ndarray:
        return np.append(0.0, np.cumsum(terms))

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        r, alpha, a, b = np.exp(theta)
        below = np.where(leaves, b + kinds + m - 1, 1.0)
        ratio = np.where(leaves, np.log(a) - np.log(below), -np.inf)
        shape, late, early = (r + kinds)[position], alpha + T, alpha + tx
        growth, since = np.log1p(gap / early), np.log1p(T / alpha)
        excess = shape * growth + ratio[position]
        stayed = summed(np.log1p(-a / (a + b + steps)))[count + m]
        value = per_kind @ (summed(np.log(r + steps))[count] + stayed) - orders * np.log(alpha) - w @ (shape * since)
        value += w @ np.logaddexp(0.0, excess)
        gone = w / (1 + np.exp(-np.clip(excess, -700, 700)))
        gone_kind = np.bincount(position, weights=gone, minlength=len(kinds))
        of_r = per_kind @ summed(1 / (r + steps))[count] - w @ since + gone @ growth
        of_alpha = w @ (shape * T / late) - orders - alpha * (gone @ (shape * gap / (late * early)))
        of_a = gone_kind.sum() / a - per_kind @ summed(1 / (a + b + steps))[count + m]
        of_b = per_kind @ summed(a / ((b + steps) * (a + b + steps)))[count + m]
        of_b -= gone_kind @ np.where(leaves, 1 / below, 0)
        return float(value), np.array([of_r * r, of_alpha, of_a * a, of_b * b])

    return objective
