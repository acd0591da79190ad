"""What every analysis returns: frames, findings and a method, all frozen.

A result is a frozen dataclass with at least ``table`` (tidy, one row per subject), ``findings`` (most important
first) and ``method``. Analyses decide, ``tmall_nb.words`` speaks: a finding carries numbers, never sentences.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, Protocol, runtime_checkable

import pandas as pd

Tone = Literal["good", "watch", "act", "unknown"]
TONES: tuple[Tone, ...] = ("good", "watch", "act", "unknown")


@dataclass(frozen=True, slots=True)
class Finding:
    """One conclusion: ``key`` names a sentence in the catalogue, ``values`` are the numbers and names in it.

    ``action`` marks a finding that asks for something to be done; its values then hold, where they are known,
    ``gain``, ``gain_low`` and ``gain_high`` (yuan over ``gain_days``).
    """

    key: str
    tone: Tone
    values: Mapping[str, Any] = field(default_factory=dict)
    action: bool = False

    def __post_init__(self) -> None:
        if self.tone not in TONES:
            raise ValueError(f"tone={self.tone!r}: expected one of {TONES}")
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.key, self.tone, dict(self.values), self.action))


@dataclass(frozen=True, slots=True)
class SetAside:
    """Rows that did not enter an analysis, and why (``reason`` is a catalogue key or a plain phrase)."""

    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class Method:
    """How a result was computed; prints as a report's last section.

    Attributes
    ----------
    name : catalogue key of the method's name (``method.<name>`` in the words of the analysis)
    source : paper, book or platform document the formula comes from
    assumptions : catalogue keys, each one sentence
    start, end : first and last business day used
    rows_used : rows that entered
    set_aside : rows that did not, by reason
    level : confidence level of every ``low``/``high`` in the result (0-1)
    parameters : the options of the call, as they were used
    seed : random seed, None where nothing is random
    """

    name: str
    source: str
    assumptions: tuple[str, ...] = ()
    start: pd.Timestamp | None = None
    end: pd.Timestamp | None = None
    rows_used: int = 0
    set_aside: tuple[SetAside, ...] = ()
    level: float = 0.95
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))

    def __reduce__(self) -> tuple[Any, ...]:
        values = [getattr(self, f.name) for f in dataclasses.fields(self)]
        values[8] = dict(self.parameters)
        return (type(self), tuple(values))

    def drop(self, reason: str, rows: int) -> Method:
        """Return a copy that also records ``rows`` set aside for ``reason`` (nothing is recorded for zero rows)."""
        if rows <= 0:
            return self
        return dataclasses.replace(self, set_aside=(*self.set_aside, SetAside(reason, int(rows))))


@runtime_checkable
class Result(Protocol):
    """The shape every analysis result has."""

    @property
    def table(self) -> pd.DataFrame: ...
    @property
    def findings(self) -> tuple[Finding, ...]: ...
    @property
    def method(self) -> Method: ...
