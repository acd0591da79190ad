"""Proposes titles for one item: words chosen by covered demand, laid out in reading order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tmall_nb.analyses.titles.demand import Demand
from tmall_nb.analyses.titles.rules import forbidden_words, title_units
from tmall_nb.stats.cover import choose_words

Array = NDArray[np.float64]

_ORDER = {"brand": 0, "season": 2, "audience": 5, "product": 6, "attribute": 3, "scene": 4, "service": 7}
_MOST_WORDS = 60
_OTHER = 3


@dataclass(frozen=True, slots=True)
class Item:
    """What is known of an item.

    Attributes
    ----------
    item_id, title : as exported
    title_words : words of the title in order
    own_words : words of title, guide title, category and attributes: true of the item
    required : words that must stay (the legally required ones and the brand)
    """

    item_id: str
    title: str
    title_words: tuple[str, ...]
    own_words: frozenset[str]
    required: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposed title: its text, words in order and what it was chosen by."""

    basis: str
    text: str
    words: tuple[str, ...]


def coverage(words: frozenset[str] | set[str], demand: Demand, terms: NDArray[np.int64]) -> tuple[float, float]:
    """Least and largest share of the terms' demand that ``words`` cover, over every demand inside the ranges.

    The least share takes low demand for covered terms and high for the others; the largest the reverse.
    """
    if not terms.size:
        return float("nan"), float("nan")
    hit = np.array([set(demand.words[k]) <= words for k in terms])
    low, high = demand.low[terms], demand.high[terms]
    least = low[hit].sum() / max(low[hit].sum() + high[~hit].sum(), 1e-12)
    most = high[hit].sum() / max(high[hit].sum() + low[~hit].sum(), 1e-12)
    return float(least), float(most)


def propose(item: Item, demand: Demand, terms: NDArray[np.int64], kinds: dict[str, str], limit: int) -> list[Proposal]:
    """Up to three distinct titles: by expected demand, by demand certain at the low end, by the item's own words only."""
    middle = np.sqrt(demand.low[terms] * demand.high[terms])
    bases = (("demand", middle, False), ("certain_demand", demand.low[terms], False), ("own_words", middle, True))
    proposals: list[Proposal] = []
    for basis, worth, own_only in bases:
        avoid: frozenset[str] = frozenset()
        for _ in range(4):
            words = _choose(item, demand, terms, worth, own_only, avoid, limit)
            proposal = _lay_out(basis, words, item, kinds, limit)
            if all(set(proposal.words) != set(p.words) for p in proposals):
                proposals.append(proposal)
                break
            avoid = avoid | {_weakest(proposal, item, demand, terms, worth)}
    return proposals


def _choose(
    item: Item, demand: Demand, terms: NDArray[np.int64], worth: Array, own_only: bool, avoid: frozenset[str], limit: int
) -> list[str]:
    allowed = _candidates(item, demand, terms, worth, own_only) - avoid
    words = sorted(allowed | set(item.required), key=lambda w: (w not in item.required, w))[: _MOST_WORDS * 2]
    number = {w: k for k, w in enumerate(words)}
    usable = [k for k, t in enumerate(terms) if all(w in number for w in demand.words[t])]
    sets = [np.array([number[w] for w in demand.words[terms[k]]], dtype=np.int64) for k in usable]
    lengths = np.array([float(title_units(w) + (w.isascii())) for w in words])
    required = _fitting_required(item.required, number, lengths, limit)
    picked = choose_words(lengths, sets, worth[usable], limit, required=required)
    chosen = [words[k] for k in picked]
    return chosen + _fill(item, chosen, lengths[picked].sum() if picked else 0.0, limit, avoid)


def _candidates(item: Item, demand: Demand, terms: NDArray[np.int64], worth: Array, own_only: bool) -> set[str]:
    weight: dict[str, float] = {}
    for k, t in enumerate(terms):
        for word in demand.words[t]:
            weight[word] = weight.get(word, 0.0) + float(worth[k])
    fair = {w for w in weight if not forbidden_words(w) and (w in item.own_words or not own_only)}
    return set(sorted(fair, key=lambda w: (-weight[w], w))[:_MOST_WORDS])


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


def _weakest(proposal: Proposal, item: Item, demand: Demand, terms: NDArray[np.int64], worth: Array) -> str:
    """The word whose loss costs least demand; leaving it out makes the next title a different one."""
    have = set(proposal.words)
    loss = {
        w: sum(float(worth[k]) for k, t in enumerate(terms) if w in demand.words[t] and set(demand.words[t]) <= have)
        for w in proposal.words
        if w not in item.required
    }
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
