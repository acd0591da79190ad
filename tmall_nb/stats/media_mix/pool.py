"""What channels return in similar shops, as a prior: empirical Bayes over the shops of a batch, two rounds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tmall_nb.stats.media_mix.data import Priors, layout
from tmall_nb.stats.media_mix.fit import MixFit

__all__ = ["Pooled", "pool", "spread_between", "with_pooled"]

LEAST_SPREAD, PRIOR_SPREAD, MOST_SPREAD = 0.25, 0.45, 0.6  # between shops (logs)
LEVEL_LEFT = 0.2  # how far a shop's own level of returns may lie from the pooled one (logs)
ALIKE = 0.42  # spread of the shops' own estimates (logs) above which they are not pooled
TRUST, SELF = 1.0, 5.0  # pseudo-shops that hold a channel's mean at the mean of all, and the spread at its prior


@dataclass(frozen=True, slots=True)
class Pooled:
    """Returns of channels over shops.

    Attributes
    ----------
    names : channels, in the order of the arrays
    log_roas : mean log return, shape (channels,)
    spread : standard deviation between shops, shape (channels,)
    shops : how many shops have the channel, shape (channels,)
    between : how far the estimates of lone shops differ (see ``spread_between``)
    """

    names: tuple[str, ...]
    log_roas: np.ndarray
    spread: np.ndarray
    shops: np.ndarray
    between: float = 0.0

    @property
    def alike(self) -> bool:
        """Are the shops so much alike that pooling helps? Unlike shops lose by it."""
        return self.between <= ALIKE


def pool(fits: list[tuple[tuple[str, ...], MixFit]]) -> Pooled:
    """One step of EM: each channel's mean log return over shops, and the spread between shops, from their posteriors.

    Parameters
    ----------
    fits : per shop, the channel names and the fit (under the priors of the round before)
    """
    names = sorted({name for channels, _ in fits for name in channels})
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for channels, fit in fits:
        draws = fit.draws[:, fit.places["log_roas"]]
        for j, name in enumerate(channels):
            seen[name].append((float(np.median(draws[:, j])), float(min(draws[:, j].var(), 1.0))))
    everything = np.array([pair for pairs in seen.values() for pair in pairs])
    overall = float(np.average(everything[:, 0], weights=1 / everything[:, 1]))
    rows = []
    for name in names:
        value, variance = np.array(seen[name]).T
        weight = 1 / (variance + PRIOR_SPREAD**2)
        mean = float((weight @ value + TRUST * weight.mean() * overall) / (weight.sum() + TRUST * weight.mean()))
        spread = float(np.sqrt((((value - mean) ** 2 + variance).sum() + SELF * PRIOR_SPREAD**2) / (len(value) + SELF)))
        rows.append((mean, float(np.clip(spread, LEAST_SPREAD, MOST_SPREAD)), len(value)))
    table = np.array(rows)
    return Pooled(tuple(names), table[:, 0], table[:, 1], table[:, 2].astype(int))


def spread_between(fits: list[tuple[tuple[str, ...], MixFit]]) -> float:
    """How far lone shops' estimates of a channel's return differ: standard deviation in logs, mean over channels.

    Part of it is chance, part of the truth is shrunk away: forty weeks of shops whose returns differ by .25 show .33-.36,
    by .7 .42-.50.

    Parameters
    ----------
    fits : per shop, the channel names and its fit alone
    """
    seen: dict[str, list[float]] = {}
    for channels, fit in fits:
        for name, middle in zip(channels, np.median(fit.draws[:, fit.places["log_roas"]], axis=0), strict=True):
            seen.setdefault(name, []).append(float(middle))
    spreads = [np.std(values, ddof=1) for values in seen.values() if len(values) > 1]
    return float(np.mean(spreads)) if spreads else float("inf")


def with_pooled(priors: Priors, pooled: Pooled, names: tuple[str, ...], columns: int) -> Priors:
    """Priors whose log returns are centred on the pooled means; the common level stays free by little."""
    places = layout(columns, len(names))
    mean, sd = priors.mean.copy(), priors.sd.copy()
    for j, name in enumerate(names):
        if name in pooled.names:
            k = pooled.names.index(name)
            mean[places["log_roas"].start + j] = pooled.log_roas[k] - priors.center
            sd[places["log_roas"].start + j] = pooled.spread[k]
    sd[places["common"]] = LEVEL_LEFT
    return replace(priors, mean=mean, sd=sd)
