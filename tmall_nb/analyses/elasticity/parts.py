"""What promotions, struck-through prices and rivals do, as findings."""

from __future__ import annotations

import pandas as pd

from tmall_nb.analyses.elasticity.effects import Effects
from tmall_nb.analyses.result import Finding


def describe_effects(effects: Effects) -> list[Finding | None]:
    """One finding per part that the data hold."""
    overall = effects.overall.set_index("part")
    return [
        _promotion(effects.promotion, overall),
        _promotion_only(effects.promotion),
        _reference(overall),
        _cross(overall),
        _categories(effects.competition),
        _rivals(effects.rivals),
    ]


def _span(row: pd.Series) -> dict[str, float]:
    return {"effect": float(row["value"]), "effect_low": float(row["low"]), "effect_high": float(row["high"])}


def _promotion(frame: pd.DataFrame, overall: pd.DataFrame) -> Finding | None:
    good = frame[frame["verdict"] == "ok"] if len(frame) else frame
    if "promotion" not in overall.index or good.empty:
        return None
    row = overall.loc["promotion"]
    values = _span(row) | {"base": float(good["base_elasticity"].mean())}
    values |= {"promotion": float(good["promotion_elasticity"].mean()), "items": len(good)}
    if row["high"] < 0:
        return Finding("promotion_counts_more", "watch", values)
    if row["low"] > 0:
        return Finding("promotion_counts_less", "watch", values)
    return Finding("promotion_like_price", "unknown", values)


def _promotion_only(frame: pd.DataFrame) -> Finding | None:
    if frame.empty:
        return None
    always = int((frame["verdict"] == "always_on_promotion").sum())
    return Finding("promotion_never_ends", "watch", {"items": always, "all": len(frame)}) if always else None


def _reference(overall: pd.DataFrame) -> Finding | None:
    if "reference" not in overall.index:
        return None
    row = overall.loc["reference"]
    values = _span(row) | {"change": 0.1 * float(row["value"]), "items": int(row["items"])}
    if row["low"] > 0:
        return Finding("list_price_helps", "good", values)
    return Finding("list_price_hurts" if row["high"] < 0 else "list_price_unclear", "unknown", values)


def _cross(overall: pd.DataFrame) -> Finding | None:
    if "cross" not in overall.index:
        return None
    row = overall.loc["cross"]
    values = _span(row) | {"items": int(row["items"])}
    return Finding("items_compete", "watch", values) if row["low"] > 0 else Finding("competition_unclear", "unknown", values)


def _categories(frame: pd.DataFrame) -> Finding | None:
    if len(frame) < 2:
        return None
    clear = frame[frame["verdict"] == "competes"]
    if clear.empty:
        return Finding("categories_unclear", "unknown", {"all": len(frame), "most": float(frame["high"].max())})
    top = clear.loc[clear["low"].idxmax()]
    values = {"categories": len(clear), "all": len(frame), "category": str(top["category"])}
    values |= {"effect": float(top["effect"]), "effect_low": float(top["low"]), "effect_high": float(top["high"])}
    return Finding("categories_compete", "watch", values)


def _rivals(frame: pd.DataFrame) -> Finding | None:
    if frame.empty:
        return None
    clear = frame[frame["verdict"] == "steals"]
    if clear.empty:
        return Finding("rivals_unclear", "unknown", {"pairs": len(frame)})
    top = clear.iloc[0]
    values = {"pairs": len(clear), "all": len(frame), "item": str(top["item_id"]), "rival": str(top["rival_id"])}
    values |= {"effect": float(top["effect"]), "effect_low": float(top["low"]), "effect_high": float(top["high"])}
    return Finding("rivals_found", "watch", values)
