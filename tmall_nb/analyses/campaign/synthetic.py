"""``synthetic_control``: one treated unit (shop, province, item) against a weighted mean of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.analyses.result import Finding, Method
from tmall_nb.errors import ExportError, NotEnoughData, ParameterError
from tmall_nb.stats.synthetic import SyntheticFit, fit_synthetic, placebo_gaps, placebo_interval

SOURCE = "Abadie, Diamond & Hainmueller (2010), JASA 105(490); demeaned: Doudchenko & Imbens (2016), NBER 22791"


@dataclass(frozen=True, slots=True)
class SyntheticResult:
    """A synthetic control.

    Attributes
    ----------
    table : the effect frame
    effect : one row per kind (gross: sum over the times after the start; mean: per time): effect, low, high, relative,
        p_value, placebos
    path : one row per date: actual, counterfactual, low, high
    weights : one row per donor: unit, weight, largest first
    placebos : one row per donor treated as if it were the treated one: unit, effect, pre_error
    findings, method : as everywhere
    """

    table: pd.DataFrame
    effect: pd.DataFrame
    path: pd.DataFrame
    weights: pd.DataFrame
    placebos: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method


def synthetic_control(
    panel: pd.DataFrame,
    *,
    unit: str = "unit",
    treated: str | Sequence[str],
    start: object,
    demean: bool = False,
    level: float = 0.95,
) -> SyntheticResult:
    """Compare a treated unit with the weighted mean of untreated units that tracked it before the start.

    Trust it where the fit before the start is close and placebo units show smaller gaps. Several treated units are averaged.

    Parameters
    ----------
    panel : one row per unit and date: the unit column, date, outcome
    unit : name of the unit column
    treated : the treated unit, or a list of them
    start : first treated date, in the form of the date column
    demean : compare movements, not levels (needed where the treated unit is larger than every donor)
    level : confidence level of the placebo interval, 0-1

    Raises
    ------
    ExportError : a column is missing or a unit has no row for a date; ParameterError : unknown unit, or start out of range;
    NotEnoughData : fewer than three donors or two times before the start
    """
    wide = _wide(panel, unit)
    names = [treated] if isinstance(treated, str) or not isinstance(treated, Sequence) else list(treated)
    lacking = [n for n in names if n not in wide.columns]
    if lacking:
        raise ParameterError("treated", treated, f"units of the panel, e.g. {', '.join(map(str, wide.columns[:5]))}")
    donors = wide.drop(columns=names)
    pre = _times_before(wide.index, start)
    if donors.shape[1] < 3 or pre < 2:
        raise NotEnoughData(f"{donors.shape[1]} donors and {pre} times before the start: at least 3 and 2 are needed")
    own = wide[names].mean(axis=1).to_numpy("float64")
    values = donors.to_numpy("float64")
    fit = fit_synthetic(own, values, pre, demean=demean)
    placebos = placebo_gaps(values, pre, demean=demean)
    effect, half = _effect(own, fit, placebos.gaps, placebos.pre_errors, pre, len(names), level)
    counter = fit.counterfactual
    reach = np.where(np.arange(len(own)) >= pre, half, fit.pre_error)
    path = pd.DataFrame(
        {"date": wide.index, "actual": own, "counterfactual": counter, "low": counter - reach, "high": counter + reach}
    )
    weights = pd.DataFrame({"unit": donors.columns, "weight": fit.weights}).sort_values("weight", ascending=False)
    control = pd.DataFrame(
        {"unit": donors.columns, "effect": placebos.gaps[:, pre:].mean(axis=1), "pre_error": placebos.pre_errors}
    )
    method = Method(
        name="synthetic_control", source=SOURCE, assumptions=("donors_not_treated", "placebo_interval"), rows_used=wide.size,
        level=level, parameters={"treated": ", ".join(map(str, names)), "start": str(start), "demean": demean},
    )  # fmt: skip
    findings = (_finding(effect, names),)
    return SyntheticResult(effect, effect, path, weights.reset_index(drop=True), control, findings, method)


def _wide(panel: pd.DataFrame, unit: str) -> pd.DataFrame:
    for name in (unit, "date", "outcome"):
        if name not in panel.columns:
            raise ExportError("panel", f"column {name} is missing; found {', '.join(map(str, panel.columns))}", column=name)
    if panel.duplicated([unit, "date"]).any():
        row = panel[panel.duplicated([unit, "date"])].iloc[0]
        raise ExportError("panel", f"{row[unit]} has two rows for {row['date']}; expected one row per unit and date")
    wide = panel.pivot(index="date", columns=unit, values="outcome").sort_index()
    gaps = wide.isna().any()
    if gaps.any():
        first = wide.columns[gaps][0]
        when = wide.index[wide[first].isna()][0]
        raise ExportError(
            "panel", f"{first} has no value for {when}; fill it or leave the unit out ({int(gaps.sum())} such units)"
        )
    return wide


def _times_before(index: pd.Index, start: object) -> int:
    first = pd.Timestamp(start) if isinstance(index, pd.DatetimeIndex) else start
    pre = int((index < first).sum())
    if pre >= len(index) or pre == 0:
        raise ParameterError("start", start, f"a time inside {index[0]} to {index[-1]}, after the first")
    return pre


def _effect(
    own: np.ndarray, fit: SyntheticFit, gaps: np.ndarray, errors: np.ndarray, pre: int, units: int, level: float
) -> tuple[pd.DataFrame, float]:
    after = len(own) - pre
    mean = float(fit.gap[pre:].mean())
    low, high, p_value = placebo_interval(mean, fit.pre_error, gaps[:, pre:].mean(axis=1), errors, level=level)
    base = float(fit.counterfactual[pre:].mean())
    relative = mean / base if base else np.nan
    rows = [("gross", after * units), ("mean", 1)]
    frame = pd.DataFrame(
        [(kind, mean * k, low * k, high * k, relative, p_value, len(gaps)) for kind, k in rows],
        columns=["kind", "effect", "low", "high", "relative", "p_value", "placebos"],
    )
    return frame, mean - low


def _finding(effect: pd.DataFrame, names: list[str]) -> Finding:
    row = effect.set_index("kind").loc["mean"]
    values = {"effect": row["effect"], "effect_low": row["low"], "effect_high": row["high"], "relative": row["relative"]}
    values |= {"unit": ", ".join(map(str, names)), "placebos": int(row["placebos"]), "p_value": row["p_value"]}
    if row["low"] > 0:
        return Finding("synthetic_up", "good", values)
    if row["high"] < 0:
        return Finding("synthetic_down", "watch", values)
    return Finding("synthetic_unclear", "unknown", values)
