"""What a post-mortem says, most important first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign.checks import LEAST_PLACEBOS, STANDS_OUT
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
        _presale(frames),
        _kinds(frames),
        _buyers(frames),
        _source(frames),
    ]
    doubts = [f for f in lift.money.findings if f.key not in DOUBTS] + _doubts(frames, c, lift, overlapping)
    return tuple(f for f in [*found, *doubts] if f is not None)


def _doubts(frames: Frames, c: Campaign, lift: Lift, overlapping: list[str]) -> list[Finding]:
    out = []
    if overlapping:
        out.append(Finding("campaign_overlap", "watch", {"campaigns": "、".join(overlapping), "campaign": c.name}))
    if c.source not in ("campaign_summary", "enrolment"):
        out.append(Finding("campaign_dates", "watch", {"source": c.source, "confidence": c.confidence}))
    if not lift.enrolled:
        out.append(Finding("campaign_items_unknown", "watch", {"campaign": c.name}))
    rank = frames["diagnostics"].iloc[0]
    if rank["placebo_items"] >= LEAST_PLACEBOS and rank["item_p_value"] > STANDS_OUT:
        values = {"p_value": rank["item_p_value"], "count": int(rank["placebo_items"])}
        out.append(Finding("placebo_items_alike", "watch", values))
    lacking = frames["profit"].loc[~frames["profit"]["known"].astype(bool) & (frames["profit"]["line"] != "profit"), "line"]
    if len(lacking):
        out.append(Finding("profit_lines_missing", "unknown", {"count": len(lacking), "lines": ", ".join(lacking)}))
    return out


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
    if row["reached"] >= 1:
        return Finding("target_reached", "good", values)
    parts = frames["target_gap"]
    if parts.empty:
        return Finding("target_missed", "watch", values)
    worst = parts.loc[parts["contribution"].idxmin()]
    return Finding("target_missed_by", "watch", values | {"factor": worst["factor"], "part": -worst["contribution"]})


def _presale(frames: Frames) -> Finding | None:
    rows = frames["presale"].set_index("stage") if len(frames["presale"]) else frames["presale"]
    if "balance_paid" not in rows.index:
        return None
    paid = rows.loc["balance_paid"]
    values = {"orders": int(paid["orders"]), "amount": paid["amount"], "first": paid["first_balance"]}
    if "deposit_only" not in rows.index:
        return Finding("presale_booked", "good", values)
    open_ones = rows.loc["deposit_only"]
    values |= {"open_orders": int(open_ones["orders"]), "open_amount": open_ones["amount"]}
    return Finding("presale_open", "watch", values)


def _stock(frames: Frames) -> Finding | None:
    rows = frames["stock_outs"]
    rows = rows[rows["lost_yuan"] > 0]
    if rows.empty:
        return None
    top = rows.iloc[0]
    values = {"items": len(rows), "item": top["item_title"], "item_days": int(top["days_out"])}
    for name, column in (("lost", "lost_yuan"), ("lost_low", "lost_low"), ("lost_high", "lost_high")):
        values[name] = float(rows[column].sum())
        values[name.replace("lost", "gain")] = values[name]
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
    if len(later) < 3:
        won = frames["buyers"]
        count = int(won.loc[won["kind"] == "new", "buyers"].sum()) if len(won) else 0
        return Finding("new_buyers_too_young", "unknown", {"buyers": count}) if count else None
    ours, other, gap = later.loc["campaign"], later.loc["other_days"], later.loc["difference"]
    values = {"age": int(ours["age_days"]), "buyers": int(ours["buyers"])}
    for name, row in (("again", ours), ("other", other)):
        values |= {name: row["again"], f"{name}_low": row["low"], f"{name}_high": row["high"]}
        values |= {f"{name}_yuan{k}": row[f"later_{k.strip('_') or 'yuan'}"] for k in ("", "_low", "_high")}
    if gap["high"] < 0:
        return Finding("new_buyers_worse", "watch", values)
    return Finding("new_buyers_better", "good", values) if gap["low"] > 0 else Finding("new_buyers_same", "unknown", values)


def _source(frames: Frames) -> Finding | None:
    rows = frames["sources"]
    if rows.empty or rows["change"].iloc[0] <= 0:
        return None
    top = rows.iloc[0]
    return Finding("campaign_source", "good", {"source": top["source"], "change": top["change"], "share": top["share"]})
