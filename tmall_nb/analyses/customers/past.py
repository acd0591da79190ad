"""What earlier touches brought, and what a list's finding may therefore promise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tmall_nb.analyses.result import Finding
from tmall_nb.errors import ExportError

if TYPE_CHECKING:
    from tmall_nb.analyses.customers.touch import TouchResult

__all__ = ["Effect", "list_findings", "past_effects"]

Z = 1.959964
NEEDED = ("list", "touched", "extra_net_yuan", "extra_net_yuan_low", "extra_net_yuan_high")


@dataclass(frozen=True, slots=True)
class Effect:
    """Extra net sales per touched buyer in past read-outs of a list, its standard error, and how many were touched."""

    net: float
    error: float
    touched: int


def past_effects(source: float | TouchResult | pd.DataFrame | None) -> dict[str, Effect]:
    """Return the effect by list; several read-outs of a list are added up. Nothing for a number: there is no past then."""
    if source is None or isinstance(source, int | float):
        return {}
    table = source if isinstance(source, pd.DataFrame) else source.table
    for name in NEEDED:
        if name not in table:
            raise ExportError("past read-outs", f"is missing; found {', '.join(map(str, table.columns))}", column=name)
    known = table.dropna(subset=list(NEEDED))
    effects = {}
    for name, rows in known.groupby("list"):
        touched = float(rows["touched"].sum())
        errors = (rows["extra_net_yuan_high"] - rows["extra_net_yuan_low"]) / (2 * Z)
        error = float(np.sqrt((errors**2).sum())) / touched
        effects[str(name)] = Effect(float(rows["extra_net_yuan"].sum()) / touched, error, int(touched))
    return effects


def list_findings(plan: pd.DataFrame, days: int, margin: float | None) -> tuple[Finding, ...]:
    """Return one finding per list, those large enough first.

    A gain is promised only where past read-outs show one; otherwise the finding says what the uplift aimed at would bring.
    Gains are margin where it is known, net sales otherwise.
    """
    found = []
    for row in plan.itertuples():
        values: dict[str, Any] = {"list": row.list, "touch": row.touch, "buyers": row.buyers, "held_out": row.held_out}
        values |= {"days": days}
        if row.verdict == "not_enough_data":
            found.append(Finding("list_too_short", "unknown", values))
            continue
        values |= {"base": row.base_rate, "uplift": row.uplift, "needed": row.needed, "detectable": row.detectable}
        values |= {"aimed": row.aimed_net_yuan, "aimed_each": row.aimed_net_yuan / max(float(str(row.touched)), 1.0)}
        key = "list_ready" if row.verdict == "large_enough" else "list_weak"
        if np.isfinite(float(str(row.expected_net_yuan))):
            key += "_past"
            ends = {"": row.expected_net_yuan, "_low": row.expected_net_yuan_low, "_high": row.expected_net_yuan_high}
            values |= {f"net{end}": net for end, net in ends.items()} | {"past": row.past_touched}
            values |= {f"gain{end}": float(str(net)) * (margin or 1.0) for end, net in ends.items()} | {"gain_days": days}
        ready = key.startswith("list_ready")
        found.append(Finding(key, "act" if ready else "watch", values, action=True))
    return tuple(sorted(found, key=lambda f: not f.key.startswith("list_ready")))
