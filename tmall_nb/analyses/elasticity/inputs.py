"""Reads and checks item-days, from a shop or a frame, into the matrices of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tmall_nb.calendar import campaign_days
from tmall_nb.errors import ExportError, NotEnoughData
from tmall_nb.queries.price_days import check_columns, price_days
from tmall_nb.shop import Shop
from tmall_nb.stats.elasticity import Panel, center

Array = NDArray[np.float64]
CHANGE = 0.01  # a price moved by more than this counts as a change
CHOICE_PAIRS = 6  # item-days with two units that Poisson counts of the same mean would show
CHOICE_DAYS, CHOICE_SHARE = 50, 0.98


@dataclass(frozen=True, slots=True)
class ItemDays:
    """Item-days as matrices (items, days) and what was done to them.

    Attributes
    ----------
    ids, category : (items,) item ids, category names
    dates : (days,)
    units, price, instrument : (items, days), NaN where there is no row
    seen, censored : days that enter; days that ran out
    controls : name → (items, days) or (days,), centred; marks : the controls that are 0/1, as they were given
    list_price : (items, days) struck-through price, None where the frame has none
    sold_until : (items, days) share of the day's traffic that had come when the item sold last, None where no times are known
    events : (days,) days of campaigns in the shop's calendar, None for frames
    enrolled : (items, days) 1 on days of campaigns an item was enrolled in that could not be left out, None where not known
    price_source : where the price comes from (shops only)
    stock_known : the frame says which days had stock
    dropped : rows set aside by reason
    rows : rows given
    """

    ids: list[str]
    category: list[str]
    dates: pd.DatetimeIndex
    units: Array
    price: Array
    instrument: Array | None
    seen: NDArray[np.bool_]
    censored: NDArray[np.bool_]
    controls: dict[str, Array]
    stock_known: bool
    rows: int
    dropped: dict[str, int] = field(default_factory=dict)
    marks: tuple[Array, ...] = ()
    list_price: Array | None = None
    sold_until: Array | None = None
    events: NDArray[np.bool_] | None = None
    enrolled: Array | None = None
    price_source: str = ""

    def panel(self, keep: NDArray[np.bool_], controls: Sequence[Array]) -> Panel:
        """The kept items as a panel of the model."""
        seen = self.seen[keep]
        with np.errstate(divide="ignore", invalid="ignore"):
            log_price = np.log(self.price[keep])
        codes = np.unique(np.array(self.category, dtype=object)[keep].astype(str), return_inverse=True)[1]
        start = self.dates[0]
        week = np.asarray((self.dates - start).days // 7, dtype=np.intp)
        units = np.where(seen, np.nan_to_num(self.units[keep]), 0.0)
        mine = tuple(c if c.ndim == 1 else c[keep] for c in controls)
        return Panel(units, seen, self.censored[keep] & seen, center(log_price, seen), codes, week, mine)

    def price_changes(self) -> NDArray[np.int64]:
        """Days whose price differs by more than 1 % from the last day seen before."""
        return count_changes(self.price, self.seen)


def count_changes(price: Array, seen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(items,) days whose price differs by more than 1 % from the last day seen before."""
    out = np.zeros(len(price), dtype=np.int64)
    for k in range(len(price)):
        out[k] = int((np.abs(np.diff(np.log(price[k][seen[k]]))) > CHANGE).sum())
    return out


def read_item_days(source: Shop | pd.DataFrame, instrument: str | None, controls: Sequence[str]) -> ItemDays:
    """Return the matrices of a shop or a frame; bad rows raise with row and column."""
    frame = _of_shop(source, instrument) if isinstance(source, Shop) else source
    check_columns(frame, *([instrument] if instrument else []), *controls)
    frame = _typed(frame.reset_index(drop=True))
    _check_values(frame, frame["paid_units"], frame["price_yuan"])
    ids, row = np.unique(frame["item_id"].to_numpy(str), return_inverse=True)
    dates = pd.date_range(frame["date"].min(), frame["date"].max())
    matrix = _Matrix(row, (frame["date"] - dates[0]).dt.days.to_numpy(), (len(ids), len(dates)))
    seen, sold_out, dropped = _days_that_enter(frame)
    given = {name: matrix(frame[name]) for name in controls}
    return ItemDays(
        ids=list(ids),
        category=list(pd.Series(_text(frame, "category")).groupby(row).first()),
        dates=dates,
        units=matrix(frame["paid_units"]),
        price=matrix(frame["price_yuan"]),
        instrument=matrix(frame[instrument]) if instrument else None,
        seen=matrix(seen, 0.0) > 0,
        censored=matrix(seen & sold_out, 0.0) > 0,
        controls={name: _control(values, name) for name, values in given.items()},
        stock_known=any(c in frame and bool(frame[c].notna().any()) for c in ("in_stock", "sold_out")),
        rows=len(frame),
        dropped=dropped,
        marks=tuple(v for v in given.values() if set(np.unique(v[np.isfinite(v)])) <= {0.0, 1.0}),
        list_price=matrix(frame["list_price_yuan"]) if "list_price_yuan" in frame else None,
        sold_until=matrix(frame["sold_until"]) if "sold_until" in frame else None,
        events=campaign_days(source.calendar, dates) if isinstance(source, Shop) else None,
        price_source=str(_text(frame, "price_source")[0]),
    )


