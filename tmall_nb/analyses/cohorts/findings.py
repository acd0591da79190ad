"""What cohorts say, most important first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tmall_nb.analyses.result import Finding

__all__ = ["aggregate_findings", "cohort_findings"]

FEW_SECOND = 20
LARGE_MISS = 0.25
Frames = dict[str, pd.DataFrame]


def cohort_findings(frames: Frames, facts: dict[str, Any]) -> tuple[Finding, ...]:
    """Return: second orders, reminder window, trend, campaign cohorts, best segment, projection, definitions, calendar."""
    found = [_second_order(frames, facts), _reminder(facts), _trend(frames), _campaign(frames), _segment(frames)]
    found += [_projection(facts), _definitions(frames), _calendar(frames)]
    return tuple(f for f in found if f is not None)


def _rate(rates: pd.DataFrame, definition: str, days: int) -> pd.Series:
    return rates[(rates["definition"] == definition) & (rates["window_days"] == days)].iloc[0]


def _second_order(frames: Frames, facts: dict[str, Any]) -> Finding:
    rates = frames["rates"]
    known = [d for d in (365, 180, 90) if np.isfinite(_rate(rates, "second_order", d)["repurchase_rate"])]
    if not known or facts["second_orders"] < FEW_SECOND:
        return Finding("second_order_few", "unknown", {"buyers": facts["buyers"], "count": facts["second_orders"]})
    row = _rate(rates, "second_order", known[0])
    values = {"days": known[0], "rate": row["repurchase_rate"], "rate_low": row["low"], "rate_high": row["high"]}
    return Finding("second_order", "good" if row["low"] > 0.2 else "watch", values | {"buyers": facts["buyers"]})


def _reminder(facts: dict[str, Any]) -> Finding | None:
    first, last = facts["window"]
    if not np.isfinite(first) or facts["second_orders"] < FEW_SECOND:
        return None
    values = {"from_day": int(first), "to_day": int(last), "count": facts["waiting"]}
    values["one_percent"] = round(facts["waiting"] / 100)
    return Finding("reminder_window", "act", values, action=True)


def _trend(frames: Frames) -> Finding | None:
    """The newest three cohorts seen at age 1 against the three before."""
    first = frames["cells"].query("age == 1 and seen")
    if len(first) < 6:
        return None
    new, old = first.iloc[-3:], first.iloc[-6:-3]
    (p, n), (q, m) = ((part["active"].sum(), part["cohort_size"].sum()) for part in (new, old))
    gap = p / n - q / m
    error = 1.96 * np.sqrt(p / n * (1 - p / n) / n + q / m * (1 - q / m) / m)
    values = {"new": p / n, "old": q / m, "gap": gap, "gap_low": gap - error, "gap_high": gap + error}
    if gap - error > 0:
        return Finding("cohorts_better", "good", values)
    if gap + error < 0:
        return Finding("cohorts_worse", "act", values)
    return Finding("cohorts_same", "unknown", values)


def _campaign(frames: Frames) -> Finding | None:
    rows = frames["segments"]
    rows = rows[(rows["by"] == "campaign") & (rows["segment"] == "campaign")] if len(rows) else rows
    if rows.empty or rows["verdict"].iloc[0] == "not_enough_data":
        return None
    row = rows.iloc[0]
    values = {"rate": row["repurchased"], "gap": row["against_rest"], "gap_low": row["difference_low"]}
    values |= {"gap_high": row["difference_high"], "buyers": row["buyers"]}
    keys = {"higher": ("campaign_better", "good"), "lower": ("campaign_worse", "watch"), "same": ("campaign_same", "unknown")}
    key, tone = keys[row["verdict"]]
    return Finding(key, tone, values)  # type: ignore[arg-type]


def _segment(frames: Frames) -> Finding | None:
    rows = frames["segments"]
    rows = rows[(rows["by"] != "campaign") & (rows["verdict"] == "higher")] if len(rows) else rows
    if rows.empty:
        return None
    row = rows.sort_values("difference_low").iloc[-1]
    values = {"by": row["by"], "segment": row["segment"], "rate": row["repurchased"], "gap": row["against_rest"]}
    values |= {"gap_low": row["difference_low"], "gap_high": row["difference_high"], "buyers": row["buyers"]}
    return Finding("segment_best", "good", values)


def _projection(facts: dict[str, Any]) -> Finding | None:
    error = facts["holdout_error"]
    if not np.isfinite(error):
        return Finding("projection_too_short", "unknown", {"ages": facts["ages"]})
    key, tone = ("projection_loose", "unknown") if error > LARGE_MISS else ("projection", "good")
    return Finding(key, tone, {"error": error, "age": facts["ahead_age"], "retention": facts["ahead"]})  # type: ignore[arg-type]


def _definitions(frames: Frames) -> Finding:
    twice, back = (_rate(frames["rates"], name, 365) for name in ("twice_in_window", "returning_share"))
    values = {"rate": twice["repurchase_rate"], "rate_low": twice["low"], "rate_high": twice["high"], "days": 365}
    if np.isfinite(back["repurchase_rate"]):
        return Finding("two_definitions", "unknown", values | {"share": back["repurchase_rate"]})
    return Finding("one_definition", "unknown", values)


def _calendar(frames: Frames) -> Finding | None:
    rows = frames["calendar"]
    if rows.empty:
        return Finding("calendar_not_identified", "unknown")
    moved = rows[rows["verdict"] != "same"]
    if moved.empty:
        return None
    row = moved.iloc[int(moved["effect"].abs().to_numpy().argmax())]
    values = {"month": f"{row['month']:%Y-%m}", "effect": row["effect"], "effect_low": row["low"], "effect_high": row["high"]}
    return Finding("calendar_month", "unknown", values)


def aggregate_findings(months: pd.DataFrame) -> tuple[Finding, ...]:
    """Return what masked buyers still allow, and a sentence on what they do not."""
    limits = Finding("buyers_masked", "unknown", {"months": len(months)})
    known = months[months["verdict"] == "ok"]
    if known.empty:
        return (Finding("masked_few_days", "unknown"), limits)
    last = known.iloc[-1]
    values = {
        "month": f"{last['month']:%Y-%m}",
        "share": last["returning_share"],
        "share_low": last["low"],
        "share_high": last["high"],
    }
    if len(known) == 1:
        return (Finding("masked_share", "unknown", values), limits)
    before = known.iloc[-2]
    gap = last["returning_share"] - before["returning_share"]
    widths = [[row["returning_share"] - row["low"], row["high"] - row["returning_share"]] for row in (last, before)]
    low, high = gap - np.hypot(widths[0][0], widths[1][1]), gap + np.hypot(widths[0][1], widths[1][0])
    values |= {"gap": gap, "gap_low": low, "gap_high": high}
    key, tone = ("masked_up", "good") if low > 0 else ("masked_down", "watch") if high < 0 else ("masked_same", "unknown")
    return (Finding(key, tone, values), limits)  # type: ignore[arg-type]
