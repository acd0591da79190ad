"""Path credit against ChannelAttribution and marketing-attribution-models: exactness, run-to-run identity, CPU time."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
from attribution_score import REAL, line, peer, section

import tmall_nb as tn


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
    """All three parts."""
    section("paths")
    channel_paths()
    large_paths()
    journeys()


def channel_paths() -> None:
    """The data of ChannelAttribution: rules, Markov orders 1-3, order of rows, two runs."""
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
        line(f"channel_paths order {order}", rate=f"{rate:.14f}", **figures)


def large_paths() -> None:
    """CPU seconds beside ChannelAttribution at 100,000 and 1,000,000 paths."""
    for rows in (100_000, 1_000_000):
        frame = random_paths(rows)
        for order in (1, 2, 3) if rows == 100_000 else (1,):
            own, cpu = ours(frame, order)
            found = peer("channel_attribution", frame, order=order)
            figures = {"cpu_s": cpu, "identical": bool((own == ours(frame, order)[0]).all())}
            if found:
                figures |= {"peer_cpu_s": found["cpu"][0], "ratio": cpu / found["cpu"][0]}
            line(f"{rows:,} paths order {order}", **figures)


def journeys() -> None:
    """marketing-attribution-models on 20,000 journeys."""
    frame = random_paths(20_000, 3)
    single = frame[["path"]].assign(converted=frame["conversions"] > 0)
    own = tn.attribute_paths(frame).table.pivot(index="channel", columns="model", values="conversions")
    found = peer("mam", single)
    for name, figures in (found or {}).items():
        if isinstance(figures, dict) and "values" in figures:
            model = name.removeprefix("attribution_").removesuffix("_click")
            off = (pd.Series(figures["values"]).reindex(own.index).fillna(0) - own[model]).abs().max()
            line(f"marketing-attribution-models {model}, 20,000", peer_cpu_s=figures["cpu"], largest_difference=float(off))
        elif isinstance(figures, dict):
            line(f"marketing-attribution-models {name}: {figures['error']}")
