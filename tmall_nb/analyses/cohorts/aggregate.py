"""What can be said where buyers are masked: new and returning buyers a day, and the 老客 report."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.errors import NotEnoughData
from tmall_nb.queries.new_returning import new_returning_days
from tmall_nb.shop import Shop
from tmall_nb.stats.skewed_mean import skewed_mean

__all__ = ["COLUMNS", "aggregate_months"]

COLUMNS = [
    "month",
    "days",
    "new_per_day",
    "returning_per_day",
    "returning_share",
    "low",
    "high",
    "returning_amount_share",
    "repurchase_rate_30d",
    "verdict",
]
FEW_DAYS = 10
NEEDED = ["date", "new_buyers", "returning_buyers"]


def aggregate_months(source: Shop | pd.DataFrame, *, end: pd.Timestamp | None, level: float) -> pd.DataFrame:
    """Return one row per calendar month.

    Returns
    -------
    new_per_day, returning_per_day : mean of the days (buyers of several days must not be added: one person may buy on two)
    returning_share : share of returning buyers on an average day, weighted by buyers, with low/high from the variation of days
    returning_amount_share : their share of paid amount; repurchase_rate_30d : the 老客 report's figure, last day
    verdict : ``ok`` or ``not_enough_data`` (fewer than 10 days)
    """
    days = new_returning_days(source) if isinstance(source, Shop) else source
    lacking = [c for c in NEEDED if c not in days]
    if lacking:
        raise NotEnoughData(f"no buyer key, and no {', '.join(lacking)}: nothing can be said of repurchase")
    days = days.assign(date=pd.to_datetime(days["date"])).sort_values("date")
    if end is not None:
        days = days[days["date"] <= end]
    rows = [_month(month, part, level) for month, part in days.groupby(days["date"].dt.to_period("M"))]
    return pd.DataFrame(rows, columns=COLUMNS)


def _month(month: pd.Period, days: pd.DataFrame, level: float) -> dict[str, object]:
    known = days.dropna(subset=["new_buyers", "returning_buyers"])
    total, returning = known["new_buyers"] + known["returning_buyers"], known["returning_buyers"]
    share = returning.sum() / total.sum() if total.sum() > 0 else np.nan
    around = returning - share * total  # linearised ratio: its mean is 0, its spread is the share's
    _, low, high = skewed_mean(len(known), around.sum(), (around**2).sum(), (around**3).sum(), level=level)
    enough = len(known) >= FEW_DAYS and np.isfinite(share)
    scale = total.mean() if len(known) else np.nan
    return {
        "month": month.to_timestamp(), "days": len(known), "new_per_day": known["new_buyers"].mean(),
        "returning_per_day": returning.mean(), "returning_share": share,
        "low": float(np.clip(share + low / scale, 0, 1)) if enough else np.nan,
        "high": float(np.clip(share + high / scale, 0, 1)) if enough else np.nan,
        "returning_amount_share": _ratio(days, "returning_amount", "paid_amount"),
        "repurchase_rate_30d": _last(days, "repurchase_rate_30d"),
        "verdict": "ok" if enough else "not_enough_data",
    }  # fmt: skip


def _ratio(days: pd.DataFrame, top: str, bottom: str) -> float:
    if top not in days or bottom not in days:
        return float("nan")
    known = days.dropna(subset=[top, bottom])
    return float(known[top].sum() / known[bottom].sum()) if known[bottom].sum() > 0 else float("nan")


def _last(days: pd.DataFrame, name: str) -> float:
    known = days[name].dropna() if name in days else pd.Series(dtype=float)
    return float(known.iloc[-1]) if len(known) else float("nan")
