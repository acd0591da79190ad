"""A method in words: the report's last section."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import pandas as pd

from tmall_nb import __version__
from tmall_nb.analyses.result import Method
from tmall_nb.words.catalogue import catalogue, entry, field_name, label, stems
from tmall_nb.words.formats import format_value

__all__ = ["MethodView"]


def _stem_of(method: Method) -> str | None:
    """The catalogue a method's keys come from: the one that names it and knows most of its assumptions and reasons."""
    keys = (*method.assumptions, *(s.reason for s in method.set_aside))
    owners = [s for s in stems() if method.name in catalogue(s)["methods"]]
    return max(owners, key=lambda s: sum(k in catalogue(s)["methods"] for k in keys), default=None)


@dataclass(frozen=True, slots=True)
class MethodView:
    """How results were computed, one line per fact."""

    methods: tuple[Method, ...]
    language: str

    def lines(self) -> list[tuple[str, list[str]]]:
        """Return (heading, lines) in reading order, method after method."""
        return [line for method in self.methods for line in self._facts(method)]

    def _facts(self, m: Method) -> list[tuple[str, list[str]]]:
        language, stem = self.language, _stem_of(m)

        def word(key: str) -> str:
            found = entry("methods", key, stem)
            return str(found[language]) if found else key

        def head(key: str) -> str:
            return label("common", key, language)

        apart = [f"{word(s.reason)}{': ' if language == 'en' else '：'}{s.rows:,}" for s in m.set_aside]
        options = [f"{_name(k, language, stem)} = {_value(v, language)}" for k, v in m.parameters.items()]
        facts = [
            (head("method"), [word(m.name)]),
            (head("assumptions"), [word(a) for a in m.assumptions]),
            (head("period"), [_span(m, language)] if m.start is not None or m.end is not None else []),
            (head("rows_used"), [f"{m.rows_used:,}"]),
            (head("set_aside"), apart or [head("nothing_set_aside")]),
            (head("level"), [format_value(m.level, "percent", language)]),
            (head("parameters"), options),
            (head("seed"), [str(m.seed)] if m.seed is not None else []),
            (head("source"), [m.source]),
        ]
        return [(name, lines) for name, lines in facts if lines]

    def __repr__(self) -> str:
        colon, stop = (": ", "; ") if self.language == "en" else ("：", "；")
        return "\n".join(f"{name}{colon}{stop.join(lines)}" for name, lines in self.lines())

    def _repr_html_(self) -> str:
        rows = [*self.lines(), (label("common", "version", self.language), [f"tmall-nb {__version__}"])]
        body = "".join(f"<dt>{escape(name)}</dt><dd>{'<br>'.join(map(escape, lines))}</dd>" for name, lines in rows)
        return f'<dl class="tn-method">{body}</dl>'


def _span(method: Method, language: str) -> str:
    ends = [f"{pd.Timestamp(d):%Y-%m-%d}" if d is not None and not pd.isna(d) else "…" for d in (method.start, method.end)]
    return label("common", "span", language, start=ends[0], end=ends[1])


def _name(name: str, language: str, stem: str | None) -> str:
    known = field_name(name, language, stem=stem)
    return known if known == name else f"{known}（{name}）" if language == "zh" else f"{known} ({name})"


def _value(value: object, language: str) -> str:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(format_value(v, "value", language) if isinstance(v, str) else str(v) for v in value) or "–"
    return "–" if value is None else str(value)
