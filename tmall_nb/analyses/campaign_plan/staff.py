"""Customer service: inquiries a day the campaign may bring, and the agents they need."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign_plan.past import DAY
from tmall_nb.calendar import ordinary_before
from tmall_nb.shop import Shop

__all__ = ["staff_table"]

BUSY = 0.9  # quantile of inquiries an agent handled on a day: what one can bear
LEAST_DAYS = 14
RATE_SD = 0.15  # log: how inquiries per visitor move in a campaign, before the shop's own have shown it
LOADS = "SELECT date, sum(inquiry_users) AS inquiries, count(DISTINCT agent) AS agents FROM cs_daily GROUP BY 1 ORDER BY 1"


def staff_table(
    shop: Shop, days: pd.DataFrame, past: pd.DataFrame, visitors: np.ndarray, *, usual_visitors: float
) -> pd.DataFrame:
    """Inquiries and agents a day: load, usual_day, planned_day, low, high (95 %), campaigns (how many taught the rate).

    inquiries = visitors a day × inquiries per visitor × how that rate moved in past campaigns; agents = inquiries over what
    an agent handled on the shop's busiest tenth of days.

    Parameters
    ----------
    visitors : draws of the campaign's visitors a day over usual ones; usual_visitors : a day
    """
    columns = ["load", "usual_day", "planned_day", "low", "high", "campaigns"]
    if not shop.has("cs_daily"):
        return pd.DataFrame(columns=columns)
    loads = shop.sql(LOADS)
    loads = loads.assign(date=pd.to_datetime(loads["date"])).merge(days[["date", "visitors", "ordinary"]], on="date").dropna()
    recent = ordinary_before(loads, loads["date"].max() + DAY)
    if len(recent) < LEAST_DAYS or recent["visitors"].sum() <= 0:
        return pd.DataFrame(columns=columns)
    rate = float(recent["inquiries"].sum() / recent["visitors"].sum())
    moves = _moves(loads, past)
    sd = np.sqrt((2 * RATE_SD**2 + float((moves**2).sum())) / (2 + len(moves)))
    shift = float(moves.sum() / (2 + len(moves)))  # two campaigns' worth of no move
    rng = np.random.default_rng(len(visitors))
    inquiries = usual_visitors * rate * visitors * np.exp(shift + sd * rng.standard_normal(len(visitors)))
    capacity = float((loads["inquiries"] / loads["agents"]).quantile(BUSY))
    rows = []
    for metric, usual, draws in (
        ("inquiries", usual_visitors * rate, inquiries),
        ("agents", float(recent["agents"].median()), np.ceil(inquiries / capacity)),
    ):
        low, middle, high = np.quantile(draws, [0.025, 0.5, 0.975])
        rows.append((metric, usual, middle, low, high, len(moves)))
    return pd.DataFrame(rows, columns=columns)


def _moves(loads: pd.DataFrame, past: pd.DataFrame) -> np.ndarray:
    """log of inquiries per visitor in past campaigns over the ordinary days before their warm-up."""
    out = []
    for row in past.itertuples():
        before = ordinary_before(loads, row.warm_up)
        during = loads[(loads["date"] >= row.start) & (loads["date"] < row.start + row.days * DAY)]
        if len(before) >= LEAST_DAYS and len(during) and before["inquiries"].sum() > 0 and during["inquiries"].sum() > 0:
            now, then = (part["inquiries"].sum() / part["visitors"].sum() for part in (during, before))
            out.append(np.log(now / then))
    return np.array(out, float)
