"""How far the demo shop resembles real shops: order values, refunds, repeat buying, keyword sparsity, price response.

Run: .venv/bin/python bench/demo_looks.py > docs/explanation/demo.md

Prints docs/explanation/demo.md: the equations of the world and the demo beside each real data set, by the same lines of pandas.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
from demo_naive import naive_table

import tmall_nb as tn
from tmall_nb.demo import SWITCHES, Truth, read_truth

ROOT = Path(__file__).parent.parent
REAL = Path(os.environ.get("TMALL_NB_REAL_DATA", ROOT.parent / "shared" / "data"))
PARTS = tuple(
    "streams season items demand ads reports traffic keywords paths geo stock buyers orders tally service campaigns".split()
)
Pair = tuple[str, str, float, float]


def order_values(shop: tn.Shop) -> list[Pair]:
    """Order value and refunds beside 28,010 real orders of February 2020."""
    real = pd.read_csv(REAL / "tmall_orders" / "tmall_order_report.csv").rename(columns=str.strip)
    real = real[real["订单付款时间"].notna()]
    demo = shop.sql("SELECT paid_amount, refund_amount, paid_at IS NOT NULL AS paid FROM orders")
    paid = demo[demo["paid"]]
    # the demo's newest refunds have not all arrived, as in a real export
    rows: list[Pair] = []
    for name, q in (("order value, 10 % quantile ÷ median", 0.1), ("order value, 90 % quantile ÷ median", 0.9)):
        ratio = [float(v.quantile(q) / v.median()) for v in (paid["paid_amount"], real["总金额"])]
        rows.append(("tmall_orders", name, *ratio))
    share = [
        float(paid["refund_amount"].sum() / paid["paid_amount"].sum()),
        float(real["退款金额"].sum() / real["总金额"].sum()),
    ]
    rows.append(("tmall_orders", "refunded share of paid amount", *share))
    partial = [
        float((r.gt(0) & (r < t - 0.005)).sum() / r.gt(0).sum())
        for r, t in ((paid["refund_amount"], paid["paid_amount"]), (real["退款金额"], real["总金额"]))
    ]
    rows.append(("tmall_orders", "partial refunds among refunds", *partial))
    all_real = pd.read_csv(REAL / "tmall_orders" / "tmall_order_report.csv").rename(columns=str.strip)
    unpaid = [float(1 - demo["paid"].mean()), float(all_real["订单付款时间"].isna().mean())]
    rows.append(("tmall_orders", "orders never paid", *unpaid))
    return rows


def repeat_buying(shop: tn.Shop) -> list[Pair]:
    """Shares of buyers who order again, at equal observation, beside CDNOW and Online Retail."""
    demo = shop.sql("SELECT buyer_key AS buyer, CAST(paid_at AS DATE) AS day FROM orders WHERE paid_at IS NOT NULL")
    cdnow = pd.read_csv(
        REAL / "cdnow" / "CDNOW_master.txt.gz", sep=r"\s+", header=0, names=["buyer", "day", "units", "amount"]
    ).assign(day=lambda f: pd.to_datetime(f["day"].astype(str)))
    retail = pd.read_parquet(REAL / "online_retail" / "online_retail.parquet").dropna(subset=["CustomerID"])
    retail = retail.assign(buyer=retail["CustomerID"], day=pd.to_datetime(retail["InvoiceDate"]).dt.normalize())
    return [
        ("cdnow", "buyers with a second order within 90 days", _again(demo, 90), _again(cdnow, 90)),
        ("cdnow", "buyers with a second order within 180 days", _again(demo, 180), _again(cdnow, 180)),
        ("online_retail", "buyers with a second order within 90 days", _again(demo, 90), _again(retail, 90)),
    ]


def _again(log: pd.DataFrame, days: int) -> float:
    log = log.dropna(subset=["buyer"]).drop_duplicates(["buyer", "day"]).sort_values(["buyer", "day"])
    first = log.groupby("buyer")["day"].min()
    second = log[log.duplicated("buyer")].groupby("buyer")["day"].min()
    seen = first[first <= log["day"].max() - pd.Timedelta(days=days)]
    wait = (second.reindex(seen.index) - seen).dt.days
    return float((wait <= days).mean())


def keyword_sparsity(shop: tn.Shop) -> list[Pair]:
    """How few clicks and orders most rows have, beside 1,143 real ads."""
    demo = shop.sql(
        "SELECT sum(clicks) AS clicks, sum(ad_orders) AS orders FROM ads WHERE keyword IS NOT NULL GROUP BY keyword"
    )
    real = pd.read_csv(REAL / "facebook_ads_kag" / "KAG_conversion_data.csv")
    none = [float((demo["orders"] == 0).mean()), float((real["Approved_Conversion"] == 0).mean())]
    ten = [float((demo["clicks"] < 10).mean()), float((real["Clicks"] < 10).mean())]
    rate = [float(demo["orders"].sum() / demo["clicks"].sum()), float(real["Approved_Conversion"].sum() / real["Clicks"].sum())]
    return [
        ("facebook_ads_kag", "rows without an order", *none),
        ("facebook_ads_kag", "rows under 10 clicks", *ten),
        ("facebook_ads_kag", "orders per click", *rate),
    ]


def price_response(shop: tn.Shop) -> list[Pair]:
    """Naive weekly log-log slope of items that sell 5 or more a week, beside eleven brands of orange juice; and its spread."""
    demo = _busy_weeks(shop)
    wide = pd.read_parquet(REAL / "dominicks_oj" / "orangeJuice_yx.parquet")
    own = np.array([wide[f"price{b}"].to_numpy()[k] for k, b in enumerate(wide["brand"].astype(int))])
    real = pd.DataFrame({"item": wide["brand"], "units": np.exp(wide["logmove"]), "price": own})
    slopes = [_slopes(frame).to_numpy() for frame in (demo, real)]
    return [
        ("dominicks_oj", "naive price slope, median over items", *(float(np.median(s)) for s in slopes)),
        (
            "dominicks_oj",
            "naive price slope, quartile range",
            *(float(np.subtract(*np.quantile(s, [0.75, 0.25]))) for s in slopes),
        ),
    ]


PRICES = (
    "SELECT item_id AS item, time_bucket(to_days($days), date) AS period, sum(paid_units) AS units, "
    "CAST(sum(paid_amount) AS DOUBLE) / sum(paid_units) AS price FROM product_daily GROUP BY ALL HAVING sum(paid_units) > 0"
)


def _busy_weeks(shop: tn.Shop) -> pd.DataFrame:
    weeks = shop.sql(PRICES, days=7)
    return weeks[weeks.groupby("item")["units"].transform("mean") >= 5]


def naive_slopes(shop: tn.Shop, truth: Truth) -> list[tuple[str, float, float]]:
    """Median naive slope beside the median true elasticity of the same items: by week, busy items, and by day, all items."""
    rows = []
    for name, frame in (
        ("by week, five units or more a week", _busy_weeks(shop)),
        ("by day, all items", shop.sql(PRICES, days=1)),
    ):
        slopes = _slopes(frame)
        true = [truth.items[str(item)]["elasticity"] for item in slopes.index]
        rows.append((name, float(slopes.median()), float(np.median(true))))
    return rows


def _slopes(frame: pd.DataFrame) -> pd.Series:
    """Log units on log price of every item with 30 periods or more and some change of price."""
    out = {}
    for item, rows in frame.groupby("item"):
        x, y = np.log(rows["price"].to_numpy(float)), np.log(rows["units"].to_numpy(float))
        if len(rows) >= 30 and x.std() > 0.01:
            out[item] = float(np.polyfit(x - x.mean(), y, 1)[0])
    return pd.Series(out)


INTRO = """# The demo shop and its truth

