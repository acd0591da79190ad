"""The errors a merchant can meet: each says what was found, where, and what to do.

>>> raise ParameterError("service_level", 95, "a fraction between 0 and 1; write 0.95")
Traceback (most recent call last):
...
tmall_nb.errors.ParameterError: service_level=95: expected a fraction between 0 and 1; write 0.95
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

__all__ = ["ExportError", "NotEnoughData", "ParameterError", "TmallError", "closest", "guess"]


def closest(name: str, known: Iterable[str], *, count: int = 3) -> list[str]:
    """Return the known names most like ``name``, best first (at most ``count``)."""
    return difflib.get_close_matches(str(name), [str(k) for k in known], n=count, cutoff=0.5)


def guess(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean X?"`` for the nearest known name, ``""`` where none is near.

    >>> guess("horizn", ["horizon", "level"])
    '; did you mean horizon?'
    """
    near = closest(name, known, count=1)
    return f"; did you mean {near[0]}?" if near else ""


class TmallError(Exception):
    """Base of every error this package raises on purpose."""


class ExportError(TmallError):
    """A file or frame cannot be read as what it should be.

    Parameters
    ----------
    source : file path or the name of a frame
    problem : what was found and what to do about it
    row, column : where, when known (row is 1-based as a spreadsheet shows it)
    """

    def __init__(self, source: str | Path, problem: str, *, row: int | None = None, column: str | None = None):
        self.source, self.problem, self.row, self.column = str(source), problem, row, column
        place = "".join([f", row {row}" if row is not None else "", f", column {column}" if column else ""])
        super().__init__(f"{self.source}{place}: {problem}")


class NotEnoughData(TmallError):
    """The question cannot be answered with the rows at hand; the message says what is missing and where to get it."""


class ParameterError(TmallError, ValueError):
    """A parameter is outside what the function accepts: ``horizon_days=0: expected 1-180 days``."""

    def __init__(self, name: str, value: object, expected: str):
        self.name, self.value, self.expected = name, value, expected
        super().__init__(f"{name}={value!r}: expected {expected}")

    def __reduce__(self) -> tuple[type[ParameterError], tuple[str, object, str]]:
        return (type(self), (self.name, self.value, self.expected))
