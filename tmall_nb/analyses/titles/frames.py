"""Rows of the title result's frames."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tmall_nb.analyses.titles.demand import Demand
from tmall_nb.analyses.titles.propose import Item, Proposal, coverage
from tmall_nb.analyses.titles.rules import forbidden_words, title_units
from tmall_nb.lexicon import kind_of

_GAIN = 0.02  # a title is worth changing when its certain coverage rises by more than this
_MISSED = 5


def item_row(
    item: Item, demand: Demand, terms: NDArray[np.int64], options: list[Proposal], flags: pd.DataFrame
) -> dict[str, object]:
    """The item's row of ``TitleResult.table``."""
    own = frozenset(item.title_words)
    low, high = coverage(own, demand, terms)
    own_flags = flags[flags["item_id"] == item.item_id]
    row: dict[str, object] = {
        "item_id": item.item_id,
        "item_title": item.title,
        "units": title_units(item.title),
        "terms": int(terms.size),
        "coverage_low": low,
        "coverage_high": high,
        "missed": "、".join(_missed(own, demand, terms)),
        "flags": len(own_flags),
        "title": None,
        "new_units": np.nan,
        "new_coverage_low": np.nan,
        "new_coverage_high": np.nan,
        "verdict": "not_enough_data",
    }
    if options:
        best = max(options, key=lambda o: _middle(coverage(frozenset(o.words), demand, terms)))
        new_low, new_high = coverage(frozenset(best.words), demand, terms)
        row |= {
            "title": best.text,
            "new_units": float(title_units(best.text)),
            "new_coverage_low": new_low,
            "new_coverage_high": new_high,
        }
        better = _middle((new_low, new_high)) > _middle((low, high)) + _GAIN
        row["verdict"] = "rewrite" if better else "keep"
    if (own_flags["level"] != "caution").any() and row["verdict"] != "rewrite":
        row["verdict"] = "fix_words"
    return row


def _middle(pair: tuple[float, float]) -> float:
    return (pair[0] + pair[1]) / 2


def _missed(words: frozenset[str], demand: Demand, terms: NDArray[np.int64]) -> list[str]:
    return [demand.terms[k] for k in terms if not set(demand.words[k]) <= words][:_MISSED]


def title_rows(item: Item, demand: Demand, terms: NDArray[np.int64], options: list[Proposal]) -> list[tuple[object, ...]]:
    """Rows of ``TitleResult.titles``."""
    rows: list[tuple[object, ...]] = []
    for number, option in enumerate(options, 1):
        low, high = coverage(frozenset(option.words), demand, terms)
        confirm = ",".join(w for w in option.words if w not in item.own_words)
        rows.append((item.item_id, number, option.basis, option.text, title_units(option.text), low, high, confirm))
    return rows


def word_rows(item: Item, demand: Demand, terms: NDArray[np.int64], options: list[Proposal]) -> list[tuple[object, ...]]:
    """Rows of ``TitleResult.words``: why each word is in."""
    middle = np.sqrt(demand.low[terms] * demand.high[terms])
    total = max(float(middle.sum()), 1e-12)
    robust = [set(o.words) for o in options if o.basis in ("demand", "certain_demand")]
    rows: list[tuple[object, ...]] = []
    for number, option in enumerate(options, 1):
        have = set(option.words)
        hits = [k for k, t in enumerate(terms) if set(demand.words[t]) <= have]
        for word in option.words:
            helps = [k for k in hits if word in demand.words[terms[k]]]
            reason = "required" if word in item.required else "searched" if helps else "in_title"
            sure = word in item.required or (bool(robust) and all(word in r for r in robust))
            share = float(middle[helps].sum()) / total
            rows.append(
                (
                    item.item_id,
                    number,
                    word,
                    title_units(word),
                    kind_of().get(word, "other"),
                    reason,
                    len(helps),
                    share,
                    sure,
                    word not in item.own_words,
                )
            )
    return rows


def flag_rows(item: Item) -> list[tuple[str, str, str, str, str]]:
    """Rows of ``TitleResult.flags``."""
    return [(item.item_id, w.word, w.level, w.source, w.note) for w in forbidden_words(item.title)]
