"""Regret of the price plan on simulated shops: profit lost against the best admissible price, beside a naive plan.

Run: python bench/pricing.py [--seeds 10] [--first 700] [--items 200] [--regimes plain stock_light own_demand]

Truth: profit a day at price p = exp(base + e (log p - level)) (p - cost), cost = .45 exp(level), with the world's own e. The
best price is searched on the same price tags under the same bounds (``--floor`` days, 10 % beyond the range seen), so that
regret is what the estimate costs and not what the bounds do; ``free`` is against the best price without bounds.

* ours: ``estimate_elasticity`` → ``plan_prices``
* plug-in: the same elasticities, best price at their mean
* naive: log(1 + units) on log price, item by item, least squares, no day effects; best price at the estimate
* today: prices stay

cover: share of true relative gains inside the interval told; told, true: mean relative gain of moved prices; wrong: share of
changes advised with 90 % that lose.

Regret = 1 - sum of profits / sum of best profits over items. Seeds are not those of tests or of bench/elasticity.py.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
import pandas as pd
from price_worlds import REFERENCE, draw_world

import tmall_nb as tn
from tmall_nb.stats.pricing import price_grid

LOSS = ("ours", "plug-in", "naive", "today")


def naive_elasticities(rows: pd.DataFrame) -> pd.Series:
    """Slope of log(1 + units) on log price, item by item."""
    x, y = np.log(rows["price_yuan"]), np.log1p(rows["paid_units"])
    frame = pd.DataFrame({"item_id": rows["item_id"], "x": x, "y": y})
    frame[["x", "y"]] -= frame.groupby("item_id")[["x", "y"]].transform("mean")
    sums = (frame.assign(xy=frame["x"] * frame["y"], xx=frame["x"] ** 2)).groupby("item_id")[["xy", "xx"]].sum()
    return sums["xy"] / sums["xx"]


def true_profit(world, prices: np.ndarray) -> np.ndarray:
    """(items,) true profit a day at one price per item."""
    return np.exp(world.base + world.elasticity * (np.log(prices) - world.level)) * (prices - world.cost)


def with_shown_discount(world, regime: str):
    """In ``reference`` a change of the paid price at an unchanged list price also changes the discount shown."""
    return replace(world, elasticity=world.elasticity - REFERENCE) if regime == "reference" else world


def best_price(elasticity: np.ndarray, cost: np.ndarray, tags: list[np.ndarray]) -> np.ndarray:
    """The tag with the highest profit at a known elasticity."""
    return np.array([t[np.argmax(t**e * (t - c))] for e, c, t in zip(elasticity, cost, tags, strict=True)])


def free_best(world) -> np.ndarray:
    """Best price anywhere between cost and three times the usual price."""
    grid = np.linspace(1.05, 3 / 0.45, 2000)
    profit = grid[None, :] ** world.elasticity[:, None] * (grid[None, :] - 1)
    return world.cost * grid[profit.argmax(axis=1)]


def run(regime: str, seed: int, items: int, floor_days: int) -> dict[str, float]:
    world = with_shown_discount(draw_world(regime, seed=seed, items=items), regime)
    rows = world.rows.rename(columns={"cost": "moving_cost"})
    rows["unit_cost"] = np.repeat(world.cost, len(rows) // items)
    instrument = {"instrument": "moving_cost"} if regime == "own_demand" else {}
    price = tn.estimate_elasticity(rows, controls=("campaign",), **instrument)
    start = time.process_time()
    plan = tn.plan_prices(rows, price, floor_days=floor_days)
    spent = time.process_time() - start
    table = plan.table.set_index("item_id").loc[price.table["item_id"]]
    basis = plan.basis.set_index("item_id").loc[price.table["item_id"]]
    known = table["price_best"].notna().to_numpy()
    tags = []
    for row, now in zip(basis.itertuples(), table["price_now"], strict=True):
        floor = row.floor_yuan if np.isfinite(row.floor_yuan) and floor_days else 0.0
        low = max(0.9 * row.price_low, floor, row.unit_cost / 0.85) if np.isfinite(row.price_low) else now
        tags.append(price_grid(low, 1.1 * row.price_high, near=now) if np.isfinite(row.price_low) else np.array([now]))
    tags = [np.append(t, now) for t, now in zip(tags, table["price_now"], strict=True)]
    now = table["price_now"].to_numpy(float)
    plans = {
        "ours": table["price_best"].fillna(table["price_now"]).to_numpy(float),
        "plug-in": best_price(price.table["elasticity"].fillna(-2).to_numpy(float), world.cost, tags),
        "naive": best_price(naive_elasticities(rows).loc[price.table["item_id"]].to_numpy(float), world.cost, tags),
        "today": now,
    }
    best = true_profit(world, best_price(world.elasticity, world.cost, tags))
    got = {name: true_profit(world, chosen) for name, chosen in plans.items()}
    out = {name: 1 - v[known].sum() / best[known].sum() for name, v in got.items()}
    out["free"] = 1 - got["ours"][known].sum() / true_profit(world, free_best(world))[known].sum()
    gain = (got["ours"] / got["today"] - 1)[known]
    rows_known = table[known]
    moved = (rows_known["price_best"] != rows_known["price_now"]).to_numpy()
    earned = 28 * basis["profit_now"][known].to_numpy(float)
    low, high = (rows_known[name].to_numpy(float) / earned for name in ("gain_low", "gain_high"))
    out["cover"] = ((gain >= low) & (gain <= high))[moved].mean()
    sure = rows_known["verdict"].isin(["raise", "lower"]).to_numpy()
    out["wrong"] = (gain[sure] < 0).mean() if sure.any() else np.nan
    out["told"], out["true"] = (rows_known["gain"].to_numpy(float) / earned)[moved].mean(), gain[moved].mean()
    return out | {"answered": known.mean(), "sure": sure.mean(), "cpu": spent}


def shop_profit(world, regime: str, log_price: np.ndarray) -> float:
    """True profit a day of all items at once, cross effects included, at log prices relative to the usual level."""
    names = world.rows.groupby("item_id")["category"].first()
    category = names.loc[np.sort(names.index)].to_numpy()
    weight = np.exp(world.base) if regime == "shares" else np.ones(len(category))
    total, count = (pd.Series(v).groupby(category).transform("sum").to_numpy() for v in (weight * log_price, weight))
    others = (total - weight * log_price) / np.maximum(count - weight, 1e-12)
    units = np.exp(world.base + world.elasticity * log_price + world.cross * others)
    return float((units * (np.exp(log_price + world.level) - world.cost)).sum())


def best_jointly(world, regime: str, tags: list[np.ndarray], start: np.ndarray) -> np.ndarray:
    """Admissible tags with the highest profit of the shop: one item after the other until nothing changes."""
    chosen = start.copy()
    for _ in range(3):
        before = chosen.copy()
        for item, mine in enumerate(tags):
            values = []
            for tag in mine:
                chosen[item] = tag
                values.append(shop_profit(world, regime, np.log(chosen) - world.level))
            chosen[item] = mine[int(np.argmax(values))]
        if (chosen == before).all():
            break
    return chosen


def run_joint(regime: str, seed: int, size: dict[str, int]) -> dict[str, float]:
    """Regret of the shop's profit where prices move other items: plans with and without the categories' effects, and today."""
    world = draw_world(regime, seed=seed, **size)
    rows = world.rows.drop(columns="cost").assign(unit_cost=np.repeat(world.cost, len(world.rows) // len(world.cost)))
    price = tn.estimate_elasticity(rows, controls=("campaign",))
    counted, alone = tn.plan_prices(rows, price), tn.plan_prices(rows, price.table)
    ids = price.table["item_id"]
    now = alone.table.set_index("item_id").loc[ids, "price_now"].to_numpy(float)
    basis = alone.basis.set_index("item_id").loc[ids]
    tags = []
    for row, today in zip(basis.itertuples(), now, strict=True):
        low = np.nanmax([0.9 * row.price_low, row.floor_yuan, row.unit_cost / 0.85])
        grid = price_grid(low, 1.1 * row.price_high, near=today)
        tags.append(np.append(grid[:: max(len(grid) // 8, 1)], today))
    plans = {name: plan.table.set_index("item_id").loc[ids, "price_best"].to_numpy(float)
             for name, plan in (("counted", counted), ("alone", alone))}  # fmt: skip
    plans = {name: np.where(np.isfinite(v), v, now) for name, v in plans.items()} | {"today": now}
    got = {name: shop_profit(world, regime, np.log(v) - world.level) for name, v in plans.items()}
    best = max(shop_profit(world, regime, np.log(best_jointly(world, regime, tags, now)) - world.level), *got.values())
    out = {name: 1 - value / best for name, value in got.items()}
    told = price.competition["verdict"] == "competes"
    return out | {"told": float(told.mean()), "moved": float((plans["counted"] != plans["alone"]).mean())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=700)
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--floor", type=int, default=180)
    parser.add_argument("--regimes", nargs="*", default=["plain", "stock_light", "own_demand"])
    parser.add_argument("--joint", type=int, default=0, help="seeds of the worlds in which items take sales from each other")
    args = parser.parse_args()
    few = {"items": 60, "categories": 15}
    for regime, size in (("shares", few), ("rivals", few), ("plain", few)) if args.joint else ():
        frame = pd.DataFrame([run_joint(regime, args.first + k, size) for k in range(args.joint)])
        text = "  ".join(f"{name} {value:.4f}" for name, value in frame.mean().items())
        print(f"joint {regime}, {size['items']} items ({args.joint} seeds from {args.first}): {text}", flush=True)
    for regime in args.regimes:
        frame = pd.DataFrame([run(regime, args.first + k, args.items, args.floor) for k in range(args.seeds)])
        text = "  ".join(f"{name} {value:.4f}" for name, value in frame.mean().items())
        print(f"{regime} ({args.seeds} seeds from {args.first}, floor {args.floor} d): {text}", flush=True)
        worst = frame["ours"].max()
        print(f"  worst seed {worst:.4f}; ours / naive {frame['ours'].mean() / frame['naive'].mean():.2f}", flush=True)


if __name__ == "__main__":
    main()
