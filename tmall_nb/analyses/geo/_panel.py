"""Rows of unit and day → a panel without holes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tmall_nb.analyses.result import SetAside
from tmall_nb.errors import ExportError, NotEnoughData, closest

if TYPE_CHECKING:
    from tmall_nb.shop import Shop

LEAST_UNITS = 6


@dataclass(frozen=True, slots=True)
class Panel:
    """``values`` has shape (days, units)."""

    dates: pd.DatetimeIndex
    units: tuple[str, ...]
    values: np.ndarray
    aside: tuple[SetAside, ...]

    def numbers(self, names: list[str], parameter: str) -> np.ndarray:
        """Positions of units; an unknown one is refused with the closest names."""
        for name in names:
            if name not in self.units:
                hint = ", ".join(closest(name, self.units)) or ", ".join(self.units[:8])
                raise ExportError("days", f"{parameter} {name!r} has no rows; did you mean {hint}?", column=parameter)
        return np.array([self.units.index(name) for name in names])


def read_panel(days: Shop | pd.DataFrame, unit: str, outcome: str) -> Panel:
    """A shop's orders by province, or a frame with date, ``unit`` and ``outcome``."""
    aside: tuple[SetAside, ...] = ()
    if not isinstance(days, pd.DataFrame):
        from tmall_nb.queries.province_days import province_days

        frame, without = province_days(days)
        aside = (SetAside("order_without_province", without),) if without else ()
    else:
        frame = days
    for name in ("date", unit, outcome):
        if name not in frame.columns:
            raise ExportError("days", f"column {name} is missing; found {', '.join(map(str, frame.columns))}")
    values = pd.to_numeric(frame[outcome], errors="coerce")
    if (values.isna() & frame[outcome].notna()).any() or frame["date"].isna().any():
        row = int(np.argmax((values.isna() & frame[outcome].notna()) | frame["date"].isna())) + 1
        raise ExportError("days", "not a number or no date", row=row, column=outcome)
    blank = int(values.isna().sum())
    tidy = pd.DataFrame({"date": pd.to_datetime(frame["date"]), "unit": frame[unit].astype(str), "value": values}).dropna()
    wide = tidy.pivot_table(index="date", columns="unit", values="value", aggfunc="sum").sort_index()
    holes = wide.isna().any()
    if blank:
        aside = (*aside, SetAside("blank_outcome", blank))
    if holes.any():
        aside = (*aside, SetAside("unit_with_missing_days", int(wide.loc[:, holes].notna().sum().sum())))
        wide = wide.loc[:, ~holes]
    if wide.shape[1] < LEAST_UNITS:
        raise NotEnoughData(f"{wide.shape[1]} regions with sales on every day: at least {LEAST_UNITS} are needed")
    return Panel(pd.DatetimeIndex(wide.index), tuple(map(str, wide.columns)), wide.to_numpy(float), aside)
