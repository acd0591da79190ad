"""Units to have before each campaign in sight, item by item."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.replenishment.compute import EDGES, Numbers, spread, uniform
from tmall_nb.analyses.replenishment.result import Basis
from tmall_nb.stats.replenishment import carried, fit_errors, window_sums

__all__ = ["campaign_frame"]

COLUMNS = (
    "campaign start end item_id item_title expected low high need_units have_units short_units "
    "saved_yuan saved_yuan_low saved_yuan_high order_by verdict"
).split()


def campaign_frame(basis: Basis, numbers: Numbers, *, service_level: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row per campaign and item, units short first, and one row per campaign with what closing the gaps saves.

    Only the part of a campaign inside the forecast counts. ``have_units`` is the stock expected on the campaign's first day
    with the orders of the plan that arrive before it.
    """
    parts, totals = [], []
    for event in basis.events.itertuples():
        inside = np.flatnonzero((basis.dates >= event.start.normalize()) & (basis.dates <= event.end))
        if not len(inside):
            continue
        frame, saved = _one(basis, numbers, int(inside[0]), int(inside[-1]) + 1, level=service_level)
        parts.append(frame.assign(campaign=event.campaign, start=event.start, end=event.end))
        totals.append((event.campaign, *(float(v) for v in spread(saved))))
    total = pd.DataFrame(totals, columns=["campaign", "saved", "low", "high"]).set_index("campaign")
    if not parts:
        return pd.DataFrame(columns=COLUMNS), total
    return pd.concat(parts, ignore_index=True)[COLUMNS], total


def _one(basis: Basis, numbers: Numbers, first: int, last: int, *, level: float) -> tuple[pd.DataFrame, np.ndarray]:
    """Needs of one campaign by item, and (N,) yuan saved in all by closing its gaps, in futures with shared errors."""
    items, rows = basis.items, np.arange(len(basis.items))
    expected = np.maximum(basis.units[:, first:last], 0.0).sum(axis=1)
    errors = fit_errors(*window_sums(basis.actual, basis.told, first, last), expected)
    extra = carried(basis.units[:, first:last], basis.more[:, first:last])[:, -1]
    goal, low, high = errors.quantile(expected, np.array([level, *EDGES]), rows=rows, extra=extra)
    have = _have(basis, numbers, first)
    need = np.where(numbers.target > 0, np.ceil(goal - 1e-6), 0.0)
    short = np.ceil(np.maximum(need - have, 0.0))
    last_day = basis.dates[first] - pd.to_timedelta(np.ceil(items["lead_time_days"].to_numpy(float)), unit="D")
    late = np.asarray(last_day < basis.dates[0])
    drawn = errors.draws(expected, *uniform(len(rows), seed=basis.method.seed or 0), rows=rows)
    saved = np.clip(drawn - have, 0.0, np.where(late, 0.0, short)) * items["unit_margin"].to_numpy(float)
    yuan, yuan_low, yuan_high = spread(saved)
    state = items["state"].to_numpy(object)
    frame = items[["item_id", "item_title"]].assign(
        expected=expected, low=np.minimum(low, expected), high=np.maximum(high, expected), need_units=need,
        have_units=have, short_units=short,
        saved_yuan=yuan, saved_yuan_low=yuan_low, saved_yuan_high=yuan_high,
        order_by=pd.Series(last_day).where(~late, basis.dates[0]).where(short > 0).to_numpy(),
        verdict=np.select([~numbers.ok, short <= 0, late], [state, "enough", "order_late"], "order_now"),
    )  # fmt: skip
    order = ["short_units", "expected", "item_id"]
    return frame.sort_values(order, ascending=[False, False, True], ignore_index=True), np.nansum(saved, axis=1)


def _have(basis: Basis, numbers: Numbers, first: int) -> np.ndarray:
    """(S,) stock expected at the end of ``first`` periods, orders of the plan that have arrived included."""
    before = np.maximum(basis.units[:, :first], 0.0).sum(axis=1)
    arrived = np.where(basis.items["lead"].to_numpy() <= first, numbers.order, 0.0)
    return np.where(numbers.ok, np.maximum(numbers.position + arrived - before, 0.0), np.nan)
