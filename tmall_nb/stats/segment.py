"""Cut Chinese shop texts into words: the rjieba dictionary, domain words, and words mined from the texts themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MinedWords", "Segmenter", "boundary_f1", "leading_word", "mine_words"]

_MAX_LENGTH = 6
_MAX_TEXTS = 20_000
_SPACE = "\u0000"
_COMPOUND_COHESION = 4.5  # nats above which two words are one name
_LEAST_FREQUENCY = 300  # weight of a word the dictionary does not have
_DICTIONARY_WORDS = 6e7  # words counted for the dictionary's weights
_PSEUDO_WORDS = 2_000  # few texts hardly move a weight
_LEAST_PLACES = 5

_LOOSE = frozenset("女男新的送等和与及款支瓶片只个件大小老色")  # single characters that stand beside a word without joining it


@dataclass(frozen=True, slots=True)
class MinedWords:
    """Words found in texts, most frequent first.

    Attributes
    ----------
    words : the words (2-6 characters)
    counts : occurrences, shape (words,)
    cohesion : smallest pointwise mutual information over the word's split points (nats)
    freedom : smaller branching entropy of its left and right neighbours (nats)
    """

    words: tuple[str, ...]
    counts: NDArray[np.int64]
    cohesion: NDArray[np.float64]
    freedom: NDArray[np.float64]


class Segmenter:
    """Cuts texts with rjieba's dictionary plus ``words``; HMM on, as it finds names no dictionary has.

    >>> Segmenter(["小白瓶"]).cut("小白瓶精华")
    ['小白瓶', '精华']
    """

    def __init__(self, words: Iterable[str] = (), frequency: Mapping[str, int] | None = None):
        self.words = tuple(dict.fromkeys(w for w in words if len(w) > 1))
        self.frequency = dict(frequency or {})

    @cached_property
    def _engine(self) -> Any:
        import rjieba

        engine = rjieba.Jieba()
        for word in self.words:
            engine.add_word(word, max(engine.suggest_freq(word), _LEAST_FREQUENCY), None)
        for word, frequency in self.frequency.items():
            engine.add_word(word, frequency, None)
        return engine

    def cut(self, text: str) -> list[str]:
        """Words of ``text`` in order; blanks and punctuation are left out."""
        return [w for w in self._engine.cut(text.lower()) if not _blank(w)]

    def with_mined(self, mined: MinedWords) -> Segmenter:
        """A segmenter that also knows the mined words this one has no explanation for.

        A mined string that is a chain of words already known (滋润保湿), or such a chain with a loose character at an
        end (化妆品女), is not a new word.
        """
        return Segmenter((*self.words, *(w for w in mined.words if not self._explains(w))), self.frequency)

    def learn(self, texts: Sequence[str], *, seed: int = 0) -> Segmenter:
        """A segmenter that weighs words as often as its own cuts of ``texts`` hold them: one round of hard EM.

        A dictionary counts newspapers, where 西安 is far commoner than 宁西; among a shop's texts it may be the other way
        round. Words in fewer than five places keep their weight, and few texts hardly move any.
        """
        import rjieba

        picked = _pick(texts, seed)
        counts = Counter(w for words in self.cut_many(picked) for w in words if len(w) > 1)
        total = sum(counts.values()) + _PSEUDO_WORDS
        dictionary = rjieba.Jieba()
        learnt = {}
        for word, count in counts.items():
            if count < _LEAST_PLACES:
                continue
            own = word in self._known or not dictionary.has_word(word)
            floor = max(dictionary.suggest_freq(word), _LEAST_FREQUENCY) if own else 1
            learnt[word] = max(int(_DICTIONARY_WORDS * count / total), floor)
        return Segmenter(self.words, learnt)

    def _explains(self, word: str) -> bool:
        pieces = self._engine.cut(word)
        if len(pieces) == 1:
            return word in self._known or self._engine.has_word(word)
        core = [p for k, p in enumerate(pieces) if not (p in _LOOSE and k in (0, len(pieces) - 1))]
        return all(len(p) > 1 and (p in self._known or self._engine.has_word(p)) for p in core)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.words)

    def cut_many(self, texts: Sequence[str]) -> list[list[str]]:
        """``cut`` for many texts (about a microsecond each)."""
        cut = self._engine.cut
        return [[w for w in cut(text.lower()) if not _blank(w)] for text in texts]


def _blank(word: str) -> bool:
    return not (word[0].isalnum() or word[-1].isalnum())


def mine_words(
    texts: Sequence[str], *, min_count: int = 5, min_cohesion: float = 2.0, min_freedom: float = 0.9, seed: int = 0
) -> MinedWords:
    """Find words in short texts by cohesion and freedom, without a dictionary.

    A string is a word where its parts occur together far more often than by chance (pointwise mutual information at
    every split) and its neighbours vary (branching entropy on both sides; the edge of a text counts as a new
    neighbour each time). Source: Church & Hanks 1990; Jin & Tanaka-Ishii 2006.

    Parameters
    ----------
    texts : titles or search terms; at most 20,000 of them are read (picked with ``seed``)
    min_count : least occurrences
    min_cohesion, min_freedom : least values in nats
    """
    picked = _pick(texts, seed)
    stream = _SPACE + _SPACE.join(_clean(t) for t in picked) + _SPACE
    codes = np.frombuffer(stream.encode("utf-32-le"), dtype=np.uint32).astype(np.int64)
    if codes.size < 20:
        return MinedWords((), np.empty(0, np.int64), np.empty(0), np.empty(0))
    return _mine(stream, codes, min_count, min_cohesion, min_freedom)


def _pick(texts: Sequence[str], seed: int) -> list[str]:
    picked = list(dict.fromkeys(texts))
    if len(picked) <= _MAX_TEXTS:
        return picked
    return [picked[k] for k in np.random.default_rng(seed).choice(len(picked), _MAX_TEXTS, replace=False)]


def _clean(text: str) -> str:
    return "".join(c if "\u4e00" <= c <= "\u9fff" else _SPACE for c in text.lower())


def _mine(stream: str, codes: NDArray[np.int64], min_count: int, min_cohesion: float, min_freedom: float) -> MinedWords:
    inside = codes != 0
    total = float(inside.sum())
    ids, counts = [_number(codes, inside)[0]], [_number(codes, inside)[1]]
    found: list[tuple[str, int, float, float]] = []
    valid = inside.copy()
    for length in range(2, _MAX_LENGTH + 1):
        valid = valid[:-1] & inside[length - 1 :]
        numbers, tally = _number(ids[-1][: valid.size] * (counts[0].size + 1) + ids[0][length - 1 :], valid)
        ids.append(numbers)
        counts.append(tally)
        first = _first(numbers, tally.size)
        often = np.flatnonzero(tally >= min_count)
        where = first[often]
        cohesion = _cohesion(ids, counts, where, length, total)
        keep = cohesion >= min_cohesion
        often, where, cohesion = often[keep], where[keep], cohesion[keep]
        freedom = np.minimum(_entropy(numbers, codes, often, -1), _entropy(numbers, codes, often, length))
        for k in np.flatnonzero(freedom >= min_freedom):
            found.append((stream[where[k] : where[k] + length], int(tally[often[k]]), float(cohesion[k]), float(freedom[k])))
    found = _without_compounds(found)
    found.sort(key=lambda f: (-f[1], f[0]))
    columns = list(zip(*found, strict=True)) if found else [(), (), (), ()]
    return MinedWords(
        tuple(columns[0]), np.array(columns[1], np.int64), np.array(columns[2], float), np.array(columns[3], float)
    )


def _without_compounds(found: list[tuple[str, int, float, float]]) -> list[tuple[str, int, float, float]]:
    """Two words that merely often stand together (补水保湿) are two words, unless they hardly ever stand apart."""
    words = {f[0] for f in found}
    return [
        f
        for f in found
        if f[2] >= _COMPOUND_COHESION or not any(f[0][:k] in words and f[0][k:] in words for k in range(1, len(f[0])))
    ]


def _number(keys: NDArray[np.int64], valid: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Consecutive number of each distinct valid key (-1 where not valid) and how often it occurs."""
    numbers = np.full(keys.size, -1, dtype=np.int64)
    _, inverse, tally = np.unique(keys[valid], return_inverse=True, return_counts=True)
    numbers[valid] = inverse
    return numbers, tally.astype(np.int64)


