"""What past campaigns did to traffic, conversion and spend per buyer."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.calendar import USUAL_DAYS, ordinary_before
from tmall_nb.stats.signal import predict_from_signal

__all__ = ["FACTORS", "Upcoming", "alike", "choose_upcoming", "factor_draws", "past_ratios"]

FACTORS = ("visitors", "conversion_rate", "amount_per_buyer")
DAY = pd.Timedelta(days=1)
WARM_DAYS = 7
LOOSE_SD = {"visitors": 0.35, "conversion_rate": 0.15, "amount_per_buyer": 0.08}  # where one or two campaigns teach the spread
LOOSE_CASES = 2.0  # campaigns that guess is worth
SAME_NAME, SAME_KIND = 0.5, 0.2  # shares of the spread between campaigns that lie in their name (Double 11) and in their kind
DATED = re.compile(r"20\d\d年?|\d{1,2}月")


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The campaign that is planned."""

    name: str
    kind: str
    start: pd.Timestamp
    end: pd.Timestamp
    warm_up: pd.Timestamp
    source: str
    confidence: str

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1


def choose_upcoming(calendar: pd.DataFrame, last: pd.Timestamp, wanted: str | None) -> Upcoming | None:
    """The first campaign after ``last`` (whose name contains ``wanted``); None where the calendar has none."""
    rows = calendar[calendar["start"] > last]
    rows = rows if wanted is None else rows[rows["campaign"].str.contains(wanted, regex=False)]
    if rows.empty:
        return None
    row = rows.sort_values("start").iloc[0]
    start, warm = row["start"].normalize(), _warm_up(row)
    return Upcoming(
        row["campaign"], str(row["campaign_type"]), start, row["end"].normalize(), warm, row["source"], row["confidence"]
    )


def _warm_up(row: pd.Series) -> pd.Timestamp:
    """First day of warm-up or presale; a week before the start where neither is named."""
    start, leads = row["start"].normalize(), [t for t in (row["warm_up_start"], row["presale_start"]) if pd.notna(t)]
    return min(min(leads).normalize(), start) if leads else start - WARM_DAYS * DAY


def _rates(days: pd.DataFrame) -> dict[str, float]:
    sums = days[["visitors", "buyers", "paid_amount"]].sum()
    if len(days) < 3 or sums["visitors"] <= 0 or sums["buyers"] <= 0:
        return dict.fromkeys(FACTORS, np.nan)
    return {"visitors": sums["visitors"] / len(days), "conversion_rate": sums["buyers"] / sums["visitors"],
            "amount_per_buyer": sums["paid_amount"] / sums["buyers"]}  # fmt: skip


def past_ratios(days: pd.DataFrame, calendar: pd.DataFrame) -> pd.DataFrame:
    """Each past campaign against the ordinary days before its warm-up (whose waiting buyers and carts are not ordinary).

    Returns
    -------
    campaign, campaign_type, warm_up, start, days, then ratios: visitors, conversion_rate, amount_per_buyer, peak (best day)
    """
    rows = []
    first, last = days["date"].min(), days["date"].max()
    for _, row in calendar[calendar["end"] <= last + DAY].iterrows():
        start, warm_up = row["start"].normalize(), _warm_up(row)
        if warm_up < first + USUAL_DAYS * DAY:
            continue
        before, during = ordinary_before(days, warm_up), days[days["date"].between(start, row["end"].normalize())]
        usual, now = _rates(before), _rates(during)
        out = {"campaign": row["campaign"], "campaign_type": row["campaign_type"], "warm_up": warm_up, "start": start}
        out |= {"days": len(during)} | {k: now[k] / usual[k] if usual[k] else np.nan for k in FACTORS}
        out["peak"] = during["paid_amount"].max() / before["paid_amount"].mean() if before["paid_amount"].mean() else np.nan
        rows.append(out)
    columns = ["campaign", "campaign_type", "warm_up", "start", "days", *FACTORS, "peak"]
    return pd.DataFrame(rows, columns=columns).dropna(subset=list(FACTORS)).reset_index(drop=True)


def alike(past: pd.DataFrame, name: str, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """How far past campaigns resemble each other, (campaigns, campaigns), and the next one, (campaigns,): see ``SAME_NAME``."""
    names = np.array([*past["campaign"], name], dtype=object).astype(str)
    kinds = np.array([*past["campaign_type"], kind], dtype=object).astype(str)
    names = np.array([DATED.sub("", n) for n in names])
    same = SAME_NAME * (names[:, None] == names) + SAME_KIND * (kinds[:, None] == kinds)
    np.fill_diagonal(same, 1.0)
    return same[:-1, :-1], same[:-1, -1]


def factor_draws(past: pd.DataFrame, name: str, kind: str, rng: np.random.Generator, count: int) -> pd.DataFrame:
    """Draws of the next campaign's ratios, (count, factors): Student predictive of past campaigns' logs, by likeness."""
    out, likeness = {}, alike(past, name, kind)
    for factor in FACTORS:
        logs, spread = np.log(past[factor].to_numpy(float)), (LOOSE_SD[factor], LOOSE_CASES)
        told = predict_from_signal(logs, None, slope=(0.0, 1.0), spread=spread, alike=likeness)
        out[factor] = np.exp(told.location + told.scale * rng.standard_t(told.freedom, count))
    return pd.DataFrame(out)
