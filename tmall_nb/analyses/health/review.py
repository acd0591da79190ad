"""``review_health``: the week's look at a shop, from whatever tables there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.analyses.health.changes import factor_changes, source_changes
from tmall_nb.analyses.health.findings import health_findings
from tmall_nb.analyses.health.kpis import KPIS, Periods, choose_periods, kpi_table
from tmall_nb.analyses.health.refunds import refund_weeks
from tmall_nb.analyses.result import Finding, Method
from tmall_nb.errors import NotEnoughData, ParameterError
from tmall_nb.queries.item_shares import item_shares
from tmall_nb.queries.order_patterns import order_pattern
from tmall_nb.queries.shop_days import shop_days
from tmall_nb.shop import Shop
from tmall_nb.stats.anomaly import find_alarms, find_breaks

SOURCE = (
    "KPI definitions of 生意参谋; LMDI-I (Ang 2005); reverse-time product limit for refund lags "
    "(Lagakos, Barraj & De Gruttola 1988) with Bornhuetter-Ferguson completion"
)
DAY_COLUMNS = "date paid_amount visitors paid_orders".split()
MARKS = "expected low high alarm campaign broken complete".split()


@dataclass(frozen=True, slots=True)
class HealthResult:
    """The state of a shop in one period.

    Attributes
    ----------
    table : one row per KPI: metric, value, previous, change (relative) with low/high, last_year, change_last_year, days
    days : one row per date: every KPI of that day (ratios from its own parts), expected paid_amount with low/high, alarm,
        campaign, broken (deliveries stood still), complete
    factors : one row per factor of the KPI tree: before, after, contribution (yuan; sums to the change of paid_amount)
    sources : one row per traffic source and factor: before, after, contribution
    weeks : one row per payment week: paid_amount, refund_seen, refund_expected (low, high), net_amount (net_low, net_high)
    breaks : one row per run of days without business: start, end, days, orders_per_day, usual_orders_per_day
    items : one row per item sold in the period: paid_amount, paid_units, share, cumulative_share
    hours, weekdays, provinces : orders of the period: paid_orders, paid_amount, refund_amount, share
    findings, method : as everywhere
    """

    table: pd.DataFrame
    days: pd.DataFrame
    factors: pd.DataFrame
    sources: pd.DataFrame
    weeks: pd.DataFrame
    breaks: pd.DataFrame
    items: pd.DataFrame
    hours: pd.DataFrame
    weekdays: pd.DataFrame
    provinces: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method


def review_health(
    shop: Shop | pd.DataFrame, *, period_days: int = 28, end: str | None = None, level: float = 0.95, seed: int = 0
) -> HealthResult:
    """Say how the shop did in its newest period, what moved it, and what is out of the ordinary.

    Trust the decomposition as arithmetic, not as cause. Intervals of changes tell ordinary variation of days from change;
    they know nothing of a campaign that fell into one period only (the campaign review does).

    Parameters
    ----------
    shop : a Shop, or a frame with date and any of visitors, buyers, paid_amount, paid_orders, paid_units, refund_amount, spend
    period_days : length of the period, 7-366 days; halved to what is there where two periods do not fit
    end : last day of the period, YYYY-MM-DD; None: the last complete day
    level : confidence level of the intervals, 0-1
    seed : seed of the refund simulation

    Raises
    ------
    ParameterError : period_days, end or level out of range
    NotEnoughData : fewer than four days

    Examples
    --------
    >>> import pandas as pd, tmall_nb as tn
    >>> days = pd.DataFrame({"date": pd.date_range("2025-01-01", periods=56), "paid_amount": 100.0, "paid_orders": 2.0})
    >>> tn.review_health(days).table.set_index("metric").change["paid_amount"]
    np.float64(0.0)
    """
    days = shop_days(shop) if isinstance(shop, Shop) else _plain_days(shop)
    last = _check(days, period_days, end, level)
    periods = choose_periods(days, period_days, last)
    days, breaks = _mark_days(days, shop)
    table = kpi_table(days, periods, level=level)
    parts = _shop_parts(shop, days, periods, level, seed)
    factors = factor_changes(table, periods)
    late = int((~days["complete"] & days["paid_amount"].gt(0)).sum())
    method = Method(
        name="health",
        source=SOURCE,
        assumptions=("identity", "ordinary_days", "refund_maturity", "visitors_not_additive"),
        start=days["date"].min(),
        end=periods.end,
        rows_used=int(days["paid_amount"].notna().sum()),
        level=level,
        parameters={"period_days": periods.days, "end": str(periods.end.date())},
        seed=seed,
    ).drop("day_incomplete", late)
    frames = {"table": table, "days": _with_ratios(days), "factors": factors, "breaks": breaks, **parts}
    findings = health_findings(frames, periods)
    return HealthResult(**frames, findings=findings, method=method)


def _plain_days(frame: pd.DataFrame) -> pd.DataFrame:
    if "date" not in frame or not {"paid_amount", "paid_orders", "visitors"} & set(frame.columns):
        raise NotEnoughData(
            f"columns {', '.join(map(str, frame.columns))}: expected date and one of paid_amount, paid_orders, visitors"
        )
    days = frame.assign(date=pd.to_datetime(frame["date"])).set_index("date").sort_index()
    if days.index.has_duplicates:
        raise NotEnoughData(f"date {days.index[days.index.duplicated()][0]:%Y-%m-%d} stands twice: expected one row per day")
    columns = "visitors buyers paid_orders paid_units paid_amount net_amount refund_amount spend".split()
    days = days.reindex(pd.date_range(days.index[0], days.index[-1]))
    days[columns] = days.reindex(columns=columns).astype("float64")
    return days.assign(complete=True).rename_axis("date").reset_index()


def _check(days: pd.DataFrame, period_days: int, end: str | None, level: float) -> pd.Timestamp | None:
    if not 7 <= period_days <= 366:
        raise ParameterError("period_days", period_days, "7-366 days")
    if not 0 < level < 1:
        raise ParameterError("level", level, "a fraction between 0 and 1, e.g. 0.95")
    if len(days) < 4:
        raise NotEnoughData(f"{len(days)} days of data: at least 4 days are needed to compare anything")
    if end is None:
        return None
    first, last = days["date"].min(), days["date"].max()
    try:
        day = pd.Timestamp(end)
    except ValueError as error:
        raise ParameterError("end", end, "a day written YYYY-MM-DD") from error
    if not first + pd.Timedelta(days=3) <= day <= last:
        raise ParameterError("end", end, f"a day with data, {first:%Y-%m-%d} (plus three days) to {last:%Y-%m-%d}")
    return day


def _mark_days(days: pd.DataFrame, shop: Shop | pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add expected range, alarms, campaign and break marks; return the runs of broken days too."""
    days = days.copy()
    days["campaign"] = _campaign_days(days["date"], shop) if isinstance(shop, Shop) else False
    counts = days["paid_orders"] if days["paid_orders"].notna().any() else days["paid_amount"]
    counts = counts.where(days["complete"])
    runs = find_breaks(counts.to_numpy(float))
    broken = np.zeros(len(days), bool)
    rows = []
    for first, last in runs:
        broken[first : last + 1] = True
        around = counts.iloc[max(0, first - 15) : last + 16][~broken[max(0, first - 15) : last + 16]]
        start, stop = days["date"].iloc[first], days["date"].iloc[last]
        rows.append((start, stop, last - first + 1, counts.iloc[first : last + 1].mean(), around.median()))
    amount = days["paid_amount"].where(days["complete"]).to_numpy(float)
    alarms = find_alarms(amount, days["campaign"].to_numpy(bool) | broken)
    days = days.assign(expected=alarms.expected, low=alarms.low, high=alarms.high, alarm=alarms.alarm, broken=broken)
    columns = ["start", "end", "days", "orders_per_day", "usual_orders_per_day"]
    return days, pd.DataFrame(rows, columns=columns)


