"""Paid orders with a buyer, from a shop or a plain frame, as one relation ``buyer_orders`` for SQL.

Columns: buyer (BIGINT), day (days since 1970-01-01), month (months since year 0), gross and net (whole cents as DOUBLE), the
text columns asked for. A frame's buyers are numbered once, so that no text key is ever joined.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tmall_nb.errors import ExportError, NotEnoughData, ParameterError
from tmall_nb.shop import Shop

if TYPE_CHECKING:
    import duckdb

__all__ = ["FIRST_COLUMNS", "BuyerOrders", "buyer_orders"]

FIRST_COLUMNS = ("item", "category", "channel", "province")  # attributes of a first order that cohorts are compared by
EPOCH = pd.Timestamp("1970-01-01")
ROWS_PER_BATCH = 1_000_000
SHOP_ORDERS = """
SELECT buyer, day, month, gross, {net} AS net {names}
FROM (SELECT *, {gross} AS gross FROM (
    SELECT o.buyer_key AS buyer, date_diff('day', DATE '1970-01-01', CAST(o.paid_at AS DATE)) AS day,
           CAST(year(o.paid_at) * 12 + month(o.paid_at) - 1 AS INTEGER) AS month {cents} {columns}
    FROM orders o {joins}
    WHERE o.paid_at IS NOT NULL AND o.paid_at < DATE '{stop}' AND o.buyer_key IS NOT NULL AND NOT ({no_amount})))
"""
# whole cents as DOUBLE: sums are exact below 2^53 cents, and cost less than those of DECIMAL
CENTS = "round(100 * CAST(o.{0}_amount AS DOUBLE))"
# refunds lie between 0 and what was paid
NET = {
    (): "gross", ("net",): "least(greatest(coalesce(net_cents, gross), least(gross, 0)), gross)",
    ("refund",): "gross - greatest(least(coalesce(refund_cents, 0), greatest(gross, 0)), 0)",
    ("net", "refund"): "gross - greatest(least(coalesce(refund_cents, gross - net_cents, 0), greatest(gross, 0)), 0)",
}  # fmt: skip
FIRST_ITEM = """
LEFT JOIN (SELECT order_id, arg_max(item_id, coalesce(paid_amount, goods_payable, list_price, 0)) AS item,
                  arg_max(coalesce(item_title, item_id), coalesce(paid_amount, goods_payable, list_price, 0)) AS title
           FROM order_items GROUP BY 1) i USING (order_id)
"""
CATEGORY = "LEFT JOIN (SELECT item_id, any_value(category) AS category FROM product_daily GROUP BY 1) g ON g.item_id = i.item"
AFFILIATE = "LEFT JOIN (SELECT DISTINCT order_id AS cps_order FROM cps_orders) c ON c.cps_order = o.order_id"
SHOP_COUNTS = """
SELECT count(*) AS rows, count(*) FILTER (paid_at IS NULL) AS unpaid,
       count(*) FILTER (paid_at >= DATE '{stop}') AS after_end,
       count(*) FILTER (paid_at < DATE '{stop}' AND buyer_key IS NULL) AS no_buyer,
       count(*) FILTER (paid_at < DATE '{stop}' AND buyer_key IS NOT NULL AND ({no_amount})) AS no_amount,
       count(*) FILTER (paid_at < DATE '{stop}' AND {over}) AS refund_over_paid
