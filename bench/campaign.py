"""Lift of simulated campaigns in four control regimes: ours beside the naive figures, synthetic control and three packages.

Errors are shares of the true gross lift. Peers run in their own environment on the first seeds of the same run
(``uv venv bench/.peers/campaign && uv pip install -p bench/.peers/campaign/bin/python -r bench/peers/campaign.txt``).

Run: python bench/campaign.py --seeds 200 --peers 20 --stress 100 --first 60000
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from campaign_worlds import POST, PRE, REGIMES, STRESS, make_world

import tmall_nb as tn
from tmall_nb.stats.synthetic import fit_synthetic, placebo_gaps, placebo_interval

HERE = Path(__file__).parent
PEER = HERE / ".peers" / "campaign" / "bin" / "python"


def ours(world):
    """Our lift: rows of gross and net, warning given, CPU seconds."""
    began = time.process_time()
    result = tn.measure_uplift(
        world.days, start=world.start, end=world.end, outcome="paid_units", controls=world.controls, events=world.events,
        pre_dip_days=PRE, post_dip_days=POST,
    )  # fmt: skip
    seconds = time.process_time() - began
    rows = result.table.set_index("kind")
    return rows, {finding.key for finding in result.findings}, seconds


def sale_days(world):
    first = int((world.days["date"] < world.start).sum())
    return first, int((world.days["date"] <= world.end).sum()) - 1


def synthetic(world):
    """Synthetic control on logs, level shift allowed, placebo interval over controls."""
    first, last = sale_days(world)
    kept = np.r_[0 : first - PRE, first : last + 1]
    logs = np.log(world.days.drop(columns="date").to_numpy(float) + 1)[kept]
    pre, y = first - PRE, world.days["paid_units"].to_numpy(float)[first : last + 1]
    fit = fit_synthetic(logs[:, 0], logs[:, 1:], pre, demean=True)
    placebos = placebo_gaps(logs[:, 1:], pre, demean=True)
    gaps = placebos.gaps[:, pre:].mean(axis=1)
    low, high, _ = placebo_interval(float(fit.gap[pre:].mean()), fit.pre_error, gaps, placebos.pre_errors, level=0.95)
    total = (np.exp(fit.counterfactual[pre:]) - 1).sum()
    return y.sum() - total, y.sum() * (1 - np.exp(-low)), y.sum() * (1 - np.exp(-high))


def year_on_year(seed, regime):
    """Campaign days minus the same weekdays 364 days before, on a world two years long."""
    world = make_world(seed, regime, length=730)
    first, last = sale_days(world)
    y = world.days["paid_units"].to_numpy(float)
    return (y[first : last + 1].sum() - y[first - 364 : last - 363].sum() - world.gross) / world.gross


def peers(world):
    first, last = sale_days(world)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "world.csv"
        world.days.to_csv(path, index=False)
        script = [PEER, HERE / "campaign_peers.py", path, first - PRE, first, last]
        done = subprocess.run([str(v) for v in script], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"method"')]


def add(rows, regime, method, truth, gross, estimate, low=np.nan, high=np.nan, seconds=np.nan, warned=np.nan):
    cover = float(low <= truth <= high) if np.isfinite(low) else np.nan
    rows.append((regime, method, (estimate - truth) / gross, cover, seconds, warned))


def run(regime, seeds, first, peer_seeds):
    rows = []
    for seed in range(first, first + seeds):
        world = make_world(seed, regime)
        table, found, seconds = ours(world)
        warned = bool(found & {"controls_react_less", "controls_react_less_untaught"})
        for kind, truth in (("gross", world.gross), ("net", world.net)):
            values = table.loc[kind, ["effect", "low", "high"]]
            add(rows, regime, f"tmall_nb {kind}", truth, world.gross, *values, seconds, float(warned))
            if seed < first + peer_seeds:
                add(rows, regime, f"tmall_nb {kind}, peers' seeds", truth, world.gross, *values, seconds, float(warned))
        for kind in ("before_after", "difference_in_differences"):
            add(rows, regime, kind, world.gross, world.gross, table.loc[kind, "effect"])
        add(rows, regime, "synthetic control", world.gross, world.gross, *synthetic(world))
        rows.append((regime, "year_on_year", year_on_year(seed, regime), np.nan, np.nan, np.nan))
        if seed < first + peer_seeds and PEER.exists():
            for row in peers(world):
                if "error" in row:
                    rows.append((regime, row["method"] + " (failed)", np.nan, np.nan, row["seconds"], np.nan))
                    continue
                values = (row["effect"], row["low"], row["high"], row["seconds"])
                add(rows, regime, row["method"], world.gross, world.gross, *values)
    return rows


def stress(seeds, first):
    """Ours alone where the model's assumptions are strained; ``warned``: any finding beside the lift says so."""
    rows = []
    for name, (regime, options) in STRESS.items():
        for seed in range(first, first + seeds):
            world = make_world(seed, regime, **options)
            table, found, seconds = ours(world)
            doubts = {k for k in found if not k.startswith("uplift_") or k in ("uplift_one_control", "uplift_few_orders")}
            for kind, truth in (("gross", world.gross), ("net", world.net)):
                values = table.loc[kind, ["effect", "low", "high"]]
                add(rows, name, f"tmall_nb {kind}", truth, world.gross, *values, seconds, float(bool(doubts)))
    return rows


def summarise(rows):
    frame = pd.DataFrame(rows, columns=["regime", "method", "error", "covered", "seconds", "warned"])
    groups = frame.groupby(["regime", "method"], sort=False)
    table = groups.agg(
        seeds=("error", "size"), bias=("error", "mean"), coverage=("covered", "mean"), seconds=("seconds", "mean"),
        warned=("warned", "mean"),
    )  # fmt: skip
    table.insert(2, "rmse", groups["error"].agg(lambda e: np.sqrt((e**2).mean())))
    return table


def as_markdown(table):
    lines = ["| regime | method | seeds | bias | RMSE | coverage | CPU s | warned |", "|---|---|---|---|---|---|---|---|"]
    for (regime, method), row in table.iterrows():
        cells = [f"{row.bias:+.3f}", f"{row.rmse:.3f}", f"{row.coverage:.3f}", f"{row.seconds:.2f}", f"{row.warned:.2f}"]
        cells = ["–" if "nan" in c else c for c in cells]
        lines.append(f"| {regime} | {method} | {int(row.seeds)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=20000)
    parser.add_argument("--peers", type=int, default=20)
    parser.add_argument("--stress", type=int, default=100)
    options = parser.parse_args()
    rows = [row for regime in REGIMES for row in run(regime, options.seeds, options.first, options.peers)]
    print(as_markdown(summarise(rows)), flush=True)
    print()
    print(as_markdown(summarise(stress(options.stress, options.first))))


if __name__ == "__main__":
    main()
