"""Proposes titles for one item: words chosen by covered demand, laid out in reading order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tmall_nb.analyses.titles.fit import Fit, Item, contradictions
from tmall_nb.analyses.titles.rules import forbidden_words, title_units
from tmall_nb.stats.cover import choose_words

Array = NDArray[np.float64]

_ORDER = {"brand": 0, "season": 2, "audience": 5, "product": 6, "attribute": 3, "scene": 4, "service": 7}
_MOST_WORDS = 60
_MOST_NEW, _FEW_NEW = 4, 2  # words to confirm: a merchant checks a few, not a dozen
_OTHER = 3


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposed title: its text, words in order and what it was chosen by."""

    basis: str
    text: str
    words: tuple[str, ...]


def coverage(words: frozenset[str] | set[str], fit: Fit) -> tuple[float, float]:
    """Least and largest share of the fitting demand that ``words`` cover, over every demand inside the ranges.

    The least share takes low demand for covered terms and high for the others; the largest the reverse. Demand counts
    as far as the item is likely to answer it (``Fit.chance``).
    """
    if not fit.terms.size:
        return float("nan"), float("nan")
    hit = covered(words, fit)
    least = fit.low[hit].sum() / max(fit.low[hit].sum() + fit.high[~hit].sum(), 1e-12)
    most = fit.high[hit].sum() / max(fit.high[hit].sum() + fit.low[~hit].sum(), 1e-12)
    return float(least), float(most)


def covered(words: frozenset[str] | set[str], fit: Fit) -> NDArray[np.bool_]:
    """Which terms have all their words among ``words``, shape (terms,)."""
    return np.array([w <= words for w in fit.words], dtype=bool)


def propose(item: Item, fit: Fit, kinds: dict[str, str], limit: int, left: Array) -> list[Proposal]:
    """Up to three distinct titles: by expected demand with at most four words to confirm, by demand certain at the low end
    with at most two, and by the item's own words only.

    ``left`` is the part of each term's worth that items placed before have not taken, shape (terms,).
    """
    bases = (("demand", fit.middle, _MOST_NEW), ("certain_demand", fit.low, _FEW_NEW), ("own_words", fit.middle, 0))
    proposals: list[Proposal] = []
    for basis, worth, new in bases:
        avoid: frozenset[str] = frozenset()
        for _ in range(4):
            words = _choose(item, fit, worth * left, new, avoid, limit)
            proposal = _lay_out(basis, words, item, kinds, limit)
            if all(set(proposal.words) != set(p.words) for p in proposals):
                proposals.append(proposal)
                break
            avoid = avoid | {_weakest(proposal, item, fit, worth * left)}
    return proposals


def _choose(item: Item, fit: Fit, worth: Array, new: int, avoid: frozenset[str], limit: int) -> list[str]:
    allowed = _candidates(item, fit, worth, new, avoid)
    words = sorted(allowed | set(item.required), key=lambda w: (w not in item.required, w))
    number = {w: k for k, w in enumerate(words)}
    usable = [k for k, t in enumerate(fit.words) if all(w in number for w in t)]
    sets = [np.array(sorted(number[w] for w in fit.words[k]), dtype=np.int64) for k in usable]
    lengths = np.array([float(title_units(w) + (w.isascii())) for w in words])
    required = _fitting_required(item.required, number, lengths, limit)
    picked = choose_words(lengths, sets, worth[usable], limit, required=required)
    chosen = [words[k] for k in picked]
    return chosen + _fill(item, chosen, lengths[picked].sum() if picked else 0.0, limit, avoid)


def _candidates(item: Item, fit: Fit, worth: Array, new: int, avoid: frozenset[str]) -> set[str]:
    """The item's own words that are searched, and the ``new`` words that would open most demand."""
    own: dict[str, float] = {}
    opened: dict[str, float] = {}
    for words, value in zip(fit.words, worth, strict=True):
        missing = words - item.own_words
        for word in words & item.own_words:
            own[word] = own.get(word, 0.0) + float(value)
        for word in missing:
            opened[word] = opened.get(word, 0.0) + float(value) / len(missing)
    return {*_largest(own, avoid)[: _MOST_WORDS - new], *_compatible(_largest(opened, avoid), new)}


def _largest(worth: dict[str, float], avoid: frozenset[str]) -> list[str]:
    """Words that may be used, those worth most first."""
    return sorted((w for w in worth if w not in avoid and not forbidden_words(w)), key=lambda w: (-worth[w], w))


def _compatible(words: list[str], most: int) -> list[str]:
    """The first ``most`` words that do not contradict each other."""
    kept: list[str] = []
    for word in words:
        if len(kept) == most:
            break
        if word not in contradictions(frozenset(kept)):
            kept.append(word)
    return kept


def _fitting_required(required: tuple[str, ...], number: dict[str, int], lengths: Array, limit: int) -> list[int]:
    kept, room = [], float(limit)
    for word in required:
        if lengths[number[word]] <= room:
            kept.append(number[word])
            room -= lengths[number[word]]
    return kept


def _fill(item: Item, chosen: list[str], used: float, limit: int, avoid: frozenset[str]) -> list[str]:
    """Room left is filled with the present title's own words, in its order."""
    extra: list[str] = []
    for word in item.title_words:
        length = title_units(word) + word.isascii()
        if word in chosen or word in extra or word in avoid or forbidden_words(word) or used + length > limit:
            continue
        extra.append(word)
        used += length
    return extra


def _weakest(proposal: Proposal, item: Item, fit: Fit, worth: Array) -> str:
    """The word whose loss costs least demand; leaving it out makes the next title a different one."""
    have = set(proposal.words)
    hit = [(t, float(v)) for t, v in zip(fit.words, worth, strict=True) if t <= have]
    loss = {w: sum(v for t, v in hit if w in t) for w in proposal.words if w not in item.required}
    return min(loss, key=lambda w: (loss[w], w)) if loss else ""


def _lay_out(basis: str, words: list[str], item: Item, kinds: dict[str, str], limit: int) -> Proposal:
    """Brand first, then season, attributes, scene and audience, product, service; the title's own order inside a kind."""
    place = {w: k for k, w in enumerate(item.title_words)}
    distinct = list(dict.fromkeys(words))
    distinct.sort(key=lambda w: (_ORDER.get(kinds.get(w, ""), _OTHER), place.get(w, len(place)), w))
    text = _join(distinct)
    while distinct and (title_units(text) > limit or forbidden_words(text)):
        loose = [w for w in distinct if w not in item.required] or distinct
        distinct.remove(loose[-1])
        text = _join(distinct)
    return Proposal(basis, text, tuple(distinct))


def _join(words: list[str]) -> str:
    """Words in a row; a blank only between two words in Latin letters or figures, which would run together."""
    text = ""
    for word in words:
        text += (" " if text and text[-1].isascii() and word[0].isascii() else "") + word
    return text
