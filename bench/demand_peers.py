"""Peers of ``bench/demand.py`` on one past and future, in their own environment; prints one JSON line a method.

Each is at its reasonable best: it gets the columns known ahead, its forecasts are cut at 0 and are 0 where ``open`` is 0.

* mlforecast + LightGBM: all series in one model; lags and rolling means, weekday (or week of the year), known columns, item and
  category; plain target, and log target where zeros are rare; 80 and 95 % bounds by its conformal intervals.
* statsforecast: AutoETS, DynamicOptimizedTheta, AutoARIMA with the known columns (on the first items only: they are slow).
* prophet: one model an item, weekly and yearly seasons, known columns as regressors, multiplicative (on the first items only).

Run: bench/.peers/demand/bin/python bench/demand_peers.py FOLDER NAME HORIZON FREQUENCY
"""

import json
import logging
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

FEW, FEWER = 10, 4  # items for the methods that take seconds, and for AutoARIMA, which takes half a minute an item
NOT_KNOWN = {"item_id", "date", "paid_units", "category", "sold_out", "in_stock"}


def known_columns(past, future):
    return [] if future is None else [c for c in future.columns if c in past.columns and c not in NOT_KNOWN]


def long(frame, known):
    """The libraries' column names, sorted."""
    out = frame.rename(columns={"item_id": "unique_id", "date": "ds", "paid_units": "y"})
    columns = [c for c in ("unique_id", "ds", "y", *known) if c in out]
    return out[columns].sort_values(["unique_id", "ds"], ignore_index=True)


def filled(past, known, frequency):
    """Every period of every item from its first on: the libraries refuse gaps. Units of a gap are the item's median."""
    step = "D" if frequency == "D" else "7D"
    parts = []
    for item, rows in past.groupby("unique_id"):
        every = rows.set_index("ds").reindex(pd.date_range(rows["ds"].min(), past["ds"].max(), freq=step))
        every["unique_id"], every[known] = item, every[known].ffill()
        every["y"] = every["y"].interpolate().ffill()
        parts.append(every.rename_axis("ds").reset_index())
    return pd.concat(parts, ignore_index=True)[["unique_id", "ds", "y", *known]]


def mlforecast(past, future, horizon, frequency, known):
    import lightgbm as lgb
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean
    from mlforecast.target_transforms import GlobalSklearnTransformer
    from mlforecast.utils import PredictionIntervals
    from sklearn.preprocessing import FunctionTransformer

    group = past.groupby("item_id")["category"].last().astype("category").cat.codes if "category" in past else None
    train = filled(long(past, known), known, frequency)
    train["item"] = train["unique_id"].astype("category").cat.codes
    static = ["item"]
    if group is not None:
        train["group"] = train["unique_id"].map(group)
        static.append("group")
    daily = frequency == "D"
    lags = [1, 7, 14, 21, 28, 364] if daily else [1, 2, 3, 4, 52]
    windows = {1: [RollingMean(7), RollingMean(28)], 28: [RollingMean(28)]} if daily else {1: [RollingMean(4), RollingMean(16)]}
    lags = [k for k in lags if k < train.groupby("unique_id").size().median() * 0.6]
    dates = ["dayofweek", "day", "month", "dayofyear"] if daily else ["month", "week"]
    zeros = float((train["y"] <= 0).mean())
    targets = (
        {"": None} if zeros > 0.3 else {"": None, " log": [GlobalSklearnTransformer(FunctionTransformer(np.log1p, np.expm1))]}
    )
    for tag, transform in targets.items():
        began = time.process_time()
        options = {"n_estimators": 600, "learning_rate": 0.05, "num_leaves": 63, "min_child_samples": 50, "subsample": 0.8,
                   "subsample_freq": 1, "colsample_bytree": 0.7, "verbosity": -1, "random_state": 0, "n_jobs": 1}  # fmt: skip
        if zeros > 0.3:
            options |= {"objective": "tweedie"}
        model = MLForecast(
            models={"units": lgb.LGBMRegressor(**options)}, freq="D" if daily else "7D", lags=lags, lag_transforms=windows,
            date_features=dates, target_transforms=transform,
        )  # fmt: skip
        ahead = None if not known else long(future, known)
        windows_kept = 2
        model.fit(train, static_features=static, prediction_intervals=PredictionIntervals(n_windows=windows_kept, h=horizon))
        told = model.predict(horizon, X_df=ahead, level=[80, 95])
        told = told.rename(
            columns={
                f"units-{side}-{level}": f"{name}_{level}"
                for level in (80, 95)
                for side, name in (("lo", "low"), ("hi", "high"))
            }
        )
        if horizon == 14:  # the newsvendor protocol
            told["sum_q90"] = told["unique_id"].map(sum_quantile(model, train, told, static))
        yield "mlforecast" + tag, told, time.process_time() - began


