"""What is on the shelf and on the way, what supply takes, and what a unit costs and sells for: one row per item."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
import pandas as pd

from tmall_nb.queries.item_days import item_days
from tmall_nb.shop import Shop

__all__ = ["Key", "StockKind", "kept_share", "key_of", "stock_rows", "supply_rows"]

StockKind = Literal["history", "snapshot", "none"]
Key = Literal["item_id", "sku_code"]
HISTORY_DAYS = 14  # days of stock from which it is a history: sold-out days can be told from days without demand
RECENT_DAYS = 56

LAST = """
WITH days AS (
    SELECT {id} AS item_id, CAST(date AS DATE) AS date, sum(stock_units) AS stock_units, {inbound} AS inbound_units
    FROM stock WHERE {id} IS NOT NULL AND date IS NOT NULL AND stock_units IS NOT NULL GROUP BY 1, 2
)
SELECT item_id, max(date) AS stock_date, arg_max(stock_units, date) AS stock_units,
       arg_max(inbound_units, date) AS inbound_units,
       count(*) FILTER (date > (SELECT max(date) FROM days) - {recent}) AS stock_days,
       count(*) FILTER (date > (SELECT max(date) FROM days) - {recent} AND stock_units <= 0) AS empty_days
FROM days GROUP BY 1 ORDER BY 1
"""
UNDATED = """
SELECT {id} AS item_id, CAST(NULL AS DATE) AS stock_date, sum(stock_units) AS stock_units,
       CAST(NULL AS BIGINT) AS inbound_units, 0 AS stock_days, 0 AS empty_days
FROM product_master WHERE {id} IS NOT NULL AND stock_units IS NOT NULL GROUP BY 1 ORDER BY 1
"""
LEAD = """
SELECT item_id, max(lead_time_days) AS lead_time_days, {sd} AS lead_time_sd, {review} AS review_days, {moq} AS moq_units
FROM lead_times WHERE item_id IS NOT NULL GROUP BY 1
"""
COSTS = """
SELECT {id} AS item_id, avg(unit_cost) AS unit_cost FROM (
    SELECT item_id, sku_code, arg_max(unit_cost, coalesce(valid_from, DATE '1970-01-01')) AS unit_cost
    FROM costs WHERE unit_cost > 0 GROUP BY 1, 2
) WHERE {id} IS NOT NULL GROUP BY 1
"""

OWNERS = "SELECT sku_code, any_value(item_id) AS owner FROM {table} WHERE sku_code IS NOT NULL GROUP BY 1"
KEPT = """
SELECT CAST(sum(refund_amount) AS DOUBLE) AS refunded, CAST(sum(paid_amount) AS DOUBLE) AS paid FROM {table}
WHERE CAST(date AS DATE) > (SELECT max(CAST(date AS DATE)) FROM {table}) - 182
"""


def key_of(shop: Shop, ids: Iterable[str]) -> Key:
    """Return ``sku_code`` where more of the ids are merchant's codes of the shop than item ids, else ``item_id``."""
    wanted = set(map(str, ids))
    found = {"item_id": 0, "sku_code": 0}
    for table in ("order_items", "stock", "product_daily"):
        for key in found:
            if shop.has(table, key):
                held = shop.sql(f"SELECT DISTINCT {key} AS id FROM {table} WHERE {key} IS NOT NULL")["id"]
                found[key] = max(found[key], len(wanted & set(held.astype(str))))
    return "sku_code" if found["sku_code"] > found["item_id"] else "item_id"


