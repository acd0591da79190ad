"""Demand forecasts by seven protocols, ours beside statsforecast, mlforecast + LightGBM and prophet in the same run.

Everything goes through the public calls ``tn.forecast_demand`` and ``tn.plan_replenishment``. Origins (or seeds) A were used
for choosing; B is scored last. Peers run in an environment of their own
(``python3.11 -m venv bench/.peers/demand && bench/.peers/demand/bin/pip install -r bench/peers/demand.txt``). Those that fit
one model an item run on the first 20 items and the last two origins, with ours beside them on the same items and origins.

Run: python bench/demand.py --protocol rossmann --origins B --peers
"""

import argparse
import time

import numpy as np
import pandas as pd
from demand_data import OJ_A, OJ_B, RETAIL_A, RETAIL_B, ROSSMANN_A, ROSSMANN_B, online_retail, orange_juice, rossmann
from demand_peers_call import run_ours, run_peers
from demand_score import newsvendor_cost, score
from demand_simulated import event, scale, stock_out

import tmall_nb as tn

DATA = {  # frame, frequency, horizon, origins
    "rossmann": (rossmann, "D", 28, {"A": ROSSMANN_A, "B": ROSSMANN_B}),
    "oj": (orange_juice, "W", 4, {"A": OJ_A, "B": OJ_B}),
    "intermittent": (online_retail, "D", 28, {"A": RETAIL_A, "B": RETAIL_B}),
}
SLOW_ORIGINS = 2  # the slow peers run on the last two origins
NOT_KNOWN = ("paid_units", "category")


def split(frame, origin, horizon, frequency):
    """Past, future (known columns of the horizon) and actual of one origin; only items that sold before it."""
    step = pd.Timedelta(days=1 if frequency == "D" else 7)
    origin = pd.Timestamp(origin)
    past = frame[frame["date"] <= origin]
    ahead = frame[(frame["date"] > origin) & (frame["date"] <= origin + horizon * step)]
    items = past["item_id"].unique()
    ahead = ahead[ahead["item_id"].isin(items)]
    columns = [c for c in frame.columns if c not in NOT_KNOWN]
    if len(columns) == 2:
        return past, None, ahead
    days = pd.date_range(origin + step, periods=horizon, freq=step)
    grid = pd.MultiIndex.from_product([items, days], names=["item_id", "date"]).to_frame(index=False)
    future = grid.merge(ahead[columns], on=["item_id", "date"], how="left").sort_values(["item_id", "date"])
    known = [c for c in columns if c not in ("item_id", "date")]
    last = past.groupby("item_id")[known].last()
    future[known] = future.groupby("item_id")[known].ffill()
    future[known] = future.groupby("item_id")[known].bfill()
    for name in known:  # an item without any row in the horizon is not scored; its last value stands there
        future[name] = future[name].fillna(future["item_id"].map(last[name]))
    return past, future.reset_index(drop=True), ahead


def real(name, which, options):
    """Accuracy on one real data set: one row per method and origin."""
    load, frequency, horizon, origins = DATA[name]
    frame, rows = load(), []
    for origin in origins[which]:
        past, future, ahead = split(frame, origin, horizon, frequency)
        truth = ahead[["item_id", "date", "paid_units"]].rename(columns={"paid_units": "actual"})
        made = {}

        def add(method, forecast, past=past, truth=truth, origin=origin, **more):
            scored = score(forecast.merge(truth, on=["item_id", "date"]), past, frequency)
            rows.append({"origin": origin, "method": method, **scored, **more})

        for model in options.models.split(","):
            made[model], seconds, memory, used = run_ours(past, future, horizon, frequency, model)
            add(f"tmall_nb {model}", made[model], cpu_s=seconds, peak_gb=memory, used=used)
        mean = simple_mean(past, truth)
        add("8-week mean", mean)
        if future is None:  # what is left where the sum of all items is told
            add("8-week mean, total told", mean.assign(units=mean["units"] * truth["actual"].sum() / mean["units"].sum()))
        slow_too = origin in origins[which][-SLOW_ORIGINS:]
        names = [n for n in options.peers.split(",") if n and (slow_too or n == "mlforecast")]
        told_few = False
        for method, forecast, seconds, memory in run_peers(past, future, horizon, frequency, ",".join(names)) if names else ():
            add(method, forecast, cpu_s=seconds, peak_gb=memory)
            few = forecast["item_id"].nunique() < truth["item_id"].nunique()
            if few and not told_few:
                told_few = True
                for model, same in made.items():
                    same = same[same["item_id"].isin(forecast["item_id"])]
                    add(f"tmall_nb {model}, these {same['item_id'].nunique()} items", same)
    return pd.DataFrame(rows)


