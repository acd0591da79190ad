"""What did a finished regional test say? Synthetic control with placebo inference, and the randomised difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tmall_nb.analyses.geo._panel import Panel, read_panel
from tmall_nb.analyses.result import Finding, Method
from tmall_nb.errors import NotEnoughData, ParameterError
from tmall_nb.stats.geo_test import GeoRead, randomised_difference, read_group
from tmall_nb.stats.synthetic import placebo_interval

if TYPE_CHECKING:
    from tmall_nb.shop import Shop

LEVEL = 0.90
MANY_UNITS = 20  # treated and untreated, from which the difference of randomised units is the sharper read-out
LEAST_BEFORE = 28


@dataclass(frozen=True, slots=True)
class GeoReadResult:
    """Effect of a regional change of ads.

    Attributes
    ----------
    table : one row per kind (synthetic_control, randomised_difference): effect (mean per unit and day), low, high (90 %),
        relative, relative_low, relative_high, total (over all units and days), total_low, total_high, p_value, roas, roas_low,
        roas_high (total ÷ change of spend), chosen, count (treated units), fit_ratio (error of the fit before the start ÷
        median error of the placebo groups')
    path : one row per day: actual, counterfactual, low, high (mean of the treated units)
    placebos : one row per placebo group: relative effect found where nothing was done
    weights : one row per untreated unit
    findings : most important first
    method : assumptions, days and units used
    """

    table: pd.DataFrame
    path: pd.DataFrame
    placebos: pd.DataFrame
    weights: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method


def read_geo_test(
    days: Shop | pd.DataFrame,
    *,
    treated: Sequence[str],
    start: str | pd.Timestamp,
    end: str | pd.Timestamp | None = None,
    spend_change_yuan: float | None = None,
    unit: str = "province",
    outcome: str = "paid_amount",
) -> GeoReadResult:
    """Measure what happened where ads were switched off (or on), against the regions where nothing changed.

    Believe it where the treated regions followed their counterfactual closely before the start, nothing else changed in
    them, and placebo groups show smaller effects. With 20 or more units on both sides, drawn at random, the difference of
    log means is the answer and the synthetic control its check.

    Parameters
    ----------
    days : a shop (orders by province), or a frame with date, ``unit`` and ``outcome``
    treated : units where ads were changed
    start, end : first and last day of the change; ``end`` None takes the last day
    spend_change_yuan : how much more (less: negative) was spent in the treated units over the test, for the return
    unit, outcome : columns

    Returns
    -------
    GeoReadResult with one row per method

    Examples
    --------
    >>> read_geo_test(days, treated=["广东省", "江苏省"], start="2025-11-01", spend_change_yuan=-40_000)  # doctest: +SKIP
    """
    panel = read_panel(days, unit, outcome)
    members = panel.numbers(list(dict.fromkeys(map(str, treated))), unit)
    first, last = _window(panel, start, end)
    if len(members) == 0 or len(panel.units) - len(members) < 3:
        raise ParameterError("treated", list(treated), "at least one unit, and three or more left untreated")
    values, dates = panel.values[: last + 1], panel.dates[: last + 1]
    rest = np.delete(np.arange(len(panel.units)), members)
    many = min(len(members), len(rest)) >= MANY_UNITS
    read = read_group(_equal_units(values, members, first) if many else values, members, first)
    rows = [_synthetic(read, first, len(members))]
    if many:
        rows.append(_randomised(values, members, first, read))
    table = pd.DataFrame(rows)
    for name in ("", "_low", "_high"):
        source = {"": "total", "_low": "total_low", "_high": "total_high"}[name]
        table["roas" + name] = table[source] / spend_change_yuan if spend_change_yuan else np.nan
    if spend_change_yuan and spend_change_yuan < 0:
        table[["roas_low", "roas_high"]] = table[["roas_high", "roas_low"]].to_numpy()
    table["fit_ratio"] = read.pre_error / max(float(np.median(read.placebo_errors)), 1e-12)
    table["chosen"] = table["kind"] == ("randomised_difference" if many else "synthetic_control")
    method = Method(
        name="geo_read",
        source="Abadie, Diamond & Hainmueller 2010; Blake, Nosko & Tadelis 2015",
        assumptions=("geo_no_spill", "geo_one_change", "geo_placebo"),
        start=dates[0],
        end=dates[-1],
        rows_used=values.size,
        set_aside=panel.aside,
        level=LEVEL,
        parameters={"start": f"{dates[first]:%Y-%m-%d}", "units": len(panel.units), "treated": len(members)},
        seed=0,
    )
    return GeoReadResult(
        table, _path(read, dates, first), _placebos(read, first), _weights(panel, rest, read, unit), _say(table), method
    )


def _window(panel: Panel, start: str | pd.Timestamp, end: str | pd.Timestamp | None) -> tuple[int, int]:
    first = int(panel.dates.searchsorted(pd.Timestamp(start)))
    last = len(panel.dates) - 1 if end is None else int(panel.dates.searchsorted(pd.Timestamp(end), side="right")) - 1
    if not first <= last:
        raise ParameterError(
            "start", start, f"a day between {panel.dates[0]:%Y-%m-%d} and {panel.dates[-1]:%Y-%m-%d}, not after the end"
        )
    if first < LEAST_BEFORE:
        raise NotEnoughData(
            f"{first} days before the start: at least {LEAST_BEFORE} are needed to learn how the regions move together"
        )
    return first, last


def _equal_units(values: np.ndarray, members: np.ndarray, first: int) -> np.ndarray:
    """Every unit in multiples of its own mean before the start, times the treated units' mean: none outweighs the others."""
    own = np.maximum(values[:first].mean(axis=0), 1e-9)
    return values / own * values[:first, members].mean()


def _synthetic(read: GeoRead, first: int, units: int) -> dict[str, object]:
    gap = float((read.actual - read.counterfactual)[first:].mean())
    found = read.placebo_gaps[:, first:].mean(axis=1)
    own, others = read.pre_error, read.placebo_errors
    if 2 * len(read.weights) > first:  # so many donors fit the past by chance: how well they did says nothing
        own, others = 1.0, np.ones_like(others)
    low, high, p_value = placebo_interval(gap, own, found, others, level=LEVEL)
    return _row("synthetic_control", (gap, low, high), read, first, units, p_value)


def _row(
    kind: str, effect: tuple[float, float, float], read: GeoRead, first: int, units: int, p_value: float
) -> dict[str, object]:
    size, times = float(read.counterfactual[first:].mean()), (len(read.actual) - first) * units
    row: dict[str, object] = {"kind": kind}
    for name, scale in (("{}", 1.0), ("relative{}", 1 / size), ("total{}", times)):
        for suffix, value in zip(("effect", "low", "high") if name == "{}" else ("", "_low", "_high"), effect, strict=True):
            row[name.format(suffix)] = value * scale
    return row | {"p_value": p_value, "count": units}


def _randomised(values: np.ndarray, members: np.ndarray, first: int, read: GeoRead) -> dict[str, object]:
    from math import erfc, sqrt

    mark = np.zeros(values.shape[1], dtype=bool)
    mark[members] = True
    before, after = (_mean_log(part) for part in (values[:first], values[first:]))
    change, error = randomised_difference(before, after, mark)
    half = 1.6449 * error
    size = float(read.actual[first:].mean())
    effect = tuple(size * (1 - float(np.exp(-c))) for c in (change, change - half, change + half))
    row = _row("randomised_difference", effect, read, first, len(members), erfc(abs(change / error) / sqrt(2)))  # type: ignore[arg-type]
    return row | {"relative": change, "relative_low": change - half, "relative_high": change + half, "std_error": error}


def _mean_log(part: np.ndarray) -> np.ndarray:
    """Mean of daily logs, or the log of the mean where a unit has days without sales."""
    if (part > 0).all():
        return np.log(part).mean(axis=0)
    return np.log(np.maximum(part.mean(axis=0), 1e-9))


def _path(read: GeoRead, dates: pd.DatetimeIndex, first: int) -> pd.DataFrame:
    """The day's band is the spread of placebo gaps in units of their own fit."""
    ratio = read.placebo_gaps / np.maximum(read.placebo_errors, 1e-12)[:, None] * read.pre_error
    spread = np.quantile(np.abs(ratio), LEVEL, axis=0)
    spread[:first] = np.quantile(np.abs(ratio[:, :first]), LEVEL)
    base = read.counterfactual
    return pd.DataFrame(
        {"date": dates, "actual": read.actual, "counterfactual": base, "low": base - spread, "high": base + spread}
    )


def _placebos(read: GeoRead, first: int) -> pd.DataFrame:
    size = float(read.counterfactual[first:].mean())
    return pd.DataFrame(
        {"effect": read.placebo_gaps[:, first:].mean(axis=1), "relative": read.placebo_gaps[:, first:].mean(axis=1) / size}
    )


def _weights(panel: Panel, rest: np.ndarray, read: GeoRead, unit: str) -> pd.DataFrame:
    frame = pd.DataFrame({unit: [panel.units[k] for k in rest], "weight": read.weights})
    return frame.sort_values("weight", ascending=False, ignore_index=True)


def _say(table: pd.DataFrame) -> tuple[Finding, ...]:
    row = table[table["chosen"]].iloc[0]
    values = {
        "value": row["relative"],
        "value_low": row["relative_low"],
        "value_high": row["relative_high"],
        "count": int(row["count"]),
    }
    values |= {"total": row["total"], "total_low": row["total_low"], "total_high": row["total_high"], "p_value": row["p_value"]}
    clear = row["low"] > 0 or row["high"] < 0
    found = [
        Finding(
            ("geo_read_up" if row["effect"] > 0 else "geo_read_down") if clear else "geo_read_none",
            "good" if clear else "unknown",
            values,
        )
    ]
    if np.isfinite(row["roas"]):
        roas = {"value": row["roas"], "value_low": row["roas_low"], "value_high": row["roas_high"]}
        found.append(Finding("geo_read_roas", "good" if row["roas_low"] > 0 else "unknown", roas))
    return tuple(found)
