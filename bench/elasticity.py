"""Price elasticities on simulated shops with known truth and on real data, beside their peers in the same run.

Run: .venv/bin/python bench/elasticity.py --seeds 20 --peers 3 > docs/benchmarks/elasticity.md

Worlds: ``bench/price_worlds.py``. Peers (``bench/peers/elasticity.txt``, environment ``bench/.peers/elasticity``) get the same
rows of the first seeds through ``bench/elasticity_peers.py``. Pooled methods are scored against every item's truth with their
one number; their coverage is that of the mean elasticity.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from price_worlds import PROMOTION, REFERENCE, RIVAL, World, draw_world

import tmall_nb as tn
from tmall_nb.stats.iv import first_stage_f, two_stage

ROOT = Path(__file__).parent.parent
REAL = Path(os.environ.get("TMALL_NB_REAL_DATA") or ROOT.parent / "shared" / "data")
PEERS = ROOT / "bench" / ".peers" / "elasticity" / "bin" / "python"
FIRST_SEED, OTHER_SEED = 7_000, 7_100  # none of these was used to choose anything
Z = 1.959964
WORLDS = ("plain", "stock_light", "stock_heavy", "own_demand", "cross", "shares", "reference", "promotion", "drift")
BARS = {
    "plain": "≤ .03, ≤ .39, .92–.97", "stock_light": "≤ .04, ≤ .40", "stock_heavy": "≤ .06, ≤ .42",
    "own_demand": "≤ .10, ≤ .56, .92–.97",
}  # fmt: skip


def truth_of(regime: str, world: World) -> np.ndarray:
    """Own-price elasticity with everything else held; a struck-through price that stays adds its effect to it."""
    return world.elasticity - (REFERENCE if regime == "reference" else 0.0)


def score(estimate: np.ndarray, low: np.ndarray, high: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Bias, RMSE, coverage, share of wrong signs over the items that got a number."""
    known = np.isfinite(estimate)
    error = estimate[known] - truth[known]
    inside = (low[known] <= truth[known]) & (truth[known] <= high[known])
    out = {"bias": error.mean(), "rmse": np.sqrt((error**2).mean()), "coverage": inside.mean()}
    return {k: float(v) for k, v in out.items()} | {
        "wrong": float((estimate[known] >= 0).mean()),
        "answered": float(known.mean()),
    }


def ours(regime: str, seed: int, *, hide_stock: bool = False, with_cost: bool = True, **size: int) -> dict[str, float]:
    """Our estimate on one world, with the parts of the response where the world has them."""
    world = draw_world(regime, seed=seed, **size)
    rows = world.rows.drop(columns=[c for c in ("in_stock", "sold_out", "sold_until") if hide_stock and c in world.rows])
    began = time.process_time()
    result = tn.estimate_elasticity(rows, instrument="cost" if regime == "own_demand" and with_cost else None)
    seconds = time.process_time() - began
    table = result.table
    out = score(*(table[c].to_numpy(float) for c in ("elasticity", "low", "high")), truth_of(regime, world))
    weight = world.rows.groupby("item_id")["paid_units"].sum().to_numpy()
    mean = float(weight @ truth_of(regime, world) / weight.sum())
    row = result.checks.iloc[0]
    out["mean_error"], out["mean_inside"] = row["overall"] - mean, float(row["overall_low"] <= mean <= row["overall_high"])
    return out | {"seconds": seconds} | parts(regime, world, result)


def parts(regime: str, world: World, result: tn.ElasticityResult) -> dict[str, float]:
    """Error and coverage of the effect this regime has, and of second estimates."""
    found = result.effects.set_index("part")
    true = {"promotion": ("promotion", -PROMOTION), "reference": ("reference", REFERENCE), "cross": ("cross", 0.5)}
    true |= {"rivals": ("cross", RIVAL)}
    check = result.checks.iloc[0]
    out: dict[str, float] = {"stock_bias": float(check["stock_bias"]), "apart": float(check["promotion_apart"])}
    out |= promotion_parts(regime, world, result) | competition_parts(world, result)
    if regime in true and true[regime][0] in found.index:
        name, value = true[regime]
        row = found.loc[name]
        out |= {"effect": row["value"] - value, "effect_inside": float(row["low"] <= value <= row["high"])}
        out |= {"effect_clear": float(row["low"] > 0 or row["high"] < 0)}
    if regime == "rivals":
        ids = np.array(sorted(world.rows["item_id"].unique()))
        at = {item: n for n, item in enumerate(ids)}
        pairs = result.rivals
        close = pairs["rival_id"].to_numpy() == ids[world.rival[pairs["item_id"].map(at).to_numpy()]]
        inside = (pairs["low"] <= RIVAL * close) & (RIVAL * close <= pairs["high"])
        out |= {"pairs_inside": float(inside.mean()), "found": float((pairs["verdict"] == "steals")[close].mean())}
        out |= {"false": float((pairs["verdict"] == "steals")[~close].mean())}
    if len(result.second):
        row = result.second.iloc[0]
        out["second_gap"] = row["elasticity"] - row["first_elasticity"]
    return out


