"""How well discounts are traced: the split of the ladder, bunching and depth effects against simulators that know the truth.

Run: python bench/discounts.py [--shops 3] [--draws 200] [--first 900]

* ladder: fresh demo shops. True tags are the simulator's prices, the true cart rule what it took off (``demo/orders.py``);
  totals must agree to the cent, the split is inferred
* bunching: log-normal carts with a share of the carts just below 300 yuan stretched above it (0, 15, 30 %), counts as drawn
  and with lumps (gamma of variance .05 on every 10-yuan bin). Share of intervals that hold the truth, share that find it
* depth: item-days whose discounts fall on busy days (day effects of sd .4); log effects .15, .40, .70. Bias and cover, ours
  and a ratio of means without day effects
"""

from __future__ import annotations

import argparse
import tempfile

import numpy as np

import tmall_nb as tn
from tmall_nb.demo import make_shop
from tmall_nb.demo.orders import draw_lines
from tmall_nb.demo.season import BURST, EVE, SALE
from tmall_nb.demo.streams import read_settings
from tmall_nb.demo.world import make_world
from tmall_nb.stats.bunching import fit_bunching
from tmall_nb.stats.depth_response import fit_depths

EFFECTS = np.array([0.0, 0.15, 0.40, 0.70])


def true_split(seed: int) -> dict[str, float]:
    """Yuan that the simulator took off by activity price and cart rule, and the list amount."""
    world = make_world(read_settings("qingmu", "small", seed, ()))
    lines = draw_lines(world.settings, world.days, world.items, world.joined, slice(0, len(world.joined[0])))
    tags = lines.units * world.items.price_cents[lines.item, lines.day]
    total = np.add.reduceat(tags, lines.order_first)
    day, cart = lines.day[lines.order_first], np.zeros(len(total))
    for k, event in enumerate(world.days.events):
        if event.rule == "cart":
            cart += np.where(np.isin(world.days.phase[k], (SALE, EVE, BURST))[day], total // 30_000 * 5_000, 0)
    listed = float((lines.units * lines.list_cents).sum())
    return {"list_amount": listed / 100, "activity_discount": (listed - tags.sum()) / 100, "cart_discount": cart.sum() / 100}


def bench_ladder(shops: int, first: int) -> None:
    for seed in range(first, first + shops):
        with tempfile.TemporaryDirectory() as folder:
            shop = make_shop(folder, shop_id="qingmu", size="small", seed=seed)
            result = tn.trace_discounts(tn.load_shop(shop.parent, shop.name))
        yuan, truth = result.table.set_index("step")["yuan"], true_split(seed)
        gap = abs(-yuan["activity_discount"] - truth["activity_discount"]) / truth["list_amount"]
        rules = ", ".join(f"{r.cart:g}-{r.off:g} {r.kind} {r.uptake:.2f}" for r in result.rules.itertuples())
        parts = {
            "list off by yuan": yuan["list_amount"] - truth["list_amount"],
            "difference yuan": yuan["difference"],
            "activity off by % of list": 100 * gap,
            "cart rule of true": -yuan["cart_discount"] / max(truth["cart_discount"], 1e-9),
            "unexplained % of list": -100 * yuan["other_discount"] / truth["list_amount"],
        }
        print(f"ladder seed {seed}: " + "; ".join(f"{k} {v:.3f}" for k, v in parts.items()) + f"; rules {rules}", flush=True)


def carts(
    rng: np.random.Generator, *, moved: float = 0.0, lumps: float = 0.0, total: int = 4000
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Cart sizes in bins of 10 yuan around 300; a share ``moved`` of those in 250-300 steps up to 300-330."""
    sizes = rng.lognormal(np.log(260), 0.45, total)
    below = (sizes >= 250) & (sizes < 300) & (rng.random(total) < moved)
    sizes[below] = rng.uniform(300, 330, below.sum())
    edges = np.arange(100, 610, 10)
    counts = np.histogram(sizes, edges)[0].astype(float)
    if lumps:
        counts = rng.poisson(counts * rng.gamma(1 / lumps, lumps, len(counts))).astype(float)
    left = edges[:-1]
    return counts, (left >= 300) & (left < 330), (left >= 250) & (left < 300), int(below.sum())


def bench_bunching(draws: int, first: int) -> None:
    for lumps in (0.0, 0.05):
        for moved in (0.0, 0.15, 0.30):
            rng = np.random.default_rng([first, round(100 * lumps), round(100 * moved)])
            found = [
                (fit_bunching(c, a, b, seed=k), m)
                for k in range(draws)
                for c, a, b, m in [carts(rng, moved=moved, lumps=lumps)]
            ]
            cover = np.mean([f.excess_low <= m <= f.excess_high for f, m in found])
            power = np.mean([f.excess_low > 0 for f, _ in found])
            bias = np.mean([f.excess - m for f, m in found])
            print(
                f"bunching moved {moved:.2f} lumps {lumps:.2f}: cover {cover:.3f} found {power:.3f} bias {bias:+.1f} carts",
                flush=True,
            )


def bench_depth(draws: int, first: int) -> None:
    rng = np.random.default_rng([first, 5])
    rows = []
    for _ in range(draws // 4):
        items, days = 60, 240
        klass, busy = rng.choice(4, (items, days), p=[0.7, 0.15, 0.1, 0.05]), rng.normal(0, 0.4, days)
        klass = np.where(rng.random((items, days)) < 0.3 * (busy > 0.3)[None, :], 2, klass)
        mean = np.exp(rng.normal(0.5, 0.8, items)[:, None] + busy[None, :] + EFFECTS[klass])
        units = rng.negative_binomial(4, 4 / (4 + mean)).astype(float)
        fit = fit_depths(units, klass.astype(np.intp), np.ones(units.shape, bool), 4)
        share = units / units.mean(axis=1, keepdims=True)
        plain = [np.log(share[klass == b].mean() / share[klass == 0].mean()) for b in range(1, 4)]
        error = (fit.effect - EFFECTS)[1:]
        rows.append(np.concatenate([error, np.abs(error) <= 1.96 * fit.error[1:], np.array(plain) - EFFECTS[1:]]))
    mean = np.mean(rows, axis=0)
    print(
        f"depth: bias {mean[:3].round(3)} cover {mean[3:6].mean():.3f}; without day effects bias {mean[6:].round(3)}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shops", type=int, default=3)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--first", type=int, default=900)
    args = parser.parse_args()
    bench_bunching(args.draws, args.first)
    bench_depth(args.draws, args.first)
    bench_ladder(args.shops, args.first)


if __name__ == "__main__":
    main()
