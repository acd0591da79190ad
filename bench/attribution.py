"""Paths, media mix, budget, pooling and geo read-outs against known truth and beside their peers, in one run.

Run: .venv/bin/python bench/attribution.py [paths mix hidden budget pooling mcmc geo robyn pymc] [--seeds 35]
Peers: bench/.peers/attribution (made from bench/peers/attribution.txt); without it their columns are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from mix_worlds import CHANNELS, SCENES, best_plan, draw, lift_tests, platform_roas, similar_shops

import tmall_nb as tn

ROOT = Path(__file__).parents[1]
REAL = Path(os.environ.get("TMALL_NB_REAL_DATA", ROOT.parent / "shared" / "data"))
PEER = ROOT / "bench" / ".peers" / "attribution" / "bin" / "python"
FIRST_SEED, FLOOR = 1000, 1.22  # seeds from 1000 up were never used to choose anything


def peer(task: str, data: pd.DataFrame, *, spec: dict | None = None, **options) -> dict | None:
    """Run one peer task on ``data`` in its own environment."""
    if not PEER.exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.parquet", Path(folder) / "out.json"
        data.to_parquet(source)
        if spec:
            Path(f"{source}.json").write_text(json.dumps(spec), encoding="utf-8")
        command = [str(PEER), str(ROOT / "bench" / "attribution_peers.py"), task, str(source), str(target), json.dumps(options)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not target.exists() or not target.stat().st_size:
            print(f"  peer {task} failed: {done.stderr[-300:]}")
            return None
        return json.loads(target.read_text(encoding="utf-8"))


def line(title: str, **figures) -> None:
    print(
        f"  {title:<42}" + "  ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in figures.items()),
        flush=True,
    )


def ours(frame: pd.DataFrame, order: int) -> tuple[pd.Series, float]:
    start = time.process_time()
    table = tn.attribute_paths(frame, markov_order=order).table
    return table[table["model"] == "markov"].set_index("channel")["conversions"], time.process_time() - start


def random_paths(rows: int, seed: int = 0) -> pd.DataFrame:
    """Distinct-looking paths of 1-8 touches over ten channels."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 9, rows)
    names = np.array([f"c{k}" for k in range(10)], dtype=object)
    touches = np.split(names[rng.choice(10, lengths.sum(), p=np.arange(10, 0, -1) / 55)], np.cumsum(lengths)[:-1])
    conversions = rng.binomial(1, 0.2, rows)
    return pd.DataFrame(
        {
            "path": [" > ".join(t) for t in touches],
            "conversions": conversions,
            "conversion_value": conversions * 100.0,
            "nulls": 1 - conversions,
        }
    )


