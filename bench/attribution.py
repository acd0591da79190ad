"""Paths, media mix, budget, pooling and geo read-outs against known truth and beside their peers, in one run.

Run: .venv/bin/python bench/attribution.py [paths mix short hidden budget pooling mcmc geo robyn pymc] > page.md
Peers: bench/.peers/attribution (made from bench/peers/attribution.txt); without it their columns are left out.
"""

from __future__ import annotations

import argparse
import functools
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from attribution_bars import KNOWING, print_page
from attribution_paths import paths
from attribution_score import REAL, average, fit, floor, line, ols, peer, plain, run_part, score, section
from mix_oracle import least_error, oracle_draws
from mix_worlds import CHANNELS, SCENES, best_plan, draw, lift_tests, platform_roas, similar_shops

import tmall_nb as tn

SETS = {"first": 1000, "second": 5000}  # first seeds of two sets on which nothing was chosen


def mix(seeds: int) -> None:
    """Returns where every demand is recorded, beside a reference that knows the simulator's own priors."""
    for name, first in SETS.items():
        section(f"media mix, {seeds} data sets of 156 weeks, demand observed, {name} set")
        worlds = [draw(first + s) for s in range(seeds)]
        line("no data: 1.22 for all", **floor(worlds))
        found = average([plain(first + s)[1] for s in range(seeds)])
        line("fit_media_mix", **found, mape_to_floor=found["mape"] / floor(worlds)["mape"])
        line("reference: MCMC that knows the simulator's priors", **average([reference(first + s) for s in range(seeds)]))
        line("OLS with controls", **average([score(w, ols(w)) for w in worlds]))
        reported = [score(w, np.array([*platform_roas(w, "random", s).values()])) for s, w in enumerate(worlds)]
        line("platform report (random interception)", **average(reported))
        pairs = np.array([forced(w) for w in worlds])
        line("demand column forced in", cost=float(pairs[:, 1].mean() / pairs[:, 0].mean()))


@functools.cache
def oracle(seed: int) -> tuple[np.ndarray, np.ndarray, float, float]:
    """What ``oracle_draws`` gives, and its CPU seconds."""
    start = time.process_time()
    return *oracle_draws(draw(seed)), time.process_time() - start


def reference(seed: int) -> dict[str, float]:
    """The score of the posterior under the simulator's own priors."""
    _, returns, r_hat, seconds = oracle(seed)
    world, (low, high) = draw(seed), np.quantile(returns, (0.05, 0.95), axis=0)
    found = score(world, least_error(returns), low, high)
    median = score(world, np.median(returns, axis=0))["mape"]
    return found | {"median_mape": median, "r_hat": r_hat, "cpu_s": seconds}


def forced(world) -> tuple[float, float]:
    """MAPE without and with the demand column where nothing is hidden."""
    from tmall_nb.analyses.media_mix._read import read_weeks
    from tmall_nb.stats.media_mix import fit_insured, point_roas

    weeks = read_weeks(world.weeks, CHANNELS, world.controls, "paid_amount")
    insured = fit_insured(weeks.data(), weeks.spend, followers=(0,), always=True)
    first, second = (score(world, point_roas(f))["mape"] for f in (insured.plain, insured.fit))
    return first, second


def short(seeds: int) -> None:
    """Shops that have advertised for half a year: which point of the posterior errs least."""
    section(f"media mix, {seeds} data sets of 24 weeks")
    worlds = [draw(SETS["first"] + s, weeks=24) for s in range(seeds)]
    line("no data: 1.22 for all", **average([logged(w, np.full(5, np.log(1.22))) for w in worlds]))
    fits = [fit(w) for w in worlds]
    line(
        "fit_media_mix",
        **average([found | logged(w, np.log(m.table["roas"])) for w, (found, m) in zip(worlds, fits, strict=True)]),
    )
    posteriors = [m.fit.fit.draws[:, m.fit.fit.places["log_roas"]] for _, m in fits]
    middles = [np.median(p, axis=0) for p in posteriors]
    line("its median", **average([logged(w, m) for w, m in zip(worlds, middles, strict=True)]))
    least = [m - p.var(axis=0) for p, m in zip(posteriors, middles, strict=True)]
    line("its median less the variance, without limit", **average([logged(w, p) for w, p in zip(worlds, least, strict=True)]))


def logged(world, log_roas) -> dict[str, float]:
    """Relative error, and bias and root mean square of the error in logs."""
    rest = np.asarray(log_roas) - np.log(world.roas.to_numpy())
    return {
        "mape": float(np.abs(np.exp(rest) - 1).mean()),
        "log_bias": float(rest.mean()),
        "log_square": float((rest**2).mean()),
    }


