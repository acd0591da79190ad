"""What the forecast says, most important first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from tmall_nb.analyses.result import Finding

__all__ = ["backtest_findings", "for_frame", "forecast_findings", "review_findings", "with_shortage"]

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
    totals: pd.DataFrame,
    festival: pd.Timestamp | None = None,
) -> tuple[Finding, ...]:
    """``festival``: the first day ahead of a Spring Festival before which none lies in the data."""
    shop = groups[groups["level"] == "shop"]
    start, end = shop["date"].min(), shop["date"].max()
    usable = table[table["verdict"] != "not_enough_data"]
    units = float(shop["units"].sum())
    low, high = totals.loc[totals["level"] == "shop", ["low", "high"]].iloc[0]
    total = {"units": units, "units_low": low, "units_high": high, "items": len(table), "start": start, "end": end}
    tested = len(usable) > 0 and bool(np.isfinite(low))
    findings = [Finding("demand_total" if tested else "demand_total_no_interval", "good" if tested else "unknown", total)]
    findings += [_winner(models), *_campaign(events)]
    if festival is not None:
        findings.append(Finding("demand_first_festival", "watch", {"start": festival}))
    if not planned:
        findings.append(Finding("demand_no_plan", "unknown", {"start": start, "end": end}, action=True))
    if completed:
        findings.append(Finding("demand_sold_out", "watch", {"days": completed}))
    for verdict in ("dying", "new", "not_enough_data"):
        rows = table[table["verdict"] == verdict]
        if len(rows):
            values = {
                "items": len(rows),
                "names": _names(rows),
                "units": float(rows["units"].sum()),
                "start": start,
                "end": end,
            }
            findings.append(Finding(f"demand_{verdict}", "watch", values, action=verdict == "dying"))
    return tuple(findings)


def _campaign(events: pd.DataFrame) -> list[Finding]:
    """The first campaign ahead, where there is one."""
    soon = events[events["ahead"]] if len(events) else events
    if not len(soon):
        return []
    first = soon.iloc[0]
    values = {"campaign": first["campaign"], "start": first["start"], "end": first["end"]}
    return [Finding("demand_campaign", "watch", values)]


def _names(rows: pd.DataFrame) -> str:
    """The first three items by name."""
    names = rows["item_title"].fillna(rows["item_id"]) if "item_title" in rows else rows["item_id"]
    return "、".join(names.astype(str).head(3)) + ("…" if len(rows) > 3 else "")


def _winner(models: pd.DataFrame) -> Finding:
    if models.empty:
        return Finding("demand_untested", "unknown", {})
    best = models[models["used"]].iloc[0]
    if best["model"] == "weekday_mean" or best["error"] >= BETTER:
        return Finding("demand_mean_wins", "watch", {"model": best["model"], "error": float(best["error"])})
    return Finding(
        "demand_winner", "good", {"model": best["model"], "better": 1 - float(best["error"]), "windows": int(best["windows"])}
    )


def backtest_findings(origins: pd.DataFrame, table: pd.DataFrame) -> tuple[Finding, ...]:
    mase, mean = float(origins["mase"].mean()), float(origins["mean_error"].mean())
    cover = float(origins["coverage_80"].mean())
    better, low, high = _gain_over_mean(origins)
    values = {"origins": len(origins), "mase": mase, "mean_error": mean, "cover": cover, "start": origins["origin"].min()}
    values |= {"better": better, "better_low": low, "better_high": high}
    won = bool(np.isfinite(low) and low > 0)
    key = "backtest_beats_mean" if won else "backtest_worse" if np.isfinite(high) and high < 0 else "backtest_no_better"
    found = [Finding(key, "good" if won else "watch", values)]
    both = table.groupby("item_id")[["mase", "mean_error"]].mean().dropna()
    lost = int((both["mase"] >= both["mean_error"]).sum())
    if lost:
        found.append(Finding("backtest_items_mean", "watch", {"items": lost, "of": len(both), "share": lost / len(both)}))
    told = "backtest_cover" if 0.7 <= cover <= 0.9 else "backtest_cover_narrow" if cover < 0.7 else "backtest_cover_wide"
    found.append(Finding(told, "good" if told == "backtest_cover" else "watch", values))
    return tuple(found)


def _gain_over_mean(origins: pd.DataFrame) -> tuple[float, float, float]:
    """How much smaller the error is than the weekday mean's, with an 80 % interval over origins (three or more)."""
    ratio = np.log((origins["mase"] / origins["mean_error"]).to_numpy(float))
    ratio = ratio[np.isfinite(ratio)]
    if not len(ratio):
        return float("nan"), float("nan"), float("nan")
    middle = float(ratio.mean())
    if len(ratio) < LEAST_WINDOWS:
        return 1 - float(np.exp(middle)), float("nan"), float("nan")
    from scipy.special import stdtrit

    reach = float(stdtrit(len(ratio) - 1, 0.9) * ratio.std(ddof=1) / np.sqrt(len(ratio)))
    return 1 - float(np.exp(middle)), 1 - float(np.exp(middle + reach)), 1 - float(np.exp(middle - reach))


