"""Weeks → checked arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.analyses.result import SetAside
from tmall_nb.errors import ExportError, NotEnoughData, ParameterError, closest
from tmall_nb.stats.media_mix import LiftTests, MixData, baseline_columns

LEAST_WEEKS = 12
YEAR_DAYS = 365.2425


@dataclass(frozen=True, slots=True)
class Weeks:
    """Checked weeks of one shop: ``spend`` (channels, weeks) in yuan, in the order of ``channels``."""

    week: pd.Series
    sales: np.ndarray
    spend: np.ndarray
    channels: tuple[str, ...]
    columns: np.ndarray
    unused: tuple[str, ...]
    aside: tuple[SetAside, ...]

    def data(self, tests: LiftTests | None = None) -> MixData:
        return MixData.from_weeks(self.sales, self.spend, self.columns, tests)


def read_weeks(weeks: pd.DataFrame, spend: Sequence[str], controls: Sequence[str], outcome: str) -> Weeks:
    """Check the frame and put its weeks in order.

    Raises
    ------
    ExportError : a column is missing, a cell is not a number, a week is missing or twice
    NotEnoughData : fewer than 12 weeks, no sales or no spend
    """
    names, control_names = list(dict.fromkeys(map(str, spend))), list(dict.fromkeys(map(str, controls)))
    if not names:
        raise ParameterError("spend", list(spend), "at least one spend column")
    overlap = {outcome, "week"} & {*names, *control_names} | set(names) & set(control_names)
    if overlap:
        raise ParameterError("spend", sorted(overlap), "each column in one role only: outcome, spend or control")
    for name in ("week", outcome, *names, *control_names):
        if name not in weeks.columns:
            hint = ", ".join(closest(name, weeks.columns)) or ", ".join(map(str, weeks.columns))
            raise ExportError("weeks", f"column {name} is missing; did you mean {hint}?")
    frame = weeks.sort_values("week", kind="stable").reset_index(drop=True)
    sales = _numbers(frame, outcome)
    blank = np.isnan(sales)
    _check_weeks(frame["week"])
    tail = len(sales) - int(np.argmax(~blank[::-1])) if (~blank).any() else 0
    if blank[:tail].any():
        raise ExportError(
            "weeks", f"{outcome} is blank; fill it or cut the weeks before", row=int(np.argmax(blank)) + 1, column=outcome
        )
    aside: tuple[SetAside, ...] = (SetAside("newest_week_blank", len(sales) - tail),) if tail < len(sales) else ()
    frame, sales = frame.iloc[:tail], sales[:tail]
    closed = int((sales <= 0).sum())
    if closed == len(sales):
        raise NotEnoughData(f"{outcome} adds up to {sales.sum():.0f}: there are no sales to explain")
    if len(frame) - closed < LEAST_WEEKS:
        raise NotEnoughData(
            f"{len(frame) - closed} weeks with {outcome}: at least {LEAST_WEEKS} are needed. Export a longer span."
        )
    if (sales < 0).any():
        raise ExportError("weeks", f"{sales.min():g} found; sales are 0 or more", row=int(sales.argmin()) + 1, column=outcome)
    aside += (SetAside("week_without_sales", closed),) if closed else ()
    amounts = np.array([_spend(frame, name) for name in names])
    used = amounts.sum(axis=1) > 0
    if not used.any():
        raise NotEnoughData("no week has any spend: there is nothing to measure")
    held = np.array([_filled(frame, name) for name in control_names]).reshape(len(control_names), tail).T
    columns = baseline_columns(_years(frame["week"]), held)
    channels = tuple(n for n, u in zip(names, used, strict=True) if u)
    return Weeks(frame["week"], sales, amounts[used], channels, columns, tuple(n for n in names if n not in channels), aside)


def _numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    column = frame[name]
    values = pd.to_numeric(column.astype(float) if column.dtype == bool else column, errors="coerce").to_numpy(
        float, na_value=np.nan
    )
    bad = np.flatnonzero((np.isnan(values) & column.notna().to_numpy()) | np.isinf(values))
    if len(bad):
        cell = column.iloc[int(bad[0])]
        raise ExportError("weeks", f"{cell!r} found; expected a number", row=int(bad[0]) + 1, column=name)
    return values


def _filled(frame: pd.DataFrame, name: str) -> np.ndarray:
    values = _numbers(frame, name)
    if np.isnan(values).any():
        row = int(np.argmax(np.isnan(values))) + 1
        raise ExportError("weeks", "blank; a control must be known in every week", row=row, column=name)
    return values


def _spend(frame: pd.DataFrame, name: str) -> np.ndarray:
    values = _filled(frame, name)
    if (values < 0).any():
        row = int(np.argmax(values < 0))
        raise ExportError("weeks", f"{values[row]:g} found; spend is 0 or more", row=row + 1, column=name)
    return values


def _check_weeks(week: pd.Series) -> None:
    twice = week[week.duplicated()]
    if len(twice):
        raise ExportError("weeks", f"week {twice.iloc[0]} appears twice; add the rows up first", column="week")
    if pd.api.types.is_datetime64_any_dtype(week) and len(week) > 2:
        steps = week.diff().dt.days.iloc[1:]
        if (steps > 10).any():
            raise ExportError(
                "weeks", f"the week after {week.iloc[int(np.argmax(steps > 10))]:%Y-%m-%d} is missing", column="week"
            )
        if steps.median() < 5:
            raise ExportError("weeks", "rows are closer than a week; add days up to weeks first", column="week")


def _years(week: pd.Series) -> np.ndarray:
    if pd.api.types.is_datetime64_any_dtype(week):
        return ((week - week.iloc[0]).dt.days / YEAR_DAYS).to_numpy(float)
    return np.arange(len(week)) * 7 / YEAR_DAYS
