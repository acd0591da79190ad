"""What the usual reading of a figure makes of demo shops, beside their truth; printed by bench/demo_looks.py.

Run: .venv/bin/python bench/demo_naive.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

import tmall_nb as tn
from tmall_nb.demo import Truth, make_shop, read_truth
from tmall_nb.exports.load import load_shop
from tmall_nb.method_check.buyers import geo as regional_test
from tmall_nb.method_check.buyers import value
from tmall_nb.method_check.study import Study
from tmall_nb.queries.ad_weeks import ad_weeks

Reading = tuple[str, str, float, float]
REPEATS = """
SELECT avg(CAST(n > 1 AS INTEGER)) AS again FROM
(SELECT buyer_key, count(DISTINCT CAST(paid_at AS DATE)) AS n FROM orders WHERE paid_at IS NOT NULL GROUP BY 1)
"""
MEMBERS = """
SELECT m.is_member, avg(n) AS orders FROM
(SELECT DISTINCT buyer_key, is_member FROM orders WHERE is_member IS NOT NULL AND paid_at IS NOT NULL) m JOIN
(SELECT buyer_key, count(DISTINCT order_id) AS n FROM orders WHERE paid_at IS NOT NULL GROUP BY 1) USING (buyer_key) GROUP BY 1
"""
KEYWORDS = "SELECT keyword, sum(clicks) AS clicks, sum(ad_orders) AS orders FROM ads WHERE keyword IS NOT NULL GROUP BY 1"


def campaigns(shop: tn.Shop, truth: Truth) -> list[Reading]:
    """Campaign days minus as many days before."""
    naive, gross, net = (sum(c[f"{k}_units"] for c in truth.campaigns.values()) for k in ("naive", "gross", "net"))
    return [
        ("season", "units of all campaigns, days less days before; gross lift", naive, gross),
        ("campaigns", "the same; net lift, with pull-forward, halo and cannibalisation", naive, net),
    ]


def ads(shop: tn.Shop, truth: Truth) -> list[Reading]:
    """Returns as the platform reports them, and as sales move with spend."""
    rows = [
        ("ads, reports", f"return on spend of {name}, platform; true", c["platform_roas"], c["roas"])
        for name, c in truth.ads.items()
    ]
    return [*rows, ("ads", "yuan per yuan spent, slope of weekly sales on spend; true", *_spend_slope(shop, truth))]


def _spend_slope(shop: tn.Shop, truth: Truth) -> tuple[float, float]:
    weeks, channels, _ = ad_weeks(shop)
    slope = float(np.polyfit(weeks[channels].sum(axis=1), weeks["paid_amount"], 1)[0])
    caused, spent = (sum(c[k] for c in truth.ads.values()) for k in ("caused_yuan", "spend_yuan"))
    return slope, caused / spent


def traffic(shop: tn.Shop, truth: Truth) -> list[Reading]:
    """Visitors added up over items; mean of daily conversion rates."""
    items = float(shop.sql("SELECT sum(visitors) AS v FROM product_daily")["v"].iloc[0])
    days = shop.sql("SELECT visitors, buyers FROM shop_daily WHERE visitors > 0").astype(float)
    rate = float((days["buyers"] / days["visitors"]).mean())
    return [
        ("traffic", "visitors, added up over items; of the shop", items, float(days["visitors"].sum())),
        ("traffic", "conversion, mean of days; buyers ÷ visitors", rate, float(days["buyers"].sum() / days["visitors"].sum())),
    ]


def keywords(shop: tn.Shop, truth: Truth) -> list[Reading]:
    """Orders ÷ clicks of each keyword."""
    rows = shop.sql(KEYWORDS)
    rows = rows[rows["clicks"] > 0]
    true = np.array([truth.keywords["terms"][k]["order_rate"] for k in rows["keyword"]])
    rate = (rows["orders"] / rows["clicks"]).to_numpy(float)
    return [
        ("keywords", "keywords with an order rate of 0, orders ÷ clicks; true", float((rate == 0).mean()), 0.0),
        ("keywords", "highest tenth of keywords, mean orders ÷ clicks; their true rate", *_top(rate, true)),
    ]


def _top(rate: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    best = rate >= np.quantile(rate, 0.9)
    return float(rate[best].mean()), float(true[best].mean())


def paths(shop: tn.Shop, truth: Truth) -> list[Reading]:
    """Last touch, against the share of removal effects."""
    table = tn.attribute_paths(shop).table
    last = table[table["model"] == "last"].set_index("channel")["conversions"]
    whole = sum(truth.paths.values())
    return [
        (
            "paths",
            f"credit of {name}, last touch; share of removal effects",
            float(last[name] / last.sum()),
            truth.paths[name] / whole,
        )
        for name in ("购物车", "手淘推荐")
    ]


def stock(shop: tn.Shop, truth: Truth) -> list[Reading]:
    """Units sold taken for units wanted, on days that sold out."""
    days = shop.sql(
        "SELECT p.item_id, p.paid_units FROM product_daily p JOIN stock s ON s.item_id = p.item_id AND s.date = p.date "
        "WHERE s.sold_out"
    )
    rows = truth.items.values()
    lost = sum(r["units_wanted"] - r["units_sold"] for r in rows)
    sold = float(days["paid_units"].sum())
    return [("stock", "units on sold-out days, sold; wanted", sold, sold + lost)]


def orders(shop: tn.Shop, truth: Truth) -> list[Reading]:
    """Orders created for orders paid; refunds so far for all refunds."""
    made = shop.sql("SELECT count(*) AS n, count(paid_at) AS paid FROM orders").iloc[0]
    weeks = shop.sql(
        "SELECT sum(refund_amount) / sum(paid_amount) AS share FROM orders WHERE paid_at >= "
        "(SELECT max(paid_at) - INTERVAL 28 DAY FROM orders)"
    )
    end = truth.refunds["amount_rate_in_the_end"]
    return [
        ("orders", "orders, created; paid", float(made["n"]), float(made["paid"])),
        (
            "orders",
            "refunded share of the newest four weeks, so far; of all weeks in the end",
            float(weeks["share"].iloc[0]),
            end,
        ),
    ]


def buyers(shop: tn.Shop, truth: Truth) -> list[Reading]:
    """Second orders so far, and orders so far carried forward."""
    kinds, share = truth.buyers["repurchase"], truth.buyers["campaign_count"] / truth.buyers["count"]
    true = share * kinds["campaign"]["90"] + (1 - share) * kinds["ordinary"]["90"]
    ahead = value(Study(shop, truth))[0]
    again = float(shop.sql(REPEATS)["again"].iloc[0])
    orders = shop.sql(MEMBERS).set_index("is_member")["orders"]
    members = float(orders[True] / orders[False])
    return [
        ("buyers", "second order, share of all buyers so far; within 90 days", again, true),
        ("buyers", "orders within half a year, rate so far carried forward; expected", ahead["naive"], ahead["truth"]),
        ("buyers", "second order within 90 days, campaign buyers; others", kinds["campaign"]["90"], kinds["ordinary"]["90"]),
        (
            "buyers",
            "orders so far, members ÷ others; what joining multiplies them with",
            members,
            truth.buyers["orders_by_joining"],
        ),
    ]


def service(shop: tn.Shop, truth: Truth) -> list[Reading]:
    """Stars of bad reviews; hours averaged over carriers."""
    stars = float(shop.sql("SELECT avg(CAST(stars >= 4 AS INTEGER)) AS s FROM reviews")["s"].iloc[0])
    good, all_ = (sum(v[k] for v in truth.service["good_reviews"].values()) for k in (0, 1))
    hours = shop.sql(
        "SELECT avg(date_diff('hour', shipped_at, delivered_at)) AS h FROM logistics WHERE delivered_at IS NOT NULL"
    )
    return [
        ("service", "good reviews, four stars or more; good by their words", stars, good / all_),
        (
            "service",
            "hours on the way, mean; slowest carrier",
            float(hours["h"].iloc[0]),
            max(truth.service["carrier_hours"].values()),
        ),
    ]


def geo(shop: tn.Shop, truth: Truth) -> list[Reading]:
    """Before and after a regional hold-out, in a shop made with one."""
    row = regional_test(Study(shop, truth))[0]
    return [("geo", "yuan lost in provinces held out, before − during; true", row["naive"], row["truth"])]


def switches() -> list[Reading]:
    """Two switches that bend slopes, in shops made with them."""
    rows: list[Reading] = []
    with tempfile.TemporaryDirectory() as folder:
        target = make_shop(Path(folder), hard=("hidden_demand",))
        slope = _spend_slope(load_shop(folder, target.name), read_truth(target))
        rows.append(("`hidden_demand`", "yuan per yuan spent, slope of weekly sales on spend; true", *slope))
    with tempfile.TemporaryDirectory() as folder:
        target = make_shop(Path(folder), hard=("own_demand_pricing",))
        study = Study(load_shop(folder, target.name), read_truth(target))
        true = study.by_item("elasticity")["elasticity"].reindex(study.slopes.index)
        figures = float(study.slopes.median()), float(true.median())
        rows.append(("`own_demand_pricing`", "log units on log price by day, median over items; true", *figures))
    return rows


PARTS = (campaigns, ads, traffic, keywords, paths, stock, orders, buyers, service, geo)


def naive_table(shop: tn.Shop, truth: Truth) -> list[str]:
    """The rows as markdown."""
    rows = [row for part in PARTS for row in part(shop, truth)] + switches()
    lines = ["| part | figure: naive; true | naive | true | naive ÷ true |", "|---|---|---|---|---|"]
    for part, figure, naive, true in rows:
        ratio = f"{naive / true:.2f}" if true else "–"
        lines.append(f"| {part} | {figure} | {_number(naive)} | {_number(true)} | {ratio} |")
    return lines


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3f}"


def main() -> None:
    """Print the table of the default shop."""
    folder = Path(__file__).parent.parent / "data" / "demo"
    print("\n".join(naive_table(tn.load_shop(folder, "qingmu"), read_truth(folder / "qingmu"))))


if __name__ == "__main__":
    main()
