"""Text cells → typed columns: "1,234", "12.34%", "5000 ~ 1万", ="1930…", 12.00元, "-", dates in all forms seen.

Every cleaner takes an Arrow array of cells and returns a typed array and a mask of the cells it could not read (a blank
cell is missing, not unreadable; 0 stays 0). Whole columns are cast at once where the cells are plain; only what is left is
parsed once per distinct value. Money is exact: text to decimal, never through a float.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tmall_nb.exports.books import DAMAGED
from tmall_nb.exports.key import buyer_keys
from tmall_nb.exports.places import city_name, place, province_name

__all__ = ["BAD", "MONEY", "Cleaner", "cents", "decimal", "parse_date", "parse_number", "parse_range", "parse_time"]

MONEY = pa.decimal128(18, 2)
BAD = object()
CENT = Decimal("0.01")
BLANK = {"", "-", "--", "—", "——", "null", "none", "nan", "n/a", "#n/a", "\\n", "暂无数据", "无"}
WRAP = "=\"' \t\r\n\u3000\xa0"
TRUE, FALSE = {"是", "y", "yes", "true", "1", "有", "手机订单", "已售罄"}, {"否", "n", "no", "false", "0", "没有", "非手机订单"}
_NUMBER = re.compile(r"^([-+]?[\d.]+(?:[eE][-+]?\d+)?)(万|亿|w)?(%|‰)?$")
_LOST = re.compile(r"^\d(?:\.\d+)?[eE]\+?\d+$")
_TIME = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ]*(\d{1,2})[:：时](\d{1,2})(?:[:：分](\d{1,2})(?:\.\d+)?)?)?秒?"
)
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?$")
Cleaned = tuple[pa.Array, np.ndarray]


def parse_number(text: str) -> Any:
    """A number as Decimal, None where blank, BAD where it is none; percent is divided out, 万 and 亿 multiplied."""
    text = text.strip(WRAP)
    if text.lower() in BLANK:
        return None
    text = text.replace(",", "").replace("，", "").replace("％", "%").removeprefix(DAMAGED)
    text = text.lstrip("¥￥").removesuffix("元").strip()
    if text.startswith("(") and text.endswith(")"):
        text = "-" + text[1:-1]
    found = _NUMBER.match(text)
    if not found:
        return BAD
    try:
        value = Decimal(found[1])
    except InvalidOperation:
        return BAD
    if not value.is_finite() or abs(value) >= Decimal("1e15"):
        return BAD
    value *= {"万": 10_000, "w": 10_000, "亿": 100_000_000, None: 1}[found[2]]
    return value / {"%": 100, "‰": 1000, None: 1}[found[3]]


def parse_money(text: str) -> Any:
    """Yuan rounded half up to the cent."""
    value = parse_number(text)
    return value.quantize(CENT, ROUND_HALF_UP) if isinstance(value, Decimal) else value


def parse_count(text: str) -> Any:
    """A whole number; a fraction is BAD."""
    value = parse_number(text)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else BAD
    return value


def parse_range(text: str) -> Any:
    """(low, high) of ``600 ~ 1200``, ``5% ~ 7.5%``, ``5000 ~ 1万``, ``1万+``; a single number is both ends."""
    text = text.strip(WRAP).replace("～", "~").replace("至", "~")
    if text.endswith(("+", "以上")):
        low = parse_number(text.removesuffix("+").removesuffix("以上"))
        return BAD if low is BAD else (low, None)
    low, _, high = text.partition("~")
    ends = parse_number(low), parse_number(high or low)
    return BAD if BAD in ends else None if ends == (None, None) else ends


def parse_time(text: str) -> Any:
    """A time stamp; the first one where the cell holds a span."""
    text = text.strip(WRAP)
    if text.lower() in BLANK:
        return None
    found = _TIME.match(text) or _COMPACT.match(text)
    if found:
        try:
            return dt.datetime(*(int(g or 0) for g in found.groups()))  # type: ignore[arg-type]
        except ValueError:
            return BAD
    value = parse_number(text)
    if isinstance(value, Decimal) and 20_000 <= value <= 80_000:  # a spreadsheet's day number
        return dt.datetime(1899, 12, 30) + dt.timedelta(seconds=round(float(value) * 86_400))
    return BAD


def parse_dates(text: str) -> Any:
    """(first day, last day) of a cell: one day, or ``20260803至20260809``."""
    text = text.strip(WRAP)
    if text.lower() in BLANK:
        return None
    found = [m.group() for m in re.finditer(r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}|(?<!\d)\d{8}(?!\d)", text)]
    days = [parse_time(f) for f in (found or [text])]
    if BAD in days or None in days:
        return BAD
    return days[0].date(), days[-1].date()


def parse_date(text: str) -> Any:
    """The last day of a cell."""
    days = parse_dates(text)
    return days[1] if isinstance(days, tuple) else days


def parse_span(text: str) -> Any:
    """(start, end) of ``2026-03-23 00:00:00-2026-03-31 23:59:59``."""
    stamps = [parse_time(m.group()) for m in _TIME.finditer(text)]
    if not stamps:
        return None if text.strip(WRAP).lower() in BLANK else BAD
    return BAD if BAD in stamps else (stamps[0], stamps[-1])


def parse_bool(text: str) -> Any:
    """是 / 否 in the ways it is written."""
    text = text.strip(WRAP).lower()
    return None if text in BLANK else True if text in TRUE else False if text in FALSE else BAD


def decimal(values: np.ndarray, valid: np.ndarray) -> pa.Array:
    """Cents (int64) as exact DECIMAL(18, 2) yuan."""
    wide = np.empty((len(values), 2), dtype=np.int64)
    wide[:, 0], wide[:, 1] = values, values >> 63
    bits = pa.py_buffer(np.packbits(valid, bitorder="little").tobytes())
    return pa.Array.from_buffers(MONEY, len(values), [bits, pa.py_buffer(wide)])


def cents(array: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Cents (0 where missing) and the mask of cells that are there."""
    valid = np.asarray(pc.is_valid(array))
    wide = np.frombuffer(array.buffers()[1], dtype=np.int64, count=2 * (len(array) + array.offset)).reshape(-1, 2)
    return np.where(valid, wide[array.offset :, 0], 0), valid


