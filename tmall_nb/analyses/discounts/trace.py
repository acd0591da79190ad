"""``trace_discounts``: from list price to money received, by funder; what thresholds and depths did."""

from __future__ import annotations

import pandas as pd

from tmall_nb.analyses.discounts.carts import BUNCHING, CARTS, measure_bunching
from tmall_nb.analyses.discounts.depths import measure_depths
from tmall_nb.analyses.discounts.findings import describe_discounts
from tmall_nb.analyses.discounts.ladder import MOST, build_ladder, empty_table
from tmall_nb.analyses.discounts.result import DiscountResult
from tmall_nb.analyses.discounts.rules import find_rules
from tmall_nb.analyses.result import Finding, Method
from tmall_nb.errors import NotEnoughData, ParameterError
from tmall_nb.queries.discounts import Rule, orders_left_out, settlement, tool_totals
from tmall_nb.shop import Shop

LEVEL = 0.95
EVER = (pd.Timestamp("1990-01-01"), pd.Timestamp("2200-01-01"))
PAID_DAYS = """
SELECT CAST(min(paid_at) AS DATE) AS first, CAST(max(paid_at) AS DATE) AS last FROM orders WHERE paid_amount > 0
"""
SOURCE = (
    "Order and item reports, exact to the cent; bunching: Chetty, Friedman, Olsen & Pistaferri (2011), QJE 126(2), Kleven & "
    "Waseem (2013), QJE 128(2); depth: Poisson with item and day effects (Correia, Guimaraes & Zylkin 2020, Stata J. 20(1))"
)


def trace_discounts(shop: Shop, *, start: str | None = None, end: str | None = None) -> DiscountResult:
    """Say where the list price goes before it is received, who pays for each discount, and which discounts pay.

    Trust the totals: list, payable, paid and received are sums of the reports, to the cent. How the shop's own discount
    divides into activity price, coupon and cart rule is read from prices seen in carts unless 价格查询 tells it.

    Parameters
    ----------
    shop : a Shop with orders and order items
    start, end : first and last business day of payment (YYYY-MM-DD); None: all there is

    Returns
    -------
    DiscountResult

    Raises
    ------
    NotEnoughData : no complete order in the period. A shop without order or item report gets empty steps, and depths where
        the product report tells them
    ParameterError : a date that cannot be read, or an end before the start
    """
    if not (shop.has("orders", "paid_amount") and shop.has("order_items", "list_price")):
        return _without_orders(shop)
    first, stop = _span(shop, start, end)
    counts = orders_left_out(shop, start=first, stop=stop)
    if counts["used"] == 0:
        raise NotEnoughData(f"{shop.shop_id}: no paid order from {first:%Y-%m-%d} to {stop:%Y-%m-%d} has all its lines")
    rules = find_rules(shop, start=first, stop=stop)
    place = _place(settlement(shop, start=first, stop=stop))
    table, months = build_ladder(shop, rules, place, start=first, stop=stop)
    bunching, carts = measure_bunching(shop, rules, start=first, stop=stop, level=LEVEL)
    depths = measure_depths(shop, start=first, stop=stop)
    tools = tool_totals(shop, start=first, stop=stop)
    days = (stop - first).days
    missing = tuple(name for name in ("price_stack", "promo_tool_daily") if not shop.has(name))
    findings = describe_discounts((table, bunching, depths), _rules_frame(rules), missing, place, days)
    method = Method(
        name="discounts", source=SOURCE, assumptions=("tags_from_carts", f"platform_{place}", "smooth_carts", "depth_by_item"),
        start=first, end=stop - pd.Timedelta(days=1), rows_used=int(counts["used"]), level=LEVEL,
        parameters={"start": start, "end": end}, seed=0,
    )  # fmt: skip
    method = method.drop("orders_without_lines", int(counts["orders"] - counts["with_lines"]))
    method = method.drop("orders_with_incomplete_lines", int(counts["with_lines"] - counts["used"]))
    return DiscountResult(table, months, _rules_frame(rules), bunching, carts, depths, tools, findings, method)


def _without_orders(shop: Shop) -> DiscountResult:
    """Every step missing; what depths bring is still told by the product report."""
    depths = measure_depths(shop, start=EVER[0], stop=EVER[1])
    table = empty_table()
    months = pd.DataFrame(columns=["month", *table["step"]])
    tools = tool_totals(shop, start=EVER[0], stop=EVER[1])
    method = Method(name="discounts", source=SOURCE, assumptions=("depth_by_item",), level=LEVEL, seed=0)
    finding = Finding("discounts_need_orders", "unknown", {"orders": shop.has("orders"), "items": shop.has("order_items")})
    bunching, carts = (pd.DataFrame(columns=c) for c in (BUNCHING, CARTS))
    return DiscountResult(table, months, _rules_frame([]), bunching, carts, depths, tools, (finding,), method)


def _span(shop: Shop, start: str | None, end: str | None) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First day and the day after the last."""
    found = shop.sql(
        "SELECT CAST(min(paid_at) AS DATE) AS first, CAST(max(paid_at) AS DATE) AS last FROM orders WHERE paid_amount > 0"
    )
    days = []
    for name, value, default in (("start", start, found["first"].iloc[0]), ("end", end, found["last"].iloc[0])):
        try:
            days.append(pd.Timestamp(value if value is not None else default).normalize())
        except ValueError:
            raise ParameterError(name, value, "a date such as 2025-11-30") from None
    if days[1] < days[0]:
        raise ParameterError("end", end, f"a day from {days[0]:%Y-%m-%d} on")
    return days[0], days[1] + pd.Timedelta(days=1)


def _place(counts: pd.Series) -> str:
    """Was platform money received on top of what was paid, or inside it? Told by the settled orders that had some."""
    settled = counts["settled"]
    if settled and counts["on_top"] >= MOST * settled:
        return "on_top"
    return "inside" if settled and counts["inside"] >= MOST * settled else "unknown"


def _rules_frame(rules: list[Rule]) -> pd.DataFrame:
    names = ["kind", "cart", "off", "repeats", "uptake", "orders"]
    rows = [{n: getattr(r, n) for n in names} | {"first_day": r.days[0], "last_day": r.days[-1]} for r in rules]
    return pd.DataFrame(rows, columns=[*names, "first_day", "last_day"])
