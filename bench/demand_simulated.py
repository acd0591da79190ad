"""The simulated protocols of the demand benchmark: Double 11, stock-outs, scale."""

import resource
import time

import numpy as np
import pandas as pd
from demand_peers_call import run_peers
from demand_worlds import STOCK_OUTS, big_world, event_world, stock_out_world

import tmall_nb as tn

FIRST_SEED = {"A": 0, "B": 100}


def event(which, options):
    """Double 11 of the third year: WAPE and bias over item-days of the event."""
    rows = []
    for seed in range(FIRST_SEED[which], FIRST_SEED[which] + options.seeds):
        past, future, actual, days = event_world(seed)
        for model in options.models.split(","):
            began = time.process_time()
            result = tn.forecast_demand(past, horizon_days=23, future=future, model=model)
            seconds = time.process_time() - began
            told = actual.merge(result.forecast.drop(columns="lift_spread"), on=["item_id", "date"])
            scores = _event_score(told), _event_score(told.assign(units=told["median"])), _event_cover(told)
            rows.append({"seed": seed, "method": f"tmall_nb {model}", **scores[0], **scores[2], "cpu_s": seconds})
            rows.append({"seed": seed, "method": f"tmall_nb {model}, median", **scores[1]})
        for name, units in _event_references(past, told, days).items():
            rows.append({"seed": seed, "method": name, **_event_score(told.assign(units=units))})
        rows.append({"seed": seed, "method": "the simulator's mean", **_event_score(told.assign(units=told["mean_units"]))})
        if options.peers:
            for method, forecast, used, memory in run_peers(past, future, 23, "D", options.peers):
                both = actual.merge(forecast[["item_id", "date", "units"]], on=["item_id", "date"])
                rows.append({"seed": seed, "method": method, **_event_score(both), "cpu_s": used, "peak_gb": memory})
    return pd.DataFrame(rows)


def _event_score(told):
    rows = told[told["double_11"] == 1]
    by_item = rows.groupby("item_id")[["units", "actual"]].sum()
    quiet = told[told["double_11"] == 0]
    total = by_item["actual"].sum()
    return {
        "wape": (by_item["units"] - by_item["actual"]).abs().sum() / total,
        "bias": by_item["units"].sum() / total - 1,
        "wape_other_days": (quiet["units"] - quiet["actual"]).abs().sum() / quiet["actual"].sum(),
    }


def _event_cover(told):
    rows = told[told["double_11"] == 1]
    return {"cover_80": rows["actual"].between(rows["low_80"], rows["high_80"]).mean()}


def _event_references(past, told, days):
    """Item's own past lift, its category's, each on the mean of the 28 days before the event."""
    lifts = []
    base_now = past[past["date"] > past["date"].max() - pd.Timedelta(days=28)].groupby("item_id")["paid_units"].mean()
    for year in sorted({d.year for d in days})[:-1]:
        dates = [d for d in days if d.year == year]
        before = past[(past["date"] < dates[0]) & (past["date"] >= dates[0] - pd.Timedelta(days=28))]
        lifts.append(pd.DataFrame({
            "sold": past[past["date"].isin(dates)].groupby("item_id")["paid_units"].sum(),
            "base": before.groupby("item_id")["paid_units"].mean() * len(dates),
            "category": past.groupby("item_id")["category"].last(),
        }))  # fmt: skip
    both = pd.concat(lifts)
    own = both.groupby("item_id")[["sold", "base"]].sum()
    group = both.groupby("category")[["sold", "base"]].sum()
    category = told["item_id"].map(both.groupby("item_id")["category"].first())
    base = told["item_id"].map(base_now)
    return {
        "own lift": base * told["item_id"].map((own["sold"] + 0.5) / (own["base"] + 0.5)),
        "category lift": base * category.map(group["sold"] / group["base"]),
    }


def stock_out(which, options):
    """Demand after a history with sold-out days: bias, WAPE and RMSE of the next 28 days' true demand, by treatment.

    WAPE rewards a forecast that is too low where counts are skewed; RMSE does not.
    """
    rows = []
    for setting in STOCK_OUTS:
        for seed in range(FIRST_SEED[which], FIRST_SEED[which] + options.seeds):
            past, future, actual = stock_out_world(setting, seed)
            for method, frame in _treatments(past).items():
                forecast = tn.forecast_demand(frame, horizon_days=28, future=future, model="light").forecast
                both = forecast.merge(actual, on=["item_id", "date"])
                total = both["actual"].sum()
                rows.append({
                    "seed": seed, "method": f"{setting}: {method}", "bias": both["units"].sum() / total - 1,
                    "wape": (both["units"] - both["actual"]).abs().sum() / total,
                    "rmse": float(np.sqrt(((both["units"] - both["actual"]) ** 2).mean())),
                })  # fmt: skip
    return pd.DataFrame(rows)


def _treatments(past):
    plain = past.drop(columns="sold_out")
    return {
        "tmall_nb (bound)": past,
        "days dropped": plain.assign(paid_units=plain["paid_units"].where(~past["sold_out"])),
        "sales as demand": plain,
        "zeros": plain.assign(paid_units=plain["paid_units"].where(~past["sold_out"], 0.0)),
    }


def scale(which, options):
    """2,000 items x 730 days: CPU seconds and peak memory of fit, forecast and intervals (this process alone)."""
    past, future, actual = big_world(seed=FIRST_SEED[which])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    clock, began = time.perf_counter(), time.process_time()
    result = tn.forecast_demand(past, horizon_days=28, future=future)
    both = result.forecast.merge(actual, on=["item_id", "date"])
    rows = [{
        "method": "tmall_nb auto", "wall_s": time.perf_counter() - clock, "cpu_s": time.process_time() - began,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, "gb_before": before,
        "wape": np.abs(both["units"] - both["actual"]).sum() / both["actual"].sum(),
        "cover_80": ((both["actual"] >= both["low_80"]) & (both["actual"] <= both["high_80"])).mean(),
    }]  # fmt: skip
    if options.peers:
        for method, forecast, used, memory in run_peers(past, future, 28, "D", "mlforecast"):
            told = forecast.merge(actual, on=["item_id", "date"])
            wape = np.abs(told["units"] - told["actual"]).sum() / told["actual"].sum()
            rows.append({"method": method, "cpu_s": used, "peak_gb": memory, "wape": wape})
    return pd.DataFrame(rows)
