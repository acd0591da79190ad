"""Bytes → text cells: what a file is by its first bytes, how it is encoded, and its sheets as rows of text.

A sheet gives its first rows (``head``, to find the header in) and then its data as chunks of Arrow columns, one array per
column position asked for; nothing else is decoded. Text files stream in bounded memory (``csvfile``); workbooks are read by
``books``. The extension of a name is never believed.
"""

from __future__ import annotations

import codecs
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from tmall_nb.errors import ExportError

__all__ = ["BROKEN_ZIP", "HEAD_ROWS", "Chunk", "Opener", "Sheet", "detect_encoding", "open_sheets", "safe_entry"]

HEAD_ROWS = 30
SNIFF = 1 << 20
ASCII = bytes(range(0x80))
ENTRY_LIMIT = 8 << 30  # bytes one zipped text may unpack to; it streams, so memory stays bounded
BOOK_LIMIT = 600 << 20  # bytes a workbook's parts may unpack to
RATIO_LIMIT = 150  # a real export packs 5-30 : 1
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)
Opener = Callable[[], Any]


@dataclass(slots=True)
class Chunk:
    """Some rows of a sheet.

    Attributes
    ----------
    columns : column position → cells (binary for text files, string for workbooks)
    row_no : 1-based row of each, as a spreadsheet shows it
    malformed : rows that have too few or too many cells: (row_no, reason, number of cells)
    """

    columns: dict[int, pa.Array]
    row_no: np.ndarray
    malformed: list[tuple[int, str, int]] = field(default_factory=list)


class Sheet(Protocol):
    """One table of a file."""

    name: str
    form: str
    encoding: str
    head: list[list[str]]

    def chunks(self, header_row: int, keep: Sequence[int]) -> Iterator[Chunk]:
        """Yield the rows below ``header_row`` (0-based) with the column positions ``keep``."""
        ...


def open_sheets(path: Path) -> list[Sheet]:
    """Return the sheets of a file; raises ExportError for what cannot be read (empty, encrypted, damaged, a zip bomb)."""
    from tmall_nb.exports import books, csvfile

    size = path.stat().st_size
    if size == 0:
        raise ExportError(path, "the file is empty (0 bytes): the download broke off; export it again")
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(OLE):
        return books.open_xls(path, path.read_bytes())
    if start.startswith(b"PK"):
        return _open_zip(path)
    if start.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff")):
        raise ExportError(path, "this is a picture or PDF, not a table: export the report as Excel or csv")
    if books.is_html(start):
        return books.open_html(path, _read_limited(path))
    return [csvfile.open_csv(path, lambda: path.open("rb"), "")]


def _read_limited(path: Path) -> bytes:
    if path.stat().st_size > BOOK_LIMIT // 4:
        raise ExportError(path, "an HTML table of more than 150 MB cannot be read: export fewer days at a time")
    return path.read_bytes()


def _open_zip(path: Path) -> list[Sheet]:
    """An xlsx, or a zip that holds exactly one file."""
    from tmall_nb.exports import books, csvfile

    try:
        with zipfile.ZipFile(path) as archive:
            entries = [e for e in archive.infolist() if not e.is_dir()]
    except BROKEN_ZIP as error:
        raise ExportError(path, f"the file is damaged or cut off ({error}): download it again") from error
    names = {e.filename for e in entries}
    if "[Content_Types].xml" in names or any(n.startswith("xl/") for n in names):
        return books.open_xlsx(path, entries)
    entries = [e for e in entries if not e.filename.startswith("__MACOSX/")]
    if len(entries) != 1:
        raise ExportError(path, f"the zip holds {len(entries)} files; unpack it and put the files into the folder")
    entry = entries[0]
    safe_entry(path, entry, ENTRY_LIMIT)
    start = _unpack(path, entry, 4096)
    name = _entry_name(entry)
    if start.startswith((OLE, b"PK")) or books.is_html(start):
        return _inner_book(path, entry, start, name)
    return [csvfile.open_csv(path, lambda: _Entry(path, entry.filename), name)]


