"""What the discounts say: where the list price goes, who pays, what thresholds and depths did, what is not told."""

from __future__ import annotations

import pandas as pd

from tmall_nb.analyses.discounts.ladder import INFERRED, closes
from tmall_nb.analyses.result import Finding

MONTH = 28
ROUNDING = 0.005


def describe_discounts(
    frames: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
    rules: pd.DataFrame,
    missing: tuple[str, ...],
    place: str,
    days: int,
) -> tuple[Finding, ...]:
    """``frames``: steps, bunching, depths; ``days`` of the period."""
    table, bunching, depths = frames
    yuan = table.set_index("step")["yuan"]
    found: list[Finding | None] = [_total(yuan, days), *_depths(depths, days), *_bunching(bunching)]
    found += [_rules(rules), _platform(yuan, place), _closed(table, yuan), _missing(missing)]
    return tuple(f for f in found if f is not None)


def _total(yuan: pd.Series, days: int) -> Finding:
    listed = yuan["list_amount"]
    parts = {name: float(-yuan.fillna(0)[name]) for name in INFERRED}
    top = max(parts, key=lambda k: parts[k])
    values = {"listed": listed, "shop_share": sum(parts.values()) / listed, "paid_share": yuan["paid_amount"] / listed}
    values |= {"refund_share": -yuan["refund_amount"] / listed, "received_share": yuan["settled_amount"] / listed}
    values |= {"top": top, "top_share": parts[top] / listed, "days": days}
    return Finding("list_price_goes", "watch", values)


def _depths(depths: pd.DataFrame, days: int) -> list[Finding]:
    """The class that loses most and the one that gains most, where the interval is on one side."""
    known = depths.dropna(subset=["extra_profit"])
    if known.empty:
        return [Finding("depth_no_cost", "unknown", {"classes": len(depths)})] if depths["lift"].notna().any() else []
    found = []
    for sign, key, tone in ((-1, "depth_loses", "act"), (1, "depth_pays", "good")):
        clear = known[(known["extra_profit_high"] < 0) if sign < 0 else (known["extra_profit_low"] > 0)]
        if len(clear):
            row = clear.loc[(sign * clear["extra_profit"]).idxmax()]
            found.append(_depth(row, key, tone, days, act=sign < 0))
    if not found:
        row = known.loc[known["given"].idxmax()]
        found.append(_depth(row, "depth_open", "unknown", days, act=False))
    return found


def _depth(row: pd.Series, key: str, tone: str, days: int, *, act: bool) -> Finding:
    names = (
        "depth",
        "lift",
        "lift_low",
        "lift_high",
        "needed",
        "given",
        "extra_profit",
        "extra_profit_low",
        "extra_profit_high",
    )
    values = {name: row[name] for name in names} | {"days": days}
    if act:
        share = MONTH / days
        ends = {"gain": "extra_profit", "gain_low": "extra_profit_high", "gain_high": "extra_profit_low"}
        values |= {k: -float(row[v]) * share for k, v in ends.items()} | {"gain_days": MONTH, "where": row["depth"]}
    return Finding(key, tone, values, action=act)  # type: ignore[arg-type]


def _bunching(bunching: pd.DataFrame) -> list[Finding]:
    found = []
    for row in bunching[bunching["verdict"] != "not_enough_data"].itertuples():
        values = {"cart": row.cart, "off": row.off, "excess": row.excess, "excess_low": row.excess_low}
        values |= {"excess_high": row.excess_high, "base": row.base, "carts": row.carts}
        found.append(Finding("carts_bunch" if row.verdict == "bunching" else "carts_do_not_bunch",
                             "good" if row.verdict == "bunching" else "unknown", values))  # fmt: skip
    return found


def _rules(rules: pd.DataFrame) -> Finding | None:
    coupons = rules[rules["kind"] == "coupon"]
    if coupons.empty:
        return None
    row = coupons.iloc[0]
    return Finding("coupon_uptake", "good", {k: row[k] for k in ("cart", "off", "uptake", "orders")})


def _platform(yuan: pd.Series, place: str) -> Finding | None:
    if not yuan["platform_money"] > 0:
        return Finding("platform_unplaced", "watch", {}) if place == "unknown" and yuan["platform_money"] == 0 else None
    return Finding(
        "platform_pays", "good", {"yuan": yuan["platform_money"], "share": yuan["platform_money"] / yuan["paid_amount"]}
    )


def _closed(table: pd.DataFrame, yuan: pd.Series) -> Finding | None:
    gap = yuan["difference"]
    if pd.isna(gap):
        return Finding("received_unknown", "unknown", {})
    if closes(table) and abs(gap) < ROUNDING:
        return Finding("ladder_closes", "good", {"received": yuan["settled_amount"]})
    return Finding("ladder_gap", "watch", {"gap": gap, "received": yuan["settled_amount"]})


def _missing(missing: tuple[str, ...]) -> Finding | None:
    if not missing:
        return None
    return Finding("discount_reports_missing" if len(missing) > 1 else f"{missing[0]}_missing", "unknown", {})
