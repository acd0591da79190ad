"""Rows of the sheet 投放测试, checked one by one: an error names file, row and column, what stands there and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import pandas as pd

from tmall_nb.errors import ExportError, closest
from tmall_nb.fields import FIELDS

if TYPE_CHECKING:
    from tmall_nb.shop import Shop

__all__ = ["AdTest", "read_sheet"]

SHEET = "ad_tests"
ALL = {"全部", "全部渠道", "所有渠道", "all"}
LIST = re.compile(r"\s*[、，,;；/\n]\s*")
NO_TEST = {"hint_row", "total_row"}
LEAST_DAYS = 7  # the media mix learns by weeks
Z_90 = 1.6448536269514722
TWO_SORTS = (
    "fill in the return and its error or bounds (a finished test), or the provinces and the change in spend (a hold-out)"
)

PRECISION = "a test without its precision cannot be used: give the standard error, or the lower and upper bound (90 %)"


@dataclass(frozen=True, slots=True)
class AdTest:
    """One checked row.

    Attributes
    ----------
    channels : whose spend was changed, one or several
    start, end : first and last day
    roas, low, high : yuan of sales per yuan of spend with bounds (90 %); None for a hold-out that is still to be read
    provinces : held out; empty for a finished test that names none
    spend_change : yuan, negative; None for a finished test
    source, row : where it stands
    """

    channels: tuple[str, ...]
    start: pd.Timestamp
    end: pd.Timestamp
    roas: float | None
    low: float | None
    high: float | None
    provinces: tuple[str, ...]
    spend_change: float | None
    source: str
    row: int

    def overlaps(self, other: AdTest) -> bool:
        return self.start <= other.end and other.start <= self.end

    def refuse(self, name: str, problem: str) -> NoReturn:
        """Raise the error of this row."""
        raise ExportError(self.source, problem, row=self.row, column=_header(name))


def _header(name: str) -> str:
    """The column as the template heads it."""
    return FIELDS[name].aliases[0][1]


@dataclass(frozen=True, slots=True)
class _Row:
    """A row as read, with the texts of cells that could not be read."""

    cells: Mapping[str, Any]
    texts: Mapping[str, str]

    def has(self, name: str) -> bool:
        return name in self.texts or (name in self.cells and not pd.isna(self.cells[name]))

    def text(self, name: str) -> str:
        return str(self.cells[name]).strip() if self.has(name) else ""

    def number(self, name: str) -> float:
        if name in self.texts or not self.has(name):
            self.refuse(name, f"{self.found(name)}; expected a number")
        return float(self.cells[name])

    def day(self, name: str) -> pd.Timestamp:
        if name in self.texts or not self.has(name):
            self.refuse(name, f"{self.found(name)}; expected a day such as 2026-01-05")
        return pd.Timestamp(self.cells[name])

    def found(self, name: str) -> str:
        return f"{self.texts[name]!r} found" if name in self.texts else "blank"

    def refuse(self, name: str, problem: str) -> NoReturn:
        raise ExportError(self.cells["source_file"], problem, row=int(self.cells["row_no"]), column=_header(name))


def read_sheet(shop: Shop) -> tuple[AdTest, ...]:
    """Return every test of the shop's sheet in the order of the file; none where there is no sheet.

    Raises
    ------
    ExportError : a row that cannot be used, with its file, row and column (unknown channel or province, end before start,
        neither error nor bounds, low above high, days outside the shop's data, two rows for one channel and time)
    """
    _check_whole(shop)
    if not shop.has(SHEET):
        return ()
    from tmall_nb.queries.ad_weeks import known_span

    channels, span = known_span(shop)
    rows = shop.table(SHEET).sort_values(["source_file", "row_no"])
    texts = _unread(shop)
    places = rows[["source_file", "row_no"]].itertuples(index=False, name=None)
    read = [
        _Row(cells, texts.get((str(file), int(row)), {}))
        for cells, (file, row) in zip(rows.to_dict("records"), places, strict=True)
    ]
    provinces = _provinces(shop) if any(r.has("provinces") for r in read) else ()
    tests = tuple(_test(row, channels, provinces, span) for row in read)
    _check_apart(tests)
    return tests


def _check_whole(shop: Shop) -> None:
    """Lines of a text file with too few or too many cells never became rows: no test is left out in silence."""
    for file in shop.manifest.get("files", {}).values():
        for sheet in file["sheets"]:
            lost = {k: n for k, n in sheet["aside"].items() if k not in NO_TEST}
            if sheet["table"] == SHEET and lost:
                told = ", ".join(f"{k} {n}" for k, n in lost.items())
                raise ExportError(
                    sheet["source"], f"rows that cannot be read ({told}): give every row as many cells as the header"
                )


def _unread(shop: Shop) -> dict[tuple[str, int], dict[str, str]]:
    """Texts of cells that the reader could not read, by file and row."""
    out: dict[tuple[str, int], dict[str, str]] = {}
    for file in shop.manifest.get("files", {}).values():
        for sheet in file["sheets"]:
            for row, name, text in sheet.get("unread_cells", ()):
                out.setdefault((sheet["source"], int(row)), {})[name] = text
    return out


def _provinces(shop: Shop) -> tuple[str, ...]:
    from tmall_nb.queries.province_days import province_days

    return tuple(sorted(province_days(shop)[0]["province"].unique()))


def _test(row: _Row, channels: Sequence[str], provinces: Sequence[str], span: tuple[pd.Timestamp, pd.Timestamp]) -> AdTest:
    start, end = _days(row, span)
    if row.has("tested_roas"):
        if row.has("spend_change"):
            row.refuse("spend_change", f"{row.text('spend_change')} beside a return; {TWO_SORTS}, not both")
        roas, low, high = _result(row)
        change = None
    else:
        if not row.has("provinces") and not row.has("spend_change"):
            row.refuse("tested_roas", f"blank; {TWO_SORTS}")
        if not row.has("provinces"):
            row.refuse("provinces", "blank; name the provinces held out, joined by 、")
        roas, low, high, change = None, None, None, _change(row)
    named = tuple(_province(row, n, provinces) for n in _names(row.text("provinces")))
    place = str(row.cells["source_file"]), int(row.cells["row_no"])
    return AdTest(_channels(row, channels), start, end, roas, low, high, named, change, *place)


def _names(text: str) -> list[str]:
    return [n for n in LIST.split(text.strip()) if n]


def _channels(row: _Row, known: Sequence[str]) -> tuple[str, ...]:
    names = _names(row.text("channel"))
    if not names:
        row.refuse("channel", f"blank; name the channel, or 全部 where all ads were changed; found here: {'、'.join(known)}")
    if len(names) == 1 and names[0].lower() in ALL:
        return tuple(known)
    for name in names:
        if name not in known:
            near = closest(name, known, count=1)
            hint = f"did you mean {near[0]}? " if near else ""
            row.refuse(
                "channel", f"{name!r} has no spend in this shop's reports; {hint}Found here: {'、'.join(known)}, or 全部"
            )
    return tuple(dict.fromkeys(names))


def _province(row: _Row, name: str, known: Sequence[str]) -> str:
    """The province as orders spell it: 广东 and 广东省 are one."""
    same = [k for k in known if k == name] or [k for k in known if len(name) >= 2 and k.startswith(name)]
    if len(same) != 1:
        near = closest(name, known, count=1)
        hint = f"did you mean {near[0]}? " if near else ""
        row.refuse("provinces", f"{name!r} is no province of this shop's orders; {hint}Found here: {'、'.join(known)}")
    return same[0]


def _days(row: _Row, span: tuple[pd.Timestamp, pd.Timestamp]) -> tuple[pd.Timestamp, pd.Timestamp]:
    start, end = row.day("start"), row.day("end")
    if end < start:
        row.refuse("end", f"{end:%Y-%m-%d} is before the start, {start:%Y-%m-%d}; swap them or correct one")
    first, last = span
    for name, day in (("start", start), ("end", end)):
        if not first <= day <= last:
            known = f"this shop's sales and spend are known from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
            row.refuse(name, f"{day:%Y-%m-%d} is outside the data; {known}: export those weeks too, or delete the row")
    if (end - start).days + 1 < LEAST_DAYS:
        row.refuse(
            "end", f"{end:%Y-%m-%d} is less than a week after {start:%Y-%m-%d}; a shorter test tells nothing about weeks"
        )
    return start, end


def _result(row: _Row) -> tuple[float, float, float]:
    roas = row.number("tested_roas")
    if row.has("tested_error"):
        error = row.number("tested_error")
        if not error > 0:
            row.refuse("tested_error", f"{error:g} found; expected a standard error above 0")
        return roas, roas - Z_90 * error, roas + Z_90 * error
    if not (row.has("tested_low") or row.has("tested_high")):
        row.refuse("tested_error", f"blank, and no bounds either; {PRECISION}")
    low, high = row.number("tested_low"), row.number("tested_high")
    if low > high:
        row.refuse("tested_low", f"{low:g} is above the upper bound, {high:g}; swap them or correct one")
    if not low <= roas <= high or low == high:
        row.refuse("tested_roas", f"{roas:g} found; expected a value inside its bounds, {low:g} to {high:g}, and bounds apart")
    return roas, low, high


def _change(row: _Row) -> float:
    change = row.number("spend_change")
    if not change < 0:
        advice = "a hold-out spends less: write the yuan not spent in those provinces with a minus"
        row.refuse("spend_change", f"{change:g} found; {advice} (a test of more spend measures the next yuan, not the whole)")
    return change


def _check_apart(tests: Iterable[AdTest]) -> None:
    """One channel is tested once at a time, and provinces held out for two channels at once cannot tell them apart."""
    seen: list[AdTest] = []
    for test in tests:
        for other in seen:
            if not test.overlaps(other):
                continue
            days = f"{other.start:%Y-%m-%d} to {other.end:%Y-%m-%d} of row {other.row}"
            both = [c for c in test.channels if c in other.channels]
            if both:
                test.refuse("channel", f"{'、'.join(both)} stands twice for overlapping days ({days}); keep one of the rows")
            shared = [p for p in test.provinces if p in other.provinces]
            if shared and test.roas is None and other.roas is None:
                joined = "、".join((*other.channels, *test.channels))
                test.refuse("provinces", f"{'、'.join(shared)} held out at once in {days}; write one row with channel {joined}")
        seen.append(test)
