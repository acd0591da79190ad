"""Keyword order rates, verdicts and bids beside the simple rules, on simulated worlds of fresh seeds; size and cuts.

Run: .venv/bin/python bench/keywords.py --seeds 8 > docs/benchmarks/keywords.md

Peers in the same run, on the same rows: raw orders ÷ clicks, add-one, beta-binomial empirical Bayes by moments and by maximum
likelihood, and the rule "spent 50 yuan without an order". Bid profit is scored against the oracle that knows every rate.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd
from keyword_worlds import World, draw_world

import tmall_nb as tn
from tmall_nb.analyses.keywords.score import shop_segmenter
from tmall_nb.stats.keywords.simple import beta_mle, beta_moments, beta_posterior
from tmall_nb.stats.segment import boundary_f1

ROOT = Path(__file__).parent.parent
TAIL = 30  # clicks
MARGIN, LEVEL = 0.4, 0.9
FIRST_SEED = 7_000  # far from the seeds methods were chosen on


def rmse(estimate: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(np.mean((estimate - truth) ** 2)))


def score(world: World) -> dict[str, float]:
    """Errors ×100 on the tail, coverage, precision and recall of negatives, and the profit of the bids."""
    rows = world.rows
    clicks, orders = rows["clicks"].to_numpy(float), np.minimum(rows["ad_orders"], rows["clicks"]).to_numpy(float)
    started = time.process_time()
    table = tn.score_keywords(rows, margin=MARGIN, level=LEVEL).table
    seconds = time.process_time() - started
    tail = clicks < TAIL
    truth = world.rate
    raw = np.divide(orders, clicks, out=np.zeros_like(orders), where=clicks > 0)
    moments, mle = (beta_posterior(f(clicks, orders), clicks, orders, LEVEL)[0] for f in (beta_moments, beta_mle))
    ours = table["order_per_click"].to_numpy(float)
    inside = (table["low"].to_numpy(float) <= truth) & (truth <= table["high"].to_numpy(float))
    cost = rows["spend"].to_numpy(float) / np.maximum(clicks, 1)
    losing = truth * world.value * MARGIN < cost
    negative = table["verdict"].eq("negative").to_numpy()
    rule = (rows["spend"].to_numpy(float) > 50) & (orders == 0)
    out = {"raw": rmse(raw[tail], truth[tail]), "add-one": rmse(((orders + 1) / (clicks + 2))[tail], truth[tail])}
    out |= {"beta moments": rmse(moments[tail], truth[tail]), "beta-binomial": rmse(mle[tail], truth[tail])}
    out |= {"ours": rmse(ours[tail], truth[tail]), "coverage": float(inside.mean())}
    out["ratio"] = out["ours"] / out["beta-binomial"]
    for name, chosen in (("", negative), ("rule ", rule)):
        out[f"{name}precision"] = float(losing[chosen].mean()) if chosen.any() else np.nan
        out[f"{name}recall"] = float(chosen[losing].mean())
    out["bid profit"] = bid_profit(world, table["max_bid_yuan"].to_numpy(float)) / bid_profit(
        world, truth * world.value * MARGIN
    )
    average = np.full(len(rows), orders.sum() / clicks.sum() * rows["ad_sales"].sum() / max(orders.sum(), 1) * MARGIN)
    out["one-bid profit"] = bid_profit(world, average) / bid_profit(world, truth * world.value * MARGIN)
    return out | {"seconds": seconds}


def bid_profit(world: World, bid: np.ndarray) -> float:
    """Profit of bidding ``bid`` when a click costs a rival's bid, log-normal around the price paid (second price)."""
    cost = np.maximum(world.rows["spend"].to_numpy(float) / np.maximum(world.rows["clicks"].to_numpy(float), 1), 0.05)
    worth = world.rate * world.value * MARGIN
    quantiles = np.exp(0.6 * np.linspace(-2, 2, 41))
    weight = np.exp(-0.5 * np.linspace(-2, 2, 41) ** 2)
    price = cost[:, None] * quantiles[None, :]
    won = np.nan_to_num(bid)[:, None] >= price
    gain = ((worth[:, None] - price) * won * weight).sum(axis=1) / weight.sum()
    return float((gain * world.rows["impressions"].to_numpy(float)).sum())


def labels() -> dict[str, list[list[str]]]:
    """The labelled queries by industry."""
    out: dict[str, list[list[str]]] = {}
    for line in (ROOT / "tests" / "stats" / "query_labels.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            industry = line.strip("[]")
        elif line and not line.startswith("#"):
            out.setdefault(industry, []).append(line.split("/"))
    return out


def cuts() -> list[tuple[str, int, float]]:
    """F1 of word boundaries on the labelled queries, by industry."""
    rows = []
    for industry, truth in labels().items():
        segmenter = shop_segmenter(["".join(words) for words in truth])
        rows.append((industry, len(truth), boundary_f1(truth, [segmenter.cut("".join(words)) for words in truth])))
    return rows


def large(count: int) -> tuple[float, float]:
    """CPU seconds and MiB (growth of the peak) for ``count`` keyword rows."""
    world = draw_world("tokens", seed=FIRST_SEED, keywords=20_000)
    rows = pd.concat([world.rows] * (count // 20_000), ignore_index=True)
    rows["keyword"] = rows["keyword"] + " " + (np.arange(len(rows)) // 20_000).astype(str)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    tn.score_keywords(rows, margin=MARGIN)
    return time.process_time() - started, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def main() -> None:
    """Print the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the size test, 0 for none")
    args = parser.parse_args()
    print(f"# Keywords\n\nPrinted by `bench/keywords.py`: {args.seeds} fresh seeds from {FIRST_SEED}, 3,000 keywords each.\n")
    print("| world | raw | add-one | beta moments | beta-binomial | ours | ours ÷ beta-binomial | coverage of 90 % | CPU s |")
    print("|---|---|---|---|---|---|---|---|---|")
    more = {}
    for name, kind, invented in (
        ("tokens", "tokens", False), ("tokens, unknown words", "tokens", True), ("logit-normal, token-free", "logit", False),
        ("beta, token-free", "beta", False),
    ):  # fmt: skip
        found = pd.DataFrame([score(draw_world(kind, seed=FIRST_SEED + k, invented=invented)) for k in range(args.seeds)])
        mean = more[name] = found.mean()
        errors = [f"{100 * mean[c]:.2f}" for c in ("raw", "add-one", "beta moments", "beta-binomial", "ours")]
        print(f"| {name} | {' | '.join(errors)} | {mean['ratio']:.3f} | {mean['coverage']:.3f} | {mean['seconds']:.2f} |")
    print(f"\nErrors: RMSE × 100 of orders per click on keywords under {TAIL} clicks.\n")
    print("| world | negatives: precision | recall | rule: precision | recall | bids ÷ oracle profit | one bid ÷ oracle |")
    print("|---|---|---|---|---|---|---|")
    for name, mean in more.items():
        columns = ("precision", "recall", "rule precision", "rule recall", "bid profit", "one-bid profit")
        print(f"| {name} | {' | '.join(f'{mean[c]:.3f}' for c in columns)} |")
    print("\nCuts of 368 queries labelled by hand before the dictionary was made; words are mined from the queries' own texts.")
    print("\n| labelled queries | queries | F1 of boundaries |\n|---|---|---|")
    for industry, count, f1 in cuts():
        print(f"| {industry} | {count} | {f1:.3f} |")
    if args.rows:
        seconds, memory = large(args.rows)
        print(f"\n{args.rows:,} keyword rows: {seconds:.1f} CPU s, {memory:.0f} MiB more than before.")


if __name__ == "__main__":
    main()
