"""What every part of ``bench/attribution.py`` shares: errors against the truth, fits made once, peers, lines of the page."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from mix_worlds import CHANNELS, World, draw

import tmall_nb as tn
from tmall_nb.analyses.media_mix import MediaMixResult

ROOT = Path(__file__).parents[1]
REAL = Path(os.environ.get("TMALL_NB_REAL_DATA", ROOT.parent / "shared" / "data"))
PEER = ROOT / "bench" / ".peers" / "attribution" / "bin" / "python"
FLOOR = 1.22
WIDTH = 54  # of a line's title
LINES: list[str] = []
FOUND: dict[str, dict[str, dict[str, float]]] = {}  # section → title → figure


def section(title: str) -> str:
    """Begin a section of the raw figures."""
    LINES.append(title)
    FOUND[title] = {}
    print(title, file=sys.stderr, flush=True)
    return title


def line(title: str, **figures: float) -> None:
    """Keep one line of the newest section."""
    FOUND[[*FOUND][-1]][title] = figures
    words = [f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in figures.items()]
    LINES.append(f"  {title:<{WIDTH}}  {'  '.join(words)}")
    print(LINES[-1], file=sys.stderr, flush=True)


def run_part(name: str, run: Callable[[int], None], seeds: int, kept: Path | None) -> None:
    """Run a part, or take it from the file of a run that was cut short; its lines and figures are kept there."""
    known = json.loads(kept.read_text(encoding="utf-8")) if kept and kept.exists() else {}
    before, sections = len(LINES), set(FOUND)
    if name in known:
        LINES.extend(known[name]["lines"])
        FOUND.update(known[name]["found"])
        return
    run(seeds)
    own = {"lines": LINES[before:], "found": {k: v for k, v in FOUND.items() if k not in sections}}
    if kept:
        kept.write_text(json.dumps(known | {name: own}), encoding="utf-8")


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
            line(f"peer {task} failed: {done.stderr.strip()[-200:]}")
            return None
        return json.loads(target.read_text(encoding="utf-8"))


def score(world: World, roas: np.ndarray, low=None, high=None) -> dict[str, float]:
    """Mean relative error, error of the share of sales in points, and what the intervals cover."""
    true = world.roas.to_numpy()
    out = {
        "mape": float(np.mean(np.abs(roas - true) / true)),
        "share_pp": float(np.mean(np.abs(roas / true - 1) * world.share) * 100),
    }
    if low is not None:
        inside = (low <= true) & (true <= high)
        out |= {"cover": float(inside.mean()), "cover_search": float(inside[0]), "search_ratio": float(roas[0] / true[0])}
    return out


def floor(worlds: list[World]) -> dict[str, float]:
    """The score of guessing one return for every channel."""
    return average([score(w, np.full(5, FLOOR)) for w in worlds])


def fit(world: World, **options) -> tuple[dict[str, float], MediaMixResult]:
    """Fit one data set; its score and the result."""
    start = time.process_time()
    mix = tn.fit_media_mix(world.weeks, spend=CHANNELS, controls=options.pop("controls", world.controls), **options)
    cpu, table = time.process_time() - start, mix.table
    warned = "hidden_demand" in set(mix.diagnostics.loc[mix.diagnostics["verdict"] == "warning", "check"])
    found = score(world, table["roas"].to_numpy(), table["low"], table["high"])
    return found | {"warned": float(warned), "cpu_s": cpu}, mix


@functools.cache
def plain(seed: int, hidden: bool = False) -> tuple[World, dict[str, float], MediaMixResult]:
    """One data set fitted with the defaults, once in a run."""
    world = draw(seed, hidden=hidden)
    return world, *fit(world)


def average(rows: list[dict[str, float]]) -> dict[str, float]:
    return pd.DataFrame(rows).mean().to_dict()


def ols(world: World) -> np.ndarray:
    """Returns by least squares of sales on spend, controls, trend and seasons."""
    weeks = world.weeks
    t = np.arange(len(weeks))
    waves = [f(2 * np.pi * k * t / 52.18) for k in (1, 2) for f in (np.sin, np.cos)]
    design = np.column_stack([weeks[CHANNELS], weeks[world.controls], np.ones(len(t)), t, *waves])
    return np.linalg.lstsq(design, weeks["paid_amount"], rcond=None)[0][:5]
