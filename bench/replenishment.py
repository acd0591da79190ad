"""Replenishment: stock for days 1 to 14 of Rossmann stores, orders in simulated shops, and what each kind of stock data costs.

* ``newsvendor``: overstock 1 : shortage 9, so the 90 % quantile of the 14-day sum; forecasts of 28 days (as the rossmann
  protocol) and of 14 days. Origins A and A2 were used for choosing; B is scored last. Beside ours: bounds of single days taken
  as independent and added up, the textbook (mean and deviation of the last eight weeks), the best single factor on our own
  forecast in hindsight, and mlforecast's 90 % sum (``--peers``, environment of ``bench/demand.py``).
* ``goal``: fresh simulated shops whose fortnights run high or low together: share of items served, yuan saved and lost against
  what is foretold.
* ``certainty``: simulated shops that sell out: reorder points and service with stock day by day (sold-out days known), with
  sales alone, and against demand as it was.
* ``scale``: a plan of 20,000 items.

Run: python bench/replenishment.py --protocol newsvendor,goal,certainty,scale --peers
"""

import argparse
import dataclasses
import resource
import time

import numpy as np
import pandas as pd
from demand import split
from demand_data import ROSSMANN_A, ROSSMANN_B, rossmann
from demand_peers_call import run_peers
from demand_score import newsvendor_cost
from demand_worlds import STOCK_OUTS, stock_out_world

import tmall_nb as tn

A2 = ["2014-08-01", "2014-08-29", "2014-09-26", "2014-10-24", "2014-11-21"]
SETS = {"A": ROSSMANN_A, "A2": A2, "B": ROSSMANN_B}
DAYS, LEVEL = 14, 0.9
Z = 1.2816


def alternatives(past, result, demand):
    """Orders by the ways that need no past windows, and the best factor on our forecast in hindsight."""
    first = result.forecast[result.forecast["date"] < result.forecast["date"].min() + pd.Timedelta(days=DAYS)]
    by_item = first.assign(reach=first["high_80"] - first["units"]).groupby("item_id")
    mean = by_item["units"].sum()
    yield "days as independent", mean + by_item["reach"].agg(lambda s: np.sqrt((s**2).sum()))
    yield "days added up", mean + by_item["reach"].sum()
    recent = past[past["date"] > past["date"].max() - pd.Timedelta(days=56)].groupby("item_id")["paid_units"]
    yield "textbook", recent.mean() * DAYS + Z * recent.std() * np.sqrt(DAYS)
    factors = (demand / mean).quantile(np.linspace(0.02, 1, 99))
    yield "hindsight factor", min((mean * f for f in factors), key=lambda order: newsvendor_cost(order, demand)["cost"])


def newsvendor(options):
    frame, rows = rossmann(), []
    for name in options.sets.split(","):
        for origin in SETS[name]:
            for horizon in map(int, options.horizons.split(",")):
                past, future, ahead = split(frame, origin, horizon, "D")
                demand = ahead[ahead["date"] <= pd.Timestamp(origin) + pd.Timedelta(days=DAYS)]
                demand = demand.groupby("item_id")["paid_units"].sum()
                began = time.process_time()
                result = tn.forecast_demand(past, horizon_days=horizon, future=future)
                empty = pd.DataFrame({"item_id": demand.index, "stock_units": 0.0})
                plan = tn.plan_replenishment(empty, result, lead_time_days=7, review_days=7, service_level=LEVEL)
                spent = time.process_time() - began
                key = {"set": name, "origin": origin, "horizon": horizon}
                order = plan.table.set_index("item_id")["order_units"]
                rows.append({**key, "method": "tmall_nb", **newsvendor_cost(order, demand), "cpu_s": spent})
                for method, other in alternatives(past, result, demand):
                    rows.append({**key, "method": method, **newsvendor_cost(other, demand)})
                if options.peers and horizon == 14:
                    for method, told, spent, _ in run_peers(past, future, horizon, "D", "mlforecast"):
                        other = told.groupby("item_id")["sum_q90"].first()
                        rows.append({**key, "method": method + " + q90", **newsvendor_cost(other, demand), "cpu_s": spent})
    rows = pd.DataFrame(rows)
    means = rows.groupby(["set", "horizon", "method"], sort=False)[["cost", "service", "cpu_s"]].mean().reset_index()
    show(means)
    print("\nService of single origins (tmall_nb):\n")
    own = rows[rows["method"] == "tmall_nb"]
    show(own.pivot(index=["set", "origin"], columns="horizon", values="service").add_prefix("h").reset_index())


