"""Workbooks → text cells: true xls and xlsx by calamine, HTML tables that are called .xls.

Numbers become the text a merchant sees; a number of more than 15 digits has lost digits in the workbook and is marked with
``DAMAGED``, so that no id is ever joined by it.
"""

from __future__ import annotations

import datetime as dt
import html
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tmall_nb.errors import ExportError
from tmall_nb.exports.files import BOOK_LIMIT, BROKEN_ZIP, HEAD_ROWS, Chunk, Sheet, safe_entry

__all__ = ["DAMAGED", "BookSheet", "is_html", "open_html", "open_xls", "open_xlsx"]

DAMAGED = "\x00"
CELL_LIMIT = 40_000_000
EPOCH = dt.datetime(1899, 12, 30)
_CELL = re.compile(rb'<c r="([A-Z]{1,3})(\d+)"')
_ROW = re.compile(r"<tr\b[^>]*>", re.I)
_TD = re.compile(r"<t[dh]\b[^>]*>(.*?)(?=</t[dh]>|<t[dh]\b|</tr>|$)", re.I | re.S)
_TAG = re.compile(r"<[^>]+>")


class BookSheet:
    """A sheet of a workbook: see ``files.Sheet``."""

    def __init__(self, name: str, form: str, rows: list[list[Any]], encoding: str = ""):
        self.name, self.form, self.encoding, self._rows = name, form, encoding, rows
        self.head = [[cell_text(c) for c in row] for row in rows[: HEAD_ROWS * 2]]

    def chunks(self, header_row: int, keep: Sequence[int]) -> Iterator[Chunk]:
        """Yield the rows below the header in one chunk; blank rows are skipped."""
        numbered = [(n, row) for n, row in enumerate(self._rows) if n > header_row and any(c != "" for c in row)]
        row_no = np.array([n + 1 for n, _ in numbered], dtype=np.int64)
        width = max((len(row) for _, row in numbered), default=0)
        columns = {
            n: pa.array(
                _texts([row[n] if n < len(row) else "" for _, row in numbered] if n < width else [""] * len(numbered)),
                pa.string(),
            )
            for n in keep
        }
        yield Chunk(columns, row_no)


def cell_text(value: Any) -> str:
    """A cell as the text a merchant sees."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (int, float)):
        if value != value or value in (float("inf"), float("-inf")):
            return ""
        if abs(value) >= 1e15:
            return f"{DAMAGED}{int(value)}"
        return str(int(value)) if value == int(value) else repr(value)
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return str(value)
    if isinstance(value, dt.timedelta):
        return str(value.total_seconds())
    return "" if value is None else str(value)


def _texts(values: list[Any]) -> list[str]:
    return values if all(type(v) is str for v in values) else [cell_text(v) for v in values]


def _workbook(path: Path, data: bytes, form: str, name: str) -> list[Sheet]:
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = {s: book.get_sheet_by_name(s).to_python(skip_empty_area=False) for s in book.sheet_names}
    except calamine.PasswordError as error:
        raise ExportError(path, "the workbook is protected by a password: open it, remove the password and save it") from error
    except (calamine.CalamineError, OSError, ValueError, MemoryError, OverflowError) as error:
        raise ExportError(path, f"the workbook is damaged or cut off ({error}): download it again") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # the Rust reader gives up on some damaged files this way
            raise
        raise ExportError(path, "the workbook is damaged: download it again") from error
    many = len(sheets) > 1
    return [BookSheet(s if many else name, form, rows) for s, rows in sheets.items() if rows]


def open_xls(path: Path, data: bytes, name: str = "") -> list[Sheet]:
    """Read a BIFF workbook; an encrypted xlsx lies in the same kind of container."""
    if (
        "EncryptedPackage".encode("utf-16-le") in data[: 1 << 20]
        or "EncryptedPackage".encode("utf-16-le") in data[-(1 << 16) :]
    ):
        raise ExportError(path, "the workbook is protected by a password: open it, remove the password and save it")
    return _workbook(path, data, "xls", name)


def open_xlsx(path: Path, entries: list[zipfile.ZipInfo], data: bytes | None = None, name: str = "") -> list[Sheet]:
    """Read an xlsx after measuring it: what its parts unpack to, and the rectangle its cells span."""
    source = data if data is not None else path.read_bytes()
    if sum(e.file_size for e in entries) > BOOK_LIMIT:
        raise ExportError(path, "the workbook would unpack to more than 600 MB: export fewer days at a time, or csv")
    for entry in entries:
        safe_entry(path, entry, BOOK_LIMIT)
    try:
        with zipfile.ZipFile(io.BytesIO(source)) as archive:
            for entry in entries:
                if entry.filename.startswith("xl/worksheets/"):
                    _measure(path, archive, entry)
    except BROKEN_ZIP as error:
        raise ExportError(path, f"the workbook is damaged or cut off ({error}): download it again") from error
    return _workbook(path, source, "xlsx", name)


def _measure(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Refuse a sheet whose outermost cells span more cells than memory holds."""
    letters: set[bytes] = set()
    rows, rest = 0, b""
    with archive.open(entry) as file:
        while block := file.read(4 << 20):
            found = _CELL.findall(rest + block)
            letters.update(c for c, _ in found)
            rows = max(rows, int(found[-1][1])) if found else rows
            rest = block[-24:]
    columns = max((_column_number(c) for c in letters), default=0)
    if rows * columns > CELL_LIMIT:
        raise ExportError(path, f"the sheet spans {rows:,} rows x {columns:,} columns: delete the empty area and save it again")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def is_html(start: bytes) -> bool:
    """Do these first bytes start an HTML page?"""
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return text.startswith((b"<html", b"<!doctype html", b"<table", b"<head", b"<meta")) or (
        text.startswith(b"<") and b"<table" in text
    )


def open_html(path: Path, data: bytes, name: str = "") -> list[Sheet]:
    """Read the tables of an HTML page that is called .xls."""
    encoding = _html_encoding(data)
    text = data.decode(encoding, "replace")
    sheets: list[Sheet] = []
    for part in re.split(r"<table\b", text, flags=re.I)[1:]:
        rows = [[html.unescape(_TAG.sub("", c)).strip() for c in _TD.findall(row)] for row in _ROW.split(part)[1:]]
        if rows:
            sheets.append(BookSheet(name, "html", rows, encoding))
    if not sheets:
        raise ExportError(path, "a web page without a table: you may have saved the login page; export the report again")
    return sheets


def _html_encoding(data: bytes) -> str:
    """Strict UTF-8 first: a page's own charset is often wrong after a resave."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8"
