"""What was sold at each price beside the demand curve: dots that show where the data agree with it.

A dot is the curve times what was sold over what the curve expected (a component-plus-residual plot), with the shop's busy and
quiet days and the item's own slow rise and fall taken out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

COLUMNS = ["item_id", "price_yuan", "units_per_day", "low", "high", "days"]
BINS, LEAST_DAYS, LEAST_ITEMS = 7, 5, 5
WINDOW, LEAST_WINDOW = 57, 14
Z = 1.959964


def price_points(days: pd.DataFrame, basis: pd.DataFrame) -> pd.DataFrame:
    """Return one row per item of ``basis`` and group of like prices, at the level of its recent days.

    ``days`` are item-days in stock outside campaigns; ``basis`` holds elasticity, units_now and price_now by item_id. A day's
    factor is what the shop's other items sold on it over what they sell on average; the item's level moves over eight weeks.
    ``low`` and ``high`` hold the chance of counts alone.
    """
    known = basis.set_index("item_id")
    days = days.assign(factor=_factors(days))
    days = days[days["item_id"].isin(known.index)]
    if days.empty:
        return pd.DataFrame(columns=COLUMNS)
    mine = known.loc[days["item_id"], ["elasticity", "price_now", "units_now"]].to_numpy(float).T
    curve = np.exp(mine[0] * np.log(days["price_yuan"].to_numpy(float) / mine[1]))
    days = days.assign(shape=days["factor"] * curve, bin=days.groupby("item_id")["price_yuan"].transform(_bins))
    days = days.assign(expected=days["shape"] * _level(days), exposure=mine[2] * curve)
    grouped = days.groupby(["item_id", "bin"])
    sums = grouped[["paid_units", "expected"]].sum().assign(days=grouped.size(), price_yuan=grouped["price_yuan"].mean())
    sums = sums[(sums["days"] >= LEAST_DAYS) & (sums["expected"] > 0)].reset_index()
    at = known.loc[sums["item_id"], ["elasticity", "price_now", "units_now"]].to_numpy(float).T
    scale = at[2] * np.exp(at[0] * np.log(sums["price_yuan"] / at[1])) / sums["expected"]
    half = Z * np.sqrt(np.maximum(sums["paid_units"], 1.0))
    low, high = np.maximum(sums["paid_units"] - half, 0.0) * scale, (sums["paid_units"] + half) * scale
    return sums.assign(units_per_day=sums["paid_units"] * scale, low=low, high=high)[COLUMNS]


def _level(days: pd.DataFrame) -> np.ndarray:
    """Units of the item over what price and shop alone expect, over eight weeks around each day."""
    rolled = (
        days.set_index("date").groupby("item_id", sort=False)[["paid_units", "shape"]]
        .rolling(WINDOW, center=True, min_periods=LEAST_WINDOW).sum()
    )  # fmt: skip
    return (rolled["paid_units"] / rolled["shape"]).to_numpy(float)


def _factors(days: pd.DataFrame) -> np.ndarray:
    """Units of the other items on the day over their own mean; 1 where there are few other items."""
    if days["item_id"].nunique() < LEAST_ITEMS:
        return np.ones(len(days))
    mean = days.groupby("item_id")["paid_units"].transform("mean")
    by_day = days.assign(mean=mean).groupby("date")
    got = by_day["paid_units"].transform("sum") - days["paid_units"]
    usual = by_day["mean"].transform("sum") - mean
    return np.where(usual > 0, np.maximum(got, 0.5) / usual.where(usual > 0, 1.0), 1.0)


def _bins(price: pd.Series) -> pd.Series:
    """Groups of like prices, about as many days in each."""
    return pd.qcut(price, min(BINS, price.nunique()), labels=False, duplicates="drop")
