"""``check_methods``: fresh demo shops, every analysis, one table."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd

from tmall_nb.analyses.method_check import COLUMNS, MethodCheckResult, score_methods
from tmall_nb.errors import NotEnoughData, ParameterError, closest
from tmall_nb.method_check import buyers, cases, plans
from tmall_nb.method_check.study import Study

__all__ = ["ANALYSES", "check_methods"]

ANALYSES: dict[str, Callable[[Study], list[dict[str, Any]]]] = {
    "elasticity": cases.elasticity,
    "prices": plans.prices,
    "demand": cases.demand,
    "stock": plans.stock,
    "keywords": cases.keywords,
    "channels": cases.channels,
    "budget": plans.budget,
    "geo": buyers.geo,
    "paths": cases.paths,
    "campaigns": cases.campaigns,
    "outlook": cases.outlook,
    "cohorts": buyers.cohorts,
    "value": buyers.value,
    "refunds": buyers.refunds,
    "discounts": buyers.discounts,
}
FIRST_SEED = 90_001  # far from the seeds of demo, tests and tuning


def check_methods(
    *,
    seeds: int = 1,
    first_seed: int = FIRST_SEED,
    size: str = "small",
    analyses: str = "all",
    hard: str = "",
    jobs: int = 1,
    progress: bool = False,
) -> MethodCheckResult:
    """Run the methods on fresh simulated shops whose truth is known, and say how far off they were.

    Parameters
    ----------
    seeds : number of shops, 1-1000; first_seed : seed of the first one
    size : size of the shops, as for ``make_shop``; hard : its switches, comma-separated
    analyses : ``all`` or names separated by commas: elasticity, prices, demand, stock, keywords, channels, budget, geo, paths,
        campaigns, outlook, cohorts, value, refunds, discounts
    jobs : processes at once; progress : show a progress bar on standard error

    Returns
    -------
    MethodCheckResult : ``table`` per quantity, ``cases`` per subject

    Raises
    ------
    ParameterError : an analysis that does not exist, or a number out of range
    """
    if not 1 <= seeds <= 1000:
        raise ParameterError("seeds", seeds, "1-1000")
    if jobs < 1:
        raise ParameterError("jobs", jobs, "1 or more")
    names = list(ANALYSES) if analyses == "all" else [n.strip() for n in analyses.split(",") if n.strip()]
    for name in names:
        if name not in ANALYSES:
            hint = ", ".join(closest(name, ANALYSES, count=1)) or ", ".join(ANALYSES)
            raise ParameterError("analyses", name, f"all or names separated by commas; did you mean {hint}?")
    switches = tuple(s.strip() for s in hard.split(",") if s.strip())
    tasks = [(first_seed + k, size, switches, tuple(names)) for k in range(seeds)]
    frames = list(_run(tasks, jobs, progress))
    return score_methods(pd.concat(frames, ignore_index=True).reindex(columns=COLUMNS))


def _run(tasks: Sequence[tuple[int, str, tuple[str, ...], tuple[str, ...]]], jobs: int, progress: bool) -> list[pd.DataFrame]:
    from tqdm import tqdm

    with tqdm(total=len(tasks), disable=not progress, unit="shop") as bar:
        if jobs == 1:
            out = []
            for task in tasks:
                out.append(check_shop(task))
                bar.update()
            return out
        with ProcessPoolExecutor(jobs) as pool:
            out = []
            for frame in pool.map(check_shop, tasks):
                out.append(frame)
                bar.update()
            return out


def check_shop(task: tuple[int, str, tuple[str, ...], tuple[str, ...]]) -> pd.DataFrame:
    """Make one shop, run the analyses on its files, and return their cases; the shop is deleted afterwards."""
    from tmall_nb.demo import make_shop, read_truth
    from tmall_nb.exports.load import load_shop

    seed, size, hard, names = task
    with tempfile.TemporaryDirectory(prefix="tmall-nb-") as folder:
        target = make_shop(Path(folder), seed=seed, size=size, hard=hard)
        truth = read_truth(target)
        study = Study(load_shop(folder, target.name), truth)
        rows: list[dict[str, Any]] = []
        for name in names:
            try:
                found = ANALYSES[name](study)
            except NotEnoughData:  # the method declines: counted as refused
                found = [{"subject": "shop", "quantity": name, "level": 0.95}]
            rows += [row | {"analysis": name, "seed": seed} for row in found]
    return pd.DataFrame(rows).reindex(columns=COLUMNS)
