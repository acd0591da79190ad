"""The conclusions of ``score_keywords``, most important first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.keywords.inputs import KeywordInput
from tmall_nb.analyses.result import Finding


def describe_keywords(
    table: pd.DataFrame, tokens: pd.DataFrame, stages: pd.DataFrame, kinds: pd.DataFrame, given: KeywordInput
) -> tuple[Finding, ...]:
    """Waste, headroom, roots, brand against generic, weak stages, what the data cannot tell."""
    found = [_waste(table), _raise(table), _lower(table), _undecided(table), *_roots(tokens), _brand(kinds), _stage(stages)]
    return tuple(f for f in [*found, _immature(given), _presale(given.rows)] if f is not None)


def too_few_orders(rows: pd.DataFrame) -> tuple[Finding, ...]:
    values = {"orders": float(rows["ad_orders"].sum()), "clicks": float(rows["clicks"].sum()), "keywords": len(rows)}
    return (Finding("too_few_orders", "unknown", values),)


def _waste(table: pd.DataFrame) -> Finding:
    losing = table[table["verdict"] == "negative"]
    if losing.empty:
        return Finding("no_certain_waste", "good", {"keywords": len(table), "spend": float(table["spend"].sum())})
    if losing["profit_yuan"].notna().all():
        expected, low, high = (-float(losing[c].sum()) for c in ("profit_yuan", "profit_yuan_high", "profit_yuan_low"))
    else:
        expected, low, high = (float(losing["wasted_yuan"].sum()),) * 2 + (float(losing["spend"].sum()),)
    values = {
        "keywords": len(losing),
        "spend": float(losing["spend"].sum()),
        "share": _share(losing, table),
        "loss": expected,
        "loss_low": max(low, 0.0),
        "loss_high": high,
        "example": _largest(losing),
        "gain": expected,
        "gain_low": max(low, 0.0),
        "gain_high": high,
    }
    return Finding("certain_waste", "act", values, action=True)


def _raise(table: pd.DataFrame) -> Finding:
    up = table[table["verdict"] == "raise"]
    if up.empty:
        return Finding("none_to_raise", "unknown", {"keywords": len(table)})
    best = up.loc[up["rank"].idxmin()]
    values = {
        "keywords": len(up),
        "spend": float(up["spend"].sum()),
        "example": str(best["keyword"]),
        "bid": float(best["max_bid_yuan"]),
        "bid_low": float(best["max_bid_yuan_low"]),
        "bid_high": float(best["max_bid_yuan_high"]),
        "cost": float(best["cost_per_click"]),
    }
    return Finding("raise_bids", "good", values, action=True)


def _lower(table: pd.DataFrame) -> Finding | None:
    down = table[table["verdict"] == "lower"]
    if down.empty:
        return None
    values = {
        "keywords": len(down),
        "spend": float(down["spend"].sum()),
        "share": _share(down, table),
        "example": _largest(down),
    }
    return Finding("lower_bids", "watch", values, action=True)


def _undecided(table: pd.DataFrame) -> Finding | None:
    open_rows = table[table["verdict"] == "not_enough_data"]
    if open_rows.empty:
        return None
    return Finding(
        "undecided",
        "unknown",
        {"keywords": len(open_rows), "spend": float(open_rows["spend"].sum()), "share": _share(open_rows, table)},
    )


def _roots(tokens: pd.DataFrame) -> list[Finding]:
    clear = tokens[tokens["verdict"] != "no_difference"]
    if clear.empty:
        return [Finding("roots_tell_nothing", "unknown", {"roots": len(tokens)})]
    found = []
    for verdict, key, tone in (("helps", "root_helps", "good"), ("hurts", "root_hurts", "watch")):
        some = clear[clear["verdict"] == verdict]
        if len(some):
            strongest = some.loc[some["low"].idxmax() if verdict == "helps" else some["high"].idxmin()]
            values = {"root": str(strongest["token"]), "spend": float(strongest["spend"]), "roots": len(some)}
            values |= {
                "effect": float(strongest["effect"]),
                "effect_low": float(strongest["low"]),
                "effect_high": float(strongest["high"]),
            }
            found.append(Finding(key, tone, values))  # type: ignore[arg-type]
    return found


def _brand(kinds: pd.DataFrame) -> Finding | None:
    by = kinds.set_index("kind")
    if not {"brand", "generic"} <= set(by.index) or by["spend"].sum() <= 0:
        return None
    brand, generic = by.loc["brand"], by.loc["generic"]
    apart = brand["low"] > generic["high"] or brand["high"] < generic["low"]
    values = {
        "brand_share": float(brand["spend"] / by["spend"].sum()),
        "brand": float(brand["order_per_click"]),
        "brand_low": float(brand["low"]),
        "brand_high": float(brand["high"]),
        "generic": float(generic["order_per_click"]),
        "generic_low": float(generic["low"]),
        "generic_high": float(generic["high"]),
    }
    return Finding("brand_differs" if apart else "brand_same", "watch" if apart else "unknown", values)


def _stage(stages: pd.DataFrame) -> Finding | None:
    """The stage that costs most orders, over the keywords it is certainly weakest for; their errors are independent."""
    weak = stages[stages["weakest"].astype(bool)]
    if weak.empty:
        return Finding("no_weak_stage", "unknown", {"keywords": stages["keyword"].nunique()}) if len(stages) else None
    worst = str(weak.groupby("stage")["lost_orders"].sum().idxmax())
    rows = weak[weak["stage"] == worst].sort_values("lost_orders", ascending=False)
    example, lost = rows.iloc[0], float(rows["lost_orders"].sum())
    down, up = (float(np.sqrt(((rows[c] - rows["lost_orders"]) ** 2).sum())) for c in ("lost_orders_low", "lost_orders_high"))
    values = {
        "keywords": len(rows),
        "lost": lost,
        "lost_low": max(lost - down, 0.0),
        "lost_high": lost + up,
        "example": str(example["keyword"]),
        "rate": float(example["rate"]),
        "rate_low": float(example["low"]),
        "rate_high": float(example["high"]),
        "peer": float(example["peer_rate"]),
    }
    return Finding(f"weak_{worst}", "watch", values)


def _immature(given: KeywordInput) -> Finding | None:
    if not given.immature or given.immature["clicks"] <= 0:
        return None
    values = {k: given.immature[k] for k in ("days", "spend", "clicks")}
    return Finding("immature_counted" if given.immature["used"] else "immature_left_out", "unknown", values)


def _presale(rows: pd.DataFrame) -> Finding | None:
    if "presale_sales" not in rows or rows["presale_sales"].fillna(0).sum() <= 0.02 * max(rows["ad_sales"].sum(), 1.0):
        return None
    presale, total = float(rows["presale_sales"].sum()), float(rows["ad_sales"].sum())
    return Finding("presale_apart", "unknown", {"presale": presale, "share": presale / max(presale + total, 1.0)})


def _share(part: pd.DataFrame, whole: pd.DataFrame) -> float:
    total = float(whole["spend"].sum())
    return float(part["spend"].sum()) / total if total > 0 else 0.0


def _largest(frame: pd.DataFrame) -> str:
    return str(frame.loc[frame["spend"].idxmax(), "keyword"])
