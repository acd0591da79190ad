"""Rows of the title result's frames."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tmall_nb.analyses.titles.demand import Demand
from tmall_nb.analyses.titles.fit import Fit, Item
from tmall_nb.analyses.titles.propose import Proposal, coverage, covered
from tmall_nb.analyses.titles.rules import forbidden_words, title_units
from tmall_nb.lexicon import kind_of

Array = NDArray[np.float64]

_GAIN = 0.1  # expected coverage must rise by more: a changed title loses some of the weight search has given it
_MISSED = 5


def item_row(item: Item, demand: Demand, fit: Fit, best: Proposal | None, flags: pd.DataFrame) -> dict[str, object]:
    """The item's row of ``TitleResult.table``; ``best`` is None where the present title stays."""
    own = frozenset(item.title_words)
    low, high = coverage(own, fit)
    own_flags = flags[flags["item_id"] == item.item_id]
    row: dict[str, object] = {
        "item_id": item.item_id,
        "item_title": item.title,
        "units": title_units(item.title),
        "terms": int(fit.terms.size),
        "coverage_low": low,
        "coverage_high": high,
        "missed": "、".join(_missed(own, demand, fit)),
        "flags": len(own_flags),
        "title": item.title if fit.terms.size else None,
        "to_confirm": "",
        "new_units": float(title_units(item.title)) if fit.terms.size else np.nan,
        "new_coverage_low": low,
        "new_coverage_high": high,
        "verdict": "keep" if fit.terms.size else "not_enough_data",
    }
    if best is not None:
        new_low, new_high = coverage(frozenset(best.words), fit)
        confirm = words_to_confirm(best, item)
        row |= {"title": best.text, "to_confirm": confirm, "new_units": float(title_units(best.text))}
        row |= {"new_coverage_low": new_low, "new_coverage_high": new_high, "verdict": "add_words" if confirm else "rewrite"}
    if (own_flags["level"] != "caution").any() and best is None:
        row["verdict"] = "fix_words"
    return row


def pick_best(item: Item, fit: Fit, options: list[Proposal], left: Array) -> Proposal | None:
    """The option worth most to the shop, or None where the present title does as well.

    What items placed before cover already counts as far as ``left``; the item's own coverage must rise too.
    """
    now = frozenset(item.title_words)
    worth, all_worth = fit.middle, max(float(fit.middle.sum()), 1e-12)
    better = []
    for option in options:
        gained = covered(frozenset(option.words), fit).astype(float) - covered(now, fit)
        if float(worth @ gained) > _GAIN * all_worth and _not_worse(option, now, fit):
            better.append((float((worth * left) @ gained), option))
    return max(better, key=lambda b: b[0])[1] if better else None


def _not_worse(option: Proposal, now: frozenset[str], fit: Fit) -> bool:
    pairs = zip(coverage(frozenset(option.words), fit), coverage(now, fit), strict=True)
    return all(new >= old - 1e-9 for new, old in pairs)


def words_to_confirm(option: Proposal, item: Item) -> str:
    """Words of the option that none of the item's own texts hold, comma-separated."""
    return ",".join(w for w in option.words if w not in item.own_words)


def _missed(words: frozenset[str], demand: Demand, fit: Fit) -> list[str]:
    """The fitting terms with most expected demand that the title does not cover."""
    order = np.argsort(-fit.middle, kind="stable")
    return [demand.terms[fit.terms[k]] for k in order if not fit.words[k] <= words][:_MISSED]


def title_rows(item: Item, fit: Fit, options: list[Proposal]) -> list[tuple[object, ...]]:
    """Rows of ``TitleResult.titles``."""
    rows: list[tuple[object, ...]] = []
    for number, option in enumerate(options, 1):
        low, high = coverage(frozenset(option.words), fit)
        confirm = words_to_confirm(option, item)
        rows.append((item.item_id, number, option.basis, option.text, title_units(option.text), low, high, confirm))
    return rows


def word_rows(item: Item, fit: Fit, options: list[Proposal]) -> list[tuple[object, ...]]:
    """Rows of ``TitleResult.words``: why each word is in."""
    total = max(float(fit.middle.sum()), 1e-12)
    robust = [set(o.words) for o in options if o.basis in ("demand", "certain_demand")]
    rows: list[tuple[object, ...]] = []
    for number, option in enumerate(options, 1):
        hit = np.flatnonzero(covered(frozenset(option.words), fit))
        for word in option.words:
            helps = [k for k in hit if word in fit.words[k]]
            reason = "required" if word in item.required else "searched" if helps else "in_title"
            sure = word in item.required or (bool(robust) and all(word in r for r in robust))
            share = float(fit.middle[helps].sum()) / total
            kind, confirm = kind_of().get(word, "other"), word not in item.own_words
            rows.append((item.item_id, number, word, title_units(word), kind, reason, len(helps), share, sure, confirm))
    return rows


def flag_rows(item: Item) -> list[tuple[str, str, str, str, str]]:
    """Rows of ``TitleResult.flags``."""
    return [(item.item_id, w.word, w.level, w.source, w.note) for w in forbidden_words(item.title)]
