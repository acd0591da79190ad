"""The log posterior of the media-mix model and its gradient, for a batch of parameter vectors at once.

sales_t = exp(Z_t γ) + Σ_j R_j·share_j·T·h_jt / Σ_t h_jt + e_t, where a is spend spread over 13 weeks by a normalised
geometric carry-over, h = a^s / (k^s + a^s), and e is AR(1). R_j is then the channel's return on its whole spend.
Source: Jin, Wang, Sun, Chan & Koehler (2017), "Bayesian methods for media mix modeling with carryover and shape effects".
"""

from __future__ import annotations

import numpy as np

from tmall_nb.stats.media_mix.data import LAGS, MixData, Priors, layout

__all__ = ["LogPosterior", "response"]

TINY = 1e-12
SPENT, MOST_SPENT = 1.5, 0.5  # degrees of freedom a channel takes; largest share of weeks taken in all


def _carry_weights(logit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normalised geometric weights and their derivative in the logit, each (..., 13)."""
    theta = 1.0 / (1.0 + np.exp(-logit))
    lag = np.arange(LAGS)
    power = theta[..., None] ** lag
    total = power.sum(axis=-1, keepdims=True)
    weights = power / total
    mean_lag = (weights * lag).sum(axis=-1, keepdims=True)
    return weights, weights * (lag - mean_lag) * (1.0 - theta[..., None])


def response(lagged: np.ndarray, carry: np.ndarray, half: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Saturated carried-over spend h and the carried-over spend a.

    Parameters
    ----------
    lagged : shape (channels, weeks, 13)
    carry, half, slope : logit θ, log k, log s, each shape (..., channels)

    Returns
    -------
    h, a : shape (..., channels, weeks)
    """
    weights, _ = _carry_weights(carry)
    spread = np.matmul(lagged, weights[..., None])[..., 0]
    exponent = np.exp(slope)[..., None] * (np.log(np.maximum(spread, TINY)) - half[..., None])
    return _logistic(exponent), spread


def _logistic(x: np.ndarray) -> np.ndarray:
    out = np.tanh(0.5 * x)
    out += 1.0
    out *= 0.5
    return out


class LogPosterior:
    """Log posterior of one shop's weeks under the given priors.

    Parameters
    ----------
    data : the shop's weeks
    priors : normal priors in the order of ``layout``
    """

    def __init__(self, data: MixData, priors: Priors):
        self.data, self.priors = data, priors
        self.places = layout(data.baseline.shape[1], data.channels)
        self.size = self.places["noise"].stop
        self.seen = data.seen.astype(float)
        self.reached = (data.lagged > 0).any(axis=-1)  # weeks that spend of the last 13 reaches
        weeks = float(self.seen.sum())
        self.spent = min(data.baseline.shape[1] + SPENT * data.channels, MOST_SPENT * weeks) + len(data.sales) - weeks

    def __call__(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and gradients at ``points`` of shape (batch, parameters): shapes (batch,) and (batch, parameters)."""
        at = {name: points[:, where] for name, where in self.places.items()}
        gradient = np.zeros_like(points)
        value = self._prior(points, at, gradient)
        base = np.exp(np.clip(at["gamma"] @ self.data.baseline.T, -20, 20))
        gain, parts = self._media(at)
        rest = (self.data.sales - base - gain.sum(axis=1)) * self.seen
        if self.data.whitening is None:
            likelihood, slope, slope_memory, slope_noise = _noise(rest, at["memory"][:, 0], at["noise"][:, 0])
        else:
            likelihood, slope, slope_memory, slope_noise = _whitened(rest, self.data.whitening, at["noise"][:, 0])
        likelihood, slope_noise = likelihood + self.spent * at["noise"][:, 0], slope_noise + self.spent
        value, slope = value + likelihood, slope * self.seen
        gradient[:, self.places["memory"]] += slope_memory[:, None]
        gradient[:, self.places["noise"]] += slope_noise[:, None]
        gradient[:, self.places["gamma"]] -= (slope * base) @ self.data.baseline
        push = np.broadcast_to(-slope[:, None, :], gain.shape)
        if self.data.tests is not None:
            value, push = self._tests(value, gain, push)
        self._media_gradient(push, gain, parts, gradient)
        return value, gradient

    def _prior(self, points: np.ndarray, at: dict[str, np.ndarray], gradient: np.ndarray) -> np.ndarray:
        center = np.broadcast_to(self.priors.mean, points.shape).copy()
        center[:, self.places["log_roas"]] += at["common"]
        pull = (points - center) / self.priors.sd
        gradient -= pull / self.priors.sd
        roas = self.places["log_roas"]
        gradient[:, self.places["common"]] += (pull / self.priors.sd)[:, roas].sum(axis=1, keepdims=True)
        return -0.5 * (pull**2).sum(axis=1)

    def _media(self, at: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Each channel's weekly contribution, shape (batch, channels, weeks), and what its gradient needs."""
        weights, moves = _carry_weights(at["carry"])
        # one product a channel for all points; a product for every point and channel takes three times as long
        spread = np.ascontiguousarray(np.matmul(self.data.lagged, weights.transpose(1, 2, 0)).transpose(2, 0, 1))
        np.maximum(spread, TINY, out=spread)
        tilt = np.exp(at["slope"])[..., None]
        log_ratio = np.log(spread)
        log_ratio -= at["half"][..., None]
        height = _logistic(tilt * log_ratio)
        total = np.maximum(height.sum(axis=-1, keepdims=True), TINY)
        level = np.exp(at["log_roas"])[..., None] * (self.data.spend_share[:, None] * height.shape[-1]) / total
        rate = tilt / spread
        if not self.reached.all():
            rate *= self.reached
        parts = {"moves": moves, "rate": rate, "tilt": tilt, "log_ratio": log_ratio, "height": height, "total": total}
        return level * height, {**parts, "level": level}

    def _media_gradient(self, push: np.ndarray, gain: np.ndarray, parts: dict[str, np.ndarray], gradient: np.ndarray) -> None:
        """Add the derivatives through the contributions; ``push`` is d log posterior / d contribution."""
        work = (push * gain).sum(axis=-1)
        gradient[:, self.places["log_roas"]] += work
        steep = push * parts["level"]
        steep -= work[..., None] / parts["total"]
        steep *= parts["height"]
        steep *= 1.0 - parts["height"]
        tilt = parts["tilt"][..., 0]
        gradient[:, self.places["half"]] -= tilt * steep.sum(axis=-1)
        gradient[:, self.places["slope"]] += tilt * (steep * parts["log_ratio"]).sum(axis=-1)
        by_weight = np.matmul((steep * parts["rate"]).transpose(1, 0, 2), self.data.lagged).transpose(1, 0, 2)
        gradient[:, self.places["carry"]] += (by_weight * parts["moves"]).sum(axis=-1)

    def _tests(self, value: np.ndarray, gain: np.ndarray, push: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        tests = self.data.tests
        assert tests is not None
        miss = (np.einsum("bjt,ljt->bl", gain, tests.rates) - tests.roas) / tests.error
        value = value - 0.5 * (miss**2).sum(axis=1)
        return value, push - np.einsum("bl,ljt->bjt", miss / tests.error, tests.rates)


def _noise(rest: np.ndarray, memory: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """AR(1) log likelihood of residuals (batch, weeks) with ρ = tanh(memory), σ = exp(noise), and its derivatives."""
    rho, inverse = np.tanh(np.clip(memory, -4, 4))[:, None], np.exp(-2.0 * np.clip(noise, -12, 12))[:, None]
    shocks = rest.copy()
    shocks[:, 1:] -= rho * rest[:, :-1]
    start = 1.0 - rho**2
    square = (shocks[:, 1:] ** 2).sum(axis=1) + start[:, 0] * rest[:, 0] ** 2
    weeks = rest.shape[1]
    value = -weeks * noise + 0.5 * np.log(start[:, 0]) - 0.5 * inverse[:, 0] * square
    slope = -shocks * inverse
    slope[:, 0] = -start[:, 0] * rest[:, 0] * inverse[:, 0]
    slope[:, :-1] += rho * shocks[:, 1:] * inverse
    by_rho = (
        inverse[:, 0] * ((shocks[:, 1:] * rest[:, :-1]).sum(axis=1) + rho[:, 0] * rest[:, 0] ** 2) - rho[:, 0] / start[:, 0]
    )
    return value, slope, by_rho * start[:, 0], -weeks + inverse[:, 0] * square


def _whitened(
    rest: np.ndarray, whitening: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The same for residuals of a known correlation; nothing depends on the AR(1) memory then."""
    inverse, shocks = np.exp(-2.0 * np.clip(noise, -12, 12)), rest @ whitening.T
    square, weeks = (shocks**2).sum(axis=1), rest.shape[1]
    slope = -(shocks @ whitening) * inverse[:, None]
    return -weeks * noise - 0.5 * inverse * square, slope, np.zeros(len(noise)), -weeks + inverse * square
