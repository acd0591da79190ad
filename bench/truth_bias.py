"""Where the biases of the scoreboard come from, on shops other than those it scores: demand ahead, and returns of channels.

Each is taken once as it is and once with one thing known that no file tells, so that what then goes away came from it.

Run: .venv/bin/python bench/truth_bias.py --seeds 10 > docs/benchmarks/truth_bias.md
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

import tmall_nb as tn
from tmall_nb.analyses.media_mix import Beliefs
from tmall_nb.analyses.media_mix.shops import read_shop
from tmall_nb.demo import make_shop, read_truth
from tmall_nb.demo.streams import read_settings
from tmall_nb.demo.world import Market, make_market
from tmall_nb.exports.load import load_shop
from tmall_nb.method_check.study import Study

FIRST_SEED = 98_401  # neither scored in docs/benchmarks/truth.md nor used to choose
PARTS = ((3, "4 days before Double 12"), (6, "its first three days"), (9, "its last two days, the day after"),
         (27, "the 18 days after"))  # fmt: skip
CALM_DAYS = 16  # the ordinary days before the days ahead, 18 November to 3 December
KNOWN = ("as it is", "without the platform's pattern", "and with true demand as a control")


INTRO = """# Where two biases of the scoreboard come from

Printed by `bench/truth_bias.py`: {shops} fresh shops of size `small` (seeds from {first}), none of which
[the scoreboard](truth.md) scores.

* Units ahead: the days of Double 12 and after are foretold without a bias that these shops would show. What the last ordinary
  days before say of the days ahead stands beside it.
* Returns of channels: whole-shop ads are told too high, keywords and audiences too low, within what the intervals promise (all
  channels): little is known of any, so all are drawn towards one another. An estimate lies below the middle on purpose, by at
  most 22 % (least expected relative error), and channels that follow demand are insured against it. With true demand as a
  control whole-shop ads come out nearer. The platform's own pattern of returns changes little. Over more shops: the scoreboard.
"""


def demand_parts(study: Study) -> pd.DataFrame:
    """Units wanted and foretold in each part of the days ahead, and those of the calm days before."""
    ids = list(study.truth.items)
    wide = study.demand.forecast.pivot(index="item_id", columns="date", values="units").reindex(ids)
    frame = pd.DataFrame({"wanted": study.by_day("wanted_by_day").sum(axis=0), "told": wide.sum().to_numpy()})
    late = study.past[study.past["date"] > study.past["date"].max() - pd.Timedelta(days=CALM_DAYS)]
    frame["before"] = late["paid_units"].sum() / CALM_DAYS
    edges = [-1, *(last for last, _ in PARTS)]
    return frame.groupby(pd.cut(frame.index, edges, labels=[name for _, name in PARTS]), observed=True).sum()


def channel_rows(study: Study, market: Market) -> list[dict[str, object]]:
    """Return of each channel under each of ``KNOWN``, beside its truth."""
    frame, channels, found, beliefs = read_shop(study.shop, None, (), Beliefs())
    organic = (market.demand.organic * market.demand.factor * market.items.price_cents / 100).sum(axis=0)
    week = pd.DatetimeIndex(market.days.dates).to_period("W-SUN").start_time
    by_week = pd.Series(organic, index=week).groupby(level=0).sum()
    frame["true_demand"] = np.log(frame["week"].map(by_week) / by_week.mean())
    plain = Beliefs(demand_channels=beliefs.demand_channels, platform_roas={})
    options = ((found, beliefs), (found, plain), ([*found, "true_demand"], plain))
    rows: list[dict[str, object]] = []
    for name, (controls, known) in zip(KNOWN, options, strict=True):
        table = tn.fit_media_mix(frame, spend=channels, controls=controls, beliefs=known).table.set_index("channel")
        for channel, true in study.truth.ads.items():
            at = table.loc[channel]
            row = {"known": name, "channel": channel, "truth": true["roas"], "estimate": at["roas"]}
            rows.append(row | {"inside": at["low"] <= true["roas"] <= at["high"]})
    return rows


def main() -> None:
    """Print both tables as markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    args = parser.parse_args()
    ahead, returns = [], []
    for seed in tqdm(range(args.first_seed, args.first_seed + args.seeds), unit="shop"):
        with tempfile.TemporaryDirectory() as folder:
            target = make_shop(Path(folder), seed=seed)
            study = Study(load_shop(folder, target.name), read_truth(target))
            market = make_market(read_settings(target.name, "small", seed, ()))
            ahead.append(demand_parts(study))
            returns += channel_rows(study, market)
    print(INTRO.format(shops=args.seeds, first=args.first_seed))
    _print_demand(pd.concat(ahead))
    _print_returns(pd.DataFrame(returns))


def _print_demand(rows: pd.DataFrame) -> None:
    sums = rows.groupby(level=0, observed=True, sort=False).sum()
    sums.loc["all 28 days"] = sums.sum()
    whole = sums["wanted"].iloc[-1]
    columns = ["days ahead", "units wanted", "too many foretold, of all wanted"]
    columns += [f"{what}, against the {CALM_DAYS} ordinary days before" for what in ("wanted", "foretold")]
    print("| " + " | ".join(columns) + " |")
    print("|---" * len(columns) + "|")
    for name, row in sums.iterrows():
        cells = [(row["told"] - row["wanted"]) / whole, *(row[n] / row["before"] - 1 for n in ("wanted", "told"))]
        print(f"| {name} | {row['wanted']:,.0f} | " + " | ".join(f"{m:+.3f}" for m in cells) + " |")


def _print_returns(rows: pd.DataFrame) -> None:
    print("\n| channel | what is known | true return | estimate | bias, of the true return | coverage (90 %) |")
    print("|---|---|---|---|---|---|")
    every = pd.concat([rows, rows.assign(channel="all")])
    for (channel, known), part in every.groupby(["channel", "known"], sort=False):
        true, told = part["truth"].mean(), part["estimate"].mean()
        print(f"| {channel} | {known} | {true:.2f} | {told:.2f} | {told / true - 1:+.2f} | {part['inside'].mean():.2f} |")


if __name__ == "__main__":
    main()