def for_frame(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """A frame has no folder for a plan sheet: what is known ahead comes by ``future``."""
    return tuple(replace(f, key="demand_no_future", action=False) if f.key == "demand_no_plan" else f for f in findings)


def with_shortage(findings: tuple[Finding, ...], table: pd.DataFrame, margin: float | None) -> tuple[Finding, ...]:
    """Put demand against stock second, after the total."""
    found = _shortage(table, margin)
    if found is None:
        return findings
    span = findings[0].values
    days = int((span["end"] - span["start"]).days) + 1
    return (findings[0], replace(found, values={**found.values, "gain_days": days}), *findings[1:])


def _shortage(table: pd.DataFrame, margin: float | None) -> Finding | None:
    """Items whose expected demand exceeds the stock at hand, and the gross margin that is at stake over the horizon."""
    if "short_units" not in table:
        return None
    known = table.dropna(subset=["stock_units"])
    short = known[known["short_units"] >= 1].sort_values("short_units", ascending=False)
    if known.empty:
        return None
    if short.empty:
        tight = int((known["short_units_high"] >= 1).sum())
        return Finding("demand_stock_lasts" if tight else "demand_stock_ample", "good", {"items": len(known), "tight": tight})
    price = short["price_yuan"] if "price_yuan" in short else pd.Series(np.nan, index=short.index)
    worth = {n: float((short[c] * price).sum(min_count=1)) for n, c in SHORT.items()}
    first = short.iloc[0] if price.isna().all() else short.loc[(short["short_units"] * price).idxmax()]
    values = {
        "items": len(short), "units": float(short["short_units"].sum()), "units_low": float(short["short_units_low"].sum()),
        "units_high": float(short["short_units_high"].sum()), "paid": worth["middle"], "paid_low": worth["low"],
        "paid_high": worth["high"], "item": str(first.get("item_title") or first["item_id"]),
        "item_units": float(first["units"]), "item_stock": float(first["stock_units"]),
    }  # fmt: skip
    if margin:
        values |= {"gain": margin * worth["middle"], "gain_low": margin * worth["low"], "gain_high": margin * worth["high"]}
    return Finding("demand_short", "act", values, action=True)


SHORT = {"middle": "short_units", "low": "short_units_low", "high": "short_units_high"}


def review_findings(table: pd.DataFrame) -> tuple[Finding, ...]:
    if table.empty:
        return (Finding("review_none", "unknown", {}),)
    row = table.set_index("group").loc["all"]
    names = ("day_error", "sum_error", "mean_day_error", "bias", "bias_low", "bias_high")
    values = {"forecasts": int(row["forecasts"]), "days": int(row["days_since"]), "cover": float(row["coverage_80"])}
    values |= {name: float(row[name]) for name in names}
    leans = abs(values["bias"]) > 0.1 and not values["bias_low"] <= 0 <= values["bias_high"]
    covered = 0.7 <= values["cover"] <= 0.92
    key = "review_trust"
    if leans:
        key = "review_over" if values["bias"] > 0 else "review_under"
    elif not covered:
        key = "review_cover_off"
    found = [Finding(key, "good" if key == "review_trust" else "watch", values)]
    if np.isfinite(values["mean_day_error"]) and values["day_error"] >= values["mean_day_error"]:
        found.append(Finding("review_mean_wins", "watch", values))
    return tuple(found)
