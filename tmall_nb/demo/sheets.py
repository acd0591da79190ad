"""Writers of the files a seller downloads: csv in GB18030 or UTF-8, zip with one csv, xlsx, HTML called .xls.

csv rows are formatted by pyarrow in C; xlsx by xlsxwriter in constant memory with a fixed creation time; zip entries
carry a fixed time. ``.xls`` proper: see ``biff``.
"""

from __future__ import annotations

import html
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv as pa_csv

__all__ = [
    "commas",
    "csv_bytes",
    "percent",
    "seconds_text",
    "write_csv",
    "write_csv_parts",
    "write_html",
    "write_xlsx",
    "write_zip",
    "yuan",
]

EPOCH = datetime(2026, 1, 1, 9, 30)
BLOCK = 50_000


def yuan(cents: np.ndarray) -> np.ndarray:
    """Cents as yuan (float64), exact to the cent when printed."""
    return np.round(np.asarray(cents) / 100.0, 2)


def _format(values: np.ndarray, text: Any) -> np.ndarray:
    distinct, inverse = np.unique(values, return_inverse=True)
    return (
        np.array([text(v) for v in distinct.tolist()], dtype=object)[inverse.ravel()] if len(values) else values.astype(object)
    )


def commas(values: np.ndarray, *, digits: int = 0, blank_zero: bool = False) -> np.ndarray:
    """Numbers as the back-end writes them: ``"1,234"``; ``"-"`` for no data (NaN, and 0 when ``blank_zero``)."""
    return _format(np.asarray(values, dtype=float), lambda v: "-" if v != v or (blank_zero and v == 0) else f"{v:,.{digits}f}")


def percent(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Rates as text: ``"12.34%"``, ``"-"`` where nothing was there to divide by."""
    rate = np.divide(part, whole, out=np.full(len(part), np.nan), where=np.asarray(whole) > 0)
    return _format(np.round(rate, 4), lambda v: "-" if v != v else f"{v * 100:.2f}%")


def seconds_text(seconds: np.ndarray) -> pa.Array:
    """Seconds since 1970 as time stamps; negative ones are blank."""
    return pa.array(np.maximum(seconds, 0).astype("datetime64[s]"), mask=np.asarray(seconds) < 0)


def csv_bytes(columns: Mapping[str, Any], *, encoding: str = "gb18030", rows: int | None = None) -> bytes:
    """Return the columns as csv, header first (header names as given, trailing blanks kept)."""
    head = ",".join(columns) + "\n"
    return head.encode(encoding) + b"".join(_blocks(columns, encoding, rows))


def _blocks(columns: Mapping[str, Any], encoding: str, rows: int | None = None) -> Iterator[bytes]:
    """The rows as csv, some thousands at a time, so that no month of a large shop stands in memory as text."""
    count = rows if rows is not None else len(next(iter(columns.values())))
    arrays = [_column(v, count) for v in columns.values()]
    table = pa.table(arrays, names=[str(n) for n in range(len(arrays))])
    utf8 = encoding.replace("-", "").lower() == "utf8"
    for start in range(0, count, BLOCK):
        out = io.BytesIO()
        pa_csv.write_csv(table.slice(start, BLOCK), out, pa_csv.WriteOptions(include_header=False, quoting_style="needed"))
        yield out.getvalue() if utf8 else out.getvalue().decode().encode(encoding)


def _column(values: Any, count: int) -> pa.Array:
    if isinstance(values, str) or values is None:
        return pa.array([values] * count, pa.string()) if count < 200_000 else pa.repeat(pa.scalar(values, pa.string()), count)
    if isinstance(values, pa.Array):
        return values
    values = np.asarray(values)
    if values.dtype.kind == "f":
        return pa.array(values, mask=np.isnan(values))
    return pa.array(values, pa.string() if values.dtype == object else None)


def write_csv(path: Path, columns: Mapping[str, Any], *, encoding: str = "gb18030", bom: bool = False) -> None:
    """Write one csv file."""
    write_csv_parts(path, [columns], encoding=encoding, bom=bom)


def write_csv_parts(path: Path, parts: Iterable[Mapping[str, Any]], *, encoding: str = "gb18030", bom: bool = False) -> None:
    """Write one csv file from parts with the same columns, one part in memory at a time."""
    with path.open("wb") as file:
        file.write(b"\xef\xbb\xbf" if bom else b"")
        for n, columns in enumerate(parts):
            if n == 0:
                file.write((",".join(columns) + "\n").encode(encoding))
            file.writelines(_blocks(columns, encoding))


def write_zip(path: Path, name: str, columns: Mapping[str, Any]) -> None:
    """Write a zip that holds exactly one csv (GB18030), with a fixed time."""
    entry = zipfile.ZipInfo(name, date_time=(2026, 1, 1, 9, 30, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, csv_bytes(columns), compresslevel=6)


def write_xlsx(path: Path, columns: Mapping[str, Any], *, sheet: str = "Sheet1", above: Sequence[Sequence[str]] = ()) -> None:
    """Write one sheet; ids and texts as text cells, numbers as numbers; NaN, None and "" left out."""
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_urls": False, "nan_inf_to_errors": False})
    book.set_properties({"created": EPOCH})
    page = book.add_worksheet(sheet)
    for r, row in enumerate(above):
        for c, text in enumerate(row):
            page.write_string(r, c, text)
    for c, name in enumerate(columns):
        page.write_string(len(above), c, name.rstrip("\x00"))
    lists = [_listed(v) for v in columns.values()]
    for r in range(max((len(v) for v in lists), default=0)):
        for c, values in enumerate(lists):
            value = values[r]
            if value == "":
                continue
            if isinstance(value, str):
                page.write_string(len(above) + 1 + r, c, value)
            elif value is not None and value == value:
                page.write_number(len(above) + 1 + r, c, value)
    book.close()


def _listed(values: Any) -> list[Any]:
    if isinstance(values, pa.Array):
        return [v if v is None or isinstance(v, (str, int, float)) else str(v) for v in values.to_pylist()]
    return np.asarray(values).tolist()


def write_html(path: Path, columns: Mapping[str, Any]) -> None:
    """Write an HTML table under an .xls name, as some older downloads are."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    rows = zip(*(np.asarray(v, dtype=object).tolist() for v in columns.values()), strict=True)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(v))}</td>" for v in row) + "</tr>\n" for row in rows)
    text = f'<html><head><meta charset="utf-8"></head><body><table border="1">\n<tr>{head}</tr>\n{body}</table></body></html>'
    path.write_bytes(text.encode())
