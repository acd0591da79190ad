"""What the KPI tree, refunds, items and unusual days say, most important first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.health.kpis import Periods
from tmall_nb.analyses.result import Finding, Tone

HERO_SHARE = 0.3
REFUND_SHIFT = 0.1
Frames = dict[str, pd.DataFrame]


def health_findings(frames: Frames, periods: Periods) -> tuple[Finding, ...]:
    """Return at least one finding: sales, driver, refunds to come, breaks, alarms, hero items, ad cost, what is missing."""
    found = [_sales(frames, periods), *_breaks(frames), _driver(frames, periods), _refunds(frames, periods)]
    found += [_alarms(frames, periods), _heroes(frames), _ads(frames), _missing(frames)]
    return tuple(f for f in found if f is not None)


def _row(table: pd.DataFrame, metric: str) -> pd.Series | None:
    rows = table[table["metric"] == metric] if len(table) else table
    return rows.iloc[0] if len(rows) else None


def _sales(frames: Frames, periods: Periods) -> Finding:
    row = _row(frames["table"], "paid_amount")
    if row is None:
        return Finding("no_sales_data", "unknown")
    values = {"value": row["value"], "days": periods.days, "start": periods.start, "end": periods.end}
    if not np.isfinite(row["change"]):
        return Finding("sales_no_comparison", "unknown", values)
    values |= {"change": row["change"], "change_low": row["low"], "change_high": row["high"], "previous": row["previous"]}
    still = _still_days(frames["breaks"], periods)
    if still:
        return Finding("sales_with_break", "unknown", values | {"still": still})
    if row["low"] > 0:
        return Finding("sales_up", "good", values)
    if row["high"] < 0:
        return Finding("sales_down", "act", values)
    return Finding("sales_same", "unknown", values)


def _still_days(breaks: pd.DataFrame, periods: Periods) -> int:
    """Days of standstill inside the two periods that are compared."""
    first, last = periods.before[0], periods.end
    return sum(max((min(b.end, last) - max(b.start, first)).days + 1, 0) for b in breaks.itertuples())


def _driver(frames: Frames, periods: Periods) -> Finding | None:
    factors = frames["factors"]
    if factors.empty or not np.isfinite(factors["contribution"]).all():
        return None
    main = factors.loc[factors["contribution"].abs().idxmax()]
    values = {"factor": main["factor"], "contribution": main["contribution"], "change": factors["contribution"].sum()}
    values |= {"before": main["before"], "after": main["after"]}
    tone: Tone = "watch" if main["contribution"] < 0 else "good"
    if _still_days(frames["breaks"], periods):
        tone = "unknown"
    sources = frames["sources"]
    if len(sources):
        by_source = sources.groupby("segment")["contribution"].sum()
        name = by_source.abs().idxmax()
        return Finding("driver_with_source", tone, values | {"source": name, "source_contribution": by_source[name]})
    return Finding("driver", tone, values)


def _refunds(frames: Frames, periods: Periods) -> Finding | None:
    rate = _row(frames["table"], "refund_rate_amount")
    weeks = frames["weeks"]
    if len(weeks) and weeks["refund_expected"].notna().any():
        recent = weeks[weeks["week"] > periods.end - pd.Timedelta(days=28)]
        paid, seen, expected = (recent[c].sum() for c in ("paid_amount", "refund_seen", "refund_expected"))
        if paid <= 0:
            return None
        values = {"seen": seen / paid, "rate": expected / paid, "open": expected - seen, "net": paid - expected}
        values |= {"net_low": recent["net_low"].sum(), "net_high": recent["net_high"].sum()}
        tone: Tone = "watch" if expected - seen > REFUND_SHIFT * seen else "good"
        return Finding("refunds_to_come", tone, values)
    if rate is not None:
        return Finding("refunds_immature", "unknown", {"rate": rate["value"]})
    return None


def _breaks(frames: Frames) -> list[Finding]:
    keys = ("start", "end", "days", "orders_per_day", "usual_orders_per_day")
    return [Finding("break", "watch", {k: getattr(row, k) for k in keys}) for row in frames["breaks"].itertuples()]


def _alarms(frames: Frames, periods: Periods) -> Finding | None:
    days = frames["days"]
    if days["expected"].notna().sum() == 0:
        return Finding("alarms_not_possible", "unknown", {"days": int(days["paid_amount"].notna().sum())})
    inside = days[(days["date"] >= periods.start) & (days["date"] <= periods.end)]
    hits = inside[inside["alarm"]]
    if hits.empty:
        return Finding("alarms_none", "good", {"days": len(inside)})
    far = (hits["paid_amount"] / hits["expected"] - 1).abs().idxmax()
    worst = hits.loc[far]
    values = {"count": len(hits), "date": worst["date"], "value": worst["paid_amount"], "expected": worst["expected"]}
    return Finding("alarms", "watch", values | {"expected_low": worst["low"], "expected_high": worst["high"]})


def _heroes(frames: Frames) -> Finding | None:
    items = frames["items"]
    if items.empty:
        return None
    top = items.iloc[0]
    name = top["item_title"] if isinstance(top["item_title"], str) else top["item_id"]
    count = int((items["cumulative_share"] < 0.8).sum()) + 1
    values = {"item": name, "share": top["share"], "items": len(items), "items_for_80": min(count, len(items))}
    return Finding("hero", "watch", values) if top["share"] > HERO_SHARE else Finding("spread", "good", values)


def _ads(frames: Frames) -> Finding | None:
    row = _row(frames["table"], "ad_cost_ratio")
    if row is None or not np.isfinite(row["value"]):
        return None
    values = {"value": row["value"], "change": row["change"], "change_low": row["low"], "change_high": row["high"]}
    if np.isfinite(row["low"]) and row["low"] > 0:
        return Finding("ad_cost_up", "watch", values)
    return Finding("ad_cost", "unknown", values)


def _missing(frames: Frames) -> Finding | None:
    table = frames["table"]
    known = set(table["metric"]) if len(table) else set()
    lacking = [m for m in ("visitors", "spend", "refund_rate_amount") if m not in known]
    return Finding("not_answered", "unknown", {"metrics": ", ".join(lacking)}) if lacking else None