def shop(seed, *, items=40, days=420, shock=0.15):
    """Units a day of items between 0.2 and 30 a day, over-dispersed, with fortnights that run high or low together."""
    rng = np.random.default_rng([51, seed])
    rate = rng.lognormal(0.8, 1.2, items)[:, None] * (1 + 0.2 * np.sin(2 * np.pi * np.arange(days) / 7))
    common = np.repeat(rng.normal(0, shock, days // 14 + 1), 14)[:days]
    own = np.repeat(rng.normal(0, 0.2, (items, days // 7 + 1)), 7, axis=1)[:, :days]
    return rng.poisson(rate * np.exp(common + own) * rng.gamma(5, 1 / 5, (items, days)))


def item_rows(units):
    ids, dates = [f"i{k:02d}" for k in range(len(units))], pd.date_range("2024-01-01", periods=units.shape[1])
    return pd.DataFrame({"item_id": np.repeat(ids, len(dates)), "date": np.tile(dates, len(ids)), "paid_units": units.ravel()})


def goal(options):
    served, money = [], []
    for seed in range(options.first, options.first + options.seeds):
        units = shop(seed)
        past, ahead = units[:, :392], units[:, 392:]
        rows = item_rows(past).assign(price_yuan=50.0)
        demand = tn.forecast_demand(rows, horizon_days=28, model="light")
        ids = sorted(rows["item_id"].unique())
        for lead in (7, 14, 21):
            actual = ahead[:, : lead + 7].sum(axis=1)
            for level in (0.8, 0.9, 0.95, 0.99):
                empty = pd.DataFrame({"item_id": ids, "stock_units": 0})
                plan = tn.plan_replenishment(empty, demand, lead_time_days=lead, review_days=7, service_level=level)
                point = plan.table.set_index("item_id")["reorder_point"].reindex(ids).to_numpy()
                share = (actual <= point).mean()
                low, high = plan.method.parameters["served_low"], plan.method.parameters["served_high"]
                served.append({"days": lead + 7, "goal": level, "served": share, "foretold": low <= share <= high})
        money += outcome(demand, past, ahead, seed)
    by_goal = pd.DataFrame(served).groupby(["days", "goal"])
    columns = {"served": ("served", "mean"), "lowest": ("served", "min"), "highest": ("served", "max")}
    show(by_goal.agg(**columns, in_range=("foretold", "mean")).reset_index())
    print("\nYuan, foretold and as it came (95 % intervals, orders of one review):\n")
    columns = {"foretold": ("yuan", "mean"), "came": ("came", "mean"), "covered": ("covered", "mean")}
    show(pd.DataFrame(money).groupby("measure", sort=False).agg(**columns).reset_index())


def outcome(demand, past, ahead, seed):
    """Play the units that came through stock: what the order saved, what was lost before it arrived, what is left."""
    rng = np.random.default_rng([52, seed])
    stock = np.round(past[:, -28:].mean(axis=1) * rng.uniform(2, 20, len(past)))
    ids = [f"i{k:02d}" for k in range(len(past))]
    frame = pd.DataFrame({"item_id": ids, "stock_units": stock, "unit_cost_yuan": 20.0})
    plan = tn.plan_replenishment(frame, demand, lead_time_days=7, review_days=7)
    order = plan.table.set_index("item_id")["order_units"].reindex(ids).to_numpy()
    until, later = ahead[:, :7].sum(axis=1), ahead[:, 7:14].sum(axis=1)
    kept = np.maximum(stock - until, 0)
    came = {
        "margin_saved": 30.0 * (np.minimum(later, kept + order) - np.minimum(later, kept)).sum(),
        "margin_too_late": 30.0 * np.maximum(until - stock, 0).sum(),
        "stock_left": 20.0 * np.maximum(kept + order - later, 0).sum(),
    }
    found = plan.cash.set_index("measure")
    return [
        {"measure": k, "yuan": found.loc[k, "yuan"], "came": v, "covered": found.loc[k, "low"] <= v <= found.loc[k, "high"]}
        for k, v in came.items()
    ]


def certainty(options):
    rows = []
    for setting in STOCK_OUTS:
        for seed in range(options.first, options.first + max(options.seeds // 8, 2)):
            past, future, ahead = stock_out_world(setting, seed)
            days = sorted(ahead["date"].unique())[:DAYS]
            need = ahead[ahead["date"].isin(days)].groupby("item_id")["actual"].sum()
            empty = pd.DataFrame({"item_id": need.index, "stock_units": 0})
            for kind, frame in (("stock day by day", past), ("sales alone", past.drop(columns="sold_out"))):
                demand = tn.forecast_demand(frame, horizon_days=28, future=future, model="light")
                plan = tn.plan_replenishment(empty, demand, lead_time_days=7, review_days=7, service_level=0.95)
                point = plan.table.set_index("item_id")["reorder_point"].reindex(need.index)
                told = demand.forecast[demand.forecast["date"].isin(days)]["units"].sum()
                values = {"bias": told / need.sum() - 1, "served": (need <= point).mean()}
                rows.append({"setting": setting, "stock data": kind, **values})
    show(pd.DataFrame(rows).groupby(["setting", "stock data"], sort=False).mean().reset_index())


def scale(options):
    """A plan of 20,000 items over 28 days with six windows of history: CPU seconds and memory on top of the frames."""
    rng = np.random.default_rng(53)
    items, horizon = [f"i{k:05d}" for k in range(20_000)], 28
    first = pd.Timestamp("2024-07-19")
    rate = np.repeat(rng.lognormal(0, 1.2, len(items)), horizon)
    demand = tn.forecast_demand(item_rows(np.full((1, 200), 3)), horizon_days=horizon, model="light")
    forecast = over_days(items, first, horizon).assign(units=rate, low_80=0.5 * rate, high_80=1 + 1.6 * rate)
    windows = []
    for back in range(1, 7):
        start = first - pd.Timedelta(days=back * horizon)
        rows = over_days(items, start, horizon).assign(units=rate, origin=start - pd.Timedelta(days=1))
        windows.append(rows.assign(actual=rng.poisson(rate * np.exp(rng.normal(0, 0.1)))))
    table = pd.DataFrame({"item_id": items, "verdict": "ok", "price_yuan": 50.0})
    demand = dataclasses.replace(demand, forecast=forecast, windows=pd.concat(windows, ignore_index=True), table=table)
    stock = pd.DataFrame({"item_id": items, "stock_units": rng.integers(0, 60, len(items)), "unit_cost_yuan": 20.0})
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    plan = tn.plan_replenishment(stock, demand, lead_time_days=10, review_days=7)
    planned = time.process_time()
    tn.replan_replenishment(plan, service_level=0.9, budget_yuan=100_000.0)
    spent = {"plan, CPU s": planned - began, "plan anew with a budget, CPU s": time.process_time() - planned}
    spent["memory, MB"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000
    show(pd.DataFrame([spent]))


def over_days(items, first, horizon):
    dates = pd.date_range(first, periods=horizon)
    return pd.DataFrame({"item_id": np.repeat(items, horizon), "date": np.tile(dates, len(items))})


def show(frame):
    """Print a frame as a Markdown table."""
    print("| " + " | ".join(map(str, frame.columns)) + " |\n" + "|---" * len(frame.columns) + "|")
    for row in frame.itertuples(index=False):
        print("| " + " | ".join(map(cell, row)) + " |", flush=True)


def cell(value):
    if not isinstance(value, float):
        return str(value)
    return "–" if value != value else f"{value:,.3f}" if abs(value) < 100 else f"{value:,.0f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--protocol", default="newsvendor,goal,certainty,scale")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--sets", default="A,B", help="origins of newsvendor: A, A2, B")
    parser.add_argument("--horizons", default="28,14", help="days forecast by newsvendor")
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--first", type=int, default=51_000)
    options = parser.parse_args()
    for name in options.protocol.split(","):
        print(f"\n## {name}\n", flush=True)
        {"newsvendor": newsvendor, "goal": goal, "certainty": certainty, "scale": scale}[name](options)


if __name__ == "__main__":
    main()
