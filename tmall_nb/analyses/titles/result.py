"""The result of ``write_titles``."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from tmall_nb.analyses.result import Finding, Method

SUMMARY = [
    *("item_title", "title", "to_confirm", "new_coverage_low", "new_coverage_high"),
]


@dataclass(frozen=True, slots=True)
class TitleResult:
    """Present and proposed titles.

    Attributes
    ----------
    table : one row per item_id: item_title, units (half-width), terms (search terms that fit the item), coverage_low,
        coverage_high (share of their demand the title's words cover, 0-1, under every demand inside the ranges; a term
        counts as far as its words are likely to be true of the item), missed (the largest terms the title misses), flags
        (count), title (the best proposal; the present title where none is worth the change), to_confirm (words of it that
        none of the item's own texts hold, comma-separated), new_units, new_coverage_low, new_coverage_high, verdict
        (rewrite: better with the item's own words; add_words: better once the words to confirm are confirmed; keep,
        fix_words, not_enough_data)
    titles : one row per item_id and option (1-3): basis (demand, certain_demand, own_words), title, units,
        coverage_low, coverage_high, to_confirm (words whose truth the merchant must confirm, comma-separated)
    words : one row per item_id, option and word: units, kind, reason (required, in_title, searched), terms (how many it
        helps to cover), demand_share (0-1), sure (in the best title under the low and the high demand alike), confirm
    flags : one row per item_id and forbidden word: level (banned, extreme, caution), source, note
    duplicates : one row per pair of items: similarity (shared words over all words, 0-1), shared_demand (0-1), verdict
        (competing, similar)
    findings, method : as everywhere
    """

    table: pd.DataFrame
    titles: pd.DataFrame
    words: pd.DataFrame
    flags: pd.DataFrame
    duplicates: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method

    @property
    def summary(self) -> pd.DataFrame:
        """Titles worth a change, present and proposed, the largest expected gain first; the rest is in ``table``."""
        change = self.table[self.table["verdict"].isin(["rewrite", "add_words"])]
        now, then = (change[[f"{w}coverage_low", f"{w}coverage_high"]].sum(axis=1) for w in ("", "new_"))
        order = (then - now).sort_values(ascending=False, kind="stable").index
        return change.loc[order, SUMMARY].reset_index(drop=True)
