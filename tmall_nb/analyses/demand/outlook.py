"""What a reader wants beside the forecast: the last weeks as sold, totals by category and shop, demand against stock."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.demand.lift_spread import spread_of_sums, widened
from tmall_nb.analyses.demand.rows import Rows
from tmall_nb.calendar import campaign_phases

__all__ = ["abc_classes", "add_stock", "few_sums", "history_rows", "in_order", "phase_rows", "total_rows"]

WEEKS = 12
LEAST_WINDOWS = 3


def abc_classes(value: pd.Series) -> pd.Series:
    """Class of each item by its share of ``value``: ``A`` up to 80 %, ``B`` up to 95 %, ``C`` the rest."""
    order = value.fillna(0.0).sort_values(ascending=False, kind="stable")
    share = (order.cumsum() - order) / max(order.sum(), 1e-9)
    classes = np.select([share < 0.8, share < 0.95], ["A", "B"], "C")
    return pd.Series(classes, index=order.index).reindex(value.index)


def history_rows(rows: Rows) -> pd.DataFrame:
    """One row per item and date of the last twelve weeks: units as sold."""
    past = rows.past[rows.past["date"] > rows.past["date"].max() - pd.Timedelta(weeks=WEEKS)]
    return past[["item_id", "date", "paid_units"]].rename(columns={"paid_units": "units"}).reset_index(drop=True)


def phase_rows(events: pd.DataFrame) -> pd.DataFrame:
    """One row per campaign and phase (预热, 预售, 尾款, 开门红, 平销, 高潮, 返场): campaign, phase, start, end."""
    columns = ["campaign", "phase", "start", "end"]
    if events.empty or "warm_up_start" not in events:
        return pd.DataFrame(columns=columns)
    parts = [campaign_phases(row).assign(campaign=row["campaign"]) for _, row in events.iterrows()]
    phases = pd.concat(parts, ignore_index=True)
    return phases.loc[phases["phase"] != "退款潮", columns].reset_index(drop=True)


def total_rows(table: pd.DataFrame, windows: pd.DataFrame, forecast: pd.DataFrame) -> pd.DataFrame:
    """One row for the shop and one per category: units of the whole horizon with the 80 % interval of that sum.

    The interval comes from the same sums over past windows, wider where a rare event lies ahead; bounds of single items or days
    are never added up.
    """
    parts = []
    for level in ("shop", "category"):
        if level == "category" and "category" not in table:
            continue
        key = pd.Series("all", index=table["item_id"]) if level == "shop" else _category(table)
        group = table["item_id"].map(key)
        frame = table.groupby(group).agg(
            items=("item_id", "size"), units=("units", "sum"), recent_units=("recent_units", "sum")
        )
        spread, count = _spread(windows, key)
        reach = spread.reindex(frame.index) * _students_t(count.reindex(frame.index).to_numpy(float))
        frame["low"], frame["high"] = frame["units"] * np.exp(-reach), frame["units"] * np.exp(reach)
        lifts = spread_of_sums(forecast.assign(group=forecast["item_id"].map(key)), ["group"]).reindex(frame.index)
        frame = widened(frame, lifts.to_numpy(), bounds={0.8: ("low", "high")})
        parts.append(frame.rename_axis("group").reset_index().assign(level=level).sort_values("units", ascending=False))
    columns = ["level", "group", "items", "units", "low", "high", "recent_units"]
    return pd.concat(parts, ignore_index=True)[columns]


def _category(table: pd.DataFrame) -> pd.Series:
    return table.set_index("item_id")["category"].astype("object").fillna("").astype(str)


def _spread(windows: pd.DataFrame, key: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Root mean square of log(sold / forecast) of each group's sums over past windows, and how many windows there were."""
    past = windows.dropna(subset=["actual"])
    sums = past.groupby([past["item_id"].map(key).rename("group"), "origin"])[["units", "actual"]].sum()
    sums = sums[(sums["units"] > 0) & (sums["actual"] > 0)]
    error = np.log(sums["actual"] / sums["units"]) ** 2
    return np.sqrt(error.groupby(level=0).mean()), error.groupby(level=0).size()


def _students_t(count: np.ndarray) -> np.ndarray:
    """The 90 % point of Student's t with ``count`` degrees of freedom; NaN under three windows."""
    from scipy.special import stdtrit

    enough = np.nan_to_num(count, nan=0.0) >= LEAST_WINDOWS
    return np.where(enough, stdtrit(np.where(enough, count, 1.0), 0.9), np.nan)


def few_sums(total: np.ndarray, actual: np.ndarray, told: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """80 % interval of (S,) totals from a handful of past sums (W, S): one spread for all items, never below counting noise."""
    from scipy.special import stdtrit

    seen = np.isfinite(actual) & (told > 0)
    ratio = np.log((np.where(seen, actual, 0.0) + 0.5) / (told + 0.5))
    if not seen.any():
        return np.full(len(total), np.nan), np.full(len(total), np.nan)
    noise = 1.0 / np.maximum(told, 0.5)
    spread = np.sqrt(max(float((ratio**2 - noise)[seen].mean()), 0.0) + 1.0 / np.maximum(total, 0.5))
    reach = spread * float(stdtrit(len(actual), 0.9))
    low, high = (total + 0.5) * np.exp(-reach) - 0.5, (total + 0.5) * np.exp(reach) - 0.5
    return np.clip(low, 0.0, total), np.maximum(high, total)


def add_stock(table: pd.DataFrame, described: pd.DataFrame | None) -> pd.DataFrame:
    """Add each item's newest closing stock and the coming demand beyond it; nothing where the shop has no stock sheet."""
    if described is None or "stock_units" not in described or described["stock_units"].isna().all():
        return table
    seen = described.dropna(subset=["stock_units"]).sort_values("date")
    stock = table["item_id"].map(seen.groupby("item_id")["stock_units"].last()).astype("float64")
    short = {name: (table[column] - stock).clip(lower=0.0) for name, column in SHORT.items()}
    return table.assign(stock_units=stock, **short)


SHORT = {"short_units": "units", "short_units_low": "low", "short_units_high": "high"}
FIRST = (
    "item_id", "item_title", "verdict", "units", "low", "high", "stock_units", "short_units", "short_units_low",
    "short_units_high", "recent_units", "abc", "xyz", "category", "price_yuan", "model", "days",
)  # fmt: skip


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Items that should bring most first, and columns in the order a merchant asks for them."""
    worth = table["units"] * (table["price_yuan"].fillna(0.0) if "price_yuan" in table else 1.0)
    names = [n for n in FIRST if n in table]
    rows = worth.sort_values(ascending=False, kind="stable").index
    return table.loc[rows, [*names, *(c for c in table if c not in names)]].reset_index(drop=True)
