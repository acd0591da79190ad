"""From texts to numbered word roots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

_WIDTH = 8  # roots kept per text; longer search terms hardly exist
_CHUNK = 50_000
_LEAST_PLACES = 5


class Cutter(Protocol):
    """Anything that cuts texts into words."""

    def cut_many(self, texts: Sequence[str]) -> list[list[str]]: ...


def encode_roots(texts: Sequence[str], cutter: Cutter) -> tuple[NDArray[np.int32], list[str]]:
    """Number the distinct roots of every text; a bare number is a root only where it repeats (2025), not where it counts.

    Returns
    -------
    roots : shape (texts, 8), root numbers in reading order, -1 where a text has fewer
    names : the root of each number
    """
    number: dict[str, int] = {}
    roots = np.full((len(texts), _WIDTH), -1, dtype=np.int32)
    for start in range(0, len(texts), _CHUNK):
        part = cutter.cut_many(texts[start : start + _CHUNK])
        rows: list[int] = []
        columns: list[int] = []
        values: list[int] = []
        for row, words in enumerate(part, start):
            distinct = list(dict.fromkeys(words))[:_WIDTH]
            for column, word in enumerate(distinct):
                rows.append(row)
                columns.append(column)
                values.append(number.setdefault(word, len(number)))
        roots[rows, columns] = values
    names = list(number)
    places = np.bincount(roots[roots >= 0], minlength=len(names))
    rare = np.array([n.isdecimal() for n in names] + [False]) & (np.append(places, 0) < _LEAST_PLACES)
    roots[rare[roots]] = -1
    return roots, names
