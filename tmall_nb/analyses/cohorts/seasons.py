"""Calendar months that lift or lower the activity of all cohorts at once, as far as that can be told from age and cohort."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.stats.period_effects import period_effects

__all__ = ["COLUMNS", "calendar_effects"]

COLUMNS = ["month", "effect", "low", "high", "cells", "verdict"]
FEW_MONTHS, FEW_ACTIVE = 8, 100


def calendar_effects(cells: pd.DataFrame, *, level: float) -> pd.DataFrame:
    """Return one row per calendar month: effect (0: as age and cohort lead one to expect), low, high, cells, verdict.

    Age, cohort and calendar month are bound to each other (month = cohort + age): a straight trend over months cannot be told
    from trends over age and cohort, and is left to them. What is reported is each month's departure from a straight line. Empty
    below eight months with 100 active buyers in all: ``not_identified``.
    """
    frame = cells[cells["seen"] & (cells["age"] >= 1)]
    month = frame["cohort"].dt.year * 12 + frame["cohort"].dt.month - 1 + frame["age"]
    if month.nunique() < FEW_MONTHS or frame["age"].nunique() < FEW_MONTHS or frame["active"].sum() < FEW_ACTIVE:
        return pd.DataFrame(columns=COLUMNS)
    cohort = frame["cohort"].dt.year * 12 + frame["cohort"].dt.month
    periods, effect, low, high = period_effects(
        frame["active"].to_numpy(float), frame["cohort_size"].to_numpy(float), frame["age"].to_numpy(),
        cohort.to_numpy(), month.to_numpy(), level=level,
    )  # fmt: skip
    result = pd.DataFrame({"month": (periods - 1970 * 12).astype("datetime64[M]").astype("datetime64[ns]")})
    result = result.assign(effect=np.expm1(effect), low=np.expm1(low), high=np.expm1(high))
    result["cells"] = pd.Series(month).value_counts().reindex(periods).to_numpy()
    result["verdict"] = np.select([result["low"] > 0, result["high"] < 0], ["higher", "lower"], "same")
    return result[COLUMNS]
