"""What a file's name says: the day its rows are of, and the moment it was exported. Never what kind it is."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

__all__ = ["exported_at", "name_days"]

_DAY = re.compile(r"(?<!\d)(20\d{2})[-._年]?(0[1-9]|1[0-2])[-._月]?(0[1-9]|[12]\d|3[01])(?!\d)")
_STAMP = re.compile(r"(?<!\d)(20\d{2})(\d{2})(\d{2})[_-]?(\d{2})(\d{2})(\d{2})?\d?(?!\d)")


def name_days(name: str) -> tuple[dt.date, dt.date] | None:
    """Return (first, last) day that stands in a name, None where none does."""
    days = []
    for year, month, day in _DAY.findall(name):
        try:
            days.append(dt.date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return (min(days), max(days)) if days else None


def exported_at(path: Path) -> float:
    """When the file was made: the minute in its name (``ExportOrderList201905151650``), else its time of change."""
    for parts in _STAMP.findall(path.stem):
        try:
            return dt.datetime(*(int(p or 0) for p in parts)).timestamp()  # type: ignore[arg-type]
        except ValueError:
            continue
    return path.stat().st_mtime
