"""What carried the campaign: buyers, targets, the KPI tree, traffic sources, the burst hour by hour, its phases."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign.choose import DAY, Campaign
from tmall_nb.analyses.campaign.lift import Series
from tmall_nb.calendar import campaign_phases
from tmall_nb.queries.campaign_money import buyer_kinds, later_value
from tmall_nb.queries.order_hours import order_hours
from tmall_nb.queries.source_periods import source_period
from tmall_nb.stats.lmdi import lmdi

__all__ = ["buyer_table", "burst_hours", "kpi_factors", "later_buyers", "phase_table", "source_table", "target_table"]

FACTORS = ("visitors", "conversion_rate", "amount_per_buyer")
BURST_HOURS = 52  # from 20:00 the evening before to the end of the second day
METRICS = {
    "支付金额": "paid_amount",
    "访客数": "visitors",
    "支付买家数": "buyers",
    "支付件数": "paid_units",
    "支付订单数": "paid_orders",
}


def buyer_table(series: Series, c: Campaign) -> pd.DataFrame:
    """New (first order inside the data) against returning buyers: kind, buyers, paid_orders, paid_amount, share."""
    frame = buyer_kinds(series.shop, start=c.burst, stop=c.end + DAY)
    total = frame["paid_amount"].sum() if len(frame) else 0.0
    return frame.assign(share=frame["paid_amount"] / total if total else np.nan)


def later_buyers(series: Series, c: Campaign, *, level: float) -> pd.DataFrame:
    """First buyers of the campaign and of ordinary days at the same age (90, 60 or 30 days, the longest that has passed).

    Returns
    -------
    group (campaign, other_days), age_days, buyers, again (share that ordered again, Wilson), low, high, later_yuan, later_low,
    later_high; empty where buyers are masked or 30 days have not passed
    """
    from scipy.special import ndtri

    columns = "group age_days buyers again low high later_yuan later_low later_high".split()
    age = next((a for a in (90, 60, 30) if c.burst + a * DAY <= series.last - DAY), None)
    if age is None:
        return pd.DataFrame(columns=columns)
    earliest = max(series.days["date"].min() + 60 * DAY, c.start - 180 * DAY)
    frame = later_value(series.shop, start=c.burst, stop=c.end + DAY, earliest=earliest, until=series.last + DAY, age=age)
    z = float(ndtri((1 + level) / 2))
    n, p = frame["buyers"].astype(float), frame["again"] / frame["buyers"]
    centre, half = (p + z**2 / (2 * n)) / (1 + z**2 / n), z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    reach = z * frame["later_sd"] / np.sqrt(n)
    return frame.assign(
        group=np.where(frame["in_campaign"].astype(bool), "campaign", "other_days"), age_days=age, again=p, low=centre - half,
        high=centre + half, later_low=frame["later_yuan"] - reach, later_high=frame["later_yuan"] + reach,
    )[columns]  # fmt: skip


def _mean_day(days: pd.DataFrame) -> pd.Series:
    sums = days[["visitors", "buyers", "paid_amount"]].sum(min_count=1)
    return pd.Series({
        "visitors": sums["visitors"] / max(len(days), 1), "conversion_rate": sums["buyers"] / sums["visitors"],
        "amount_per_buyer": sums["paid_amount"] / sums["buyers"],
    })  # fmt: skip


def kpi_factors(series: Series, c: Campaign) -> pd.DataFrame:
    """A mean campaign day against a mean day of 28 before: factor, before, after, contribution (yuan a day, sums exactly)."""
    days, first = series.days, c.start - c.pre_dip_days * DAY
    before = _mean_day(days[(days["date"] < first) & (days["date"] >= first - 28 * DAY)])
    after = _mean_day(days[days["date"].between(c.start, c.end)])
    table = pd.DataFrame(
        {"factor": FACTORS, "before": before[list(FACTORS)].to_numpy(), "after": after[list(FACTORS)].to_numpy()}
    )
    known = np.isfinite(table[["before", "after"]].to_numpy(float)).all() and (table[["before", "after"]] > 0).all().all()
    parts = (
        lmdi(table["before"].to_numpy(float)[None], table["after"].to_numpy(float)[None])[0] if known else np.full(3, np.nan)
    )
    return table.assign(contribution=parts)


def target_table(series: Series, c: Campaign) -> pd.DataFrame:
    """Targets that overlap the campaign: metric, start, end, target, actual, gap, reached (share), days_seen."""
    columns = "metric start end target actual gap reached days_seen".split()
    if not series.shop.has("targets"):
        return pd.DataFrame(columns=columns)
    targets = series.shop.table("targets")
    rows = []
    for row in targets.itertuples():
        start, end = pd.Timestamp(row.start), pd.Timestamp(row.end)
        metric = METRICS.get(str(row.metric), str(row.metric))
        if end < c.start or start > c.end or (end - start).days > 60 or metric not in series.days:
            continue
        inside = series.days.loc[series.days["date"].between(start, end), metric]
        actual = float(inside.sum(min_count=1))
        rows.append(
            (metric, start, end, float(row.target), actual, actual - row.target, actual / row.target, int(inside.notna().sum()))
        )
    return pd.DataFrame(rows, columns=columns)


def source_table(series: Series, c: Campaign) -> pd.DataFrame:
    """Traffic sources per day, campaign against as many days before: visitors, paid_amount (and _before), change."""
    columns = "source visitors_before visitors paid_before paid_amount change share".split()
    if not series.shop.has("traffic_source"):
        return pd.DataFrame(columns=columns)
    first = c.start - c.pre_dip_days * DAY
    held = series.shop.sql("SELECT min(date) AS first FROM traffic_source")["first"].iloc[0]
    span = min(c.days, (first - held).days) if pd.notna(held) else 0
    if span < 3:
        return pd.DataFrame(columns=columns)
    now = source_period(series.shop, start=c.start, end=c.end).set_index("segment")[["visitors", "paid_amount"]] / c.days
    old = (
        source_period(series.shop, start=first - span * DAY, end=first - DAY).set_index("segment")[["visitors", "paid_amount"]]
        / span
    )
    old = old.rename(columns={"visitors": "visitors_before", "paid_amount": "paid_before"})
    table = now.join(old, how="outer").fillna(0.0)
    table["change"] = table["paid_amount"] - table["paid_before"]
    table["share"] = table["change"] / table["change"].sum() if table["change"].sum() > 0 else np.nan
    return table.rename_axis("source").reset_index().sort_values("change", ascending=False, ignore_index=True)[columns]


def burst_hours(series: Series, c: Campaign) -> pd.DataFrame:
    """Orders by hour from the burst on against the same hours of 28 days before: paid_amount, usual, ratio."""
    start = c.burst if c.burst.hour >= 18 else c.start
    hours = order_hours(series.shop, start=start, stop=min(start + pd.Timedelta(hours=BURST_HOURS), c.end + DAY))
    if hours.empty:
        return hours.assign(usual=np.nan, ratio=np.nan)
    first = c.start - c.pre_dip_days * DAY
    before = order_hours(series.shop, start=first - 28 * DAY, stop=first)
    usual = before["paid_amount"].groupby(before["hour"].dt.hour).mean()
    expected = hours["hour"].dt.hour.map(usual)
    return hours.assign(usual=expected, ratio=hours["paid_amount"].div(expected).where(expected > 0))


def phase_table(series: Series, c: Campaign, calendar: pd.DataFrame) -> pd.DataFrame:
    """Phases of the campaign: phase, start, end, days, the shop's paid_per_day and visitors_per_day."""
    row = calendar[calendar["campaign"] == c.name].iloc[0]
    rows = []
    for phase in campaign_phases(row).itertuples():
        inside = series.days[series.days["date"].between(phase.start.normalize(), phase.end.normalize())]
        if len(inside):
            rows.append(
                (phase.phase, phase.start, phase.end, len(inside), inside["paid_amount"].mean(), inside["visitors"].mean())
            )
    return pd.DataFrame(rows, columns="phase start end days paid_per_day visitors_per_day".split())