def promotion_parts(regime: str, world: World, result: tn.ElasticityResult) -> dict[str, float]:
    """Bias, RMSE and coverage, item by item, of the slope on the usual price and of the slope on cuts."""
    frame = result.promotion.set_index("item_id")
    truth = pd.Series(truth_of(regime, world), index=sorted(world.rows["item_id"].unique())).reindex(frame.index)
    out = {}
    for name, true in (("base", truth), ("promotion", truth - PROMOTION * (regime == "promotion"))):
        columns = (frame[f"{name}_{c}"].to_numpy(float) for c in ("elasticity", "low", "high"))
        out |= {f"{name}_{k}": v for k, v in score(*columns, true.to_numpy(float)).items() if k in ("bias", "rmse", "coverage")}
    return out


def competition_parts(world: World, result: tn.ElasticityResult) -> dict[str, float]:
    """Error and coverage of the categories' cross effects; how many true ones are told, how many others are called so."""
    frame = result.competition
    if frame.empty:
        return {}
    names = world.rows.groupby("item_id")["category"].first()
    true = pd.Series(world.cross, index=np.sort(names.index)).groupby(names).mean().reindex(frame["category"]).to_numpy()
    error, told = frame["effect"].to_numpy() - true, (frame["verdict"] == "competes").to_numpy()
    out = {"cross_bias": error.mean(), "cross_rmse": np.sqrt((error**2).mean())}
    out["cross_coverage"] = ((frame["low"] <= true) & (true <= frame["high"])).mean()
    out["cross_told"] = told[true > 0].mean() if (true > 0).any() else np.nan
    out["cross_false"] = told[true == 0].mean() if (true == 0).any() else np.nan
    return {k: float(v) for k, v in out.items()}


def peers(regime: str, seed: int) -> list[dict[str, object]]:
    """The peers' scores on one world."""
    world = draw_world(regime, seed=seed)
    truth, ids = truth_of(regime, world), sorted(world.rows["item_id"].unique())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        world.rows.to_parquet(path)
        command = [str(PEERS), str(ROOT / "bench" / "elasticity_peers.py"), str(path)]
        command += ["--instrument"] if regime == "own_demand" else []
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    out = []
    for line in map(json.loads, text.splitlines()):
        row: dict[str, object] = {"method": line["method"], "seconds": line["seconds"]}
        if "error" in line:
            out.append(row | {"error": line["error"]})
            continue
        found = line["estimates"]
        pooled = "" in found
        pairs = np.array([found.get("" if pooled else item, (np.nan, np.nan)) for item in ids])
        values = score(pairs[:, 0], pairs[:, 0] - Z * pairs[:, 1], pairs[:, 0] + Z * pairs[:, 1], truth)
        if pooled:
            values["coverage"] = float(abs(pairs[0, 0] - truth.mean()) <= Z * pairs[0, 1])
        out.append(row | values)
    return out


def line(name: str, method: str, values: pd.DataFrame, bar: str = "") -> str:
    mean = values.mean(numeric_only=True)
    spread = values["bias"].std() / np.sqrt(len(values)) if len(values) > 1 else np.nan
    cells = [
        name,
        method,
        str(len(values)),
        f"{mean['bias']:+.3f} ± {spread:.3f}",
        f"{mean['rmse']:.3f}",
        f"{mean['coverage']:.3f}",
    ]
    cells += [f"{mean['wrong']:.3f}", f"{mean['answered']:.3f}", f"{mean['seconds']:.2f}", bar]
    return "| " + " | ".join(cells) + " |"


HEAD = "| world | method | seeds | bias ± se | RMSE | coverage | wrong sign | answered | CPU s | bar: bias, RMSE, coverage |\n"
HEAD += "|---|---|---|---|---|---|---|---|---|---|"


