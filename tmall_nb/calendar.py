"""Promotions: from the merchant's own exports first, then from ``data/calendar/promotions.csv``.

The file is data to edit: every row has a source and a confidence (H evidenced, M reported, L from the yearly pattern).
A campaign of the merchant's own exports replaces calendar rows of the same kind that overlap it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

__all__ = ["COLUMNS", "calendar_file", "merge_calendars", "read_calendar"]

TIMES = ("warm_up_start", "presale_start", "start", "end")
COLUMNS = ["campaign", "campaign_type", "warm_up_start", "presale_start", "start", "end", "source", "confidence"]


def calendar_file() -> Path:
    """Return the calendar's path: ``data/calendar`` of a clone, else the copy inside the installed package."""
    here = Path(__file__).parent
    clone = here.parent / "data" / "calendar" / "promotions.csv"
    return clone if clone.exists() else here / "_calendar" / "promotions.csv"


@cache
def _read(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path, dtype=str, encoding="utf-8")
    for name in TIMES:
        frame[name] = pd.to_datetime(frame[name])
    return frame[COLUMNS]


def read_calendar(path: str | Path | None = None) -> pd.DataFrame:
    """Return one row per campaign: campaign, campaign_type, warm_up_start, presale_start, start, end, source, confidence.

    Times are naive Asia/Shanghai; ``start`` at 20:00 means that the burst begins the evening before the first full day.
    """
    return _read(Path(path) if path is not None else calendar_file()).copy()


def merge_calendars(own: pd.DataFrame, shipped: pd.DataFrame) -> pd.DataFrame:
    """Return the merchant's own campaigns and those shipped rows of the same kind that none of them overlaps, by start."""
    if own.empty:
        return shipped.reset_index(drop=True)
    lead = shipped["presale_start"].fillna(shipped["start"])
    keep = [
        not ((own["campaign_type"] == kind) & (own["start"] <= end) & (own["end"] >= first)).any()
        for kind, first, end in zip(shipped["campaign_type"], lead, shipped["end"], strict=True)
    ]
    both = pd.concat([own.reindex(columns=COLUMNS), shipped[keep]], ignore_index=True)
    return both.sort_values(["start", "campaign"], kind="stable").reset_index(drop=True)
