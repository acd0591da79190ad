"""BG/BB (Fader, Hardie & Shang 2010): purchases at discrete opportunities, dropout between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, digamma

from tmall_nb.stats.btyd.fit import Fit, named
from tmall_nb.stats.btyd.optimum import maximise
from tmall_nb.stats.btyd.rows import as_column, compress

__all__ = ["BetaBinomialFit", "fit_bg_bb"]

FEW_REPEATS = 5
STARTS = ((0.0, 0.0, 0.0, 0.7), (-1.0, 1.0, -1.0, 0.5), (1.0, 0.0, 0.0, 1.5))


@dataclass(frozen=True)
class BetaBinomialFit(Fit):
    """A fitted BG/BB model; time is counted in opportunities."""

    def _values(self) -> tuple[float, float, float, float]:
        p = self.params
        return p["alpha"], p["beta"], p["gamma"], p["delta"]

    def survival(self, t: float | np.ndarray) -> float | np.ndarray:
        """Probability that a new buyer is still active at opportunity ``t``."""
        _, _, gamma, delta = self._values()
        return np.exp(betaln(gamma, delta + np.asarray(t, dtype=np.float64)) - betaln(gamma, delta))

    def expected_purchases(self, t: int | np.ndarray) -> float | np.ndarray:
        """Expected purchases of a new buyer at the next ``t`` opportunities (whole numbers)."""
        alpha, beta, _, _ = self._values()
        times = np.atleast_1d(np.asarray(t, dtype=np.int64))
        steps = np.cumsum(np.append(0.0, self.survival(np.arange(1, times.max() + 1))))
        values = alpha / (alpha + beta) * steps[times]
        return values if np.ndim(t) else float(values[0])

    def probability_alive(self, frequency: object, recency: object, opportunities: object) -> np.ndarray:
        """Probability that a buyer with this history is active at the last opportunity."""
        x, tx, n = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (frequency, recency, opportunities)))
        alpha, beta, gamma, delta = self._values()
        terms = _terms(np.ravel(x), np.ravel(tx), np.ravel(n), (alpha, beta, gamma, delta))[0]
        return np.exp(terms[:, 0] - np.logaddexp.reduce(terms, axis=1)).reshape(x.shape)

    def conditional_expected_purchases(self, t: int, frequency: object, recency: object, opportunities: object) -> np.ndarray:
        """Expected purchases at the ``t`` opportunities after the last one, given the history."""
        alpha, beta, gamma, delta = self._values()
        x, n = (np.asarray(v, dtype=np.float64) for v in (frequency, opportunities))
        later = np.arange(1, int(t) + 1)
        ahead = np.exp(betaln(gamma, delta + n[..., None] + later) - betaln(gamma, delta + n)[..., None]).sum(axis=-1)
        return self.probability_alive(frequency, recency, opportunities) * (alpha + x) / (alpha + beta + n) * ahead


def fit_bg_bb(frequency: object, recency: object, opportunities: object, customers: object | None = None) -> BetaBinomialFit:
    """Fit BG/BB by maximum likelihood.

    Parameters
    ----------
    frequency : opportunities at which the customer bought
    recency : last opportunity at which the customer bought (0: never)
    opportunities : how many there were, whole numbers
    customers : customers each row stands for; one where left out
    """
    names = ("frequency", "recency", "opportunities")
    x, tx, n = (as_column(v, name) for v, name in zip((frequency, recency, opportunities), names, strict=True))
    w = np.ones(len(x)) if customers is None else as_column(customers, "customers")
    n = np.broadcast_to(n, x.shape) if len(n) == 1 else n
    if not len(x) == len(tx) == len(n) == len(w):
        raise ValueError(f"columns have different lengths: {len(x)}, {len(tx)}, {len(n)}, {len(w)}")
    wrong = (x > tx) | (tx > n) | ((x == 0) & (tx > 0))
    if wrong.any():
        k = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"position {k}: frequency {x[k]}, recency {tx[k]}, opportunities {n[k]} cannot be one customer's history"
        )
    rows = compress(x, tx, n)
    weight = np.bincount(rows.inverse, weights=w)
    x, tx, n = rows.columns

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        params = tuple(np.exp(theta))
        terms, slopes = _terms(x, tx, n, params)
        top = np.logaddexp.reduce(terms, axis=1)
        share = np.exp(terms - top[:, None])
        gradient = np.array([weight @ np.where(share > 0, share * s, 0.0).sum(axis=1) for s in slopes])
        return float(weight @ top), gradient * np.array(params)

    best = maximise(objective, [np.array(s) for s in STARTS])
    values = named(best, "alpha beta gamma delta", {}, customers=int(w.sum()), enough=float((x > 1) @ weight) >= FEW_REPEATS)
    return BetaBinomialFit(log_likelihood=best.value, **values)


def _terms(x: np.ndarray, tx: np.ndarray, n: np.ndarray, params: tuple[float, ...]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Log of every way to have this history (column 0: still active; column i+1: left after tx + i), and derivatives."""
    alpha, beta, gamma, delta = params
    most = int((n - tx).max(initial=0))
    i = np.concatenate([[0], np.arange(most)])[None, :]
    alive = np.zeros((1, most + 1), dtype=bool)
    alive[0, 0] = True
    failures = np.where(alive, (n - x)[:, None], (tx - x)[:, None] + i)
    stays = np.where(alive, n[:, None], tx[:, None] + i)
    leaves = np.where(alive, 0.0, 1.0)
    possible = alive | (i < (n - tx)[:, None])
    a, b, g, d = alpha + x[:, None], beta + failures, gamma + leaves, delta + stays
    terms = betaln(a, b) - betaln(alpha, beta) + betaln(g, d) - betaln(gamma, delta)
    bought, left = digamma(alpha + beta) - digamma(a + b), digamma(gamma + delta) - digamma(g + d)
    slopes = [
        digamma(a) - digamma(alpha) + bought,
        digamma(b) - digamma(beta) + bought,
        digamma(g) - digamma(gamma) + left,
        digamma(d) - digamma(delta) + left,
    ]
    return np.where(possible, terms, -np.inf), slopes
