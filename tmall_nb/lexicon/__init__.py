"""Word lists that ship with the package: domain words by kind, and words advertising law or the platform forbids."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["BannedWord", "banned_words", "domain_words", "exclusive_words", "kind_of"]


@dataclass(frozen=True, slots=True)
class BannedWord:
    """A word that may not, or not without proof, stand in a title.

    Attributes
    ----------
    word : the word
    level : "banned" (a statute names it or forbids it outright), "extreme" (read as a superlative by regulators),
        "caution" (needs proof or a licence)
    source : statute and article, or platform rule
    exemption : regular expression of harmless uses (第一次 is not 第一); empty where there is none
    note : why, in Chinese
    """

    word: str
    level: str
    source: str
    exemption: str
    note: str


@cache
def domain_words() -> dict[str, tuple[str, ...]]:
    """Domain words by kind: product, attribute, audience, season, scene, service, brand, query (asks, names no product)."""
    kinds: dict[str, list[str]] = {}
    current: list[str] = []
    for line in files(__name__).joinpath("domain_words.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            current = kinds.setdefault(line.strip("[] \n"), [])
        elif line and not line.startswith("#"):
            current += line.lower().split()
    return {kind: tuple(dict.fromkeys(words)) for kind, words in kinds.items()}


@cache
def kind_of() -> dict[str, str]:
    """Kind of each domain word; a word of several kinds has the first."""
    kinds: dict[str, str] = {}
    for kind, words in domain_words().items():
        for word in words:
            kinds.setdefault(word, kind)
    return kinds


@cache
def exclusive_words() -> tuple[tuple[frozenset[str], ...], ...]:
    """Groups of alternatives: words of different alternatives are not true of one item (夏季 / 秋冬 加厚)."""
    lines = files(__name__).joinpath("exclusive_words.txt").read_text(encoding="utf-8").splitlines()
    return tuple(tuple(frozenset(a.split()) for a in ln.split(" / ")) for ln in lines if ln and not ln.startswith("#"))


@cache
def banned_words() -> tuple[BannedWord, ...]:
    """Banned and extreme words, the longest first so that 销量第一 is found before 第一."""
    text = files(__name__).joinpath("extreme_words.csv").read_text(encoding="utf-8")
    return tuple(sorted((BannedWord(**row) for row in csv.DictReader(text.splitlines())), key=lambda w: -len(w.word)))
