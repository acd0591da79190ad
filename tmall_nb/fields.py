"""The glossary as data: every column's name, its Chinese and English term, unit, type, how it rolls up, header aliases.

The rows live in ``glossary.csv`` beside this file, so that they can be read as a table and no Chinese header stands
anywhere else. Roll-up: **sum** adds; **unique** counts people and must not be added over days, items or sources;
**derive** is recomputed from its parts, never averaged; **last** takes the newest; **none** is not a measure.

>>> field("paid_amount").zh
'支付金额'
>>> field("visitors").rollup
'unique'
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

__all__ = ["FIELDS", "Field", "field"]

DType = Literal[
    "id", "text", "money", "count", "fraction", "range", "span", "date", "time", "bool", "buyer",
    "derived", "personal", "address", "ignored",
]  # fmt: skip
Rollup = Literal["sum", "unique", "derive", "last", "none"]


@dataclass(frozen=True, slots=True)
class Field:
    """One term of the glossary.

    Attributes
    ----------
    name : the identifier, as columns are called everywhere
    zh, en : the term a merchant reads
    dtype : how a cell is read: id and text stay text; money is exact yuan with two decimals; count is a whole number; fraction
        is a float (percent signs are divided out); range becomes ``name_low`` and ``name_high``; span becomes start_at and
        end_at; buyer becomes a keyed hash; derived is never read; personal is dropped while reading; of an
        address province and city are kept; ignored is known and not read
    unit : how it is shown: yuan, yuan2 (two decimals), percent, count, number, ratio, seconds, days, date, time, value, field
    rollup : how it adds up over rows
    aliases : headers in export files, ``(table or None, header)``
    """

    name: str
    zh: str
    en: str
    dtype: DType
    unit: str
    rollup: Rollup
    aliases: tuple[tuple[str | None, str], ...]


def _read() -> Mapping[str, Field]:
    path = Path(__file__).with_name("glossary.csv")
    fields: dict[str, Field] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            aliases = tuple(_alias(text) for text in row["aliases"].split("|") if text)
            fields[row["name"]] = Field(row["name"], row["zh"], row["en"], row["dtype"], row["unit"], row["rollup"], aliases)  # type: ignore[arg-type]
    return MappingProxyType(fields)


def _alias(text: str) -> tuple[str | None, str]:
    table, colon, header = text.partition(":")
    return (table, header) if colon else (None, text)


FIELDS: Mapping[str, Field] = _read()


def field(name: str) -> Field:
    """Return the field called ``name``; a wrong name raises KeyError with the closest ones."""
    if name in FIELDS:
        return FIELDS[name]
    from tmall_nb.errors import closest

    raise KeyError(f"field {name!r} is not in the glossary; did you mean {', '.join(closest(name, FIELDS)) or 'another'}?")
