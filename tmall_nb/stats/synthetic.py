"""Synthetic control: a weighted mean of untreated units that tracks the treated one before the start.

Sources: Abadie, Diamond & Hainmueller (2010), JASA 105(490), for the weights and the placebo test; Doudchenko &
Imbens (2016), NBER 22791, for the level shift (``demean``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = [
    "Placebos",
    "SyntheticFit",
    "conformal_p_value",
    "fit_synthetic",
    "placebo_gaps",
    "placebo_interval",
    "simplex_weights",
]


@dataclass(frozen=True, slots=True)
class SyntheticFit:
    """A synthetic control.

    Attributes
    ----------
    weights : of the donors, none negative, summing to one, shape (donors,)
    counterfactual : what the treated unit would have shown, shape (times,)
    gap : treated minus counterfactual, shape (times,)
    pre_error : root mean squared gap before the start
    """

    weights: np.ndarray
    counterfactual: np.ndarray
    gap: np.ndarray
    pre_error: float


@dataclass(frozen=True, slots=True)
class Placebos:
    """Untreated groups analysed as if they had been treated.

    Attributes
    ----------
    groups : members (donor numbers) of each placebo group, shape (placebos, group size)
    gaps : shape (placebos, times)
    pre_errors : shape (placebos,)
    """

    groups: np.ndarray
    gaps: np.ndarray
    pre_errors: np.ndarray


def simplex_weights(donors: np.ndarray, treated: np.ndarray) -> np.ndarray:
    """Least-squares weights, none negative and summing to one, exactly.

    With A = donors − treated·1ᵀ the problem is min |A w|² on the simplex. Minimising |A u|² + (1ᵀu − 1)² over u ≥ 0
    gives u = s·w with the same w, so one non-negative least-squares solve is enough.

    Parameters
    ----------
    donors : shape (times, donors)
    treated : shape (times,)

    Returns
    -------
    array of shape (donors,)

    Examples
    --------
    >>> simplex_weights(np.array([[0.0, 4.0], [2.0, 8.0]]), np.array([1.0, 3.5])).round(3)
    array([0.75, 0.25])
    """
    from scipy.optimize import nnls

    difference = donors - treated[:, None]
    scale = float(np.sqrt((difference**2).mean(axis=0).min() * len(treated))) or 1.0
    system = np.vstack([difference / scale, np.ones(donors.shape[1])])
    target = np.zeros(len(system))
    target[-1] = 1.0
    raw, _ = nnls(system, target, maxiter=50 * donors.shape[1])
    return raw / raw.sum()


def fit_synthetic(treated: np.ndarray, donors: np.ndarray, pre: int, *, demean: bool = False) -> SyntheticFit:
    """Fit on the first ``pre`` times and extrapolate.

    Parameters
    ----------
    treated : shape (times,)
    donors : shape (times, donors)
    pre : how many times come before the start, at least 2
    demean : compare movements, not levels: every unit's mean before the start is taken out first

    Notes
    -----
    Without ``demean`` a treated unit outside the donors' range cannot be matched and the gap is biased.
    """
    if not 2 <= pre < len(treated):
        raise ValueError(f"pre={pre}: expected 2 to {len(treated) - 1}")
    shift = donors[:pre].mean(axis=0) if demean else np.zeros(donors.shape[1])
    level = float(treated[:pre].mean()) if demean else 0.0
    weights = simplex_weights(donors[:pre] - shift, treated[:pre] - level)
    counterfactual = (donors - shift) @ weights + level
    gap = treated - counterfactual
    return SyntheticFit(weights, counterfactual, gap, float(np.sqrt((gap[:pre] ** 2).mean())))


def placebo_gaps(
    donors: np.ndarray, pre: int, *, demean: bool = False, group: int = 1, draws: int = 200, seed: int = 0
) -> Placebos:
    """Treat untreated units as if they were treated, each against all others.

    Parameters
    ----------
    donors : shape (times, donors)
    group : how many units make up the treated one (their mean is analysed); 1 takes every donor in turn
    draws : how many random groups are analysed when ``group`` > 1
    """
    count = donors.shape[1]
    if count - group < 2:
        raise ValueError(f"{count} donors leave fewer than 2 controls for a group of {group}")
    if group == 1:
        groups = np.arange(count)[:, None]
    else:
        rng = np.random.default_rng(seed)
        drawn = np.array([np.sort(rng.permutation(count)[:group]) for _ in range(draws)])
        groups = np.unique(drawn, axis=0)
    fits = []
    for members in groups:
        others = np.delete(np.arange(count), members)
        fits.append(fit_synthetic(donors[:, members].mean(axis=1), donors[:, others], pre, demean=demean))
    return Placebos(groups, np.array([f.gap for f in fits]), np.array([f.pre_error for f in fits]))


def placebo_interval(
    effect: float, pre_error: float, placebo_effects: np.ndarray, placebo_errors: np.ndarray, *, level: float = 0.9
) -> tuple[float, float, float]:
    """Interval and p-value of an effect from placebo effects, each measured in units of its own fit before the start.

    Parameters
    ----------
    effect, pre_error : the treated unit's effect and its root mean squared gap before the start
    placebo_effects, placebo_errors : the same of the placebos, shape (placebos,)
    level : confidence level, 0-1

    Returns
    -------
    low, high, p_value : p-value of "no effect", two-sided, never below 1 / (placebos + 1)
    """
    ratio = np.abs(placebo_effects) / np.maximum(placebo_errors, 1e-12)
    own = abs(effect) / max(pre_error, 1e-12)
    rank = min(int(np.ceil((len(ratio) + 1) * level)), len(ratio))
    half = float(np.sort(ratio)[rank - 1]) * pre_error
    return effect - half, effect + half, float((1 + (ratio >= own).sum()) / (len(ratio) + 1))


def conformal_p_value(treated: np.ndarray, donors: np.ndarray, pre: int, *, effect: float = 0.0, demean: bool = False) -> float:
    """P-value of "the effect is ``effect`` at every time" by moving-block permutations of the residuals.

    The weights are fitted on all times with the claimed effect taken out; under the claim no stretch of times stands
    out, so the sum of the residuals after the start is compared with every cyclic shift. Source: Chernozhukov, Wüthrich & Zhu
    (2021), JASA 116(536).
    """
    claimed = treated.copy()
    claimed[pre:] -= effect
    shift = donors.mean(axis=0) if demean else np.zeros(donors.shape[1])
    level = float(claimed.mean()) if demean else 0.0
    rest = claimed - level - (donors - shift) @ simplex_weights(donors - shift, claimed - level)
    after = len(rest) - pre
    stretches = np.abs(np.convolve(np.concatenate([rest, rest[: after - 1]]), np.ones(after), mode="valid"))
    return float((stretches >= stretches[pre] * (1 - 1e-12)).mean())
