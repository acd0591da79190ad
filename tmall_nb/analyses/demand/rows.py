"""From a frame of item-days to the dense panel: checks, gaps, what is known ahead. Nothing is dropped uncounted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.errors import ExportError, NotEnoughData, ParameterError, closest
from tmall_nb.stats.demand.panel import Panel, Settings, find_closed, find_events

__all__ = ["Rows", "build_panel", "check_rows"]

SOURCE = "item_days"
NEVER_KNOWN = {
    "item_id",
    "date",
    "paid_units",
    "paid_amount",
    "in_stock",
    "sold_out",
    "category",
    "item_title",
    "price_seen",
    "visitors",
    "stock_units",
    "list_price_yuan",
    "page_views",
}
LEAST_PERIODS = {"D": 14, "W": 8}


@dataclass(frozen=True, slots=True)
class Rows:
    """Checked rows: ``past`` sorted by item and date; ``future`` likewise or None; ``known`` columns; counts set aside."""

    past: pd.DataFrame
    future: pd.DataFrame | None
    known: tuple[str, ...]
    frequency: str
    set_aside: dict[str, int]

    @property
    def step(self) -> pd.Timedelta:
        return pd.Timedelta(days=1 if self.frequency == "D" else 7)


def check_rows(item_days: pd.DataFrame, future: pd.DataFrame | None, *, frequency: str, horizon: int) -> Rows:
    """Check past and future rows and sort them.

    Raises
    ------
    ExportError : a column is missing, a date unreadable, an item-day listed twice, units negative, a future day missing
    NotEnoughData : fewer than 14 days (8 weeks)
    """
    if frequency not in LEAST_PERIODS:
        raise ParameterError("frequency", frequency, '"D" for days or "W" for weeks')
    past = _typed(item_days, SOURCE, needed=("item_id", "date", "paid_units"))
    units = pd.to_numeric(past["paid_units"], errors="coerce").astype("float64")
    bad = units.isna() & past["paid_units"].notna()
    if bad.any():
        raise ExportError(
            SOURCE, f"{past['paid_units'][bad].iloc[0]!r} is not a number", row=int(bad.argmax()) + 1, column="paid_units"
        )
    if (units < 0).any():
        row = int((units < 0).argmax())
        raise ExportError(
            SOURCE, f"{units.iloc[row]:g} units; returns belong in refunds, give units paid", row=row + 1, column="paid_units"
        )
    past = past.assign(paid_units=units.replace(np.inf, np.nan))
    set_aside = {"units_missing": int(past["paid_units"].isna().sum())}
    past = past.sort_values(["item_id", "date"], kind="stable", ignore_index=True)
    periods = 0 if past.empty else int((past["date"].max() - past["date"].min()).days // (1 if frequency == "D" else 7)) + 1
    if periods < LEAST_PERIODS[frequency]:
        raise NotEnoughData(
            f"{periods} {'days' if frequency == 'D' else 'weeks'} of history; a forecast needs {LEAST_PERIODS[frequency]}. "
            "Export 商品排行 for earlier dates (生意参谋 → 品类 → 商品排行)"
        )
    ahead, known = _future(past, future, frequency=frequency, horizon=horizon)
    return Rows(past, ahead, known, frequency, set_aside)


def _typed(frame: pd.DataFrame, source: str, *, needed: Sequence[str]) -> pd.DataFrame:
    for name in needed:
        if name not in frame.columns:
            hint = ", ".join(closest(name, frame.columns)) or ", ".join(map(str, frame.columns))
            raise ExportError(source, f"column {name} is missing; found {hint}", column=name)
    date = pd.to_datetime(frame["date"], errors="coerce")
    bad = date.isna().to_numpy()
    if bad.any():
        raise ExportError(
            source, f"{frame['date'].iloc[int(bad.argmax())]!r} is not a date", row=int(bad.argmax()) + 1, column="date"
        )
    if frame["item_id"].isna().any():
        raise ExportError(
            source, "an item_id is empty", row=int(frame["item_id"].isna().to_numpy().argmax()) + 1, column="item_id"
        )
    typed = frame.assign(date=date.dt.normalize().astype("datetime64[ns]"), item_id=frame["item_id"].astype(str))
    twice = typed.duplicated(["item_id", "date"]).to_numpy()
    if twice.any():
        row = typed.iloc[int(twice.argmax())]
        raise ExportError(
            source,
            f"item {row['item_id']} has {row['date']:%Y-%m-%d} twice ({int(twice.sum())} such rows); add up or remove them",
            row=int(twice.argmax()) + 1,
            column="date",
        )
    return typed


def _future(
    past: pd.DataFrame, future: pd.DataFrame | None, *, frequency: str, horizon: int
) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    """Check the future sheet: every item and day of the horizon, every column a number."""
    if future is None:
        return None, ()
    ahead = _typed(future, "future", needed=("item_id", "date"))
    last = past["date"].max()
    step = pd.Timedelta(days=1 if frequency == "D" else 7)
    wanted = pd.date_range(last + step, periods=horizon, freq=step)
    ahead = ahead[ahead["date"].isin(wanted)].sort_values(["item_id", "date"], ignore_index=True)
    known = tuple(
        c for c in ahead.columns if c in past.columns and c not in NEVER_KNOWN and _numeric(ahead[c]) and _numeric(past[c])
    )
    if not known:
        return None, ()
    count = ahead.groupby("item_id")["date"].nunique()
    short = count[count < horizon]
    absent = sorted(set(past["item_id"]) - set(count.index))
    if len(short) or absent:
        item = short.index[0] if len(short) else absent[0]
        there = set(ahead.loc[ahead["item_id"] == item, "date"])
        gap = next(d for d in wanted if d not in there)
        raise ExportError(
            "future",
            f"item {item} has no row for {gap:%Y-%m-%d} ({len(short) + len(absent)} items lack days); every item needs "
            f"each of the {horizon} {'days' if frequency == 'D' else 'weeks'} from {wanted[0]:%Y-%m-%d}",
            column="date",
        )
    for name in known:
        if ahead[name].isna().any():
            raise ExportError(
                "future", "empty; say what will hold on that day", row=int(ahead[name].isna().argmax()) + 1, column=name
            )
    return ahead, known


def _numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)


def build_panel(rows: Rows, horizon: int, *, items: Sequence[str] | None = None) -> tuple[Panel, np.ndarray, pd.DatetimeIndex]:
    """Return the panel, its item ids and all its dates (past and horizon)."""
    past, ahead = rows.past, rows.future
    if items is not None:
        past = past[past["item_id"].isin(items)]
        ahead = None if ahead is None else ahead[ahead["item_id"].isin(items)]
    start, last = rows.past["date"].min(), rows.past["date"].max()
    if rows.frequency == "W":
        start = last - rows.step * ((last - start) // rows.step)
    dates = pd.date_range(start, last + horizon * rows.step, freq=rows.step)
    every = past["item_id"] if ahead is None else pd.concat([past["item_id"], ahead["item_id"]])
    ids = np.sort(every.unique())
    place = _Place(ids, start, len(dates), 1 if rows.frequency == "D" else 7)
    length = len(dates) - horizon
    units = place.fill(past, "paid_units")[:, :length]
    units = np.where(_flag(place, past, "in_stock", default=True)[:, :length], units, np.nan)
    lower = _flag(place, past, "sold_out", default=False)[:, :length]
    both = past if ahead is None else pd.concat([past, ahead], ignore_index=True)
    names = [c for c in rows.known if c != "price_yuan"]
    known = np.zeros((len(ids), len(dates), len(names)), dtype=np.float32)
    for k, name in enumerate(names):
        known[..., k] = _filled(place.fill(both, name))
    price = None
    if "price_yuan" in rows.known:
        value = place.fill(both, "price_yuan")
        price = _filled(np.log(np.where(value > 0, value, np.nan)))
    settings = Settings.of(rows.frequency)
    first = int((start - pd.Timestamp("1970-01-01")).days) // (1 if rows.frequency == "D" else 7)
    group = _groups(past, ids)
    weekday = (first + np.arange(len(dates)) + 3) % 7 if rows.frequency == "D" else np.zeros(len(dates), dtype=int)
    closed, flags = find_closed(units, known, weekday)
    event_columns = find_events(known, flags, place.has(both)) if rows.frequency == "D" else []
    events = (
        np.stack([known[..., k].max(axis=0) > 0 for k in event_columns]) if event_columns else np.zeros((0, len(dates)), bool)
    )
    keep = [k for k in range(len(names)) if k not in event_columns and k not in flags]
    panel = Panel(units, lower, known[..., keep], tuple(names[k] for k in keep), price, closed, events, group, first, settings)
    return panel, ids, dates


class _Place:
    """Where a row lies in the dense panel."""

    def __init__(self, ids: np.ndarray, start: pd.Timestamp, length: int, days: int):
        self.ids, self.start, self.length, self.days = ids, start, length, days

    def has(self, frame: pd.DataFrame) -> np.ndarray:
        """(S, T) True where the frame has a row."""
        return np.isfinite(self.fill(frame.assign(there=1.0), "there"))

    def fill(self, frame: pd.DataFrame, column: str) -> np.ndarray:
        row = np.searchsorted(self.ids, frame["item_id"].to_numpy(dtype=object).astype(self.ids.dtype))
        col = ((frame["date"] - self.start).dt.days.to_numpy() // self.days).astype(int)
        out = np.full((len(self.ids), self.length), np.nan)
        value = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
        inside = (col >= 0) & (col < self.length)
        out[row[inside], col[inside]] = value[inside]
        return out


def _flag(place: _Place, frame: pd.DataFrame, column: str, *, default: bool) -> np.ndarray:
    if column not in frame.columns:
        return np.full((len(place.ids), place.length), default)
    text = frame.assign(**{column: frame[column].map({True: 1.0, False: 0.0})})
    value = place.fill(text, column)
    return np.where(np.isnan(value), default, value > 0)


def _filled(values: np.ndarray) -> np.ndarray:
    """Carry a known column over its gaps, forwards then backwards; 0 where it was never seen."""
    frame = pd.DataFrame(values.T).ffill().bfill().fillna(0.0)
    return frame.to_numpy().T


def _groups(past: pd.DataFrame, ids: np.ndarray) -> np.ndarray:
    if "category" not in past.columns:
        return np.zeros(len(ids), dtype=int)
    category = past.groupby("item_id")["category"].last().reindex(ids).astype("object").fillna("")
    return np.unique(category.astype(str), return_inverse=True)[1]
