"""The dense panel that every demand model reads: series in rows, days (or weeks) in columns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["Panel", "Settings", "find_closed", "find_events", "previous"]

RARE = 0.08  # a yes/no column true on less of the days, in few runs, is an event and not a promotion
RUNS = 4
SHARED = 20  # series from which the share on promotion tells how crowded a day is


@dataclass(frozen=True, slots=True)
class Settings:
    """Periods of a model: ``season`` 7 for days and 1 for weeks; lengths count periods."""

    season: int
    half_life: int
    recent: int
    step: int
    year: int
    level: int

    @classmethod
    def of(cls, frequency: str) -> Settings:
        if frequency == "D":
            return cls(season=7, half_life=182, recent=28, step=14, year=364, level=182)
        return cls(season=1, half_life=52, recent=16, step=4, year=52, level=26)


@dataclass(frozen=True, slots=True)
class Panel:
    """Units and what is known ahead.

    Attributes
    ----------
    units : (S, T) units; NaN before the first day, on missing days and on days without stock
    lower : (S, T) True where units are only a lower bound of demand (sold out during the day)
    known : (S, T + H, K) columns known ahead
    names : K names of the known columns
    price : (S, T + H) log price, NaN where unknown, or None
    closed : (S, T + H) True where nothing can be sold; such days are 0 and teach nothing
    events : (E, T + H) True on the days of each rare event
    group : (S,) category code
    first : number of the first column counted in days (or weeks) from 1970-01-01
    settings : lengths in periods
    """

    units: np.ndarray
    lower: np.ndarray
    known: np.ndarray
    names: tuple[str, ...]
    price: np.ndarray | None
    closed: np.ndarray
    events: np.ndarray
    group: np.ndarray
    first: int
    settings: Settings

    @property
    def horizon(self) -> int:
        return self.known.shape[1] - self.units.shape[1]

    @property
    def length(self) -> int:
        return self.units.shape[1]

    @property
    def open(self) -> np.ndarray:
        """(S, T) days that teach the base: seen, open, no event."""
        busy = self.events[:, : self.length].any(axis=0) if len(self.events) else np.zeros(self.length, dtype=bool)
        quiet = ~np.asarray(busy)
        return np.isfinite(self.units) & ~self.closed[:, : self.length] & quiet[None, :]

    def weekday(self) -> np.ndarray:
        """(T + H,) 0 for Monday; all 0 for weeks."""
        days = self.first + np.arange(self.known.shape[1])
        return (days + 3) % 7 if self.settings.season == 7 else np.zeros(len(days), dtype=int)

    def season(self) -> np.ndarray:
        """(T + H,) position in the year, 0 to 1."""
        days = (self.first + np.arange(self.known.shape[1])) * (1 if self.settings.season == 7 else 7)
        return (days % 365.2425) / 365.2425

    def month(self) -> np.ndarray:
        """(T + H,) position in the month, 0 to 1 (days only)."""
        days = (np.datetime64("1970-01-01") + self.first + np.arange(self.known.shape[1])).astype("datetime64[D]")
        month = days.astype("datetime64[M]")
        start, end = month.astype("datetime64[D]"), (month + 1).astype("datetime64[D]")
        return (days - start).astype(float) / (end - start).astype(float)

    def shares(self) -> list[np.ndarray]:
        """(T + H,) share of the series on which each (nearly) yes/no column holds, for columns that differ between series."""
        out = []
        for k in range(self.known.shape[2]):
            column = self.known[..., k]
            nearly = column.min() >= 0 and column.max() <= 1 and np.isin(column, (0.0, 1.0)).mean() > 0.9
            if len(column) >= SHARED and nearly:
                share = column.mean(axis=0)
                if share.std() > 0.01 and (share * (1 - share)).mean() > 0.02:
                    out.append(share)
        return out

    def until(self, origin: int, horizon: int) -> Panel:
        """The panel as it stood at ``origin`` (a number of columns), looking ``horizon`` columns ahead."""
        end = origin + horizon
        price = None if self.price is None else self.price[:, :end]
        return replace(
            self, units=self.units[:, :origin], lower=self.lower[:, :origin], known=self.known[:, :end], price=price,
            closed=self.closed[:, :end], events=self.events[:, :end],
        )  # fmt: skip

    def rows(self, index: np.ndarray) -> Panel:
        """The panel of some series only."""
        price = None if self.price is None else self.price[index]
        return replace(
            self, units=self.units[index], lower=self.lower[index], known=self.known[index], price=price,
            closed=self.closed[index], group=self.group[index],
        )  # fmt: skip


def previous(values: np.ndarray, steps: int = 1) -> np.ndarray:
    """Values ``steps`` columns earlier (negative: later); the edge repeats itself."""
    index = np.clip(np.arange(values.shape[1]) - steps, 0, values.shape[1] - 1)
    return values[:, index]


def find_closed(units: np.ndarray, known: np.ndarray, weekday: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Find days on which nothing can be sold.

    A yes/no column whose one value never goes with sales (an ``open`` flag) closes its days; a day on which no series sells,
    of a weekday on which hardly any sells in the last year, is a closed weekday.

    Returns
    -------
    (S, T + H) mask, and the numbers of the flag columns
    """
    length = units.shape[1]
    closed, flags = np.zeros(known.shape[:2], dtype=bool), []
    seen = np.isfinite(units)
    sold = seen & (units > 0)
    for k in range(known.shape[2]):
        values = np.unique(known[..., k])
        if len(values) != 2:
            continue
        for value in values:
            off = (known[:, :length, k] == value) & seen
            if off.sum() >= 5 and sold[off].mean() < 0.002 and sold[seen & ~off].mean() > 0.9:
                closed |= known[..., k] == value
                flags.append(k)
                break
    daily = np.where(seen & ~closed[:, :length], units, 0.0).sum(axis=0)
    silent = (daily <= 0) & seen.any(axis=0)
    if len(units) >= 5 and length >= 28:
        for day in range(7):
            recent = np.flatnonzero(weekday[:length] == day)[-52:]
            if len(set(weekday)) > 1 and len(recent) >= 4 and silent[recent].mean() > 0.9 and silent[recent[-1]]:
                closed[:, weekday == day] = True
        closed[:, :length] |= silent[None, :]
    return closed, flags


def find_events(known: np.ndarray, skip: list[int], there: np.ndarray) -> list[int]:
    """Numbers of the yes/no columns shared by all series, rarely true and in few runs: Double 11, not a promotion.

    ``there`` (S, T + H) is True where a series has a row: items younger than the last Double 11 do not speak against it.
    """
    found = []
    for k in range(known.shape[2]):
        column = known[..., k]
        if k in skip or not np.isin(column, (0.0, 1.0)).all():
            continue
        on = column.max(axis=0) > 0
        runs = int(on[0]) + int((on[1:] & ~on[:-1]).sum())
        if 0 < on.mean() <= RARE and runs <= RUNS and known.shape[1] >= 200 and _shared(column[:, on], there[:, on]):
            found.append(k)
    return found


def _shared(column: np.ndarray, there: np.ndarray) -> bool:
    """Is a column true for over half of the series that have a row?"""
    return float(column[there].mean()) > 0.5 if there.any() else False
