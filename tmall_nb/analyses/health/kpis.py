"""The KPI tree of a period against the period before and the same weeks of the year before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.stats.variation import NOTHING, compare_periods

# name: (numerator, denominator); None is "a day". Ratios are recomputed from sums, never averaged.
KPIS: dict[str, tuple[str, str | None]] = {
    "paid_amount": ("paid_amount", None),
    "net_amount": ("net_amount", None),
    "visitors": ("visitors", None),
    "conversion_rate": ("buyers", "visitors"),
    "amount_per_buyer": ("paid_amount", "buyers"),
    "paid_orders": ("paid_orders", None),
    "amount_per_order": ("paid_amount", "paid_orders"),
    "paid_units": ("paid_units", None),
    "amount_per_unit": ("paid_amount", "paid_units"),
    "amount_per_visitor": ("paid_amount", "visitors"),
    "refund_rate_amount": ("refund_amount", "paid_amount"),
    "spend": ("spend", None),
    "ad_cost_ratio": ("spend", "paid_amount"),
}
YEAR_DAYS = 364  # the same weekdays a year ago


@dataclass(frozen=True, slots=True)
class Periods:
    """Three spans of equal length: the one asked about, the one before, the same weeks a year before (days, inclusive)."""

    start: pd.Timestamp
    end: pd.Timestamp
    days: int

    @property
    def before(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        step = pd.Timedelta(days=self.days)
        return self.start - step, self.end - step

    @property
    def last_year(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        step = pd.Timedelta(days=YEAR_DAYS)
        return self.start - step, self.end - step


def choose_periods(days: pd.DataFrame, period_days: int, end: pd.Timestamp | None) -> Periods:
    """Return the newest complete period; half of what is there where two full periods do not fit."""
    last = days.loc[days["complete"], "date"].max() if end is None else end
    span = int((last - days["date"].min()).days) + 1
    length = period_days if span >= 2 * period_days else max(span // 2, 1)
    return Periods(last - pd.Timedelta(days=length - 1), last, length)


def kpi_table(days: pd.DataFrame, periods: Periods, *, level: float) -> pd.DataFrame:
    """Return one row per KPI that can be computed: metric, value, previous, change, low, high, last_year, change_last_year,
    days. ``value`` is the period's sum (visitors, which cannot be added up, a day's mean) or its recomputed ratio."""
    rows = []
    for metric, (top, bottom) in KPIS.items():
        now = _pairs(days, top, bottom, periods.start, periods.end)
        if not np.isfinite(now).all(axis=1).any():
            continue
        scale = periods.days if bottom is None and metric != "visitors" else 1
        before, year = (_pairs(days, top, bottom, *span) for span in (periods.before, periods.last_year))
        change = compare_periods(before, now, level=level) if len(before) else NOTHING
        past = compare_periods(year, now, level=level) if _filled(year) else NOTHING
        rows.append(
            {
                "metric": metric,
                "value": _figure(now) * scale,
                "previous": change.before * scale,
                "change": change.relative,
                "low": change.low,
                "high": change.high,
                "last_year": past.before * scale,
                "change_last_year": past.relative,
                "days": change.days or int(np.isfinite(now).all(axis=1).sum()),
            }
        )
    return pd.DataFrame(rows)


def _pairs(days: pd.DataFrame, top: str, bottom: str | None, start: pd.Timestamp, end: pd.Timestamp) -> np.ndarray:
    frame = days[(days["date"] >= start) & (days["date"] <= end)]
    below = frame[bottom].to_numpy(float) if bottom else np.ones(len(frame))
    pairs = np.column_stack([frame[top].to_numpy(float), below])
    return np.where(np.isfinite(pairs).all(axis=1, keepdims=True), pairs, np.nan)


def _figure(pairs: np.ndarray) -> float:
    top, bottom = np.nansum(pairs, axis=0)
    return float(top / bottom) if bottom > 0 else float("nan")


def _filled(pairs: np.ndarray) -> bool:
    return len(pairs) > 0 and bool(np.isfinite(pairs).all(axis=1).mean() >= 0.9)
