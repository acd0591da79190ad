"""How unsure the lift of a rare event (Double 11) makes sums of days and of items."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["spread_of_sums", "widened"]

# standard deviation of the part of a log lift that all items share in a year; one or two past events cannot tell it
SHARED = 0.1
SMALL = 0.5
UPPER = {0.8: 1.2816, 0.95: 1.96}


def spread_of_sums(forecast: pd.DataFrame, by: list[str]) -> pd.Series:
    """Standard deviation of the log of each sum of ``units`` that comes from lifts, one value per group of ``by``.

    An item's lift is the same on all days of an event; beyond a shared part, items' lifts are independent.

    Parameters
    ----------
    forecast : item_id, units, lift_spread and the columns of ``by``
    """
    spread, units = forecast["lift_spread"].to_numpy(float), forecast["units"].to_numpy(float)
    shared = np.minimum(spread, SHARED)
    parts = forecast[["item_id", *[c for c in by if c != "item_id"]]].assign(
        units=units, own=units * np.sqrt(spread**2 - shared**2), shared=units * shared
    )
    items = parts.groupby([*by, *(["item_id"] if "item_id" not in by else [])])[["units", "own", "shared"]].sum()
    sums = items.assign(own=items["own"] ** 2).groupby(level=by).sum()
    return np.sqrt(sums["own"] + sums["shared"] ** 2) / sums["units"].clip(lower=1e-9)


def widened(frame: pd.DataFrame, spread: np.ndarray, *, bounds: dict[float, tuple[str, str]]) -> pd.DataFrame:
    """``frame`` with its bounds around ``units`` widened by an independent spread of the log.

    Parameters
    ----------
    bounds : the columns of the lower and upper bound of each level (.8, .95)
    """
    frame, middle = frame.copy(), frame["units"] + SMALL
    for level, (low, high) in bounds.items():
        lift = UPPER[level] * spread
        below, above = np.log(middle / (frame[low] + SMALL)), np.log((frame[high] + SMALL) / middle)
        frame[low] = np.maximum(middle * np.exp(-np.hypot(below, lift)) - SMALL, 0.0)
        frame[high] = middle * np.exp(np.hypot(above, lift)) - SMALL
    return frame
