"""RFM segments and membership tiers: what each group has brought and is expected to bring."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["SEGMENTS", "TIERS", "by_segment", "by_tier", "rfm_segment", "tier"]

SEGMENTS = (
    "important_value", "important_develop", "important_keep", "important_win_back",
    "general_value", "general_develop", "general_keep", "general_win_back",
)  # fmt: skip
TIERS = (("diamond", 0.05), ("gold", 0.20), ("silver", 0.50), ("basic", 1.0))


def rfm_segment(since_last: np.ndarray, frequency: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Name the eight RFM classes merchants know.

    Recent: last order no longer ago than the median buyer's; frequent: came back at least once; important: net value at
    least the median buyer's.
    """
    recent, frequent = since_last <= np.median(since_last), frequency >= 1
    important = value >= np.median(value)
    kind = np.select([recent & frequent, recent & ~frequent, ~recent & frequent], [0, 1, 2], 3)
    return np.asarray(SEGMENTS, dtype=object)[kind + np.where(important, 0, 4)]


def tier(expected_value: np.ndarray) -> np.ndarray:
    """Rank buyers by expected value: top 5 % diamond, next 15 % gold, next 30 % silver, basic; empty where it is not known."""
    rank = pd.Series(expected_value).rank(ascending=False, pct=True, method="first").to_numpy()
    names = np.select([rank <= share for _, share in TIERS], [name for name, _ in TIERS], "")
    return np.where(np.isfinite(expected_value), names.astype(object), np.array(None, dtype=object))


def by_segment(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row per RFM segment: buyers, share of buyers and of net sales, mean p_alive, expected orders and value."""
    return _grouped(table, "segment", list(SEGMENTS))


def by_tier(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row per tier, with the expected value at which it begins (``from_yuan``)."""
    rows = _grouped(table, "tier", [name for name, _ in TIERS])
    return rows.assign(from_yuan=rows["tier"].map(table.groupby("tier")["expected_value_yuan"].min()))


def _grouped(table: pd.DataFrame, by: str, order: list[str]) -> pd.DataFrame:
    rows = table.groupby(by).agg(
        buyers=("frequency", "size"), net_amount=("net_amount", "sum"), p_alive=("p_alive", "mean"),
        expected_orders=("expected_orders", "mean"), expected_value_yuan=("expected_value_yuan", "mean"),
        low=("low", "mean"), high=("high", "mean"),
    )  # fmt: skip
    rows = rows.reindex([name for name in order if name in rows.index])
    total = table["net_amount"].sum()
    rows["share_buyers"] = rows["buyers"] / len(table)
    rows["share"] = rows["net_amount"] / total if total > 0 else np.nan
    return rows.rename_axis(by).reset_index()
