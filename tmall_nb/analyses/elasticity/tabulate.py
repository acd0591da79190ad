"""The fit as the frames of the result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tmall_nb.analyses.elasticity.design import Design
from tmall_nb.analyses.elasticity.inputs import ItemDays
from tmall_nb.stats.elasticity import Fit
from tmall_nb.stats.elasticity.fit import MIN_ITEMS_FOR_DAYS

Array = NDArray[np.float64]
Z = 1.959964
STRONG = 10.0  # first-stage F below this is weak (Staiger & Stock 1997; Stock & Yogo 2005)
CURVE_POINTS = 9
WIDEST = 5.0  # half an interval beyond which it tells nothing
LARGEST = -15.0  # beyond this something else moved with the price
Found = tuple[Design, Fit] | None


def item_table(
    data: ItemDays, changes: NDArray[np.int64], refused: tuple[NDArray[np.object_], Array], found: Found
) -> pd.DataFrame:
    """One row per item; numbers only where the verdict is ok."""
    reason, units = refused
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(data.seen, np.log(data.price), np.nan)
    known = np.asarray(data.seen.any(axis=1))
    safe = np.where(known[:, None], logs, 0.0)
    centre, lowest, highest = (np.where(known, np.exp(f(safe, axis=1)), np.nan) for f in (np.nanmean, np.nanmin, np.nanmax))
    blank = np.full(len(data.ids), np.nan)
    table = pd.DataFrame({"item_id": data.ids, "category": data.category, "elasticity": blank, "low": blank, "high": blank})
    table = table.assign(price_changes=changes, days=data.seen.sum(axis=1), units=units)
    table = table.assign(price_yuan=centre, price_low=lowest, price_high=highest, campaign_lift=blank, own_share=blank)
    table = table.assign(verdict="not_enough_data", reason=reason.astype(str))
    return table if found is None else _with_fit(table, data, *found)


def _with_fit(table: pd.DataFrame, data: ItemDays, design: Design, fit: Fit) -> pd.DataFrame:
    rows = np.flatnonzero(design.keep)
    half = Z * np.sqrt(fit.variance)
    verdict = np.where(fit.elasticity >= 0, "implausible", "ok").astype(object)
    reason = np.where(fit.elasticity >= 0, "wrong_sign", "").astype(object)
    verdict[fit.elasticity < LARGEST], reason[fit.elasticity < LARGEST] = "implausible", "too_large"
    verdict[half > WIDEST], reason[half > WIDEST] = "not_enough_data", "interval_too_wide"
    if np.isfinite(design.f_statistic) and design.f_statistic < STRONG:
        verdict[:], reason[:] = "weak_instrument", "weak_instrument"
    table.loc[rows, "verdict"], table.loc[rows, "reason"] = verdict, reason
    at = verdict == "ok"
    good = rows[at]
    for name, values in (("elasticity", fit.elasticity), ("low", fit.elasticity - half), ("high", fit.elasticity + half)):
        table.loc[good, name] = values[at]
    table.loc[good, "own_share"] = (fit.information / (fit.information + 1 / fit.spread))[at]
    if design.campaign is not None or data.controls:
        table.loc[good, "campaign_lift"] = np.expm1(fit.slopes[at, 0] + _shared_lift(fit, design.controls[0]))
    return table


def _shared_lift(fit: Fit, control: Array) -> float:
    """What day effects hold of a control that is the same for all items: their slope on it."""
    if control.ndim == 2 or not np.any(fit.day):
        return 0.0
    moved = control - control.mean()
    return float(moved @ (fit.day - fit.day.mean()) / max(float(moved @ moved), 1e-12))


def demand_curve(data: ItemDays, table: pd.DataFrame) -> pd.DataFrame:
    """Units a day over the range of prices seen, on an average day of those that entered."""
    columns = ["item_id", "price_yuan", "units_per_day", "low", "high"]
    rows = [(k, row) for k, row in enumerate(table.itertuples()) if row.verdict == "ok"]
    if not rows:
        return pd.DataFrame(columns=columns)
    values = np.concatenate([_curve_of(data, k, row) for k, row in rows])
    frame = pd.DataFrame(values, columns=columns[1:])
    return frame.assign(item_id=np.repeat([row.item_id for _, row in rows], CURVE_POINTS))[columns]


def _curve_of(data: ItemDays, k: int, row: Any) -> Array:
    """Price, units a day, low, high of one item."""
    use = data.seen[k] & ~data.censored[k]
    use = use if use.any() else data.seen[k]
    x = np.log(data.price[k][use] / row.price_yuan)
    total = float(data.units[k][use].sum())
    at = np.linspace(np.log(row.price_low / row.price_yuan), np.log(row.price_high / row.price_yuan), CURVE_POINTS)
    sd = (row.high - row.low) / (2 * Z)
    width = Z * np.sqrt((sd * at) ** 2 + 1 / max(total, 1.0))
    mean = total / np.exp(row.elasticity * x).sum() * np.exp(row.elasticity * at)
    return np.column_stack([row.price_yuan * np.exp(at), mean, mean * np.exp(-width), mean * np.exp(width)])


def category_table(table: pd.DataFrame, data: ItemDays, found: Found) -> pd.DataFrame:
    """One row per category: mean elasticity with interval, spread of its items."""
    columns = ["category", "items", "elasticity", "low", "high", "spread"]
    if found is None or not (table["verdict"] == "ok").any():
        return pd.DataFrame(columns=columns)
    design, fit = found
    names = np.unique(np.array(data.category, dtype=object)[design.keep].astype(str))
    half = Z * np.sqrt(fit.mean_variance)
    frame = pd.DataFrame({"category": names, "elasticity": fit.mean, "low": fit.mean - half, "high": fit.mean + half})
    frame["items"] = table[design.keep].groupby("category").size().reindex(names).to_numpy()
    return frame.assign(spread=np.sqrt(fit.spread))[columns]


def check_row(data: ItemDays, found: Found, bias: tuple[float, float]) -> pd.DataFrame:
    """What the estimate rests on, in one row."""
    values: dict[str, object] = {"day_effects": False, "f_statistic": np.nan, "temper": np.nan, "campaign_days": 0}
    values |= {"converged": False, "overall": np.nan, "overall_low": np.nan, "overall_high": np.nan}
    if found is not None:
        design, fit = found
        half = Z * float(np.sqrt(fit.overall_variance))
        values |= {"day_effects": bool(design.keep.sum() >= MIN_ITEMS_FOR_DAYS), "f_statistic": design.f_statistic}
        values |= {"temper": fit.temper, "converged": fit.converged, "overall": fit.overall}
        values |= {"overall_low": fit.overall - half, "overall_high": fit.overall + half}
        values["campaign_days"] = 0 if design.campaign is None else int(design.campaign.sum())
    values |= {"censored_days": int(data.censored.sum()), "stock_bias": bias[0], "stock_bias_heavy": bias[1]}
    return pd.DataFrame([values | {"price_source": data.price_source}])