def worlds(chosen: tuple[str, ...], seeds: int, more: int, with_peers: int) -> None:
    """The table of worlds, then the parts of the response."""
    print(HEAD, flush=True)
    extra = []
    for regime in (r for r in chosen if r in WORLDS):
        count = seeds if regime in BARS else more
        rows = pd.DataFrame([ours(regime, FIRST_SEED + k) for k in range(count)])
        print(line(regime, "tmall_nb", rows, BARS.get(regime, "")), flush=True)
        extra.append((regime, rows))
        if regime.startswith("stock"):
            blind = pd.DataFrame([ours(regime, FIRST_SEED + k, hide_stock=True) for k in range(more)])
            print(line(regime, "tmall_nb without stock columns", blind), flush=True)
            extra.append((f"{regime}, no stock columns", blind))
        if regime == "own_demand":
            naive = pd.DataFrame([ours(regime, FIRST_SEED + k, with_cost=False) for k in range(3)])
            print(line(regime, "tmall_nb without cost (warns)", naive), flush=True)
        if with_peers and regime in ("plain", "own_demand", "stock_light") and PEERS.exists():
            print_peers(regime, rows, with_peers)
    if "small" in chosen:
        small = pd.DataFrame([ours("plain", FIRST_SEED + k, items=40, days=280) for k in range(seeds)])
        print(line("plain, 40 items × 280 days", "tmall_nb", small))
    if "rivals" in chosen:
        rivals = pd.DataFrame([ours("rivals", FIRST_SEED + k, items=60, categories=15) for k in range(more)])
        print(line("rivals, 60 items in 15 categories", "tmall_nb", rivals))
        extra.append(("rivals", rivals))
    print_parts(extra)
    print_competition(extra)


def again(seeds: int) -> None:
    """The worlds with a bar once more, on other seeds: by how much the figures depend on the seeds."""
    print(f"\n## The bars on other seeds\n\nSeeds from {OTHER_SEED}, by `--again {seeds}`.\n\n{HEAD}")
    for regime, bar in BARS.items():
        rows = pd.DataFrame([ours(regime, OTHER_SEED + k) for k in range(seeds)])
        print(line(regime, "tmall_nb", rows, bar), flush=True)


def print_peers(regime: str, mine: pd.DataFrame, count: int) -> None:
    """Peers on the first seeds, ours on exactly those, and the ratio of CPU seconds."""
    frame = pd.DataFrame([row for k in range(count) for row in peers(regime, FIRST_SEED + k)])
    print(line(regime, "tmall_nb, peers' seeds", mine.head(count)))
    for method, rows in frame.groupby("method", sort=False):
        if rows.get("bias") is None or rows["bias"].isna().all():
            print(f"| {regime} | {method} | {len(rows)} | failed: {rows['error'].iloc[0]} | | | | | | |")
            continue
        ratio = rows["seconds"].mean() / mine["seconds"].head(count).mean()
        print(line(regime, method, rows, f"{ratio:.1f} × our CPU"), flush=True)


def print_parts(extra: list[tuple[str, pd.DataFrame]]) -> None:
    """Mean elasticity, effects beyond the own price, pairs, second estimates; usual price and cuts item by item."""
    print("\n## Mean elasticity and the parts of the response\n")
    names = {
        "mean_error": "error of the mean", "mean_inside": "its coverage", "effect": "error of the effect",
        "effect_inside": "its coverage", "effect_clear": "told from 0", "pairs_inside": "pairs: coverage",
        "found": "rivals found", "false": "others called rivals", "second_gap": "second estimate less first",
        "stock_bias": "stock bias stated",
    }  # fmt: skip
    print("| world | " + " | ".join(names.values()) + " |\n|" + "---|" * (len(names) + 1))
    for regime, rows in extra:
        means = [rows[c].mean() if c in rows else np.nan for c in names]
        print(f"| {regime} | " + " | ".join("" if np.isnan(m) else f"{m:+.3f}" for m in means) + " |")
    print("\n## Usual price and cuts, item by item (`promotion`)\n")
    head = "| world | cuts differ, probability | usual price: bias, RMSE, coverage | cuts: bias, RMSE, coverage |"
    print(f"{head}\n|---|---|---|---|")
    for regime, rows in extra:
        mean = rows.mean(numeric_only=True)
        parts = [
            f"{mean[f'{n}_bias']:+.3f}, {mean[f'{n}_rmse']:.3f}, {mean[f'{n}_coverage']:.3f}" for n in ("base", "promotion")
        ]
        print(f"| {regime} | {mean['apart']:.2f} | " + " | ".join(parts) + " |")


