"""The frames of a replenishment plan, from its basis and numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.replenishment.compute import EDGES, Numbers, spread
from tmall_nb.analyses.replenishment.result import Basis

__all__ = ["cash_frame", "detail_frame", "priority_frame", "risk_frame", "slow_frame", "table_frame"]

SLOW_DAYS = 90.0


def table_frame(basis: Basis, numbers: Numbers, *, service_level: float) -> pd.DataFrame:
    """One row per item, most money at stake first."""
    items = basis.items
    ok, known = numbers.ok, ~items["state"].isin(["not_enough_data", "horizon_too_short"]).to_numpy()
    table = pd.DataFrame({
        "item_id": items["item_id"],
        "item_title": items["item_title"],
        "verdict": _verdict(basis, numbers, service_level),
        "reorder_point": np.where(known, numbers.target, np.nan),
        "order_units": np.where(ok, numbers.order, np.nan),
        "low": np.where(ok, np.minimum(numbers.low, numbers.order), np.nan),
        "high": np.where(ok, numbers.high, np.nan),
        "order_by": order_by(basis, numbers),
        "stockout_risk": np.where(ok, numbers.risk, np.nan),
    })  # fmt: skip
    at_stake = np.where(ok, numbers.late.mean(axis=0) * _worth(basis), -1.0)
    rank = np.lexsort((items["item_id"].to_numpy(str), -numbers.wanted, -at_stake))
    return table.iloc[rank].reset_index(drop=True)


def _worth(basis: Basis) -> np.ndarray:
    """Yuan of margin a unit; 1 where no margin of any item is known, so that units rank."""
    margin = basis.items["unit_margin"].to_numpy(float)
    return np.nan_to_num(margin) if np.isfinite(margin).any() else np.ones(len(margin))


def _verdict(basis: Basis, numbers: Numbers, service_level: float) -> np.ndarray:
    items = basis.items
    lead = np.minimum(items["lead"].to_numpy(), basis.sums.horizon)
    short = numbers.wanted > 0
    late = short & (numbers.safe <= lead)
    found = np.select(
        [~numbers.ok, late, short, is_slow(basis, numbers), (numbers.target <= 0), numbers.safe <= basis.sums.horizon],
        ["", "order_late", "order_now", "slow", "stopped", "order_later"],
        "enough",
    ).astype(object)
    return np.where(numbers.ok, found, items["state"].to_numpy(object))


def order_by(basis: Basis, numbers: Numbers) -> pd.Series:
    """Last day on which an order still arrives in time with the service level; missing where that is past the horizon."""
    items = basis.items
    periods = np.maximum(numbers.safe - 1 - items["lead"].to_numpy(), 0)
    seen = numbers.ok & (numbers.safe <= basis.sums.horizon) & (numbers.target > 0)
    day = basis.dates[0] + pd.to_timedelta(periods * items["step"].to_numpy(), unit="D")
    return pd.Series(day, index=items.index).where(seen)


def detail_frame(basis: Basis, numbers: Numbers) -> pd.DataFrame:
    """What stands behind each row of the table."""
    items, ok = basis.items, numbers.ok
    last = np.minimum(items["beyond"].to_numpy(), basis.sums.horizon)
    expected = basis.sums.mean(last)
    days, low, high = cover_days(basis, numbers)
    keep = ["item_id", "stock_units", "inbound_units", "stock_date", "lead_time_days", "lead_time_sd", "review_days"]
    frame = items[keep].assign(
        expected_units=expected,
        safety_units=np.maximum(numbers.target - expected, 0.0),
        days_of_cover=days,
        low=low,
        high=high,
        unit_cost=items["unit_cost"],
        unit_margin=items["unit_margin"],
    )
    frame.loc[~ok, ["days_of_cover", "low", "high"]] = np.nan
    frame.loc[items["stock_units"].isna(), "inbound_units"] = np.nan
    return frame.reset_index(drop=True)


def cover_days(basis: Basis, numbers: Numbers) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Days that stock and inbound last at the forecast's pace, and at the 95 % edges of it; missing where nothing sells."""
    horizon = np.full(len(basis.items), basis.sums.horizon)
    span = basis.sums.horizon * basis.items["step"].to_numpy()
    slow, fast = basis.sums.quantile(horizon, EDGES)
    paces = [np.where(q > 0.05, q, np.nan) / span for q in (basis.sums.mean(horizon), fast, slow)]
    days, low, high = (numbers.position / p for p in paces)
    return days, low, high


