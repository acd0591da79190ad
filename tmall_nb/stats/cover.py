"""Choose words of limited total length so that the search terms they cover are worth most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Terms = Sequence[NDArray[np.int64]]

__all__ = ["choose_words", "choose_words_greedily"]

_EXACT_WORDS, _EXACT_TERMS = 60, 300  # beyond this the exact search takes seconds; greedy reaches .97-1.00 of it


def choose_words(
    lengths: Array, terms: Terms, worth: Array, limit: int, *, required: Sequence[int] = (), seconds: float = 2.0
) -> list[int]:
    """Pick words maximising the worth of covered terms; a term is covered when all its words are picked.

    Mixed-integer program (maximal covering with a length budget), solved exactly by HiGHS up to 60 words × 300 terms,
    greedily beyond or when time runs out.

    Parameters
    ----------
    lengths : units each word takes, shape (words,)
    terms : for each term the numbers of its words
    worth : worth of each term, shape (terms,), not negative
    limit : units available
    required : words that must be in
    seconds : time limit of the exact search

    Returns
    -------
    Numbers of the picked words, ascending; the required ones alone where nothing more fits
    """
    greedy = choose_words_greedily(lengths, terms, worth, limit, required=required)
    if not len(terms) or lengths.size > _EXACT_WORDS or len(terms) > _EXACT_TERMS:
        return greedy
    exact = _exact(lengths, terms, worth, limit, required, seconds)
    if exact is None or _covered(exact, terms, worth) < _covered(greedy, terms, worth):
        return greedy
    return exact


def choose_words_greedily(lengths: Array, terms: Terms, worth: Array, limit: int, *, required: Sequence[int] = ()) -> list[int]:
    """Add the term with the best worth per unit of new words until nothing fits (parameters as ``choose_words``)."""
    picked = set(required)
    room = limit - float(lengths[list(picked)].sum()) if picked else float(limit)
    sets = [frozenset(int(w) for w in t) for t in terms]
    open_terms = {k for k in range(len(sets)) if worth[k] > 0 and not sets[k] <= picked}
    while open_terms:
        needs = {k: sets[k] - picked for k in open_terms}
        fits = {k: float(lengths[list(n)].sum()) for k, n in needs.items() if float(lengths[list(n)].sum()) <= room}
        if not fits:
            break
        gains = {k: sum(worth[j] for j in open_terms if needs[j] <= needs[k]) / max(fits[k], 1e-9) for k in fits}
        best = max(gains, key=lambda k: (gains[k], -k))
        picked |= needs[best]
        room -= fits[best]
        open_terms = {k for k in open_terms if not sets[k] <= picked}
    return sorted(picked)


def _covered(picked: Sequence[int], terms: Terms, worth: Array) -> float:
    have = set(picked)
    return float(sum(w for t, w in zip(terms, worth, strict=True) if have.issuperset(int(x) for x in t)))


def _exact(lengths: Array, terms: Terms, worth: Array, limit: int, required: Sequence[int], seconds: float) -> list[int] | None:
    from scipy import sparse
    from scipy.optimize import Bounds, LinearConstraint, milp

    words, count = lengths.size, len(terms)
    row = np.concatenate([np.full(len(t), k) for k, t in enumerate(terms)])
    word = np.concatenate([np.asarray(t, dtype=np.int64) for t in terms])
    links = np.arange(word.size)
    # z_term - x_word <= 0 for every word of every term
    cover = sparse.csr_matrix(
        (np.concatenate([np.ones(word.size), -np.ones(word.size)]), (np.tile(links, 2), np.concatenate([words + row, word]))),
        shape=(word.size, words + count),
    )
    budget = sparse.csr_matrix(np.concatenate([lengths, np.zeros(count)])[None])
    low = np.zeros(words + count)
    low[list(required)] = 1
    found = milp(
        np.concatenate([1e-6 * lengths / max(float(lengths.sum()), 1.0), -worth / max(float(worth.sum()), 1e-12)]),
        integrality=np.concatenate([np.ones(words), np.zeros(count)]),
        bounds=Bounds(low, np.ones(words + count)),
        constraints=[LinearConstraint(cover, -np.inf, 0), LinearConstraint(budget, -np.inf, limit)],
        options={"time_limit": seconds},
    )
    if found.x is None:
        return None
    return [int(k) for k in np.flatnonzero(found.x[:words] > 0.5)]
