"""Pareto/NBD (Schmittlein, Morrison & Colombo 1987): dropout at any time.

Orders come at rate lambda ~ Gamma(r, alpha), the buyer leaves after a time that is exponential with rate
mu ~ Gamma(s, beta). The likelihood of a row, up to ``Gamma(r+x)/Gamma(r) alpha^r beta^s``, is::

    (alpha+T)^-(r+x) (beta+T)^-s + s * integral over tau from tx to T of (alpha+tau)^-(r+x) (beta+tau)^-(s+1)

The integral (usually written with two hypergeometric functions) is taken by a Gauss-Legendre rule in
``log(min(alpha, beta) + tau)``, where it is smooth, so value and gradient come from the same nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from tmall_nb.stats.btyd.fit import Fit, named, usable
from tmall_nb.stats.btyd.optimum import maximise
from tmall_nb.stats.btyd.rows import Rows, as_column, compress

__all__ = ["ParetoFit", "fit_pareto_nbd"]

NODES, WEIGHTS = np.polynomial.legendre.leggauss(32)
FAINT = 45.0  # the integrand is cut where it has fallen by exp(-45)
CHUNK = 8192
MOST_DRAWN = 1e9
LEAN_ROWS = 3000
FEW_REPEATS = 5
STARTS = ((-0.6, -1.0, -0.6, -1.0), (0.3, 0.3, -1.5, -1.5), (-1.5, -2.0, 0.5, 1.0))


@dataclass(frozen=True)
class ParetoFit(Fit):
    """A fitted Pareto/NBD model; times in the unit of the data."""

    def _values(self) -> tuple[float, float, float, float]:
        p = self.params
        return p["r"], p["alpha"], p["s"], p["beta"]

    def expected_purchases(self, t: float | np.ndarray) -> float | np.ndarray:
        """Expected repeat purchases of a new buyer in ``t`` after the first one."""
        r, alpha, s, beta = self._values()
        values = r * beta / alpha * _power_mean(np.log1p(np.asarray(t, dtype=np.float64) / beta), s - 1)
        return values if np.ndim(t) else float(values)

    def survival(self, t: float | np.ndarray) -> float | np.ndarray:
        """Probability that a new buyer is still active after ``t``."""
        _, _, s, beta = self._values()
        return np.exp(-s * np.log1p(np.asarray(t, dtype=np.float64) / beta))

    def probability_alive(self, frequency: object, recency: object, age: object) -> np.ndarray:
        """Probability that a buyer with this history has not left."""
        r, alpha, s, beta = self._values()
        parts = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (frequency, recency, age)))
        x, tx, T = (np.ravel(v) for v in parts)
        alive = -(r + x) * np.log(alpha + T) - s * np.log(beta + T)
        gone = np.empty(len(x))
        for start in range(0, len(x), CHUNK):
            cut = slice(start, start + CHUNK)
            gone[cut] = _integral(x[cut], tx[cut], T[cut], (r, alpha, s, beta))[0] + np.log(s)
        return (1 / (1 + np.exp(np.clip(gone - alive, -700, 700)))).reshape(parts[0].shape)

    def conditional_expected_purchases(self, t: float, frequency: object, recency: object, age: object) -> np.ndarray:
        """Expected purchases in the ``t`` after now, given the history up to now."""
        r, alpha, s, beta = self._values()
        x, tx, T = (np.ravel(v) for v in np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (frequency, recency, age))))
        rows = compress(x, tx, T)
        x, tx, T = rows.columns
        active = (r + x) * (beta + T) / (alpha + T) * _power_mean(np.log1p(t / (beta + T)), s - 1)
        return (active * self.probability_alive(x, tx, T))[rows.inverse]

    def draw_purchases(self, t: float, frequency: object, recency: object, age: object, *, seed: int) -> np.ndarray:
        """One draw of each buyer's purchases in the ``t`` after now: still active or not, then rate and lifetime."""
        r, alpha, s, beta = self._values()
        rng = np.random.default_rng(seed)
        x, T = (np.asarray(v, dtype=np.float64) for v in (frequency, age))
        active = rng.random(x.shape) < self.probability_alive(x, recency, T)
        with np.errstate(divide="ignore", over="ignore"):  # who hardly ever leaves: infinite
            left = rng.exponential(size=x.shape) * (beta + T) / rng.gamma(s, size=x.shape)
        mean = rng.gamma(r + x) / (alpha + T) * np.minimum(left, t)
        return np.where(active, rng.poisson(np.minimum(mean, MOST_DRAWN)), 0)


