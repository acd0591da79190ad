"""Why elasticities of demo shops are off: the same shops with one difficulty after the other taken away by the truth.

Run: .venv/bin/python bench/elasticity_demo.py --shops 3 --first 96001

* campaigns kept: campaign days of enrolled items stay in, with a control for cuts on campaign days
* shipped: those days left out, as ``estimate_elasticity`` does
* campaign traffic known: the true log campaign effect of every item-day enters as a known part of demand
* all traffic known: also the trend, season and ads of every item-day
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace

import numpy as np
import pandas as pd

import tmall_nb as tn
from tmall_nb.analyses.elasticity.design import build_design, refuse, spread_out
from tmall_nb.analyses.elasticity.enrolled import leave_out_enrolled, read_enrolled
from tmall_nb.analyses.elasticity.inputs import ItemDays, read_item_days
from tmall_nb.analyses.elasticity.usual import cut_depth
from tmall_nb.demo import make_shop, read_truth
from tmall_nb.demo.streams import read_settings
from tmall_nb.demo.world import make_market
from tmall_nb.stats.elasticity import center, fit_panel

Z = 1.959964


def known_parts(seed: int, data: ItemDays) -> dict[str, np.ndarray]:
    """Known parts of log demand, (items, days) as in ``data``."""
    market = make_market(read_settings("qingmu", "small", seed, ()))
    dates = pd.DatetimeIndex(market.days.dates)

    def placed(values: np.ndarray) -> np.ndarray:
        frame = pd.DataFrame(values, index=[str(i) for i in market.items.ids], columns=dates)
        return np.nan_to_num(frame.reindex(index=data.ids, columns=data.dates).to_numpy(float), neginf=0.0)

    with np.errstate(divide="ignore"):
        traffic = np.log(market.demand.organic + market.ads.units.sum(axis=0))
    zero = np.zeros((len(data.ids), len(data.dates)))
    return {
        "shipped": zero,
        "campaign traffic known": placed(market.demand.campaign_total),
        "all traffic known": placed(traffic),
    }


def difference(data: ItemDays, keep: np.ndarray) -> tuple[float, float]:
    """How much more cuts count than the usual price, 0 in truth, and the standard error that the fit tells."""
    design = build_design(data, keep)
    panel = design.panel(data)
    depth = center(cut_depth(panel), panel.seen)
    fit = fit_panel(design.panel(data, (spread_out(depth, keep),)))
    return float(fit.control_mean[-1]), float(np.sqrt(fit.control_mean_variance[-1]))


def run(seed: int) -> tuple[list[dict[str, object]], pd.Series, tuple[float, float]]:
    """Errors of one shop, why items are refused, and the difference of cuts and usual price with its standard error."""
    with tempfile.TemporaryDirectory() as folder:
        path = make_shop(folder, size="small", seed=seed)
        truth, shop = read_truth(path), tn.load_shop(path.parent, path.name)
        kept = read_item_days(shop, None, ())
        data = leave_out_enrolled(kept, read_enrolled(shop))
    reason = refuse(data, data.price_changes(), 3)[0]
    keep = reason == ""
    panel = build_design(data, keep).panel(data)
    true = np.array([truth.items[i]["elasticity"] for i in np.array(data.ids)[keep]])
    rows = []
    parts = {"campaigns kept": np.zeros(data.seen.shape)} | known_parts(seed, data)
    for name, part in parts.items():
        mine = build_design(kept, keep).panel(kept) if name == "campaigns kept" else panel
        fit = fit_panel(replace(mine, offset=np.where(mine.seen, part[keep], 0.0)))
        error, half = fit.elasticity - true, Z * np.sqrt(fit.variance)
        rows += [{"with": name, "bias": e, "square": e**2, "inside": abs(e) <= h} for e, h in zip(error, half, strict=True)]
    return rows, pd.Series(reason).replace("", "answered").value_counts(), difference(data, keep)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shops", type=int, default=3)
    parser.add_argument("--first", type=int, default=96_001)
    args = parser.parse_args()
    found = [run(args.first + k) for k in range(args.shops)]
    frame = pd.DataFrame([row for rows, *_ in found for row in rows])
    print("| demand known | bias | RMSE | coverage | items |\n|---|---|---|---|---|")
    for name, part in frame.groupby("with", sort=False):
        rmse = np.sqrt(part["square"].mean())
        print(f"| {name} | {part['bias'].mean():+.3f} | {rmse:.3f} | {part['inside'].mean():.3f} | {len(part)} |")
    print("\nRefused and answered:", pd.concat([c for _, c, _ in found]).groupby(level=0).sum().to_dict())
    value, error = np.array([d for *_, d in found]).T
    print(f"\nCuts less usual price (0 in truth): mean {value.mean():+.2f}, sd {value.std():.2f}, ", end="")
    spread = np.sqrt(((value / error) ** 2).mean())
    print(f"standard error told {error.mean():.2f}, root mean square of value / error {spread:.2f}")


if __name__ == "__main__":
    main()
