"""Posterior mode and Laplace draws of the media-mix model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmall_nb.stats.media_mix.data import MixData, Priors
from tmall_nb.stats.media_mix.model import LogPosterior, response

__all__ = ["MixFit", "fit_map"]

DRAWS = 2000
STEP = 1e-4  # of the central differences of the gradient
FLAT = 0.25  # smallest curvature kept, in units of the prior's: a direction is never wider than twice its prior


@dataclass(frozen=True, slots=True)
class MixFit:
    """Draws from the posterior.

    Attributes
    ----------
    data, priors : what was fitted
    mode : posterior mode, shape (parameters,)
    draws : shape (draws, parameters)
    places : where each block of parameters is
    converged : whether the optimiser or the chains say so
    r_hat : largest potential scale reduction over parameters; None for Laplace draws
    """

    data: MixData
    priors: Priors
    mode: np.ndarray
    draws: np.ndarray
    places: dict[str, slice]
    converged: bool
    r_hat: float | None = None

    @property
    def roas(self) -> np.ndarray:
        """Returns of every draw, shape (draws, channels)."""
        return np.exp(self.draws[:, self.places["log_roas"]])

    def base(self, points: np.ndarray | None = None) -> np.ndarray:
        """Baseline sales in units of mean sales, shape (draws, weeks); never negative."""
        points = self.draws if points is None else points
        return np.exp(points[:, self.places["gamma"]] @ self.data.baseline.T)

    def gains(self, points: np.ndarray | None = None) -> np.ndarray:
        """Contribution of every channel and week in units of mean sales, shape (draws, channels, weeks)."""
        points = self.draws if points is None else points
        height, _ = response(self.data.lagged, *(points[:, self.places[p]] for p in ("carry", "half", "slope")))
        level = np.exp(points[:, self.places["log_roas"]]) * self.data.spend_share * height.shape[-1]
        return level[..., None] * height / height.sum(axis=-1, keepdims=True)

    def rest(self) -> np.ndarray:
        """Residuals at the mode, in units of mean sales, shape (weeks,); 0 in weeks without sales."""
        at = self.mode[None]
        return (self.data.sales - self.base(at)[0] - self.gains(at)[0].sum(axis=0)) * self.data.seen


def fit_map(data: MixData, priors: Priors, *, draws: int = DRAWS, seed: int = 0, starts: int = 1) -> MixFit:
    """Find the posterior mode and draw from the normal approximation around it.

    Parameters
    ----------
    data, priors : one shop's weeks and the priors in the same order of parameters
    draws : how many draws
    seed : of the draws and of further starting points
    starts : how many starting points are tried; the best mode is kept
    """
    from scipy.optimize import minimize

    posterior, rng = LogPosterior(data, priors), np.random.default_rng(seed)

    def negative(point: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = posterior((point * priors.sd)[None])
        return -float(value[0]), -gradient[0] * priors.sd

    best = None
    for number in range(starts):
        begin = priors.mean + (0.7 * priors.sd * rng.standard_normal(posterior.size) if number else 0.0)
        begin[posterior.places["log_roas"]] += priors.center
        found = minimize(
            negative,
            begin / priors.sd,
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 3000, "maxcor": 30, "ftol": 1e-13, "gtol": 1e-6},
        )
        best = found if best is None or found.fun < best.fun else best
    assert best is not None
    mode = best.x * priors.sd
    sample = _laplace(posterior, mode, priors.sd, draws, rng)
    return MixFit(data, priors, mode, sample, posterior.places, bool(best.success))


def _laplace(posterior: LogPosterior, mode: np.ndarray, scale: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    factor = curvature_factor(posterior, mode, scale)
    return mode + rng.standard_normal((draws, len(mode))) @ factor.T


def curvature_factor(posterior: LogPosterior, mode: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """A square root of the inverse curvature at the mode, so that ``factor @ normal draws`` has its covariance."""
    steps = np.vstack([np.diag(scale), -np.diag(scale)]) * STEP
    _, gradient = posterior(mode + steps)
    half = len(mode)
    hessian = -(gradient[:half] - gradient[half:]) * scale / (2 * STEP)
    values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
    # the symmetric root does not depend on the signs of eigenvectors, which rounding decides: same data, same draws
    return scale[:, None] * (vectors / np.sqrt(np.maximum(values, FLAT))) @ vectors.T
