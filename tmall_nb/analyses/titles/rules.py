"""What a title may hold: its length in half-width units, and words that law or platform forbid."""

from __future__ import annotations

import re
import unicodedata

from tmall_nb.lexicon import BannedWord, banned_words

LIMIT = 60  # half-width units: 30 Chinese characters


def title_units(text: str) -> int:
    """Half-width units of ``text``: 2 for a Chinese character or full-width sign, 1 for anything else, blanks included.

    >>> title_units("法式 dress")
    10
    """
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def forbidden_words(text: str) -> list[BannedWord]:
    """Forbidden words in ``text``, harmless uses (第一次, 最佳食用期) and parts of a longer find left out.

    >>> [w.word for w in forbidden_words("全网第一的第一次性价比")]
    ['全网第一']
    """
    taken = [False] * len(text)
    found = []
    lowered = text.lower()
    for entry in banned_words():
        for match in re.finditer(re.escape(entry.word.lower()), lowered):
            span = range(match.start(), match.end())
            if any(taken[k] for k in span) or _exempt(entry, lowered, match.start(), match.end()):
                continue
            for k in span:
                taken[k] = True
            if entry not in found:
                found.append(entry)
    return found


def _exempt(entry: BannedWord, text: str, start: int, end: int) -> bool:
    """A harmless use overlaps the place where the word was found."""
    if not entry.exemption:
        return False
    return any(m.start() < end and start < m.end() for m in re.finditer(entry.exemption.lower(), text))