def _first(numbers: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    first = np.empty(size, dtype=np.int64)
    places = np.flatnonzero(numbers >= 0)[::-1]
    first[numbers[places]] = places
    return first


def _cohesion(
    ids: list[NDArray[np.int64]], counts: list[NDArray[np.int64]], where: NDArray[np.int64], length: int, total: float
) -> NDArray[np.float64]:
    own = counts[length - 1][ids[length - 1][where]]
    least = np.full(where.size, np.inf)
    for cut in range(1, length):
        left = counts[cut - 1][ids[cut - 1][where]]
        right = counts[length - cut - 1][ids[length - cut - 1][where + cut]]
        least = np.minimum(least, np.log(own * total / (left * right)))
    return least


def _entropy(
    numbers: NDArray[np.int64], codes: NDArray[np.int64], wanted: NDArray[np.int64], offset: int
) -> NDArray[np.float64]:
    """Entropy of the character at ``offset`` from each occurrence; a text's edge differs from every other neighbour."""
    slot = np.full(int(numbers.max(initial=-1)) + 2, -1, dtype=np.int64)
    slot[wanted] = np.arange(wanted.size)
    places = np.flatnonzero(slot[numbers] >= 0)
    group = slot[numbers[places]]
    beside = codes[np.clip(places + offset, 0, codes.size - 1)]
    edge = beside == 0
    beside = np.where(edge, 0x110000 + np.arange(places.size), beside)
    _, first, tally = np.unique(group * 0x4000000 + beside, return_index=True, return_counts=True)
    size = np.bincount(group, minlength=wanted.size).astype(float)
    owner = group[first]
    share = tally / size[owner]
    return np.bincount(owner, weights=-share * np.log(share), minlength=wanted.size).astype(float)


def leading_word(titles: Sequence[str], *, share: float = 0.6, known: Iterable[str] = ()) -> str | None:
    """The string most titles begin with: a shop's titles open with its brand. None where there is no such string.

    Parameters
    ----------
    titles : at least five
    share : least share of the titles that begin with it
    known : words that are no brand; they are taken off its end (青木女装 gives 青木)
    """
    starts = [t.strip().lower() for t in titles if t.strip()]
    if len(starts) < _LEAST_PLACES:
        return None
    found = ""
    for length in range(1, _MAX_LENGTH + 3):
        start, count = Counter(t[:length] for t in starts).most_common(1)[0]
        if count < share * len(starts) or len(start) < length:
            break
        found = start
    tails = sorted(known, key=len, reverse=True)
    while tail := next((w for w in tails if found.endswith(w)), None):
        found = found[: -len(tail)]
    found = found.strip(" -_/·")
    return found if len(found) > 1 else None


def boundary_f1(truth: Sequence[Sequence[str]], cut: Sequence[Sequence[str]]) -> float:
    """Word F1 of cuts against hand-made ones: a word counts where both its ends are right (SIGHAN bakeoff's measure)."""
    hits = wanted = given = 0
    for right, ours in zip(truth, cut, strict=True):
        a, b = _spans(right), _spans(ours)
        hits, wanted, given = hits + len(a & b), wanted + len(a), given + len(b)
    return 2 * hits / (wanted + given) if wanted + given else 0.0


def _spans(words: Sequence[str]) -> set[tuple[int, int]]:
    ends = np.cumsum([0, *(len(w) for w in words)])
    return set(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True))
