"""How saved forecasts did, so that a shop learns whether to trust the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tmall_nb.analyses.demand.findings import review_findings
from tmall_nb.analyses.demand.outlook import abc_classes
from tmall_nb.analyses.demand.result import ReviewResult
from tmall_nb.analyses.result import Method
from tmall_nb.queries.item_days import item_days as query_item_days
from tmall_nb.shop import Shop

__all__ = ["review_forecast"]

COLUMNS = [
    "group", "forecasts", "items", "days_since", "sold_units", "sum_error", "day_error", "mean_day_error", "bias", "bias_low",
    "bias_high", "coverage_80",
]  # fmt: skip
LEAST_WEEKS = 3
MEAN_WEEKS = 4


def review_forecast(item_days: Shop | pd.DataFrame, saved: Any = None, *, by: str = "item") -> ReviewResult:
    """Compare saved forecasts with the units that came.

    Parameters
    ----------
    item_days : a shop, or item_id, date, paid_units; days before a forecast give the weekday mean beside it
    saved : earlier results (``tn.load_earlier(output_dir, "demand")``), one of them, or a ``forecast`` frame; None or empty
        where there is none
    by : of a shop: ``"item"`` or ``"sku"``, as the forecasts were made

    Returns
    -------
    ``table`` per class of items: day_error (absolute errors / units), bias with its interval over weeks, cover of the 80 %
    interval; the class is that of the day of the forecast. Forecasts none of whose days has come are counted in ``method``.
    """
    rows = query_item_days(item_days, by=by) if isinstance(item_days, Shop) else item_days
    rows = rows.assign(item_id=rows["item_id"].astype(str), date=pd.to_datetime(rows["date"]))
    made = _forecasts(saved)
    both = made.merge(rows[["item_id", "date", "paid_units"]], on=["item_id", "date"], how="inner").dropna(
        subset=["paid_units"]
    )
    method = Method(
        name="review", source="Comparison of saved forecasts with the units that came", assumptions=("review_class_then",),
        start=both["date"].min() if len(both) else None, end=both["date"].max() if len(both) else None, rows_used=len(both),
        level=0.8,
    )  # fmt: skip
    method = method.drop("review_not_come", made["origin"].nunique() - both["origin"].nunique())
    if both.empty:
        return ReviewResult(pd.DataFrame(columns=COLUMNS), review_findings(pd.DataFrame()), method)
    both = both.assign(mean_units=_weekday_mean(rows, both), group=_classes(both))
    parts = [("all", both), *((str(g), part) for g, part in both.groupby("group"))]
    table = pd.DataFrame([_score(group, part) for group, part in parts], columns=COLUMNS)
    origins = pd.DataFrame([_origin(origin, part) for origin, part in both.groupby("origin")])
    newest = both[both["origin"] == both["origin"].max()]
    path = newest.groupby("date", as_index=False)[["units", "paid_units"]].sum().rename(columns={"paid_units": "actual"})
    path = _with_interval(path, saved)
    return ReviewResult(table, review_findings(table), method, origins, path)


def _with_interval(path: pd.DataFrame, saved: Any) -> pd.DataFrame:
    """Add the 80 % interval of the shop's day, where it was saved."""
    newest = saved if hasattr(saved, "forecast") or isinstance(saved, pd.DataFrame) else tuple(saved)[-1]
    groups = getattr(newest, "groups", None)
    if isinstance(newest, pd.DataFrame) or groups is None or "level" not in groups:
        return path
    shop = groups.loc[groups["level"] == "shop", ["date", "low_80", "high_80"]]
    return path.merge(shop.assign(date=pd.to_datetime(shop["date"]).astype("datetime64[ns]")), on="date", how="left")


def _forecasts(saved: Any) -> pd.DataFrame:
    """All saved forecasts in one frame with ``origin`` (last day known) and, where it was saved, each item's class."""
    if saved is None:
        several: Sequence[Any] = ()
    elif isinstance(saved, pd.DataFrame) or hasattr(saved, "forecast"):
        several = (saved,)
    else:
        several = tuple(saved)
    frames = [_one(s) for s in several]
    frames = [f for f in frames if len(f)]
    if not frames:
        return pd.DataFrame(columns=["item_id", "date", "units", "low_80", "high_80", "origin", "abc"])
    return pd.concat(frames, ignore_index=True)