def real() -> None:
    """Published answers beside ours, and orange juice as item-days."""
    print("\n## Real data\n\n| data | question | published | ours |\n|---|---|---|---|")
    states = pd.read_csv(REAL / "price_elasticity_small" / "CigarettesSW.csv")
    parts = {"packs": np.log(states["packs"]), "price": np.log(states["price"] / states["cpi"])}
    parts |= {"sales_tax": (states["taxs"] - states["tax"]) / states["cpi"], "year": states["year"]}
    late = pd.DataFrame(parts).query("year == 1995")
    y, x, ones = late["packs"].to_numpy(), late["price"].to_numpy(), np.ones((len(late), 1))
    fit = two_stage(y, x, ones, late["sales_tax"].to_numpy(), small_sample=True)
    answer = f"{fit.slopes[0]:.6f} ({fit.std_errors[0]:.6f})"
    print(f"| CigarettesSW | 2SLS 1995, one instrument (se) | −1.083587 (.318918) | {answer} |")
    print(f"| CigarettesSW | its first-stage F | – | {first_stage_f(x, ones, late['sales_tax'].to_numpy()):.2f} |")
    weeks = pd.read_parquet(REAL / "dominicks_oj" / "orangeJuice_yx.parquet")
    weeks = weeks[weeks["store"].isin(np.sort(weeks["store"].unique())[:8])]
    prices = weeks[[f"price{k}" for k in range(1, 12)]].to_numpy()[np.arange(len(weeks)), weeks["brand"] - 1]
    brand = "b" + weeks["brand"].astype(str)
    rows = pd.DataFrame({
        "item_id": "s" + weeks["store"].astype(str) + brand, "category": brand,
        "date": pd.Timestamp("1990-01-01") + pd.to_timedelta(7 * weeks["week"], unit="D"),
        "paid_units": np.round(np.exp(weeks["logmove"]) / 64), "price_yuan": 64 * prices,
        "deal": (weeks["deal"] > 0).astype(float), "feat": weeks["feat"],
    })  # fmt: skip
    began = time.process_time()
    result = tn.estimate_elasticity(rows, controls=("deal", "feat"))
    seconds = time.process_time() - began
    table = result.table[result.table["verdict"] == "ok"]
    by_brand = table.groupby("category")["elasticity"].median().sort_values()
    text = ", ".join(f"{brand} {value:.2f}" for brand, value in by_brand.items())
    print(f"| Dominick's, 8 stores × 11 brands | median by brand, deal and feature apart | – | {text} |")
    answered = f"{len(table)} of {len(result.table)} answered, {seconds:.1f} CPU s"
    print(f"| | {answered} | | overall {result.checks['overall'].iloc[0]:.2f} |")


def large(items: int) -> None:
    """CPU seconds for a large shop."""
    world = draw_world("plain", seed=FIRST_SEED, items=items, categories=40)
    began = time.process_time()
    table = tn.estimate_elasticity(world.rows).table
    seconds = time.process_time() - began
    values = score(*(table[c].to_numpy(float) for c in ("elasticity", "low", "high")), world.elasticity)
    text = f"bias {values['bias']:+.3f}, RMSE {values['rmse']:.3f}, coverage {values['coverage']:.3f}"
    print(f"\n{items:,} items × 365 days, every part and check included: {seconds:.1f} CPU s (bar 60), {text}.")


def print_competition(extra: list[tuple[str, pd.DataFrame]]) -> None:
    """Cross effects of categories."""
    print("\n## Competition inside a category (`competition`)\n")
    print("| world | bias | RMSE | coverage | true effects told | others told (false) |\n|---|---|---|---|---|---|")
    for regime, rows in extra:
        if "cross_bias" in rows:
            means = rows[[f"cross_{n}" for n in ("bias", "rmse", "coverage", "told", "false")]].mean()
            print(f"| {regime} | " + " | ".join("" if np.isnan(m) else f"{m:+.3f}" for m in means) + " |")


def main() -> None:
    """Print the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--more", type=int, default=10, help="seeds of worlds without a bar")
    parser.add_argument("--peers", type=int, default=3, help="seeds on which peers run")
    parser.add_argument("--items", type=int, default=10_000, help="items of the size test, 0 for none")
    parser.add_argument("--again", type=int, default=0, help="seeds of a second run of the worlds with a bar")
    parser.add_argument("--worlds", nargs="*", default=[*WORLDS, "small", "rivals"], help="worlds to run; all: real data too")
    args = parser.parse_args()
    options = f"--seeds {args.seeds} --more {args.more} --peers {args.peers} --again {args.again}"
    today = datetime.date.today().isoformat()
    print(f"# Benchmark: price elasticity\n\nPrinted by `bench/elasticity.py {options}`")
    print(
        f"on {today}, 2 cores (one thread), seeds from {FIRST_SEED}, 200 items × 365 days unless said otherwise. CPU seconds of"
    )
    print("tmall_nb hold everything: estimate, intervals, promotion, rivals, second estimates; imports are not timed.\n")
    worlds(tuple(args.worlds), args.seeds, args.more, args.peers)
    if REAL.is_dir() and set(WORLDS) <= set(args.worlds):
        real()
    if args.items:
        large(args.items)
    if args.again:
        again(args.again)


if __name__ == "__main__":
    main()
