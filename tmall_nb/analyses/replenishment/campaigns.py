"""Units to have before each campaign in sight, item by item."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.replenishment.compute import EDGES, Numbers
from tmall_nb.analyses.replenishment.result import Basis
from tmall_nb.stats.replenishment import carried, fit_errors, window_sums

__all__ = ["campaign_frame"]

COLUMNS = "campaign start end item_id item_title expected low high need_units have_units short_units order_by verdict".split()


def campaign_frame(basis: Basis, numbers: Numbers, *, service_level: float) -> pd.DataFrame:
    """One row per campaign and item, units short first; only the part of a campaign inside the forecast counts.

    ``have_units`` is the stock expected on the campaign's first day with the orders of the plan that arrive before it.
    """
    parts = []
    for event in basis.events.itertuples():
        inside = np.flatnonzero((basis.dates >= event.start.normalize()) & (basis.dates <= event.end))
        if len(inside):
            parts.append(_one(basis, numbers, event, int(inside[0]), int(inside[-1]) + 1, service_level))
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def _one(basis: Basis, numbers: Numbers, event: object, first: int, last: int, level: float) -> pd.DataFrame:
    units = basis.units[:, first:last]
    expected = np.maximum(units, 0.0).sum(axis=1)
    real, told = window_sums(basis.actual, basis.told, first, last)
    rows = np.arange(len(units))
    extra = carried(units, basis.more[:, first:last])[:, -1]
    edges = fit_errors(real, told).quantile(expected, np.array([level, *EDGES]), rows=rows, extra=extra)
    before = np.maximum(basis.units[:, :first], 0.0).sum(axis=1)
    arrives = basis.items["lead"].to_numpy() <= first
    have = numbers.position + np.where(arrives, numbers.order, 0.0)
    have = np.where(numbers.ok, np.maximum(have - before, 0.0), np.nan)
    need = np.where(numbers.target > 0, np.ceil(edges[0] - 1e-6), 0.0)
    short = np.ceil(np.maximum(need - have, 0.0))
    items = basis.items
    last_day = basis.dates[first] - pd.to_timedelta(np.ceil(items["lead_time_days"].to_numpy(float)), unit="D")
    today = basis.dates[0]
    late = np.asarray(last_day < today)
    state = items["state"].to_numpy(object)
    verdict = np.select([~numbers.ok, short <= 0, late], [state, "enough", "order_late"], "order_now")
    frame = items[["item_id", "item_title"]].assign(
        campaign=event.campaign, start=event.start, end=event.end,  # type: ignore[attr-defined]
        expected=expected, low=edges[1], high=edges[2], need_units=need, have_units=have, short_units=short,
        order_by=pd.Series(last_day).where(~late, today).where(short > 0).to_numpy(), verdict=verdict,
    )  # fmt: skip
    return frame.sort_values(["short_units", "expected", "item_id"], ascending=[False, False, True], ignore_index=True)
