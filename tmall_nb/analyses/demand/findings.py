"""What the forecast says, most important first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.result import Finding

__all__ = ["backtest_findings", "forecast_findings", "review_findings"]

BETTER = 0.97
LEAST_WINDOWS = 3


def forecast_findings(
    table: pd.DataFrame,
    groups: pd.DataFrame,
    models: pd.DataFrame,
    events: pd.DataFrame,
    *,
    planned: bool,
    completed: int,
    windows: pd.DataFrame,
) -> tuple[Finding, ...]:
    shop = groups[groups["level"] == "shop"]
    start, end = shop["date"].min(), shop["date"].max()
    usable = table[table["verdict"] != "not_enough_data"]
    units = float(shop["units"].sum())
    low, high = _total_interval(windows, units)
    findings = [
        Finding(
            "demand_total",
            "good" if len(usable) else "unknown",
            {
                "units": units,
                "units_low": low,
                "units_high": high,
                "items": len(table),
                "start": start,
                "end": end,
            },
        )
    ]
    findings.append(_winner(models))
    soon = events[events["ahead"]] if len(events) else events
    if len(soon):
        first = soon.iloc[0]
        findings.append(
            Finding("demand_campaign", "watch", {"campaign": first["campaign"], "start": first["start"], "end": first["end"]})
        )
    if not planned:
        findings.append(Finding("demand_no_plan", "unknown", {"start": start, "end": end}))
    if completed:
        findings.append(Finding("demand_sold_out", "watch", {"days": completed}))
    for verdict in ("dying", "new"):
        count = int((table["verdict"] == verdict).sum())
        if count:
            findings.append(Finding(f"demand_{verdict}", "watch", {"items": count}))
    return tuple(findings)


def _winner(models: pd.DataFrame) -> Finding:
    if models.empty:
        return Finding("demand_untested", "unknown", {})
    best = models[models["used"]].iloc[0]
    if best["model"] == "weekday_mean" or best["error"] >= BETTER:
        return Finding("demand_mean_wins", "watch", {"model": best["model"], "error": float(best["error"])})
    return Finding(
        "demand_winner", "good", {"model": best["model"], "better": 1 - float(best["error"]), "windows": int(best["windows"])}
    )


def backtest_findings(origins: pd.DataFrame) -> tuple[Finding, ...]:
    mase, mean = float(origins["mase"].mean()), float(origins["mean_error"].mean())
    cover = float(origins["coverage_80"].mean())
    values = {"origins": len(origins), "mase": mase, "better": 1 - mase / mean if mean > 0 else float("nan"), "cover": cover}
    won = mase < BETTER * mean
    first = Finding("backtest_beats_mean" if won else "backtest_no_better", "good" if won else "watch", values)
    honest = 0.7 <= cover <= 0.9
    return (first, Finding("backtest_cover" if honest else "backtest_cover_off", "good" if honest else "watch", values))


def review_findings(table: pd.DataFrame) -> tuple[Finding, ...]:
    if table.empty:
        return (Finding("review_none", "unknown", {}),)
    row = table.set_index("group").loc["all"]
    values = {
        "days": int(row["days"]),
        "error": float(row["error"]),
        "bias": float(row["bias"]),
        "cover": float(row["coverage_80"]),
    }
    good = abs(values["bias"]) <= 0.1 and 0.7 <= values["cover"] <= 0.92
    return (Finding("review_trust" if good else "review_doubt", "good" if good else "watch", values),)


def _total_interval(windows: pd.DataFrame, units: float) -> tuple[float, float]:
    """80 % interval of the shop's total over the horizon, from its totals over past windows; missing under three windows.

    Days added up would be wrong both ways: bounds of single days are too wide together, independent days too narrow.
    """
    sums = windows.dropna(subset=["actual"]).groupby("origin")[["units", "actual"]].sum()
    sums = sums[(sums["units"] > 0) & (sums["actual"] > 0)]
    count = len(sums)
    if count < LEAST_WINDOWS:
        return float("nan"), float("nan")
    from scipy.special import stdtrit

    spread = float(np.sqrt((np.log(sums["actual"] / sums["units"]) ** 2).mean()))
    reach = float(stdtrit(count, 0.9)) * spread
    return units * float(np.exp(-reach)), units * float(np.exp(reach))
