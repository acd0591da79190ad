"""Regional hold-out tests: which regions to hold out, what can be detected, and what a finished test says.

Sources: Abadie, Diamond & Hainmueller (2010) for synthetic control and placebo inference; Vaver & Koehler (2011),
"Measuring ad effectiveness using geo experiments", for the design.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmall_nb.stats.synthetic import fit_synthetic

__all__ = ["Candidate", "GeoRead", "randomised_difference", "read_group", "search_groups", "window_effects"]

LEAST_TRAINING = 8  # times before a stretch that is analysed
Z_POWER, Z_TEST = 0.8416, 1.6449  # 80 % power, two-sided 10 %


@dataclass(frozen=True, slots=True)
class Candidate:
    """A group of regions to hold out.

    Attributes
    ----------
    members : region numbers
    share : of all sales
    error : standard deviation of the relative effect found where nothing was done
    fit_error : root mean squared relative gap in the training times
    """

    members: np.ndarray
    share: float
    error: float
    fit_error: float

    @property
    def detectable(self) -> float:
        """Smallest relative effect found with 80 % power at the two-sided 10 % level."""
        return (Z_POWER + Z_TEST) * self.error


@dataclass(frozen=True, slots=True)
class GeoRead:
    """A finished test: treated units' mean, its counterfactual (times,), placebo gaps (placebos, times)."""

    actual: np.ndarray
    counterfactual: np.ndarray
    weights: np.ndarray
    pre_error: float
    placebo_gaps: np.ndarray
    placebo_errors: np.ndarray


def window_effects(series: np.ndarray, members: np.ndarray, length: int, *, windows: int = 6) -> np.ndarray:
    """Relative effects "found" in past stretches of ``length`` times in which nothing was done, newest first.

    Parameters
    ----------
    series : sales, shape (times, regions)
    members : regions of the group
    length : times of a test
    """
    others = np.delete(np.arange(series.shape[1]), members)
    treated = series[:, members].mean(axis=1)
    effects = []
    for number in range(windows):
        stop = len(series) - number * length
        start = stop - length
        if start < max(2 * length, LEAST_TRAINING):
            break
        fit = fit_synthetic(treated[:stop], series[:stop, others], start, demean=True)
        effects.append(fit.gap[start:].mean() / max(fit.counterfactual[start:].mean(), 1e-9))
    return np.array(effects)


def search_groups(
    series: np.ndarray, length: int, *, share: float = 0.2, groups: int = 40, blocked: tuple[int, ...] = (), seed: int = 0
) -> list[Candidate]:
    """Random groups with about ``share`` of sales, ranked by how little they would move by chance.

    The error of a group is the root mean square of its own past placebo effects, pulled half-way to the mean of all groups:
    the best of many noisy figures would otherwise look better than it is.
    """
    rng = np.random.default_rng(seed)
    weight = series.sum(axis=0) / series.sum()
    free = np.setdiff1d(np.flatnonzero(weight > 0), blocked)
    found: list[tuple[np.ndarray, float, np.ndarray]] = []
    for _ in range(groups):
        order = rng.permutation(free)
        count = int(np.searchsorted(np.cumsum(weight[order]), share)) + 1
        members = np.sort(order[: min(count, len(order) - 3)])
        effects = window_effects(series, members, length)
        if len(effects):
            found.append((members, float(weight[members].sum()), effects))
    squares = np.array([float((effects**2).mean()) for _, _, effects in found])
    pulled = 0.5 * squares + 0.5 * squares.mean() if len(squares) else squares
    candidates = [
        Candidate(m, s, float(np.sqrt(p)), float(np.sqrt(q))) for (m, s, _), p, q in zip(found, pulled, squares, strict=True)
    ]
    return sorted(candidates, key=lambda c: c.error)


def read_group(series: np.ndarray, members: np.ndarray, start: int, *, draws: int = 200, seed: int = 0) -> GeoRead:
    """Synthetic control of the treated group's mean, with random placebo groups of the same size.

    Placebo groups leave a pool of donors at least as large as themselves; where regions are few they overlap.
    """
    others = np.delete(np.arange(series.shape[1]), members)
    treated = series[:, members].mean(axis=1)
    fit = fit_synthetic(treated, series[:, others], start, demean=True)
    size = min(len(members), max(1, len(others) // 3))
    rng = np.random.default_rng(seed)
    if size == 1:
        groups = [np.array([k]) for k in range(len(others))]
    else:
        groups = [np.sort(rng.permutation(len(others))[:size]) for _ in range(draws)]
    fits = []
    for group in groups:
        rest = np.delete(np.arange(len(others)), group)
        fits.append(fit_synthetic(series[:, others[group]].mean(axis=1), series[:, others[rest]], start, demean=True))
    gaps = np.array([f.gap for f in fits])
    scale = np.array([max(float(f.counterfactual[start:].mean()), 1e-9) for f in fits]) / max(
        float(fit.counterfactual[start:].mean()), 1e-9
    )
    return GeoRead(
        treated,
        fit.counterfactual,
        fit.weights,
        fit.pre_error,
        gaps / scale[:, None],
        np.array([f.pre_error for f in fits]) / scale,
    )


def randomised_difference(before: np.ndarray, after: np.ndarray, treated: np.ndarray) -> tuple[float, float]:
    """Difference in differences of log means per unit, with its standard error: for tests drawn at random over many units.

    Parameters
    ----------
    before, after : mean log sales of each unit, shape (units,)
    treated : shape (units,), bool
    """
    change = after - before
    first, second = change[treated], change[~treated]
    spread = first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second)
    return float(first.mean() - second.mean()), float(np.sqrt(spread))
