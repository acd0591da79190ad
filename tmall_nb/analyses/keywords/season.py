"""Search terms that are rising, and those whose season begins in the coming weeks, judged by the year before."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tmall_nb.stats.multiple import discoveries

SPAN = 28  # days compared
YEAR = 364  # whole weeks, so that weekdays meet weekdays
_LEAST = 20  # visits (or ad clicks) in both spans together
_WORTH = 1.3  # a season is worth preparing for where visits rise by three tenths
COLUMNS = [
    *("keyword", "recent", "before", "growth", "low", "high", "probability_rising"),
    *("season_next", "season_low", "season_high", "verdict"),
]


def find_rising(own: pd.DataFrame, ads: pd.DataFrame, level: float) -> pd.DataFrame:
    """Visitors of the last 28 days against the 28 before, and the coming 28 days a year ago (``OpportunityResult.rising``).

    Counts are over-dispersed Poisson: the ratio's logarithm is normal with variance φ(1/recent + 1/before), φ from the
    term's days. Growth of the whole shop's search is not taken out: a rising tide is a rise. The season comes from the
    own search report where it reaches back a year, else from the ad clicks of that time, there as the term's share of
    all ad clicks, since budgets have seasons too. Of many terms some rise by luck: verdicts hold at a false discovery
    rate of 1 - ``level``.
    """
    growth, season = _growth(own, level), _season(own, ads, level)
    if growth.empty and season.empty:
        return pd.DataFrame(columns=COLUMNS)
    frame = growth.join(season, how="left") if season.empty else growth.join(season, how="outer")
    rate = 1 - level
    up = discoveries(1 - frame["probability_rising"].to_numpy(float), rate=rate)
    down = discoveries(frame["probability_rising"].to_numpy(float), rate=rate)
    coming = discoveries(frame["season_p"].to_numpy(float), rate=rate) & (frame["season_next"] >= _WORTH).to_numpy()
    frame["verdict"] = np.select([up, coming, down], ["rising", "season_coming", "falling"], "steady")
    frame = frame[frame["recent"].notna() | (frame["verdict"] == "season_coming")].reset_index(names="keyword")
    rank = frame["verdict"].map({"rising": 0, "season_coming": 1, "steady": 2, "falling": 3})
    lead = frame["low"].fillna(frame["season_low"])
    return (
        frame.assign(rank=rank, lead=lead)
        .sort_values(["rank", "lead"], ascending=[True, False])[COLUMNS]
        .reset_index(drop=True)
    )


def _growth(own: pd.DataFrame, level: float) -> pd.DataFrame:
    """recent and before (visitors a day), growth with low and high, probability_rising; the keyword is the index."""
    names = ["recent", "before", "growth", "low", "high", "probability_rising"]
    days = _days(own, "visitors")
    if days.empty or days["date"].nunique() < SPAN:
        return pd.DataFrame(columns=names, dtype=float)
    age = _age(days)
    span = min(SPAN, int(age.max() + 1) // 2)
    recent, before = _sum(days, age < span), _sum(days, (age >= span) & (age < 2 * span))
    frame = pd.DataFrame({"recent": recent, "before": before}).fillna(0.0)
    frame = frame[frame.sum(axis=1) >= _LEAST]
    spread = _dispersion(days[age < 2 * span]).reindex(frame.index).fillna(2.0).to_numpy(float)
    ratio, low, high, rises = _ratio(frame["recent"], frame["before"], spread, level)
    frame[["recent", "before"]] /= span
    return frame.assign(growth=ratio, low=low, high=high, probability_rising=rises)


def _season(own: pd.DataFrame, ads: pd.DataFrame, level: float) -> pd.DataFrame:
    """season_next with low, high and one-sided p, from whichever report reaches back a year; keyword is the index."""
    names = ["season_next", "season_low", "season_high", "season_p"]
    for days, relative in ((_days(own, "visitors"), False), (_days(ads, "clicks"), True)):
        if days.empty or int(_age(days).max()) < YEAR + SPAN - 1:
            continue
        age = _age(days)
        then, later = _sum(days, (age >= YEAR) & (age < YEAR + SPAN)), _sum(days, (age < YEAR) & (age >= YEAR - SPAN))
        frame = pd.DataFrame({"then": then, "later": later}).fillna(0.0)
        all_then, all_later = frame["then"].sum(), frame["later"].sum()
        frame = frame[frame.sum(axis=1) >= _LEAST]
        spread = _dispersion(days[(age < YEAR + SPAN) & (age >= YEAR - SPAN)]).reindex(frame.index).fillna(2.0).to_numpy(float)
        ratio, low, high, rises = _ratio(frame["later"], frame["then"], spread, level)
        tide = all_later / all_then if relative and all_then > 0 and all_later > 0 else 1.0
        if tide != 1.0:
            ratio, low, high, rises = _ratio(frame["later"] / tide, frame["then"], spread, level)
        return pd.DataFrame(dict(zip(names, (ratio, low, high, 1 - rises), strict=True)), index=frame.index)
    return pd.DataFrame(columns=names, dtype=float)


def _days(frame: pd.DataFrame, count: str) -> pd.DataFrame:
    if frame.empty or "date" not in frame or count not in frame:
        return pd.DataFrame(columns=["keyword", "date", "count"])
    return pd.DataFrame(
        {"keyword": frame["keyword"], "date": pd.to_datetime(frame["date"]), "count": frame[count].astype(float)}
    )


def _age(days: pd.DataFrame) -> pd.Series:
    return (days["date"].max() - days["date"]).dt.days


def _sum(days: pd.DataFrame, mask: pd.Series) -> pd.Series:
    return days[mask].groupby("keyword")["count"].sum()


def _ratio(
    later: pd.Series, then: pd.Series, spread: NDArray[np.float64], level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Ratio of two over-dispersed counts, its interval, and the probability that it exceeds 1."""
    from scipy.special import ndtr, ndtri

    log_ratio = np.log((later.to_numpy(float) + 0.5) / (then.to_numpy(float) + 0.5))
    sd = np.sqrt(spread * (1 / (later.to_numpy(float) + 0.5) + 1 / (then.to_numpy(float) + 0.5)))
    reach = float(ndtri((1 + level) / 2))
    return np.exp(log_ratio), np.exp(log_ratio - reach * sd), np.exp(log_ratio + reach * sd), ndtr(log_ratio / sd)


def _dispersion(days: pd.DataFrame) -> pd.Series:
    """Variance over mean of each term's daily counts, at least 1."""
    daily = days.groupby(["keyword", "date"])["count"].sum()
    grouped = daily.groupby("keyword")
    return (grouped.var() / grouped.mean()).clip(lower=1.0).fillna(2.0)