def paths(_: int) -> None:
    print("paths")
    frame = pd.read_csv(REAL / "channel_paths" / "PathData.csv.gz", sep=";")
    frame.columns = ["path", "conversions", "conversion_value", "nulls"]
    result = tn.attribute_paths(frame, markov_order=1)
    heuristic = peer("heuristics", frame)
    if heuristic:
        theirs = pd.DataFrame(heuristic["table"]).set_index("channel_name")
        for model, column in (("first", "first_touch"), ("last", "last_touch"), ("linear", "linear_touch")):
            own = result.table[result.table["model"] == model].set_index("channel")["conversions"]
            line(
                f"{model}: largest difference to ChannelAttribution",
                conversions=float((own - theirs[f"{column}_conversions"]).abs().max()),
            )
    for order in (1, 2, 3):
        own, cpu = ours(frame, order)
        again, _ = ours(frame.sample(frac=1, random_state=1), order)
        rate = tn.attribute_paths(frame, markov_order=order).conversion_rate
        found = peer("channel_attribution", frame, order=order, runs=2)
        figures = {
            "cpu_s": cpu,
            "identical": bool((own == ours(frame, order)[0]).all()),
            "shuffled_off": float((own - again).abs().max()),
        }
        if found:
            runs = [pd.Series(r).reindex(own.index).fillna(0) for r in found["conversions"]]
            known = own > 50
            figures |= {"peer_cpu_s": found["cpu"][0], "peer_off_mean": float(((runs[0] - own).abs() / own)[known].mean()),
                        "peer_run_to_run": float(((runs[0] - runs[1]).abs() / own)[known].mean())}  # fmt: skip
        line(f"channel_paths order {order}, rate {rate:.14f}", **figures)
    for rows in (100_000, 1_000_000):
        frame = random_paths(rows)
        for order in (1, 2, 3) if rows == 100_000 else (1,):
            own, cpu = ours(frame, order)
            found = peer("channel_attribution", frame, order=order)
            figures = {"cpu_s": cpu, "identical": bool((own == ours(frame, order)[0]).all())}
            if found:
                figures |= {"peer_cpu_s": found["cpu"][0], "ratio": cpu / found["cpu"][0]}
            line(f"{rows:,} paths order {order}", **figures)
    frame = random_paths(20_000, 3)
    journeys = frame[["path"]].assign(converted=frame["conversions"] > 0)
    own = tn.attribute_paths(frame).table.pivot(index="channel", columns="model", values="conversions")
    found = peer("mam", journeys)
    for name, figures in (found or {}).items():
        if isinstance(figures, dict) and "values" in figures:
            model = name.removeprefix("attribution_").removesuffix("_click")
            off = (pd.Series(figures["values"]).reindex(own.index).fillna(0) - own[model]).abs().max()
            line(f"marketing-attribution-models {model}, 20,000", peer_cpu_s=figures["cpu"], largest_difference=float(off))
        elif isinstance(figures, dict):
            print(f"  marketing-attribution-models {name}: {figures['error']}")


def ols(world) -> np.ndarray:
    """Returns by least squares of sales on spend, controls, trend and seasons."""
    weeks = world.weeks
    t = np.arange(len(weeks))
    waves = [f(2 * np.pi * k * t / 52.18) for k in (1, 2) for f in (np.sin, np.cos)]
    design = np.column_stack([weeks[CHANNELS], weeks[world.controls], np.ones(len(t)), t, *waves])
    return np.linalg.lstsq(design, weeks["paid_amount"], rcond=None)[0][:5]


def score(world, roas: np.ndarray, low=None, high=None) -> dict[str, float]:
    true = world.roas.to_numpy()
    out = {
        "mape": float(np.mean(np.abs(roas - true) / true)),
        "share_pp": float(np.mean(np.abs(roas / true - 1) * world.share) * 100),
    }
    if low is not None:
        inside = (low <= true) & (true <= high)
        out |= {"cover": float(inside.mean()), "cover_search": float(inside[0]), "search_ratio": float(roas[0] / true[0])}
    return out


def fit(world, **options) -> dict[str, float]:
    start = time.process_time()
    mix = tn.fit_media_mix(world.weeks, spend=CHANNELS, controls=world.controls, **options)
    cpu = time.process_time() - start
    table = mix.table
    warned = "hidden_demand" in set(mix.diagnostics.loc[mix.diagnostics["verdict"] == "warning", "check"])
    return score(world, table["roas"].to_numpy(), table["low"], table["high"]) | {"warned": float(warned), "cpu_s": cpu}


def average(rows: list[dict[str, float]]) -> dict[str, float]:
    return pd.DataFrame(rows).mean().to_dict()


def mix(seeds: int) -> None:
    print(f"media mix, {seeds} data sets of 156 weeks, demand observed")
    worlds = [draw(FIRST_SEED + s) for s in range(seeds)]
    floor = average([score(w, np.full(5, FLOOR)) for w in worlds])
    found = average([fit(w) for w in worlds])
    line("no data: 1.22 for all", **floor)
    line("fit_media_mix", **found, mape_to_floor=found["mape"] / floor["mape"])
    line("OLS with controls", **average([score(w, ols(w)) for w in worlds]))
    reported = [score(w, np.array([*platform_roas(w, "random", s).values()])) for s, w in enumerate(worlds)]
    line("platform report (random interception)", **average(reported))
    plain, insured = [], []
    for w in worlds:
        plain_mape, insured_mape = forced(w)
        plain.append(plain_mape)
        insured.append(insured_mape)
    line("demand column forced in", cost=float(np.mean(insured) / np.mean(plain)))


