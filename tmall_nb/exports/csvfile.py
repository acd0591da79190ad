"""Text tables in bounded memory: raw bytes are cut at line ends and parsed as binary columns.

In UTF-8 and in GB18030, comma, quote and newline are never part of a longer character, so bytes can be cut before anything
is decoded. Blocks that Arrow refuses are halved until the few bad lines stand alone and are read record by record.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from tmall_nb.errors import ExportError
from tmall_nb.exports.files import HEAD_ROWS, Chunk, Opener, detect_encoding

__all__ = ["CsvSheet", "open_csv"]

BLOCK = 8 << 20
SMALL = 48 << 10  # bytes read record by record once Arrow has refused them
LINE_LIMIT = 32 << 20
RECORD_LINES = 200
Piece = tuple[dict[int, pa.Array], np.ndarray, list[tuple[int, str, int]], int]


def open_csv(path: Path, opener: Opener, name: str) -> CsvSheet:
    """Return a text table; UTF-16 is turned into UTF-8 in memory first."""
    encoding, skip = detect_encoding(path, opener)
    if encoding == "utf-16":
        with opener() as file:
            raw = file.read(256 << 20)
        data = raw.decode("utf-16", "replace").encode()
        return CsvSheet(path, lambda: io.BytesIO(data), name, "utf-8", 0)
    return CsvSheet(path, opener, name, encoding, skip)


class CsvSheet:
    """A text table: see ``files.Sheet``."""

    form = "csv"

    def __init__(self, path: Path, opener: Opener, name: str, encoding: str, skip: int):
        self.path, self.name, self.encoding, self._opener = path, name, encoding, opener
        with opener() as file:
            file.read(skip)
            start = file.read(256 << 10)
        line = start.split(b"\n", 1)[0]
        if line[:4].lower() == b"sep=":
            skip, start = skip + len(line) + 1, start[len(line) + 1 :]
        self.delimiter = _delimiter(start)
        self.head, self._ends = self._read_head(start)
        self._skip = skip

    def _read_head(self, start: bytes) -> tuple[list[list[str]], list[int]]:
        head, ends = [], []
        for cells, end in islice(_records(start, self.delimiter), HEAD_ROWS * 2):
            head.append([c.encode("latin-1").decode(self.encoding, "replace") for c in cells])
            ends.append(end)
        return head, ends

    def chunks(self, header_row: int, keep: Sequence[int]) -> Iterator[Chunk]:
        """Yield chunks of rows below the header; rows with another number of cells are listed as malformed."""
        width = self._width(header_row)
        parse = _Parser(width, keep, self.delimiter)
        row = header_row + 2
        for block in self._blocks(self._ends[header_row], width):
            columns, offsets, malformed, count = _joined(list(parse.read(block)), keep)
            yield Chunk(columns, offsets + row, [(row + at, why, cells) for at, why, cells in malformed])
            row += count

    def _width(self, header_row: int) -> int:
        """Cells in a row: as in the header, or one more where every data row ends with a comma."""
        width = len(self.head[header_row])
        below = [len(cells) for cells in self.head[header_row + 1 :]]
        return width + 1 if below and min(below) == max(below) == width + 1 else width

    def _blocks(self, start: int, width: int) -> Iterator[bytes]:
        with self._opener() as file:
            file.read(self._skip + start)
            rest = b""
            while block := file.read(BLOCK):
                data = rest + block
                cut = _cut(data, width, self.delimiter)
                if cut == 0 and len(data) > LINE_LIMIT:
                    raise ExportError(self.path, "a line of more than 32 MB: this is not a table")
                if cut:
                    yield data[:cut]
                rest = data[cut:]
            if rest.strip(b"\r\n \t\x1a"):
                yield rest


def _delimiter(start: bytes) -> str:
    lines = start.split(b"\n")[:HEAD_ROWS]
    return max((",", "\t", ";"), key=lambda d: max((line.count(d.encode()) for line in lines), default=0))


def _split(line: str, delimiter: str) -> list[str] | None:
    """Cells of one complete record, None where a quote stays open or stands in the middle."""
    try:
        rows = list(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _records(data: bytes, delimiter: str) -> Iterator[tuple[list[str], int]]:
    """Yield the records of the first lines (cells as latin-1 text) and the offset behind each."""
    lines = data.split(b"\n")
    at, n = 0, 0
    while n < len(lines):
        text, taken = lines[n].rstrip(b"\r").decode("latin-1"), 1
        cells = _split(text, delimiter)
        while cells is None and taken < 20 and n + taken < len(lines):
            text = text + "\n" + lines[n + taken].rstrip(b"\r").decode("latin-1")
            taken += 1
            cells = _split(text, delimiter)
        if cells is None:
            taken, cells = 1, lines[n].rstrip(b"\r").decode("latin-1").split(delimiter)
        at += sum(len(line) + 1 for line in lines[n : n + taken])
        yield cells, min(at, len(data))
        n += taken


def _cut(data: bytes, width: int, delimiter: str) -> int:
    """Offset behind the last line that is surely a complete record (0: none found)."""
    last = end = data.rfind(b"\n") + 1
    for _ in range(500):
        if end <= 0:
            break
        start = data.rfind(b"\n", 0, end - 1) + 1
        cells = _split(data[start:end].rstrip(b"\r\n").decode("latin-1"), delimiter)
        if cells is not None and len(cells) == width:
            return end
        end = start
    return last


class _Parser:
    """Parses blocks of bytes into the columns asked for."""

    def __init__(self, width: int, keep: Sequence[int], delimiter: str):
        self.width, self.keep, self.delimiter = width, list(keep), delimiter
        self._names = [str(n) for n in range(width)]
        self._parse = pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)

    def _convert(self, keep: Sequence[int]) -> pa_csv.ConvertOptions:
        return pa_csv.ConvertOptions(
            check_utf8=False, column_types={str(n): pa.binary() for n in keep}, include_columns=[str(n) for n in keep],
            strings_can_be_null=False, quoted_strings_can_be_null=False,
        )  # fmt: skip

    def _arrow(self, block: bytes, keep: Sequence[int]) -> pa.Table:
        options = pa_csv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=self._names)
        return pa_csv.read_csv(pa.BufferReader(block), options, self._parse, self._convert(keep))

    def read(self, block: bytes) -> Iterator[Piece]:
        """Yield pieces of a block in order: columns, row offsets, malformed rows, number of records."""
        try:
            table = self._arrow(block, self.keep)
            sound = table.num_rows >= block.count(b"\n") or not self._swallowed(block)
        except pa.ArrowInvalid:
            sound = False
        if sound:
            columns = {n: _one(table.column(str(n))) for n in self.keep}
            yield columns, np.arange(table.num_rows), [], table.num_rows
        elif len(block) <= SMALL:
            yield self._slowly(block)
        else:
            yield from self._halved(block)

    def _halved(self, block: bytes) -> Iterator[Piece]:
        step, at = max(len(block) // 8, SMALL // 2), 0
        while at < len(block):
            end = at + _cut(block[at : at + step], self.width, self.delimiter) if at + step < len(block) else len(block)
            if end <= at:
                end = block.find(b"\n", min(at + step, len(block))) + 1 or len(block)
            piece = block[at:end]
            yield from [self._slowly(piece)] if len(piece) >= len(block) else self.read(piece)
            at = end

    def _swallowed(self, block: bytes) -> bool:
        """Did a stray quote swallow whole records? Then a value holds line ends and a record's worth of delimiters."""
        mark = self.delimiter.encode()
        inside = block.split(b'"')[1::2]  # between quotes, if every quote has its pair
        if not any(b"\n" in part and part.count(mark) >= self.width - 1 for part in inside):
            return False
        table = self._arrow(block, range(self.width))
        for column in table.columns:
            lines = pc.count_substring(column, pattern="\n")
            if (pc.max(lines).as_py() or 0) == 0:
                continue
            values = column.filter(pc.greater(lines, 0))
            commas = pc.max(pc.count_substring(values, pattern=self.delimiter)).as_py() or 0
            if commas >= self.width - 1 or (pc.max(lines).as_py() or 0) > RECORD_LINES:
                return True
        return False

    def _slowly(self, block: bytes) -> Piece:
        """Read record by record; a line that is no record of the right width is set aside."""
        lines = [line.rstrip("\r") for line in block.decode("latin-1").split("\n")]
        good: list[list[str]] = []
        offsets, malformed, at, n = [], [], 0, 0
        while n < len(lines):
            if not lines[n].strip("\r \t\x1a"):
                n += 1
                continue
            cells, taken = self._record(lines, n)
            if cells is not None and len(cells) == self.width:
                good.append(cells)
                offsets.append(at)
            else:
                found = lines[n].count(self.delimiter) + 1 if cells is None else len(cells)
                reason = "broken_quote" if cells is None else "too_few_cells" if found < self.width else "too_many_cells"
                malformed.append((at, reason, found))
            at, n = at + 1, n + taken
        columns = {n: pa.array([cells[n].encode("latin-1") for cells in good], pa.binary()) for n in self.keep}
        return columns, np.array(offsets, dtype=np.int64), malformed, at

    def _record(self, lines: list[str], n: int) -> tuple[list[str] | None, int]:
        """Cells of the record that starts at line n and the lines it takes."""
        cells = _split(lines[n], self.delimiter)
        if cells is not None:
            return cells, 1
        loose = list(csv.reader([lines[n]], delimiter=self.delimiter)) if lines[n].count('"') % 2 == 0 else []
        if loose and len(loose[0]) == self.width:
            return loose[0], 1
        text = lines[n]
        for taken in range(2, min(RECORD_LINES, len(lines) - n) + 1):
            following = _split(lines[n + taken - 1], self.delimiter)
            if following is not None and len(following) == self.width:
                return None, 1
            text = text + "\n" + lines[n + taken - 1]
            cells = _split(text, self.delimiter)
            if cells is not None:
                return cells, taken
        return None, 1


def _joined(pieces: list[Piece], keep: Sequence[int]) -> Piece:
    """The pieces of a block as one."""
    if len(pieces) == 1:
        return pieces[0]
    starts = np.cumsum([0, *(count for *_, count in pieces)])
    columns = {n: pa.concat_arrays([columns[n] for columns, *_ in pieces]) for n in keep}
    offsets = np.concatenate([o + s for (_, o, _, _), s in zip(pieces, starts[:-1], strict=True)])
    malformed = [(int(s) + at, why, cells) for (_, _, m, _), s in zip(pieces, starts[:-1], strict=True) for at, why, cells in m]
    return columns, offsets, malformed, int(starts[-1])


def _one(column: pa.ChunkedArray) -> pa.Array:
    return (
        column.chunk(0)
        if column.num_chunks == 1
        else pa.concat_arrays(column.chunks)
        if column.num_chunks
        else pa.array([], column.type)
    )