FROM orders o
"""


@dataclass(frozen=True)
class BuyerOrders:
    """Orders ready for SQL.

    Attributes
    ----------
    end : last observed day
    first : text columns of ``FIRST_COLUMNS`` that are there
    counts : rows used and rows set aside, by reason
    keys : a frame's buyer keys by number; None where the number is the key
    """

    end: pd.Timestamp
    first: tuple[str, ...]
    counts: Mapping[str, int]
    keys: np.ndarray | None
    _shop: Shop | None = None
    _prefix: str = ""
    _connection: duckdb.DuckDBPyConnection | None = field(default=None, repr=False)

    def sql(self, text: str) -> pd.DataFrame:
        """Run a query that begins with ``WITH orders_of AS (SELECT * FROM buyer_orders)``."""
        if self._shop is not None:
            return self._shop.sql(text.replace("FROM buyer_orders", f"FROM ({self._prefix})", 1))
        assert self._connection is not None
        return _plain(self._connection.sql(text).to_arrow_table())

    def batches(self, text: str) -> Iterator[tuple[np.ndarray, ...]]:
        """Run such a query and yield its columns as arrays, some rows at a time (numbers only, none missing)."""
        if self._shop is not None:
            reader = self._shop.batches(text.replace("FROM buyer_orders", f"FROM ({self._prefix})", 1), rows=ROWS_PER_BATCH)
        else:
            assert self._connection is not None
            reader = self._connection.sql(text).to_arrow_reader(ROWS_PER_BATCH)
        for batch in reader:
            yield tuple(column.to_numpy() for column in batch.columns)

    @cached_property
    def first_day(self) -> pd.Timestamp:
        """Day of the first order."""
        found = self.sql("WITH orders_of AS (SELECT * FROM buyer_orders) SELECT min(day) AS first FROM orders_of")
        return EPOCH + pd.Timedelta(days=int(found["first"].iloc[0]))

    @property
    def end_day(self) -> int:
        return int((self.end - EPOCH).days)


def _plain(arrow: Any) -> pd.DataFrame:
    import pyarrow as pa

    columns = {}
    for name, column in zip(arrow.column_names, arrow.columns, strict=True):
        if pa.types.is_decimal(column.type):
            column = column.cast(pa.int64() if column.type.scale == 0 and column.null_count == 0 else pa.float64())
        columns[name] = column.to_pandas()
    return pd.DataFrame(columns)


def buyer_orders(
    orders: Shop | pd.DataFrame, *, end: str | pd.Timestamp | None, buyer: str = "buyer_key", first: Sequence[str] = ()
) -> BuyerOrders:
    """Check orders and open them for SQL.

    Parameters
    ----------
    orders : a Shop, or a frame with ``buyer``, paid_at, paid_amount and optionally refund_amount, net_amount, order_id, shop_id
    end : last observed day; for a shop None means the last day on which orders were created
    buyer : the column that identifies a buyer
    first : which of ``FIRST_COLUMNS`` to carry along, where they are there

    Raises
    ------
    ParameterError : no end for a frame, or not a day
    ExportError : a column is missing or unreadable, or two shops stand in one frame
    NotEnoughData : no paid order with a buyer up to ``end``
    """
    found = _from_shop(orders, end, first) if isinstance(orders, Shop) else _from_frame(orders, end, buyer, first)
    if found.counts["rows_used"] == 0:
        raise NotEnoughData(f"no paid order with a buyer up to {found.end:%Y-%m-%d} ({_told(found.counts)})")
    return found


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {rows}" for name, rows in counts.items() if name != "rows_used")


def _day(end: str | pd.Timestamp | None) -> pd.Timestamp:
    if end is None:
        raise ParameterError("observation_end", end, "the last day observed, YYYY-MM-DD; the last order does not say it")
    try:
        day = pd.Timestamp(end)
    except (ValueError, TypeError) as error:
        raise ParameterError("observation_end", end, "a day written YYYY-MM-DD") from error
    if pd.isna(day):
        raise ParameterError("observation_end", end, "a day written YYYY-MM-DD")
    return day.tz_localize(None).normalize() if day.tzinfo else day.normalize()


def _from_shop(shop: Shop, end: str | pd.Timestamp | None, first: Sequence[str]) -> BuyerOrders:
    if end is None:
        end = shop.sql("SELECT max(CAST(coalesce(created_at, paid_at) AS DATE)) AS last FROM orders")["last"].iloc[0]
    day = _day(end)
    stop = f"{day + pd.Timedelta(days=1):%Y-%m-%d}"
    sources = {
        "item": ("i.title", FIRST_ITEM, shop.has("order_items")),
        "category": ("g.category", CATEGORY, shop.has("order_items") and shop.has("product_daily", "category")),
        "channel": ("CASE WHEN c.cps_order IS NULL THEN 'other' ELSE 'affiliate' END", AFFILIATE, shop.has("cps_orders")),
        "province": ("o.province", "", shop.has("orders", "province")),
    }
    there = tuple(name for name in FIRST_COLUMNS if name in first and sources[name][2])
    columns = "".join(f", {sources[name][0]} AS {name}" for name in there)
    joins = " ".join(dict.fromkeys([*([FIRST_ITEM] if "category" in there else []), *(sources[n][1] for n in there)]))
    amounts = _amounts(set(shop.manifest.get("columns", {}).get("orders", ())))
    names = "".join(f", {name}" for name in there)
    prefix = SHOP_ORDERS.format(**amounts, names=names, columns=columns, joins=joins, stop=stop)
    row = shop.sql(SHOP_COUNTS.format(stop=stop, over=amounts["over"], no_amount=amounts["no_amount"])).iloc[0]
    aside = {k: int(row[k]) for k in ("unpaid", "after_end", "no_buyer", "no_amount", "refund_over_paid")}
    used = int(row["rows"]) - sum(rows for reason, rows in aside.items() if reason != "refund_over_paid")
    return BuyerOrders(day, there, {"rows_used": used, **aside}, None, shop, prefix)


def _amounts(held: set[str]) -> dict[str, str]:
    """SQL for the cents of an order, from the columns that files held."""
    there = [name for name in ("paid", "net", "refund") if f"{name}_amount" in held]
    whole = {"paid": "paid_cents", "net": "net_cents" + (" + coalesce(refund_cents, 0)" if "refund" in there else "")}
    ways = [whole[name] for name in there if name in whole]
    return {
        "cents": "".join(f", {CENTS.format(name)} AS {name}_cents" for name in there),
        "gross": f"coalesce({', '.join(ways)})" if ways else "CAST(NULL AS DOUBLE)",
        "net": NET[tuple(name for name in there if name != "paid")],
        "no_amount": " AND ".join(f"{name}_amount IS NULL" for name in there if name in whole) or "true",
        "over": "refund_amount > paid_amount AND paid_amount >= 0" if {"paid", "refund"} <= set(there) else "false",
    }


def _from_frame(frame: pd.DataFrame, end: str | pd.Timestamp | None, buyer: str, first: Sequence[str]) -> BuyerOrders:
    day = _day(end)
    _refuse(frame, buyer)
    paid_at = _times(frame["paid_at"])
    paid = _cents(frame, "paid_amount")
    refund = _cents(frame, "refund_amount") if "refund_amount" in frame else np.zeros(len(frame))
    over = (refund > paid) & (paid >= 0)
    refund = np.where(paid >= 0, np.clip(refund, 0, np.maximum(paid, 0)), refund)
    number, keys = pd.factorize(frame[buyer])
    counts = {"unpaid": paid_at.isna().to_numpy(), "after_end": (paid_at >= day + pd.Timedelta(days=1)).to_numpy()}
    counts |= {"no_buyer": number < 0, "no_amount": ~np.isfinite(paid) | ~np.isfinite(refund)}
    if "order_id" in frame:
        counts["repeated_order"] = frame["order_id"].duplicated().to_numpy() & frame["order_id"].notna().to_numpy()
    used = np.ones(len(frame), dtype=bool)
    rows: dict[str, int] = {}
    for reason, bad in counts.items():
        rows[reason] = int((used & bad).sum())
        used &= ~bad
    there = tuple(name for name in FIRST_COLUMNS if name in first and name in frame)
    when = paid_at[used]
    columns: dict[str, Any] = {
        "buyer": number[used].astype(np.int64),
        "day": ((when.to_numpy("datetime64[D]") - np.datetime64("1970-01-01")).astype(np.int32)),
        "month": (when.dt.year * 12 + when.dt.month - 1).to_numpy(np.int32),
        "gross": np.rint(paid[used]),
        "net": np.rint(paid[used] - refund[used]),
    }
    columns |= {name: _texts(frame[name][used]) for name in there}
    rows = {"rows_used": int(used.sum()), **rows, "refund_over_paid": int((over & used).sum())}
    return BuyerOrders(day, there, rows, np.asarray(keys, dtype=object), None, "", _register(columns))


def _refuse(frame: pd.DataFrame, buyer: str) -> None:
    for name in (buyer, "paid_at", "paid_amount"):
        if name not in frame:
            raise ExportError("orders", f"is missing; found {', '.join(map(str, frame.columns))}", column=name)
    if "shop_id" in frame and frame["shop_id"].nunique() > 1:
        shops = ", ".join(map(str, frame["shop_id"].dropna().unique()[:3]))
        raise ExportError(
            "orders", f"holds several shops ({shops}): one buyer of two shops would count as repurchase. Call once per shop",
            column="shop_id",
        )  # fmt: skip


def _times(column: pd.Series) -> pd.Series:
    if not pd.api.types.is_datetime64_any_dtype(column):
        parsed = pd.to_datetime(column, errors="coerce", format="mixed")
        bad = parsed.isna() & column.notna()
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise ExportError(
                "orders", f"{column.iloc[row]!r} is not a time; write YYYY-MM-DD HH:MM", row=row + 1, column="paid_at"
            )
        column = parsed
    return column.dt.tz_convert("Asia/Shanghai").dt.tz_localize(None) if column.dt.tz is not None else column


def _texts(column: pd.Series) -> np.ndarray:
    texts = column.astype("string").astype(object)
    return np.asarray(texts.where(texts.notna(), None), dtype=object)


def _cents(frame: pd.DataFrame, name: str) -> np.ndarray:
    numbers = pd.to_numeric(frame[name], errors="coerce")
    bad = numbers.isna() & frame[name].notna()
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise ExportError("orders", f"{frame[name].iloc[row]!r} is not an amount in yuan", row=row + 1, column=name)
    cents = numbers.to_numpy(np.float64) * 100
    return np.nan_to_num(cents) if name == "refund_amount" else cents


def _register(columns: Mapping[str, Any]) -> duckdb.DuckDBPyConnection:
    import duckdb
    import pyarrow as pa

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    arrays = {k: pa.array(v, type=pa.string()) if v.dtype == object else pa.array(v) for k, v in columns.items()}
    connection.register("buyer_orders", pa.table(arrays))
    return connection
