"""Units of every item, 1 to 180 days ahead, with intervals that were tested on the shop's own past."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from tmall_nb.analyses.demand.findings import for_frame, forecast_findings, with_shortage
from tmall_nb.analyses.demand.frames import forecast_rows, group_rows, response_rows, sum_interval, window_rows
from tmall_nb.analyses.demand.lift_spread import spread_of_sums, widened
from tmall_nb.analyses.demand.outlook import (
    abc_classes,
    add_stock,
    history_rows,
    in_order,
    phase_rows,
    total_rows,
)
from tmall_nb.analyses.demand.result import DemandResult
from tmall_nb.analyses.demand.rows import Rows, build_panel, check_rows
from tmall_nb.analyses.demand.shop_rows import shop_rows
from tmall_nb.analyses.result import Method
from tmall_nb.errors import ParameterError
from tmall_nb.shop import Shop
from tmall_nb.stats.demand.model import Fit, fit_demand
from tmall_nb.stats.demand.panel import Panel

__all__ = ["CHUNK", "forecast_demand"]

CHUNK = 2000  # items modelled at once: memory stays bounded whatever the number of items
MODELS = ("auto", "light")
SOURCE = "Global gradient-boosted trees and shrunk regression over virtual origins; split conformal intervals (Vovk 2005)"
NO_EVENTS = pd.DataFrame(
    {
        "campaign": pd.Series(dtype=object),
        "campaign_type": pd.Series(dtype=object),
        "start": pd.Series(dtype="datetime64[ns]"),
        "end": pd.Series(dtype="datetime64[ns]"),
        "ahead": pd.Series(dtype=bool),
    }
)


def forecast_demand(
    item_days: Shop | pd.DataFrame,
    *,
    horizon_days: int = 28,
    frequency: str = "D",
    future: pd.DataFrame | None = None,
    model: str = "auto",
    seed: int = 0,
    by: str = "item",
) -> DemandResult:
    """Forecast the units of every item, of each category and of the shop.

    Trust it where ``models`` shows an error well below 1 (the four-week weekday mean); a campaign without a past
    occurrence, and a year-end with a single past year, are less certain than the interval says.

    Parameters
    ----------
    item_days : a shop, or one row per item and day: item_id, date, paid_units, [price_yuan, in_stock, sold_out, category,
        and columns that ``future`` also has]
    horizon_days : 1-180 days ahead (weeks where ``frequency`` is ``"W"``)
    frequency : ``"D"`` or ``"W"``
    future : one row per item and day of the horizon with the columns known ahead (price_yuan, promotions, holidays)
    model : ``"auto"`` (the winner of the rolling-origin backtest) or ``"light"`` (regression and means, no LightGBM)
    seed : of the trees
    by : of a shop: ``"item"``, or ``"sku"`` where 宝贝报表 exists (``item_id`` then holds the merchant's code)

    Raises
    ------
    ExportError : a bad row or column; NotEnoughData : under 14 days (8 weeks); ParameterError : an impossible option

    Examples
    --------
    >>> demand = forecast_demand(shop, horizon_days=28)  # doctest: +SKIP
    >>> demand.forecast.head()  # doctest: +SKIP
    """
    check_options(horizon_days, model, by)
    known = Known(planned=float(future is not None))
    if isinstance(item_days, Shop):
        margin = item_days.settings.get("gross_margin")
        item_days, ahead, events, planned = shop_rows(item_days, horizon=horizon_days, by=by)
        known = Known(events, 1.0 if future is not None else planned, item_days, None if margin is None else float(margin))
        future = ahead if future is None else future
    rows = check_rows(item_days, future, frequency=frequency, horizon=horizon_days)
    return _forecast(rows, horizon_days, model=model, seed=seed, known=known)


class Known(NamedTuple):
    """What is known beside the rows: campaigns in sight, share of prices planned, a shop's item-days, its gross margin."""

    events: pd.DataFrame = NO_EVENTS
    planned: float = 0.0
    described: pd.DataFrame | None = None
    margin: float | None = None


def check_options(horizon: int, model: str, by: str = "item") -> None:
    """Refuse an impossible option."""
    if isinstance(horizon, bool) or not isinstance(horizon, (int, np.integer)) or not 1 <= horizon <= 180:
        raise ParameterError("horizon_days", horizon, "a whole number, 1-180")
    if model not in MODELS:
        raise ParameterError("model", model, '"auto" or "light"')
    if by not in ("item", "sku"):
        raise ParameterError("by", by, '"item" or "sku"')


def chunks(rows: Rows) -> list[list[str]]:
    """Item ids in parts of at most ``CHUNK``, categories kept together."""
    items = rows.past.groupby("item_id", sort=True).size().index
    if "category" in rows.past and len(items) > CHUNK:
        category = rows.past.groupby("item_id")["category"].last().reindex(items).fillna("").astype(str)
        items = category.sort_values(kind="stable").index
    extra = [] if rows.future is None else sorted(set(rows.future["item_id"]) - set(items))
    every = [*items, *extra]
    return [every[k : k + CHUNK] for k in range(0, len(every), CHUNK)]


def _forecast(rows: Rows, horizon: int, *, model: str, seed: int, known: Known) -> DemandResult:
    events, planned, described, margin = known
    parts = [_part(rows, horizon, items, model=model, seed=seed) for items in chunks(rows)]
    table, forecast, windows, effects = (
        pd.concat([getattr(part, name) for part in parts], ignore_index=True)
        for name in ("table", "forecast", "windows", "effects")
    )
    if described is not None:
        title = described.groupby("item_id")["item_title"].last()
        table.insert(1, "item_title", table["item_id"].map(title))
    table = in_order(add_stock(_classes(table, rows), described))
    models = _models(parts)
    groups = group_rows(forecast, table, windows)
    completed = sum(part.completed for part in parts)
    totals = total_rows(table, windows, forecast)
    told = {"planned": planned > 0, "completed": completed, "totals": totals, "festival": _first_festival(rows)}
    findings = forecast_findings(table, groups, models, events, **told)
    findings = with_shortage(findings if described is not None else for_frame(findings), table, margin)
    method = _method(rows, horizon, model=model, seed=seed, planned=planned).drop(
        "units_missing", rows.set_aside["units_missing"]
    )
    return DemandResult(
        table, forecast, groups, models, windows, events, findings, method,
        history=history_rows(rows), totals=totals, responses=effects, phases=phase_rows(events),
    )  # fmt: skip


def _first_festival(rows: Rows) -> pd.Timestamp | None:
    """First day of a Spring Festival ahead, the first in the data; None where there is none ahead or one in the past."""
    if rows.future is None or "spring_festival" not in rows.known or rows.past["spring_festival"].any():
        return None
    first = rows.future.loc[rows.future["spring_festival"] > 0, "date"].min()
    return None if pd.isna(first) else first


class _Part(NamedTuple):
    """What is kept of a chunk of items; its panel and fit are let go, so memory does not grow with the number of chunks."""

    table: pd.DataFrame
    forecast: pd.DataFrame
    windows: pd.DataFrame
    effects: pd.DataFrame
    scores: dict[str, float]
    winner: str
    tested: int
    completed: int


def _part(rows: Rows, horizon: int, items: list[str], *, model: str, seed: int) -> _Part:
    panel, ids, dates = build_panel(rows, horizon, items=items)
    fit = fit_demand(panel, model=model, seed=seed)
    forecast, windows = forecast_rows(ids, dates[-horizon:], fit), window_rows(ids, dates, fit)
    table, effects = _table(panel, ids, dates, fit, rows=rows), response_rows(panel, ids, rows)
    lifts = spread_of_sums(forecast, ["item_id"]).reindex(ids).to_numpy()
    table = widened(table, lifts, bounds={0.8: ("low", "high")})
    return _Part(table, forecast, windows, effects, fit.scores, fit.winner, len(fit.windows), fit.completed)


def _method(rows: Rows, horizon: int, *, model: str, seed: int, planned: float) -> Method:
    ahead = "demand_price_stays" if not planned else "demand_known_ahead" if planned >= 1 else "demand_partly_known"
    assumptions = [ahead, "demand_sold_out_bound", "demand_same_errors"]
    return Method(
        name="demand",
        source=SOURCE,
        assumptions=tuple(assumptions),
        start=rows.past["date"].min(),
        end=rows.past["date"].max(),
        rows_used=int(rows.past["paid_units"].notna().sum()),
        level=0.8,
        seed=seed,
        parameters={
            "horizon_days": horizon,
            "frequency": rows.frequency,
            "model": model,
            "known": ", ".join(rows.known) or None,
        },
    )


def _table(panel: Panel, ids: np.ndarray, dates: pd.DatetimeIndex, fit: Fit, *, rows: Rows) -> pd.DataFrame:
    seen = np.isfinite(panel.units)
    days = seen.sum(axis=1)
    season = panel.settings.season
    recent = np.where(seen[:, -8 * season :], panel.units[:, -8 * season :], 0.0).sum(axis=1)
    first = np.where(days > 0, seen.argmax(axis=1), panel.length)
    verdict = np.select(
        [days < 2 * season, panel.length - first < 8 * season, recent <= 0], ["not_enough_data", "new", "dying"], "ok"
    )
    low, high = sum_interval(fit)
    frame = pd.DataFrame(
        {
            "item_id": ids,
            "verdict": verdict,
            "model": fit.winner,
            "days": days,
            "units": fit.units.sum(axis=1),
            "low": low,
            "high": high,
            "recent_units": np.where(seen[:, -4 * season :], panel.units[:, -4 * season :], 0.0).sum(axis=1),
        }
    )
    for column in ("category", "price_yuan"):
        if column in rows.past and rows.past[column].notna().any():
            frame[column] = frame["item_id"].map(rows.past.groupby("item_id")[column].last())
    return frame


def _classes(table: pd.DataFrame, rows: Rows) -> pd.DataFrame:
    """ABC by share of value (of units where no price is known), XYZ by how unsteady the weeks are."""
    value = table["recent_units"] * (table["price_yuan"].fillna(0) if "price_yuan" in table else 1.0)
    table["abc"] = abc_classes(value)
    last = rows.past["date"].max()
    recent = rows.past[rows.past["date"] > last - pd.Timedelta(weeks=12)]
    week = (last - recent["date"]).dt.days // 7
    weekly = recent.groupby(["item_id", week])["paid_units"].sum().unstack(fill_value=0.0)
    unsteady = (weekly.std(axis=1) / weekly.mean(axis=1)).reindex(table["item_id"]).to_numpy()
    table["xyz"] = np.select([unsteady < 0.5, unsteady < 1.0], ["X", "Y"], "Z")
    table["unsteady"] = unsteady
    return table


def _models(parts: list[_Part]) -> pd.DataFrame:
    scores = pd.DataFrame([part.scores for part in parts])
    if scores.empty or not len(scores.columns):
        return pd.DataFrame({"model": pd.Series(dtype=object), "error": [], "windows": [], "used": pd.Series(dtype=bool)})
    mean = scores.mean().sort_values()
    winners = {part.winner for part in parts}
    return pd.DataFrame(
        {
            "model": mean.index,
            "error": mean.to_numpy(),
            "windows": max(part.tested for part in parts),
            "used": mean.index.isin(winners),
        }
    )