def forced(world) -> tuple[float, float]:
    """MAPE without and with the demand column where nothing is hidden."""
    from tmall_nb.analyses.media_mix._read import read_weeks
    from tmall_nb.stats.media_mix import fit_insured, point_roas

    weeks = read_weeks(world.weeks, CHANNELS, world.controls, "paid_amount")
    both = [fit_insured(weeks.data(), weeks.spend, followers=(0,), always=always).fit for always in (False, True)]
    first, second = (score(world, point_roas(f))["mape"] for f in both)
    return first, second


def hidden(seeds: int) -> None:
    print(f"media mix, {seeds} data sets, demand hidden, search follows it")
    worlds = [draw(FIRST_SEED + s, hidden=True) for s in range(seeds)]
    line("no data: 1.22 for all", **average([score(w, np.full(5, FLOOR)) for w in worlds]))
    line("fit_media_mix, channel named search", **average([fit(w) for w in worlds]))
    line(
        "fit_media_mix, names say nothing",
        **average([fit(w, beliefs=tn.Beliefs(demand_channels=tuple(CHANNELS))) for w in worlds]),
    )
    line("with two lift tests", **average([fit(w, lift_tests=lift_tests(w, s)) for s, w in enumerate(worlds)]))
    proxied = []
    for s, w in enumerate(worlds):
        seen = draw(FIRST_SEED + s)
        rng = np.random.default_rng([77, s])
        proxy = seen.weeks["demand"] + rng.normal(0, 0.04, len(seen.weeks))
        weeks = w.weeks.assign(market_search=proxy)
        start = tn.fit_media_mix(weeks, spend=CHANNELS, controls=[*w.controls, "market_search"])
        proxied.append(score(w, start.table["roas"].to_numpy(), start.table["low"], start.table["high"]))
    line("with a market-search proxy", **average(proxied))
    line("OLS with controls", **average([score(w, ols(w)) for w in worlds]))


def budget(seeds: int) -> None:
    print(f"budget, {seeds} data sets, today's total, bounds .5-2")
    gains: dict[str, list[tuple[float, float, float]]] = {}
    for s in range(seeds):
        world = draw(FIRST_SEED + s)
        found = tn.fit_media_mix(world.weeks, spend=CHANNELS, controls=world.controls)
        now = world.weeks[CHANNELS].tail(52).mean().to_numpy()
        _, best = best_plan(world)
        for scene in ("model alone", *SCENES):
            booked = None if scene == "model alone" else platform_roas(world, scene, s)
            plan = tn.plan_budget(found, platform_roas=booked)
            naive = np.nan
            if booked:
                naive = world.gain(follow(now, np.array([booked[c] for c in CHANNELS])))
            gains.setdefault(scene, []).append((world.gain(plan.table["spend_planned"].to_numpy() / now), best, naive))
    for scene, rows in gains.items():
        got, best, naive = np.array(rows).T
        line(
            scene,
            captured=float(got.sum() / best.sum()),
            made_worse=float((got < -0.01 * best).mean()),
            platform=float(naive.sum() / best.sum()),
        )


def follow(now: np.ndarray, reported: np.ndarray) -> np.ndarray:
    """Fill the best reported channel first, inside .5-2."""
    scale, left = np.full(5, 0.5), 0.5 * now.sum()
    for j in np.argsort(-reported):
        step = min(left / now[j], 1.5)
        scale[j] += step
        left -= step * now[j]
    return scale


