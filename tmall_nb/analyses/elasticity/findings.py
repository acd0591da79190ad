"""What the elasticities say, most important first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.analyses.elasticity.effects import Effects
from tmall_nb.analyses.elasticity.parts import describe_effects
from tmall_nb.analyses.result import Finding

ELASTIC = -1.0
WIDE = 2.0  # width of an interval that tells a small response from a large one no more


@dataclass(frozen=True, slots=True)
class Evidence:
    """The frames that findings are read from."""

    table: pd.DataFrame
    checks: pd.DataFrame
    effects: Effects
    second: pd.DataFrame


def describe_elasticity(evidence: Evidence, *, stock_known: bool, instrument: str | None) -> tuple[Finding, ...]:
    """Overall answer, items that clearly react and clearly do not, what cannot be answered, what may be wrong."""
    table, checks = evidence.table, evidence.checks
    known = table[table["verdict"] == "ok"]
    found: list[Finding | None] = []
    if known.empty:
        found.append(_none(table, checks))
    else:
        found += [_overall(known, table, checks), _wide(checks, known), _elastic(known), _inelastic(known), _lift(known)]
        found += describe_effects(evidence.effects)
    found += [_refused(table), _always(table), _demand(instrument, checks, known), _stock(stock_known, checks, known)]
    found += [_second(row) for _, row in evidence.second.iterrows()]
    found.append(_source(checks))
    return tuple(f for f in found if f is not None)


def _none(table: pd.DataFrame, checks: pd.DataFrame) -> Finding:
    if (table["verdict"] == "weak_instrument").any():
        return Finding("instrument_weak", "unknown", {"f_statistic": float(checks["f_statistic"].iloc[0]), "items": len(table)})
    wide = int((table["reason"] == "interval_too_wide").sum())
    if wide:
        return Finding("intervals_too_wide", "unknown", {"items": wide, "days": int(table["days"].max())})
    return Finding("no_price_moves", "unknown", {"items": len(table), "most": int(table["price_changes"].max())})


def _overall(known: pd.DataFrame, table: pd.DataFrame, checks: pd.DataFrame) -> Finding:
    row = checks.iloc[0]
    values = {"elasticity": float(row["overall"]), "elasticity_low": float(row["overall_low"])}
    values |= {"elasticity_high": float(row["overall_high"]), "items": len(known), "all": len(table)}
    values["change"] = float(np.expm1(row["overall"] * np.log(0.9)))
    wide = values["elasticity_high"] - values["elasticity_low"] > WIDE
    return Finding("elasticity_overall", "unknown" if wide else "good", values)


def _wide(checks: pd.DataFrame, known: pd.DataFrame) -> Finding | None:
    """An interval too wide to act on, as from one item or a few weeks."""
    low, high = (float(checks[c].iloc[0]) for c in ("overall_low", "overall_high"))
    if not high - low > WIDE:
        return None
    best, worst = (float(np.expm1(v * np.log(0.9))) for v in (low, high))
    return Finding("elasticity_wide", "unknown", {"items": len(known), "least": worst, "most": best})


def _elastic(known: pd.DataFrame) -> Finding | None:
    some = known[known["high"] < ELASTIC]
    if some.empty:
        return None
    top = some.loc[some["units"].idxmax()]
    return Finding("items_elastic", "watch", _named(top) | {"items": len(some)})


def _inelastic(known: pd.DataFrame) -> Finding | None:
    some = known[known["low"] > ELASTIC]
    if some.empty:
        open_items = known[(known["low"] <= ELASTIC) & (known["high"] >= ELASTIC)]
        return Finding("elasticity_open", "unknown", {"items": len(open_items)}) if len(open_items) else None
    top = some.loc[some["units"].idxmax()]
    return Finding("items_inelastic", "good", _named(top) | {"items": len(some)})


def _named(row: pd.Series) -> dict[str, object]:
    return {
        "item": str(row["item_id"]),
        "elasticity": float(row["elasticity"]),
        "elasticity_low": float(row["low"]),
        "elasticity_high": float(row["high"]),
    }


def _lift(known: pd.DataFrame) -> Finding | None:
    lift = known["campaign_lift"].dropna()
    if lift.empty:
        return None
    return Finding("campaign_apart", "unknown", {"lift": float(lift.median()), "items": len(lift)})


def _refused(table: pd.DataFrame) -> Finding | None:
    few, odd = int((table["verdict"] == "not_enough_data").sum()), int((table["verdict"] == "implausible").sum())
    if few + odd == 0:
        return None
    return Finding("items_refused", "unknown", {"few": few, "odd": odd, "items": len(table)})


def _demand(instrument: str | None, checks: pd.DataFrame, known: pd.DataFrame) -> Finding | None:
    if known.empty:
        return None
    if instrument is None:
        return Finding("own_demand_warning", "watch", {"items": len(known)})
    values = {"instrument": instrument, "f_statistic": float(checks["f_statistic"].iloc[0])}
    return Finding("instrument_strong", "good", values)


def _always(table: pd.DataFrame) -> Finding | None:
    count = int(table["reason"].isin(["always_on_promotion", "only_with_campaign"]).sum())
    return Finding("always_on_promotion", "watch", {"items": count}) if count else None


def _stock(stock_known: bool, checks: pd.DataFrame, known: pd.DataFrame) -> Finding | None:
    if known.empty:
        return None
    row = checks.iloc[0]
    if not stock_known:
        values = {"bias": max(float(row["stock_bias"]), 0.0), "bias_heavy": max(float(row["stock_bias_heavy"]), 0.0)}
        return Finding("stock_unknown_bias", "watch", values)
    return Finding("stock_outs_counted", "unknown", {"days": int(row["censored_days"])})


def _second(row: pd.Series) -> Finding:
    values = {
        "elasticity": float(row["elasticity"]),
        "elasticity_low": float(row["low"]),
        "elasticity_high": float(row["high"]),
    }
    agrees = row["low"] <= row["first_elasticity"] <= row["high"]
    values |= {"first": float(row["first_elasticity"]), "days": int(row["rows"]), "items": int(row["items"])}
    key = {"order_times": "second_by_times", "linear_iv": "second_by_weeks"}[str(row["estimate"])]
    return Finding(key if agrees else f"{key}_differs", "good" if agrees else "watch", values)


def _source(checks: pd.DataFrame) -> Finding | None:
    source = str(checks["price_source"].iloc[0])
    return Finding(f"price_from_{source}", "unknown", {}) if source in ("order_items", "product_daily") else None
