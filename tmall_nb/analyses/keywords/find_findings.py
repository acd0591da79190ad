"""The conclusions of ``find_keywords``, most important first."""

from __future__ import annotations

import pandas as pd

from tmall_nb.analyses.result import Finding


def describe_opportunities(
    table: pd.DataFrame, reach: pd.DataFrame, rising: pd.DataFrame, overlaps: pd.DataFrame, cost: float
) -> tuple[Finding, ...]:
    """Terms to buy, demand not reached, rising terms, suspected replacement."""
    found = [_buy(table, cost, len(rising)), _reach(reach), _rising(rising), _overlap(overlaps)]
    return tuple(f for f in found if f is not None)


def _buy(table: pd.DataFrame, cost: float, own_terms: int) -> Finding:
    buy = table[table["verdict"] == "buy"]
    if own_terms and not table["source"].eq("own").any():
        return Finding("own_terms_bought", "good", {"keywords": own_terms})
    if buy.empty:
        known = bool(table["conversion_rate"].notna().any())
        return Finding("nothing_to_buy" if known else "own_terms_too_few", "unknown", {"keywords": len(table)})
    best = buy.iloc[0]
    values = {
        "keywords": len(buy),
        "example": str(best["keyword"]),
        "buyers": float(best["buyers"]),
        "visitors": float(best["visitors"]),
        "rate": float(best["conversion_rate"]),
        "rate_low": float(best["low"]),
        "rate_high": float(best["high"]),
        "bid": float(best["suggested_bid_yuan"]),
        "cost": cost,
    }
    return Finding("unbought_terms", "act", values, action=True)


def _reach(reach: pd.DataFrame) -> Finding | None:
    if reach.empty:
        return None
    missed = reach[reach["verdict"].isin(["not_reached", "weak"])]
    paid = reach[reach["verdict"] == "ads_only"]
    if missed.empty and paid.empty:
        return Finding("demand_reached", "good", {"keywords": len(reach)})
    best = (paid if missed.empty else missed).iloc[0]
    values = {
        "keywords": len(paid if missed.empty else missed),
        "terms": len(reach),
        "paid": len(paid),
        "example": str(best["keyword"]),
        "probability": float(best["probability_better"]),
        "popularity_low": float(best["search_popularity_low"]),
        "popularity_high": float(best["search_popularity_high"]),
        "visitors": float(best["visitors"]),
    }
    return Finding("demand_only_paid" if missed.empty else "demand_missed", "watch", values, action=True)


def _rising(rising: pd.DataFrame) -> Finding | None:
    if rising.empty:
        return None
    up = rising[rising["verdict"].isin(["rising", "season_coming"])]
    if up.empty:
        season = int(rising["season_next"].notna().sum())
        return Finding("nothing_rises", "unknown", {"keywords": len(rising), "season": season})
    best = up.iloc[0]
    if best["verdict"] == "season_coming":
        values = {"keywords": len(up), "example": str(best["keyword"]), "season": float(best["season_next"])}
        values |= {"season_low": float(best["season_low"]), "season_high": float(best["season_high"])}
        return Finding("season_comes", "watch", values, action=True)
    values = {
        "keywords": len(up),
        "example": str(best["keyword"]),
        "recent": float(best["recent"]),
        "before": float(best["before"]),
    }
    values |= {"growth": float(best["growth"]), "growth_low": float(best["low"]), "growth_high": float(best["high"])}
    return Finding("terms_rise", "watch", values, action=True)


def _overlap(overlaps: pd.DataFrame) -> Finding | None:
    if overlaps.empty:
        return None
    some = overlaps[overlaps["verdict"] == "suspected"]
    if some.empty:
        return Finding("no_overlap_sign", "unknown", {"keywords": len(overlaps)})
    worst = some.iloc[0]
    values = {
        "keywords": len(some),
        "spend": float(some["spend"].sum()),
        "example": str(worst["keyword"]),
        "days": float(worst["test_days"]),
        "lost": -float(worst["slope"]),
        "lost_low": -float(worst["high"]),
        "lost_high": -float(worst["low"]),
    }
    return Finding("overlap_suspected", "watch", values, action=True)
