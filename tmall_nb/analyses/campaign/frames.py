"""From a frame of days to the arrays of one campaign, every doubtful day counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.errors import ExportError, NotEnoughData, ParameterError
from tmall_nb.stats.uplift import Design

__all__ = ["CampaignDays", "Request", "prepare_days"]

MIN_BEFORE = 14
LONGEST_BEFORE = 548  # days before the campaign that teach the model; older ones add time, not accuracy
BUFFER = 3  # days after the last dip day that are not trusted to be ordinary
MAX_GAP = 0.1


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked: dates of the campaign, outcome, controls, earlier event days, dips."""

    start: pd.Timestamp
    end: pd.Timestamp
    outcome: str
    controls: tuple[str, ...]
    events: tuple[pd.Timestamp, ...]
    pre_dip_days: int
    post_dip_days: int


@dataclass(frozen=True, slots=True)
class CampaignDays:
    """One campaign as arrays: days without gaps, outcome with nan where unknown, controls without nan, the design."""

    dates: pd.DatetimeIndex
    y: np.ndarray
    controls: np.ndarray
    names: tuple[str, ...]
    design: Design
    set_aside: tuple[tuple[str, int], ...]


def day(name: str, value: object) -> pd.Timestamp:
    """A business day, time cut off; a clear error for anything else."""
    try:
        stamp = pd.Timestamp(value)
    except (TypeError, ValueError) as error:
        raise ParameterError(name, value, "a day, e.g. 2025-11-11") from error
    if stamp is pd.NaT:
        raise ParameterError(name, value, "a day, e.g. 2025-11-11")
    return stamp.normalize()


def read_request(
    start: object, end: object, outcome: str, controls: Sequence[str], events: Sequence[object], dips: tuple[int, int]
) -> Request:
    """Check the parameters that need no data."""
    first, last = day("start", start), day("end", end)
    if last < first:
        raise ParameterError("end", end, f"a day not before start={first:%Y-%m-%d}")
    for name, value in zip(("pre_dip_days", "post_dip_days"), dips, strict=True):
        if not 0 <= value <= 90:
            raise ParameterError(name, value, "0-90 days")
    if isinstance(controls, str):
        raise ParameterError("controls", controls, f"a list of columns; write [{controls!r}]")
    names = tuple(dict.fromkeys(controls))
    if outcome in names:
        raise ParameterError("controls", list(controls), f"columns other than the outcome {outcome}")
    return Request(first, last, outcome, names, tuple(day("events", e) for e in events), int(dips[0]), int(dips[1]))


def prepare_days(days: pd.DataFrame, request: Request) -> CampaignDays:
    """Cut, complete and check the days of one campaign."""
    frame = _read(days, request)
    frame = frame[frame.index >= request.start - pd.Timedelta(days=LONGEST_BEFORE)]
    dates = pd.DatetimeIndex(frame.index)
    one = pd.Timedelta(days=1)
    sale = np.asarray((dates >= request.start) & (dates <= request.end))
    first, last = request.start - request.pre_dip_days * one, request.end + request.post_dip_days * one
    window = np.asarray((dates >= first) & (dates <= last))
    hidden = np.asarray((dates >= first) & (dates <= last + (BUFFER if request.post_dip_days else 0) * one))
    inside = [e for e in request.events if first <= e <= last]
    events = np.asarray(dates.isin([e for e in request.events if e not in set(inside)]))
    y = frame[request.outcome].to_numpy("float64")
    controls, names, dropped = _controls(frame, request, hidden)
    lost = int((~np.isfinite(controls).all(axis=1)).sum()) if controls.shape[1] else 0
    y = np.where(np.isfinite(controls).all(axis=1) | sale, y, np.nan)
    controls = _bridge(controls)
    _enough(y, hidden, sale, window, request)
    y = np.where(np.isfinite(y) | ~hidden, y, np.nan)
    aside = (("control_gaps", dropped), ("control_day_missing", lost), ("event_in_window", len(inside)))
    weekday = np.asarray(dates.day_of_week)
    return CampaignDays(dates, y, controls, names, Design(sale, window & np.isfinite(y), hidden, events, weekday), aside)


def _read(days: pd.DataFrame, request: Request) -> pd.DataFrame:
    wanted = ["date", request.outcome, *request.controls]
    for name in wanted:
        if name not in days.columns:
            raise ExportError("days", f"column {name} is missing; found {', '.join(map(str, days.columns))}", column=name)
    frame = days[wanted].assign(date=pd.to_datetime(days["date"]).dt.normalize())
    for name in wanted[1:]:
        values = pd.to_numeric(frame[name], errors="coerce")
        bad = values.isna() & frame[name].notna()
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise ExportError("days", f"{frame[name].iloc[row]!r} is not a number", row=row + 1, column=name)
        if (values < 0).any():
            row = int(np.flatnonzero(values < 0)[0])
            raise ExportError("days", f"{values.iloc[row]:g} is negative; use gross figures", row=row + 1, column=name)
        frame[name] = values.astype("float64")
    if frame["date"].duplicated().any():
        twice = frame.loc[frame["date"].duplicated(), "date"].iloc[0]
        raise ExportError("days", f"{twice:%Y-%m-%d} stands twice; expected one row per day", column="date")
    frame = frame.set_index("date").sort_index()
    if not len(frame) or request.start < frame.index[0] or request.end > frame.index[-1]:
        span = f"{frame.index[0]:%Y-%m-%d} to {frame.index[-1]:%Y-%m-%d}" if len(frame) else "none"
        raise ParameterError("start", f"{request.start:%Y-%m-%d}", f"a campaign inside the data; days there are: {span}")
    return frame.reindex(pd.date_range(frame.index[0], frame.index[-1], name="date"))


def _controls(frame: pd.DataFrame, request: Request, hidden: np.ndarray) -> tuple[np.ndarray, tuple[str, ...], int]:
    """Controls known on the hidden days and on nine in ten of the others, and not all zero."""
    kept = []
    for name in request.controls:
        values = frame[name].to_numpy()
        known = np.isfinite(values)
        if known[hidden].all() and known.mean() >= 1 - MAX_GAP and np.nansum(values[~hidden]) > 0:
            kept.append(name)
    dropped = len(request.controls) - len(kept)
    return frame[kept].to_numpy("float64").reshape(len(frame), len(kept)), tuple(kept), dropped


def _bridge(controls: np.ndarray) -> np.ndarray:
    """Fill single missing control days between neighbours; those days do not enter the fit."""
    return pd.DataFrame(controls).interpolate(limit_direction="both").to_numpy("float64").reshape(controls.shape)


def _enough(y: np.ndarray, hidden: np.ndarray, sale: np.ndarray, window: np.ndarray, request: Request) -> None:
    before = np.arange(len(y)) < int(np.argmax(window))
    known = int((np.isfinite(y) & before & ~hidden).sum())
    if known < MIN_BEFORE:
        raise NotEnoughData(
            f"{known} usable days before {request.start:%Y-%m-%d} (pre_dip_days={request.pre_dip_days} taken off): at least "
            f"{MIN_BEFORE} are needed, 56 or more are better. Export an earlier period too"
        )
    if not np.isfinite(y[sale]).any():
        raise NotEnoughData(f"{request.outcome} has no value between {request.start:%Y-%m-%d} and {request.end:%Y-%m-%d}")
    if np.nansum(y[~hidden]) <= 0:
        raise NotEnoughData(f"{request.outcome} is zero on every day outside the campaign: there is nothing to compare with")
