"""Carts and favourites of the warm-up: the forecast after each day of it, and how such forecasts did on past campaigns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign_plan.past import DAY, FACTORS, Upcoming, alike, factor_draws
from tmall_nb.calendar import ordinary_before
from tmall_nb.stats.signal import Predictive, predict_from_signal

__all__ = ["backtest_table", "interest", "outlook", "signal_table"]

SLOPE = (0.5, 0.5)  # log sales a log of carts moves, before any campaign has shown it
SPREAD = (0.2, 1.0)  # sd (log) of campaigns around that line, and how many campaigns that guess is worth
LEAST = 2  # earlier campaigns with carts
PAST_DRAWS = 4000
COLUMNS = ["date", "days_left", "carts", "forecast", "low", "high", "campaigns"]


def interest(days: pd.DataFrame) -> pd.Series:
    """Cart and favourite users a day; nan where neither is known."""
    known = [c for c in ("cart_users", "favorite_users") if c in days]
    return days[known].sum(axis=1, min_count=1) if known else pd.Series(np.nan, index=days.index)


def _cart_path(days: pd.DataFrame, warm_up: pd.Timestamp, start: pd.Timestamp) -> np.ndarray:
    """log of carts a day from the warm-up's first day to its n-th over the ordinary days before it, for n = 1, 2, …"""
    usual = interest(ordinary_before(days, warm_up)).mean()
    seen = interest(days[(days["date"] >= warm_up) & (days["date"] < start)]).to_numpy(float)
    mean = np.cumsum(np.nan_to_num(seen)) / np.maximum(np.cumsum(np.isfinite(seen)), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        path = np.log(mean / usual)
    return np.where(np.isfinite(path), path, np.nan)


def outlook(
    past: pd.DataFrame, paths: dict[str, np.ndarray], path: np.ndarray, day: int, *, name: str, kind: str
) -> Predictive:
    """log ratio of the campaign's sales to ordinary days, seen after ``day`` days of warm-up."""
    sales = np.log(past[list(FACTORS)].prod(axis=1).to_numpy(float))
    between, with_next = alike(past, name, kind)
    carts = np.array([_at(paths.get(c), day) for c in past["campaign"]])
    known = np.isfinite(carts)
    if known.sum() < LEAST or not np.isfinite(path[day - 1]):
        return predict_from_signal(sales, None, slope=SLOPE, spread=SPREAD, alike=(between, with_next))
    both = between[np.ix_(known, known)], with_next[known]
    return predict_from_signal(sales[known], carts[known], float(path[day - 1]), slope=SLOPE, spread=SPREAD, alike=both)


def _at(path: np.ndarray | None, day: int) -> float:
    """Cart ratio after ``day`` days; a shorter warm-up counts with its last day."""
    return float(path[min(day, len(path)) - 1]) if path is not None and len(path) else float("nan")


def cart_paths(days: pd.DataFrame, past: pd.DataFrame) -> dict[str, np.ndarray]:
    """Cart paths of past campaigns, by name."""
    return {r.campaign: _cart_path(days, r.warm_up, r.start) for r in past.itertuples()}


def signal_table(days: pd.DataFrame, past: pd.DataFrame, ahead: Upcoming) -> pd.DataFrame:
    """Paid amount forecast after each warm-up day: carts (ratio so far), forecast (median), low, high (95 %)."""
    path, paths = _cart_path(days, ahead.warm_up, ahead.start), cart_paths(days, past)
    base = float(ordinary_before(days, ahead.warm_up)["paid_amount"].mean()) * ahead.days
    rows = []
    for day in range(1, len(path) + 1):
        if np.isfinite(path[day - 1]) and sum(np.isfinite(_at(p, day)) for p in paths.values()) >= LEAST:
            seen = outlook(past, paths, path, day, name=ahead.name, kind=ahead.kind)
            date = ahead.warm_up + (day - 1) * DAY
            rows.append((date, (ahead.start - date).days, float(np.exp(path[day - 1])), *_money(seen, base), len(past)))
    return pd.DataFrame(rows, columns=COLUMNS)


def _money(seen: Predictive, base: float) -> tuple[float, float, float]:
    return tuple(base * float(np.exp(seen.quantile(p))) for p in (0.5, 0.025, 0.975))  # type: ignore[return-value]


def _told(
    earlier: pd.DataFrame, paths: dict[str, np.ndarray], path: np.ndarray, day: int, row: Any, base: float
) -> tuple[float, float, float]:
    """Median, low and high (95 %) as the plan would have told them: before the warm-up by factor, then by carts."""
    if day:
        return _money(outlook(earlier, paths, path, day, name=row.campaign, kind=row.campaign_type), base)
    rng = np.random.default_rng(len(earlier))
    draws = factor_draws(earlier, row.campaign, row.campaign_type, rng, PAST_DRAWS).prod(axis=1)
    return tuple(base * float(q) for q in np.quantile(draws, (0.5, 0.025, 0.975)))  # type: ignore[return-value]


def backtest_table(days: pd.DataFrame, past: pd.DataFrame) -> pd.DataFrame:
    """Each past campaign forecast from the campaigns before it alone, on every day of its warm-up.

    Returns
    -------
    campaign, day (0: before the warm-up), days_left, forecast, low, high (95 %), actual, error (log of actual over forecast),
    covered, campaigns (how many taught it); from the third campaign on
    """
    columns = "campaign day days_left forecast low high actual error covered campaigns".split()
    paths, rows = cart_paths(days, past), []
    for number, row in enumerate(past.sort_values("start").itertuples()):
        earlier = past[past["start"] < row.start]
        if number < LEAST:
            continue
        base = float(ordinary_before(days, row.warm_up)["paid_amount"].mean()) * row.days
        actual, path = base * float(np.prod([getattr(row, k) for k in FACTORS])), paths[row.campaign]
        for day in range(len(path) + 1):
            middle, low, high = _told(earlier, paths, path, day, row, base)
            left = (row.start - row.warm_up).days - max(day - 1, 0)
            error = float(np.log(actual / middle))
            rows.append((row.campaign, day, left, middle, low, high, actual, error, low <= actual <= high, len(earlier)))
    return pd.DataFrame(rows, columns=columns)
