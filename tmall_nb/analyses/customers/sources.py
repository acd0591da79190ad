"""What a new buyer from each source of the first order is worth, what one may cost, and what ads spend on one there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tmall_nb.stats.pooling import shrink
from tmall_nb.stats.proportions import poisson

__all__ = ["COLUMNS", "NewBuyer", "by_source"]

Z = 1.959964
FEW_BUYERS = 30
COLUMNS = [
    "source", "buyers", "net_per_buyer", "expected_value_yuan", "low", "high", "new_buyer_value", "new_buyer_low",
    "new_buyer_high", "allowed_cost", "allowed_low", "allowed_high", "ad_spend", "ad_new_buyers", "ad_cost", "ad_cost_low",
    "ad_cost_high", "verdict",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewBuyer:
    """A new buyer of the whole shop.

    Attributes
    ----------
    value : net sales of the first order day and of the repeat orders within the horizon
    again : repeat orders expected within the horizon
    error : log standard error of ``value``
    expected : repeat orders the model expects of each present buyer up to now
    """

    value: float
    again: float
    error: float
    expected: np.ndarray


def by_source(
    table: pd.DataFrame, source: pd.Series | None, new_buyer: NewBuyer | None, costs: pd.DataFrame, *, margin: float | None,
    recent: np.ndarray,
) -> pd.DataFrame:  # fmt: skip
    """Return one row per source: what its buyers brought so far and are expected to bring, and value against cost.

    ``new_buyer_value`` : the shop's new buyer, with the source's own order value and repeat orders (observed against what the
    model expects at the buyers' ages), both shrunk to the shop's as far as sources do not truly differ. ``allowed_cost`` :
    margin on it. ``ad_cost`` : ad spend of the last 90 days over the new buyers counted there (``costs``; where the report
    counts none: first orders from the source in those days, ``recent``). ``verdict`` : ``pays``, ``dear``, ``even``,
    ``not_enough_data`` (under 30 buyers, or nothing to compare).
    """
    if source is None or source.nunique() < 2:
        return pd.DataFrame(columns=COLUMNS)
    frame = table.assign(source=source.to_numpy(), came=recent)
    rows = frame.groupby("source").agg(
        buyers=("frequency", "size"), net_per_buyer=("net_amount", "mean"), expected_value_yuan=("expected_value_yuan", "mean"),
        low=("low", "mean"), high=("high", "mean"), came=("came", "sum"),
    )  # fmt: skip
    if new_buyer is not None:
        rows = rows.join(_worth(frame.assign(expected=new_buyer.expected), new_buyer))
    rows = rows.join(costs.set_index("source")) if len(costs) else rows.assign(spend=np.nan, ad_new_buyers=np.nan)
    rows = rows.reindex(columns=[*rows.columns, *(c for c in COLUMNS[6:9] if c not in rows)])
    for name, end in (("cost", "value"), ("low", "low"), ("high", "high")):
        rows[f"allowed_{name}"] = rows[f"new_buyer_{end}"] * (np.nan if margin is None else margin)
    rows = _with_cost(rows)
    return rows.sort_values("buyers", ascending=False).reset_index().rename(columns={"spend": "ad_spend"})[COLUMNS]


def _worth(frame: pd.DataFrame, new_buyer: NewBuyer) -> pd.DataFrame:
    """Value of a new buyer by source, with its interval."""
    frame = frame.assign(days=frame["frequency"] + 1)
    price = frame["net_amount"].sum() / frame["days"].sum()
    frame["around"] = (frame["net_amount"] - price * frame["days"]) ** 2
    frame["off"] = (frame["frequency"] - frame["expected"]) ** 2
    sums = frame.groupby("source")[["net_amount", "days", "frequency", "expected", "around", "off"]].sum()
    spread = frame["off"].sum() / max(frame["expected"].sum(), 1e-9)
    again = np.log((sums["frequency"] + 0.5) / (sums["expected"] + 0.5)) - np.log(
        (frame["frequency"].sum() + 0.5) / (frame["expected"].sum() + 0.5)
    )
    ratio = np.maximum(sums["net_amount"], 1e-9) / (price * sums["days"])
    noise = frame["around"].sum() / len(frame) * frame.groupby("source").size() / (price * sums["days"]) ** 2
    (more, of_more), (dearer, of_price) = shrink(again, spread / (sums["expected"] + 0.5)), shrink(np.log(ratio), noise)
    first = new_buyer.value / (1 + new_buyer.again)
    repeats = new_buyer.again * np.exp(more)
    value = first * np.exp(dearer) * (1 + repeats)
    wide = np.exp(Z * np.sqrt(new_buyer.error**2 + of_price**2 + (repeats / (1 + repeats) * of_more) ** 2))
    columns = {"new_buyer_value": value, "new_buyer_low": value / wide, "new_buyer_high": value * wide}
    return pd.DataFrame(columns, index=sums.index)


def _with_cost(rows: pd.DataFrame) -> pd.DataFrame:
    count = rows["ad_new_buyers"].astype("float64").fillna(rows["came"].where(rows["spend"].notna()))
    few, many = poisson(count)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = {name: rows["spend"] / np.where(n > 0, n, np.nan) for name, n in (("", count), ("_low", many), ("_high", few))}
    rows = rows.assign(ad_new_buyers=count, **{f"ad_cost{name}": values for name, values in parts.items()})
    known = rows[["allowed_cost", "ad_cost", "ad_cost_high"]].notna().all(axis=1) & (rows["buyers"] >= FEW_BUYERS)
    dear, pays = rows["ad_cost_low"] > rows["allowed_high"], rows["ad_cost_high"] < rows["allowed_low"]
    verdict: Any = np.select([~known, dear, pays], ["not_enough_data", "dear", "pays"], "even")
    return rows.assign(verdict=verdict)
