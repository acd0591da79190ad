"""``value_customers``: who is still a buyer, what they will order, what that is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tmall_nb.analyses.customers.ahead import chance_of_total, orders_ahead
from tmall_nb.analyses.customers.findings import value_findings
from tmall_nb.analyses.customers.groups import by_segment, by_tier, rfm_segment, tier
from tmall_nb.analyses.customers.models import MODELS, Choice, calibration, choose_model, fit_spend, history
from tmall_nb.analyses.customers.sources import by_source
from tmall_nb.analyses.customers.totals import Sure, new_buyer, shop_totals, with_cost
from tmall_nb.analyses.result import Finding, Method
from tmall_nb.errors import NotEnoughData, ParameterError
from tmall_nb.queries.buyer_orders import EPOCH, FIRST_COLUMNS, BuyerOrders, buyer_orders
from tmall_nb.queries.customer_summaries import customer_summaries
from tmall_nb.queries.new_buyer_cost import DAYS as COST_DAYS
from tmall_nb.queries.new_buyer_cost import cost_sources, new_buyer_cost, source_costs
from tmall_nb.shop import Shop
from tmall_nb.stats.btyd import GeometricFit, ParetoFit

__all__ = ["CustomersResult", "value_customers"]

SOURCE = (
    "BG/NBD (Fader, Hardie & Lee 2005), MBG/NBD (Batislam, Denizel & Filiztekin 2007), Pareto/NBD (Schmittlein, Morrison & "
    "Colombo 1987), Gamma-Gamma (Fader, Hardie & Lee 2005), each by maximum likelihood, chosen by held-out days"
)
ASSUMPTIONS = ("orders_random", "spend_independent", "refunded_not_orders", "interval_of_mean", "holdout_miss", "no_season")
COLUMNS = (
    "buyer_key", "frequency", "recency_days", "age_days", "net_amount", "recent_amount", "p_alive", "expected_orders",
    "value_per_order", "expected_value_yuan", "low", "high", "expected_margin_yuan", "segment", "tier", "verdict",
)  # fmt: skip
LEVEL, Z = 0.95, 1.959964
RECENT_DAYS = 365
SOURCES = ("channel", "category", "province", "item")


@dataclass(frozen=True, slots=True)
class CustomersResult:
    """What each buyer is expected to bring. Intervals are at ``method.level``.

    Attributes
    ----------
    table : one row per buyer_key: frequency (repeat order days), recency_days (first to last order), age_days (first order to
        the end of observation), net_amount so far and recent_amount (last 365 days), p_alive, expected_orders and
        expected_value_yuan (net sales) within the horizon with low/high, expected_margin_yuan (NaN without a margin), segment
        (RFM), tier, verdict
    totals : one row per figure of the whole shop: expected_orders, expected_value_yuan, at_risk (share of last year's
        net sales from buyers who have left), likely_gone (share of those below a chance of one half), new_buyer_value,
        allowed_cost …
    holdout : one row per model: predicted and actual orders of the held-out days, relative_error, deviance, chosen
    calibration : one row per frequency at the cut: predicted and actual orders per buyer, low, high
    segments, tiers, sources : one row per RFM segment, tier, source of the first order
    fit : the fitted buying model (``stats.btyd``), None where hardly anybody came back
    findings, method : as everywhere
    """

    table: pd.DataFrame
    totals: pd.DataFrame
    holdout: pd.DataFrame
    calibration: pd.DataFrame
    segments: pd.DataFrame
    tiers: pd.DataFrame
    sources: pd.DataFrame
    fit: GeometricFit | ParetoFit | None
    findings: tuple[Finding, ...]
    method: Method


def value_customers(
    orders: Shop | pd.DataFrame,
    *,
    observation_end: str | pd.Timestamp | None = None,
    horizon_days: int = 365,
    model: str = "auto",
    margin: float | None = None,
    seed: int = 0,
) -> CustomersResult:
    """Say who is still a buyer, what they will order within the horizon, and what that is worth.

    Trust sums over many buyers more than single ones, and look at the calibration first: these models know no season and no
    campaign. ``low``/``high`` are the interval of a buyer's *expected* value; what one buyer then does is mostly nothing or one
    order.

    Parameters
    ----------
    orders : a Shop, or a frame with buyer_key, paid_at, paid_amount and optionally refund_amount, order_id, shop_id, channel,
        category, province, item
    observation_end : last day observed, YYYY-MM-DD; later orders are set aside and counted. None: a shop's last order day
    horizon_days : days ahead, 1-1825
    model : ``auto`` (by held-out days), ``bg_nbd``, ``mbg_nbd`` or ``pareto_nbd``
    margin : gross margin, 0-1; None: ``gross_margin`` of the shop's settings, no margin for a frame
    seed : seed of the refits where parameters are not identified

    Raises
    ------
    ParameterError, ExportError, NotEnoughData : with what was found and what to do

    Examples
    --------
    >>> import pandas as pd, tmall_nb as tn
    >>> orders = pd.DataFrame({"buyer_key": ["a"], "paid_at": pd.to_datetime(["2025-01-05"]), "paid_amount": [90.0]})
    >>> tn.value_customers(orders, observation_end="2025-03-31").table.verdict.tolist()
    ['not_enough_data']
    """
    margin = _check(orders, horizon_days, model, margin)
    if isinstance(orders, Shop) and not orders.has("orders", "buyer_key"):
        raise NotEnoughData(
            f"{orders.shop_id}: the orders carry no buyer (masked export), so no single buyer can be valued. Cohort retention "
            "shows what new and returning counts allow; export 订单报表 with 买家会员名 where the platform still offers it"
        )
    data = buyer_orders(orders, end=observation_end, first=FIRST_COLUMNS)
    start = int((data.first_day - EPOCH).days)
    held = int(min(horizon_days, (data.end_day - start) // 3))
    shop = orders if isinstance(orders, Shop) else None
    known = cost_sources(shop) if shop is not None else ()
    source = next((name for name in (*known, *SOURCES) if name in data.first), None)
    buyers = customer_summaries(data, cut=data.end_day - held, recent=data.end_day - RECENT_DAYS, by=source)
    choice = choose_model(buyers, end=data.end_day, cut=data.end_day - held, model=model, seed=seed)
    table, sure = _table(data, buyers, choice, horizon_days=horizon_days, margin=margin, seed=seed)
    new = new_buyer(table, choice, sure, horizon_days)
    totals = shop_totals(table, sure, new, choice.miss, margin=margin)
    recent = (buyers["first_day"] > data.end_day - COST_DAYS).to_numpy()
    costs = source_costs(shop, source or "", end=data.end) if shop is not None else pd.DataFrame()
    frames = {
        "totals": totals if shop is None else with_cost(totals, new_buyer_cost(shop, end=data.end)),
        "holdout": choice.holdout, "calibration": calibration(choice.held_out), "segments": by_segment(table),
        "tiers": by_tier(table),
        "sources": by_source(table, buyers.get("source"), new, costs, margin=margin, recent=recent),
    }  # fmt: skip
    method = _method(data, choice, table, {"horizon_days": horizon_days, "margin": margin, "held_out_days": held, "seed": seed})
    findings = value_findings(table, frames, choice.name, horizon_days)
    return CustomersResult(table=table, **frames, fit=choice.fit, findings=findings, method=method)


def _check(orders: Shop | pd.DataFrame, horizon_days: int, model: str, margin: float | None) -> float | None:
    if not 1 <= horizon_days <= 1825:
        raise ParameterError("horizon_days", horizon_days, "1-1825 days")
    if model != "auto" and model not in MODELS:
        raise ParameterError("model", model, f"auto, {', '.join(MODELS)}")
    if margin is None and isinstance(orders, Shop):
        margin = orders.settings.get("gross_margin")
    if margin is not None and not 0 < margin <= 1:
        raise ParameterError("margin", margin, "a fraction of net sales, 0-1; write 0.4 for 40 %")
    return margin


def _table(
    data: BuyerOrders, buyers: pd.DataFrame, choice: Choice, *, horizon_days: int, margin: float | None, seed: int
) -> tuple[pd.DataFrame, Sure | None]:
    past = x, recency, age = history(buyers, data.end_day)
    value = buyers["cents"].to_numpy(float) / 100
    alive, orders, error, sure = *(np.full(len(x), np.nan),) * 3, None
    spend, per_order, spend_error = fit_spend(x + 1, value)
    if choice.fit is not None:
        recent = np.maximum(buyers["recent_cents"].to_numpy(float) / 100, 0.0)
        ahead = orders_ahead(choice.fit, past, recent, days=horizon_days, seed=seed)
        money = (spend, per_order, np.maximum(value / (x + 1), 0.0))
        chances = chance_of_total(choice.fit, past, ahead, money, days=horizon_days, seed=seed)
        alive, orders, error, sure = ahead.alive, ahead.orders, ahead.error, Sure(ahead, float(np.mean(spend_error)), *chances)
    expected = orders * per_order
    miss = choice.miss_by[np.minimum(x, len(choice.miss_by) - 1).astype(int)]
    wide = np.exp(Z * np.sqrt(error**2 + spend_error**2 + miss**2))
    keys = buyers["buyer"].to_numpy() if data.keys is None else data.keys[buyers["buyer"].to_numpy()]
    good = "ok" if choice.fit is not None and choice.fit.identified else "weak"
    table = pd.DataFrame({
        "buyer_key": keys, "frequency": x.astype(np.int64), "recency_days": recency, "age_days": age, "net_amount": value,
        "recent_amount": buyers["recent_cents"].to_numpy(float) / 100, "p_alive": alive, "expected_orders": orders,
        "value_per_order": per_order, "expected_value_yuan": expected, "low": expected / wide, "high": expected * wide,
        "expected_margin_yuan": expected * (np.nan if margin is None else margin),
        "segment": rfm_segment((data.end_day - buyers["last_day"]).to_numpy(float), x, value), "tier": tier(expected),
        "verdict": np.where(np.isfinite(expected), good, "not_enough_data"),
    })  # fmt: skip
    return table[list(COLUMNS)], sure


def _method(data: BuyerOrders, choice: Choice, table: pd.DataFrame, parameters: dict[str, Any]) -> Method:
    fitted = {} if choice.fit is None else {k: float(f"{v:.5g}") for k, v in choice.fit.params.items()}
    shown = {"observation_end": f"{data.end:%Y-%m-%d}", "model": choice.name or "none"} | parameters | fitted
    method = Method(
        name="customer_value", source=SOURCE, assumptions=ASSUMPTIONS, start=data.first_day, end=data.end, level=LEVEL,
        rows_used=data.counts["rows_used"], parameters={k: v for k, v in shown.items() if k != "seed"}, seed=parameters["seed"],
    )  # fmt: skip
    for reason, rows in data.counts.items():
        if reason != "rows_used":
            method = method.drop(reason, rows)
    return method.drop("buyers_without_value", int((table["net_amount"] <= 0).sum()))
