"""Time to the second order, by what the first order was, and both definitions of 复购率."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.queries.buyer_orders import EPOCH, BuyerOrders
from tmall_nb.queries.second_orders import gap_counts, gaps_by, repurchase_counts
from tmall_nb.stats.proportions import wilson
from tmall_nb.stats.survival import Curve, hazard_window, kaplan_meier

__all__ = ["EQUAL_AGE_DAYS", "WINDOW_DAYS", "compare_segments", "repurchase_curve", "repurchase_rates"]

EQUAL_AGE_DAYS = 90
FEW_BUYERS = 30
TOP_SEGMENTS = 12
SEGMENT_COLUMNS = [
    "by", "segment", "buyers", "repurchased", "low", "high", "against_rest", "difference_low", "difference_high", "verdict",
]  # fmt: skip
WINDOW_DAYS = 365
MEMORY_DAYS = 365  # a returning buyer has bought in the year before


def repurchase_curve(firsts: pd.DataFrame, *, end_day: int, level: float) -> tuple[pd.DataFrame, Curve]:
    """Return one row per day (day, repurchased, low, high, at_risk, events) and the curve behind it."""
    counts = gap_counts(firsts, end_day=end_day)
    curve = kaplan_meier(counts["days"], counts["events"], counts["censored"], level=level)
    frame = pd.DataFrame(
        {"day": curve.time.astype(int), "repurchased": curve.happened, "low": curve.low, "high": curve.high}
    ).assign(at_risk=curve.at_risk.astype(int), events=curve.events.astype(int))
    return frame, curve


def reminder_window(curve: Curve) -> tuple[float, float]:
    """Days after the first order between which the middle half of second orders within 180 days falls."""
    return hazard_window(curve)


def compare_segments(
    orders: BuyerOrders, firsts: pd.DataFrame, campaigns: pd.DataFrame | None, *, refunded: bool, level: float
) -> pd.DataFrame:
    """Return by, segment, buyers, repurchased within 90 days (Kaplan-Meier) with low/high, against_rest (points), verdict.

    Compared at equal age: buyers too young enter for the days they have been seen. The verdict is ``higher``, ``lower``,
    ``same`` (the interval of the difference from all others, widened for the segments looked at, spans 0) or
    ``not_enough_data``.
    """
    tables = {name: gaps_by(orders, name, refunded=refunded).dropna(subset=["segment"]) for name in orders.first}
    tables = {"campaign": _by_campaign(firsts, campaigns, orders.end_day)} | tables
    parts = [_compare(counts, by, level) for by, counts in tables.items() if counts["segment"].nunique() > 1]
    return pd.concat(parts, ignore_index=True)[SEGMENT_COLUMNS] if parts else pd.DataFrame(columns=SEGMENT_COLUMNS)


def _by_campaign(firsts: pd.DataFrame, campaigns: pd.DataFrame | None, end_day: int) -> pd.DataFrame:
    inside = np.zeros(len(firsts), dtype=bool)
    for start, end in [] if campaigns is None else campaigns[["start", "end"]].dropna().itertuples(index=False):
        inside |= firsts["first_day"].between((start.normalize() - EPOCH).days, (end.normalize() - EPOCH).days).to_numpy()
    sides = {"campaign": firsts[inside], "ordinary": firsts[~inside]}
    parts = [gap_counts(part, end_day=end_day).assign(segment=name) for name, part in sides.items() if len(part)]
    return pd.concat(parts, ignore_index=True)


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


def repurchase_rates(firsts: pd.DataFrame, curve: Curve, *, end_day: int, level: float) -> pd.DataFrame:
    """Return the definitions of 复购率 side by side: definition, window_days, buyers, count, repurchase_rate, low, high.

    ``twice_in_window``: buyers with two orders or more among buyers of the last 365 days. ``twice_on_two_days``: the same with
    orders of one day taken as one. ``returning_share``: buyers of the last 365 days who had bought before. ``second_order``:
    first buyers with a second order within 90/180/365 days, by Kaplan-Meier, so that young buyers do not pull it down.
    """
    row = repurchase_counts(firsts, end_day=end_day, window_days=WINDOW_DAYS)
    history = end_day - row["earliest"]
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
