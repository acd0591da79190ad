"""The conclusions of ``write_titles``, most important first."""

from __future__ import annotations

import pandas as pd

from tmall_nb.analyses.result import Finding


def describe_titles(table: pd.DataFrame, flags: pd.DataFrame, duplicates: pd.DataFrame) -> tuple[Finding, ...]:
    """Forbidden words first (they cost the listing), then coverage, titles that stay, competing ones, what is unknown."""
    found = [_flags(flags), _coverage(table), _stay(table), _duplicates(duplicates), _unknown(table)]
    return tuple(f for f in found if f is not None)


def _flags(flags: pd.DataFrame) -> Finding:
    hard = flags[flags["level"] != "caution"]
    if hard.empty:
        if flags.empty:
            return Finding("no_forbidden_words", "good", {})
        examples = "、".join(flags["word"].value_counts().index[:3])
        values = {"words": len(flags), "items": flags["item_id"].nunique(), "examples": examples}
        return Finding("words_need_proof", "watch", values | {"item": str(flags["item_id"].iloc[0])})
    first = hard.sort_values("level", kind="stable").iloc[0]
    values = {
        "items": hard["item_id"].nunique(),
        "example": str(first["word"]),
        "source": str(first["source"]),
        "item": str(first["item_id"]),
    }
    return Finding("forbidden_words", "act", values, action=True)


def _coverage(table: pd.DataFrame) -> Finding | None:
    judged = table[table["verdict"] != "not_enough_data"]
    if judged.empty:
        return None
    weak = judged[judged["verdict"].isin(["rewrite", "add_words"])]
    if weak.empty:
        low, high = float(judged["coverage_low"].mean()), float(judged["coverage_high"].mean())
        return Finding("titles_cover", "good", {"items": len(judged), "low": low, "high": high})
    gain = weak["new_coverage_low"] + weak["new_coverage_high"] - weak["coverage_low"] - weak["coverage_high"]
    best = weak.loc[gain.idxmax()]
    values = {
        "items": len(weak),
        "all": len(judged),
        "item": str(best["item_id"]),
        "title": str(best["title"]),
        "low": float(best["coverage_low"]),
        "high": float(best["coverage_high"]),
        "new_low": float(best["new_coverage_low"]),
        "new_high": float(best["new_coverage_high"]),
    }
    if best["to_confirm"]:
        confirm = "、".join(str(best["to_confirm"]).split(","))
        return Finding("titles_miss_demand", "act", values | {"confirm": confirm}, action=True)
    return Finding("titles_miss_own_words", "act", values, action=True)


def _stay(table: pd.DataFrame) -> Finding | None:
    """Titles that nothing beats, where others do change."""
    stay, changed = table[table["verdict"] == "keep"], table["verdict"].isin(["rewrite", "add_words"])
    if stay.empty or not changed.any():
        return None
    values = {"items": len(stay), "low": float(stay["coverage_low"].mean()), "high": float(stay["coverage_high"].mean())}
    return Finding("titles_stay", "good", values)


def _duplicates(duplicates: pd.DataFrame) -> Finding | None:
    some = duplicates[duplicates["verdict"] == "competing"]
    if some.empty:
        return None
    first = some.iloc[0]
    values = {
        "pairs": len(some),
        "item_a": str(first["item_id_a"]),
        "item_b": str(first["item_id_b"]),
        "similarity": float(first["similarity"]),
    }
    return Finding("titles_compete", "watch", values, action=True)


def _unknown(table: pd.DataFrame) -> Finding | None:
    unknown = int((table["verdict"] == "not_enough_data").sum())
    return Finding("items_without_demand", "unknown", {"items": unknown}) if unknown else None
