"""``show``: a frame (or a method) as a table to read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from tmall_nb.analyses.result import Method
from tmall_nb.fields import FIELDS
from tmall_nb.words.catalogue import entry, heading, label, stem_of_columns, value_word
from tmall_nb.words.formats import CELL_UNITS, check_language, format_cell, format_value, is_missing
from tmall_nb.words.method import MethodView

__all__ = ["Table", "show"]

FOLDED_ROWS = 90
TEXT_WIDTH = 24
SHORT = 20  # half widths: ten Chinese characters stay on one line
LEVEL = re.compile(r"(low|high)_(\d{1,2})")


@dataclass(frozen=True, slots=True)
class Column:
    """One column as written: heading, cells, and whether its figures stand to the right."""

    heading: str
    cells: tuple[str, ...]
    numeric: bool

    @property
    def head_mark(self) -> str:
        return f"{'tn-num' if self.numeric else 'tn-short'}{' tn-wrap' if _width(self.heading) > SHORT else ''}"

    @property
    def mark(self) -> str:
        """Its style: figures to the right, short texts on one line, long ones with room to wrap."""
        if self.numeric:
            return "tn-num"
        return "tn-short" if max((_width(c) for c in self.cells), default=0) <= SHORT else "tn-long"


@dataclass(frozen=True, slots=True)
class Table:
    """A table in words. ``total`` counts the rows of the frame; at most 90 beyond the first ``rows`` are listed folded."""

    columns: tuple[Column, ...]
    rows: int
    total: int
    language: str

    @property
    def listed(self) -> int:
        return len(self.columns[0].cells) if self.columns else 0

    def __repr__(self) -> str:
        if not self.listed:
            return label("common", "no_rows", self.language)
        shown = min(self.rows, self.listed)
        widths = [max(_width(_cut(t)) for t in (c.heading, *c.cells[:shown])) for c in self.columns]
        lines = [[c.heading for c in self.columns], *[[c.cells[k] for c in self.columns] for k in range(shown)]]
        text = [
            "  ".join(
                _pad(_cut(cell), width, c.numeric) for cell, width, c in zip(line, widths, self.columns, strict=True)
            ).rstrip()
            for line in lines
        ]
        rest = self.total - shown
        return "\n".join([*text, f"… +{rest}"] if rest else text)

    def _repr_html_(self) -> str:
        if not self.listed:
            return f'<p class="tn-note">{escape(label("common", "no_rows", self.language))}</p>'
        parts = [self._rows_html(0, self.rows)]
        if self.listed > self.rows:
            more = label("common", "more_rows", self.language, count=self.listed - self.rows)
            parts.append(f"<details><summary>{escape(more)}</summary>{self._rows_html(self.rows, self.listed)}</details>")
        if self.total > self.listed:
            note = label("common", "rows_left_out", self.language, total=self.total, count=self.listed)
            parts.append(f'<p class="tn-note">{escape(note)}</p>')
        return f'<div class="tn-table">{"".join(parts)}</div>'

    def _rows_html(self, start: int, stop: int) -> str:
        marks = [f' class="{c.mark}"' for c in self.columns]
        head = "".join(f'<th class="{c.head_mark}">{escape(c.heading)}</th>' for c in self.columns)
        body = "".join(
            f"<tr>{''.join(f'<td{m}>{escape(c.cells[k])}</td>' for c, m in zip(self.columns, marks, strict=True))}</tr>"
            for k in range(start, min(stop, self.listed))
        )
        return f'<div class="tn-scroll" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def show(
    frame: pd.DataFrame | Method | tuple[Method, ...], language: str = "zh", *, rows: int = 10, stem: str | None = None
) -> Table | MethodView:
    """Return a frame as a table with headings and units in ``language``, or one or several methods in words.

    Headings, units and roll-up come from the glossary and the ``[columns]`` of the analysis; ``low`` and ``high`` stand in one
    cell with their estimate; rows past ``rows`` are folded.

    Parameters
    ----------
    frame : a frame of a result, its ``method``, or the methods of several results
    language : ``zh`` or ``en``
    rows : rows to see at once, 1 or more
    stem : the catalogue to take headings from; None: the one that knows most of the columns
    """
    check_language(language)
    if isinstance(frame, (Method, tuple)):
        return MethodView(frame if isinstance(frame, tuple) else (frame,), language)
    if rows < 1:
        from tmall_nb.errors import ParameterError

        raise ParameterError("rows", rows, "1 or more")
    stem = stem or stem_of_columns([str(c) for c in frame.columns])
    listed = frame.head(rows + FOLDED_ROWS)
    columns = tuple(_column(listed, part, stem, language) for part in _parts(list(frame.columns)))
    return Table(columns, rows, len(frame), language)


def _parts(names: Sequence[str]) -> list[tuple[str, str | None, str | None]]:
    """Group columns as (estimate, low, high); bounds without an estimate make a column of their own (``""`` for it).

    ``low``/``high`` belong to the column before them, ``x_low``/``x_high`` to ``x``. A verdict stands second: it is the answer.
    """
    parts: list[tuple[str, str | None, str | None]] = []
    taken: set[str] = set()
    for position, name in enumerate(names):
        if name in taken:
            continue
        after = tuple(names[position + 1 : position + 3])
        pair = next(
            (p for p in ((f"{name}_low", f"{name}_high"), after) if _is_pair(p, name) and set(p) <= set(names) - taken), None
        )
        alone = re.sub(r"(?:(?<=_)|^)low(?=(_\d+)?$)", "high", name)
        if pair:
            taken |= set(pair)
            parts.append((name, pair[0], pair[1]))
        elif alone != name and alone in names:
            taken.add(alone)
            parts.append(("", name, alone))
        else:
            parts.append((name, None, None))
    verdict = [p for p in parts[1:] if p[0] == "verdict"]
    return [*parts[:1], *verdict, *(p for p in parts[1:] if p[0] != "verdict")]


def _is_pair(pair: tuple[str, ...], name: str) -> bool:
    """Do these two columns hold the bounds of ``name``?"""
    if pair == (f"{name}_low", f"{name}_high"):
        return True
    return len(pair) == 2 and bool(re.fullmatch(r"low(_\d+)?", pair[0])) and pair[1] == pair[0].replace("low", "high")


def _column(frame: pd.DataFrame, part: tuple[str, str | None, str | None], stem: str | None, language: str) -> Column:
    name, low, high = part
    source = name or low or ""
    unit = _unit(source, frame[source], stem)
    mixed = unit == "by_metric"
    title = _title(part, unit, stem, language)
    cells = []
    for position in range(len(frame)):
        row_unit = _metric_unit(str(frame["metric"].iloc[position])) if mixed else unit
        estimate = frame[name].iloc[position] if name else None
        bounds = [frame[c].iloc[position] for c in (low, high) if c]
        text = _cell(estimate, bounds, row_unit, stem, language, bool(name))
        cells.append(f"¥{text}" if mixed and row_unit.startswith("yuan") and text[:1].isdigit() else text)
    numeric = mixed or unit not in {"text", "value", "field", "fields", "date", "time", "bool"}
    return Column(title, tuple(cells), numeric)


def _cell(estimate: Any, bounds: list[Any], unit: str, stem: str | None, language: str, has_estimate: bool) -> str:
    if unit == "value":
        return value_word(str(estimate), language, stem=stem) if not is_missing(estimate) else format_cell(None, unit, language)
    if not bounds or any(is_missing(b) for b in bounds):
        return format_cell(estimate, unit, language)
    if unit == "number" and has_estimate and not is_missing(estimate):
        return format_value(estimate, "number_ci", language, low=bounds[0], high=bounds[1])
    ends = " ~ ".join(format_cell(b, unit, language) for b in bounds)
    if not has_estimate:
        return ends
    return (
        f"{format_cell(estimate, unit, language)}（{ends}）"
        if language == "zh"
        else f"{format_cell(estimate, unit, language)} ({ends})"
    )


def _unit(name: str, values: pd.Series, stem: str | None) -> str:
    base = re.sub(r"_(low|high)(_\d+)?$", "", name)
    for known in (name, base):
        found = entry("columns", known, stem)
        if found and found.get("unit"):
            return str(found["unit"])
    for known in (name, base):
        if known in FIELDS and FIELDS[known].unit:
            return FIELDS[known].unit
    if name in FIELDS and FIELDS[name].dtype in {"id", "text"}:
        return "text"
    if pd.api.types.is_bool_dtype(values):
        return "bool"
    if pd.api.types.is_datetime64_any_dtype(values):
        return "date"
    if pd.api.types.is_integer_dtype(values):
        return "count"
    return "number" if pd.api.types.is_numeric_dtype(values) else "text"


def _metric_unit(metric: str) -> str:
    return (FIELDS[metric].unit if metric in FIELDS else "") or "number"


def _title(part: tuple[str, str | None, str | None], unit: str, stem: str | None, language: str) -> str:
    name, low, _ = part
    level = LEVEL.search(low or "")
    if name:
        text = heading(name, language, stem=stem)
    elif level:
        text = label("common", "interval", language, level=int(level[2]) / 100)
    else:
        text = heading(re.sub(r"_?low(_\d+)?$", "", low or "") or "low", language, stem=stem)
    sign = CELL_UNITS.get(unit, ("", ""))[language == "en"]
    if not sign or re.search(r"[（(].*[)）]$", text):
        return text
    return f"{text}（{sign}）" if language == "zh" else f"{text} ({sign})"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 2 * TEXT_WIDTH else f"{flat[: 2 * TEXT_WIDTH - 1]}…"


def _pad(text: str, width: int, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space