def hidden(seeds: int) -> None:
    """Returns where search follows demand that no control holds."""
    for name, first in SETS.items():
        section(f"media mix, {seeds} data sets, demand hidden, search follows it, {name} set")
        worlds = [draw(first + s, hidden=True) for s in range(seeds)]
        line("no data: 1.22 for all", **floor(worlds))
        line("fit_media_mix, channel named search", **average([plain(first + s, True)[1] for s in range(seeds)]))
        if name == "first":
            every = tn.Beliefs(demand_channels=tuple(CHANNELS))
            line("fit_media_mix, names say nothing", **average([fit(w, beliefs=every)[0] for w in worlds]))
        tested = [fit(w, lift_tests=lift_tests(w, s))[0] for s, w in enumerate(worlds)]
        line("with two lift tests", **average(tested))
        line("with a market-search proxy", **average([proxied(w, first + s) for s, w in enumerate(worlds)]))
        line("OLS with controls", **average([score(w, ols(w)) for w in worlds]))


def proxied(world, seed: int) -> dict[str, float]:
    """With market search as a control: demand and noise half its size."""
    seen = draw(seed).weeks["demand"]
    noise = np.random.default_rng([77, seed]).normal(0, 0.04, len(seen))
    weeks = world.weeks.assign(market_search=seen + noise)
    mix = tn.fit_media_mix(weeks, spend=CHANNELS, controls=[*world.controls, "market_search"])
    warned = "hidden_demand" in set(mix.diagnostics.loc[mix.diagnostics["verdict"] == "warning", "check"])
    return score(world, mix.table["roas"].to_numpy(), mix.table["low"], mix.table["high"]) | {"warned": float(warned)}


def budget(seeds: int) -> None:
    """True gain of the plans as a share of the best possible, and how many plans lose."""
    for name, first in SETS.items():
        section(f"budget, {seeds} data sets, today's total, bounds .5-2, {name} set")
        rows = pd.DataFrame([row for s in range(seeds) for row in plans(first + s, s)])
        for scene, own in rows.groupby("scene", sort=False):
            best = own["best"].sum()
            line(
                str(scene),
                captured=float(own["got"].sum() / best),
                made_worse=float((own["got"] < -0.01 * own["best"]).mean()),
                unmoved=float(own["unmoved"].mean()),
                platform=float(own["platform"].sum() / best) if own["platform"].notna().all() else "-",
            )


def plans(seed: int, number: int) -> list[dict[str, object]]:
    """One row per scene: the plan's true yearly gain, the best possible, that of following the platform."""
    world, _, alone = plain(seed)
    now = world.weeks[CHANNELS].tail(52).mean().to_numpy()
    best, rows = best_plan(world)[1], []
    for scene in ("model alone", *SCENES, KNOWING):
        booked = platform_roas(world, scene, number) if scene in SCENES else None
        found = knowing(alone, seed) if scene == KNOWING else alone
        found = fit(world, beliefs=tn.Beliefs(platform_roas=booked))[1] if booked else found
        scale = tn.plan_budget(found).table["spend_planned"].to_numpy() / now
        naive = np.nan if booked is None else world.gain(follow(now, np.array([booked[c] for c in CHANNELS])))
        unmoved = bool(np.abs(scale - 1).max() < 0.02)
        rows.append({"scene": scene, "got": world.gain(scale), "best": best, "platform": naive, "unmoved": unmoved})
    return rows


def knowing(found, seed: int):
    """The same result with draws of the posterior under the simulator's own priors."""
    fit = replace(found.fit.fit, draws=oracle(seed)[0])
    return replace(found, fit=replace(found.fit, fit=fit))


def follow(now: np.ndarray, reported: np.ndarray) -> np.ndarray:
    """Fill the best reported channel first, inside .5-2."""
    scale, left = np.full(5, 0.5), 0.5 * now.sum()
    for j in np.argsort(-reported):
        step = min(left / now[j], 1.5)
        scale[j] += step
        left -= step * now[j]
    return scale


