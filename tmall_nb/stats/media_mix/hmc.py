"""Hamiltonian Monte Carlo on the whitened posterior, all chains moved at once.

Sources: Neal (2011), "MCMC using Hamiltonian dynamics"; step size by dual averaging, Hoffman & Gelman (2014);
rank-free split R-hat, Gelman et al. (2013).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tmall_nb.stats.media_mix.fit import MixFit, curvature_factor
from tmall_nb.stats.media_mix.model import LogPosterior

__all__ = ["Chains", "sample_hmc", "split_r_hat"]

TARGET = 0.93  # acceptance the step size is tuned to
OFTEN_SHORT, SHORT = 0.2, 0.2  # every so often a chain takes short steps, or it would stay in a corner too narrow for its step
MOST_R_HAT, LONGER = 1.05, 2  # chains that differ more go on, twice at most
GIVE_UP = -1e10
RUNAWAY = 1e3  # momentum of a diverging path is held here; such a path is rejected
Point = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True)
class Chains:
    """Sizes of a run.

    Attributes
    ----------
    chains : moved together
    warm_up, kept : iterations per chain
    steps : longest leapfrog path; each path's length is drawn from half of it up
    """

    chains: int = 16
    warm_up: int = 250
    kept: int = 300
    steps: int = 24


def sample_hmc(fit: MixFit, *, sizes: Chains | None = None, seed: int = 0) -> MixFit:
    """Replace Laplace draws by draws of the exact posterior, with their split R-hat.

    Two warm-ups: the first moves in the scale of the curvature at the mode, the second in the covariance of the
    first one's draws, which also follows directions that bend. Chains that have not met by then go on, up to three times
    as long.
    """
    sizes = sizes or Chains()
    posterior, rng = LogPosterior(fit.data, fit.priors), np.random.default_rng(seed)
    factor = curvature_factor(posterior, fit.mode, fit.priors.sd)
    points = fit.mode + 0.8 * rng.standard_normal((sizes.chains, len(fit.mode))) @ factor.T
    step = 0.2
    for _ in range(2):
        path, step = _run(posterior, factor, points, sizes.warm_up // 2, sizes.steps, step, rng, tune=True)
        points = path[-1]
        recent = path[len(path) // 3 :].reshape(-1, points.shape[1])
        covariance = np.cov(recent.T) + 1e-3 * np.diag(recent.var(axis=0) + 1e-9)
        factor = np.linalg.cholesky(covariance)
    _, step = _run(posterior, factor, points, 40, sizes.steps, step, rng, tune=True)
    path, _ = _run(posterior, factor, points, sizes.kept, sizes.steps, step, rng, tune=False)
    for _ in range(LONGER):
        if split_r_hat(path).max() <= MOST_R_HAT:
            break
        more, _ = _run(posterior, factor, path[-1], sizes.kept, sizes.steps, step, rng, tune=False)
        path = np.concatenate([path, more])
    r_hat = float(split_r_hat(path).max())
    return replace(fit, draws=path.reshape(-1, path.shape[2]), r_hat=r_hat, converged=r_hat <= MOST_R_HAT)


def _run(
    posterior: LogPosterior, factor: np.ndarray, points: np.ndarray, count: int, steps: int, step: float,
    rng: np.random.Generator, *, tune: bool,
) -> tuple[np.ndarray, float]:  # fmt: skip
    """Move all chains ``count`` times; returns the points, shape (count, chains, parameters), and the step size."""
    path = np.empty((count, *points.shape))
    here = _evaluate(posterior, points, factor)
    anchor, mean_error, log_mean = np.log(2 * step), 0.0, np.log(step)
    for number in range(count):
        here, accepted = _move(posterior, factor, here, step, int(rng.integers(steps // 2, steps + 1)), rng)
        path[number] = here[0]
        if tune:
            age = number + 1
            mean_error += (TARGET - accepted - mean_error) / (age + 10)
            log_step = anchor - np.sqrt(age) / 0.05 * mean_error
            log_mean += age**-0.75 * (log_step - log_mean)
            step = float(np.exp(np.clip(log_step, -7, 0.0)))
    return path, float(np.exp(log_mean)) if tune else step


def _evaluate(posterior: LogPosterior, points: np.ndarray, factor: np.ndarray) -> Point:
    with np.errstate(over="ignore", invalid="ignore"):
        value, gradient = posterior(points)
    good = np.isfinite(value) & np.isfinite(gradient).all(axis=1)
    return points, np.where(good, value, GIVE_UP), np.where(good[:, None], gradient, 0.0) @ factor


def _move(
    posterior: LogPosterior, factor: np.ndarray, here: Point, step: float, steps: int, rng: np.random.Generator
) -> tuple[Point, float]:
    """One leapfrog path per chain, accepted or not; also the mean acceptance probability at the full step."""
    momentum = rng.standard_normal(here[0].shape)
    limit = np.maximum(1.0, 0.1 * np.abs(here[1]))[:, None] * RUNAWAY
    start = here[1] - 0.5 * (momentum**2).sum(axis=1)
    size = step * rng.uniform(0.8, 1.2, (len(momentum), 1))
    short = rng.random(len(momentum)) < OFTEN_SHORT
    size *= np.where(short, SHORT, 1.0)[:, None]
    there = here
    for _ in range(steps):
        momentum = np.clip(momentum + 0.5 * size * there[2], -limit, limit)
        there = _evaluate(posterior, there[0] + size * momentum @ factor.T, factor)
        momentum = np.clip(momentum + 0.5 * size * there[2], -limit, limit)
    end = there[1] - 0.5 * (momentum**2).sum(axis=1)
    drop = np.where(np.isfinite(end), end - start, GIVE_UP)
    probability = np.exp(np.minimum(drop, 0.0))
    take = rng.random(len(probability)) < probability
    mixed = (
        np.where(take[:, None], there[0], here[0]),
        np.where(take, there[1], here[1]),
        np.where(take[:, None], there[2], here[2]),
    )
    return mixed, float(probability[~short].mean()) if not short.all() else TARGET


def split_r_hat(path: np.ndarray) -> np.ndarray:
    """Split R-hat of every parameter from draws of shape (iterations, chains, parameters)."""
    half = path.shape[0] // 2
    chains = np.concatenate([path[:half], path[half : 2 * half]], axis=1)
    within = chains.var(axis=0, ddof=1).mean(axis=0)
    between = half * chains.mean(axis=0).var(axis=0, ddof=1)
    return np.sqrt((half - 1) / half + between / np.maximum(within, 1e-300) / half)
