"""The stock a plan starts from, out of a shop's sheets or a frame of the reader: one row per item, checked."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from tmall_nb.errors import ExportError, ParameterError, closest
from tmall_nb.queries.stock_rows import kept_share, key_of, stock_rows, supply_rows
from tmall_nb.shop import Shop

__all__ = ["NUMBERS", "check_stock", "read_stock"]

SOURCE = "stock"
NUMBERS = (
    "stock_units", "inbound_units", "lead_time_days", "lead_time_sd", "review_days", "moq_units", "pack_units", "unit_cost",
    "price_yuan",
)  # fmt: skip
NAMES = {"unit_cost_yuan": "unit_cost"}


def read_stock(stock: Shop | pd.DataFrame, ids: Iterable[str]) -> tuple[pd.DataFrame, str, dict[str, float]]:
    """Return one row per item with all of ``NUMBERS`` (missing where nothing says), the kind of stock data, and settings.

    ``ids`` are those of the forecast: items, or merchant's codes where it was made by SKU.
    """
    if isinstance(stock, pd.DataFrame):
        return check_stock(stock), "given", {}
    if not isinstance(stock, Shop):
        raise ParameterError("stock", type(stock).__name__, "a shop, or a frame with item_id and stock_units")
    key = key_of(stock, ids)
    rows, kind = stock_rows(stock, key=key)
    frame = rows.merge(supply_rows(stock, key=key), on="item_id", how="outer")
    names = ("commission_rate", "gross_margin", "lead_time_days", "review_days", "budget_yuan")
    settings = {k: float(stock.settings[k]) for k in names if stock.settings.get(k) is not None}
    settings["kept_share"] = kept_share(stock)
    return _complete(frame), kind, settings


def check_stock(stock: pd.DataFrame) -> pd.DataFrame:
    """Check a frame of stock; with a ``date`` the newest row of each item counts.

    Raises
    ------
    ExportError : a column is missing, a cell is no number or negative, an item stands twice without a date
    """
    for name in ("item_id", "stock_units"):
        if name not in stock.columns:
            hint = ", ".join(closest(name, stock.columns)) or ", ".join(map(str, stock.columns))
            raise ExportError(SOURCE, f"column {name} is missing; found {hint}", column=name)
    frame = stock.rename(columns=NAMES).reset_index(drop=True)
    if frame["item_id"].isna().any():
        raise ExportError(SOURCE, "an item_id is empty", row=_row(frame["item_id"].isna()), column="item_id")
    frame["item_id"] = frame["item_id"].astype(str)
    for name in (c for c in NUMBERS if c in frame.columns):
        frame[name] = _number(frame, name)
    if "date" in frame.columns:
        frame = _newest(frame)
    twice = frame["item_id"].duplicated()
    if twice.any():
        what = f"item {frame['item_id'][twice].iloc[0]} stands twice ({int(twice.sum())} such rows); add up its stock, or give "
        raise ExportError(SOURCE, what + "a date to each row", row=_row(twice), column="item_id")
    return _complete(frame)


def _newest(frame: pd.DataFrame) -> pd.DataFrame:
    day = pd.to_datetime(frame["date"], errors="coerce", format="mixed")
    if day.isna().any():
        row = _row(day.isna())
        raise ExportError(SOURCE, f"{frame['date'].iloc[row - 1]!r} is not a date", row=row, column="date")
    frame = frame.assign(stock_date=day)
    newest = frame[day == day.groupby(frame["item_id"]).transform("max")]
    return newest.reset_index(drop=True)


def _number(frame: pd.DataFrame, name: str) -> pd.Series:
    """A column as numbers: empty stays missing, text and negative numbers are refused."""
    value = pd.to_numeric(frame[name], errors="coerce").astype("float64")
    bad = (value.isna() & frame[name].notna()) | np.isinf(value)
    if bad.any():
        raise ExportError(SOURCE, f"{frame[name][bad].iloc[0]!r} is not a number", row=_row(bad), column=name)
    if (value < 0).any():
        found = value[value < 0].iloc[0]
        what = "write 0 where goods are sold in advance" if name == "stock_units" else "expected 0 or more"
        raise ExportError(SOURCE, f"{found:g}; {what}", row=_row(value < 0), column=name)
    return value


def _row(mask: pd.Series) -> int:
    return int(mask.to_numpy().argmax()) + 1


def _complete(frame: pd.DataFrame) -> pd.DataFrame:
    extra = {c: np.nan for c in (*NUMBERS, "sold_since", "stock_days", "empty_days") if c not in frame.columns}
    frame = frame.assign(**extra)
    if "stock_date" not in frame.columns:
        frame["stock_date"] = pd.NaT
    return frame
