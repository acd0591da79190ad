"""The catalogues: ``<stem>.toml`` files with ``zh`` and ``en`` side by side, and the glossary for names of columns."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tmall_nb.errors import closest
from tmall_nb.fields import FIELDS
from tmall_nb.words.formats import check_language, format_value

__all__ = ["SECTIONS", "catalogue", "entry", "field_name", "fill", "heading", "label", "stem_of_columns", "stems", "value_word"]

SECTIONS = ("findings", "labels", "columns", "methods", "values")
PLACEHOLDER = re.compile(r"\{(\w+)(?::(\w+))?\}")
GAP = re.compile(r"(?<=）) +(?=[\u4e00-\u9fff])")  # of "{units:count_ci} 件": a figure wants it, a bracket does not


@cache
def stems() -> tuple[str, ...]:
    """Names of the catalogues, in alphabetical order."""
    return tuple(sorted(p.stem for p in Path(__file__).parent.glob("*.toml")))


@cache
def catalogue(stem: str) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """Return one catalogue: section → key → {zh, en, …}."""
    if stem not in stems():
        raise KeyError(f"no catalogue {stem!r}; did you mean {', '.join(closest(stem, stems())) or ', '.join(stems())}?")
    with (Path(__file__).parent / f"{stem}.toml").open("rb") as file:
        read = tomllib.load(file)
    return {section: read.get(section, {}) for section in SECTIONS}


@cache
def _owners(section: str) -> Mapping[str, tuple[str, ...]]:
    """Key → catalogues that have it in ``section``."""
    owners: dict[str, tuple[str, ...]] = {}
    for stem in stems():
        for key in catalogue(stem)[section]:
            owners[key] = (*owners.get(key, ()), stem)
    return owners


def entry(section: str, key: str, stem: str | None = None) -> Mapping[str, Any] | None:
    """Return an entry of ``stem``, or of whichever catalogue has it (``common`` first); None where none has."""
    if stem is not None and key in catalogue(stem)[section]:
        return catalogue(stem)[section][key]
    owners = _owners(section).get(key, ())
    if not owners:
        return None
    return catalogue("common" if "common" in owners else owners[0])[section][key]


def fill(text: str, values: Mapping[str, Any], language: str) -> str:
    """Return ``text`` with its ``{name:kind}`` placeholders filled; ``*_ci`` kinds also read ``name_low`` and ``name_high``."""

    def replace(match: re.Match[str]) -> str:
        name, kind = match[1], match[2] or "text"
        if name not in values:
            raise KeyError(f"the sentence needs {name!r}; the finding has {', '.join(sorted(values)) or 'nothing'}: {text}")
        return format_value(values[name], kind, language, low=values.get(f"{name}_low"), high=values.get(f"{name}_high"))

    return GAP.sub("", PLACEHOLDER.sub(replace, text))


def label(stem: str, key: str, language: str = "zh", **values: Any) -> str:
    """Return the label ``key`` of ``<stem>.toml`` in ``language``, its placeholders filled with ``values``."""
    check_language(language)
    labels = catalogue(stem)["labels"]
    if key not in labels:
        raise KeyError(f"{stem}.toml has no [labels.{key}]; did you mean {', '.join(closest(key, labels)) or 'another'}?")
    return fill(labels[key][language], values, language)


def field_name(name: str, language: str = "zh", *, stem: str | None = None) -> str:
    """Return a column's or metric's name in ``language``: the glossary's, else a catalogue's, else ``name`` itself."""
    check_language(language)
    own = catalogue(stem)["columns"].get(name) if stem else None
    if own:
        return str(own[language])
    if name in FIELDS:
        return FIELDS[name].zh if language == "zh" else FIELDS[name].en
    found = entry("columns", name, stem)
    return str(found[language]) if found else name


def heading(name: str, language: str, *, stem: str | None = None) -> str:
    """A column's heading: as ``field_name``, English with a capital."""
    text = field_name(name, language, stem=stem)
    return text[:1].upper() + text[1:] if language == "en" else text


def value_word(word: str, language: str, *, stem: str | None = None) -> str:
    """Return a category word (a verdict, a tone, a model) in ``language``; a word without an entry stays as it is."""
    found = entry("values", word, stem)
    return str(found[language]) if found else word


def stem_of_columns(columns: list[str]) -> str | None:
    """Return the catalogue that knows most of ``columns``: a frame does not say which analysis it comes from."""
    scores = {s: sum(c in catalogue(s)["columns"] for c in columns) for s in stems() if s != "common"}
    best = max(scores, key=lambda s: scores[s], default=None)
    return best if best is not None and scores[best] else None