def pooling(seeds: int) -> None:
    """Each shop alone, with what the others show, and as a batch does it: pooled only where shops look alike."""
    section("pooling, batches of 10 shops x 40 weeks")
    for alike, batches in ((0.25, max(3, seeds // 8)), (0.7, 3)):
        rows = pd.concat([pooled_batch(batch + 40, alike) for batch in range(batches)], ignore_index=True)
        means = rows.mean()
        line(f"spread between shops {alike}", batches=batches, **means.to_dict(), ratio=float(means["pooled"] / means["alone"]))


def pooled_batch(seed: int, alike: float) -> pd.DataFrame:
    """Errors and coverage of every shop of one batch."""
    worlds, rows = similar_shops(seed, alike=alike), []
    pooled = tn.pool_media_mix({f"s{k}": w.weeks for k, w in enumerate(worlds)}, spend=CHANNELS, controls=worlds[0].controls)
    for world in worlds:
        alone, together = fit(world)[0], fit(world, beliefs=tn.Beliefs(pooled=replace(pooled, between=0.0)))[0]
        row = {
            "floor": floor([world])["mape"],
            "alone": alone["mape"],
            "pooled": together["mape"],
            "cover_alone": alone["cover"],
            "cover_pooled": together["cover"],
        }
        rows.append(row | {"found_spread": pooled.between, "as_batch": row["pooled" if pooled.alike else "alone"]})
    return pd.DataFrame(rows)


def mcmc(count: int) -> None:
    """Convergence, CPU seconds and accuracy of MCMC on request."""
    seeds = range(SETS["first"], SETS["first"] + min(count, 12))
    section(f"MCMC on request, {len(seeds)} data sets, first set")
    line("no data: 1.22 for all", **floor([draw(seed) for seed in seeds]))
    line("fit_media_mix, as by default", **average([plain(seed)[1] for seed in seeds]))
    rows = []
    for seed in seeds:
        found, mix = fit(draw(seed), beliefs=tn.Beliefs(sampler="mcmc"))
        rows.append(found | {"r_hat": float(mix.diagnostics.set_index("check")["value"]["r_hat"])})
    table = pd.DataFrame(rows)
    line("fit_media_mix, sampler mcmc", **table.drop(columns=["warned", "cpu_s", "r_hat"]).mean().to_dict())
    line(
        "convergence",
        r_hat=float(table["r_hat"].max()),
        cpu_s=float(table["cpu_s"].max()),
        mean_cpu_s=float(table["cpu_s"].mean()),
    )


def geo(_: int) -> None:
    """Read-outs beside published answers."""
    section("geo read-outs")
    frame = pd.read_csv(REAL / "campaign_counterfactual" / "GeoLift_Test.csv")
    read = tn.read_geo_test(frame, treated=["chicago", "portland"], start="2021-04-01", unit="location", outcome="Y")
    table = read.table.iloc[0]
    figures = {"att": float(table["effect"]), "total": float(table["total"]), "lift": float(table["relative"])}
    line("GeoLift (published 155.556, 4,667, 5.4 %)", **figures)
    frame = pd.read_csv(REAL / "ebay_paidsearch" / "paidsearch.csv.gz")
    frame["date"] = pd.to_datetime(frame["date"], format="%d-%b-%y")
    treated = frame.loc[frame["search stays on"] == 0, "dma"].astype(str).unique().tolist()
    found = tn.read_geo_test(frame, treated=treated, start="2012-05-22", unit="dma", outcome="revenue")
    row = found.table[found.table["chosen"]].iloc[0]
    figures = {"effect": float(row["relative"]), "se": float(row["std_error"])}
    line(
        "ebay_paidsearch (published -.0066, se .0055)",
        **{k: f"{v:.4f}" for k, v in figures.items()},
        says=found.findings[0].key,
    )


def robyn(_: int) -> None:
    """Real-looking data without a published truth: which channels are identified."""
    section("mmm_robyn: what is identified")
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
    """pymc-marketing with its default priors beside ours."""
    section("pymc-marketing beside fit_media_mix, 4 data sets")
    for seed in range(SETS["first"], SETS["first"] + 4):
        world, own, _ = plain(seed)
        line(f"seed {seed} ours", **own, floor=floor([world])["mape"])
        found = peer("pymc", world.weeks, spec={"channels": CHANNELS, "controls": world.controls})
        if found:
            figures = score(world, np.array(found["roas"]), np.array(found["low"]), np.array(found["high"]))
            figures |= {"cpu_s": found["cpu"], "r_hat": found["r_hat"], "cpu_ratio": found["cpu"] / own["cpu_s"]}
            line(f"seed {seed} pymc-marketing", **figures)


PARTS = {"paths": paths, "mix": mix, "short": short, "hidden": hidden, "budget": budget, "pooling": pooling, "mcmc": mcmc,
         "geo": geo, "robyn": robyn, "pymc": pymc}  # fmt: skip

if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("parts", nargs="*", default=[*PARTS])
    options.add_argument("--seeds", type=int, default=35)
    options.add_argument("--kept", type=Path, help="file for finished parts; a run that was cut short goes on from it")
    chosen = options.parse_args()
    for part in chosen.parts:
        run_part(part, PARTS[part], chosen.seeds, chosen.kept)
    print_page(chosen.seeds, SETS)
