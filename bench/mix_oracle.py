"""What a Bayesian who knows how ``mix_worlds`` draws its shops could do at best: the reference line of the media-mix benchmark.

The same HMC as on request, but every prior is the one the simulator draws from (returns, carry-over, saturation, trend,
campaign, price, demand, size of the noise), and the point is the one with the least expected relative error: the median of
the posterior weighted by one over the return. No method that must learn these can be expected to do better on average.
"""

from __future__ import annotations

import numpy as np
from mix_worlds import CHANNELS, World
from scipy.optimize import minimize

from tmall_nb.analyses.media_mix._read import read_weeks
from tmall_nb.stats.media_mix import MixData, Priors, default_priors
from tmall_nb.stats.media_mix.data import layout
from tmall_nb.stats.media_mix.fit import curvature_factor
from tmall_nb.stats.media_mix.hmc import Chains, _run, split_r_hat
from tmall_nb.stats.media_mix.model import LogPosterior

RANGES = {"carry": (0.05, 0.7), "half": (0.6, 2.5), "slope": (0.8, 1.8)}  # of θ, k and s, uniform


class Oracle(LogPosterior):
    """The log posterior under uniform priors of the shapes, each written as low + (high - low) / (1 + exp(-z))."""

    def plain(self, points: np.ndarray) -> np.ndarray:
        """The same points with shapes as the mix writes them: logit θ, log k, log s."""
        out = points.copy()
        for name, (low, high) in RANGES.items():
            x = low + (high - low) / (1 + np.exp(-np.clip(points[:, self.places[name]], -30, 30)))
            out[:, self.places[name]] = np.log(x / (1 - x)) if name == "carry" else np.log(x)
        return out

    def __call__(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        inner, moves, extra, extra_slope = points.copy(), {}, 0.0, {}
        for name, (low, high) in RANGES.items():
            z = points[:, self.places[name]]
            share = 1 / (1 + np.exp(-np.clip(z, -30, 30)))
            x = low + (high - low) * share
            by_z = (high - low) * share * (1 - share)
            inner[:, self.places[name]] = np.log(x / (1 - x)) if name == "carry" else np.log(x)
            moves[name] = by_z / (x * (1 - x)) if name == "carry" else by_z / x
            extra = extra + np.log(share * (1 - share)).sum(axis=1)
            extra_slope[name] = 1 - 2 * share
        value, gradient = super().__call__(inner)
        for name, move in moves.items():
            where = self.places[name]
            gradient[:, where] = gradient[:, where] * move + extra_slope[name]
        return value + extra, gradient


def oracle_draws(world: World, seed: int = 0, sizes: Chains | None = None) -> tuple[np.ndarray, np.ndarray, float]:
    """Draws from the posterior under the simulator's own priors: parameters of the mix, shape (draws, parameters), returns,
    shape (draws, channels), and the split R-hat."""
    sizes = sizes or Chains(warm_up=270, kept=160)
    data = read_weeks(world.weeks, CHANNELS, world.controls, "paid_amount").data()
    priors = _priors(data, world)
    posterior, rng, scale = Oracle(data, priors), np.random.default_rng(seed), priors.sd.copy()
    posterior.spent = 0.0
    for name in RANGES:
        scale[posterior.places[name]] = 1.0
    mode = _mode(posterior, scale)
    factor, step = curvature_factor(posterior, mode, scale), 0.1
    points = mode + 0.5 * rng.standard_normal((sizes.chains, posterior.size)) @ factor.T
    for _ in range(3):
        path, step = _run(posterior, factor, points, sizes.warm_up // 3, sizes.steps, step, rng, tune=True)
        points, recent = path[-1], path[len(path) // 3 :].reshape(-1, posterior.size)
        factor = np.linalg.cholesky(np.cov(recent.T) + 1e-3 * np.diag(recent.var(axis=0) + 1e-12))
    path, _ = _run(posterior, factor, points, sizes.kept, sizes.steps, step, rng, tune=False)
    draws = posterior.plain(path.reshape(-1, posterior.size))
    return draws, np.exp(draws[:, posterior.places["log_roas"]]), float(split_r_hat(path).max())


def _mode(posterior: LogPosterior, scale: np.ndarray) -> np.ndarray:
    def negative(point: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = posterior((point * scale)[None])
        return -float(value[0]), -gradient[0] * scale

    begin = posterior.priors.mean.copy()
    begin[posterior.places["log_roas"]] = np.log(1.2)
    for name in RANGES:
        begin[posterior.places[name]] = 0.0
    return minimize(negative, begin / scale, jac=True, method="L-BFGS-B", options={"maxiter": 3000}).x * scale


def _priors(data: MixData, world: World) -> Priors:
    """Normal priors of all but the shapes; those of the shapes are so wide that only their ranges count."""
    priors = default_priors(data)
    places, mean, sd = layout(data.baseline.shape[1], data.channels), priors.mean, priors.sd
    sizes = [world.weeks[c].std(ddof=0) for c in world.controls]
    effects = {"campaign": (0.3, 0.058), "price": (-1.5, 0.01), "demand": (0.98, 0.02)}
    mean[1:6], sd[1:6] = 0.0, [0.035, 0.085, 0.085, 0.0354, 0.0354]
    for j, (name, size) in enumerate(zip(world.controls, sizes, strict=True)):
        mean[6 + j], sd[6 + j] = (x * size for x in effects[name])
    for name in RANGES:
        sd[places[name]] = 1e3
    mean[places["common"]], sd[places["common"]] = np.log(1.2), 1e-3
    sd[places["log_roas"]] = 0.5
    mean[places["memory"]], sd[places["memory"]] = 0.0, 0.02
    mean[places["noise"]], sd[places["noise"]] = np.log(0.035), 0.03
    return Priors(mean, sd)


def least_error(returns: np.ndarray) -> np.ndarray:
    """The point of least expected relative error per channel: the median weighted by one over the return."""
    order = np.sort(returns, axis=0)
    weight = np.cumsum(1 / order, axis=0)
    place = (weight < 0.5 * weight[-1]).sum(axis=0)
    return order[place, np.arange(order.shape[1])]
