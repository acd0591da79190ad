"""The result of ``trace_discounts``."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from tmall_nb.analyses.result import Finding, Method

STEPS = (
    "list_amount", "activity_discount", "item_coupon", "shop_coupon", "cart_discount", "other_discount", "payable", "postage",
    "other_adjustment", "paid_amount", "platform_money", "refund_amount", "unsettled", "difference", "settled_amount",
)  # fmt: skip
TOTALS = ("list_amount", "payable", "paid_amount", "settled_amount")


@dataclass(frozen=True, slots=True)
class DiscountResult:
    """The way from list price to money received, and what discounts did to carts and units.

    Attributes
    ----------
    table : one row per step (``STEPS``): funder (shop, platform, buyer; empty for totals), yuan (taken off negative; missing
        where no report tells), share (of the list amount), orders (touched by it), source (exact: read from the reports;
        inferred: from prices seen in carts; missing). Each total is the sum of the steps above it, to the cent
    months : one row per month: the same steps as columns
    rules : one row per discount found in carts: kind (cart_rule: nearly every cart that could have it had it; coupon), cart
        (from so many yuan), off, repeats (again at each multiple), uptake (share of the carts that could), orders, first_day,
        last_day
    bunching : one row per rule: excess (carts just above the threshold beyond the smooth course) with excess_low and
        excess_high, base (carts expected there), carts (looked at), verdict
    carts : one row per rule and cart size: orders, expected with low and high, window (above, below, empty)
    depths : one row per class of depth: item_days, lift (units against no discount) with lift_low and lift_high, needed (lift
        that breaks even; missing without costs), given (yuan), extra_profit with extra_profit_low and
        extra_profit_high
    tools : one row per promotion tool of 营销工具: claimed, used, use_rate, discount_amount, paid_amount; empty without it
    findings, method : as everywhere
    """

    table: pd.DataFrame
    months: pd.DataFrame
    rules: pd.DataFrame
    bunching: pd.DataFrame
    carts: pd.DataFrame
    depths: pd.DataFrame
    tools: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method
