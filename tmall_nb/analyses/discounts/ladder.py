"""The steps from list price to money received, in whole cents, so that every total is the exact sum of its steps."""

from __future__ import annotations

import pandas as pd

from tmall_nb.analyses.discounts.result import STEPS, TOTALS
from tmall_nb.queries.discounts import Rule, ladder_sums
from tmall_nb.shop import Shop

MOST = 0.9  # share of settled orders that must agree on where platform money stands
FUNDERS = {
    **dict.fromkeys(("activity_discount", "item_coupon", "shop_coupon", "cart_discount", "other_discount"), "shop"),
    "postage": "buyer",
    "platform_money": "platform",
    "refund_amount": "shop",
}
INFERRED = ("activity_discount", "item_coupon", "shop_coupon", "cart_discount", "other_discount")


def build_ladder(
    shop: Shop, rules: list[Rule], place: str, *, start: pd.Timestamp, stop: pd.Timestamp
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table of steps and the months."""
    whole = ladder_sums(shop, rules, start=start, stop=stop)
    monthly = ladder_sums(shop, rules, start=start, stop=stop, by="date_trunc('month', day)")
    known = _known(shop)
    steps = steps_of(whole.iloc[0], place, known)
    months = pd.DataFrame([steps_of(row, place, known) for _, row in monthly.iterrows()], columns=list(STEPS))
    months.insert(0, "month", pd.to_datetime(monthly["period"]).to_numpy())
    return _table(steps, whole.iloc[0], known), months


def _known(shop: Shop) -> dict[str, bool]:
    return {
        "platform_money": shop.has("orders", "coupon_tmall") or shop.has("orders", "points_offset"),
        "settled_amount": shop.has("orders", "settled_amount"),
        "item_coupon": shop.has("price_stack", "activity_price"),
    }


def steps_of(sums: pd.Series, place: str, known: dict[str, bool]) -> dict[str, float]:
    """Yuan of every step from exact sums; ``place``: platform money is ``on_top`` of what was paid, or ``inside`` it."""
    c = {name: round(100 * float(sums[name] or 0)) for name in sums.index if name not in {"period"} and pd.notna(sums[name])}
    get = c.get
    platform = get("coupon_tmall", 0) + get("points_offset", 0) if place == "on_top" else 0
    waiting = get("unsettled", 0) + (get("unsettled_platform", 0) if place == "on_top" else 0)
    order_level = get("cart_discount", 0) + get("shop_coupon", 0)
    steps = {
        "list_amount": c["list_amount"],
        "activity_discount": c["tag_amount"] - c["list_amount"] + get("item_coupon", 0),
        "item_coupon": -get("item_coupon", 0),
        "shop_coupon": -get("shop_coupon", 0),
        "cart_discount": -get("cart_discount", 0),
        "other_discount": -(c["order_discount"] - order_level),
        "payable": c["payable"],
        "postage": get("postage", 0),
        "other_adjustment": c["paid_amount"] - c["payable"] - get("postage", 0),
        "paid_amount": c["paid_amount"],
        "platform_money": platform,
        "refund_amount": -get("refund_amount", 0),
        "unsettled": -waiting,
        "difference": get("settled_amount", 0) - c["paid_amount"] - platform + get("refund_amount", 0) + waiting,
        "settled_amount": get("settled_amount", 0),
    }
    nan = float("nan")
    unknown = {"item_coupon"} if not known["item_coupon"] else set()
    if not known["platform_money"]:
        unknown |= {"platform_money"}
    if not known["settled_amount"]:
        unknown |= {"settled_amount", "difference", "unsettled"}
    return {name: nan if name in unknown else value / 100 for name, value in steps.items()}


def _table(steps: dict[str, float], sums: pd.Series, known: dict[str, bool]) -> pd.DataFrame:
    frame = pd.DataFrame({"step": list(STEPS), "yuan": [steps[s] for s in STEPS]})
    frame["funder"] = [FUNDERS.get(s, "") for s in STEPS]
    frame["share"] = frame["yuan"] / steps["list_amount"]
    counts = {
        "list_amount": sums["orders"], "payable": sums["orders"], "paid_amount": sums["orders"],
        "platform_money": sums["platform_orders"], "refund_amount": sums["refund_orders"],
        "settled_amount": sums["settled_orders"], "unsettled": sums["orders"] - sums["settled_orders"],
    }  # fmt: skip
    frame["orders"] = [float(counts.get(s, float("nan"))) for s in STEPS]
    frame["source"] = ["missing" if pd.isna(steps[s]) else "inferred" if s in INFERRED else "exact" for s in STEPS]
    return frame[["step", "funder", "yuan", "share", "orders", "source"]]


def empty_table() -> pd.DataFrame:
    """The steps where no report tells any of them."""
    frame = pd.DataFrame({"step": list(STEPS), "funder": [FUNDERS.get(s, "") for s in STEPS]})
    return frame.assign(yuan=float("nan"), share=float("nan"), orders=float("nan"), source="missing")


def closes(table: pd.DataFrame) -> bool:
    """Is every total the sum of the steps above it, to the cent?"""
    running = 0
    for row in table.itertuples():
        cents = 0 if pd.isna(row.yuan) else round(100 * row.yuan)
        if row.step in TOTALS and row.step != "list_amount":
            if not pd.isna(row.yuan) and cents != running:
                return False
            running = cents if not pd.isna(row.yuan) else running
        else:
            running += cents
    return True
