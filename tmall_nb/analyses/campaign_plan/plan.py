"""``plan_campaign``: targets, stock, depth, budget, break-even and readiness of the next campaign."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign_plan.past import FACTORS, Upcoming, choose_upcoming, factor_draws, past_ratios, signal_table
from tmall_nb.analyses.campaign_plan.ready import checklist, plan_findings
from tmall_nb.analyses.campaign_plan.stock import depth_table, stock_table
from tmall_nb.analyses.result import Finding, Method
from tmall_nb.errors import NotEnoughData, ParameterError
from tmall_nb.queries.shop_days import shop_days
from tmall_nb.shop import Shop

DAY = pd.Timedelta(days=1)
DRAWS = 2000
SOURCE = "Past campaigns' ratios on the KPI tree (visitors × conversion × amount per buyer), Student predictive of their logs"


@dataclass(frozen=True, slots=True)
class PlanResult:
    """The plan of one campaign.

    Attributes
    ----------
    table : one row per metric (visitors, conversion_rate, amount_per_buyer, paid_amount a day and in all): usual, times,
        planned, low, high (95 %), campaigns (how many taught it)
    past : one row per past campaign: its ratios to 28 days before (visitors_times …)
    stock : one row per item: expected units, low, high, stock_units, inbound_units, order_units
    depths : one row per item: best discount depth, lift needed to break even, lift expected
    budget : one row per line: usual ad spend, planned at the usual cost ratio, most that breaks even
    signals : one row per warm-up day: cart ratio, forecast with low/high
    checklist : one row per check: state (ready, todo, unknown), count
    findings, method : as everywhere
    """

    table: pd.DataFrame
    past: pd.DataFrame
    stock: pd.DataFrame
    depths: pd.DataFrame
    budget: pd.DataFrame
    signals: pd.DataFrame
    checklist: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method


def plan_campaign(
    shop: Shop,
    *,
    campaign: str | None = None,
    service_level: float = 0.95,
    elasticity: pd.DataFrame | None = None,
    seed: int = 0,
) -> PlanResult:
    """Say what the next campaign may bring, what it needs, and what is not ready.

    Trust the ranges where three or more campaigns of the kind lie in the data; with fewer, all kinds teach it and the range is
    wider. The forecast is gross: what it leaves after borrowed demand and costs is the post-mortem's answer.

    Parameters
    ----------
    shop : a Shop
    campaign : part of the name of a campaign on the calendar after the data; None: the next one
    service_level : probability that stock lasts for an item, 0.5-0.999
    elasticity : ``estimate_elasticity(shop).table``; None: depths are shown with an assumed elasticity of −2
    seed : seed of the simulation

    Raises
    ------
    ParameterError : no such campaign ahead; NotEnoughData : no past campaign inside the data, or no visitors
    """
    if not isinstance(shop, Shop):
        raise ParameterError("shop", type(shop).__name__, "a Shop (load_shop)")
    if not 0.5 <= service_level <= 0.999:
        raise ParameterError("service_level", service_level, "a fraction between 0.5 and 0.999, e.g. 0.95")
    days = _days(shop)
    ahead = choose_upcoming(shop.calendar, days["date"].max(), campaign)
    if ahead is None:
        raise ParameterError("campaign", campaign, f"a campaign of the calendar after {days['date'].max():%Y-%m-%d}")
    past = past_ratios(days, shop.calendar)
    if past.empty:
        raise NotEnoughData("no past campaign with five weeks before it lies in the data; load an earlier period of 店铺概况")
    teachers = past[past["campaign_type"] == ahead.kind]
    teachers = teachers if len(teachers) >= 3 else past
    rng = np.random.default_rng(seed)
    draws = factor_draws(teachers, rng, DRAWS)
    ratio = np.prod([draws[k] for k in FACTORS], axis=0)
    table = _targets(days, draws, ratio, ahead, len(teachers))
    stock = stock_table(shop, ratio, ahead.days, service_level=service_level, rng=rng)
    margin = float(shop.settings.get("gross_margin", 0.5))
    shown = past.rename(columns={k: f"{k}_times" for k in FACTORS})
    frames = {"table": table, "past": shown, "stock": stock, "depths": depth_table(stock, elasticity, margin)}
    frames["budget"] = _budget(days, table, margin, float(shop.settings.get("commission_rate", 0.0)))
    frames["signals"] = _signals(days, teachers, ratio, ahead)
    frames["checklist"] = checklist(shop, stock, table, ahead.days)
    method = Method(
        name="campaign_plan",
        source=SOURCE,
        assumptions=("past_repeats", "usual_is_recent", "item_follows_shop", "gross_forecast"),
        start=days["date"].min(),
        end=days["date"].max(),
        rows_used=len(teachers),
        level=0.95,
        seed=seed,
        parameters={
            "campaign": ahead.name,
            "start": str(ahead.start.date()),
            "end": str(ahead.end.date()),
            "service_level": service_level,
            "source": ahead.source,
            "confidence": ahead.confidence,
        },
    ).drop("other_kind", len(past) - len(teachers))
    return PlanResult(**frames, findings=plan_findings(frames, ahead), method=method)


def _days(shop: Shop) -> pd.DataFrame:
    days = shop_days(shop)
    days = days[days["complete"] & days["paid_amount"].notna()]
    if days["visitors"].notna().sum() < 35:
        raise NotEnoughData("visitors of fewer than 35 days; export 店铺概况 (生意参谋 → 取数) with 访客数")
    if shop.has("shop_daily"):
        interest = shop.table("shop_daily")
        known = [c for c in ("cart_users", "favorite_users") if c in interest]
        interest = interest.assign(date=pd.to_datetime(interest["date"]))[["date", *known]]
        days = days.drop(columns=known, errors="ignore").merge(interest, on="date", how="left")
    return days.reset_index(drop=True)


def _targets(days: pd.DataFrame, draws: dict[str, np.ndarray], ratio: np.ndarray, ahead: Upcoming, count: int) -> pd.DataFrame:
    recent = days.tail(28)[["visitors", "buyers", "paid_amount"]].sum()
    usual = {"visitors": recent["visitors"] / 28, "conversion_rate": recent["buyers"] / recent["visitors"]}
    usual["amount_per_buyer"] = recent["paid_amount"] / recent["buyers"]
    rows = [(k, usual[k], draws[k], 1.0) for k in FACTORS]
    day = recent["paid_amount"] / 28
    rows += [("paid_per_day", day, ratio, 1.0), ("paid_amount", day * ahead.days, ratio, 1.0)]
    out = []
    for name, base, times, _ in rows:
        low, high = np.quantile(times, [0.025, 0.975])
        out.append((name, base, float(times.mean()), base * float(times.mean()), base * low, base * high, count))
    return pd.DataFrame(out, columns=["metric", "usual", "times", "planned", "low", "high", "campaigns"])


def _budget(days: pd.DataFrame, table: pd.DataFrame, margin: float, commission: float) -> pd.DataFrame:
    """Ad spend: usual for as many days, planned at the usual cost ratio, and the most that the extra sales can pay."""
    recent = days.tail(28)
    row = table.set_index("metric").loc["paid_amount"]
    ratio = recent["spend"].sum() / recent["paid_amount"].sum() if recent["spend"].notna().any() else np.nan
    usual = ratio * row["usual"]
    keep = margin - commission
    lines = [
        ("usual_ads", usual, np.nan, np.nan),
        ("planned_ads", ratio * row["planned"], ratio * row["low"], ratio * row["high"]),
    ]
    extra = [max(row[k] - row["usual"], 0.0) * keep for k in ("planned", "low", "high")]
    lines.append(("break_even_ads", usual + extra[0], usual + extra[1], usual + extra[2]))
    return pd.DataFrame(lines, columns=["line", "yuan", "low", "high"])


def _signals(days: pd.DataFrame, past: pd.DataFrame, ratio: np.ndarray, ahead: Upcoming) -> pd.DataFrame:
    table = signal_table(days, past, ratio, ahead.warm_up)
    base = days.tail(28)["paid_amount"].mean() * ahead.days
    return table.assign(**{k: table[k] * base for k in ("forecast", "low", "high")})
