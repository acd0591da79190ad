"""The platform's return: as reported, once its window has closed, net of refunds, with presale; and month-end pacing."""

from __future__ import annotations

import numpy as np
import pandas as pd

REPEATS = 400
RECENT_WEEKS = 8  # closed weeks whose return stands in for days still open
REFUND_DAYS = 35  # orders older than this have nearly all their refunds
LEVELS = (0.05, 0.95)
WEEK = 7


def platform_returns(days: pd.DataFrame, refunds: pd.DataFrame, window: int, seed: int) -> pd.DataFrame:
    """One row per channel, the largest spend first; intervals from a bootstrap of whole weeks.

    Parameters
    ----------
    days : one row per day and channel: spend, ad_sales, presale_sales, ad_net_sales
    refunds : one row per week: paid_amount, refund_amount
    window : days until a click's sales are all booked
    """
    first, last, rng = days["date"].min(), days["date"].max(), np.random.default_rng(seed)
    rate = _refund_rates(refunds, last, rng)
    rows = [
        _channel(str(name), part.sort_values("date"), (first, last), window, rate, rng)
        for name, part in days.groupby("channel", sort=True)
    ]
    return pd.DataFrame(rows).sort_values("spend", ascending=False, ignore_index=True)


def _refund_rates(refunds: pd.DataFrame, last: pd.Timestamp, rng: np.random.Generator) -> np.ndarray:
    """Refunded share of paid yuan over weeks old enough, first the estimate, then bootstrap draws."""
    old = refunds[refunds["week"] <= last - pd.Timedelta(days=REFUND_DAYS)].tail(52)
    paid, back = old["paid_amount"].to_numpy(float), old["refund_amount"].to_numpy(float)
    if len(old) < 4 or not paid.sum() > 0:
        return np.full(REPEATS + 1, np.nan)
    take = rng.integers(0, len(old), (REPEATS, len(old)))
    return np.concatenate([[back.sum() / paid.sum()], back[take].sum(axis=1) / np.maximum(paid[take].sum(axis=1), 1e-9)])


def _channel(
    name: str,
    part: pd.DataFrame,
    span: tuple[pd.Timestamp, pd.Timestamp],
    window: int,
    rate: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, object]:
    first, last = span
    spend, sales = float(part["spend"].sum()), part["ad_sales"]
    weeks = _whole_weeks(part.loc[part["spend"] > 0, "date"], first, last)
    row: dict[str, object] = {"channel": name, "spend": spend, "ad_sales": np.nan, "weeks": weeks, "open_days": 0}
    row |= dict.fromkeys(["roas_reported", "roas_presale"], np.nan)
    row |= {f"roas_{kind}{side}": np.nan for kind in ("matured", "net") for side in ("", "_low", "_high")}
    if sales.notna().sum() == 0 or spend <= 0:
        return row
    known = part[sales.notna()]
    is_open = known["date"] > last - pd.Timedelta(days=window)
    matured = _matured(known, is_open.to_numpy(), rng)
    net_share = 1 - rate
    if known["ad_net_sales"].notna().any():
        closed = known[~is_open & known["ad_net_sales"].notna()]
        booked = float(closed["ad_sales"].sum())
        net_share = np.full(REPEATS + 1, float(closed["ad_net_sales"].sum()) / booked if booked > 0 else np.nan)
    base = float(known["spend"].sum())
    row |= {"ad_sales": float(known["ad_sales"].sum()), "open_days": int(is_open.sum())}
    row["roas_reported"] = float(known["ad_sales"].sum()) / base if base > 0 else np.nan
    presale = float(known["presale_sales"].sum()) if known["presale_sales"].notna().any() else np.nan
    row["roas_presale"] = matured[0] + presale / base if base > 0 else np.nan
    row |= _with_interval("roas_matured", matured) | _with_interval("roas_net", matured * net_share)
    return row


def _whole_weeks(spent: pd.Series, first: pd.Timestamp, last: pd.Timestamp) -> int:
    """Weeks (Monday first) with spend that lie wholly inside the reported days, as the media mix counts them."""
    monday = (spent - pd.to_timedelta(spent.dt.day_of_week, unit="D")).drop_duplicates()
    return int(((monday >= first) & (monday + pd.Timedelta(days=WEEK - 1) <= last)).sum())


def _matured(known: pd.DataFrame, is_open: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return over all days with open days valued at the last closed weeks' return, never below what is booked already."""
    spend, sales = known["spend"].to_numpy(float), known["ad_sales"].to_numpy(float)
    week = ((known["date"] - known["date"].min()).dt.days // WEEK).to_numpy()
    count = int(week.max()) + 1
    closed_spend, closed_sales = (np.bincount(week[~is_open], v[~is_open], count) for v in (spend, sales))
    open_spend, open_booked = float(spend[is_open].sum()), float(sales[is_open].sum())
    whole = np.flatnonzero(closed_spend > 0)
    if len(whole) < 3:
        return np.full(REPEATS + 1, np.nan)
    recent = whole[-RECENT_WEEKS:]
    takes = [(whole, recent)] + [(rng.choice(whole, len(whole)), rng.choice(recent, len(recent))) for _ in range(REPEATS)]
    out = np.empty(REPEATS + 1)
    for k, (every, new) in enumerate(takes):
        ripe = max(open_booked, open_spend * closed_sales[new].sum() / closed_spend[new].sum())
        scale = closed_spend[whole].sum() / closed_spend[every].sum()
        out[k] = (closed_sales[every].sum() * scale + ripe) / (closed_spend[whole].sum() + open_spend)
    return out


def _with_interval(name: str, draws: np.ndarray) -> dict[str, object]:
    if not np.isfinite(draws).all():
        return {name: np.nan, f"{name}_low": np.nan, f"{name}_high": np.nan}
    low, high = np.quantile(draws[1:], LEVELS)
    return {
        name: float(draws[0]),
        f"{name}_low": min(float(low), float(draws[0])),
        f"{name}_high": max(float(high), float(draws[0])),
    }


def pace_month(days: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Where each channel's spend of the newest month will end if it goes on like the last two weeks; 90 % from its own days."""
    last, rng, rows = days["date"].max(), np.random.default_rng(seed), []
    month = (last + pd.Timedelta(days=1)).to_period("M")  # after a month's last day the next one is looked at
    left = (month.end_time.normalize() - last).days
    for name, part in days.groupby("channel", sort=True):
        daily = part.groupby("date")["spend"].sum().reindex(pd.date_range(part["date"].min(), last), fill_value=0.0)
        months = pd.DatetimeIndex(daily.index).to_period("M")
        this, before = daily[months == month], daily[months == month - 1]
        spent, recent = float(this.sum()), daily.tail(2 * WEEK).to_numpy()
        to_come = rng.choice(recent, (REPEATS, max(left, 1))).sum(axis=1) * (left > 0)
        middle = spent + float(recent.mean()) * left
        usual = float(before.sum()) if len(before) >= 28 else np.nan
        low, high = (spent + float(q) for q in np.quantile(to_come, LEVELS))
        rows.append(
            (str(name), month.to_timestamp(), spent, left, middle, low, high, usual, middle / usual if usual > 0 else np.nan)
        )
    columns = ["channel", "month", "spent", "days_left", "projected", "low", "high", "usual", "pace"]
    return pd.DataFrame(rows, columns=columns).sort_values("spent", ascending=False, ignore_index=True)
