"""Retention of a cohort: shifted beta-geometric (Fader & Hardie 2007) and beta-discrete-Weibull (Fader et al. 2018).

The share alive after t renewals is B(gamma, delta + t^c) / B(gamma, delta); with c = 1 it is sBG. Names as in the papers:
alpha, beta for sBG; gamma, delta, c for BdW.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, digamma

from tmall_nb.stats.btyd.fit import Fit, named
from tmall_nb.stats.btyd.optimum import Objective, maximise

__all__ = ["RenewalFit", "fit_bdw", "fit_sbg"]

FEW_LOST = 5
FAR = 1e12  # time to the power c is cut here: nobody is left


@dataclass(frozen=True)
class RenewalFit(Fit):
    """A fitted sBG or BdW model; time is counted in renewals."""

    def _values(self) -> tuple[float, float, float]:
        first, second, *c = self.params.values()
        return first, second, c[0] if c else 1.0

    def survival(self, t: float | np.ndarray) -> float | np.ndarray:
        """Share of the cohort still alive after ``t`` renewals."""
        a, b, c = self._values()
        with np.errstate(over="ignore"):
            power = np.minimum(np.asarray(t, dtype=np.float64) ** c, FAR)
        values = np.exp(betaln(a, b + power) - betaln(a, b))
        return values if np.ndim(t) else float(values)

    def retention(self, t: float | np.ndarray) -> float | np.ndarray:
        """Share of those alive after ``t - 1`` renewals who renew once more."""
        times = np.asarray(t, dtype=np.float64)
        return self.survival(times) / self.survival(times - 1)

    def expected_purchases(self, t: int) -> float:
        """Expected renewals of a new member among the first ``t``."""
        return float(np.sum(self.survival(np.arange(1, int(t) + 1))))


def fit_sbg(alive: object) -> RenewalFit:
    """Fit the shifted beta-geometric model to counts alive at renewal 0, 1, 2, …

    Raises
    ------
    ValueError : fewer than two counts, a count that rises, or nobody at the start
    """
    counts = _checked(alive)
    best = maximise(_log_likelihood(counts, fixed_c=True), [np.array(s) for s in ((0.0, 0.5), (-1.0, 1.0), (0.5, 2.5))])
    values = named(best, "alpha beta", {}, customers=int(counts[0]), enough=_enough(counts, 2))
    return RenewalFit(log_likelihood=best.value, **values)


def fit_bdw(alive: object) -> RenewalFit:
    """Fit the beta-discrete-Weibull model to counts alive at renewal 0, 1, 2, …; raises as ``fit_sbg``."""
    counts = _checked(alive)
    starts = [np.array(s) for s in ((-0.5, 0.5, 0.2), (-1.5, 0.5, 0.5), (0.5, 2.0, 0.0), (-0.5, 0.5, -0.5))]
    best = maximise(_log_likelihood(counts, fixed_c=False), starts)
    values = named(best, "gamma delta c", {}, customers=int(counts[0]), enough=_enough(counts, 3))
    return RenewalFit(log_likelihood=best.value, **values)


def _checked(alive: object) -> np.ndarray:
    counts = np.asarray(alive, dtype=np.float64).ravel()
    if len(counts) < 2:
        raise ValueError(f"alive: {len(counts)} counts; at least renewals 0 and 1 are needed")
    if not np.isfinite(counts).all() or counts[0] <= 0 or (counts < 0).any():
        raise ValueError(f"alive: counts must be finite, not negative and start above 0; found {counts.tolist()}")
    if (np.diff(counts) > 0).any():
        k = int(np.flatnonzero(np.diff(counts) > 0)[0]) + 1
        raise ValueError(
            f"alive: renewal {k} has {counts[k]:g}, more than the {counts[k - 1]:g} before; nobody comes back to life"
        )
    return counts


def _enough(counts: np.ndarray, parameters: int) -> bool:
    return len(counts) > parameters and counts[0] - counts[-1] >= FEW_LOST


def _log_likelihood(counts: np.ndarray, *, fixed_c: bool) -> Objective:
    lost, t = -np.diff(counts), np.arange(len(counts), dtype=np.float64)
    log_t = np.log(np.where(t > 0, t, 1.0))

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        a, b = np.exp(theta[:2])
        c = 1.0 if fixed_c else float(np.exp(theta[2]))
        with np.errstate(over="ignore"):
            power = np.where(t > 0, np.minimum(t**c, FAR), 0.0)
        d = b + power
        s = np.exp(betaln(a, d) - betaln(a, b))
        both = digamma(a + d)
        slopes = np.stack([
            s * (digamma(a + b) - both), s * (digamma(d) - both - digamma(b) + digamma(a + b)),
            s * (digamma(d) - both) * power * log_t * c,
        ])  # fmt: skip
        gone = np.maximum(s[:-1] - s[1:], 1e-300)
        value = lost @ np.log(gone) + counts[-1] * np.log(max(s[-1], 1e-300))
        gradient = (slopes[:, :-1] - slopes[:, 1:]) @ (lost / gone) + counts[-1] * slopes[:, -1] / max(s[-1], 1e-300)
        gradient = gradient * np.array([a, b, 1.0])
        return float(value), gradient[:2] if fixed_c else gradient

    return objective
