"""Cases about buyers and their orders: repurchase, refunds, discounts, buyers' value, a regional hold-out."""

from __future__ import annotations

import tempfile

import pandas as pd

import tmall_nb as tn
from tmall_nb.demo.make import make_orders
from tmall_nb.demo.streams import read_settings
from tmall_nb.exports.load import load_shop
from tmall_nb.method_check.study import Row, Study, rows_of

AHEAD_DAYS = 180
ORDERS_SO_FAR = """
SELECT sum(n - 1) AS repeats, sum(date_diff('day', first, last_day)) AS buyer_days, count(*) AS buyers, sum(net) / sum(n) AS net
FROM (SELECT buyer_key, count(DISTINCT CAST(paid_at AS DATE)) AS n, min(CAST(paid_at AS DATE)) AS first,
             sum(CAST(paid_amount AS DOUBLE) - coalesce(CAST(refund_amount AS DOUBLE), 0)) AS net
      FROM orders WHERE paid_at IS NOT NULL AND buyer_key IS NOT NULL GROUP BY 1),
     (SELECT max(CAST(paid_at AS DATE)) AS last_day FROM orders)
"""
LINES = """
SELECT i.item_id, CAST(coalesce(i.paid_at, o.paid_at) AS DATE) AS date, CAST(i.units AS DOUBLE) AS units,
       CAST(i.goods_payable AS DOUBLE) AS paid, CAST(i.goods_payable AS DOUBLE) / i.units AS price
FROM order_items i LEFT JOIN orders o USING (order_id) WHERE coalesce(i.paid_at, o.paid_at) IS NOT NULL AND i.units > 0
"""
TREATED_DAYS = """
SELECT CAST(paid_at AS DATE) >= CAST($start AS DATE) AS during, sum(CAST(paid_amount AS DOUBLE)) AS paid
FROM orders WHERE list_contains($provinces, trim(province)) AND CAST(paid_at AS DATE) >= CAST($before AS DATE) GROUP BY 1
"""


def cohorts(study: Study) -> list[Row]:
    """Repurchase within 90 days of a first order; naive: share of all buyers with a second order so far."""
    result = tn.track_cohorts(study.shop)
    at = result.curve[result.curve["day"] == 90]
    buyers = study.truth.buyers
    campaign, kinds = buyers["campaign_count"] / buyers["count"], buyers["repurchase"]
    true = campaign * kinds["campaign"]["90"] + (1 - campaign) * kinds["ordinary"]["90"]
    raw = study.shop.sql(
        "SELECT avg(CAST(n > 1 AS INTEGER)) AS share FROM (SELECT buyer_key, count(DISTINCT CAST(paid_at AS DATE)) AS n "
        "FROM orders WHERE paid_at IS NOT NULL AND buyer_key IS NOT NULL GROUP BY 1)"
    )
    row = {"subject": "all", "truth": true, "naive": float(raw["share"].iloc[0])}
    if len(at):
        row |= {"estimate": at["repurchased"].iloc[0], "low": at["low"].iloc[0], "high": at["high"].iloc[0]}
    return rows_of("repurchase_90", pd.DataFrame([row]), result.method.level)


def refunds(study: Study) -> list[Row]:
    """Refunds of the newest four weeks once all have arrived; naive: refunds so far."""
    weeks = tn.review_health(study.shop).weeks
    recent = weeks[weeks["refund_expected"].notna()].tail(4)
    if recent.empty:
        return []
    paid = recent["paid_amount"].sum()
    row = {"subject": "shop", "truth": study.truth.refunds["amount_rate_in_the_end"]}
    row |= {"estimate": recent["refund_expected"].sum() / paid, "naive": recent["refund_seen"].sum() / paid}
    row |= {"low": 1 - recent["net_high"].sum() / paid, "high": 1 - recent["net_low"].sum() / paid}
    return rows_of("refund_final", pd.DataFrame([row]), 0.95)


def discounts(study: Study) -> list[Row]:
    """Yuan that coupons and cart rules of the shop took off, which no report splits; naive: all is coupons, no cart rule.

    The naive figure is what a spreadsheet shows: units at the highest price paid for the item that day, less what was paid.
    """
    table = tn.trace_discounts(study.shop).table.set_index("step")["yuan"]
    lines = study.shop.sql(LINES)
    highest = lines.groupby(["item_id", "date"])["price"].transform("max")
    naive = float((lines["units"] * highest - lines["paid"]).sum())
    rows: list[Row] = []
    cases = (
        ("discount_coupon", "shop_coupon", "shop_coupon_yuan", naive),
        ("discount_cart", "cart_discount", "cart_rule_yuan", 0.0),
    )
    for quantity, step, true, rough in cases:
        row = {"subject": "shop", "truth": study.truth.discounts[true], "estimate": -table[step], "naive": rough}
        rows += rows_of(quantity, pd.DataFrame([row]), 0.95)
    return rows


def value(study: Study) -> list[Row]:
    """Orders and net sales of all buyers within half a year after the files.

    Truth is what the buyers' own rates and chances of leaving make of it, orders that come back whole set aside. Naive: repeat
    orders per buyer and day so far, carried forward for every buyer there has been.
    """
    result = tn.value_customers(study.shop, horizon_days=AHEAD_DAYS)
    totals = result.totals.set_index("metric")
    so_far = study.shop.sql(ORDERS_SO_FAR).iloc[0]
    orders = so_far["repeats"] / so_far["buyer_days"] * so_far["buyers"] * AHEAD_DAYS
    cases = (
        ("buyer_orders", "expected_orders", "expected_kept_orders_ahead", orders),
        ("buyer_value", "expected_value_yuan", "expected_net_yuan_ahead", orders * so_far["net"]),
    )
    rows: list[Row] = []
    for quantity, metric, true, naive in cases:
        row = {"subject": "all", "truth": study.truth.buyers[true][str(AHEAD_DAYS)], "naive": naive}
        if metric in totals.index:
            row |= {
                "estimate": totals.loc[metric, "value"],
                "low": totals.loc[metric, "low"],
                "high": totals.loc[metric, "high"],
            }
        rows += rows_of(quantity, pd.DataFrame([row]), result.method.level)
    return rows


def geo(study: Study) -> list[Row]:
    """Sales that ads would have brought in the provinces held out of a regional test; naive: eight weeks before minus during.

    The test is a second shop from the same seed, of which only the order files are read, so others are not even written.
    """
    asked = study.truth.settings
    settings = read_settings(asked["shop_id"], asked["size"], asked["seed"], (*asked["hard"], "geo_holdout"))
    with tempfile.TemporaryDirectory(prefix="tmall-nb-") as folder:
        target, truth = make_orders(folder, settings)
        return _read_test(load_shop(folder, target.name), truth)


def _read_test(shop: tn.Shop, test: Row) -> list[Row]:
    result = tn.read_geo_test(shop, treated=test["provinces"], start=test["start"], end=test["end"])
    found = result.table[result.table["chosen"]].iloc[0]
    start, end = pd.Timestamp(test["start"]), pd.Timestamp(test["end"])
    before = start - (end - start) - pd.Timedelta(days=1)
    sums = shop.sql(TREATED_DAYS, start=str(start.date()), before=str(before.date()), provinces=test["provinces"])
    paid = sums.set_index("during")["paid"]
    row = {"subject": "shop", "truth": test["lost_yuan"], "naive": paid[False] - paid[True]}
    row |= {"estimate": -found["total"], "low": -found["total_high"], "high": -found["total_low"]}
    return rows_of("geo_effect", pd.DataFrame([row]), result.method.level)
