"""Item by item: how many units the campaign may ask for, what is there, and which discount depth pays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tmall_nb.queries.campaign_days import item_sales
from tmall_nb.shop import Shop

__all__ = ["depth_table", "stock_table"]

DAY = pd.Timedelta(days=1)
BASE_DAYS = 56
DEPTHS = (0.05, 0.1, 0.15, 0.2)
ITEM_SD = 0.4  # one item's burst against the shop's, log
ASSUMED = (-2.0, -3.0, -1.0)  # elasticity, low, high where none is given; shown as an assumption


def stock_table(shop: Shop, ratio: np.ndarray, days: int, *, service_level: float, rng: np.random.Generator) -> pd.DataFrame:
    """Units needed per item: expected, low, high (quantile of the service level), order_units, price, cost."""
    sales = item_sales(shop)
    columns = (
        "item_id item_title units_per_day expected low high stock_units inbound_units order_units price_yuan unit_cost".split()
    )
    if sales.empty:
        return pd.DataFrame(columns=columns)
    last = sales["date"].max()
    recent = sales[sales["date"] > last - BASE_DAYS * DAY]
    table = recent.groupby("item_id").agg(
        units=("paid_units", "sum"), amount=("paid_amount", "sum"), item_title=("item_title", "last")
    )
    table = table[table["units"] > 0].sort_values("units", ascending=False)
    own = np.exp(rng.normal(-(ITEM_SD**2) / 2, ITEM_SD, (len(table), len(ratio))))
    rate = rng.gamma(table["units"].to_numpy(float)[:, None] + 0.5, 1.0, (len(table), len(ratio))) / BASE_DAYS
    need = rng.poisson(rate * days * ratio[None, :] * own)
    table = table.assign(units_per_day=table["units"] / BASE_DAYS, expected=np.median(need, axis=1))
    table["low"], table["high"] = np.quantile(need, 1 - service_level, axis=1), np.quantile(need, service_level, axis=1)
    table["price_yuan"] = table["amount"] / table["units"]
    table = table.join(_on_hand(shop)).join(_costs(shop))
    have = table["stock_units"].fillna(0) + table["inbound_units"].fillna(0)
    table["order_units"] = np.ceil((table["high"] - have).clip(lower=0)).where(table["stock_units"].notna())
    return table.rename_axis("item_id").reset_index()[columns]


def _on_hand(shop: Shop) -> pd.DataFrame:
    if not shop.has("stock"):
        return pd.DataFrame(columns=["stock_units", "inbound_units"], dtype="float64")
    text = (
        "SELECT item_id, sum(stock_units) AS stock_units, sum(inbound_units) AS inbound_units FROM stock "
        "WHERE date = (SELECT max(date) FROM stock) GROUP BY 1"
    )
    return shop.sql(text).set_index("item_id").astype("float64")


def _costs(shop: Shop) -> pd.DataFrame:
    if not shop.has("costs"):
        return pd.DataFrame(columns=["unit_cost"], dtype="float64")
    text = "SELECT item_id, arg_max(unit_cost, valid_from) AS unit_cost FROM costs GROUP BY 1"
    return shop.sql(text).set_index("item_id").astype("float64")


def depth_table(stock: pd.DataFrame, elasticity: pd.DataFrame | None, margin: float) -> pd.DataFrame:
    """Best depth per item: depth, lift_needed, lift_expected (times), margin_change a day with low/high, elasticity, verdict.

    lift_needed = (p − c) / (p(1 − d) − c); lift_expected = (1 − d)^elasticity. verdict: discount (the margin rises over
    the elasticity's whole interval), try (it may), hold (it does not), assumed (no elasticity of its own: −2 stands in, −3 to
    −1 its range, only the needed lift is sure).
    """
    columns = "item_id item_title price_yuan depth lift_needed lift_expected margin_change low high elasticity verdict".split()
    if stock.empty:
        return pd.DataFrame(columns=columns)
    known: dict[str, tuple[float, float, float]] = {}
    if elasticity is not None:
        good = elasticity[elasticity["verdict"] == "ok"]
        numbers = good[["elasticity", "low", "high"]].astype(float).itertuples(index=False, name=None)
        known = dict(zip(good["item_id"].astype(str), numbers, strict=True))
    rows = [_depth(row, known.get(str(row.item_id)), margin) for row in stock.itertuples()]
    return pd.DataFrame(rows, columns=columns)


def _depth(row: Any, known: tuple[float, float, float] | None, margin: float) -> tuple[Any, ...]:
    """The depth at which the margin a day is largest, and that change at the ends of the elasticity's interval."""
    price = row.price_yuan
    cost = row.unit_cost if np.isfinite(row.unit_cost) else price * (1 - margin)
    slope, weak, strong = known or ASSUMED

    def change(depth: float, at: float) -> float:
        return (1 - depth) ** at * (price * (1 - depth) - cost) - (price - cost)

    depth = max(DEPTHS, key=lambda d: change(d, slope))
    left = price * (1 - depth) - cost
    needed = (price - cost) / left if left > 0 else np.inf
    low, high = sorted(change(depth, at) * row.units_per_day for at in (weak, strong))
    gain = change(depth, slope) * row.units_per_day
    verdict = "assumed" if known is None else "discount" if low > 0 else "hold" if high < 0 or gain <= 0 else "try"
    head = (row.item_id, row.item_title, price, depth, needed, (1 - depth) ** slope)
    return (*head, gain, low, high, slope, verdict)
