"""What carried the campaign: buyers, the KPI tree, traffic sources, the burst hour by hour, its phases."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign.choose import DAY, Campaign
from tmall_nb.analyses.campaign.lift import Series
from tmall_nb.analyses.campaign.targets import FACTORS, mean_day
from tmall_nb.calendar import campaign_phases
from tmall_nb.queries.campaign_money import buyer_kinds, later_value
from tmall_nb.queries.order_hours import order_hours
from tmall_nb.queries.source_periods import source_period
from tmall_nb.stats.lmdi import lmdi
from tmall_nb.stats.proportions import wilson
from tmall_nb.stats.skewed_mean import skewed_mean

LEAST_SOURCE_DAYS = 3
__all__ = ["buyer_table", "burst_hours", "kpi_factors", "later_buyers", "phase_table", "source_table"]

BURST_HOURS = 52  # from 20:00 the evening before to the end of the second day


def buyer_table(series: Series, c: Campaign) -> pd.DataFrame:
    """New (first order inside the data) against returning buyers: kind, buyers, paid_orders, paid_amount, share."""
    frame = buyer_kinds(series.shop, start=c.burst, stop=c.end + DAY)
    total = frame["paid_amount"].sum() if len(frame) else 0.0
    return frame.assign(share=frame["paid_amount"] / total if total else np.nan)


def later_buyers(series: Series, c: Campaign, others: list[Campaign], *, level: float) -> pd.DataFrame:
    """First buyers of the campaign and of ordinary days at the same age: 90, 60 or 30 days.

    The longest age that has passed counts. Ordinary: first order at most 180 days before the campaign, or after it, on no
    campaign's day. Yuan: net of refunds, after the first order.

    Returns
    -------
    group (campaign, other_days, difference), age_days, buyers, again (share that ordered again, Wilson; Newcombe for the
    difference), low, high, later_yuan, later_low, later_high (skewed mean; the difference adds the halves in quadrature);
    empty where buyers are masked or 30 days have not passed
    """
    columns = "group age_days buyers again low high later_yuan later_low later_high".split()
    age = next((a for a in (90, 60, 30) if c.burst + a * DAY <= series.last - DAY), None)
    if age is None:
        return pd.DataFrame(columns=columns)
    earliest = max(series.days["date"].min() + 60 * DAY, c.start - 180 * DAY)
    spans = [(o.burst, o.end + DAY) for o in others if o.name != c.name]
    frame = later_value(
        series.shop, start=c.burst, stop=c.end + DAY, spans=spans, earliest=earliest, until=series.last + DAY, age=age
    )
    if frame.empty:
        return pd.DataFrame(columns=columns)
    low, high = wilson(frame["again"], frame["buyers"], level=level)
    mean, later_low, later_high = skewed_mean(frame["buyers"], frame["total"], frame["squares"], frame["cubes"], level=level)
    out = frame.assign(
        group=np.where(frame["in_campaign"].astype(bool), "campaign", "other_days"), age_days=age,
        again=frame["again"] / frame["buyers"], low=low, high=high, later_yuan=mean, later_low=later_low, later_high=later_high,
    )[columns]  # fmt: skip
    return pd.concat([out, _difference(out.set_index("group"), age)], ignore_index=True)


def _difference(groups: pd.DataFrame, age: int) -> pd.DataFrame:
    """Campaign minus ordinary days, intervals from the two one-sided halves (Newcombe 1998, method 10)."""
    if len(groups) < 2:
        return pd.DataFrame()
    ours, other = groups.loc["campaign"], groups.loc["other_days"]
    row: dict[str, object] = {"group": "difference", "age_days": age, "buyers": int(ours["buyers"] + other["buyers"])}
    for value, low, high in (("again", "low", "high"), ("later_yuan", "later_low", "later_high")):
        gap = ours[value] - other[value]
        row |= {
            value: gap, low: gap - np.hypot(ours[value] - ours[low], other[high] - other[value]),
            high: gap + np.hypot(ours[high] - ours[value], other[value] - other[low]),
        }  # fmt: skip
    return pd.DataFrame([row])


def kpi_factors(series: Series, c: Campaign) -> pd.DataFrame:
    """A mean campaign day against a mean ordinary day: factor, before, after, contribution (yuan a day, sums exactly)."""
    before = mean_day(series.usual(c))
    after = mean_day(series.days[series.days["date"].between(c.start, c.end)])
    table = pd.DataFrame(
        {"factor": FACTORS, "before": before[list(FACTORS)].to_numpy(), "after": after[list(FACTORS)].to_numpy()}
    )
    known = np.isfinite(table[["before", "after"]].to_numpy(float)).all() and (table[["before", "after"]] > 0).all().all()
    parts = (
        lmdi(table["before"].to_numpy(float)[None], table["after"].to_numpy(float)[None])[0] if known else np.full(3, np.nan)
    )
    return table.assign(contribution=parts)


def source_table(series: Series, c: Campaign) -> pd.DataFrame:
    """Traffic sources per day, campaign against the ordinary days before: visitors, paid_amount (and _before), change."""
    columns = "source visitors_before visitors paid_before paid_amount change share".split()
    if not series.shop.has("traffic_source"):
        return pd.DataFrame(columns=columns)
    held = series.shop.sql("SELECT DISTINCT CAST(date AS DATE) AS date FROM traffic_source")["date"]
    before, during = (sorted(set(held) & set(d)) for d in (series.usual(c)["date"], pd.date_range(c.start, c.end)))
    if min(len(before), len(during)) < LEAST_SOURCE_DAYS:
        return pd.DataFrame(columns=columns)
    now, old = (
        source_period(series.shop, days=days).set_index("segment")[["visitors", "paid_amount"]] / len(days)
        for days in (during, before)
    )
    old = old.rename(columns={"visitors": "visitors_before", "paid_amount": "paid_before"})
    table = now.join(old, how="outer").fillna(0.0)
    table["change"] = table["paid_amount"] - table["paid_before"]
    table["share"] = table["change"] / table["change"].sum() if table["change"].sum() > 0 else np.nan
    return table.rename_axis("source").reset_index().sort_values("change", ascending=False, ignore_index=True)[columns]


def burst_hours(series: Series, c: Campaign) -> pd.DataFrame:
    """Orders by hour against the same hours of the ordinary days before, from 20:00 the evening before each burst.

    Returns
    -------
    burst (opening, climax: the best-selling day where it is not the opening's), hour, since (hours since the burst's first),
    paid_orders, paid_amount, usual, ratio; empty without order times
    """
    days = series.usual(c)["date"]
    before = order_hours(series.shop, start=days.min(), stop=days.max() + DAY)
    before = before[before["hour"].dt.normalize().isin(days)]
    usual = before["paid_amount"].groupby(before["hour"].dt.hour).mean() if len(before) else pd.Series(dtype=float)
    parts = []
    for name, start in _bursts(series, c):
        stop = min(start + pd.Timedelta(hours=BURST_HOURS), c.end + DAY)
        part = order_hours(series.shop, start=start, stop=stop)
        expected = part["hour"].dt.hour.map(usual) if len(part) else part["paid_amount"]
        parts.append(part.assign(burst=name, since=range(len(part)), usual=expected))
    hours = pd.concat(parts, ignore_index=True)
    ratio = hours["paid_amount"].div(hours["usual"]).where(hours["usual"] > 0)
    columns = "burst hour since paid_orders paid_amount usual ratio".split()
    return hours.assign(ratio=ratio)[columns]


def _bursts(series: Series, c: Campaign) -> list[tuple[str, pd.Timestamp]]:
    """The opening, and the evening before the best-selling day where that lies after the opening's first two days."""
    opening = c.burst if c.burst.hour >= 18 else c.start - pd.Timedelta(hours=4)
    inside = series.days[series.days["date"].between(c.start, c.end)]
    best = inside.loc[inside["paid_amount"].idxmax(), "date"] if inside["paid_amount"].notna().any() else c.start
    climax = best - pd.Timedelta(hours=4)
    return [("opening", opening), *([("climax", climax)] if climax >= opening + 2 * DAY else [])]


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
