"""Which search terms an item can honestly answer, and how likely each term's words are true of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tmall_nb.analyses.titles.demand import Demand
from tmall_nb.lexicon import domain_words, exclusive_words, kind_of

Array = NDArray[np.float64]

_MOST_TERMS = 300
_PRIOR = (0.5, 2.0)  # of the share of sibling items that carry a word
_MOST_CHANCE = 0.5  # a word the item's texts do not hold is never taken for true


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
class Fit:
    """Search terms that fit an item, largest demand first.

    Attributes
    ----------
    terms : numbers of the terms, shape (terms,)
    chance : probability that every word of the term is true of the item: 1 where its own texts hold them all, else a
        guess from how many sibling items carry the missing words
    words : the words of each term, as the item would say them
    low, high : demand of each term × chance, shape (terms,)
    """

    terms: NDArray[np.int64]
    chance: Array
    words: tuple[frozenset[str], ...]
    low: Array
    high: Array

    @property
    def middle(self) -> Array:
        """Geometric middle of the range of demand × chance, shape (terms,)."""
        return np.sqrt(self.low * self.high)


def fit_items(items: Sequence[Item], demand: Demand) -> list[Fit]:
    """Fit the search terms to every item; siblings are items with a product word in common."""
    products = frozenset(domain_words()["product"])
    carriers: dict[str, list[Item]] = {}
    for item in items:
        for word in item.own_words & products:
            carriers.setdefault(word, []).append(item)
    return [fit_terms(item, demand, _chances(item, carriers, products)) for item in items]


def _chances(item: Item, carriers: Mapping[str, list[Item]], products: frozenset[str]) -> dict[str, float]:
    """Chance that a word the item's texts do not hold is true of it: the share of its siblings that carry it."""
    siblings = {id(s): s for word in item.own_words & products for s in carriers[word]}
    siblings.pop(id(item), None)
    counts = Counter(w for s in siblings.values() for w in s.own_words)
    size = len(siblings) + sum(_PRIOR)
    return {word: min((count + _PRIOR[0]) / size, _MOST_CHANCE) for word, count in counts.items()} | {"": _PRIOR[0] / size}


def fit_terms(item: Item, demand: Demand, chances: Mapping[str, float]) -> Fit:
    """Terms the item can answer, at most 300 with most demand.

    A term fits when every product word in it is one of the item's (whole, or as the end of a longer one: 裙 in 连衣裙),
    at least one is, it names no other brand, asks no question (图片, 多少钱) and contradicts nothing the item says of
    itself (夏季 for a 秋冬 item). Terms without a product word fit when most of their words are the item's.
    """
    lists = domain_words()
    products, known = frozenset(lists["product"]), frozenset(kind_of())
    barred = (frozenset(lists["brand"]) | frozenset(lists["query"]) | contradictions(item.own_words)) - item.own_words
    own_products = item.own_words & products
    numbers: list[int] = []
    for number, words in enumerate(demand.words):
        if not barred.isdisjoint(words) or not _answers(words, item, (own_products, products, known)):
            continue
        numbers.append(number)
        if len(numbers) == _MOST_TERMS:
            break
    terms = np.array(numbers, dtype=np.int64)
    words_of = tuple(frozenset(_own_name(w, item.own_words, own_products) for w in demand.words[k]) for k in numbers)
    rare = chances[""]
    chance = np.array([float(np.prod([chances.get(w, rare) for w in words if w not in item.own_words])) for words in words_of])
    return Fit(terms, chance, words_of, demand.low[terms] * chance, demand.high[terms] * chance)


def _own_name(word: str, own: frozenset[str], own_products: frozenset[str]) -> str:
    """The item's product word that ends in ``word``: 连衣裙 answers 裙."""
    return word if word in own else min((o for o in own_products if o.endswith(word)), key=len, default=word)


def contradictions(own: frozenset[str]) -> frozenset[str]:
    """Words that cannot be true of an item with the words ``own``; an item with words of two alternatives bars none."""
    out: set[str] = set()
    for alternatives in exclusive_words():
        held = [a for a in alternatives if a & own]
        if len(held) == 1:
            out |= frozenset().union(*alternatives) - held[0]
    return frozenset(out)


def _answers(words: tuple[str, ...], item: Item, lists: tuple[frozenset[str], frozenset[str], frozenset[str]]) -> bool:
    own_products, products, known = lists
    needed = [w for w in words if w in products]
    if needed:
        return all(w in item.own_words or any(o.endswith(w) for o in own_products) for w in needed)
    return 2 * sum(w in item.own_words for w in words) >= len(words) and any(
        w in item.own_words and w not in known for w in words
    )
