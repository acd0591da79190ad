"""``track_cohorts``: how many first buyers come back, when, and what they are worth by then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tmall_nb.analyses.cohorts.aggregate import COLUMNS as MONTH_COLUMNS
from tmall_nb.analyses.cohorts.aggregate import NEEDED, aggregate_months
from tmall_nb.analyses.cohorts.cells import COLUMNS, LEVEL, cell_grid
from tmall_nb.analyses.cohorts.curves import (
    WINDOW_DAYS,
    compare_segments,
    reminder_window,
    repurchase_curve,
    repurchase_rates,
)
from tmall_nb.analyses.cohorts.findings import aggregate_findings, cohort_findings
from tmall_nb.analyses.cohorts.projection import pooled_retention, project_retention
from tmall_nb.analyses.cohorts.seasons import calendar_effects
from tmall_nb.analyses.result import Finding, Method
from tmall_nb.errors import ExportError, NotEnoughData, ParameterError
from tmall_nb.queries.buyer_orders import FIRST_COLUMNS, BuyerOrders, buyer_orders
from tmall_nb.queries.cohort_cells import CohortCells, cohort_cells
from tmall_nb.queries.second_orders import first_orders, waiting_buyers
from tmall_nb.shop import Shop

__all__ = ["CohortsResult", "track_cohorts"]

SOURCE = (
    "Kaplan & Meier 1958; Wilson 1927; Hall 1992 (mean of skewed amounts); Fader & Hardie 2007 (sBG) and Fader, Hardie, Liu, "
    "Davin & Steenburgh 2018 (BdW); Holford 1983 (age, period, cohort)"
)
ASSUMPTIONS = ("unseen_is_missing", "one_buyer_one_key", "km_censoring", "equal_age", "projection_shape", "period_trend")
PERIODS = ("month", "30_days")
REFUNDED = ("in", "out")


@dataclass(frozen=True, slots=True)
class CohortsResult:
    """Retention of first buyers by month of their first order. Intervals are at ``method.level``.

    Attributes
    ----------
    table : one row per cohort: cohort_size, retention one period later with low/high, revenue_per_member so far, verdict
    cells : one row per cohort and age in ``period``: cohort_size, active, retention (low, high), revenue (net),
        revenue_per_member (revenue_low, revenue_high), seen, enough; NaN where the cell is not fully observed
    ages : the same by age in 30 days since each buyer's own first order
    curve : one row per day since the first order: repurchased (low, high) by Kaplan-Meier, at_risk, events
    segments : one row per attribute of the first order and value: repurchased within 90 days (low, high), against_rest
    rates : one row per definition of 复购率
    projection : one row per age and kind (seen, fitted, ahead): retention, low, high, model, holdout_error
    calendar : one row per calendar month: departure of all cohorts' activity from a straight line
    months : where buyers are masked: one row per month of new and returning buyers (all other frames are empty then)
    findings, method : as everywhere
    """

    table: pd.DataFrame
    cells: pd.DataFrame
    ages: pd.DataFrame
    curve: pd.DataFrame
    segments: pd.DataFrame
    rates: pd.DataFrame
    projection: pd.DataFrame
    calendar: pd.DataFrame
    months: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method


def track_cohorts(
    orders: Shop | pd.DataFrame,
    *,
    period: str = "month",
    observation_end: str | pd.Timestamp | None = None,
    buyer: str = "buyer_key",
    refunded: str = "in",
    campaigns: pd.DataFrame | None = None,
) -> CohortsResult:
    """Say how many first buyers come back and when, and whom to remind.

    Trust the curve of second orders first: it uses every buyer for as long as seen. Trust revenue per member where ``enough``.
    Comparisons of segments are observations: buyers of a campaign differ from others in more than the campaign.

    Parameters
    ----------
    orders : a Shop, or a frame with ``buyer``, paid_at, paid_amount and optionally refund_amount, order_id, shop_id and what
        the first order is compared by: item, category, channel, province. A frame with date, new_buyers and returning_buyers
        (or a shop whose buyers are masked) gives the aggregate mode
    period : age of ``cells``: ``month`` (calendar months) or ``30_days``; ``ages`` always holds 30-day ages
    observation_end : last day observed, YYYY-MM-DD; orders after it are set aside and counted. None: a shop's last order day
    buyer : the column that identifies a buyer
    refunded : does a wholly refunded order count as an order? ``in`` or ``out``; revenue is net of refunds either way
    campaigns : one row per campaign: start, end; None: a shop's own calendar, nothing for a frame

    Raises
    ------
    ParameterError, ExportError, NotEnoughData : with what was found and what to do

    Examples
    --------
    >>> import pandas as pd, tmall_nb as tn
    >>> days = pd.to_datetime(["2025-01-05", "2025-02-10", "2025-01-20"])
    >>> orders = pd.DataFrame({"buyer_key": ["a", "a", "b"], "paid_at": days, "paid_amount": [90.0, 80.0, 60.0]})
    >>> tn.track_cohorts(orders, observation_end="2025-03-31").cells.active.tolist()
    [2.0, 1.0, 0.0]
    """
    if period not in PERIODS:
        raise ParameterError("period", period, " or ".join(PERIODS))
    if refunded not in REFUNDED:
        raise ParameterError("refunded", refunded, " or ".join(REFUNDED))
    if _masked(orders, buyer):
        return _aggregate(orders, observation_end)
    data = buyer_orders(orders, end=observation_end, buyer=buyer, first=FIRST_COLUMNS)
    if campaigns is None and isinstance(orders, Shop):
        campaigns = orders.calendar
    return _track(data, _checked_campaigns(campaigns), period, refunded)


def _masked(orders: Shop | pd.DataFrame, buyer: str) -> bool:
    if isinstance(orders, Shop):
        return not orders.has("orders", "buyer_key")
    return buyer not in orders and set(NEEDED) <= set(orders.columns)


def _checked_campaigns(campaigns: pd.DataFrame | None) -> pd.DataFrame | None:
    if campaigns is None:
        return None
    for name in ("start", "end"):
        if name not in campaigns:
            raise ExportError("campaigns", f"is missing; found {', '.join(map(str, campaigns.columns))}", column=name)
    return campaigns.assign(start=pd.to_datetime(campaigns["start"]), end=pd.to_datetime(campaigns["end"]))


def _track(data: BuyerOrders, campaigns: pd.DataFrame | None, period: str, refunded: str) -> CohortsResult:
    keep = refunded == "in"
    frames: dict[str, pd.DataFrame] = {}
    both = {name: cohort_cells(data, refunded=name == "in") for name in REFUNDED}
    found = both[refunded]
    if found.sizes.empty:
        raise NotEnoughData(
            f"all {data.counts['rows_used']} orders were refunded wholly, so with refunded='out' nobody is a buyer; "
            "use refunded='in', or later order files"
        )
    calendar = cell_grid(found.calendar, found.sizes, end=data.end, period="month")
    frames["ages"] = cell_grid(found.ages, found.sizes, end=data.end, period="30_days")
    frames["cells"] = calendar if period == "month" else frames["ages"]
    firsts = first_orders(data, refunded=keep, window_days=WINDOW_DAYS)
    frames["curve"], curve = repurchase_curve(firsts, end_day=data.end_day, level=LEVEL)
    frames["segments"] = compare_segments(data, firsts, campaigns, refunded=keep, level=LEVEL)
    frames["rates"] = repurchase_rates(firsts, curve, end_day=data.end_day, level=LEVEL)
    pooled = pooled_retention(frames["cells"], level=LEVEL)
    frames["projection"], error = project_retention(pooled)
    frames["calendar"] = calendar_effects(calendar, level=LEVEL)
    frames["table"] = _per_cohort(frames["cells"])
    window = reminder_window(curve)
    facts: dict[str, Any] = {
        "buyers": int(found.sizes["cohort_size"].sum()), "second_orders": int(curve.events.sum()), "window": window,
        "waiting": waiting_buyers(firsts, window, end_day=data.end_day), "holdout_error": error, "ages": len(pooled),
    }  # fmt: skip
    facts |= _ahead(frames["projection"])
    frames["months"] = pd.DataFrame(columns=MONTH_COLUMNS)
    method = _method(data, {"period": period, "refunded": refunded} | _both_ways(both, data.end))
    return CohortsResult(**frames, findings=cohort_findings(frames, facts), method=method)


def _ahead(projection: pd.DataFrame) -> dict[str, Any]:
    rows = projection[projection["kind"] == "ahead"]
    return {"ahead_age": int(rows["age"].iloc[-1]), "ahead": float(rows["retention"].iloc[-1])} if len(rows) else {}


def _per_cohort(cells: pd.DataFrame) -> pd.DataFrame:
    next_period = cells[cells["age"] == 1].set_index("cohort")
    rows = cells.groupby("cohort").agg(
        cohort_size=("cohort_size", "first"), ages_seen=("seen", "sum"), revenue=("revenue", "sum")
    )
    rows = rows.join(next_period[["active", "retention", "low", "high"]])
    rows["revenue_per_member"] = (rows["revenue"] / rows["cohort_size"]).where(rows["ages_seen"] > 0)
    rows["verdict"] = np.where(rows["retention"].notna(), "ok", "not_enough_data")
    return rows.reset_index()[
        ["cohort", "cohort_size", "active", "retention", "low", "high", "ages_seen", "revenue_per_member", "verdict"]
    ]


def _both_ways(both: dict[str, CohortCells], end: pd.Timestamp) -> dict[str, float]:
    """Retention one month later, with refunded orders in and out."""
    shares = {}
    for name, found in both.items():
        share = float("nan")
        if len(found.sizes):
            first = cell_grid(found.calendar, found.sizes, end=end, period="month").query("age == 1 and seen")
            members = first["cohort_size"].sum()
            share = round(float(first["active"].sum() / members), 4) if members else share
        shares[f"retention_month_1_refunded_{name}"] = share
    return shares


def _method(data: BuyerOrders, parameters: dict[str, Any]) -> Method:
    method = Method(
        name="cohorts", source=SOURCE, assumptions=ASSUMPTIONS, end=data.end, rows_used=data.counts["rows_used"], level=LEVEL,
        start=data.first_day, parameters={"observation_end": f"{data.end:%Y-%m-%d}", **parameters},
    )  # fmt: skip
    for reason, rows in data.counts.items():
        if reason != "rows_used":
            method = method.drop(reason, rows)
    return method


def _aggregate(orders: Shop | pd.DataFrame, end: str | pd.Timestamp | None) -> CohortsResult:
    months = aggregate_months(orders, end=None if end is None else pd.Timestamp(end), level=LEVEL)
    empty = {name: pd.DataFrame() for name in ("curve", "segments", "rates", "projection", "calendar")}
    method = Method(
        name="cohorts_masked", source="生意参谋 new and returning buyers", assumptions=("masked_limits",), level=LEVEL,
        start=months["month"].min(), end=months["month"].max(), rows_used=int(months["days"].sum()),
    )  # fmt: skip
    cells = pd.DataFrame(columns=COLUMNS)
    return CohortsResult(
        table=months, cells=cells, ages=cells, months=months, findings=aggregate_findings(months), method=method, **empty
    )
