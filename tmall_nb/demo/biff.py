"""A small writer of true BIFF8 ``.xls`` files whose cells are all text, as the seller back-end writes them.

Cells are built as numpy records (no Python object per cell), so a month of a shop's items takes milliseconds; general
writers need about a hundred times as long. Layout after the public [MS-XLS] and [MS-CFB] descriptions. No time stamp
is written: equal tables give equal bytes.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

__all__ = ["write_xls"]

SECTOR, LIMIT = 512, 8224
CELL = np.dtype([("id", "<u2"), ("size", "<u2"), ("row", "<u2"), ("column", "<u2"), ("style", "<u2"), ("text", "<u4")])


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _strings(texts: list[str], cells: int) -> bytes:
    """The shared strings; no string is split over two records."""
    blocks, current = [], bytearray(struct.pack("<II", cells, len(texts)))
    for text in texts:
        raw = text.encode("utf-16-le")
        entry = struct.pack("<HB", len(raw) // 2, 1) + raw
        if len(current) + len(entry) > LIMIT:
            blocks.append(bytes(current))
            current = bytearray()
        current += entry
    blocks.append(bytes(current))
    return b"".join(_record(0x00FC if n == 0 else 0x003C, block) for n, block in enumerate(blocks))


def _sheet(cells: np.ndarray, rows: int, columns: int) -> bytes:
    head = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6))
    head += _record(0x0200, struct.pack("<IIHHH", 0, rows, 0, columns, 0))
    return (
        head
        + cells.tobytes()
        + _record(0x023E, struct.pack("<HHHHHHHHH", 0x06B6, 0, 0, 0x40, 0, 0, 0, 0, 0))
        + _record(0x000A, b"")
    )


def _globals(names: list[str], strings: bytes) -> tuple[bytes, int]:
    """The workbook's globals with open sheet positions, and the offset of the first sheet entry."""
    font = struct.pack("<HHHHHBBBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 134, 0, 2, 1) + "宋体".encode("utf-16-le")
    style = struct.pack("<HHHBBBBIIH", 0, 0, 0xFFF5, 0x20, 0, 0, 0, 0, 0, 0x20C0)
    cell = struct.pack("<HHHBBBBIIH", 0, 49, 1, 0x20, 0, 0, 0, 0, 0, 0x20C0)
    out = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6))
    out += _record(0x0042, struct.pack("<H", 1200)) + _record(
        0x003D, struct.pack("<9H", 0, 0, 0x4000, 0x2000, 0x38, 0, 0, 1, 600)
    )
    out += _record(0x0022, b"\0\0") + _record(0x0031, font) * 4
    out += _record(0x00E0, style) * 15 + _record(0x00E0, cell) + _record(0x0293, struct.pack("<HBB", 0x8000, 0, 0xFF))
    place = len(out)
    for name in names:
        raw = name.encode("utf-16-le")
        out += _record(0x0085, struct.pack("<IBBBB", 0, 0, 0, len(raw) // 2, 1) + raw)
    return out + strings + _record(0x000A, b""), place


def _compound(stream: bytes) -> bytes:
    """Wrap the workbook stream into a compound file of 512-byte sectors."""
    stream = stream.ljust(max(4096, -(-len(stream) // SECTOR) * SECTOR), b"\0")
    data = len(stream) // SECTOR
    fat = 1
    while fat * 128 < data + 1 + fat + _master(fat):
        fat += 1
    master = _master(fat)
    table = np.full(fat * 128, 0xFFFFFFFF, dtype="<u4")
    table[:data] = np.arange(1, data + 1)
    table[data - 1] = table[data] = 0xFFFFFFFE
    table[data + 1 : data + 1 + fat], table[data + 1 + fat : data + 1 + fat + master] = 0xFFFFFFFD, 0xFFFFFFFC
    sectors = np.arange(data + 1, data + 1 + fat, dtype="<u4")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 10
    head += struct.pack("<IIIIIIII", fat, data, 0, 4096, 0xFFFFFFFE, 0, data + 1 + fat if master else 0xFFFFFFFE, master)
    head += np.concatenate([sectors[:109], np.full(max(109 - fat, 0), 0xFFFFFFFF, dtype="<u4")]).astype("<u4").tobytes()
    extra = b""
    for n in range(master):
        part = np.full(128, 0xFFFFFFFF, dtype="<u4")
        chunk = sectors[109 + n * 127 : 109 + (n + 1) * 127]
        part[: len(chunk)] = chunk
        part[127] = data + 2 + fat + n if n + 1 < master else 0xFFFFFFFE
        extra += part.tobytes()
    directory = _entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + _entry("Workbook", 2, 0xFFFFFFFF, 0, len(stream))
    return head + stream + directory + bytes(256) + table.tobytes() + extra


def _master(fat: int) -> int:
    return -(-max(fat - 109, 0) // 127)


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    raw = name.encode("utf-16-le") + b"\0\0"
    none = 0xFFFFFFFF
    return (
        raw.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(raw), kind, 1, none, none, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )


def write_xls(path: Path, sheets: dict[str, tuple[list[list[str]], dict[str, np.ndarray]]]) -> None:
    """Write sheets of text cells as a BIFF8 file.

    Parameters
    ----------
    path : file to write
    sheets : sheet name -> (title rows above the headers, columns of text by header); at most 65,536 rows a sheet
    """
    texts: dict[str, int] = {}
    parts = [_cells(title, columns, texts) for title, columns in sheets.values()]
    start, place = _globals(list(sheets), _strings(list(texts), sum(len(p[0]) for p in parts)))
    bodies = [_sheet(*part) for part in parts]
    book, position = bytearray(start), len(start)
    for name, body in zip(sheets, bodies, strict=True):
        struct.pack_into("<I", book, place + 4, position)
        place += 4 + 8 + 2 * len(name)
        position += len(body)
    path.write_bytes(_compound(bytes(book) + b"".join(bodies)))


def _cells(title: list[list[str]], columns: dict[str, np.ndarray], texts: dict[str, int]) -> tuple[np.ndarray, int, int]:
    top = [(r, c, text) for r, row in enumerate([*title, list(columns)]) for c, text in enumerate(row) if text != ""]
    parts = [np.array([(0xFD, 10, r, c, 15, texts.setdefault(t, len(texts))) for r, c, t in top], dtype=CELL)]
    height = len(title) + 1
    for c, values in enumerate(columns.values()):
        seen: dict[str, int] = {}
        index = np.fromiter((seen.setdefault(v, len(seen)) for v in values), dtype=np.int64, count=len(values))
        codes = np.array([texts.setdefault(v, len(texts)) for v in seen] or [0], dtype=np.int64)
        part = np.zeros(len(values), dtype=CELL)
        part["id"], part["size"], part["style"], part["column"] = 0xFD, 10, 15, c
        part["row"], part["text"] = np.arange(height, height + len(values)), codes[index] if len(values) else 0
        parts.append(part)
    cells = np.concatenate(parts)
    return cells[np.lexsort((cells["column"], cells["row"]))], height + (len(parts[1]) if len(parts) > 1 else 0), len(columns)
