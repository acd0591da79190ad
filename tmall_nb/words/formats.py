"""Numbers as a reader sees them: yuan, percent, points, counts, dates, and an estimate with its interval.

>>> format_value(123456, "yuan", "zh"), format_value(123456, "yuan", "en")
('¥12.3 万', 'CNY 123k')
>>> format_value(0.0321, "percent", "zh"), format_value(0.18, "percent_ci", "zh", low=-0.02, high=0.27)
('3.2%', '+18%（−2% ~ +27%）')
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd

__all__ = [
    "CELL_UNITS",
    "KINDS",
    "LANGUAGES",
    "UNKNOWN",
    "check_language",
    "format_cell",
    "format_value",
    "is_missing",
    "plain",
]

LANGUAGES = ("zh", "en")
UNKNOWN = {"zh": "未知", "en": "unknown"}
DASH = "–"
MINUS = "−"


def check_language(language: str) -> str:
    """Return ``language`` if it is one we speak."""
    if language not in LANGUAGES:
        from tmall_nb.errors import ParameterError

        raise ParameterError("language", language, "zh or en")
    return language


def is_missing(value: Any) -> bool:
    """Is there no value (None, NaN, NaT, NA or an infinite number)?"""
    if value is None or value is pd.NaT or value is pd.NA:
        return True
    return (isinstance(value, int | float) and not math.isfinite(value)) or (hasattr(value, "dtype") and bool(pd.isna(value)))


def plain(value: float, decimals: int = 0) -> str:
    """A number with thousands separators and a true minus sign; no "-0"."""
    text = f"{value:,.{decimals}f}"
    if text.lstrip("-").strip("0.,") == "":
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def _trim(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _decimals(size: float, digits: int = 3) -> int:
    """Decimals that show about ``digits`` significant digits of ``size``, at most four."""
    return 0 if size < 10**-5 else max(0, min(4, digits - 1 - math.floor(math.log10(size))))


def _significant(value: float, digits: int = 3) -> str:
    """``value`` with about ``digits`` significant digits, never an exponent."""
    decimals = _decimals(abs(value), digits)
    return plain(round(value, decimals), decimals)


def _yuan(value: float, language: str) -> str:
    size, sign = abs(value), MINUS if value < 0 else ""
    if language == "zh":
        if size >= 99_950_000:
            return f"{sign}¥{_trim(_significant(size / 1e8))} 亿"
        if size >= 9_995:
            return f"{sign}¥{_trim(_significant(size / 1e4))} 万"
    else:
        if size >= 999_500:
            return f"{sign}CNY {_trim(_significant(size / 1e6))}M"
        if size >= 9_995:
            return f"{sign}CNY {_trim(_significant(size / 1e3))}k"
    return f"{sign}{'¥' if language == 'zh' else 'CNY '}{plain(size, 0 if size >= 100 or size == int(size) else 2)}"


def _yuan2(value: float, language: str) -> str:
    return f"{MINUS if value < 0 else ''}{'¥' if language == 'zh' else 'CNY '}{plain(abs(value), 2)}"


def _percent(value: float, language: str) -> str:
    size = abs(value)
    decimals = 2 if size < 0.00995 else 1 if size < 0.0995 else 0 if size >= 0.9995 else 1
    return f"{_trim(plain(100 * value, decimals))}%"


def _points(value: float, language: str) -> str:
    decimals = 2 if abs(value) < 0.00995 else 1
    return f"{plain(100 * value, decimals)}{' 个百分点' if language == 'zh' else ' pp'}"


def _count(value: float, language: str) -> str:
    return plain(round(float(value)))


def _number(value: float, language: str) -> str:
    return _trim(_significant(float(value)))


def _date(value: Any, language: str) -> str:
    day = pd.Timestamp(value)
    return f"{day.year}年{day.month}月{day.day}日" if language == "zh" else f"{day.day} {day:%b} {day.year}"


NUMERIC: dict[str, Callable[[float, str], str]] = {
    "yuan": _yuan,
    "yuan2": _yuan2,
    "percent": _percent,
    "points": _points,
    "number": _number,
    "count": _count,
}
ALWAYS_SIGNED = {"points"}
KINDS = frozenset(
    {"date", "text", "field", "fields", "value"}
    | {f"{name}{tail}" for name in NUMERIC for tail in ("", "_signed", "_ci", "_signed_ci")}
)


def format_value(value: Any, kind: str, language: str = "zh", *, low: Any = None, high: Any = None) -> str:
    """Return ``value`` as text of a sentence.

    Parameters
    ----------
    value : a number (money in yuan, rates as fractions), a date, an identifier or text
    kind : yuan, yuan2, percent, points, number, count, each also ``_signed``, ``_ci`` and ``_signed_ci``; date; text; field and
        fields (glossary identifiers, comma-separated); value (a word of a ``[values]`` section)
    low, high : the interval, for ``_ci`` kinds

    Returns
    -------
    str : "unknown" in the language where there is no value
    """
    check_language(language)
    if kind not in KINDS:
        raise KeyError(f"kind {kind!r}: expected one of {', '.join(sorted(KINDS))}")
    if is_missing(value):
        return UNKNOWN[language]
    if kind in {"field", "fields", "value"}:
        from tmall_nb.words.catalogue import field_name, value_word

        if kind == "value":
            return value_word(str(value), language)
        names = [field_name(part.strip(), language) for part in str(value).split(",") if part.strip()]
        return ("、" if language == "zh" else ", ").join(names)
    if kind == "text":
        return str(value)
    if kind == "date":
        return _date(value, language)
    return _numeric(float(value), kind, language, low, high)


def _numeric(value: float, kind: str, language: str, low: Any, high: Any) -> str:
    base = kind.removesuffix("_ci").removesuffix("_signed")
    write = NUMERIC[base]
    ends = [] if not kind.endswith("_ci") or is_missing(low) or is_missing(high) else [float(low), float(high)]
    signed = "_signed" in kind or base in ALWAYS_SIGNED or (bool(ends) and min(value, *ends) < 0 and base != "number")
    if base == "number" and ends:  # an estimate and its bounds to the same decimals
        decimals = _decimals(max(abs(x) for x in (value, *ends)))
        write = _to_decimals(0 if all(x == int(x) for x in (value, *ends)) else decimals)
    texts = [_signed(write(x, language), x, signed) for x in (value, *ends)]
    if not ends:
        return texts[0]
    return f"{texts[0]}（{texts[1]} ~ {texts[2]}）" if language == "zh" else f"{texts[0]} ({texts[1]} to {texts[2]})"


def _to_decimals(decimals: int) -> Callable[[float, str], str]:
    return lambda x, language: plain(x, decimals)


def _signed(text: str, value: float, signed: bool) -> str:
    return f"+{text}" if signed and value > 0 and text.strip("0.,%¥CNY 个百分点p") else text


# How a cell of a table is written; the unit stands in the heading where there is one.
CELL_UNITS: dict[str, tuple[str, str]] = {
    "yuan": ("元", "CNY"),
    "yuan2": ("元", "CNY"),
    "seconds": ("秒", "s"),
    "days": ("天", "days"),
    "points": ("百分点", "pp"),
}


def format_cell(value: Any, unit: str, language: str) -> str:
    """Return ``value`` as text of a table cell: the unit (see ``CELL_UNITS``) stands in the heading, not in the cell."""
    if is_missing(value):
        return DASH
    if unit == "date":
        return f"{pd.Timestamp(value):%Y-%m-%d}"
    if unit == "time":
        return f"{pd.Timestamp(value):%Y-%m-%d %H:%M}"
    if unit == "bool":
        return {"zh": ("否", "是"), "en": ("no", "yes")}[language][bool(value)]
    if unit in {"field", "fields", "value", "text"}:
        return format_value(value, unit, language)
    number = float(value)
    if unit.endswith("_signed"):
        return _signed(format_cell(number, unit.removesuffix("_signed"), language), number, True)
    if unit == "percent":
        return plain(100 * number, 2 if abs(number) < 0.00995 else 1) + "%"
    if unit == "yuan":
        return plain(number, 0 if abs(number) >= 100 or number == int(number) else 2)
    if unit == "yuan2":
        return plain(number, 2)
    if unit == "points":
        return plain(100 * number, 2 if abs(number) < 0.00995 else 1)
    if unit == "ratio":
        return plain(number, 2)
    return _count(number, language) if unit == "count" else _number(number, language)
