"""``plan_campaign``: targets, stock, depth, budget, break-even and readiness of the next campaign."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign_plan.past import FACTORS, Upcoming, choose_upcoming, factor_draws, past_ratios
from tmall_nb.analyses.campaign_plan.ready import checklist, plan_findings
from tmall_nb.analyses.campaign_plan.signals import backtest_table, signal_table
from tmall_nb.analyses.campaign_plan.staff import staff_table
from tmall_nb.analyses.campaign_plan.stock import depth_table, stock_table
from tmall_nb.analyses.result import Finding, Method
from tmall_nb.calendar import mark_ordinary, ordinary_before
from tmall_nb.errors import NotEnoughData, ParameterError
from tmall_nb.queries.shop_days import shop_days
from tmall_nb.shop import Shop

DRAWS, KEPT = 2000, 500  # draws made, and kept in the result for the target simulator
SOURCE = "Past campaigns' ratios on the KPI tree (visitors × conversion × amount per buyer), Student predictive of their logs"


@dataclass(frozen=True, slots=True)
class PlanResult:
    """The plan of one campaign.

    Attributes
    ----------
    table : one row per metric (visitors, conversion_rate, amount_per_buyer, paid_amount a day and in all): usual, times,
        planned (median), low, high (95 %), campaigns (how many taught it); from the first warm-up day on the paid amounts hold
        the newest signal
    past : one row per past campaign: its ratios to the ordinary days before (visitors_times …)
    stock : one row per item: expected units, low, high, stock_units, inbound_units, order_units
    depths : one row per item: best discount depth, lift needed to break even, lift expected, margin_change with low/high
    budget : one row per line: usual ad spend, planned at the usual cost ratio, most that breaks even
    signals : one row per warm-up day: cart ratio, forecast with low/high
    backtest : one row per past campaign and day of its warm-up: forecast from the campaigns before it, actual, error, covered
    staff : inquiries and agents a day: usual_day, planned_day, low, high
    checklist : one row per check: state (ready, todo, unknown), count, what
    draws : one row per draw: visitors, conversion_rate, amount_per_buyer (times ordinary days), for the target simulator
    findings, method : as everywhere
    """

    table: pd.DataFrame
    past: pd.DataFrame
    stock: pd.DataFrame
    depths: pd.DataFrame
    budget: pd.DataFrame
    signals: pd.DataFrame
    backtest: pd.DataFrame
    staff: pd.DataFrame
    checklist: pd.DataFrame
    draws: pd.DataFrame
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

    All past campaigns teach it, those of the same name (last year's Double 11) most, those of the same kind more than others;
    trust the ranges where campaigns of its name lie in the data. The forecast is gross: what it leaves after borrowed demand
    and costs is the post-mortem's answer.

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
    signals = signal_table(days, past, ahead)
    rng = np.random.default_rng(seed)
    usual = ordinary_before(days, min(ahead.warm_up, days["date"].max() + pd.Timedelta(days=1)))
    draws = _with_signal(factor_draws(past, ahead.name, ahead.kind, rng, DRAWS), signals, usual, ahead, rng)
    frames = _needs(shop, (days, usual), past, draws, ahead, service_level, elasticity, rng)
    frames |= {"signals": signals, "backtest": backtest_table(days, past), "draws": draws.iloc[:KEPT]}
    frames["past"] = past.rename(columns={k: f"{k}_times" for k in FACTORS})
    frames["checklist"] = checklist(shop, frames, ahead)
    method = _method(shop, days, ahead, len(past), service_level, seed)
    return PlanResult(**frames, findings=plan_findings(frames, ahead), method=method)


def _needs(
    shop: Shop,
    spans: tuple[pd.DataFrame, pd.DataFrame],
    past: pd.DataFrame,
    draws: pd.DataFrame,
    ahead: Upcoming,
    service_level: float,
    elasticity: pd.DataFrame | None,
    rng: np.random.Generator,
) -> dict[str, pd.DataFrame]:
    """Targets and what they need: stock, depth, budget, staff."""
    days, usual = spans
    ratio = draws.prod(axis=1).to_numpy(float)
    margin = float(shop.settings.get("gross_margin", 0.5))
    table = _targets(usual, draws, ratio, ahead, len(past))
    stock = stock_table(shop, ratio, ahead.days, service_level=service_level, rng=rng)
    visitors = draws["visitors"].to_numpy(float)
    mean = float(usual["visitors"].mean())
    return {
        "table": table,
        "stock": stock,
        "depths": depth_table(stock, elasticity, margin),
        "budget": _budget(usual, table, margin, float(shop.settings.get("commission_rate", 0.0))),
        "staff": staff_table(shop, days, past, visitors, usual_visitors=mean),
    }


def _method(shop: Shop, days: pd.DataFrame, ahead: Upcoming, campaigns: int, service_level: float, seed: int) -> Method:
    return Method(
        name="campaign_plan", source=SOURCE,
        assumptions=("past_repeats", "usual_before_warm_up", "carts_tell_sales", "item_follows_shop", "gross_forecast"),
        start=days["date"].min(), end=days["date"].max(), rows_used=campaigns, level=0.95, seed=seed,
        parameters={
            "campaign": ahead.name, "start": str(ahead.start.date()), "end": str(ahead.end.date()),
            "service_level": service_level, "source": ahead.source, "confidence": ahead.confidence,
            "gross_margin": float(shop.settings.get("gross_margin", 0.5)),
            "commission_rate": float(shop.settings.get("commission_rate", 0.0)),
        },
    )  # fmt: skip


def _with_signal(
    frame: pd.DataFrame, signals: pd.DataFrame, usual: pd.DataFrame, ahead: Upcoming, rng: np.random.Generator
) -> pd.DataFrame:
    """Draws of the three factors, moved so that their product follows the newest warm-up signal where there is one."""
    if signals.empty:
        return frame
    row, base = signals.iloc[-1], float(usual["paid_amount"].mean()) * ahead.days
    middle, low, high = (float(np.log(row[k] / base)) for k in ("forecast", "low", "high"))
    told = np.sort(middle + (high - low) / (2 * 1.96) * rng.standard_normal(len(frame)))
    own = np.log(frame.prod(axis=1).to_numpy(float))
    moved = told[np.argsort(np.argsort(own))]
    return frame.mul(np.exp((moved - own) / len(FACTORS)), axis=0)


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
    return mark_ordinary(days.reset_index(drop=True), shop.calendar)


def _targets(usual: pd.DataFrame, draws: pd.DataFrame, ratio: np.ndarray, ahead: Upcoming, count: int) -> pd.DataFrame:
    sums, length = usual[["visitors", "buyers", "paid_amount"]].sum(), len(usual)
    base = {"visitors": sums["visitors"] / length, "conversion_rate": sums["buyers"] / sums["visitors"]}
    base["amount_per_buyer"] = sums["paid_amount"] / sums["buyers"]
    day = sums["paid_amount"] / length
    rows = [(k, base[k], draws[k].to_numpy(float)) for k in FACTORS]
    rows += [("paid_per_day", day, ratio), ("paid_amount", day * ahead.days, ratio)]
    out = []
    for name, ordinary, times in rows:
        low, middle, high = np.quantile(times, [0.025, 0.5, 0.975])
        out.append((name, ordinary, middle, ordinary * middle, ordinary * low, ordinary * high, count))
    return pd.DataFrame(out, columns=["metric", "usual", "times", "planned", "low", "high", "campaigns"])


def _budget(usual: pd.DataFrame, table: pd.DataFrame, margin: float, commission: float) -> pd.DataFrame:
    """Ad spend: usual for as many days, planned at the usual cost ratio, and the most that the extra sales can pay."""
    row = table.set_index("metric").loc["paid_amount"]
    known = usual["spend"].notna().any()
    ratio = usual["spend"].sum() / usual["paid_amount"].sum() if known else np.nan
    ordinary = ratio * row["usual"]
    keep = margin - commission
    lines = [
        ("usual_ads", ordinary, np.nan, np.nan),
        ("planned_ads", ratio * row["planned"], ratio * row["low"], ratio * row["high"]),
    ]
    extra = [max(row[k] - row["usual"], 0.0) * keep for k in ("planned", "low", "high")]
    lines.append(("break_even_ads", ordinary + extra[0], ordinary + extra[1], ordinary + extra[2]))
    return pd.DataFrame(lines, columns=["line", "yuan", "low", "high"])
