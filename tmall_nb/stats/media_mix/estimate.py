"""From one shop's weeks to a fit: plain first, insured against hidden demand where its traces are found."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tmall_nb.stats.media_mix.data import MixData, Priors, default_priors, layout
from tmall_nb.stats.media_mix.fit import MixFit, fit_map
from tmall_nb.stats.media_mix.hidden import HiddenDemand, detect, spend_residual, whitening

__all__ = ["Insured", "below_median", "fit_insured", "least_error", "point_roas", "sensitivity"]

SLOPE_MEAN = 0.15  # mean of log s: between no threshold (s = 1) and a slight one
NUISANCE_MEAN, NUISANCE_SD = 0.4, 0.5  # of the demand coefficient, in sizes of the unexplained demand
QUIET, LEAST_DEMAND = 0.5, 0.02  # of both where no trace shows; smallest size then, of the baseline
MOST_PULL = 0.25  # of a log return downwards: where hardly anything is known more would say little sold, not little known


@dataclass(frozen=True, slots=True)
class Insured:
    """A fit and what was found about hidden demand.

    Attributes
    ----------
    fit : the fit to report
    plain : the fit without the demand column (the same object where nothing was found)
    demand : what the plain fit's residuals say
    followers : numbers of the channels that were given a demand column because of what was found
    """

    fit: MixFit
    plain: MixFit
    demand: HiddenDemand
    followers: tuple[int, ...]


def point_roas(fit: MixFit) -> np.ndarray:
    """One return per channel, (channels,): the point of least expected relative error."""
    return least_error(fit.draws[:, fit.places["log_roas"]])


def below_median(fit: MixFit) -> np.ndarray:
    """How far ``point_roas`` lies below the median, (channels,): medians of what follows from a return are drawn down alike."""
    return point_roas(fit) / np.median(fit.roas, axis=0)


def least_error(log_draws: np.ndarray) -> np.ndarray:
    """One return per column of (draws, n) log returns: the median less the variance, as of a lognormal posterior.

    Relative errors are asymmetric (an estimate can be 300 % too high, never 300 % too low), so the least expected
    relative error lies below the median, the more the less is known; never more than 22 % below it.
    """
    pull = np.minimum(log_draws.var(axis=0), MOST_PULL)
    return np.exp(np.median(log_draws, axis=0) - pull)


def priors_for(data: MixData, base: Priors | None, extra: np.ndarray | None = None) -> Priors:
    """Default priors, or ``base`` (of the plain model) extended by coefficients with (mean, sd) rows ``extra``."""
    start = base or _defaults(data, 0 if extra is None else len(extra))
    if extra is None:
        return start
    columns = data.baseline.shape[1] - len(extra)
    mean = np.insert(start.mean, columns, extra[:, 0])
    sd = np.insert(start.sd, columns, np.maximum(extra[:, 1], 1e-4))
    return replace(start, mean=mean, sd=sd)


def _defaults(data: MixData, extra: int) -> Priors:
    plain = replace(data, baseline=data.baseline[:, : data.baseline.shape[1] - extra])
    priors = default_priors(plain)
    priors.mean[layout(plain.baseline.shape[1], plain.channels)["slope"]] = SLOPE_MEAN
    return priors


def _relative(fit: MixFit) -> tuple[np.ndarray, np.ndarray]:
    base = fit.base(fit.mode[None])[0]
    return fit.rest() / base, base


def fit_insured(
    data: MixData, spend: np.ndarray, *, followers: tuple[int, ...] | None = None, priors: Priors | None = None,
    known: bool = False, always: bool = False, seed: int = 0,
) -> Insured:  # fmt: skip
    """Fit; where persistent unexplained demand is found, fit again with a demand column per follower channel.

    Parameters
    ----------
    data, spend : the shop's weeks; ``spend`` in yuan, shape (channels, weeks)
    followers : numbers of the channels whose spend may follow demand; None: any of them, as the data cannot say
    priors : of the plain model; None: the defaults
    known : that the followers follow demand is known and no guess: they are insured lightly where nothing was found
    always : insure fully even where nothing was found
    """
    plain = fit_map(data, priors_for(data, priors), seed=seed)
    relative, base = _relative(plain)
    demand = detect(relative)
    if not (demand.found or always or known):
        return Insured(plain, plain, demand, ())
    chosen = tuple(range(data.channels)) if followers is None else followers
    columns = np.column_stack([spend_residual(spend[j], data.baseline) for j in chosen] or [np.empty((len(base), 0))])
    if not (demand.found or always):
        lightly, wide = _nuisance(QUIET * max(demand.size, LEAST_DEMAND), len(chosen)), data.with_columns(columns)
        return Insured(fit_map(wide, priors_for(wide, priors, lightly), seed=seed), plain, demand, ())
    fit, now = plain, demand
    for _ in range(2):
        wide = replace(data.with_columns(columns), whitening=whitening(now, base))
        fit = fit_map(wide, priors_for(wide, priors, _nuisance(now.size, len(chosen))), seed=seed)
        relative, base = _relative(fit)
        now = detect(relative)
    return Insured(fit, plain, demand, chosen)


def _nuisance(size: float, channels: int) -> np.ndarray:
    """Prior mean and standard deviation of each channel's demand coefficient, (channels, 2)."""
    return np.tile([NUISANCE_MEAN * size, NUISANCE_SD * size], (channels, 1))


def sensitivity(
    data: MixData, spend: np.ndarray, channel: int, found: Insured, *, shares: tuple[float, ...] = (0.0, 0.1, 0.2, 0.3),
    priors: Priors | None = None, seed: int = 0,
) -> list[MixFit]:  # fmt: skip
    """Fits in which hidden demand is claimed to explain the given shares of the channel's unexplained spend.

    A share r² of spend that follows demand of size d moves sales by d·r per standard deviation of spend; the
    coefficient is held there. d is what the fit finds, but at least 2 % of the baseline.
    """
    relative, base = _relative(found.fit)
    demand = detect(relative)
    size = max(demand.size, 0.02)
    column = spend_residual(spend[channel], data.baseline)[:, None]
    wide = data.with_columns(column)
    if found.demand.found:
        wide = replace(wide, whitening=whitening(demand, base))
    return [
        fit_map(wide, priors_for(wide, priors, np.array([[size * np.sqrt(share), 1e-4]])), draws=500, seed=seed)
        for share in shares
    ]
