"""Where the error of elasticities comes from: the estimate of ``plain`` worlds with one part of the truth given at a time.

Run: .venv/bin/python bench/elasticity_oracle.py [--seeds 20] > docs/benchmarks/elasticity_oracle.md

The base is told which days are campaign days and has one slope for every move of a price. What is given then is set after every
renewal of the spreads, so that the fit ends with it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from price_worlds import LIFT, LIFT_SPREAD, SPREAD, World, draw_world

from tmall_nb.analyses.elasticity.design import build_design, refuse
from tmall_nb.analyses.elasticity.inputs import read_item_days
from tmall_nb.stats.elasticity import fit, fit_panel
from tmall_nb.stats.elasticity.newton import State
from tmall_nb.stats.elasticity.panel import Panel

FIRST_SEED = 7300  # not scored in docs/benchmarks/elasticity.md
Given = Callable[[State], None]


@contextmanager
def told(given: Given | None) -> Iterator[None]:
    """Set a part of the truth after every renewal of the spreads."""
    usual = fit._update

    def update(panel: Panel, state: State, conditional: np.ndarray, number: int) -> float:
        changed = usual(panel, state, conditional, number)
        if given is not None:
            given(state)
        return changed

    fit._update = update
    try:
        yield
    finally:
        fit._update = usual


def parts(world: World, kept: np.ndarray, panel: Panel) -> dict[str, Given | None]:
    """What is given, by name."""
    phi = world.hidden["phi"][kept]

    def spreads(state: State) -> None:
        state.prior[1], state.prior[2], state.phi, state.temper = 1 / SPREAD**2, 1 / LIFT_SPREAD**2, phi.copy(), 1.0

    def means(state: State) -> None:
        at = slice(panel.days, panel.days + len(world.hidden["means"]))
        state.shared_target[at], state.shared_prior[at] = world.hidden["means"], 1e6

    return {
        "nothing": None,
        "spread of elasticities within a category": lambda state: state.prior.__setitem__(1, 1 / SPREAD**2),
        "that, spread of lifts, dispersions, and no tempering": spreads,
        "mean elasticity of every category": means,
    }


def one_world(seed: int) -> dict[str, float]:
    """RMSE of the elasticities by what is given."""
    world = draw_world("plain", seed=seed)
    data = read_item_days(world.rows, None, ())
    kept = refuse(data, data.price_changes(), 3)[0] == ""
    whole = build_design(data, kept).panel(data)
    campaign, truth, out = world.hidden["campaign"], world.elasticity[kept], {}

    def error(panel: Panel, given: Given | None, **options: bool) -> float:
        with told(given):
            return float(np.sqrt(((fit_panel(panel, **options).elasticity - truth) ** 2).mean()))

    panel = replace(whole, controls=(campaign,))
    given = parts(world, kept, panel)
    for name, part in given.items():
        out[name] = error(panel, part)
    days = world.hidden["day"] - world.hidden["day"].mean() + LIFT * campaign
    seen = replace(panel, offset=np.where(panel.seen, np.broadcast_to(days, panel.units.shape), 0.0))
    out["spreads and dispersions as above, and every day's effect"] = error(seen, [*given.values()][2], day_effects=False)
    lifts = np.where(panel.seen, world.hidden["lift"][kept][:, None] * campaign, 0.0)
    out["campaign lift of every item"] = error(replace(panel, controls=(), offset=lifts), None)
    return out


def main() -> None:
    """Print the table as markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    rows = [one_world(FIRST_SEED + k) for k in range(seeds)]
    base = np.array([row["nothing"] for row in rows])
    print("# Where the error of elasticities comes from\n")
    print(f"Printed by `bench/elasticity_oracle.py`: {seeds} worlds `plain`, seeds from {FIRST_SEED}, 200 items × 365 days.")
    print("Change of the RMSE paired by world, with its standard error.\n")
    print("| given | RMSE | change |\n|---|---|---|")
    for name in rows[0]:
        found = np.array([row[name] for row in rows])
        ratio = found / base - 1
        change = "" if name == "nothing" else f"{ratio.mean():+.1%} ± {ratio.std(ddof=1) / np.sqrt(seeds):.1%}"
        print(f"| {name} | {found.mean():.4f} | {change} |")


if __name__ == "__main__":
    main()
