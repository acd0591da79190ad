"""Item by item: what each sold, what it would have sold, and what running out cost."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign.choose import DAY
from tmall_nb.analyses.campaign.lift import Lift, Series

__all__ = ["item_effects", "stock_outs"]

BASE_DAYS = 56
LEAST_SPREAD = 0.15  # sd (log) of one item's share beyond Poisson; more where the items outside the campaign spread more
COLUMNS = ["item_id", "item_title", "role", "paid_units", "expected", "effect", "low", "high", "base_units", "verdict"]
FALSE_SHARE = 0.1  # expected share of false calls among the items outside the campaign that are called


def item_effects(series: Series, lift: Lift, *, level: float) -> pd.DataFrame:
    """Units of every item over the campaign days against its level before, moved as the group's counterfactual moved.

    Campaign items move with the measured counterfactual of the campaign's items, others with the mean of the others: halo and
    cannibalisation are read *between* items outside the campaign; a change common to all of them cannot be told from the
    market. An item with fewer than 5 units before has no expectation (empty). verdict: halo or cannibalised for items outside
    the campaign that leave the others at a false-discovery rate of 10 % (Benjamini & Hochberg 1995), gained or dropped for
    enrolled items whose interval is clear of zero, else unclear.
    """
    from scipy.special import ndtri

    if series.items.empty or not lift.enrolled:
        return pd.DataFrame(columns=COLUMNS)
    table = _expected_units(series, lift)
    counts = table["expected"] ** 2 / table["base_units"].clip(lower=1) + table[["expected", "paid_units"]].max(axis=1)
    spread = np.sqrt(counts + (table["expected"] * _share_spread(table, counts)) ** 2)
    reach = float(ndtri((1 + level) / 2)) * spread
    table = table.assign(
        low=table["effect"] - reach,
        high=table["effect"] + reach,
        verdict=_verdicts(table["effect"], spread, table["role"], reach),
    ).reset_index()
    return table.sort_values(["role", "effect"], ascending=[True, False], ignore_index=True)[COLUMNS]


def _expected_units(series: Series, lift: Lift) -> pd.DataFrame:
    """base_units, paid_units, item_title, role, expected, effect by item_id."""
    c = lift.campaign
    blank = set(lift.frame.loc[lift.frame["paid_units"].isna(), "date"])
    first = c.start - c.pre_dip_days * DAY
    items = series.items
    before = items[(items["date"] < first) & (items["date"] >= first - BASE_DAYS * DAY) & ~items["date"].isin(blank)]
    during = items[(items["date"] >= c.start) & (items["date"] <= c.end)]
    table = pd.DataFrame(
        {
            "base_units": before.groupby("item_id")["paid_units"].sum(),
            "paid_units": during.groupby("item_id")["paid_units"].sum(),
        }
    ).fillna(0.0)
    table["item_title"] = items.groupby("item_id")["item_title"].last()
    table["role"] = np.where(table.index.isin(lift.enrolled), "campaign", "other")
    path = lift.units.path[lift.units.path["phase"] == "campaign"]
    expected = {"campaign": path["counterfactual"].sum(), "other": table.loc[table["role"] == "other", "paid_units"].sum()}
    base = table.groupby("role")["base_units"].sum()
    factor = table["role"].map({k: expected[k] / base[k] if base.get(k, 0) > 0 else np.nan for k in expected})
    table["expected"] = (table["base_units"] * factor).where(table["base_units"] >= 5)
    table["effect"] = table["paid_units"] - table["expected"]
    return table


def _share_spread(table: pd.DataFrame, counts: pd.Series) -> float:
    """Sd (log) of single items' shares between the two spans beyond Poisson: from the median item outside the campaign."""
    known = (table["role"] == "other") & table["expected"].gt(0)
    if known.sum() < 5:
        return LEAST_SPREAD
    effect, counts, size = (v[known].to_numpy(float) for v in (table["effect"], counts, table["expected"]))
    for sd in np.arange(LEAST_SPREAD, 1.0, 0.02):
        if np.median(effect**2 / (counts + (size * sd) ** 2)) <= 0.455:  # the median of a chi-square
            return float(sd)
    return 1.0