def sum_quantile(model, train, told, static):
    """90 % quantile of the horizon's sum: its forecast times the 90 % quantile of actual ÷ forecast over six past windows."""
    horizon = told.groupby("unique_id").size().iloc[0]
    windows = model.cross_validation(train, n_windows=6, h=int(horizon), refit=False, static_features=static)
    sums = windows.groupby(["unique_id", "cutoff"])[["y", "units"]].sum()
    ratio = (sums["y"] / sums["units"].clip(lower=1e-9)).quantile(0.9)
    return told.groupby("unique_id")["units"].sum() * ratio


def statsforecast(past, future, horizon, frequency, known):
    from statsforecast import StatsForecast
    from statsforecast.models import AutoARIMA, AutoETS, DynamicOptimizedTheta

    train, season = filled(long(past, known), known, frequency), 7 if frequency == "D" else 1
    items = train["unique_id"].unique()[:FEW]
    few, fewer = train["unique_id"].isin(items), train["unique_id"].isin(items[:FEWER])
    for tag, model, rows, regressors in (
        (f"AutoETS, {FEW} items", AutoETS(season_length=season), train[few], False),
        (f"DynamicOptimizedTheta, {FEW} items", DynamicOptimizedTheta(season_length=season), train[few], False),
        (f"AutoARIMA with regressors, {FEWER} items", AutoARIMA(season_length=season, approximation=True), train[fewer], True),
    ):
        began = time.process_time()
        use = known if regressors else []
        data = rows[["unique_id", "ds", "y", *varying(rows, use)]]
        ahead = long(future, varying(rows, use)) if varying(rows, use) else None
        if ahead is not None:
            ahead = ahead[ahead["unique_id"].isin(data["unique_id"].unique())]
        engine = StatsForecast(models=[model], freq="D" if frequency == "D" else "7D", n_jobs=1)
        told = engine.forecast(df=data, h=horizon, X_df=ahead, level=[80, 95])
        name = type(model).__name__ if type(model).__name__ in told else [c for c in told.columns if "-" not in c][-1]
        columns = {name: "units"} | {
            f"{name}-{side}-{level}": f"{word}_{level}" for level in (80, 95) for side, word in (("lo", "low"), ("hi", "high"))
        }
        yield tag, told.rename(columns=columns), time.process_time() - began


def varying(rows, known):
    """Known columns that vary within every item (a constant one makes ARIMA's regression singular)."""
    return [c for c in known if (rows.groupby("unique_id")[c].nunique() > 1).all()]


def prophet(past, future, horizon, frequency, known):
    from prophet import Prophet

    logging.getLogger("cmdstanpy").setLevel(logging.ERROR)
    train, began, parts = long(past, known), time.process_time(), []
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    ahead = None if future is None else long(future, known)
    for item in train["unique_id"].unique()[:FEW]:
        rows = train[train["unique_id"] == item]
        if "open" in rows:
            rows = rows[rows["open"] == 1]
        if len(rows) < 20:
            continue
        model = Prophet(
            weekly_seasonality=frequency == "D",
            yearly_seasonality=True,
            daily_seasonality=False,
            seasonality_mode="multiplicative",
            interval_width=0.8,
        )
        for name in known:
            if name != "open":
                model.add_regressor(name)
        model.fit(rows.dropna(subset=["y"]))
        days = pd.DataFrame(
            {"ds": pd.date_range(train["ds"].max(), periods=horizon + 1, freq="D" if frequency == "D" else "7D")[1:]}
        )
        days = days if ahead is None else ahead[ahead["unique_id"] == item]
        told = model.predict(days)
        parts.append(
            pd.DataFrame(
                {
                    "unique_id": item,
                    "ds": told["ds"],
                    "units": told["yhat"],
                    "low_80": told["yhat_lower"],
                    "high_80": told["yhat_upper"],
                }
            )
        )
    spent = time.process_time() - began + resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - children
    yield f"prophet, {FEW} items", pd.concat(parts, ignore_index=True), spent


def main():
    folder, name, horizon, frequency = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    past = pd.read_parquet(folder / "past.parquet")
    future = pd.read_parquet(folder / "future.parquet") if (folder / "future.parquet").exists() else None
    known = known_columns(past, future)
    methods = {"mlforecast": mlforecast, "statsforecast": statsforecast, "prophet": prophet}
    for number, (method, told, seconds) in enumerate(methods[name](past, future, horizon, frequency, known)):
        told = told.rename(columns={"unique_id": "item_id", "ds": "date"}).reset_index(drop=True)
        bounds = [c for c in ("units", "low_80", "high_80", "low_95", "high_95", "sum_q90") if c in told]
        told[bounds] = told[bounds].clip(lower=0)
        if "open" in known:
            shut = told.merge(future[["item_id", "date", "open"]], on=["item_id", "date"], how="left")["open"] == 0
            told.loc[shut.to_numpy(), [c for c in bounds if c != "sum_q90"]] = 0.0
        file = f"{name}_{number}.parquet"
        told[["item_id", "date", *bounds]].to_parquet(folder / file)
        peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 2**20
        print(json.dumps({"method": method, "file": file, "cpu_s": seconds, "peak_gb": peak}), flush=True)


if __name__ == "__main__":
    main()