class Cleaner:
    """Cleans the columns of one sheet.

    Parameters
    ----------
    encoding : of its bytes; ignored for workbooks, whose cells are text already
    key : the buyer key's secret
    """

    def __init__(self, encoding: str, key: bytes):
        self.encoding, self._key = encoding, key

    def texts(self, cells: pa.Array) -> tuple[pa.Array, list[str]]:
        """Return (indices, distinct texts): each distinct value is decoded once."""
        coded = cells.dictionary_encode()
        values = coded.dictionary.to_pylist()
        if pa.types.is_binary(cells.type):
            values = [v.decode(self.encoding, "replace") for v in values]
        return coded.indices, values

    def distinct(self, cells: pa.Array, parse: Callable[[str], Any], kind: pa.DataType) -> Cleaned:
        """Parse once per distinct value."""
        indices, texts = self.texts(cells)
        parsed = [parse(t) for t in texts]
        bad = np.array([p is BAD for p in parsed], dtype=bool)
        values = pa.array([None if p is BAD else p for p in parsed], kind)
        return values.take(indices), bad[np.asarray(indices)] if len(parsed) else np.zeros(len(cells), dtype=bool)

    def _plain(self, cells: pa.Array) -> pa.Array | None:
        """Cells as trimmed text with blanks missing, where they are plain ASCII; None where they are not."""
        if pa.types.is_binary(cells.type):
            try:
                cells = cells.cast(pa.string())
            except pa.ArrowInvalid:
                return None
        if not pc.all(pc.string_is_ascii(cells), min_count=0).as_py():
            return None
        trimmed = pc.ascii_trim(cells, characters="=\"' \t\r\n")
        blank = pc.is_in(trimmed, value_set=pa.array(["", "-", "--", "null", "NULL", "None", "nan"]))
        return pc.if_else(blank, pa.scalar(None, pa.string()), trimmed)

    def text(self, cells: pa.Array) -> Cleaned:
        def parse(text: str) -> str | None:
            text = text.strip(" \t\r\n\u3000\xa0\ufeff").removeprefix(DAMAGED)
            if text.startswith('="') and text.endswith('"'):
                text = text[2:-1]
            return None if text.lower() in BLANK else text

        return self.distinct(cells, parse, pa.string())

    def id(self, cells: pa.Array) -> Cleaned:
        """Ids as text; a number that has lost digits (scientific notation, or a cell of more than 15) is BAD."""
        plain = self._plain(cells)
        if plain is None:
            return self.distinct(cells, self._parse_id, pa.string())
        lost = pc.match_substring_regex(plain, pattern=r"^\d(\.\d+)?[eE]\+?\d+$|^\x00|^\d+\.0+$")
        if not pc.any(lost, min_count=0).as_py():
            return plain, np.zeros(len(plain), dtype=bool)
        return self.distinct(plain.fill_null(""), self._parse_id, pa.string())

    @staticmethod
    def _parse_id(text: str) -> Any:
        if text.startswith(DAMAGED):
            return BAD
        text = text.strip(WRAP + "\ufeff")
        if text.lower() in BLANK:
            return None
        text = re.sub(r"^(\d+)\.0+$", r"\1", text)
        return BAD if _LOST.match(text) else text

    def money(self, cells: pa.Array) -> Cleaned:
        if pa.types.is_binary(cells.type):
            cells = pc.replace_substring(cells, pattern="元".encode(self.encoding), replacement=b"")
        plain = self._plain(cells)
        if plain is not None:
            try:
                return pc.replace_substring(plain, pattern=",", replacement="").cast(MONEY), np.zeros(len(cells), dtype=bool)
            except pa.ArrowInvalid:
                pass
        return self.distinct(cells, parse_money, MONEY)

    def count(self, cells: pa.Array) -> Cleaned:
        return self._number(cells, pa.int64(), parse_count)

    def fraction(self, cells: pa.Array, *, percent: bool = False) -> Cleaned:
        def parse(text: str) -> Any:
            value = parse_number(text)
            if not isinstance(value, Decimal):
                return value
            return float(value / 100) if percent and "%" not in text else float(value)

        return self.distinct(cells, parse, pa.float64()) if percent else self._number(cells, pa.float64(), parse)

    def _number(self, cells: pa.Array, kind: pa.DataType, parse: Callable[[str], Any]) -> Cleaned:
        plain = self._plain(cells)
        if plain is not None:
            try:
                return pc.replace_substring(plain, pattern=",", replacement="").cast(kind), np.zeros(len(cells), dtype=bool)
            except pa.ArrowInvalid:
                pass
        return self.distinct(cells, parse, kind)

    def time(self, cells: pa.Array) -> Cleaned:
        plain = self._plain(cells)
        if plain is not None:
            try:
                return plain.cast(pa.timestamp("us")), np.zeros(len(cells), dtype=bool)
            except pa.ArrowInvalid:
                pass
        return self.distinct(cells, parse_time, pa.timestamp("us"))

    def dates(self, cells: pa.Array) -> tuple[pa.Array, pa.Array, np.ndarray]:
        """(first day, last day, unreadable)."""
        pair = pa.struct([("a", pa.date32()), ("b", pa.date32())])

        def parse(text: str) -> Any:
            days = parse_dates(text)
            return {"a": days[0], "b": days[1]} if isinstance(days, tuple) else days

        both, bad = self.distinct(cells, parse, pair)
        return pc.struct_field(both, "a"), pc.struct_field(both, "b"), bad

    def pair(self, cells: pa.Array, parse: Callable[[str], Any], kind: pa.DataType) -> tuple[pa.Array, pa.Array, np.ndarray]:
        """Two typed columns from one cell: a range or a span."""
        indices, texts = self.texts(cells)
        parsed = [parse(t) for t in texts]
        bad = np.array([p is BAD for p in parsed], dtype=bool)
        ends = [p if isinstance(p, tuple) else (None, None) for p in parsed]
        if pa.types.is_floating(kind):
            ends = [(None if a is None else float(a), None if b is None else float(b)) for a, b in ends]
        low, high = (pa.array([p[n] for p in ends], kind).take(indices) for n in (0, 1))
        return low, high, bad[np.asarray(indices)] if len(parsed) else np.zeros(len(cells), dtype=bool)

    def range(self, cells: pa.Array, *, percent: bool = False) -> tuple[pa.Array, pa.Array, np.ndarray]:
        def parse(text: str) -> Any:
            ends = parse_range(text)
            if percent and isinstance(ends, tuple) and "%" not in text:
                return tuple(None if e is None else e / 100 for e in ends)
            return ends

        return self.pair(cells, parse, pa.float64())

    def span(self, cells: pa.Array) -> tuple[pa.Array, pa.Array, np.ndarray]:
        return self.pair(cells, parse_span, pa.timestamp("us"))

    def bool(self, cells: pa.Array) -> Cleaned:
        return self.distinct(cells, parse_bool, pa.bool_())

    def buyer(self, cells: pa.Array) -> Cleaned:
        """Keyed hashes; the names go no further than this function."""
        indices, names = self.texts(cells)
        keys = pa.array(buyer_keys(names, self._key), pa.int64())
        return keys.take(indices), np.zeros(len(cells), dtype=bool)

    def address(self, cells: pa.Array) -> tuple[pa.Array, pa.Array]:
        """Province and city; of a long address only its first two words are looked at."""
        if pa.types.is_binary(cells.type):
            cells = pc.replace_substring_regex(cells, pattern=rb"(?s)^([^ ]* ?[^ ]*) .*$", replacement=rb"\1")
        indices, texts = self.texts(cells)
        places = [place(t) for t in texts]
        return tuple(pa.array([p[n] for p in places], pa.string()).take(indices) for n in (0, 1))

    def province(self, cells: pa.Array) -> Cleaned:
        return self.distinct(cells, lambda t: province_name(t.strip(WRAP)) or city_name(t.strip(WRAP)), pa.string())

    def city(self, cells: pa.Array) -> Cleaned:
        return self.distinct(cells, lambda t: city_name(t.strip(WRAP)), pa.string())
