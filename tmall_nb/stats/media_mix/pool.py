"""What channels return in similar shops, as a prior: empirical Bayes over the shops of a batch, two rounds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tmall_nb.stats.media_mix.data import Priors, layout
from tmall_nb.stats.media_mix.fit import MixFit

__all__ = ["Pooled", "pool", "with_pooled"]

LEAST_SPREAD, SELF_TRUST = 0.2, 2.0  # smallest spread between shops; pseudo-shops that hold the spread at its prior
PRIOR_SPREAD = 0.4


@dataclass(frozen=True, slots=True)
class Pooled:
    """Returns of channels over shops.

    Attributes
    ----------
    names : channels, in the order of the arrays
    log_roas : mean log return, shape (channels,)
    spread : standard deviation between shops, shape (channels,)
    shops : how many shops have the channel, shape (channels,)
    """

    names: tuple[str, ...]
    log_roas: np.ndarray
    spread: np.ndarray
    shops: np.ndarray


def pool(fits: list[tuple[tuple[str, ...], MixFit]]) -> Pooled:
    """Combine fits: likelihood means (posterior with its prior taken out), weighted by their precision.

    Parameters
    ----------
    fits : per shop, the channel names and the fit
    """
    names = sorted({name for channels, _ in fits for name in channels})
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for channels, fit in fits:
        draws = fit.draws[:, fit.places["log_roas"]]
        mean, variance = np.median(draws, axis=0), draws.var(axis=0)
        prior_sd = fit.priors.sd[fit.places["log_roas"]]
        center = fit.priors.mean[fit.places["log_roas"]] + np.median(fit.draws[:, fit.places["common"]])
        for j, name in enumerate(channels):
            own = max(1 / variance[j] - 1 / prior_sd[j] ** 2, 0.02)  # precision of the data alone
            alone = center[j] + (mean[j] - center[j]) / variance[j] / own if own > 0.02 else mean[j]
            seen[name].append((float(alone), 1 / own))
    everything = [pair for pairs in seen.values() for pair in pairs]
    common, spread_all = _combine(everything, PRIOR_SPREAD)
    rows = []
    for name in names:
        mean_j, spread = _combine(seen[name], spread_all, start=common)
        rows.append((mean_j, spread, len(seen[name])))
    table = np.array(rows)
    return Pooled(tuple(names), table[:, 0], table[:, 1], table[:, 2].astype(int))


def _combine(pairs: list[tuple[float, float]], spread: float, start: float | None = None) -> tuple[float, float]:
    """Precision-weighted mean (with one pseudo-shop at ``start``) and spread by a few moment steps."""
    value, variance = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    mean, begin = float(np.median(value)), spread
    for _ in range(8):
        weight = 1 / (variance + spread**2)
        extra = 0.0 if start is None else 1 / 0.35**2
        mean = float((weight @ value + extra * (start or 0.0)) / (weight.sum() + extra))
        excess = weight / weight.max()
        found = float((excess * ((value - mean) ** 2 - variance)).sum())
        spread = float(np.sqrt(max((found + SELF_TRUST * begin**2) / (excess.sum() + SELF_TRUST), LEAST_SPREAD**2)))
    return mean, spread


def with_pooled(priors: Priors, pooled: Pooled, names: tuple[str, ...], columns: int) -> Priors:
    """Priors whose log returns are centred on the pooled means; the common level stays free by little."""
    places = layout(columns, len(names))
    mean, sd = priors.mean.copy(), priors.sd.copy()
    for j, name in enumerate(names):
        if name in pooled.names:
            k = pooled.names.index(name)
            mean[places["log_roas"].start + j] = pooled.log_roas[k] - priors.center
            sd[places["log_roas"].start + j] = pooled.spread[k]
    sd[places["common"]] = 0.15
    return replace(priors, mean=mean, sd=sd)
