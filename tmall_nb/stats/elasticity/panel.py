"""Item-days as matrices: rows are items, columns are days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Panel:
    """Counts and prices of items over days.

    Attributes
    ----------
    units : (items, days) units sold; anything where ``seen`` is False
    seen : (items, days) the day enters: price and units known, not empty from the morning on
    censored : (items, days) the item ran out during the day: demand was at least ``units``
    log_price : (items, days) log price minus the item's mean over seen days; 0 where not seen
    category : (items,) 0, 1, ...
    week : (days,) 0, 1, ..., non-decreasing
    controls : matrices (items, days), or vectors (days,) for what is the same for every item
    offset : (items, days) known part of log mean, such as the log share of the day on which the item was on sale; None: 0
    grouped : position of a control whose mean slope is a parameter of each category; None: one mean for all
    """

    units: Array
    seen: Flags
    censored: Flags
    log_price: Array
    category: NDArray[np.intp]
    week: NDArray[np.intp]
    controls: tuple[Array, ...] = ()
    offset: Array | None = None
    grouped: int | None = None

    @property
    def items(self) -> int:
        return self.units.shape[0]

    @property
    def days(self) -> int:
        return self.units.shape[1]


def center(values: Array, seen: Flags) -> Array:
    """Return ``values`` minus each row's mean over ``seen``, 0 where not seen."""
    filled = np.where(seen, values, 0.0)
    count = np.maximum(seen.sum(axis=1, keepdims=True), 1)
    return np.where(seen, filled - filled.sum(axis=1, keepdims=True) / count, 0.0)


def take(panel: Panel, rows: slice) -> Panel:
    """Return the panel of some items; item codes of categories stay as they are."""
    controls = tuple(z if z.ndim == 1 else z[rows] for z in panel.controls)
    return Panel(
        panel.units[rows],
        panel.seen[rows],
        panel.censored[rows],
        panel.log_price[rows],
        panel.category[rows],
        panel.week,
        controls,
        None if panel.offset is None else panel.offset[rows],
        panel.grouped,
    )
