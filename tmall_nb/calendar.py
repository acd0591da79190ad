"""Promotions: from the merchant's own exports first, then from ``data/calendar/promotions.csv``.

The file is data to edit: every row has a source and a confidence (H evidenced, M reported, L from the yearly pattern).
A campaign of the merchant's own exports replaces calendar rows of the same kind that overlap it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

__all__ = [
    "COLUMNS",
    "calendar_file",
    "campaign_days",
    "campaign_phases",
    "detect_campaigns",
    "mark_ordinary",
    "merge_calendars",
    "ordinary_before",
    "read_calendar",
    "spring_festival_days",
]

TIMES = ("warm_up_start", "presale_start", "start", "end")
COLUMNS = ["campaign", "campaign_type", "warm_up_start", "presale_start", "start", "end", "source", "confidence"]
# first day of the lunar year (正月初一), 2015-2035
LUNAR_NEW_YEAR = (
    "2015-02-19", "2016-02-08", "2017-01-28", "2018-02-16", "2019-02-05", "2020-01-25", "2021-02-12",
    "2022-02-01", "2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26",
    "2029-02-13", "2030-02-03", "2031-01-23", "2032-02-11", "2033-01-31", "2034-02-19", "2035-02-08",
)  # fmt: skip
FESTIVAL = (-7, 8)  # days around it in which parcels slow down, stop and start again
USUAL_DAYS, LEAST_DAYS, SEARCHED_DAYS = 28, 7, 90


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


def spring_festival_days(days: pd.DatetimeIndex) -> np.ndarray:
    """Which of ``days`` lie from a week before the lunar new year to its ninth day, when parcels slow down and stop; bool."""
    gaps = days.normalize().to_numpy()[:, None] - np.array(LUNAR_NEW_YEAR, dtype="datetime64[D]")
    number = gaps.astype("timedelta64[D]").astype(int)
    return np.asarray(((number >= FESTIVAL[0]) & (number <= FESTIVAL[1])).any(axis=1))


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


def campaign_phases(campaign: pd.Series) -> pd.DataFrame:
    """Return the phases of one calendar row: phase, start, end (timestamps), oldest first.

    预热 up to the presale or the start, 预售 while deposits are taken, 尾款 and 开门红 from the start (20:00 where it begins in
    the evening), 平销 between the first and the last burst of campaigns longer than a week, 高潮 the last two days, 返场 up to
    three days after, 退款潮 from the 7th to the 20th day after.
    """
    day = pd.Timedelta(days=1)
    start, end = campaign["start"], campaign["end"]
    presale, warm = campaign["presale_start"], campaign["warm_up_start"]
    rows = []
    lead = presale if pd.notna(presale) else start
    if pd.notna(warm) and warm < lead:
        rows.append(("预热", warm, lead))
    if pd.notna(presale) and presale < start:
        rows.append(("预售", presale, start))
    opening = start.normalize() + (2 if start.hour >= 18 else 1) * day
    if end - start > 7 * day:
        rows += [("尾款" if pd.notna(presale) else "开门红", start, opening), ("平销", opening, end.normalize() - day)]
        rows.append(("高潮", end.normalize() - day, end))
    else:
        rows.append(("高潮", start, end))
    rows += [("返场", end, end + 3 * day), ("退款潮", end + 7 * day, end + 20 * day)]
    return pd.DataFrame(rows, columns=["phase", "start", "end"])


def campaign_days(calendar: pd.DataFrame, dates: pd.DatetimeIndex | pd.Series) -> np.ndarray:
    """Which of ``dates`` lie inside a campaign, the evening before counted as its day where it starts at 20:00."""
    stamps = pd.DatetimeIndex(dates)
    out = np.zeros(len(stamps), bool)
    known = calendar.dropna(subset=["start", "end"])
    for start, end in zip(known["start"].dt.normalize(), known["end"].dt.normalize(), strict=True):
        out |= np.asarray((stamps >= start) & (stamps <= end))
    return out


def mark_ordinary(days: pd.DataFrame, calendar: pd.DataFrame) -> pd.DataFrame:
    """Add ``ordinary``: the day is in no campaign."""
    return days.assign(ordinary=~campaign_days(calendar, days["date"]))


def ordinary_before(days: pd.DataFrame, first: pd.Timestamp) -> pd.DataFrame:
    """The last 28 days before ``first`` that are in no campaign, of the 90 before it; any 28 where fewer than 7 are.

    ``days`` has one row per day, ``date`` and ``ordinary`` (see ``mark_ordinary``).
    """
    before = days[days["date"] < first].sort_values("date")
    near = before[before["ordinary"] & (before["date"] >= first - pd.Timedelta(days=SEARCHED_DAYS))]
    if len(near) >= LEAST_DAYS:
        return near.tail(USUAL_DAYS)
    return before[before["date"] >= first - pd.Timedelta(days=USUAL_DAYS)]


def detect_campaigns(days: pd.DataFrame, *, ratio: float = 1.8) -> pd.DataFrame:
    """Return calendar rows for bursts in the shop's own days, where no calendar names a campaign.

    A burst is a run of days (gaps of one day bridged) on which paid_amount is at least ``ratio`` times the median of the 28
    days before. Kind is unknown (未标明), source 数据识别, confidence L.
    """
    frame = days.sort_values("date")
    amount = frame["paid_amount"].to_numpy(float)
    usual = frame["paid_amount"].rolling(28, min_periods=14).median().shift().to_numpy(float)
    high = (amount >= ratio * usual) & (usual > 0)
    numbers = high.nonzero()[0]
    runs: list[list[int]] = []
    for k in numbers:
        if runs and k - runs[-1][1] <= 2:
            runs[-1][1] = int(k)
        else:
            runs.append([int(k), int(k)])
    date, last_minute = frame["date"].to_list(), pd.Timedelta(hours=23, minutes=59)
    rows = [
        (f"{date[a]:%Y-%m-%d} 起的爆发", "未标明", pd.NaT, pd.NaT, date[a], date[b] + last_minute, "数据识别", "L")
        for a, b in runs
    ]  # fmt: skip
    out = pd.DataFrame(rows, columns=COLUMNS)
    return out.astype(dict.fromkeys(TIMES, "datetime64[ns]"))
