"""Time to the second order, by what the first order was, and both definitions of 复购率."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.queries.buyer_orders import EPOCH, BuyerOrders
from tmall_nb.queries.second_orders import repurchase_counts, second_order_gaps
from tmall_nb.stats.proportions import wilson
from tmall_nb.stats.survival import Curve, hazard_window, kaplan_meier

__all__ = ["EQUAL_AGE_DAYS", "compare_segments", "repurchase_curve", "repurchase_rates"]

EQUAL_AGE_DAYS = 90
FEW_BUYERS = 30
TOP_SEGMENTS = 12
SEGMENT_COLUMNS = [
    "by", "segment", "buyers", "repurchased", "low", "high", "against_rest", "difference_low", "difference_high", "verdict",
]  # fmt: skip
WINDOW_DAYS = 365
MEMORY_DAYS = 365  # a returning buyer has bought in the year before


def repurchase_curve(orders: BuyerOrders, *, refunded: bool, level: float) -> tuple[pd.DataFrame, Curve]:
    """Return one row per day (day, repurchased, low, high, at_risk, events) and the curve behind it."""
    counts = second_order_gaps(orders, refunded=refunded)
    curve = kaplan_meier(counts["days"], counts["events"], counts["censored"], level=level)
    frame = pd.DataFrame(
        {"day": curve.time.astype(int), "repurchased": curve.happened, "low": curve.low, "high": curve.high}
    ).assign(at_risk=curve.at_risk.astype(int), events=curve.events.astype(int))
    return frame, curve


def reminder_window(curve: Curve) -> tuple[float, float]:
    """Days after the first order between which the middle half of second orders within 180 days falls."""
    return hazard_window(curve)


def compare_segments(orders: BuyerOrders, campaigns: pd.DataFrame | None, *, refunded: bool, level: float) -> pd.DataFrame:
    """Return by, segment, buyers, repurchased within 90 days (Kaplan-Meier) with low/high, against_rest (points), verdict.

    Compared at equal age: buyers too young enter for the days they have been seen. The verdict is ``higher``, ``lower``,
    ``same`` (the interval of the difference from all others, widened for the segments looked at, spans 0) or
    ``not_enough_data``.
    """
    parts = []
    for by, key in (("campaign", _campaign_key(campaigns)), *((name, name) for name in orders.first)):
        if key is None:
            continue
        counts = second_order_gaps(orders, refunded=refunded, by=key).dropna(subset=["segment"])
        if counts["segment"].nunique() > 1:
            parts.append(_compare(counts, by, level))
    return pd.concat(parts, ignore_index=True)[SEGMENT_COLUMNS] if parts else pd.DataFrame(columns=SEGMENT_COLUMNS)


def _campaign_key(campaigns: pd.DataFrame | None) -> str | None:
    if campaigns is None or campaigns.empty:
        return None
    days = campaigns.dropna(subset=["start", "end"])
    spans = [
        f"first_day BETWEEN {(start.normalize() - EPOCH).days} AND {(end.normalize() - EPOCH).days}"
        for start, end in zip(days["start"], days["end"], strict=True)
    ]
    return f"CASE WHEN {' OR '.join(spans)} THEN 'campaign' ELSE 'ordinary' END" if spans else None


def _compare(counts: pd.DataFrame, by: str, level: float) -> pd.DataFrame:
    sizes = (counts["events"] + counts["censored"]).groupby(counts["segment"]).sum().sort_values(ascending=False)
    strict = 1 - (1 - level) / min(len(sizes), TOP_SEGMENTS)
    rows = []
    for name in sizes.index[:TOP_SEGMENTS]:
        inside = counts["segment"] == name
        share, low, high = _at(counts[inside], level)
        gap, gap_low, gap_high = _gap(_at(counts[inside], strict), _at(counts[~inside], strict))
        figures = (share, low, high, gap, gap_low, gap_high, _verdict(sizes[name], gap_low, gap_high))
        rows.append((by, str(name), int(sizes[name]), *figures))
    return pd.DataFrame(rows, columns=SEGMENT_COLUMNS)


def _at(counts: pd.DataFrame, level: float) -> tuple[float, float, float]:
    return kaplan_meier(counts["days"], counts["events"], counts["censored"], level=level).at(EQUAL_AGE_DAYS)


def _gap(one: tuple[float, float, float], rest: tuple[float, float, float]) -> tuple[float, float, float]:
    gap = one[0] - rest[0]
    low = gap - float(np.hypot(one[0] - one[1], rest[2] - rest[0]))
    return gap, low, gap + float(np.hypot(one[2] - one[0], rest[0] - rest[1]))


def _verdict(buyers: int, low: float, high: float) -> str:
    if buyers < FEW_BUYERS or not np.isfinite(low):
        return "not_enough_data"
    return "higher" if low > 0 else "lower" if high < 0 else "same"


def repurchase_rates(orders: BuyerOrders, curve: Curve, *, refunded: bool, level: float) -> pd.DataFrame:
    """Return the definitions of 复购率 side by side: definition, window_days, buyers, count, repurchase_rate, low, high.

    ``twice_in_window``: buyers with two orders or more among buyers of the last 365 days. ``twice_on_two_days``: the same with
    orders of one day taken as one. ``returning_share``: buyers of the last 365 days who had bought before. ``second_order``:
    first buyers with a second order within 90/180/365 days, by Kaplan-Meier, so that young buyers do not pull it down.
    """
    row = repurchase_counts(orders, refunded=refunded, window_days=WINDOW_DAYS)
    history = orders.end_day - int(row["earliest"])
    rows = []
    for name, column in (("twice_in_window", "twice"), ("twice_on_two_days", "twice_days"), ("returning_share", "returning")):
        known = name != "returning_share" or history > WINDOW_DAYS
        count, buyers = (float(row[column]) if known else np.nan), float(row["buyers"])
        low, high = wilson(count, buyers, level=level)
        rows.append((name, WINDOW_DAYS, int(buyers), count, count / buyers, float(low), float(high)))
    for days in (90, 180, 365):
        share, lower, upper = curve.at(days)
        events = float(curve.events[curve.time <= days].sum()) if np.isfinite(share) else np.nan
        rows.append(("second_order", days, int(curve.at_risk[0]) if len(curve.at_risk) else 0, events, share, lower, upper))
    return pd.DataFrame(rows, columns=["definition", "window_days", "buyers", "count", "repurchase_rate", "low", "high"])
