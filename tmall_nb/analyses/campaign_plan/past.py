"""What past campaigns did to traffic, conversion and spend, and what carts and favourites said before them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["FACTORS", "Upcoming", "choose_upcoming", "factor_draws", "past_ratios", "signal_table"]

FACTORS = ("visitors", "conversion_rate", "amount_per_buyer")
DAY = pd.Timedelta(days=1)
USUAL_DAYS = 28
WARM_DAYS = 7
LOOSE_SD = {"visitors": 0.35, "conversion_rate": 0.15, "amount_per_buyer": 0.08}  # where one or two campaigns teach the spread


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
    start, leads = row["start"].normalize(), [t for t in (row["warm_up_start"], row["presale_start"]) if pd.notna(t)]
    warm = min(leads).normalize() if leads else start - WARM_DAYS * DAY
    return Upcoming(
        row["campaign"], str(row["campaign_type"]), start, row["end"].normalize(), warm, row["source"], row["confidence"]
    )


def _rates(days: pd.DataFrame) -> dict[str, float]:
    sums = days[["visitors", "buyers", "paid_amount"]].sum()
    if len(days) < 3 or sums["visitors"] <= 0 or sums["buyers"] <= 0:
        return dict.fromkeys(FACTORS, np.nan)
    return {"visitors": sums["visitors"] / len(days), "conversion_rate": sums["buyers"] / sums["visitors"],
            "amount_per_buyer": sums["paid_amount"] / sums["buyers"]}  # fmt: skip


def past_ratios(days: pd.DataFrame, calendar: pd.DataFrame) -> pd.DataFrame:
    """Each past campaign against 28 days before its warm-up: campaign_type, start, days, then ratios."""
    rows = []
    first, last = days["date"].min(), days["date"].max()
    for row in calendar[
        (calendar["start"] >= first + (USUAL_DAYS + WARM_DAYS) * DAY) & (calendar["end"] <= last + DAY)
    ].itertuples():
        start, end = row.start.normalize(), row.end.normalize()
        before = days[(days["date"] < start - WARM_DAYS * DAY) & (days["date"] >= start - (USUAL_DAYS + WARM_DAYS) * DAY)]
        warm = days[(days["date"] >= start - WARM_DAYS * DAY) & (days["date"] < start)]
        during = days[days["date"].between(start, end)]
        usual, now = _rates(before), _rates(during)
        out = {"campaign": row.campaign, "campaign_type": row.campaign_type, "start": start, "days": len(during)}
        out |= {k: now[k] / usual[k] if usual[k] else np.nan for k in FACTORS}
        out["carts"] = _interest(warm) / _interest(before) if _interest(before) else np.nan
        out["peak"] = during["paid_amount"].max() / before["paid_amount"].mean() if before["paid_amount"].mean() else np.nan
        rows.append(out)
    columns = ["campaign", "campaign_type", "start", "days", *FACTORS, "carts", "peak"]
    return pd.DataFrame(rows, columns=columns).dropna(subset=list(FACTORS)).reset_index(drop=True)


def _interest(days: pd.DataFrame) -> float:
    """Cart and favourite users a day."""
    known = [c for c in ("cart_users", "favorite_users") if c in days and days[c].notna().any()]
    return float(days[known].sum(axis=1).mean()) if known else float("nan")


def factor_draws(past: pd.DataFrame, rng: np.random.Generator, count: int) -> dict[str, np.ndarray]:
    """Ratios of the next campaign: past campaigns' logs, spread between them, and uncertainty of their mean (Student)."""
    out = {}
    for name in FACTORS:
        logs = np.log(past[name].to_numpy(float))
        sd = np.sqrt((logs.var(ddof=1) * (len(logs) - 1) if len(logs) > 1 else 0.0) + 2 * LOOSE_SD[name] ** 2) / np.sqrt(
            len(logs) + 1
        )
        out[name] = np.exp(logs.mean() + sd * np.sqrt(1 + 1 / len(logs)) * rng.standard_t(len(logs) + 1, count))
    return out


def signal_table(days: pd.DataFrame, past: pd.DataFrame, prior: np.ndarray, warm_up: pd.Timestamp) -> pd.DataFrame:
    """Forecast of paid amount after each warm-up day: date, carts (ratio so far), forecast, low, high.

    log(sales ratio) given log(cart ratio) has slope ½ from a wide prior, moved by past campaigns; before any signal the
    forecast is the prior one.
    """
    columns = ["date", "carts", "forecast", "low", "high"]
    known = past.dropna(subset=["carts"])
    seen = days[days["date"] >= warm_up]
    if len(known) < 2 or seen.empty:
        return pd.DataFrame(columns=columns)
    sales = np.log(known[list(FACTORS)].prod(axis=1).to_numpy(float))
    carts = np.log(known["carts"].to_numpy(float))
    x, y = carts - carts.mean(), sales - sales.mean()
    noise = max(float(y.var()), 0.05)
    slope = (0.5 / 0.25 + float(x @ y) / noise) / (1 / 0.25 + float(x @ x) / noise)
    left = max(float((y - slope * x).var()), 0.02)
    prior_log = np.log(prior)
    usual = _interest(days[(days["date"] < warm_up) & (days["date"] >= warm_up - USUAL_DAYS * DAY)])
    rows = []
    for number, day in enumerate(seen["date"], start=1):
        ratio = _interest(seen[seen["date"] <= day]) / usual
        if not np.isfinite(ratio) or ratio <= 0:
            continue
        var = left + 0.3 / number
        keep = prior_log.var() / (prior_log.var() + var)
        mean = prior_log.mean() + keep * slope * (np.log(ratio) - carts.mean())
        sd = np.sqrt(prior_log.var() * (1 - keep * min(slope**2, 1.0)))
        rows.append(
            (day, ratio, float(np.exp(mean + sd**2 / 2)), float(np.exp(mean - 1.96 * sd)), float(np.exp(mean + 1.96 * sd)))
        )
    return pd.DataFrame(rows, columns=columns)