@dataclass(frozen=True, slots=True)
class _Matrix:
    """Puts a column of the frame into (items, days)."""

    row: NDArray[np.intp]
    column: NDArray[np.intp]
    shape: tuple[int, int]

    def __call__(self, values: pd.Series, fill: float = np.nan) -> Array:
        out = np.full(self.shape, fill)
        out[self.row, self.column] = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        return out


def _of_shop(shop: Shop, instrument: str | None) -> pd.DataFrame:
    frame = price_days(shop, typical=True)
    if instrument == "cost" and "cost" not in frame:
        raise NotEnoughData(
            f"{shop.shop_id}: instrument='cost' needs unit costs over time: fill the sheet of `tmall-nb template costs`"
        )
    return frame


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    dates = pd.to_datetime(frame["date"], errors="coerce")
    if dates.isna().any():
        row = int(np.flatnonzero(dates.isna())[0])
        found = f"{frame['date'].iloc[row]!r} is not a date; write 2025-11-11"
        raise ExportError("item_days", found, row=row + 1, column="date")
    numbers = {c: pd.to_numeric(frame[c], errors="coerce") for c in ("paid_units", "price_yuan")}
    return frame.assign(date=dates.dt.normalize(), item_id=frame["item_id"].astype(str), **numbers)


def _text(frame: pd.DataFrame, column: str) -> NDArray[np.object_]:
    """A text column, "" where it is missing."""
    if column not in frame:
        return np.full(len(frame), "", dtype=object)
    return frame[column].astype(object).where(frame[column].notna(), "").astype(str).to_numpy(object)


def _days_that_enter(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series, dict[str, int]]:
    """Return rows that enter, rows that sold out, and what is left out by reason."""

    def flag(column: str, otherwise: bool) -> pd.Series:
        given = frame[column] if column in frame else pd.Series(otherwise, index=frame.index)
        return given.astype("boolean").fillna(otherwise).astype(bool)

    known = frame["paid_units"].notna() & frame["price_yuan"].notna() & (frame["price_yuan"] > 0)
    stocked, sure = flag("in_stock", True), flag("price_known", True)
    dropped = {
        "price_between_sales": int((known & stocked & ~sure).sum()),
        "no_price_or_units": int((~known).sum()),
        "empty_from_the_morning": int((known & ~stocked).sum()),
    }
    return known & stocked & sure, flag("sold_out", False), dropped


def _check_values(frame: pd.DataFrame, units: pd.Series, price: pd.Series) -> None:
    bad = frame.duplicated(["item_id", "date"], keep=False)
    if bad.any():
        at = frame[bad].iloc[0]
        count = int(((frame["item_id"] == at["item_id"]) & (frame["date"] == at["date"])).sum())
        raise ExportError(
            "item_days",
            f"item {at['item_id']} stands {count} times on {at['date']:%Y-%m-%d}: one row per item and day is needed. Choices "
            "of single buyers are not item-days; add them up by item and day first",
            row=int(np.flatnonzero(bad)[0]) + 1,
            column="item_id",
        )
    for name, values, wrong in (("paid_units", units, units < 0), ("price_yuan", price, (price <= 0) & (units > 0))):
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise ExportError(
                "item_days",
                f"{values.iloc[row]:g}: units must not be negative, prices of sold units above 0",
                row=row + 1,
                column=name,
            )
    _check_choices(frame, units)


def _check_choices(frame: pd.DataFrame, units: pd.Series) -> None:
    """Refuse choices of single buyers: never two units where counts would give some, or one item bought on every date."""
    share = float(units.mean())
    single = bool(units.max() <= 1) and len(units) * share**2 / 2 > CHOICE_PAIRS
    bought = (units > 0).groupby(frame["date"]).agg(["sum", "size"])
    occasions = bought[bought["size"] > 1]
    one_each = len(occasions) >= CHOICE_DAYS and float((occasions["sum"] == 1).mean()) > CHOICE_SHARE
    if single or one_each:
        seen = "paid_units is never above 1" if single else "exactly one item is bought on every date"
        raise ExportError(
            "item_days",
            f"{seen} in {len(units)} rows: these look like choices of single buyers, not item-days. "
            "Add them up by item and day first",
            column="paid_units",
        )


def _control(values: Array, name: str) -> Array:
    """A control that is the same for every item on a day becomes a vector over days; gaps are filled with the mean."""
    filled = np.where(np.isfinite(values), values, np.nanmean(values))
    if not np.isfinite(filled).all():
        raise ExportError("item_days", "the control has no number", column=name)
    known = np.isfinite(values)
    low, high = np.where(known, values, np.inf).min(axis=0), np.where(known, values, -np.inf).max(axis=0)
    if (high - low).max() < 1e-12:
        count = np.maximum(known.sum(axis=0), 1)
        day = np.where(known.any(axis=0), np.where(known, values, 0.0).sum(axis=0) / count, values[known].mean())
        return np.asarray(day - day.mean())
    return np.asarray(filled - filled.mean(axis=1, keepdims=True))