def is_slow(basis: Basis, numbers: Numbers) -> np.ndarray:
    """(S,) items whose stock lasts more than 90 days even if they sell at the upper edge, or that have stopped selling."""
    _, low, _ = cover_days(basis, numbers)
    stopped = (numbers.target <= 0) & (numbers.position > 0)
    fresh = (basis.items["demand_verdict"] == "new").to_numpy()
    return numbers.ok & ~fresh & ((low > SLOW_DAYS) | stopped)


def slow_frame(basis: Basis, numbers: Numbers) -> pd.DataFrame:
    """Stock to clear: what lies beyond 90 days of sales, at cost."""
    days, low, high = cover_days(basis, numbers)
    cost = basis.items["unit_cost"].to_numpy(float)
    paces = [np.nan_to_num(numbers.position / np.where(d > 0, d, np.nan)) for d in (days, low, high)]
    excess, least, most = (np.floor(np.maximum(numbers.position - SLOW_DAYS * p, 0.0)) for p in paces)
    frame = basis.items[["item_id", "item_title"]].assign(
        stock_units=numbers.position, days_of_cover=days, low=low, high=high, excess_units=excess,
        cash_yuan=excess * cost, cash_yuan_low=least * cost, cash_yuan_high=most * cost,
    )  # fmt: skip
    frame = frame[is_slow(basis, numbers)]
    return frame.sort_values(["cash_yuan", "excess_units", "item_id"], ascending=[False, False, True], ignore_index=True)


def risk_frame(basis: Basis, numbers: Numbers) -> pd.DataFrame:
    """Items that may run out if nothing is ordered, most margin first."""
    margin = basis.items["unit_margin"].to_numpy(float)
    lost = numbers.early + numbers.late
    yuan, low, high = spread(lost * margin)
    frame = basis.items[["item_id", "item_title"]].assign(
        stockout_risk=numbers.risk,
        lost_units=lost.mean(axis=0),
        lost_yuan=yuan,
        low=low,
        high=high,
        too_late_units=numbers.early.mean(axis=0),
    )
    frame = frame[numbers.ok & (numbers.risk > 0.005)]
    return frame.sort_values(["lost_yuan", "lost_units", "item_id"], ascending=[False, False, True], ignore_index=True)


def priority_frame(basis: Basis, numbers: Numbers) -> pd.DataFrame:
    """Items to order, most expected margin saved per yuan first."""
    margin, cost = (basis.items[c].to_numpy(float) for c in ("unit_margin", "unit_cost"))
    saved, low, high = spread(np.minimum(numbers.late, numbers.wanted) * margin)
    frame = basis.items[["item_id", "item_title"]].assign(
        wanted_units=numbers.wanted,
        order_units=numbers.order,
        cash_yuan=numbers.wanted * cost,
        saved_yuan=saved,
        low=low,
        high=high,
    )
    frame["saved_per_yuan"] = frame["saved_yuan"] / frame["cash_yuan"].where(frame["cash_yuan"] > 0)
    paid = frame["order_units"] / frame["wanted_units"].where(frame["wanted_units"] > 0)
    frame["verdict"] = np.select([paid >= 1, paid > 0], ["funded", "part_funded"], "not_funded")
    frame = frame[numbers.ok & (numbers.wanted > 0)]
    frame = frame.sort_values(["saved_per_yuan", "wanted_units", "item_id"], ascending=[False, False, True], ignore_index=True)
    frame.insert(5, "cash_so_far", frame["cash_yuan"].cumsum())
    return frame


def cash_frame(basis: Basis, numbers: Numbers, drawn: dict[str, np.ndarray]) -> pd.DataFrame:
    """What the orders cost, what they save, what is left, what no order can save any more: totals with shared errors."""
    cost = np.where(numbers.ok, np.nan_to_num(basis.items["unit_cost"].to_numpy(float)), 0.0)
    paid = [float(q @ cost) for q in (numbers.order, np.where(numbers.ok, np.minimum(numbers.low, numbers.order), 0.0))]
    high = float(np.where(numbers.ok, numbers.high, 0.0) @ cost)
    rows: list[tuple[object, ...]] = [("order_cash", paid[0], paid[1], max(high, paid[0]))]
    for name, key in (("margin_saved", "saved"), ("margin_too_late", "too_late"), ("stock_left", "left")):
        rows.append((name, *(float(v) for v in spread(drawn[key]))))
    return pd.DataFrame(rows, columns=["measure", "yuan", "low", "high"])
