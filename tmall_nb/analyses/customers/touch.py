"""``read_touch``: did writing to buyers bring orders? The touched against those held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.analyses.customers.segments import SegmentLists
from tmall_nb.analyses.result import Finding, Method
from tmall_nb.errors import ExportError, NotEnoughData, ParameterError
from tmall_nb.queries.buyer_orders import EPOCH, BuyerOrders, buyer_orders
from tmall_nb.queries.customer_summaries import orders_between
from tmall_nb.shop import Shop
from tmall_nb.stats.proportions import difference

__all__ = ["TouchResult", "read_touch"]

SOURCE = "Newcombe 1998 (difference of two shares); Welch 1947 (difference of two means)"
LEVEL, Z = 0.95, 1.959964
FEW = 20
COLUMNS = (
    "list", "touched", "held_out", "rate_touched", "rate_held_out", "uplift", "low", "high", "extra_buyers", "extra_buyers_low",
    "extra_buyers_high", "extra_net_yuan", "extra_net_yuan_low", "extra_net_yuan_high", "verdict",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TouchResult:
    """The effect of a touch. Intervals are at ``method.level``.

    Attributes
    ----------
    table : one row per list and ``all``: touched, held_out, share that ordered in each, uplift (points) with low/high, extra
        buyers and extra net sales it means for the touched (with low/high), verdict (``worked``, ``hurt``, ``no_difference``,
        ``not_enough_data``)
    findings, method : as everywhere
    """

    table: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method


def read_touch(
    lists: SegmentLists | pd.DataFrame,
    orders: Shop | pd.DataFrame,
    *,
    start: str | pd.Timestamp,
    days: int = 30,
    observation_end: str | pd.Timestamp | None = None,
) -> TouchResult:
    """Say how many more of the touched ordered than of those held out.

    Trust it where the groups were drawn before the touch and nobody in the hold-out group was written to. A list without a
    hold-out group cannot be read: those who were written to were chosen because they buy.

    Parameters
    ----------
    lists : what ``list_segments`` returned (or the saved table): buyer_key, list, group
    orders : a Shop, or a frame as for ``value_customers``, with the orders after the touch
    start : day of the touch, YYYY-MM-DD; orders of that day count
    days : days counted, 1-180, the same for both groups
    observation_end : last day observed; must not be before the last counted day. None: a shop's last order day
    """
    table = lists if isinstance(lists, pd.DataFrame) else lists.table
    for name in ("buyer_key", "list", "group"):
        if name not in table:
            raise ExportError("lists", f"is missing; found {', '.join(map(str, table.columns))}", column=name)
    if not 1 <= days <= 180:
        raise ParameterError("days", days, "1-180 days")
    first = pd.Timestamp(start).normalize()
    last = first + pd.Timedelta(days=days - 1)
    data = buyer_orders(orders, end=observation_end)
    if last > data.end:
        raise ParameterError("days", days, f"at most {(data.end - first).days + 1}: orders are known until {data.end:%Y-%m-%d}")
    if not (table["group"] == "hold_out").any():
        raise NotEnoughData(
            "nobody was held out, so there is nothing to compare the touched with; draw lists with list_segments"
        )
    members = _ordered(table, data, first, last)
    rows = [_read(str(name), part) for name, part in members.groupby("list")]
    result = pd.DataFrame([*rows, _pooled(members)] if len(rows) > 1 else rows, columns=list(COLUMNS))
    method = Method(
        name="touch", source=SOURCE, assumptions=("holdout_untouched", "intention_to_treat"), start=first, end=last,
        level=LEVEL, rows_used=len(members), parameters={"days": days},
    ).drop("repeated_key", int(table["buyer_key"].duplicated().sum()))  # fmt: skip
    return TouchResult(result, _findings(result, days), method)


def _ordered(table: pd.DataFrame, data: BuyerOrders, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    found = orders_between(data, start=int((first - EPOCH).days), stop=int((last - EPOCH).days))
    keys = found["buyer"].to_numpy() if data.keys is None else data.keys[found["buyer"].to_numpy()]
    members = table.drop_duplicates("buyer_key")
    cents = pd.Series(found["cents"].to_numpy(float), index=pd.Index(keys, dtype=object))
    spent = members["buyer_key"].astype(object).map(cents)
    return pd.DataFrame({
        "list": members["list"].astype(str), "touched": members["group"] == "touch",
        "ordered": spent.notna(), "net": spent.fillna(0.0) / 100,
    })  # fmt: skip


def _read(name: str, members: pd.DataFrame) -> dict[str, object]:
    one, other = members[members["touched"]], members[~members["touched"]]
    row: dict[str, object] = dict.fromkeys(COLUMNS, np.nan)
    row |= {"list": name, "touched": len(one), "held_out": len(other), "verdict": "not_enough_data"}
    if min(len(one), len(other)) < FEW:
        return row
    gap, low, high = difference(one["ordered"].sum(), len(one), other["ordered"].sum(), len(other), level=LEVEL)
    mean = one["net"].mean() - other["net"].mean()
    wide = Z * float(np.sqrt(one["net"].var() / len(one) + other["net"].var() / len(other)))
    return row | _figures(len(one), one["ordered"].mean(), other["ordered"].mean(), (gap, low, high), (mean, wide))


def _pooled(members: pd.DataFrame) -> dict[str, object]:
    """All lists together: list effects weighted by the touched, so that unequal hold-out shares do not mix lists up."""
    parts = [(part, _read(str(name), part)) for name, part in members.groupby("list")]
    parts = [(part, row) for part, row in parts if row["verdict"] != "not_enough_data"]
    row: dict[str, object] = dict.fromkeys(COLUMNS, np.nan)
    row |= {"list": "all", "touched": int(members["touched"].sum()), "held_out": int((~members["touched"]).sum())}
    if not parts:
        return row | {"verdict": "not_enough_data"}
    frame = pd.DataFrame([r for _, r in parts]).set_index("list").drop(columns="verdict").astype(float)
    weight = frame["touched"] / frame["touched"].sum()
    gap = float(np.dot(weight, frame["uplift"]))
    low = gap - float(np.sqrt(((weight * (frame["uplift"] - frame["low"])) ** 2).sum()))
    high = gap + float(np.sqrt(((weight * (frame["high"] - frame["uplift"])) ** 2).sum()))
    net = frame["extra_net_yuan"].sum() / frame["touched"].sum()
    wide = float(np.sqrt(((frame["extra_net_yuan_high"] - frame["extra_net_yuan"]) ** 2).sum())) / frame["touched"].sum()
    rates = (float(np.dot(weight, frame["rate_touched"])), float(np.dot(weight, frame["rate_held_out"])))
    return row | _figures(int(frame["touched"].sum()), *rates, (gap, low, high), (net, wide))


def _figures(
    touched: int, rate: float, other: float, gap: tuple[float, float, float], net: tuple[float, float]
) -> dict[str, object]:
    uplift, low, high = gap
    mean, wide = net
    return {
        "rate_touched": rate, "rate_held_out": other, "uplift": uplift, "low": low, "high": high,
        "extra_buyers": uplift * touched, "extra_buyers_low": low * touched, "extra_buyers_high": high * touched,
        "extra_net_yuan": mean * touched, "extra_net_yuan_low": (mean - wide) * touched,
        "extra_net_yuan_high": (mean + wide) * touched,
        "verdict": "worked" if low > 0 else "hurt" if high < 0 else "no_difference",
    }  # fmt: skip


def _findings(table: pd.DataFrame, days: int) -> tuple[Finding, ...]:
    found = []
    keys = {
        "worked": ("touch_worked", "good"), "hurt": ("touch_hurt", "act"), "no_difference": ("touch_no_difference", "unknown"),
        "not_enough_data": ("touch_few", "unknown"),
    }  # fmt: skip
    for row in table.iloc[::-1].itertuples():
        key, tone = keys[str(row.verdict)]
        values = {"list": row.list, "days": days, "touched": row.touched, "held_out": row.held_out}
        if key != "touch_few":
            values |= {"uplift": row.uplift, "uplift_low": row.low, "uplift_high": row.high, "net": row.extra_net_yuan}
            values |= {"net_low": row.extra_net_yuan_low, "net_high": row.extra_net_yuan_high}
            values |= {"rate": row.rate_touched, "other": row.rate_held_out}
        found.append(Finding(key, tone, values))  # type: ignore[arg-type]
    return tuple(found)
