"""Target against actual: totals, and where the gap arose on the KPI tree (visitors × conversion × amount per buyer)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign.choose import Campaign
from tmall_nb.analyses.campaign.lift import Series
from tmall_nb.stats.lmdi import lmdi

__all__ = ["FACTORS", "mean_day", "target_gap", "target_table"]

FACTORS = ("visitors", "conversion_rate", "amount_per_buyer")
LONGEST = 60  # days; longer targets (a year's) are not the campaign's
METRICS = {
    "支付金额": "paid_amount", "访客数": "visitors", "支付买家数": "buyers", "支付件数": "paid_units",
    "支付订单数": "paid_orders", "支付转化率": "conversion_rate", "客单价": "amount_per_buyer",
}  # fmt: skip
RATES = {"conversion_rate": ("buyers", "visitors"), "amount_per_buyer": ("paid_amount", "buyers")}


def mean_day(days: pd.DataFrame) -> pd.Series:
    """Visitors a day, conversion and amount per buyer of some days; their product is the paid amount a day."""
    sums = days[["visitors", "buyers", "paid_amount"]].sum(min_count=1)
    return pd.Series({
        "visitors": sums["visitors"] / max(len(days), 1), "conversion_rate": sums["buyers"] / sums["visitors"],
        "amount_per_buyer": sums["paid_amount"] / sums["buyers"],
    })  # fmt: skip


def target_table(series: Series, c: Campaign) -> pd.DataFrame:
    """Targets that overlap the campaign: metric, start, end, target, actual, gap, reached (share), days_seen."""
    columns = "metric start end target actual gap reached days_seen".split()
    rows = []
    for row in series.shop.table("targets").itertuples() if series.shop.has("targets") else ():
        start, end = pd.Timestamp(row.start), pd.Timestamp(row.end)
        metric = METRICS.get(str(row.metric), str(row.metric))
        known = metric in RATES or metric in series.days
        if end < c.start or start > c.end or (end - start).days > LONGEST or not known:
            continue
        actual, seen = _actual(series.days, metric, start, end)
        rows.append((metric, start, end, float(row.target), actual, actual - row.target, actual / row.target, seen))
    return pd.DataFrame(rows, columns=columns)


def _actual(days: pd.DataFrame, metric: str, start: pd.Timestamp, end: pd.Timestamp) -> tuple[float, int]:
    inside = days[days["date"].between(start, end)]
    if metric in RATES:
        top, bottom = (inside[k].sum(min_count=1) for k in RATES[metric])
        return float(top / bottom) if bottom else np.nan, int(inside[list(RATES[metric])].notna().all(axis=1).sum())
    return float(inside[metric].sum(min_count=1)), int(inside[metric].notna().sum())


def target_gap(series: Series, c: Campaign, targets: pd.DataFrame, others: list[Campaign]) -> pd.DataFrame:
    """Where the gap to the paid-amount target arose: factor, target, actual, contribution (yuan, sums to the gap), basis.

    basis ``sheet``: the target sheet names the factor; ``implied``: it follows from the amount and the named ones; ``past``:
    what past campaigns (else the ordinary days before) made of it, scaled so that the product is the target.
    """
    columns = "factor target actual contribution basis start end".split()
    paid = targets[targets["metric"] == "paid_amount"]
    if paid.empty:
        return pd.DataFrame(columns=columns)
    goal = paid.iloc[0]
    start, end = goal["start"], goal["end"]
    inside = series.days[series.days["date"].between(start, end)]
    if goal["days_seen"] < (end - start).days + 1:
        return pd.DataFrame(columns=columns)
    actual = mean_day(inside).reindex(list(FACTORS)).to_numpy(float)
    wanted, basis = _wanted(series, c, targets, goal, others)
    if not (np.isfinite([*actual, *wanted]).all() and min(*actual, *wanted) > 0):
        return pd.DataFrame(columns=columns)
    parts = lmdi(wanted[None], actual[None])[0] * len(inside)
    out = pd.DataFrame({"factor": FACTORS, "target": wanted, "actual": actual, "contribution": parts, "basis": basis})
    return out.assign(start=start, end=end)


def _wanted(
    series: Series, c: Campaign, targets: pd.DataFrame, goal: pd.Series, others: list[Campaign]
) -> tuple[np.ndarray, list[str]]:
    """The three factors a mean day must reach for the target, and where each comes from."""
    length = (goal["end"] - goal["start"]).days + 1
    day = float(goal["target"]) / length
    same = targets[(targets["start"] == goal["start"]) & (targets["end"] == goal["end"])].set_index("metric")["target"]
    named = {k: float(same[k]) for k in ("conversion_rate", "amount_per_buyer") if k in same}
    if "visitors" in same:
        named["visitors"] = float(same["visitors"]) / length
    if "buyers" in same and "amount_per_buyer" not in named:
        named["amount_per_buyer"] = day * length / float(same["buyers"])
    if len(named) == len(FACTORS):
        del named["amount_per_buyer"]  # three named factors need not multiply to the target; the last follows
    expected = _expected(series, c, others)
    free = [k for k in FACTORS if k not in named]
    scale = (day / np.prod([named.get(k, expected[k]) for k in FACTORS])) ** (1 / len(free))
    wanted = np.array([named.get(k, expected[k] * scale) for k in FACTORS])
    return wanted, ["sheet" if k in named else "implied" if len(free) == 1 else "past" for k in FACTORS]


def _expected(series: Series, c: Campaign, others: list[Campaign]) -> pd.Series:
    """The ordinary days before, moved as the shop's earlier campaigns moved each factor (median of the logs)."""
    usual = mean_day(series.usual(c))
    moves = []
    for other in others:
        if other.end >= c.start:
            continue
        now = mean_day(series.days[series.days["date"].between(other.start, other.end)])
        ratio = now / mean_day(series.usual(other))
        if np.isfinite(ratio.to_numpy(float)).all() and (ratio > 0).all():
            moves.append(np.log(ratio))
    return usual * np.exp(pd.DataFrame(moves).median()) if moves else usual
