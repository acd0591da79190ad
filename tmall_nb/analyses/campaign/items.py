"""Item by item: what each sold, what it would have sold, and what running out cost."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign.choose import DAY
from tmall_nb.analyses.campaign.lift import Lift, Series

__all__ = ["item_effects", "stock_outs"]

BASE_DAYS = 56
OVERDISPERSION = 0.15  # sd (log) of one item's share from week to week beyond Poisson
COLUMNS = ["item_id", "item_title", "role", "paid_units", "expected", "effect", "low", "high", "base_units"]


def item_effects(series: Series, lift: Lift, *, level: float) -> pd.DataFrame:
    """Units of every item over the campaign days against its level before, moved as the group's counterfactual moved.

    Campaign items move with the measured counterfactual of the campaign's items, others with the mean of the others: halo and
    cannibalisation are read *between* items outside the campaign; a change common to all of them cannot be told from the
    market. An item with fewer than 5 units before has no expectation (empty).
    """
    from scipy.special import ndtri

    if series.items.empty or not lift.enrolled:
        return pd.DataFrame(columns=COLUMNS)
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
    own = 1 / table["base_units"].clip(lower=1) + OVERDISPERSION**2
    reach = float(ndtri((1 + level) / 2)) * np.sqrt(
        table["expected"] ** 2 * own + table[["expected", "paid_units"]].max(axis=1)
    )
    table = table.assign(low=table["effect"] - reach, high=table["effect"] + reach).reset_index()
    return table.sort_values(["role", "effect"], ascending=[True, False], ignore_index=True)[COLUMNS]


def stock_outs(series: Series, lift: Lift, *, level: float) -> pd.DataFrame:
    """Campaign items that ran out: days, units sold on other campaign days, units and yuan lost with interval (Poisson).

    Lost units = days sold out or empty × the item's mean on its campaign days with stock, minus what those days sold.
    """
    from scipy.special import gammaincinv

    columns = ["item_id", "item_title", "days_out", "days_in", "lost_units", "low", "high", "lost_yuan"]
    shop, c = series.shop, lift.campaign
    if not shop.has("stock") or series.items.empty or not lift.enrolled:
        return pd.DataFrame(columns=columns)
    stock = shop.table("stock")
    stock = stock.assign(date=pd.to_datetime(stock["date"]))
    stock = stock[stock["item_id"].isin(lift.enrolled) & stock["date"].between(c.start, c.end)]
    empty = stock.get("in_stock", pd.Series(True, index=stock.index)).eq(False)
    sold_out = stock.get("sold_out", pd.Series(False, index=stock.index)).eq(True) | empty | (stock["stock_units"] <= 0)
    out = sold_out.groupby([stock["item_id"], stock["date"]]).all().rename("out").reset_index()
    sold = series.items[["item_id", "date", "paid_units", "paid_amount"]]
    joined = out.merge(sold, on=["item_id", "date"], how="left").fillna({"paid_units": 0.0, "paid_amount": 0.0})
    rows = []
    titles = series.items.groupby("item_id")["item_title"].last()
    for item, part in joined.groupby("item_id"):
        inside, gone = part[~part["out"]], part[part["out"]]
        if gone.empty or len(inside) < 2 or inside["paid_units"].sum() < 1:
            continue
        total, days_in, days_out = inside["paid_units"].sum(), len(inside), len(gone)
        rates = (total, gammaincinv(total + 0.5, (1 - level) / 2), gammaincinv(total + 0.5, (1 + level) / 2))
        lost, low, high = (max(r / days_in * days_out - gone["paid_units"].sum(), 0.0) for r in rates)
        price = inside["paid_amount"].sum() / total
        rows.append((item, titles.get(item), days_out, days_in, lost, low, high, lost * price))
    return pd.DataFrame(rows, columns=columns).sort_values("lost_yuan", ascending=False, ignore_index=True)
