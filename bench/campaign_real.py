"""Real campaigns: eBay's paid-search switch-off, GeoLift, and Complete Journey's coupon campaigns on treated households.

Complete Journey: daily sales of the households that received a campaign's coupons, against households that received none in
the whole year, in four fixed groups. Placebo: the same dates read on a quarter of the untreated households.

Run: python bench/campaign_real.py
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd

import tmall_nb as tn

DATA = Path(os.environ.get("TMALL_NB_REAL_DATA") or Path(__file__).parents[2] / "shared" / "data")
GROUPS = 4
LEAST = 100  # households of a campaign


def household_days():
    folder = DATA / "complete_journey"
    sales = pd.read_parquet(folder / "transactions.parquet", columns=["household_id", "sales_value", "transaction_timestamp"])
    sales["date"] = sales["transaction_timestamp"].dt.normalize()
    sales = sales[sales["date"] <= "2017-12-31"]
    return sales.pivot_table(index="date", columns="household_id", values="sales_value", aggfunc="sum").fillna(0.0)


def complete_journey():
    wide = household_days()
    folder = DATA / "complete_journey"
    sent, when = (pd.read_parquet(folder / f"{n}.parquet") for n in ("campaigns", "campaign_descriptions"))
    never = [h for h in wide.columns if h not in set(sent["household_id"])]
    group = np.arange(len(never)) % GROUPS
    pools = pd.DataFrame(
        {f"c{g}": wide[[h for h, k in zip(never, group, strict=True) if k == g]].sum(axis=1) for g in range(GROUPS)}
    )
    for row in when.sort_values("start_date").itertuples():
        homes = sent.loc[sent["campaign_id"] == row.campaign_id, "household_id"]
        homes = [h for h in homes if h in wide.columns]
        start, end = pd.Timestamp(row.start_date), pd.Timestamp(row.end_date)
        if len(homes) < LEAST or start < pd.Timestamp("2017-03-15") or end > pd.Timestamp("2017-12-25"):
            continue
        frame = pools.assign(y=wide[homes].sum(axis=1)).reset_index()
        for name, outcome, controls in (("treated", "y", list(pools)), ("placebo", "c0", list(pools)[1:])):
            result = tn.measure_uplift(frame, start=start, end=end, outcome=outcome, controls=controls, post_dip_days=0)
            show(f"campaign {row.campaign_id} ({row.campaign_type}), {len(homes)} households, {name}", result)


def show(name, result):
    gross = result.effect.set_index("kind").loc["gross"]
    base = gross.effect / gross.relative
    print(f"| {name} | {gross.relative:+.3f} | {gross.low / base:+.3f} | {gross.high / base:+.3f} |")


def ebay():
    rows = pd.read_csv(DATA / "ebay_paidsearch" / "paidsearch.csv.gz")
    rows["date"] = pd.to_datetime(rows["date"], format="%d-%b-%y")
    mean = rows.groupby(["date", "search stays on"])["revenue"].mean().unstack()
    days = pd.DataFrame({"date": mean.index, "off": mean[0].to_numpy(), "on": mean[1].to_numpy()})
    show(
        "eBay switch-off",
        tn.measure_uplift(days, start="2012-05-22", end="2012-07-22", outcome="off", controls=["on"], post_dip_days=0),
    )


def geolift():
    panel = pd.read_csv(DATA / "campaign_counterfactual" / "GeoLift_Test.csv").rename(columns={"Y": "outcome"})
    result = tn.synthetic_control(panel, unit="location", treated=["chicago", "portland"], start="2021-04-01", demean=True)
    show("GeoLift, synthetic control", result)


if __name__ == "__main__":
    print("| case | relative | low | high |\n|---|---|---|---|")
    ebay()
    geolift()
    complete_journey()
