"""What the elasticities say, most important first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.result import Finding

ELASTIC = -1.0


def describe_elasticity(
    table: pd.DataFrame, checks: pd.DataFrame, stock_known: bool, instrument: str | None
) -> tuple[Finding, ...]:
    """Overall answer, items that clearly react and clearly do not, what cannot be answered, what may be wrong."""
    known = table[table["verdict"] == "ok"]
    found: list[Finding | None] = []
    if known.empty:
        found.append(_none(table, checks))
    else:
        found += [_overall(known, table), _elastic(known), _inelastic(known), _lift(known)]
    found += [_refused(table), _demand(instrument, checks, known), _stock(stock_known, checks, known)]
    return tuple(f for f in found if f is not None)


def _none(table: pd.DataFrame, checks: pd.DataFrame) -> Finding:
    if (table["verdict"] == "weak_instrument").any():
        return Finding("instrument_weak", "unknown", {"f_statistic": float(checks["f_statistic"].iloc[0]), "items": len(table)})
    return Finding("no_price_moves", "unknown", {"items": len(table), "most": int(table["price_changes"].max())})


def _overall(known: pd.DataFrame, table: pd.DataFrame) -> Finding:
    weight = known["units"] / known["units"].sum()
    sd = (known["high"] - known["low"]) / (2 * 1.959964)
    mean, error = float((weight * known["elasticity"]).sum()), 1.959964 * float(np.sqrt((weight**2 * sd**2).sum()))
    values = {"elasticity": mean, "elasticity_low": mean - error, "elasticity_high": mean + error}
    values |= {"items": len(known), "all": len(table), "change": -0.1 * mean}
    return Finding("elasticity_overall", "good", values)


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


def _stock(stock_known: bool, checks: pd.DataFrame, known: pd.DataFrame) -> Finding | None:
    if known.empty:
        return None
    if not stock_known:
        return Finding("stock_unknown_bias", "watch", {"bias": 0.1})
    return Finding("stock_outs_counted", "unknown", {"days": int(checks["censored_days"].iloc[0])})
