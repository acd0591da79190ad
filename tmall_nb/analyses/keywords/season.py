"""Search terms that are rising, and those that rose in the coming weeks a year ago."""

from __future__ import annotations

import numpy as np
import pandas as pd

SPAN = 28  # days compared
_LEAST = 20  # visitors in both spans together
COLUMNS = ["keyword", "recent", "before", "growth", "low", "high", "probability_rising", "season_next", "verdict"]


def find_rising(own: pd.DataFrame, level: float) -> pd.DataFrame:
    """Visitors of the last 28 days against the 28 before, term by term (``OpportunityResult.rising``).

    Counts are over-dispersed Poisson: the ratio's logarithm is normal with variance φ(1/recent + 1/before), φ from the
    term's days. Growth of the whole shop's search is not taken out: a rising tide is a rise.
    """
    if own.empty or "date" not in own or own["date"].nunique() < SPAN:
        return pd.DataFrame(columns=COLUMNS)
    days = own.assign(date=pd.to_datetime(own["date"]))
    last = days["date"].max()
    age = (last - days["date"]).dt.days
    span = min(SPAN, int(age.max() + 1) // 2)
    recent, before = _sum(days, age < span), _sum(days, (age >= span) & (age < 2 * span))
    frame = pd.DataFrame({"recent": recent, "before": before}).fillna(0.0)
    frame = frame[frame.sum(axis=1) >= _LEAST]
    if frame.empty:
        return pd.DataFrame(columns=COLUMNS)
    return _judge(frame, days, age, span, level)


def _sum(days: pd.DataFrame, mask: pd.Series) -> pd.Series:
    return days[mask].groupby("keyword")["visitors"].sum().astype(float)


def _judge(frame: pd.DataFrame, days: pd.DataFrame, age: pd.Series, span: int, level: float) -> pd.DataFrame:
    from scipy.special import ndtr, ndtri

    dispersion = _dispersion(days[age < 2 * span])
    log_ratio = np.log((frame["recent"] + 0.5) / (frame["before"] + 0.5))
    sd = np.sqrt(dispersion.reindex(frame.index).fillna(2.0) * (1 / (frame["recent"] + 0.5) + 1 / (frame["before"] + 0.5)))
    reach = float(ndtri((1 + level) / 2))
    frame["growth"], frame["low"], frame["high"] = (
        np.exp(log_ratio),
        np.exp(log_ratio - reach * sd),
        np.exp(log_ratio + reach * sd),
    )
    frame["probability_rising"] = ndtr(log_ratio / sd)
    frame[["recent", "before"]] /= span
    year = 364
    then, later = _sum(days, (age >= year) & (age < year + span)), _sum(days, (age < year) & (age >= year - span))
    season = (later / then.where(then >= _LEAST)).reindex(frame.index)
    frame["season_next"] = season
    rising, coming = frame["low"] > 1, season > 1.3
    frame["verdict"] = np.select([rising, coming, frame["high"] < 1], ["rising", "season_coming", "falling"], "steady")
    return frame.reset_index(names="keyword").sort_values("low", ascending=False).reset_index(drop=True)[COLUMNS]


def _dispersion(days: pd.DataFrame) -> pd.Series:
    """Variance over mean of daily visitors of each term, at least 1."""
    daily = days.groupby(["keyword", "date"])["visitors"].sum().astype(float)
    grouped = daily.groupby("keyword")
    return (grouped.var() / grouped.mean()).clip(lower=1.0).fillna(2.0)