def _one(saved: Any) -> pd.DataFrame:
    frame = saved if isinstance(saved, pd.DataFrame) else saved.forecast
    if frame.empty:
        return frame
    frame = frame.assign(item_id=frame["item_id"].astype(str), date=pd.to_datetime(frame["date"]).astype("datetime64[ns]"))
    days = frame["date"].drop_duplicates().sort_values()
    step = days.diff().min() if len(days) > 1 else pd.Timedelta(days=1)
    table = None if isinstance(saved, pd.DataFrame) else saved.table
    classes = (
        None if table is None or "abc" not in table else table.assign(item_id=table["item_id"].astype(str)).set_index("item_id")
    )
    abc = pd.Series(None, index=frame.index, dtype=object) if classes is None else frame["item_id"].map(classes["abc"])
    return frame.assign(origin=days.iloc[0] - step, abc=abc)[["item_id", "date", "units", "low_80", "high_80", "origin", "abc"]]


def _classes(both: pd.DataFrame) -> pd.Series:
    """The class saved with the forecast; where none was, by the forecast's own units (what came must not choose it)."""
    told = both.groupby(["origin", "item_id"])["units"].sum()
    own = pd.concat([abc_classes(part) for _, part in told.groupby(level="origin")])
    index = pd.MultiIndex.from_frame(both[["origin", "item_id"]])
    return both["abc"].fillna(pd.Series(own.reindex(index).to_numpy(), index=both.index))


def _weekday_mean(rows: pd.DataFrame, both: pd.DataFrame) -> pd.Series:
    """What the mean of the last four same weekdays before the forecast would have said; null without those days."""
    units = rows.set_index(["item_id", "date"])["paid_units"]
    units = units[~units.index.duplicated()]
    week = pd.Timedelta(weeks=1)
    back = (both["date"] - both["origin"] - pd.Timedelta(days=1)) // week + 1
    values = []
    for k in range(MEAN_WEEKS):
        index = pd.MultiIndex.from_arrays([both["item_id"], both["date"] - (back + k) * week])
        values.append(units.reindex(index).to_numpy(float))
    stacked = np.stack(values)
    count = np.isfinite(stacked).sum(axis=0)
    mean = np.where(count > 0, np.nansum(stacked, axis=0) / np.maximum(count, 1), np.nan)
    return pd.Series(mean, index=both.index)


def _score(group: str, both: pd.DataFrame) -> tuple[str | int | float, ...]:
    sold = max(float(both["paid_units"].sum()), 1e-9)
    miss = both["units"] - both["paid_units"]
    inside = float(both["paid_units"].between(both["low_80"], both["high_80"]).mean())
    known = both.dropna(subset=["mean_units"])
    plain = (known["mean_units"] - known["paid_units"]).abs().sum() / max(float(known["paid_units"].sum()), 1e-9)
    level = float(plain) if len(known) else float("nan")
    sums = miss.groupby([both["origin"], both["item_id"]]).sum()
    low, high = _bias_interval(both, miss)
    return (
        group, both["origin"].nunique(), both["item_id"].nunique(), both["date"].nunique(), float(both["paid_units"].sum()),
        float(sums.abs().sum() / sold), float(miss.abs().sum() / sold), level, float(miss.sum() / sold), low, high, inside,
    )  # fmt: skip


def _bias_interval(both: pd.DataFrame, miss: pd.Series) -> tuple[float, float]:
    """80 % interval of the bias by leaving out one calendar week at a time; missing under three weeks."""
    from scipy.special import stdtrit

    week = (both["date"] - both["date"].min()) // pd.Timedelta(weeks=1)
    sums = pd.DataFrame({"miss": miss, "sold": both["paid_units"]}).groupby(week).sum()
    count = len(sums)
    if count < LEAST_WEEKS or sums["sold"].sum() <= 0:
        return float("nan"), float("nan")
    rest = sums.sum() - sums
    left_out = (rest["miss"] / rest["sold"].where(rest["sold"] > 0)).to_numpy()
    error = float(np.sqrt((count - 1) / count * np.nansum((left_out - np.nanmean(left_out)) ** 2)))
    middle, reach = float(sums["miss"].sum() / sums["sold"].sum()), float(stdtrit(count - 1, 0.9)) * error
    return middle - reach, middle + reach


def _origin(origin: Any, part: pd.DataFrame) -> dict[str, Any]:
    sold = max(float(part["paid_units"].sum()), 1e-9)
    miss = part["units"] - part["paid_units"]
    inside = float(part["paid_units"].between(part["low_80"], part["high_80"]).mean())
    return {
        "origin": origin, "days": part["date"].nunique(), "units": float(part["units"].sum()), "actual": sold,
        "day_error": float(miss.abs().sum() / sold), "bias": float(miss.sum() / sold), "coverage_80": inside,
    }  # fmt: skip