def simple_mean(past, truth):
    recent = past[past["date"] > past["date"].max() - pd.Timedelta(days=56)]
    units = truth["item_id"].map(recent.groupby("item_id")["paid_units"].mean()).fillna(0.0)
    return truth[["item_id", "date"]].assign(units=units)


def newsvendor(which, options):
    """Stock for days 1 to 14 of rossmann, overstock 1 : shortage 9, so the 90 % quantile of the 14-day sum."""
    frame, rows = rossmann(), []
    for origin in {"A": ROSSMANN_A, "B": ROSSMANN_B}[which]:
        past, future, ahead = split(frame, origin, 14, "D")
        demand = ahead.groupby("item_id")["paid_units"].sum()
        began = time.process_time()
        result = tn.forecast_demand(past, horizon_days=14, future=future)
        stock = pd.DataFrame({"item_id": demand.index, "stock_units": 0.0})
        plan = tn.plan_replenishment(stock, result, lead_time_days=7, review_days=7, service_level=0.9)
        seconds = time.process_time() - began
        order = plan.table.set_index("item_id")["order_units"]
        rows.append({"origin": origin, "method": "tmall_nb", **newsvendor_cost(order, demand), "cpu_s": seconds})
        daily = result.forecast.assign(spread=(result.forecast["high_80"] - result.forecast["units"]) / 1.2816)
        added = daily.groupby("item_id").agg(mean=("units", "sum"), spread=("spread", lambda s: np.sqrt((s**2).sum())))
        rows.append(
            {
                "origin": origin,
                "method": "days as independent",
                **newsvendor_cost(added["mean"] + 1.2816 * added["spread"], demand),
            }
        )
        ratio = (demand / result.forecast.groupby("item_id")["units"].sum()).quantile(np.linspace(0.02, 1, 99))
        best = min(newsvendor_cost(result.forecast.groupby("item_id")["units"].sum() * r, demand)["cost"] for r in ratio)
        rows.append({"origin": origin, "method": "hindsight factor", "cost": best})
        if options.peers:
            for method, forecast, used, memory in run_peers(past, future, 14, "D", "mlforecast"):
                order = forecast.groupby("item_id")["sum_q90"].first()
                rows.append(
                    {
                        "origin": origin,
                        "method": method + " + q90",
                        **newsvendor_cost(order, demand),
                        "cpu_s": used,
                        "peak_gb": memory,
                    }
                )
    return pd.DataFrame(rows)


def table(rows):
    """Mean over origins by method, as a Markdown table."""
    numbers = (
        rows.drop(columns=[c for c in ("origin", "used", "seed") if c in rows])
        .groupby("method", sort=False)
        .mean(numeric_only=True)
    )
    lines = ["| method | " + " | ".join(numbers.columns) + " |", "|---|" + "---|" * len(numbers.columns)]
    for method, row in numbers.iterrows():
        cells = [
            "–"
            if pd.isna(v)
            else f"{v:.1f}"
            if c == "cpu_s"
            else f"{v:+.3f}"
            if c == "bias"
            else f"{v:.4f}"
            if c == "spl"
            else f"{v:.3f}"
            for c, v in row.items()
        ]
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--protocol", default="rossmann", help="rossmann, oj, intermittent, newsvendor, event, stock-out, scale"
    )
    parser.add_argument("--origins", default="A", choices=["A", "B"])
    parser.add_argument("--models", default="auto,light")
    parser.add_argument("--peers", nargs="?", const="mlforecast,statsforecast,prophet", default="")
    parser.add_argument("--seeds", type=int, default=3, help="worlds of a simulated protocol")
    parser.add_argument("--each", action="store_true", help="print every origin too")
    options = parser.parse_args()
    for name in options.protocol.split(","):
        simulated = {"newsvendor": newsvendor, "event": event, "stock-out": stock_out, "scale": scale}
        rows = simulated[name](options.origins, options) if name in simulated else real(name, options.origins, options)
        if options.each:
            print(rows.round(4).to_string(index=False), flush=True)
        print(f"\n{name}, {options.origins}\n\n{table(rows)}", flush=True)


if __name__ == "__main__":
    main()