def pooling(seeds: int) -> None:
    print("pooling, batches of 10 shops x 40 weeks")
    for alike, batches in ((0.25, max(3, seeds // 8)), (0.7, 2)):
        alone, together = [], []
        for batch in range(batches):
            worlds = similar_shops(batch + 40, alike=alike)
            shops = {f"s{k}": w.weeks for k, w in enumerate(worlds)}
            pooled = tn.pool_media_mix(shops, spend=CHANNELS, controls=worlds[0].controls)
            alone += [fit(w) for w in worlds]
            together += [fit(w, beliefs=tn.Beliefs(pooled=pooled)) for w in worlds]
        first, second = average(alone), average(together)
        line(f"spread between shops {alike}", alone=first["mape"], pooled=second["mape"], ratio=second["mape"] / first["mape"],
             cover_alone=first["cover"], cover_pooled=second["cover"])  # fmt: skip


def mcmc(_: int) -> None:
    print("MCMC on request, 6 data sets")
    for s in range(6):
        world = draw(FIRST_SEED + s)
        start = time.process_time()
        found = tn.fit_media_mix(world.weeks, spend=CHANNELS, controls=world.controls, beliefs=tn.Beliefs(sampler="mcmc"))
        checks = found.diagnostics.set_index("check")["value"]
        line(f"seed {FIRST_SEED + s}", r_hat=float(checks["r_hat"]), cpu_s=time.process_time() - start)


def geo(_: int) -> None:
    print("geo read-outs")
    frame = pd.read_csv(REAL / "campaign_counterfactual" / "GeoLift_Test.csv")
    table = tn.read_geo_test(
        frame, treated=["chicago", "portland"], start="2021-04-01", unit="location", outcome="Y"
    ).table.iloc[0]
    line(
        "GeoLift (published 155.556, 4,667, 5.4 %)",
        att=float(table["effect"]),
        total=float(table["total"]),
        lift=float(table["relative"]),
    )
    frame = pd.read_csv(REAL / "ebay_paidsearch" / "paidsearch.csv.gz")
    frame["date"] = pd.to_datetime(frame["date"], format="%d-%b-%y")
    treated = frame.loc[frame["search stays on"] == 0, "dma"].astype(str).unique().tolist()
    found = tn.read_geo_test(frame, treated=treated, start="2012-05-22", unit="dma", outcome="revenue")
    row = found.table[found.table["chosen"]].iloc[0]
    line(
        "ebay_paidsearch (published -.0066, se .0055)",
        effect=float(row["relative"]),
        se=float(row["std_error"]),
        says=found.findings[0].key,
    )


def robyn(_: int) -> None:
    print("mmm_robyn: what is identified")
    frame = pd.read_csv(REAL / "mmm_robyn" / "dt_simulated_weekly.csv").rename(columns={"DATE": "week"})
    frame["week"] = pd.to_datetime(frame["week"])
    frame["event"] = (frame["events"] != "na").astype(float)
    spend = ["tv_S", "ooh_S", "print_S", "search_S", "facebook_S"]
    found = tn.fit_media_mix(frame, spend=spend, controls=["competitor_sales_B", "event"], outcome="revenue")
    for row in found.table.itertuples():
        line(row.channel, roas=row.roas, low=row.low, high=row.high, verdict=row.verdict)
    for row in found.diagnostics.itertuples():
        line(f"check {row.check}", value=float(row.value), limit=float(row.threshold), verdict=row.verdict)


def pymc(_: int) -> None:
    print("pymc-marketing beside fit_media_mix, 4 data sets")
    for s in range(4):
        world = draw(FIRST_SEED + s)
        own = fit(world)
        line(f"seed {FIRST_SEED + s} ours", **own, floor=score(world, np.full(5, FLOOR))["mape"])
        found = peer("pymc", world.weeks, spec={"channels": CHANNELS, "controls": world.controls})
        if found:
            figures = score(world, np.array(found["roas"]), np.array(found["low"]), np.array(found["high"]))
            line(
                f"seed {FIRST_SEED + s} pymc-marketing",
                **figures,
                cpu_s=found["cpu"],
                r_hat=found["r_hat"],
                cpu_ratio=found["cpu"] / own["cpu_s"],
            )


PARTS = {
    "paths": paths,
    "mix": mix,
    "hidden": hidden,
    "budget": budget,
    "pooling": pooling,
    "mcmc": mcmc,
    "geo": geo,
    "robyn": robyn,
    "pymc": pymc,
}

if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("parts", nargs="*", default=[*PARTS])
    options.add_argument("--seeds", type=int, default=35)
    chosen = options.parse_args()
    print(f"python {sys.version.split()[0]}, numpy {np.__version__}, tmall-nb {tn.__version__}, {os.cpu_count()} cores")
    for part in chosen.parts:
        PARTS[part](chosen.seeds)