def _verdicts(effect: pd.Series, spread: pd.Series, role: pd.Series, reach: pd.Series) -> np.ndarray:
    from scipy.special import ndtr

    ours = (role == "campaign").to_numpy()
    called = (effect.abs() > reach).to_numpy()
    p = 2 * ndtr(-(effect.abs() / spread).to_numpy(float))
    order = np.flatnonzero(~ours & np.isfinite(p))
    order = order[np.argsort(p[order])]
    below = np.flatnonzero(p[order] <= FALSE_SHARE * np.arange(1, len(order) + 1) / max(len(order), 1))
    others = np.zeros(len(p), bool)
    others[order[: below[-1] + 1 if len(below) else 0]] = True
    up = (effect > 0).to_numpy()
    word = np.where(ours, np.where(up, "gained", "dropped"), np.where(up, "halo", "cannibalised"))
    return np.where(np.where(ours, called, others), word, np.where(effect.isna(), "not_enough_data", "unclear"))


def stock_outs(series: Series, lift: Lift, *, level: float) -> pd.DataFrame:
    """Campaign items that ran out: days, units and yuan lost with interval.

    Returns
    -------
    item_id, item_title, days_out, days_in, lost_units, low, high, lost_yuan, lost_low, lost_high. What a day out would have
    sold: the item's share of the campaign items' units on its days with stock, times the group's units of that day (items out
    that day left out on both sides), minus what was sold until stock ran out; share by a gamma posterior (Poisson counts).
    """
    columns = "item_id item_title days_out days_in lost_units low high lost_yuan lost_low lost_high".split()
    out = _days_out(series, lift)
    if out.empty:
        return pd.DataFrame(columns=columns)
    sold = series.items[["item_id", "date", "paid_units", "paid_amount"]]
    joined = out.merge(sold, on=["item_id", "date"], how="left").fillna({"paid_units": 0.0, "paid_amount": 0.0})
    there = joined[~joined["out"]].groupby("date")["paid_units"].sum()
    titles = series.items.groupby("item_id")["item_title"].last()
    rows = [
        (item, titles.get(item), *row)
        for item, part in joined.groupby("item_id")
        if (row := _lost(part, there, level)) is not None
    ]
    return pd.DataFrame(rows, columns=columns).sort_values("lost_yuan", ascending=False, ignore_index=True)


def _days_out(series: Series, lift: Lift) -> pd.DataFrame:
    """item_id, date, out: campaign items' days by stock (sold out during the day, empty, or nothing left of any SKU)."""
    shop, c = series.shop, lift.campaign
    if not shop.has("stock") or series.items.empty or not lift.enrolled:
        return pd.DataFrame()
    stock = shop.table("stock")
    stock = stock.assign(date=pd.to_datetime(stock["date"]))
    stock = stock[stock["item_id"].isin(lift.enrolled) & stock["date"].between(c.start, c.end)]
    empty = stock.get("in_stock", pd.Series(True, index=stock.index)).eq(False)
    gone = stock.get("sold_out", pd.Series(False, index=stock.index)).eq(True) | empty | (stock["stock_units"] <= 0)
    return gone.groupby([stock["item_id"], stock["date"]]).all().rename("out").reset_index()


def _lost(part: pd.DataFrame, there: pd.Series, level: float) -> tuple[float, ...] | None:
    """Days out and in, lost units and yuan with low and high; None where it never ran out or sold too little to tell."""
    from scipy.special import gammaincinv

    inside, gone = part[~part["out"]], part[part["out"]]
    total = float(inside["paid_units"].sum())
    if gone.empty or len(inside) < 2 or total < 1:
        return None
    others = there.reindex(inside["date"]).to_numpy(float).sum() - total
    busy = there.reindex(gone["date"]).fillna(0.0).to_numpy(float).sum()
    # the item's share is taken against the items beside it; alone, its own mean day stands in
    scale = busy / others if others > 0 else len(gone) / len(inside)
    sold = float(gone["paid_units"].sum())
    middle, low, high = (
        max(rate * scale - sold, 0.0)
        for rate in (total, gammaincinv(total + 0.5, (1 - level) / 2), gammaincinv(total + 0.5, (1 + level) / 2))
    )
    price = float(inside["paid_amount"].sum()) / total
    return len(gone), len(inside), middle, low, high, middle * price, low * price, high * price