def _with_ratios(days: pd.DataFrame) -> pd.DataFrame:
    """The days with each KPI of that day (ratios from the day's own parts, missing where a part is)."""
    kpis = {}
    for metric, (top, bottom) in KPIS.items():
        below = days[bottom].where(days[bottom] > 0) if bottom else 1.0
        kpis[metric] = days[top] / below
    extra = pd.DataFrame(kpis, index=days.index).drop(columns=[c for c in DAY_COLUMNS if c in kpis])
    return pd.concat([days[[*DAY_COLUMNS, *MARKS]], extra], axis=1)


def _campaign_days(dates: pd.Series, shop: Shop) -> pd.Series:
    campaign = pd.Series(False, index=dates.index)
    for row in shop.calendar.itertuples():
        campaign |= (dates + pd.Timedelta(days=1) > row.start) & (dates <= row.end)
    return campaign


def _shop_parts(
    shop: Shop | pd.DataFrame, days: pd.DataFrame, periods: Periods, level: float, seed: int
) -> dict[str, pd.DataFrame]:
    if not isinstance(shop, Shop):
        names = "sources weeks items hours weekdays provinces".split()
        return {name: pd.DataFrame() for name in names}
    weeks, _ = refund_weeks(shop, days, level=level, seed=seed)
    span = {"start": periods.start, "end": periods.end}
    parts = {"sources": source_changes(shop, periods), "weeks": weeks, "items": item_shares(shop, **span)}
    for name, by in (("hours", "hour"), ("weekdays", "weekday"), ("provinces", "province")):
        parts[name] = order_pattern(shop, by=by, **span) if shop.has("orders") else pd.DataFrame()
    return parts
