"""Reductions on the campaign's days by funder, as far as the reports tell, and what they do not tell; presale by stage."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign.choose import DAY, Campaign
from tmall_nb.analyses.campaign.lift import Lift, Series
from tmall_nb.queries.campaign_money import (
    ad_presale,
    ad_subsidy,
    line_totals,
    order_totals,
    presale_orders,
    settled_above_paid,
    stack_rules,
    tool_discounts,
    usual_prices,
)  # fmt: skip
from tmall_nb.shop import Shop

__all__ = ["campaign_discounts", "presale_table", "price_steps"]

COLUMNS = ["funder", "line", "yuan", "known", "report"]
PLATFORM_WORDS = ("平台", "88VIP", "红包", "消费券", "补贴")  # offers of the platform level that the platform pays (or shares)
LONGEST_PRESALE = 30 * DAY


def campaign_discounts(series: Series, lift: Lift) -> pd.DataFrame:
    """Return funder (merchant, platform, unclear), line, yuan, known, report (it was read from).

    From the list price down to what buyers paid, for the campaign's items: usual_discount (given on ordinary days too),
    campaign_cut (usual down to the activity price), then coupons and cart rules (activity price down to what was paid; where
    the day's price stood above the activity price, part of them hides in campaign_cut). They are split by tool where 营销工具
    or 价格查询 names tools; ``known`` False marks what no report tells, with nan where nothing can be said.
    """
    c = lift.campaign
    start, stop = c.burst, c.end + DAY
    rows = [*_merchant(series, lift, start, stop), *_platform(series.shop, start, stop)]
    return pd.DataFrame(rows, columns=COLUMNS)


def price_steps(series: Series, lift: Lift) -> pd.DataFrame:
    """Amounts of the campaign's items at list, usual, activity and paid price.

    Returns
    -------
    by item_id: units, list_amount, usual_amount (at the mean price of the ordinary days before, never above list nor below
    paid; the list price where the item did not sell then), at_offer (activity price, else paid), payable, seen (sold on
    ordinary days), named (an activity price is known), report (that names it); empty without order lines
    """
    c = lift.campaign
    lines, offers = line_totals(series.shop, start=c.burst, stop=c.end + DAY, campaign=c.name)
    lines = (lines[lines["item_id"].isin(lift.enrolled)] if lift.enrolled else lines).set_index("item_id").astype("float64")
    if lines.empty:
        return lines
    usual = usual_prices(series.shop, days=list(series.usual(c)["date"])).reindex(lines.index).astype(float)
    full, paid = lines["list_amount"], lines["payable"]
    amount = (usual * lines["units"]).clip(upper=full).fillna(full)
    amount = amount.where(amount > paid, paid)
    named = lines["activity_price"].notna()
    at_offer = lines["activity_amount"].clip(upper=amount).where(named, paid)
    return lines.assign(usual_amount=amount, at_offer=at_offer, seen=usual.notna(), named=named, report=offers or "order_items")


def _merchant(series: Series, lift: Lift, start: pd.Timestamp, stop: pd.Timestamp) -> list[tuple[object, ...]]:
    steps = price_steps(series, lift)
    if steps.empty:
        return [("merchant", k, np.nan, False, "") for k in ("usual_discount", "campaign_cut", "coupons_and_rules")]
    usual, cut = (steps["list_amount"] - steps["usual_amount"]).sum(), (steps["usual_amount"] - steps["at_offer"]).sum()
    rows = [
        ("merchant", "usual_discount", float(usual), bool(steps["seen"].all()), "order_items"),
        ("merchant", "campaign_cut", float(cut), bool(steps["named"].all()), str(steps["report"].iloc[0])),
    ]
    rest = float((steps["at_offer"] - steps["payable"]).sum()) if steps["named"].any() else np.nan
    return [*rows, *_tools(series.shop, steps["units"], rest, start, stop)]


def _tools(shop: Shop, units: pd.Series, rest: float, start: pd.Timestamp, stop: pd.Timestamp) -> list[tuple[object, ...]]:
    """Coupons and cart rules by tool: as booked by 营销工具, else shared by the amounts 价格查询 lists, else in one line."""
    tools = tool_discounts(shop, start=start, stop=stop)
    if len(tools):
        rows: list[tuple[object, ...]] = [
            ("merchant", f"tool:{t.tool}", float(t.discount_amount), True, "promo_tool_daily") for t in tools.itertuples()
        ]
        if np.isfinite(rest):
            left = max(rest - float(tools["discount_amount"].sum()), 0.0)
            rows.append(("unclear", "rest_of_reductions", left, False, "order_items"))
        return rows
    rules = stack_rules(shop, start=start, stop=stop)
    rules = rules[rules["item_id"].isin(units.index) & ~rules["level"].str.contains("单品")]
    if rules.empty or not np.isfinite(rest):
        return [("merchant", "coupons_and_rules", rest, False, "order_items")]
    weight = (
        (rules["discount_amount"].astype(float) * rules["item_id"].map(units)).groupby([rules["level"], rules["tool"]]).sum()
    )
    return [
        (_funder(f"{level}{tool}"), f"tool:{tool}", rest * float(share), False, "price_stack")
        for (level, tool), share in (weight / weight.sum()).items()
    ]


def _funder(words: str) -> str:
    """跨店满减 is borne by the shop; other offers of the platform may be paid by it or shared."""
    if "跨店" in words:
        return "merchant"
    return "unclear" if any(w in words for w in PLATFORM_WORDS) else "merchant"


def _platform(shop: Shop, start: pd.Timestamp, stop: pd.Timestamp) -> list[tuple[object, ...]]:
    orders = order_totals(shop, start=start, stop=stop)
    rows: list[tuple[object, ...]] = [
        ("platform", name, float(orders[name]), bool(np.isfinite(orders[name])), "orders")
        for name in ("coupon_tmall", "points_offset")
    ]
    if not np.isfinite(orders["coupon_tmall"]):
        above, count = settled_above_paid(shop, start=start, stop=stop)
        rows.append(("platform", "settled_above_paid", above, count > 0, "orders"))
    subsidy = ad_subsidy(shop, start=start, stop=stop)
    return [*rows, ("platform", "ad_subsidy", subsidy, bool(np.isfinite(subsidy)), "ad_report")]


def presale_table(shop: Shop, c: Campaign, leads: pd.Timestamp | None) -> pd.DataFrame:
    """Presale orders of the campaign: stage, orders, amount, booked (counts as sales), first/last deposit and balance, days.

    balance_paid is booked on the day of the balance; deposit_only (balance not paid yet, or lapsed) is no sale; ad_presale is
    what 万相台 reports beside 总成交金额. Empty where no order was presold.
    """
    columns = "stage orders amount booked first_deposit last_deposit first_balance last_balance days_between".split()
    stop = c.end + DAY
    lead = min(leads, c.burst) if leads is not None else c.burst - LONGEST_PRESALE
    stages = presale_orders(shop, lead=lead, start=c.start - DAY, stop=stop)
    table = stages.assign(booked=stages["stage"].eq("balance_paid")).reindex(columns=columns)
    ads = ad_presale(shop, lead=lead, stop=stop)
    if ads is not None and ads["orders"] > 0:
        row = {"stage": "ad_presale", "orders": float(ads["orders"]), "amount": float(ads["amount"]), "booked": False}
        table = pd.concat([table, pd.DataFrame([row])], ignore_index=True) if len(table) else pd.DataFrame([row])
    return table.reindex(columns=columns)