`tmall-nb demo` draws a shop from one causal model and writes it as the files a merchant downloads, with `truth.json` beside
them. No analysis reads that file (an import contract and a test see to it); tests and benchmarks compare with it. This page
is written by `bench/demo_looks.py` from the docstrings of `tmall_nb/demo/` and from the real data sets.

Sizes: `small` (40 items, about 20,000 orders, 18 months), `year` (300 items, 300,000 orders), `large` (10 M order lines).
Switches that make it harder: {switches}; several can be on. `tmall-nb demo --shops 3` makes shops of differing scale and
category for a batch.
"""
NAIVE = """## Which naive reading is wrong, and by how much

The default shop (seed 7, `small`) read as a merchant would read its files, beside what `truth.json` says
(`bench/demo_naive.py`). Over 40 shops, with what each analysis makes of it: `docs/benchmarks/truth.md`. For prices see the
last table of this page.
"""
LOOKS = """## Does it look real?

The same lines of pandas on the demo shop (seed 7, `small`) and on real data. Where they differ much, the difference is on
purpose or stated here. The real order file has no refund dates, so lags cannot be compared; CDNOW and Online Retail are not
Tmall shops. Price slopes are of weekly sums and of items that sell five or more a week: by day and with few units, days
without a sale drop out of the logs and the slope shrinks towards zero, as the last table shows beside the truth.
"""


NEW = """
What does not look real: demand says how many orders a day there are and the buyers' process who comes back, so that after
Double 11, on whose bursts {burst:,} first orders fall, quiet days consist mostly of returning buyers (at most 93 % by rule).
Over all days new buyers are {share:.2f} of the buyers a day, in the last six weeks {late:.2f}; {none} of these 42 days have
none.
"""
BURSTS = ["2025-10-20", "2025-10-21", "2025-10-30", "2025-10-31", "2025-11-10", "2025-11-11"]


def new_buyers(shop: tn.Shop) -> str:
    """How few new buyers the weeks after Double 11 have."""
    days = shop.sql("SELECT date, new_buyers, buyers FROM shop_daily ORDER BY date")
    late = days.tail(42)
    burst = days[days["date"].astype(str).str[:10].isin(BURSTS)]
    share, of_late = (float(d["new_buyers"].sum() / d["buyers"].sum()) for d in (days, late))
    none = int((late["new_buyers"] == 0).sum())
    return NEW.format(burst=int(burst["new_buyers"].sum()), none=none, share=share, late=of_late)


def parts() -> list[str]:
    """The equations of each part of the world, as its module states them."""
    out = []
    for name in PARTS:
        text = (import_module(f"tmall_nb.demo.{name}").__doc__ or "").strip()
        first, _, rest = text.partition("\n")
        out.append(f"## {first}\n{rest}".replace("``", "`").replace("::\n", ":\n"))
    return out


def main() -> None:
    """Print the page."""
    if not REAL.exists():
        sys.exit(f"{REAL} is not here; set TMALL_NB_REAL_DATA")
    shop = tn.load_shop(ROOT / "data" / "demo", "qingmu")
    print(INTRO.format(switches=", ".join(f"`{s}`" for s in SWITCHES)))
    print("\n\n".join(parts()), "\n")
    truth = read_truth(ROOT / "data" / "demo" / "qingmu")
    print(NAIVE)
    print("\n".join(naive_table(shop, truth)), "\n")
    print(LOOKS)
    print("| real data | figure | demo shop | real |\n|---|---|---|---|")
    for part in (order_values, repeat_buying, keyword_sparsity, price_response):
        for name, figure, demo, real in part(shop):
            print(f"| `{name}` | {figure} | {demo:.3f} | {real:.3f} |")
    print("\n| naive slope of log units on log price | median | true elasticity, median |\n|---|---|---|")
    for name, naive, true in naive_slopes(shop, truth):
        print(f"| {name} | {naive:.2f} | {true:.2f} |")
    print(new_buyers(shop).rstrip())


if __name__ == "__main__":
    main()