def stock_rows(shop: Shop, *, key: Key = "item_id") -> tuple[pd.DataFrame, StockKind]:
    """Return the newest stock of each item and what kind of stock data that is.

    Parameters
    ----------
    shop : a loaded shop
    key : ``item_id``, or ``sku_code``: the column ``item_id`` then holds the merchant's code

    Returns
    -------
    item_id, stock_date (missing for the undated count of the item list), stock_units (less what was sold after a stock date
    that is older than the sales; ``sold_since`` says how many), inbound_units (missing where no column), stock_days and
    empty_days (days with stock known, and with none left, of the last eight weeks); and ``history``, ``snapshot`` or ``none``
    """
    columns = ["item_id", "stock_date", "stock_units", "inbound_units", "stock_days", "empty_days", "sold_since"]
    if shop.has("stock", key):
        inbound = "sum(inbound_units)" if shop.has("stock", "inbound_units") else "CAST(NULL AS BIGINT)"
        frame = shop.sql(LAST.format(id=key, inbound=inbound, recent=RECENT_DAYS))
        days = int(shop.sql("SELECT count(DISTINCT date) AS n FROM stock")["n"].iloc[0])
        kind: StockKind = "history" if days >= HISTORY_DAYS else "snapshot"
    elif shop.has("product_master", "stock_units") and shop.has("product_master", key):
        frame, kind = shop.sql(UNDATED.format(id=key)), "snapshot"
    else:
        return pd.DataFrame(columns=columns), "none"
    frame["stock_date"] = pd.to_datetime(frame["stock_date"])
    number = ["stock_units", "inbound_units", "stock_days", "empty_days"]
    frame[number] = frame[number].astype("float64")
    return _brought_forward(shop, frame, key)[columns], kind


def _brought_forward(shop: Shop, frame: pd.DataFrame, key: Key) -> pd.DataFrame:
    """Take off what was sold after the stock was counted; goods that arrived since are not known."""
    frame = frame.assign(sold_since=0.0)
    if frame["stock_date"].isna().all():
        return frame
    days = item_days(shop, by="sku" if key == "sku_code" else "item")[["item_id", "date", "paid_units"]]
    if frame["stock_date"].min() >= days["date"].max():
        return frame
    late = days.merge(frame[["item_id", "stock_date"]], on="item_id")
    sold = late[late["date"] > late["stock_date"]].groupby("item_id")["paid_units"].sum()
    frame["sold_since"] = frame["item_id"].map(sold).fillna(0.0)
    frame["stock_units"] = (frame["stock_units"] - frame["sold_since"]).clip(lower=0.0)
    return frame


def supply_rows(shop: Shop, *, key: Key = "item_id") -> pd.DataFrame:
    """Return lead_time_days, lead_time_sd, review_days, moq_units and unit_cost of each item; missing where no sheet says.

    With ``key="sku_code"`` a code takes the terms of its item, and its own cost where the cost sheet lists codes.
    """
    frame = pd.DataFrame({"item_id": pd.Series(dtype="str")})
    if shop.has("lead_times"):
        parts = {"sd": "lead_time_sd", "review": "review_days", "moq": "moq_units"}
        given = {k: f"max({c})" if shop.has("lead_times", c) else "CAST(NULL AS DOUBLE)" for k, c in parts.items()}
        frame = shop.sql(LEAD.format(**given))
    if shop.has("costs", "item_id"):
        frame = frame.merge(shop.sql(COSTS.format(id="item_id")), on="item_id", how="outer")
    if key == "sku_code":
        frame = _by_code(shop, frame)
    for column in ("lead_time_days", "lead_time_sd", "review_days", "moq_units", "unit_cost"):
        frame[column] = pd.to_numeric(frame[column]).astype("float64") if column in frame else np.nan
    return frame


def _by_code(shop: Shop, terms: pd.DataFrame) -> pd.DataFrame:
    """Terms of items as terms of their codes."""
    held = [t for t in ("order_items", "product_master") if shop.has(t, "sku_code") and shop.has(t, "item_id")]
    if not held:
        return terms
    owners = pd.concat([shop.sql(OWNERS.format(table=t)) for t in held]).drop_duplicates("sku_code")
    frame = owners.merge(terms, left_on="owner", right_on="item_id", how="left").drop(columns=["owner", "item_id"])
    frame = frame.rename(columns={"sku_code": "item_id"})
    if shop.has("costs", "sku_code"):
        own = frame["item_id"].map(shop.sql(COSTS.format(id="sku_code")).set_index("item_id")["unit_cost"])
        frame["unit_cost"] = own.fillna(frame["unit_cost"]) if "unit_cost" in frame else own
    return frame


def kept_share(shop: Shop) -> float:
    """Return the share of paid amount that is not refunded, over refunds settled by now; 1 where no report says."""
    for table in ("product_daily", "shop_daily"):
        if shop.has(table, "refund_amount") and shop.has(table, "paid_amount"):
            row = shop.sql(KEPT.format(table=table)).iloc[0]
            if row["paid"] > 0 and row["refunded"] > 0:
                return float(np.clip(1 - row["refunded"] / row["paid"], 0.0, 1.0))
    return 1.0
