"""Terms where paid clicks may replace free visits: a suspicion, and the test that would settle it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tmall_nb.stats.multiple import discoveries

Array = NDArray[np.float64]

COLUMNS = ["keyword", "spend", "clicks", "visitors", "days", "slope", "low", "high", "p_value", "verdict", "test_days"]
_LEAST_DAYS = 28
_MOST_TERMS = 300
_DETECT = 0.5  # the test should see half of the paid clicks being replaced
_TEST_LIMIT = 365
_STEEP = -0.3  # worth a second look though luck may explain it


def find_overlaps(ads: pd.DataFrame, own: pd.DataFrame, level: float) -> pd.DataFrame:
    """Regress daily free visits of a bought term on its ad clicks, with the shop's other search visits held fixed.

    A slope of -1 means every ad click takes one free visit away. Days differ for many reasons, so a negative slope is a
    suspicion only, and of many terms some slope down by luck: they are suspected at a false discovery rate of 1 -
    ``level``. ``test_days`` is how long the keyword must be switched off (alternating with on, half each) to see a
    replacement of half the clicks with 80 % power at 5 % error.
    """
    if "date" not in ads or "date" not in own or ads.empty or own.empty:
        return pd.DataFrame(columns=COLUMNS)
    paid = ads.assign(key=_key(ads["keyword"]), date=pd.to_datetime(ads["date"]))
    free = own.assign(key=_key(own["keyword"]), date=pd.to_datetime(own["date"]))
    spend = paid.groupby("key")["spend"].sum().sort_values(ascending=False)
    seen = set(free["key"])
    terms = [k for k in spend.index if k in seen][:_MOST_TERMS]
    days = pd.DatetimeIndex(sorted(set(paid["date"]) & set(free["date"])))
    if not terms or len(days) == 0:
        return pd.DataFrame(columns=COLUMNS)
    clicks = _wide(paid, terms, days, "clicks")
    visits = _wide(free, terms, days, "visitors")
    rest = free.groupby("date")["visitors"].sum().reindex(days).fillna(0.0).to_numpy(float)
    rows = [_one(k, clicks[k].to_numpy(float), visits[k].to_numpy(float), rest, level) for k in terms]
    names = paid.drop_duplicates("key").set_index("key")["keyword"]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    frame["spend"] = frame["keyword"].map(spend)
    known = frame["slope"].notna()
    suspected = discoveries(frame["p_value"].to_numpy(float), rate=1 - level)
    choices = [~known, suspected, frame["slope"] < _STEEP]
    frame["verdict"] = np.select(choices, ["not_enough_data", "suspected", "possible"], "no_sign")
    frame["keyword"] = frame["keyword"].map(names)
    return frame.sort_values("spend", ascending=False).reset_index(drop=True)


def _key(words: pd.Series) -> pd.Series:
    return words.astype("string").str.lower().str.replace(r"\s+", "", regex=True)


def _wide(frame: pd.DataFrame, terms: list[str], days: pd.DatetimeIndex, column: str) -> pd.DataFrame:
    picked = frame[frame["key"].isin(terms)]
    return (
        picked.pivot_table(index="date", columns="key", values=column, aggfunc="sum")
        .reindex(index=days, columns=terms)
        .fillna(0.0)
    )


def _one(key: str, clicks: Array, visits: Array, total: Array, level: float) -> tuple[object, ...]:
    from scipy.special import stdtr, stdtrit

    used, blank = clicks.size, (np.nan, np.nan, np.nan, np.nan)
    if used < _LEAST_DAYS or visits.sum() < 50 or clicks.std() == 0:
        return (key, 0.0, clicks.sum(), visits.sum(), used, *blank, "", np.nan)
    other = total - visits
    design = np.column_stack([np.ones(used), clicks, other / max(other.mean(), 1.0), np.linspace(-1, 1, used)])
    coefficients, *_ = np.linalg.lstsq(design, visits, rcond=None)
    residual = visits - design @ coefficients
    freedom = used - design.shape[1]
    bread = np.linalg.pinv(design.T @ design)
    correlation = float(np.clip(residual[1:] @ residual[:-1] / max(residual @ residual, 1e-12), 0.0, 0.8))
    inflate = (1 + correlation) / (1 - correlation)
    variance = residual @ residual / freedom
    sd = float(np.sqrt(max(bread[1, 1] * variance * inflate, 1e-12)))
    reach = float(stdtrit(freedom, (1 + level) / 2)) * sd
    slope = float(coefficients[1])
    effect = _DETECT * clicks.mean()
    needed = 4 * variance * inflate * (1.96 + 0.84) ** 2 / max(effect, 1e-9) ** 2
    test = float(np.clip(np.ceil(needed), 14, _TEST_LIMIT))
    found = (slope, slope - reach, slope + reach, float(stdtr(freedom, slope / sd)))
    return (key, 0.0, clicks.sum(), visits.sum(), used, *found, "", test)
