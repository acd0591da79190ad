"""Do the intervals hold as often as they say? Shares of days inside, by class, by distance and by campaign."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.demand.outlook import abc_classes
from tmall_nb.analyses.demand.rows import Rows

__all__ = ["LEVELS", "calibration_rows"]

PARTS = 4
LEVELS = {0.8: ("low_80", "high_80"), 0.95: ("low_95", "high_95")}
COLUMNS = ["group", "interval", "inside", "low", "high", "count"]


def calibration_rows(forecast: pd.DataFrame, rows: Rows, horizon: int) -> pd.DataFrame:
    """One row per group and interval: share of days inside, lowest and highest origin, days behind it.

    Parameters
    ----------
    forecast : item_id, origin, date, low_80, high_80, low_95, high_95, actual
    """
    seen = forecast.dropna(subset=["actual"])
    if seen.empty:
        return pd.DataFrame(columns=COLUMNS)
    groups = [pd.Series("all", index=seen.index), _class_at_origin(seen, rows), _distance(seen, rows, horizon)]
    if "campaign_on" in rows.past:
        on = rows.past.groupby("date")["campaign_on"].max()
        groups.append(seen["date"].map(on).map({1.0: "campaign", 0.0: "ordinary"}))
    parts = [_inside(seen, group, level) for level in LEVELS for group in groups]
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def _inside(seen: pd.DataFrame, group: pd.Series, level: float) -> pd.DataFrame:
    low, high = LEVELS[level]
    inside = seen["actual"].between(seen[low], seen[high]).astype(float)
    by = inside.groupby(group)
    origin = inside.groupby([group, seen["origin"]]).mean()
    frame = pd.DataFrame({"inside": by.mean(), "count": by.size()})
    frame["low"], frame["high"] = origin.groupby(level=0).min(), origin.groupby(level=0).max()
    return frame.rename_axis("group").reset_index().assign(interval=level)


def _class_at_origin(seen: pd.DataFrame, rows: Rows) -> pd.Series:
    """Class of each item by its sales in the four weeks before the origin, so that what came does not choose it."""
    out = pd.Series("C", index=seen.index, dtype=object)
    for origin, part in seen.groupby("origin"):
        start = origin - pd.Timedelta(weeks=4)
        past = rows.past[(rows.past["date"] > start) & (rows.past["date"] <= origin)]
        value = past["paid_units"] * past.get("price_yuan", 1.0)
        classes = abc_classes(value.groupby(past["item_id"]).sum())
        out.loc[part.index] = part["item_id"].map(classes).fillna("C").to_numpy()
    return out


def _distance(seen: pd.DataFrame, rows: Rows, horizon: int) -> pd.Series:
    """Which part of the horizon a day lies in, named by its first and last number (``1-7``)."""
    ahead = ((seen["date"] - seen["origin"]) // rows.step).clip(1, horizon)
    parts = min(PARTS, horizon)
    part = (ahead - 1) * parts // horizon
    edges = np.array([int(np.ceil(k * horizon / parts)) for k in range(parts + 1)])
    names = {k: f"{edges[k] + 1}-{edges[k + 1]}" for k in range(parts)}
    return part.map(names)
