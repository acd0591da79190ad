"""What is on the shelf and on the way, what supply takes, and what a unit costs and sells for: one row per item."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from tmall_nb.queries.item_days import item_days
from tmall_nb.shop import Shop

__all__ = ["StockKind", "kept_share", "stock_rows", "supply_rows"]

StockKind = Literal["history", "snapshot", "none"]
HISTORY_DAYS = 14  # days of stock from which it is a history: sold-out days can be told from days without demand
RECENT_DAYS = 56

LAST = """
WITH days AS (
    SELECT item_id, CAST(date AS DATE) AS date, sum(stock_units) AS stock_units, {inbound} AS inbound_units
    FROM stock WHERE item_id IS NOT NULL AND date IS NOT NULL AND stock_units IS NOT NULL GROUP BY 1, 2
)
SELECT item_id, max(date) AS stock_date, arg_max(stock_units, date) AS stock_units,
       arg_max(inbound_units, date) AS inbound_units,
       count(*) FILTER (date > (SELECT max(date) FROM days) - {recent}) AS stock_days,
       count(*) FILTER (date > (SELECT max(date) FROM days) - {recent} AND stock_units <= 0) AS empty_days
FROM days GROUP BY 1 ORDER BY 1
"""
UNDATED = """
SELECT item_id, CAST(NULL AS DATE) AS stock_date, sum(stock_units) AS stock_units, CAST(NULL AS BIGINT) AS inbound_units,
       0 AS stock_days, 0 AS empty_days
FROM {table} WHERE item_id IS NOT NULL AND stock_units IS NOT NULL GROUP BY 1 ORDER BY 1
"""
LEAD = """
SELECT item_id, max(lead_time_days) AS lead_time_days, {sd} AS lead_time_sd, {review} AS review_days, {moq} AS moq_units
FROM lead_times WHERE item_id IS NOT NULL GROUP BY 1
"""
COSTS = """
SELECT item_id, avg(unit_cost) AS unit_cost FROM (
    SELECT item_id, sku_code, arg_max(unit_cost, coalesce(valid_from, DATE '1970-01-01')) AS unit_cost
    FROM costs WHERE item_id IS NOT NULL AND unit_cost > 0 GROUP BY 1, 2
) GROUP BY 1
"""

KEPT = """
SELECT CAST(sum(refund_amount) AS DOUBLE) AS refunded, CAST(sum(paid_amount) AS DOUBLE) AS paid FROM {table}
WHERE CAST(date AS DATE) > (SELECT max(CAST(date AS DATE)) FROM {table}) - 182
"""


def stock_rows(shop: Shop) -> tuple[pd.DataFrame, StockKind]:
    """Return the newest stock of each item and what kind of stock data that is.

    Returns
    -------
    item_id, stock_date (missing for the undated count of the item list), stock_units (less what was sold after a stock date
    that is older than the sales; ``sold_since`` says how many), inbound_units (missing where no column), stock_days and
    empty_days (days with stock known, and with none left, of the last eight weeks); and ``history``, ``snapshot`` or ``none``
    """
    columns = ["item_id", "stock_date", "stock_units", "inbound_units", "stock_days", "empty_days", "sold_since"]
    if shop.has("stock", "item_id"):
        inbound = "sum(inbound_units)" if shop.has("stock", "inbound_units") else "CAST(NULL AS BIGINT)"
        frame = shop.sql(LAST.format(inbound=inbound, recent=RECENT_DAYS))
        days = int(shop.sql("SELECT count(DISTINCT date) AS n FROM stock")["n"].iloc[0])
        kind: StockKind = "history" if days >= HISTORY_DAYS else "snapshot"
    elif shop.has("product_master", "stock_units"):
        frame, kind = shop.sql(UNDATED.format(table="product_master")), "snapshot"
    else:
        return pd.DataFrame(columns=columns), "none"
    frame["stock_date"] = pd.to_datetime(frame["stock_date"])
    number = ["stock_units", "inbound_units", "stock_days", "empty_days"]
    frame[number] = frame[number].astype("float64")
    return _brought_forward(shop, frame)[columns], kind


def _brought_forward(shop: Shop, frame: pd.DataFrame) -> pd.DataFrame:
    """Take off what was sold after the stock was counted; goods that arrived since are not known."""
    frame = frame.assign(sold_since=0.0)
    if frame["stock_date"].isna().all():
        return frame
    days = item_days(shop)[["item_id", "date", "paid_units"]]
    if frame["stock_date"].min() >= days["date"].max():
        return frame
    late = days.merge(frame[["item_id", "stock_date"]], on="item_id")
    sold = late[late["date"] > late["stock_date"]].groupby("item_id")["paid_units"].sum()
    frame["sold_since"] = frame["item_id"].map(sold).fillna(0.0)
    frame["stock_units"] = (frame["stock_units"] - frame["sold_since"]).clip(lower=0.0)
    return frame


def supply_rows(shop: Shop) -> pd.DataFrame:
    """Return lead_time_days, lead_time_sd, review_days, moq_units and unit_cost of each item; missing where no sheet says."""
    frame = pd.DataFrame({"item_id": pd.Series(dtype="str")})
    if shop.has("lead_times"):
        parts = {"sd": "lead_time_sd", "review": "review_days", "moq": "moq_units"}
        given = {k: f"max({c})" if shop.has("lead_times", c) else "CAST(NULL AS DOUBLE)" for k, c in parts.items()}
        frame = shop.sql(LEAD.format(**given))
    if shop.has("costs"):
        frame = frame.merge(shop.sql(COSTS), on="item_id", how="outer")
    for column in ("lead_time_days", "lead_time_sd", "review_days", "moq_units", "unit_cost"):
        frame[column] = pd.to_numeric(frame[column]).astype("float64") if column in frame else np.nan
    return frame


def kept_share(shop: Shop) -> float:
    """Return the share of paid amount that is not refunded, over refunds settled by now; 1 where no report says."""
    for table in ("product_daily", "shop_daily"):
        if shop.has(table, "refund_amount") and shop.has(table, "paid_amount"):
            row = shop.sql(KEPT.format(table=table)).iloc[0]
            if row["paid"] > 0 and row["refunded"] > 0:
                return float(np.clip(1 - row["refunded"] / row["paid"], 0.0, 1.0))
    return 1.0
