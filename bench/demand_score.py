"""Scores of the demand benchmark, from one row per item and day with ``units`` (forecast) and ``actual``.

Scales come from the days before the origin: mean absolute lag-7 difference for MASE (weeks: lag 1), mean squared lag-1
difference for RMSSE, mean absolute lag-1 difference for quantile loss. Weights are the units of the last 28 days (4 weeks).
"""

import numpy as np
import pandas as pd

LEVELS = {0.025: "low_95", 0.1: "low_80", 0.5: "median", 0.9: "high_80", 0.975: "high_95"}  # of peers, units is the middle


def scales(past, frequency):
    """One row per item: scales and weight."""
    step = "D" if frequency == "D" else "7D"
    wide = past.pivot(index="date", columns="item_id", values="paid_units")
    wide = wide.reindex(pd.date_range(wide.index.min(), wide.index.max(), freq=step))
    one, season = wide.diff(), wide.diff(7 if frequency == "D" else 1)
    return pd.DataFrame({
        "mase": season.abs().mean(), "squared": (one**2).mean(), "step": one.abs().mean(),
        "weight": wide.tail(28 if frequency == "D" else 4).sum(),
    })  # fmt: skip


def score(forecast, past, frequency):
    """Scores of one origin."""
    scale = scales(past, frequency)
    rows = forecast.dropna(subset=["actual", "units"])
    rows = rows if "median" in rows else rows.assign(median=rows["units"])
    miss = (rows["units"] - rows["actual"]).abs()
    by = rows["item_id"]
    rmsse = np.sqrt((miss**2).groupby(by).mean() / scale["squared"])
    sums = rows.groupby("item_id")[["units", "actual"]].sum()
    total = sums["actual"].sum()
    out = {
        "mase": (miss.groupby(by).mean() / scale["mase"]).replace(np.inf, np.nan).mean(),
        "wrmsse": (rmsse * scale["weight"]).sum() / scale["weight"][rmsse.dropna().index].sum(),
        "sum_error": (sums["units"] - sums["actual"]).abs().sum() / total,
        "bias": sums["units"].sum() / total - 1,
    }
    if {"low_80", "high_80"} <= set(rows.columns):
        out["cover_80"] = ((rows["actual"] >= rows["low_80"]) & (rows["actual"] <= rows["high_80"])).mean()
    if set(LEVELS.values()) <= set(rows.columns):
        losses = [_pinball(rows, level, name) / scale["step"] for level, name in LEVELS.items()]
        out["spl"] = pd.concat(losses, axis=1).mean(axis=1).replace(np.inf, np.nan).mean()
    return out


def _pinball(rows, level, name):
    miss = rows["actual"] - rows[name]
    return np.maximum(level * miss, (level - 1) * miss).groupby(rows["item_id"]).mean()


def newsvendor_cost(order, demand):
    """Cost at overstock 1 : shortage 9 and service, both over items; order and demand are Series by item."""
    both = pd.concat([order.rename("order"), demand.rename("demand")], axis=1).dropna()
    over, short = (both["order"] - both["demand"]).clip(lower=0), (both["demand"] - both["order"]).clip(lower=0)
    cost = ((over + 9 * short) / both["demand"].where(both["demand"] > 0)).mean()
    return {"cost": cost, "service": (both["order"] >= both["demand"]).mean()}
