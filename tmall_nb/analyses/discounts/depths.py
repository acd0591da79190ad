"""Depth of discount against the units it brings, and whether they pay for what was given away."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.queries.price_days import price_days
from tmall_nb.queries.price_facts import order_facts
from tmall_nb.shop import Shop
from tmall_nb.stats.depth_response import DepthResponse, fit_depths

EDGES = (0.03, 0.08, 0.15, 0.25)
USUAL, WINDOW, LEAST = 0.75, 91, 20  # usual price: upper quartile of the price over 91 days around
Z = 1.959964
COLUMNS = ["depth", "item_days", "lift", "lift_low", "lift_high", "needed", "given", "extra_profit",
           "extra_profit_low", "extra_profit_high"]  # fmt: skip


def measure_depths(shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp) -> pd.DataFrame:
    """Return one row per class of depth; empty without item-days of units."""
    if not (shop.has("product_daily", "paid_units") or shop.has("order_items")):
        return pd.DataFrame(columns=COLUMNS)
    days = price_days(shop)
    sold_before = days.groupby("item_id")["price_seen"].cummax().astype(bool)  # no price is known before the first sale
    days = days[sold_before & (days["date"] >= start) & (days["date"] < stop)].assign(usual=lambda f: _usual(f))
    stocked = days["in_stock"].astype("boolean").fillna(True).astype(bool)
    out = days["sold_out"].astype("boolean").fillna(False).astype(bool)
    days = days[stocked & ~out & days["usual"].notna() & (days["price_yuan"] > 0)]
    if days.empty:
        return pd.DataFrame(columns=COLUMNS)
    days = days.assign(depth=(1 - days["price_yuan"] / days["usual"]).clip(lower=0))
    days = days.assign(group=np.searchsorted(EDGES, days["depth"], side="right"))
    wide = days.pivot(index="item_id", columns="date", values=["paid_units", "group"])
    units, group = wide["paid_units"].to_numpy(float), wide["group"].to_numpy(float)
    seen = np.isfinite(units)
    fit = fit_depths(np.nan_to_num(units), np.nan_to_num(group).astype(np.intp), seen, len(EDGES) + 1)
    return _rows(days, fit, _unit_profit(shop, days))


def _usual(days: pd.DataFrame) -> pd.Series:
    rolled = days.groupby("item_id")["price_yuan"].rolling(WINDOW, center=True, min_periods=LEAST).quantile(USUAL)
    return rolled.reset_index(level=0, drop=True)


def _unit_profit(shop: Shop, days: pd.DataFrame) -> pd.DataFrame | None:
    """Profit of one unit at its price and at the usual price; None without costs."""
    cost = days["cost"] if "cost" in days else pd.Series(np.nan, index=days.index)
    margin = shop.settings.get("gross_margin")
    if margin is not None:
        cost = cost.fillna((1 - float(margin)) * days["usual"])
    if cost.isna().all():
        return None
    kept, _ = order_facts(shop)
    fee = float(shop.settings.get("commission_rate") or 0.0)
    names = {"now": "price_yuan", "usual": "usual"}
    return pd.DataFrame({k: kept * ((1 - fee) * days[c] - cost) for k, c in names.items()})


def _rows(days: pd.DataFrame, fit: DepthResponse, profit: pd.DataFrame | None) -> pd.DataFrame:
    rows = []
    for k in range(1, len(EDGES) + 1):
        mine = days["group"] == k
        units = days.loc[mine, "paid_units"]
        ends = np.exp(fit.effect[k] + Z * fit.error[k] * np.array([0.0, -1.0, 1.0]))
        row = {"depth": _name(k), "item_days": int(mine.sum())} | dict(zip(COLUMNS[2:5], ends - 1, strict=True))
        row["given"] = float((units * (days.loc[mine, "usual"] - days.loc[mine, "price_yuan"])).sum())
        if profit is not None:
            got, usual = (float((units * profit.loc[mine, c]).sum()) for c in ("now", "usual"))
            row["needed"] = usual / got - 1 if got > 0 else np.nan
            row |= dict(zip(COLUMNS[7:], got - usual / ends, strict=True))
        rows.append(row)
    return pd.DataFrame(rows).reindex(columns=COLUMNS)


def _name(group: int) -> str:
    low = EDGES[group - 1]
    high = f"–{100 * EDGES[group]:.0f}%" if group < len(EDGES) else "+"
    return f"{100 * low:.0f}%{high}" if high == "+" else f"{100 * low:.0f}{high}"
