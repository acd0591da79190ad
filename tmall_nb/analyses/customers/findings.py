"""What buyers' value says, most important first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tmall_nb.analyses.result import Finding
from tmall_nb.queries.new_buyer_cost import DAYS as COST_DAYS

__all__ = ["value_findings"]

GOOD_CALIBRATION = 0.10
MUCH_AT_RISK = 0.15
FEW_BUYERS_SHARE = 0.2


def value_findings(
    table: pd.DataFrame, frames: dict[str, pd.DataFrame], model: str | None, horizon_days: int
) -> tuple[Finding, ...]:
    """Return: expected sales of present buyers, calibration, sales at risk, concentration, allowed cost per new buyer."""
    if model is None:
        values = {"buyers": len(table), "repeaters": int((table["frequency"] > 0).sum())}
        return (Finding("value_few_repeaters", "unknown", values),)
    totals = frames["totals"].set_index("metric")
    found = [_expected(table, totals, horizon_days), _calibration(frames["holdout"]), _risk(totals)]
    found += [_concentration(frames["tiers"], horizon_days), _cost(totals, horizon_days)]
    found.append(_sources(frames["sources"], horizon_days))
    return tuple(f for f in found if f is not None)


def _expected(table: pd.DataFrame, totals: pd.DataFrame, days: int) -> Finding:
    value, orders = totals.loc["expected_value_yuan"], totals.loc["expected_orders"]
    values = {"days": days, "value": value["value"], "value_low": value["low"], "value_high": value["high"]}
    values |= {"orders": orders["value"], "buyers": len(table)}
    weak = (table["verdict"] == "weak").any()
    return Finding("value_expected_weak" if weak else "value_expected", "unknown" if weak else "good", values)


def _calibration(holdout: pd.DataFrame) -> Finding:
    if holdout.empty:
        return Finding("value_not_checked", "unknown")
    row = holdout[holdout["chosen"]].iloc[0]
    values: dict[str, Any] = {"model": row["model"], "predicted": row["predicted"], "actual": row["actual"]}
    if not np.isfinite(row["relative_error"]):
        return Finding("value_not_checked", "unknown")
    values |= {"error": row["relative_error"]}
    good = abs(row["relative_error"]) <= GOOD_CALIBRATION
    return Finding("value_calibrated" if good else "value_off", "good" if good else "watch", values)


def _risk(totals: pd.DataFrame) -> Finding | None:
    if "at_risk" not in totals.index:
        return None
    row, listed = totals.loc["at_risk"].astype(float), totals.loc["likely_gone"].astype(float)
    values = {"share": row["value"], "share_low": row["low"], "share_high": row["high"]}
    values |= {"buyers": int(listed["count"]), "listed": listed["value"]}
    if row["low"] > MUCH_AT_RISK:
        return Finding("value_at_risk", "act", values)  # what to do about it are the lists
    if row["high"] < MUCH_AT_RISK:
        return Finding("value_little_risk", "good", values)
    return Finding("value_some_risk", "watch", values)


def _concentration(tiers: pd.DataFrame, days: int) -> Finding | None:
    top = tiers[tiers["tier"].isin(["diamond", "gold"])]
    if top.empty:
        return None
    total = (tiers["expected_value_yuan"] * tiers["buyers"]).sum()
    share = (top["expected_value_yuan"] * top["buyers"]).sum() / total
    return Finding("value_top", "watch", {"share_buyers": FEW_BUYERS_SHARE, "share": share, "days": days})


def _cost(totals: pd.DataFrame, days: int) -> Finding | None:
    if "allowed_cost" not in totals.index:
        row = totals.loc["new_buyer_value"]
        return Finding(
            "value_new_buyer",
            "unknown",
            {"value": row["value"], "value_low": row["low"], "value_high": row["high"], "days": days},
        )
    row = totals.loc["allowed_cost"]
    values = {"allowed": row["value"], "allowed_low": row["low"], "allowed_high": row["high"], "days": days}
    if "ad_cost_per_new_buyer" not in totals.index:
        return Finding("value_allowed_cost", "unknown", values)
    cost = totals.loc["ad_cost_per_new_buyer", "value"]
    values |= {"cost": cost}
    if cost > row["high"]:
        return Finding("value_new_buyer_dear", "act", values, action=True)
    if cost < row["low"]:
        return Finding("value_new_buyer_pays", "good", values)
    return Finding("value_new_buyer_even", "unknown", values)


def _sources(sources: pd.DataFrame, days: int) -> Finding | None:
    """Value by source of the first order against its ad cost; what cutting the dear ones to the allowed cost would save."""
    known = sources[sources["verdict"] != "not_enough_data"]
    if len(known) < 2:
        return None
    dear = known[known["verdict"] == "dear"]
    row = known.loc[(known["ad_cost"] / known["allowed_cost"]).idxmax()]
    values = {"days": days, "sources": len(known), "source": row["source"], "count": len(dear), "cost_days": COST_DAYS}
    for name, column in (("cost", "ad_cost"), ("allowed", "allowed")):
        middle = row[column] if name == "cost" else row["allowed_cost"]
        values |= {name: middle, f"{name}_low": row[f"{column}_low"], f"{name}_high": row[f"{column}_high"]}
    if len(dear):
        saved = {
            "": ("ad_cost", "allowed_cost"),
            "_low": ("ad_cost_low", "allowed_high"),
            "_high": ("ad_cost_high", "allowed_low"),
        }
        gains = {f"gain{e}": float(((dear[c] - dear[a]) * dear["ad_new_buyers"]).sum()) for e, (c, a) in saved.items()}
        return Finding("source_dear", "act", values | gains | {"gain_days": COST_DAYS, "where": row["source"]}, action=True)
    if (known["verdict"] == "pays").all():
        return Finding("sources_pay", "good", values)
    return Finding("sources_even", "unknown", values | {"count": int((known["verdict"] == "even").sum())})
