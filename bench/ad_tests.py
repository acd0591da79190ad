"""What a regional hold-out in a shop's own sheet does to its media mix, on demo shops with known truth.

Run: .venv/bin/python bench/ad_tests.py [--shops 10] > docs/benchmarks/ad_tests.md

Each shop is drawn with the switch ``geo_holdout``: no ad runs in ten provinces for the last 56 days. The sheet says so, with
the yuan not spent by it, and ``fit_media_mix`` does the rest. Truth: what all ads returned over the whole time.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date

import numpy as np
import pandas as pd

import tmall_nb as tn
from tmall_nb.demo import make_shop, read_truth
from tmall_nb.demo.names import PROVINCE_WEIGHTS, PROVINCES
from tmall_nb.queries.ad_weeks import channel_days

NOTE = """
Shops of 20,000 orders: such a test is vague there, and what all ads return lies near the guess with no data (1.22), which
flatters the mix without it."""
FIRST_SEED = 601
HEADER = "渠道,开始,结束,停投省份,花费变化（元）"


def one_shop(seed: int) -> dict[str, float]:
    """The test's reading and the return of all ads without and with it, beside the truth of both."""
    with tempfile.TemporaryDirectory(prefix="tmall-nb-") as folder:
        target = make_shop(folder, seed=seed, hard=("geo_holdout",))
        truth = read_truth(target)
        test, ads = truth.geo, pd.DataFrame(truth.ads).T
        saved = unspent(tn.load_shop(folder, target.name), test)
        row = f"全部,{test['start']},{test['end']},{'、'.join(test['provinces'])},{-saved:.0f}"
        (target / "投放测试.csv").write_text(f"{HEADER}\n{row}\n", encoding="utf-8")
        found = tn.fit_media_mix(tn.load_shop(folder, target.name)).tests.iloc[0]
    names = [f"{name}{side}" for name in ("tested", "before", "after") for side in ("", "_low", "_high")]
    returned = float((ads["roas"] * ads["spend_yuan"]).sum() / ads["spend_yuan"].sum())
    figures = {
        "seed": seed,
        "used": float(found["verdict"] == "used"),
        "true": returned,
        "true_tested": test["lost_yuan"] / saved,
    }
    return figures | {name: float(found[name]) for name in names}


def unspent(shop: tn.Shop, test: dict) -> float:
    """Yuan that were not spent in the held-out provinces: spend of the rest, by the share of the country that was dark."""
    days = channel_days(shop)
    share = sum(PROVINCE_WEIGHTS[PROVINCES.index(p)] for p in test["provinces"]) / sum(PROVINCE_WEIGHTS)
    return float(days.loc[days["date"] >= test["start"], "spend"].sum()) * share / (1 - share)


def scores(shops: pd.DataFrame, name: str, true: str) -> tuple[float, float, float]:
    """Mean relative error, coverage of the 90 % interval, and high ÷ low in the middle."""
    point, low, high, truth = shops[name], shops[f"{name}_low"], shops[f"{name}_high"], shops[true]
    ratio = (high / low).where(low > 0)
    return float(abs(point / truth - 1).mean()), float(((low <= truth) & (truth <= high)).mean()), float(ratio.median())


def main(count: int) -> None:
    shops = pd.DataFrame([one_shop(FIRST_SEED + k) for k in range(count)])
    print("# Tests of ads as calibration\n")
    print(f"Printed by `bench/ad_tests.py` on {date.today()}: tmall-nb {tn.__version__}, numpy {np.__version__}, "
          f"{count} demo shops (seeds {FIRST_SEED}-{FIRST_SEED + count - 1}) of 78 weeks, ads off in ten provinces for eight "
          f"weeks; {int(shops['used'].sum())} read-outs used.\n")  # fmt: skip
    print("| Return of all ads | error (MAPE) | 90 % interval covers | high ÷ low (median) |\n|---|---|---|---|")
    for title, name, true in (
        ("media mix without the test", "before", "true"),
        ("media mix with the test", "after", "true"),
        ("the test alone, against what it tested", "tested", "true_tested"),
    ):
        error, cover, width = scores(shops, name, true)
        print(f"| {title} | {error:.3f} | {cover:.2f} | {width:.2f} |")
    print(NOTE)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--shops", type=int, default=10)
    main(options.parse_args().shops)
