"""Which conclusions a media mix allows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.result import Finding
from tmall_nb.stats.media_mix import Pooled

SHORT_WEEKS = 52
WIDE = 2.5  # high ÷ low beyond which what ads brought in all is not called known


def mix_findings(
    table: pd.DataFrame, checks: pd.DataFrame, scores: pd.DataFrame, brought: np.ndarray, weeks: int, *, tested: bool
) -> tuple[Finding, ...]:
    """Findings of a media mix, most important first; ``brought`` are the ends (90 %) of what all channels brought in yuan."""
    found: list[Finding] = []
    value = dict(zip(checks["check"], checks["value"].astype(float), strict=True))
    warned = set(checks.loc[checks["verdict"] == "warning", "check"])
    if weeks < SHORT_WEEKS:
        found.append(Finding("mix_too_short", "unknown", {"weeks": weeks, "needed": SHORT_WEEKS}, action=True))
    if "hidden_demand" in warned:
        suspects = table.loc[table["verdict"] == "hidden_demand", "channel"].tolist()
        values = {
            "channel": "、".join(suspects) or str(table["channel"].iloc[0]),
            "value": value["hidden_demand"],
        }
        found.append(
            Finding("mix_hidden_demand" if suspects else "mix_hidden_demand_tested", "watch", values, action=bool(suspects))
        )
    if "r_hat" in warned:
        found.append(Finding("mix_not_converged", "unknown", {"value": value["r_hat"]}))
    known = table[table["low"].notna()].sort_values("roas", ascending=False)
    if len(known):
        clear = known[known["verdict"] == "ok"]
        for row in clear.head(1).itertuples():
            found.append(
                Finding(
                    "mix_best",
                    "good",
                    {"channel": row.channel, "value": row.roas, "value_low": row.low, "value_high": row.high},
                )
            )
        wide = known[known["verdict"] == "wide"]
        if len(wide):
            top = wide.sort_values("spend", ascending=False).iloc[0]
            values = {
                "channel": top["channel"],
                "count": len(wide),
                "value": top["roas"],
                "value_low": top["low"],
                "value_high": top["high"],
            }
            found.append(Finding("mix_wide", "unknown", values, action=True))
        total = float((known["roas"] * known["spend"]).sum())
        low, high = min(float(brought[0]), total), max(float(brought[1]), total)
        values = {"share": float(known["share"].sum()), "value": total, "value_low": low, "value_high": high, "weeks": weeks}
        found.append(Finding("mix_share", "unknown" if high > WIDE * low else "good", values))
    empty = table[table["verdict"] == "not_enough_data"]
    if len(empty):
        found.append(
            Finding("mix_no_spend", "unknown", {"channel": "、".join(map(str, empty["channel"])), "count": len(empty)})
        )
    if len(scores):
        error, naive = float(scores["error"].mean()), float(scores["naive_error"].mean())
        values = {"error": error, "naive": naive, "count": len(scores)}
        good = error <= naive
        found.append(Finding("mix_forecast_good" if good else "mix_forecast_bad", "good" if good else "watch", values))
    if not tested:
        found.append(Finding("mix_no_test", "unknown", {"floor": float(table["floor_roas"].iloc[0])}))
    return tuple(found)


def tested_findings(tests: pd.DataFrame) -> tuple[Finding, ...]:
    """Which tests calibrate the mix and what they changed; which do not, and why. The newest first of each."""
    found = []
    newest = tests.sort_values("end", ascending=False, kind="stable")
    for row in newest.sort_values("verdict", key=lambda v: v != "used", kind="stable").itertuples():
        values = {"channel": row.channel, "start": _day(row.start), "end": _day(row.end)}
        values |= {"value": row.tested, "value_low": row.tested_low, "value_high": row.tested_high}
        if row.verdict != "used":
            found.append(Finding(f"mix_test_{row.verdict}", "watch", values))
            continue
        for name in ("before", "after"):
            values |= {name + side: getattr(row, name + side) for side in ("", "_low", "_high")}
        apart = not row.before_low <= row.tested <= row.before_high
        found.append(Finding("mix_test_corrects" if apart else "mix_test_used", "watch" if apart else "good", values))
    return tuple(found)


def _day(value: object) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else str(value)


def pooled_findings(pooled: object) -> tuple[Finding, ...]:
    """Whether the returns seen in the other shops of a batch were used."""
    if not isinstance(pooled, Pooled):
        return ()
    key = "mix_pooled" if pooled.alike else "mix_pool_unlike"
    return (Finding(key, "good" if pooled.alike else "unknown", {"count": int(pooled.shops.max()), "value": pooled.between}),)
