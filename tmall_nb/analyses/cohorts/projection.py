"""How retention goes on: sBG and BdW fitted to the pooled curve, chosen and judged on ages held out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.stats.btyd import RenewalFit, fit_bdw, fit_sbg
from tmall_nb.stats.proportions import wilson

__all__ = ["COLUMNS", "pooled_retention", "project_retention"]

COLUMNS = ["age", "retention", "low", "high", "model", "kind", "holdout_error"]
FEW_AGES = 6
FITS = {"sbg": fit_sbg, "bdw": fit_bdw}


def pooled_retention(cells: pd.DataFrame, *, level: float) -> pd.DataFrame:
    """Return one row per age over all cohorts seen at it: age, members, active, retention, low, high.

    From age 2 on the share is linked: the last one times the growth in active buyers of the cohorts seen at both ages, so that
    the oldest cohorts, alone at the oldest ages, do not bend the curve by being better or worse than others.
    """
    seen = cells[cells["seen"]]
    pooled = seen.groupby("age").agg(members=("cohort_size", "sum"), active=("active", "sum")).reset_index()
    low, high = wilson(pooled["active"], pooled["members"], level=level)
    plain = (pooled["active"] / pooled["members"]).to_numpy(float)
    linked = _linked(seen, pooled["age"].to_numpy(), plain)
    scale = np.where(plain > 0, linked / np.where(plain > 0, plain, 1.0), 1.0)
    return pooled.assign(retention=linked, low=low * scale, high=np.minimum(high * scale, 1.0))


def _linked(seen: pd.DataFrame, ages: np.ndarray, plain: np.ndarray) -> np.ndarray:
    active = seen.pivot(index="cohort", columns="age", values="active")
    shares = plain.copy()
    for k in range(1, len(ages)):
        both = active[[ages[k - 1], ages[k]]].dropna().sum()
        before, after = float(both.iloc[0]), float(both.iloc[1])
        if ages[k - 1] >= 1 and before > 0:
            shares[k] = min(shares[k - 1] * after / before, 1.0)
    return shares


def project_retention(pooled: pd.DataFrame, *, ages_ahead: int = 6) -> tuple[pd.DataFrame, float]:
    """Return seen and projected retention by age, and the error on held-out ages (mean relative error; NaN: too few ages).

    Buyers of a shop do not tell when they leave, so ``alive`` is read from the curve itself: from age 1 on, made non-increasing
    (pool adjacent violators, weighted by members), times the members at age 1. The last third of ages is held out to choose
    between sBG and BdW and to state the error; the band is the larger of that error and the scatter around the fit.
    """
    frame = pooled[pooled["age"] >= 1]
    seen = frame.assign(model="seen", kind="seen", holdout_error=np.nan)[COLUMNS]
    if len(frame) < FEW_AGES or frame["active"].sum() < 30:
        return seen, float("nan")
    share, weight = frame["retention"].to_numpy(float), frame["members"].to_numpy(float)
    keep = len(frame) - max(len(frame) // 3, 2)
    errors = {name: _holdout_error(name, share, weight, keep) for name in FITS}
    name = min(errors, key=lambda k: errors[k])
    fit, level = _fit(name, share, weight)
    age = np.arange(1, len(share) + ages_ahead + 1)
    curve = level * np.asarray(fit.survival(age - 1.0))
    scatter = float(np.sqrt(np.average((share - curve[: len(share)]) ** 2, weights=weight)) / np.average(share, weights=weight))
    width = np.maximum(errors[name], scatter)
    ahead = pd.DataFrame(
        {"age": age, "retention": curve, "low": curve / (1 + 2 * width), "high": np.minimum(curve * (1 + 2 * width), 1)}
    )
    ahead = ahead.assign(model=name, kind=np.where(age > len(share), "ahead", "fitted"), holdout_error=errors[name])
    return pd.concat([seen, ahead[COLUMNS]], ignore_index=True), errors[name]


def _holdout_error(name: str, share: np.ndarray, weight: np.ndarray, keep: int) -> float:
    fit, level = _fit(name, share[:keep], weight[:keep])
    expected = level * np.asarray(fit.survival(np.arange(keep, len(share), dtype=float)))
    seen = max(float(np.average(share[keep:], weights=weight[keep:])), 1.0 / weight[keep:].sum())
    return float(np.average(np.abs(expected - share[keep:]), weights=weight[keep:])) / seen


def _fit(name: str, share: np.ndarray, weight: np.ndarray) -> tuple[RenewalFit, float]:
    falling = _non_increasing(share, weight)
    level = max(float(falling[0]), 1e-9)
    return FITS[name](np.maximum.accumulate((falling / level * weight[0])[::-1])[::-1]), level


def _non_increasing(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted least-squares fit that never rises (pool adjacent violators)."""
    means: list[float] = []
    sizes: list[float] = []
    counts: list[int] = []
    for value, w in zip(values, weight, strict=True):
        means.append(float(value))
        sizes.append(float(w))
        counts.append(1)
        while len(means) > 1 and means[-1] > means[-2]:
            total = sizes[-1] + sizes[-2]
            means[-2:] = [(means[-1] * sizes[-1] + means[-2] * sizes[-2]) / total]
            sizes[-2:] = [total]
            counts[-2:] = [counts[-1] + counts[-2]]
    return np.repeat(means, counts)
