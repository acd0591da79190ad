"""A notebook's parameters, read from its own annotated cell and checked before a kernel starts.

A line of the cell reads ``horizon_days: int = 28  # 1–180 days``: name, type, default, and in the comment what it means, a
range (``1-180``, ``0–1``) or the words it takes (``zh or en``).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tmall_nb.errors import ParameterError, guess

__all__ = ["COMMON", "Parameter", "check_parameters", "parse_assignments", "read_parameters"]

COMMON = ("shop_id", "data_dir", "language", "output_dir")
LINE = re.compile(r"(?P<name>\w+)\s*:\s*(?P<types>[\w |]+?)\s*=\s*(?P<default>[^#]+?)\s*(?:#\s*(?P<help>.*))?")
RANGE = re.compile(r"(?<![\w.,-])(-?\d[\d,]*(?:\.\d+)?)\s*[–~-]\s*(-?\d[\d,]*(?:\.\d+)?)(?![\w-]*-)")
TYPES = {"str": str, "int": int, "float": float, "bool": bool}
WORDS = {"true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: type names, default, help, the range or the words its comment states."""

    name: str
    types: tuple[str, ...]
    default: Any
    help: str
    low: float | None = None
    high: float | None = None
    words: tuple[str, ...] = ()

    def check(self, value: Any) -> Any:
        """Return ``value`` in its type; text is read, anything that does not fit is a ``ParameterError``."""
        typed = self._typed(value)
        if typed is None:
            return None
        if (
            self.low is not None
            and self.high is not None
            and not isinstance(typed, str | bool)
            and not self.low <= typed <= self.high
        ):
            raise ParameterError(self.name, value, f"{self.low:g} to {self.high:g} ({self.help})")
        if self.words and typed not in self.words:
            raise ParameterError(self.name, value, f"{' or '.join(self.words)}{guess(str(typed), self.words)}")
        return typed

    def _typed(self, value: Any) -> Any:
        kinds = [t for t in self.types if t != "None"]
        if value is None or (isinstance(value, str) and value.lower() in {"none", ""} and "str" not in kinds):
            if "None" in self.types:
                return None
            raise ParameterError(self.name, value, f"{self._wanted()} ({self.help})")
        if isinstance(value, str) and value == "None" and "None" in self.types:
            return None
        for kind in kinds:
            found, typed = _convert(value, kind)
            if found:
                return typed
        raise ParameterError(self.name, value, f"{self._wanted()} ({self.help})")

    def _wanted(self) -> str:
        names = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "None": "None"}
        return " or ".join(names[t] for t in self.types)


def _convert(value: Any, kind: str) -> tuple[bool, Any]:
    """Return (does it fit, the value as ``kind``)."""
    if kind == "str":
        return isinstance(value, str), value
    if kind == "bool":
        if isinstance(value, bool):
            return True, value
        word = str(value).lower()
        return word in WORDS, WORDS.get(word)
    if isinstance(value, bool):
        return False, None
    try:
        number = float(value) if not isinstance(value, str) else float(value.replace("_", ""))
    except (TypeError, ValueError):
        return False, None
    if number != number or abs(number) == float("inf"):
        return False, None
    if kind == "int":
        return number == int(number), int(number)
    return True, number


def read_parameters(path: Path) -> dict[str, Parameter]:
    """Return name → parameter of a notebook, in the order of its cell.

    Raises
    ------
    ValueError : no cell is tagged ``parameters``, or a line of it cannot be read (a mistake in the notebook)
    """
    import json

    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    tagged = [c for c in cells if "parameters" in c.get("metadata", {}).get("tags", [])]
    if len(tagged) != 1:
        raise ValueError(f"{path.name}: expected one cell tagged parameters, found {len(tagged)}")
    source = tagged[0]["source"]
    lines = (source if isinstance(source, str) else "".join(source)).splitlines()
    found = [_read_line(line, path) for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return {p.name: p for p in found}


def _read_line(line: str, path: Path) -> Parameter:
    match = LINE.fullmatch(line.strip())
    types = tuple(t.strip() for t in match["types"].split("|")) if match else ()
    if match is None or not set(types) <= {*TYPES, "None"}:
        raise ValueError(f"{path.name}: cannot read the parameter line {line!r}")
    default, text = ast.literal_eval(match["default"]), (match["help"] or "").strip()
    span = RANGE.search(text)
    numeric = bool({"int", "float"} & set(types))
    low, high = (float(g.replace(",", "")) for g in span.groups()) if span and numeric else (None, None)
    words = re.match(r"((?:\w+, )*\w+) or (\w+)\b", text)
    named = (*words[1].split(", "), words[2]) if words else ()
    return Parameter(match["name"], types, default, text, low, high, named if default in named else ())


def parse_assignments(texts: Iterable[str] | Mapping[str, Any]) -> dict[str, Any]:
    """Return ``{name: value}`` from ``name=value`` texts (values stay text until a notebook's types are known)."""
    if isinstance(texts, Mapping):
        return dict(texts)
    given: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip().isidentifier():
            raise ParameterError("parameter", text, "name=value, e.g. horizon_days=14")
        given[name.strip()] = value.strip()
    return given


def check_parameters(path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``given`` typed as the notebook's cell says; an unknown name or a value that does not fit is refused."""
    known = read_parameters(path)
    for name in given:
        if name not in known:
            raise ParameterError(name, given[name], f"one of {', '.join(known)} in {path.stem}{guess(name, known)}")
    return {name: known[name].check(value) for name, value in given.items()}
