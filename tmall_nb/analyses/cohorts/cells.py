"""Cohort triangles on their full grid: what cannot have been seen yet is missing, what was seen empty is 0."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.queries.buyer_orders import EPOCH
from tmall_nb.stats.proportions import wilson
from tmall_nb.stats.skewed_mean import skewed_mean

__all__ = ["COLUMNS", "LEVEL", "MEMBERS_FOR_MEAN", "cell_grid", "month_number"]

LEVEL = 0.95
MEMBERS_FOR_MEAN = 300
AGE_DAYS = 30
COLUMNS = [
    "cohort",
    "age",
    "cohort_size",
    "active",
    "retention",
    "low",
    "high",
    "revenue",
    "revenue_per_member",
    "revenue_low",
    "revenue_high",
    "seen",
    "enough",
]


def month_number(day: pd.Timestamp) -> int:
    return day.year * 12 + day.month - 1


def _month_end(month: np.ndarray) -> np.ndarray:
    """Last day of each month number, as days since 1970."""
    return (month + 1 - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) - 1


def cell_grid(found: pd.DataFrame, sizes: pd.DataFrame, *, end: pd.Timestamp, period: str) -> pd.DataFrame:
    """Return one row per cohort and age up to the oldest cohort's newest age.

    ``seen`` is True where the whole cell lies before the end of observation: a calendar month must be over; for 30-day ages the
    youngest member must have had all 30 days. Elsewhere every figure is NaN. ``enough``: at least 300 members, so that revenue
    per member and its interval can be used.
    """
    cohorts = sizes["cohort"].to_numpy(np.int64)
    last = int((end - EPOCH).days)
    if period == "month":
        ages = np.arange(month_number(end) - cohorts[0] + 1)
        over = _month_end(cohorts[:, None] + ages)
    else:
        ages = np.arange((last - int(_month_end(cohorts[:1] - 1)[0])) // AGE_DAYS + 1)
        over = _month_end(cohorts)[:, None] + AGE_DAYS * (ages + 1) - 1
    grid = pd.DataFrame({"cohort": np.repeat(cohorts, len(ages)), "age": np.tile(ages, len(cohorts))})
    grid["seen"] = (over <= last).ravel()
    possible = month_number(end) - grid["cohort"] if period == "month" else (last - _start(grid["cohort"])) // AGE_DAYS
    grid = grid[grid["age"] <= possible].merge(sizes, on="cohort").merge(found, on=["cohort", "age"], how="left")
    values = grid[["active", "cents", "squares", "cubes"]].fillna(0.0).where(grid["seen"]).astype("float64")
    size = grid["cohort_size"].to_numpy(float)
    low, high = wilson(values["active"], size, level=LEVEL)
    _, mean_low, mean_high = skewed_mean(size, values["cents"] / 100, values["squares"], values["cubes"], level=LEVEL)
    cells = grid[["cohort", "age", "cohort_size", "seen"]].assign(
        active=values["active"], retention=values["active"] / size, low=low, high=high, revenue=values["cents"] / 100,
        revenue_per_member=values["cents"] / 100 / size, revenue_low=mean_low, revenue_high=mean_high,
    )  # fmt: skip
    cells["enough"] = cells["cohort_size"] >= MEMBERS_FOR_MEAN
    cells["cohort"] = (cells["cohort"] - 1970 * 12).to_numpy().astype("datetime64[M]").astype("datetime64[ns]")
    return cells[COLUMNS].reset_index(drop=True)


def _start(month: pd.Series) -> np.ndarray:
    return _month_end(month.to_numpy() - 1) + 1
