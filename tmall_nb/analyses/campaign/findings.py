"""What a post-mortem says, most important first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign.choose import Campaign
from tmall_nb.analyses.campaign.lift import Lift
from tmall_nb.analyses.result import Finding

__all__ = ["review_findings"]

Frames = dict[str, pd.DataFrame]
DOUBTS = {"uplift_clear", "uplift_borrowed", "uplift_negative", "uplift_unclear"}


def review_findings(frames: Frames, c: Campaign, lift: Lift, overlapping: list[str]) -> tuple[Finding, ...]:
    """Profit, lift, kinds that pay, stock-outs, targets, buyers, source, and the reasons to doubt."""
    found = [
        _profit(frames, c),
        _lift(frames, c),
        _target(frames),
        _stock(frames),
        _kinds(frames),
        _buyers(frames),
        _source(frames),
    ]
    doubts = [f for f in lift.money.findings if f.key not in DOUBTS]
    if overlapping:
        doubts.append(Finding("campaign_overlap", "watch", {"campaigns": "、".join(overlapping), "campaign": c.name}))
    if c.source not in ("campaign_summary", "enrolment"):
        doubts.append(Finding("campaign_dates", "watch", {"source": c.source, "confidence": c.confidence}))
    if not lift.enrolled:
        doubts.append(Finding("campaign_items_unknown", "watch", {"campaign": c.name}))
    lacking = frames["profit"].loc[~frames["profit"]["known"].astype(bool) & (frames["profit"]["line"] != "profit"), "line"]
    if len(lacking):
        doubts.append(Finding("profit_lines_missing", "unknown", {"count": len(lacking), "lines": ", ".join(lacking)}))
    return tuple(f for f in [*found, *doubts] if f is not None)


def _profit(frames: Frames, c: Campaign) -> Finding:
    row = frames["profit"].set_index("line").loc["profit"]
    values = {"campaign": c.name, "start": c.start, "end": c.end, "profit": row["yuan"], "profit_low": row["low"]}
    values["profit_high"] = row["high"]
    key = "campaign_earned" if row["low"] > 0 else "campaign_lost" if row["high"] < 0 else "campaign_even"
    tone = {"campaign_earned": "good", "campaign_lost": "act", "campaign_even": "unknown"}[key]
    return Finding(key, tone, values, action=key == "campaign_lost")  # type: ignore[arg-type]


def _lift(frames: Frames, c: Campaign) -> Finding:
    rows = frames["uplift"].set_index("kind")
    values: dict[str, object] = {"naive": rows.loc["before_after", "effect"]}
    for kind in ("gross", "net"):
        values |= {kind: rows.loc[kind, "effect"], f"{kind}_low": rows.loc[kind, "low"], f"{kind}_high": rows.loc[kind, "high"]}
    values["borrowed"] = rows.loc["gross", "effect"] - rows.loc["net", "effect"]
    tone = "good" if rows.loc["net", "low"] > 0 else "watch" if rows.loc["gross", "low"] > 0 else "unknown"
    return Finding("campaign_lift" if tone != "unknown" else "campaign_lift_unclear", tone, values)  # type: ignore[arg-type]


def _target(frames: Frames) -> Finding | None:
    rows = frames["targets"]
    rows = rows[rows["metric"] == "paid_amount"]
    if rows.empty or not np.isfinite(rows["reached"].iloc[0]):
        return None
    row = rows.iloc[0]
    values = {k: row[k] for k in ("start", "end", "target", "actual", "reached")} | {"gap": row["gap"]}
    return Finding(
        "target_reached" if row["reached"] >= 1 else "target_missed", "good" if row["reached"] >= 1 else "watch", values
    )


def _stock(frames: Frames) -> Finding | None:
    rows = frames["stock_outs"]
    if rows.empty or rows["lost_yuan"].sum() <= 0:
        return None
    price = rows["lost_yuan"] / rows["lost_units"].where(rows["lost_units"] > 0)
    top = rows.iloc[0]
    low, high = ((rows[k] * price).sum() for k in ("low", "high"))
    values = {"items": len(rows), "lost": rows["lost_yuan"].sum(), "lost_low": low, "lost_high": high}
    values |= {"item": top["item_title"], "item_days": int(top["days_out"])}
    return Finding("campaign_stock_outs", "act", values, action=True)


def _kinds(frames: Frames) -> Finding | None:
    kinds = frames["kinds"]
    if len(kinds) < 2:
        return None
    best, worst = kinds.iloc[0], kinds.iloc[-1]
    values = {
        "best": best["campaign_type"],
        "profit": best["profit_per_day"],
        "profit_low": best["low"],
        "profit_high": best["high"],
    }
    values |= {"count": int(kinds["campaigns"].sum())}
    if worst["verdict"] == "costs":
        values |= {"worst": worst["campaign_type"], "loss": worst["profit_per_day"], "loss_low": worst["low"]}
        return Finding("kinds_cost", "act", values | {"loss_high": worst["high"]}, action=True)
    if best["verdict"] == "pays":
        return Finding("kinds_pay", "good", values)
    return Finding("kinds_unclear", "unknown", values)


def _buyers(frames: Frames) -> Finding | None:
    later = frames["later"].set_index("group") if len(frames["later"]) else frames["later"]
    if len(later) < 2:
        return None
    ours, other = later.loc["campaign"], later.loc["other_days"]
    values = {"age": int(ours["age_days"]), "buyers": int(ours["buyers"]), "again": ours["again"], "again_low": ours["low"]}
    values |= {"again_high": ours["high"], "other": other["again"], "other_low": other["low"], "other_high": other["high"]}
    if ours["high"] < other["low"]:
        return Finding("new_buyers_worse", "watch", values)
    if ours["low"] > other["high"]:
        return Finding("new_buyers_better", "good", values)
    return Finding("new_buyers_same", "unknown", values)


def _source(frames: Frames) -> Finding | None:
    rows = frames["sources"]
    if rows.empty or rows["change"].iloc[0] <= 0:
        return None
    top = rows.iloc[0]
    return Finding("campaign_source", "good", {"source": top["source"], "change": top["change"], "share": top["share"]})
