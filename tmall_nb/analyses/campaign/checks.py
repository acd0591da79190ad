"""Reasons to doubt a lift in one table: what was checked, the figure, and whether it is in order."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign.measure import REACT_Z
from tmall_nb.analyses.campaign.uplift_findings import FEW_DAYS, FEW_ORDERS, LOOSE_FIT, PLATFORM_JUMP

__all__ = ["LEAST_PLACEBOS", "STANDS_OUT", "check_table"]

LEAST_PLACEBOS, STANDS_OUT = 9, 0.1  # nine placebo items: the smallest rank p-value is .1


def check_table(known: pd.Series, placebos: pd.DataFrame, controls: pd.DataFrame) -> pd.DataFrame:
    """Return check, value, state (ok, doubt, unknown).

    Parameters
    ----------
    known : the row of diagnostics, with item_p_value and placebo_items; placebos, controls : of the lift
    """
    hits = int(((placebos["low"] > 0) | (placebos["high"] < 0)).sum())
    promoted = int((controls["verdict"] == "promoted").sum())
    untaught = not known["taught"] and known["platform_jump"] > PLATFORM_JUMP
    ranked = known["placebo_items"] >= LEAST_PLACEBOS
    rows = [
        ("check_days_before", known["days_before"], known["days_before"] < FEW_DAYS),
        ("check_fit", known["fit_error"], known["fit_error"] > LOOSE_FIT),
        ("check_orders", known["orders_per_day"], known["orders_per_day"] < FEW_ORDERS),
        ("check_series", known["series"], known["series"] < 2),
        ("check_react", known["react_z"], known["react_z"] > REACT_Z),
        ("check_platform", known["platform_jump"], untaught),
        ("check_promoted", promoted, promoted > 0),
        ("check_windows", hits, len(placebos) >= 4 and hits >= 2 and hits > 0.25 * len(placebos)),
        ("check_items", known["item_p_value"] if ranked else np.nan, ranked and known["item_p_value"] > STANDS_OUT),
    ]
    out = pd.DataFrame(rows, columns=["check", "value", "state"]).astype({"value": "float64"})
    state = np.where(out["value"].isna(), "unknown", np.where(out["state"].astype(bool), "doubt", "ok"))
    return out.assign(state=state)
