"""The weeks of the planned price tests: prices alternate in random pairs, campaign weeks are left out."""

from __future__ import annotations

import numpy as np
import pandas as pd

COLUMNS = ["item_id", "week_start", "price_yuan", "campaign"]
TOP, SEARCHED = 5, 60


def schedule_weeks(tests: pd.DataFrame, last: pd.Timestamp, campaigns: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Return item_id, week_start, price_yuan, campaign for the most instructive tests that can be finished.

    Weeks start on Mondays after ``last``. Each pair of weeks holds both prices once, in random order, so that a trend favours
    neither. Weeks that a known campaign touches are listed without a price and do not count.
    """
    rows: list[tuple[str, pd.Timestamp, float, bool]] = []
    first = pd.Timestamp(last).normalize() + pd.Timedelta(days=7 - pd.Timestamp(last).day_of_week)
    weeks = pd.date_range(first, periods=SEARCHED, freq="7D")
    busy = _busy(weeks, campaigns)
    rng = np.random.default_rng(seed)
    for test in tests[tests["weeks"].notna()].head(TOP).itertuples():
        pairs = [rng.permutation([test.price_a, test.price_b]) for _ in range(int(test.weeks) // 2)]
        prices = list(np.concatenate(pairs))
        for week, campaign in zip(weeks, busy, strict=True):
            if not prices:
                break
            rows.append((test.item_id, week, np.nan if campaign else float(prices.pop(0)), campaign))
    return pd.DataFrame(rows, columns=COLUMNS)


def _busy(weeks: pd.DatetimeIndex, campaigns: pd.DataFrame) -> list[bool]:
    spans = [(pd.Timestamp(c.start), pd.Timestamp(c.end)) for c in campaigns.itertuples()]
    return [any(a < week + pd.Timedelta(days=7) and b >= week for a, b in spans) for week in weeks]
