"""What a measured lift says, most important first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign.frames import Request
from tmall_nb.analyses.result import Finding

__all__ = ["uplift_findings"]

FEW_DAYS = 56
LOOSE_FIT = 0.35
FEW_ORDERS = 5.0
PLATFORM_JUMP = 0.1  # log rise of the controls on campaign days from which platform traffic matters


def uplift_findings(
    table: pd.DataFrame, controls: pd.DataFrame, diagnostics: pd.DataFrame, placebos: pd.DataFrame, request: Request
) -> tuple[Finding, ...]:
    """Lift, what was borrowed, the naive figure, and every reason to doubt the number."""
    rows = table.set_index("kind")
    gross, net, naive = rows.loc["gross"], rows.loc["net"], rows.loc["before_after"]
    known = diagnostics.iloc[0]
    values = {
        "effect": gross["effect"],
        "effect_low": gross["low"],
        "effect_high": gross["high"],
        "relative": gross["relative"],
    }
    values |= {"start": request.start, "end": request.end, "outcome": request.outcome}
    both = values | {"net": net["effect"], "net_low": net["low"], "net_high": net["high"], "naive": naive["effect"]}
    if gross["low"] > 0 and net["low"] > 0:
        first = Finding("uplift_clear", "good", both)
    elif gross["low"] > 0:
        first = Finding("uplift_borrowed", "watch", both)
    elif gross["high"] < 0:
        first = Finding("uplift_negative", "act", both)
    else:
        first = Finding("uplift_unclear", "unknown", both)
    return (first, *_doubts(controls, known, placebos))


def _doubts(controls: pd.DataFrame, known: pd.Series, placebos: pd.DataFrame) -> list[Finding]:
    out = []
    if known["verdict"] == "no_controls":
        out.append(Finding("uplift_no_controls", "watch"))
    if known["verdict"] == "controls_react_less":
        key = "controls_react_less" if known["event_days"] else "controls_react_less_untaught"
        out.append(Finding(key, "watch", {"slope": known["fast_slope"], "events": known["event_days"]}))
    if not known["taught"] and known["platform_jump"] > PLATFORM_JUMP:
        out.append(Finding("platform_share_unknown", "unknown", {"jump": float(np.expm1(known["platform_jump"]))}))
    if known["series"] == 1:
        out.append(Finding("uplift_one_control", "watch"))
    if known["orders_per_day"] < FEW_ORDERS:
        out.append(Finding("uplift_few_orders", "watch", {"orders": known["orders_per_day"]}))
    promoted = controls[controls["verdict"] == "promoted"] if len(controls) else controls
    if len(promoted):
        out.append(Finding("controls_promoted", "watch", {"controls": ", ".join(promoted["control"]), "count": len(promoted)}))
    if known["days_before"] < FEW_DAYS:
        out.append(Finding("uplift_few_days", "watch", {"days": int(known["days_before"])}))
    if known["fit_error"] > LOOSE_FIT:
        out.append(Finding("uplift_loose_fit", "watch", {"error": known["fit_error"]}))
    if len(placebos) >= 4:
        hits = int(((placebos["low"] > 0) | (placebos["high"] < 0)).sum())
        if hits >= 2 and hits > 0.25 * len(placebos):
            out.append(Finding("placebos_fail", "watch", {"hits": hits, "count": len(placebos)}))
    return out