def _inner_book(path: Path, entry: zipfile.ZipInfo, start: bytes, name: str) -> list[Sheet]:
    from tmall_nb.exports import books

    safe_entry(path, entry, BOOK_LIMIT // 4)
    data = _unpack(path, entry, BOOK_LIMIT // 4)
    if start.startswith(OLE):
        return books.open_xls(path, data, name)
    if books.is_html(start):
        return books.open_html(path, data, name)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as inner:
            entries = inner.infolist()
    except BROKEN_ZIP as error:
        raise ExportError(path, f"{name} inside the zip is damaged ({error})") from error
    if not any(e.filename.startswith("xl/") for e in entries):
        raise ExportError(path, "a zip inside a zip: unpack it and put the files into the folder")
    return books.open_xlsx(path, entries, data, name)


def _entry_name(entry: zipfile.ZipInfo) -> str:
    """Name of an entry; without the UTF-8 flag, names from Chinese Windows are GBK read as CP437."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return entry.filename


def safe_entry(path: Path, entry: zipfile.ZipInfo, limit: int) -> None:
    """Refuse an encrypted entry and one that would unpack to far more than an export holds."""
    if entry.flag_bits & 0x1:
        raise ExportError(path, "the zip is protected by a password: unpack it first")
    packed, unpacked = max(entry.compress_size, 1), entry.file_size
    if unpacked > limit or (unpacked > 32 << 20 and unpacked / packed > RATIO_LIMIT):
        raise ExportError(
            path, f"{entry.filename} would unpack to {unpacked >> 20} MB from {packed >> 10} KB; no export is like that"
        )


def _unpack(path: Path, entry: zipfile.ZipInfo, size: int) -> bytes:
    """The first bytes of an entry."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(entry) as file:
            return file.read(size)
    except BROKEN_ZIP as error:
        raise ExportError(path, f"{entry.filename} in the zip cannot be unpacked ({error})") from error


class _Entry(io.RawIOBase):
    """One zip entry as a file of its own that closes its archive."""

    def __init__(self, path: Path, name: str):
        super().__init__()
        self._path, self._archive = path, zipfile.ZipFile(path)
        self._file = self._archive.open(name)

    def read(self, size: int = -1) -> bytes:
        try:
            return self._file.read(size)
        except BROKEN_ZIP as error:
            raise ExportError(self._path, f"the zip is damaged ({error}): download it again") from error

    def close(self) -> None:
        self._file.close()
        self._archive.close()
        super().close()


def detect_encoding(path: Path, opener: Opener) -> tuple[str, int]:
    """Return (encoding, length of the byte-order mark): BOM, then strict UTF-8, then GB18030.

    Most UTF-8 text decodes as GB18030 without an error, so UTF-8 is tried first; a UTF-8 file with a few damaged bytes
    (fewer than 1 in 20 of its Chinese bytes) stays UTF-8.
    """
    with opener() as file:
        start = file.read(SNIFF)
        if start.startswith(codecs.BOM_UTF8):
            return "utf-8", 3
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16", 0
        if b"\x00" in start[:8192]:
            raise ExportError(path, "the file is not a table (it holds binary data): export it again as Excel or csv")
        decoder = codecs.getincrementaldecoder("utf-8")("strict")
        block = start
        while block:
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                return _damaged_or_gb(block), 0
            block = file.read(4 << 20)
    return "utf-8", 0


def _damaged_or_gb(block: bytes) -> str:
    """UTF-8 where nearly all non-ASCII bytes are good UTF-8, else GB18030."""
    sample = block[: 4 << 20]
    high = len(sample[:SNIFF].translate(None, ASCII))
    bad = sample[:SNIFF].decode("utf-8", "replace").count("\ufffd")
    if high == 0:
        return _damaged_or_gb(sample[SNIFF:]) if len(sample) > SNIFF else "gb18030"
    return "utf-8" if bad / high < 0.05 else "gb18030"
