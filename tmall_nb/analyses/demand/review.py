"""How the last saved forecast did, so that a shop learns whether to trust the next."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.demand.findings import review_findings
from tmall_nb.analyses.demand.result import ReviewResult
from tmall_nb.analyses.result import Method
from tmall_nb.queries.item_days import item_days as query_item_days
from tmall_nb.shop import Shop

__all__ = ["review_forecast"]

COLUMNS = ["group", "items", "days", "error", "bias", "coverage_80"]


def review_forecast(item_days: Shop | pd.DataFrame, saved: pd.DataFrame | None) -> ReviewResult:
    """Compare a saved forecast with the units that came.

    Parameters
    ----------
    item_days : a shop, or item_id, date, paid_units of the days since
    saved : the ``forecast`` frame of an earlier run (``tn.load_saved``), or None where there is none

    Returns
    -------
    ``table`` per class of items by their share of units: error (absolute errors ÷ units), bias, cover of the 80 % interval
    """
    method = Method(name="review", source="Comparison of a saved forecast with the units that came", level=0.8)
    rows = query_item_days(item_days) if isinstance(item_days, Shop) else item_days
    if saved is None or saved.empty:
        return ReviewResult(pd.DataFrame(columns=COLUMNS), review_findings(pd.DataFrame()), method)
    saved = saved.assign(item_id=saved["item_id"].astype(str), date=pd.to_datetime(saved["date"]))
    rows = rows.assign(item_id=rows["item_id"].astype(str), date=pd.to_datetime(rows["date"]))
    both = saved.merge(rows[["item_id", "date", "paid_units"]], on=["item_id", "date"]).dropna(subset=["paid_units"])
    if both.empty:
        return ReviewResult(pd.DataFrame(columns=COLUMNS), review_findings(pd.DataFrame()), method)
    size = both.groupby("item_id")["paid_units"].sum().sort_values(ascending=False)
    share = (size.cumsum() - size) / max(size.sum(), 1e-9)
    group = both["item_id"].map(pd.Series(np.select([share < 0.8, share < 0.95], ["A", "B"], "C"), index=size.index))
    table = pd.DataFrame([_score("all", both), *(_score(g, part) for g, part in both.groupby(group))], columns=COLUMNS)
    return ReviewResult(table, review_findings(table), method)


def _score(group: str, both: pd.DataFrame) -> tuple[str, int, int, float, float, float]:
    sold = max(float(both["paid_units"].sum()), 1e-9)
    miss = both["units"] - both["paid_units"]
    inside = both["paid_units"].between(both["low_80"], both["high_80"]).mean()
    return (
        group,
        both["item_id"].nunique(),
        both["date"].nunique(),
        float(miss.abs().sum() / sold),
        float(miss.sum() / sold),
        float(inside),
    )
