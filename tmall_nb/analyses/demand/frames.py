"""From a fitted panel to tidy frames: days, windows, category and shop sums, intervals of sums, effects."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from tmall_nb.analyses.demand.calibration import LEVELS
from tmall_nb.analyses.demand.lift_spread import spread_of_sums, widened
from tmall_nb.analyses.demand.outlook import LEAST_WINDOWS, few_sums
from tmall_nb.analyses.demand.rows import Rows, build_panel
from tmall_nb.stats.demand.intervals import fit_residuals
from tmall_nb.stats.demand.model import Fit
from tmall_nb.stats.demand.panel import Panel
from tmall_nb.stats.demand.response import responses

__all__ = ["forecast_rows", "group_rows", "response_rows", "sum_interval", "window_rows"]

FEW_SUMS = 20  # past sums below which quantiles of their errors are not taken
QUANTILES = ("low_95", "low_80", "median", "high_80", "high_95")


def response_rows(panel: Panel, ids: np.ndarray, rows: Rows) -> pd.DataFrame:
    """What a planned price and a day of promotion do to each item, as far as its past shows it.

    Past prices teach this even where no price is known ahead and the forecast itself uses none.
    """
    if panel.price is None and "price_yuan" in rows.past:
        panel, *_ = build_panel(replace(rows, known=(*rows.known, "price_yuan")), panel.horizon, items=list(ids))
    frame = pd.DataFrame({"item_id": ids})
    price, promotion = responses(panel)
    for name, (middle, low, high) in (("price_effect", price), ("promotion_effect", promotion)):
        frame[name], frame[f"{name}_low"], frame[f"{name}_high"] = middle, low, high
    return frame


def forecast_rows(ids: np.ndarray, dates: pd.DatetimeIndex, fit: Fit) -> pd.DataFrame:
    """One row per item and day of the horizon."""
    frame = pd.DataFrame({"item_id": np.repeat(ids, len(dates)), "date": np.tile(dates, len(ids)), "units": fit.units.ravel()})
    for n, name in enumerate(QUANTILES):
        frame[name] = fit.quantiles[n].ravel()
    frame["lift_spread"] = fit.lift_spread.ravel()
    return frame[["item_id", "date", "units", "low_80", "high_80", "low_95", "high_95", "median", "lift_spread"]]


def window_rows(ids: np.ndarray, dates: pd.DatetimeIndex, fit: Fit) -> pd.DataFrame:
    """One row per item, origin and day of the out-of-sample windows."""
    horizon = fit.units.shape[1]
    frames = []
    for n, origin in enumerate(fit.windows):
        days = dates[origin : origin + horizon]
        frames.append(
            pd.DataFrame(
                {
                    "item_id": np.repeat(ids, horizon),
                    "origin": dates[origin - 1],
                    "date": np.tile(days, len(ids)),
                    "units": fit.window_units[n].ravel(),
                    "actual": fit.window_actual[n].ravel(),
                }
            )
        )
    if not frames:
        return pd.DataFrame(
            {"item_id": [], "origin": pd.to_datetime([]), "date": pd.to_datetime([]), "units": [], "actual": []}
        )
    return pd.concat(frames, ignore_index=True)


def sum_interval(fit: Fit) -> tuple[np.ndarray, np.ndarray]:
    """80 % interval of the horizon's sum, from sums over the windows and never from days added up."""
    total = fit.units.sum(axis=1)
    if not len(fit.windows):
        return fit.quantiles[1].sum(axis=1), fit.quantiles[3].sum(axis=1)
    seen = np.isfinite(fit.window_actual)
    actual = np.where(seen, fit.window_actual, 0.0).sum(axis=2)
    told = np.where(seen, fit.window_units, 0.0).sum(axis=2)
    actual = np.where(seen.any(axis=2), actual, np.nan)
    if len(fit.windows) < LEAST_WINDOWS or np.isfinite(actual).sum() < FEW_SUMS:
        return few_sums(total, actual, told)
    residuals = fit_residuals(actual[..., None], told[..., None])
    low, high = residuals.quantile(total[:, None], 0.1)[:, 0], residuals.quantile(total[:, None], 0.9)[:, 0]
    return np.minimum(low, total), np.maximum(high, total)


def group_rows(forecast: pd.DataFrame, table: pd.DataFrame, windows: pd.DataFrame) -> pd.DataFrame:
    """Category and shop sums with intervals from the same sums over the past windows; empty where there was no window."""
    category = (
        table.set_index("item_id")["category"].astype("object").fillna("")
        if "category" in table
        else pd.Series("", index=table["item_id"])
    )
    parts = []
    for level in ("shop", "category"):
        if level == "category" and "category" not in table:
            continue
        key = pd.Series("all", index=category.index) if level == "shop" else category
        sums = forecast.assign(group=forecast["item_id"].map(key)).groupby(["group", "date"], as_index=False)["units"].sum()
        past = windows.dropna(subset=["actual"])
        past = (
            past.assign(group=past["item_id"].map(key))
            .groupby(["group", "origin", "date"], as_index=False)[["units", "actual"]]
            .sum()
        )
        ratio = np.log((past["actual"] + 0.5) / (past["units"] + 0.5)).to_numpy() if len(past) else np.array([np.nan])
        for name, q in (("low_95", 0.025), ("low_80", 0.1), ("high_80", 0.9), ("high_95", 0.975)):
            edge = np.maximum((sums["units"] + 0.5) * np.exp(np.quantile(ratio, q)) - 0.5, 0.0)
            sums[name] = np.minimum(edge, sums["units"]) if "low" in name else np.maximum(edge, sums["units"])
        spread = spread_of_sums(forecast.assign(group=forecast["item_id"].map(key)), ["group", "date"])
        parts.append(widened(sums, spread.to_numpy(), bounds=LEVELS).assign(level=level))
    return pd.concat(parts, ignore_index=True)[["level", "group", "date", "units", "low_80", "high_80", "low_95", "high_95"]]