def fit_pareto_nbd(frequency: object, recency: object, age: object) -> ParetoFit:
    """Fit Pareto/NBD by maximum likelihood; parameters and errors as in ``fit_bg_nbd``, params r, alpha, s, beta."""
    x, tx, T = as_column(frequency, "frequency"), as_column(recency, "recency"), as_column(age, "age")
    if not len(x) == len(tx) == len(T):
        raise ValueError(f"frequency, recency and age have different lengths: {len(x)}, {len(tx)}, {len(T)}")
    usable(x, tx, T)
    rows = compress(x, tx, T)
    unit = float(rows.columns[2] @ rows.weight / rows.weight.sum()) or 1.0
    lean = None
    if len(rows.weight) > 3 * LEAN_ROWS:
        step = len(rows.weight) // LEAN_ROWS
        part = Rows(tuple(c[::step] for c in rows.columns), rows.weight[::step], rows.inverse[:0])
        lean = log_likelihood(part, unit)
    best = maximise(log_likelihood(rows, unit), [np.array(s) for s in STARTS], lean=lean)
    repeats, buyers = float(rows.columns[0] @ rows.weight), float((rows.columns[0] > 0) @ rows.weight)
    values = named(best, "r alpha s beta", {"alpha": unit, "beta": unit}, customers=len(x), enough=buyers >= FEW_REPEATS)
    return ParetoFit(log_likelihood=best.value - repeats * np.log(unit), **values)


def _power_mean(logs: np.ndarray, power: float) -> np.ndarray:
    """(1 - exp(-power * logs)) / power, and its limit ``logs`` at power 0."""
    return logs if abs(power) < 1e-9 else -np.expm1(-power * logs) / power


def _integral(
    x: np.ndarray, tx: np.ndarray, T: np.ndarray, params: tuple[float, float, float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the log of the integral, the nodes' shares in it, and log(alpha + tau), log(beta + tau) at the nodes."""
    r, alpha, s, beta = params
    small = min(alpha, beta)
    far = (alpha + tx) * np.expm1(np.minimum(FAINT / (r + x), 500.0)) + tx
    low, high = np.log(small + tx), np.log(small + np.minimum(T, far))
    half = (high - low)[:, None] / 2
    u = low[:, None] + half * (1 + NODES)
    tau = np.exp(u) - small
    logs = [u if small == v else np.log(v + tau) for v in (alpha, beta)]
    with np.errstate(divide="ignore"):
        terms = u - (r + x)[:, None] * logs[0] - (s + 1) * logs[1] + np.log(half * WEIGHTS)
    top = terms.max(axis=1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    shares = np.exp(terms - top)
    total = shares.sum(axis=1)
    with np.errstate(divide="ignore"):
        value = np.log(total) + top[:, 0]
    return value, shares / np.where(total > 0, total, 1.0)[:, None], logs[0], logs[1]


def log_likelihood(rows: Rows, unit: float) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """Return the log-likelihood and its gradient as a function of (log r, log alpha/unit, log s, log beta/unit)."""
    X, TX, AGE, W = rows.columns[0], rows.columns[1] / unit, rows.columns[2] / unit, rows.weight
    kinds, position = np.unique(X, return_inverse=True)
    per_kind = np.bincount(position, weights=W)
    total = W.sum()

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        r, alpha, s, beta = params = tuple(np.exp(theta))
        value = per_kind @ (gammaln(r + kinds) - gammaln(r)) + total * (r * np.log(alpha) + s * np.log(beta))
        gradient = np.array([
            per_kind @ (digamma(r + kinds) - digamma(r)) + total * np.log(alpha), total * r / alpha,
            total * np.log(beta), total * s / beta,
        ])  # fmt: skip
        for start in range(0, len(X), CHUNK):
            cut = slice(start, start + CHUNK)
            part, slope = _part(X[cut], TX[cut], AGE[cut], W[cut], params)
            value, gradient = value + part, gradient + slope
        return float(value), gradient * np.array(params)

    return objective


def _part(x: np.ndarray, tx: np.ndarray, T: np.ndarray, w: np.ndarray, params: tuple[float, ...]) -> tuple[float, np.ndarray]:
    """Sum over rows of log(alive + gone), and its derivatives by r, alpha, s, beta."""
    r, alpha, s, beta = params
    log_integral, share, log_a, log_b = _integral(x, tx, T, (r, alpha, s, beta))
    end_a, end_b = np.log(alpha + T), np.log(beta + T)
    alive, gone = -(r + x) * end_a - s * end_b, np.log(s) + log_integral
    both = np.logaddexp(alive, gone)
    v = w * np.exp(alive - both)
    g = w * np.exp(gone - both)
    of_r = -(v @ end_a) - g @ (share * log_a).sum(axis=1)
    of_s = -(v @ end_b) + g.sum() / s - g @ (share * log_b).sum(axis=1)
    of_alpha = -(v @ ((r + x) / (alpha + T))) - (g * (r + x)) @ (share * np.exp(-log_a)).sum(axis=1)
    of_beta = -s * (v @ (1 / (beta + T))) - (s + 1) * (g @ (share * np.exp(-log_b)).sum(axis=1))
    return float(w @ both), np.array([of_r, of_alpha, of_s, of_beta])
