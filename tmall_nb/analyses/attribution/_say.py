"""Which conclusions the channels' figures allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tmall_nb.analyses.result import Finding

if TYPE_CHECKING:
    from tmall_nb.analyses.media_mix import MediaMixResult

__all__ = ["channel_findings", "crossings"]

YEAR_WEEKS = 52
PACE_ALARM = 0.15  # change of a month's projected spend that is worth a look


def crossings(mix: MediaMixResult | None, table: pd.DataFrame) -> pd.DataFrame:
    """Where hidden demand would turn a channel from earning its cost to losing: the smallest such share of its spend.

    Returns
    -------
    channel, break_even, roas (if no spend follows demand), share (partial R2 at which the return meets break-even, by line
    between the grid's points; NaN where it does not within the grid), highest (last share tried)
    """
    columns = ["channel", "break_even", "roas", "share", "highest"]
    if mix is None or mix.sensitivity.empty:
        return pd.DataFrame(columns=columns)
    rows = []
    for channel, grid in mix.sensitivity.groupby("channel", sort=False):
        edge = float(table.set_index("channel")["break_even"].get(channel, np.nan))
        shares, roas = grid["partial_r2"].to_numpy(float), grid["roas"].to_numpy(float)
        below = np.flatnonzero(roas < edge)
        share = np.nan
        if len(below) and below[0] > 0:
            k = int(below[0])
            share = float(np.interp(edge, [roas[k], roas[k - 1]], [shares[k], shares[k - 1]]))
        rows.append((channel, edge, float(roas[0]), share, float(shares[-1])))
    return pd.DataFrame(rows, columns=columns)


def channel_findings(
    table: pd.DataFrame, crossed: pd.DataFrame, whole: pd.DataFrame, *, weeks: int | None = None
) -> tuple[Finding, ...]:
    """Findings of the page on channels, most important first.

    ``whole`` is the pacing of all channels with ``target``; ``weeks`` how many the media mix learned from.
    """
    doubtful = table[table["verdict"] == "test_first"]
    tests = {"channel": "、".join(doubtful["channel"]), "count": len(doubtful)}
    short = weeks is not None and weeks < YEAR_WEEKS
    found = [Finding("channels_short", "unknown", {"weeks": weeks, "needed": YEAR_WEEKS}, action=True)] if short else []
    found += [*_inflated(table), *(f for row in table.itertuples() for f in _verdict_finding(row))]
    found += [Finding("channels_test_first", "unknown", tests, action=True)] if len(doubtful) else []
    found += _crossed(crossed)
    if table["break_even"].isna().all():
        found.append(Finding("channels_no_margin", "unknown", {"count": len(table)}))
    return (*found, *_pacing(whole))


def _inflated(table: pd.DataFrame) -> list[Finding]:
    both = table[table["roas_reported"].notna() & table["roas_incremental"].notna()]
    if both.empty:
        reported = int(table["roas_reported"].notna().sum())
        return [Finding("channels_platform_only", "unknown", {"count": reported})] if reported else []
    top = both.iloc[int((both["roas_reported"] / both["roas_incremental"]).to_numpy().argmax())]
    values = {"channel": top["channel"], "reported": top["roas_reported"], "net": top["roas_net"]}
    sides = {"value" + side: top["roas_incremental" + side] for side in ("", "_low", "_high")}
    surely = float(top["roas_incremental_high"]) < float(top["roas_net"])
    if surely:
        return [Finding("channels_platform_inflated", "watch", values | sides)]
    return [Finding("channels_platform_unclear", "unknown", values | sides)]


def _verdict_finding(row: Any) -> list[Finding]:
    """Does a channel earn its cost, where a figure of it may be believed?"""
    best = {"geo": "roas_geo", "incremental": "roas_incremental"}.get(row.verdict)
    if best is None or not np.isfinite(float(row.break_even)):
        return []
    low, high = getattr(row, best + "_low"), getattr(row, best + "_high")
    values = {"channel": row.channel, "value": getattr(row, best), "value_low": low, "value_high": high}
    values |= {"break_even": row.break_even, "verdict": row.verdict}
    if low > row.break_even:
        return [Finding("channel_pays", "good", values)]
    if high < row.break_even:
        return [Finding("channel_loses", "act", values, action=True)]
    return [Finding("channel_unclear", "unknown", values)]


def _crossed(crossed: pd.DataFrame) -> list[Finding]:
    """The channel that the least hidden demand would turn from earning to losing; else those that none would."""
    known = crossed[crossed["roas"] > crossed["break_even"]]
    turns = known[known["share"].notna()].sort_values("share")
    if len(turns):
        row = turns.iloc[0]
        values = {"channel": row["channel"], "share": row["share"], "value": row["roas"], "break_even": row["break_even"]}
        return [Finding("channel_crosses", "watch", values)]
    if len(known):
        values = {"channel": "、".join(known["channel"]), "share": float(known["highest"].min())}
        return [Finding("channels_hold", "good", values)]
    return []


def _pacing(whole: pd.DataFrame) -> list[Finding]:
    """The shop's month against its budget, or against the month before where no budget is known."""
    if whole.empty:
        return []
    row = whole.iloc[0]
    values = {"month": f"{row['month']:%Y-%m}", "spent": row["spent"], "projected": row["projected"]}
    values |= {"projected_low": row["low"], "projected_high": row["high"]}
    if row["spent"] <= 0 and not np.isfinite(row["target"]):
        return [Finding("pacing_next", "good", values | {"usual": row["usual"]})]
    if np.isfinite(row["target"]):
        over, under = row["low"] > row["target"], row["high"] < row["target"]
        key = "pacing_over" if over else "pacing_under" if under else "pacing_on_target"
        values |= {"target": row["target"], "gap": abs(row["projected"] - row["target"]), "days": row["days_left"]}
        return [Finding(key, "good" if not (over or under) else "act" if over else "watch", values, action=bool(over))]
    usual = row["usual"]
    values["usual"] = usual
    return [Finding("channels_pacing", "watch" if usual > 0 and abs(row["pace"] - 1) > PACE_ALARM else "good", values)]
