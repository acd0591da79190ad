"""How the forecast would have done: the same call as of earlier days."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tmall_nb.analyses.demand.calibration import calibration_rows
from tmall_nb.analyses.demand.findings import backtest_findings
from tmall_nb.analyses.demand.forecast import _method, check_options, chunks
from tmall_nb.analyses.demand.frames import forecast_rows
from tmall_nb.analyses.demand.result import BacktestResult
from tmall_nb.analyses.demand.rows import LEAST_PERIODS, Rows, build_panel, check_rows
from tmall_nb.analyses.demand.shop_rows import shop_rows
from tmall_nb.analyses.result import Finding, Method
from tmall_nb.errors import NotEnoughData, ParameterError
from tmall_nb.shop import Shop
from tmall_nb.stats import metrics
from tmall_nb.stats.demand.model import Fit, fit_demand, weekday_mean
from tmall_nb.stats.demand.panel import Panel

__all__ = ["backtest_demand"]

SCORES = ["item_id", "origin", "mase", "rmsse", "pinball", "coverage_80", "days", "mean_error"]


def backtest_demand(
    item_days: Shop | pd.DataFrame,
    *,
    origins: int | Sequence[str | pd.Timestamp] = 4,
    horizon_days: int = 28,
    frequency: str = "D",
    future: pd.DataFrame | None = None,
    model: str = "auto",
    seed: int = 0,
    by: str = "item",
) -> BacktestResult:
    """Forecast as of earlier days and compare with what came.

    Parameters
    ----------
    item_days : as for ``forecast_demand``
    origins : last days known to each forecast, or how many (one horizon apart, back from the newest
        possible; fewer, down to none, where the history is too short)
    horizon_days, frequency, model, seed, by : as for ``forecast_demand``
    future : its columns name what was known ahead; past values of those columns serve as the known future of each origin

    Returns
    -------
    ``table`` per item and origin; ``forecast`` with ``origin`` and ``actual``; MASE is in units of the in-sample error of the
    same weekday a week earlier (for weeks: of the week before), RMSSE of the day before
    """
    check_options(horizon_days, model, by)
    planned = float(future is not None)
    if isinstance(item_days, Shop):
        item_days, future, _, planned = shop_rows(item_days, horizon=horizon_days, by=by)
    rows = check_rows(item_days, None, frequency=frequency, horizon=horizon_days)
    known = _known(rows.past, future)
    made, tables, total = [], [], []
    wanted = _origins(rows, origins, horizon_days)
    for origin in wanted:
        past, ahead = _as_of(rows, origin, horizon_days, known)
        try:
            then = check_rows(past, ahead, frequency=frequency, horizon=horizon_days)
        except NotEnoughData as short:
            raise NotEnoughData(f"origin {origin:%Y-%m-%d}: {short}") from short
        frame, table, summary = _one(then, rows, origin, horizon_days, model=model, seed=seed)
        made.append(frame)
        tables.append(table)
        total.append(summary)
    if not wanted:
        return _untested(rows, horizon_days, method=_method(rows, horizon_days, model=model, seed=seed, planned=planned))
    by_origin = pd.DataFrame(total)
    method = _method(rows, horizon_days, model=model, seed=seed, planned=planned)
    table, forecast = pd.concat(tables, ignore_index=True), pd.concat(made, ignore_index=True)
    calibration = calibration_rows(forecast, rows, horizon_days)
    return BacktestResult(table, forecast, by_origin, backtest_findings(by_origin, table), method, calibration)


def _untested(rows: Rows, horizon: int, *, method: Method) -> BacktestResult:
    """A result that says that the history is too short to go back a horizon."""
    table = pd.DataFrame(columns=SCORES)
    names = ["item_id", "origin", "date", "units", "low_80", "high_80", "low_95", "high_95", "actual"]
    origins = pd.DataFrame(columns=["origin", "mase", "rmsse", "pinball", "coverage_80", "mean_error", "model"])
    days = rows.past["date"].nunique()
    needed = horizon + LEAST_PERIODS[rows.frequency]
    found = (Finding("backtest_none", "unknown", {"days": days, "needed": needed}),)
    calibration = calibration_rows(pd.DataFrame(columns=names), rows, horizon)
    return BacktestResult(table, pd.DataFrame(columns=names), origins, found, method, calibration)


def _known(past: pd.DataFrame, future: pd.DataFrame | None) -> list[str]:
    if future is None:
        return []
    return [c for c in future.columns if c in past.columns and c not in ("item_id", "date", "paid_units")]


def _origins(rows: Rows, origins: int | Sequence[str | pd.Timestamp], horizon: int) -> list[pd.Timestamp]:
    last = rows.past["date"].max()
    if isinstance(origins, (int, np.integer)):
        if origins < 1:
            raise ParameterError("origins", origins, "1 or more, or a list of dates")
        first = rows.past["date"].min() + rows.step * (LEAST_PERIODS[rows.frequency] - 1)
        days = [last - rows.step * horizon * (k + 1) for k in range(int(origins))]
        return [day for day in days[::-1] if day >= first]
    wanted = sorted(pd.Timestamp(o).normalize() for o in origins)
    first = rows.past["date"].min()
    for day in wanted:
        if not first < day < last:
            raise ParameterError("origins", f"{day:%Y-%m-%d}", f"days between {first:%Y-%m-%d} and {last:%Y-%m-%d}")
    return wanted


def _as_of(rows: Rows, origin: pd.Timestamp, horizon: int, known: list[str]) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """What was known at an origin: earlier rows, and the known columns of the days after it."""
    past = rows.past[rows.past["date"] <= origin]
    if not known or past.empty:
        return past, None
    days = pd.date_range(past["date"].max() + rows.step, periods=horizon, freq=rows.step)
    grid = pd.MultiIndex.from_product([past["item_id"].unique(), days], names=["item_id", "date"])
    ahead = rows.past[rows.past["date"].isin(days)].set_index(["item_id", "date"])[known].reindex(grid)
    ahead = ahead.groupby(level="item_id").transform(lambda c: c.ffill().bfill())
    last = past.groupby("item_id")[known].last()
    for name in known:
        day = rows.past[rows.past["date"].isin(days)].groupby("date")[name]
        shared = day.first().where(day.nunique() == 1)
        ahead[name] = ahead[name].fillna(ahead.index.get_level_values("date").to_series(index=ahead.index).map(shared))
        ahead[name] = ahead[name].fillna(ahead.index.get_level_values("item_id").to_series(index=ahead.index).map(last[name]))
    return past, ahead.reset_index()


def _one(
    then: Rows, rows: Rows, origin: pd.Timestamp, horizon: int, *, model: str, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, object]]:
    """Forecast as of one origin: the days beside what came, scores of the items, and their means."""
    frames, tables, winner = [], [], ""
    came = rows.past[rows.past["date"] > origin][["item_id", "date", "paid_units"]]
    came = came.rename(columns={"paid_units": "actual"})
    for items in chunks(then):
        panel, ids, dates = build_panel(then, horizon, items=items)
        fit = fit_demand(panel, model=model, seed=seed)
        winner = fit.winner
        frame = forecast_rows(ids, dates[-horizon:], fit).assign(origin=origin)
        frame = frame.merge(came, on=["item_id", "date"], how="left")
        real = frame["actual"].to_numpy().reshape(len(ids), horizon)
        tables.append(_scores(panel, fit, real, horizon).assign(item_id=ids, origin=origin)[SCORES])
        frames.append(frame)
    table = pd.concat(tables, ignore_index=True)
    means = table[["mase", "rmsse", "pinball", "coverage_80", "mean_error"]].mean().to_dict()
    return pd.concat(frames, ignore_index=True), table, {"origin": origin, **means, "model": winner}


def _scores(panel: Panel, fit: Fit, real: np.ndarray, horizon: int) -> pd.DataFrame:
    """One row per item: its errors in units of its own past ones, and those of the weekday mean."""
    season, step = metrics.lag_scale(panel.units, panel.settings.season), metrics.lag_scale(panel.units, 1)
    square = metrics.lag_scale(panel.units, 1, squared=True)
    low, high = fit.quantiles[1], fit.quantiles[3]
    levels = {0.025: fit.quantiles[0], 0.1: low, 0.5: fit.quantiles[2], 0.9: high, 0.975: fit.quantiles[4]}
    inside = np.where(np.isfinite(real), (real >= low) & (real <= high), np.nan)
    seen = np.isfinite(real).sum(axis=1)
    floor = np.where(panel.closed[:, -horizon:], 0.0, weekday_mean(panel, panel.length, horizon))
    return pd.DataFrame(
        {
            "mase": metrics.mase(real, fit.units, season),
            "rmsse": metrics.rmsse(real, fit.units, square),
            "pinball": metrics.pinball_scaled(real, levels, step),
            "coverage_80": np.where(seen > 0, np.nansum(inside, axis=1) / np.maximum(seen, 1), np.nan),
            "days": seen,
            "mean_error": metrics.mase(real, floor, season),
        }
    )
