"""Peers of ``bench/demand.py`` on one past and future, in their own environment; prints one JSON line a method.

Each is at its reasonable best: it gets the columns known ahead, its forecasts are cut at 0 and are 0 where ``open`` is 0.

* mlforecast + LightGBM: all series in one model; lags and rolling means, weekday (or week of the year), known columns, item and
  category; plain target, and log target where zeros are rare; 80 and 95 % bounds by its conformal intervals.
* statsforecast: AutoETS, DynamicOptimizedTheta, AutoARIMA with the item's own price and promotions, season 7 (weeks: none), on
  log(1 + units) of the first 20 items; closed days are filled from the week before instead of standing as zeros.
* prophet: one model an item on the same logs (its multiplicative mode on units did worse), the same columns as regressors;
  days: weekly and yearly seasons, closed days left out; weeks: no season and a stiff trend (changepoint_prior_scale .005),
  better than its defaults on origins A. Bounds are quantiles of its predictive draws.

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

FEW = 20  # items for the methods that fit one model an item and take seconds over each
NOT_KNOWN = {"item_id", "date", "paid_units", "category", "sold_out", "in_stock"}


def known_columns(past, future):
    return [] if future is None else [c for c in future.columns if c in past.columns and c not in NOT_KNOWN]


def long(frame, known):
    """The libraries' column names, sorted."""
    out = frame.rename(columns={"item_id": "unique_id", "date": "ds", "paid_units": "y"})
    columns = [c for c in ("unique_id", "ds", "y", *known) if c in out]
    return out[columns].sort_values(["unique_id", "ds"], ignore_index=True)


def filled(past, known, frequency, *, fill=True):
    """Every period of every item from its first on: the libraries refuse gaps. ``fill`` draws a line over missing units."""
    step = "D" if frequency == "D" else "7D"
    parts = []
    for item, rows in past.groupby("unique_id"):
        every = rows.set_index("ds").reindex(pd.date_range(rows["ds"].min(), past["ds"].max(), freq=step))
        every["unique_id"], every[known] = item, every[known].ffill()
        every["y"] = every["y"].interpolate().ffill() if fill else every["y"]
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

    train, ahead = few_series(past, future, known, frequency)
    season, regressors = 7 if frequency == "D" else 1, own_columns(train, known)
    for tag, model, use in (
        ("AutoETS", AutoETS(season_length=season), []),
        ("DynamicOptimizedTheta", DynamicOptimizedTheta(season_length=season), []),
        ("AutoARIMA with regressors", AutoARIMA(season_length=season, approximation=True), regressors),
    ):
        began = time.process_time()
        engine = StatsForecast(models=[model], freq="D" if frequency == "D" else "7D", n_jobs=1)
        told = engine.forecast(
            df=train[["unique_id", "ds", "y", *use]], h=horizon, level=[80, 95],
            X_df=ahead[["unique_id", "ds", *use]] if use else None,
        )  # fmt: skip
        name = next(c for c in told.columns if c not in ("unique_id", "ds") and "-" not in c)
        columns = {name: "units"} | {
            f"{name}-{side}-{level}": f"{word}_{level}" for level in (80, 95) for side, word in (("lo", "low"), ("hi", "high"))
        }
        told = told.rename(columns=columns)
        told[list(columns.values())] = np.expm1(told[list(columns.values())].clip(upper=20))
        yield f"{tag}, {train['unique_id'].nunique()} items", told, time.process_time() - began


def few_series(past, future, known, frequency):
    """The first items without gaps, in log(1 + units), prices in logs; a closed day is filled from the week before."""
    rows = past[past["item_id"].isin(sorted(past["item_id"].unique())[:FEW])]
    if "open" in known:
        rows = rows.assign(paid_units=rows["paid_units"].where(rows["open"] == 1))
    train = filled(long(rows, known), known, frequency, fill=False)
    train["y"] = np.log1p(train["y"])
    by = train.groupby("unique_id")["y"]
    if frequency == "D":
        train["y"] = train["y"].fillna(by.shift(7))
    train["y"] = train.groupby("unique_id")["y"].transform(lambda y: y.interpolate(limit_direction="both"))
    ahead = None if future is None else long(future[future["item_id"].isin(rows["item_id"])], known)
    for frame in (train, ahead):
        for name in known:
            if "price" in name:
                frame[name] = np.log(frame[name])
    return train, ahead


def own_columns(train, known):
    """Known columns for a model of one item: its own price and promotions, those that vary within every item.

    The eleven prices of all brands of a store would be more regressors than a hundred weeks can carry; an ``open`` flag does
    its work by its closed days' forecast of 0; a constant column makes ARIMA's regression singular.
    """
    wanted = [c for c in known if c != "open" and (c == "price_yuan" or not c.startswith("price"))]
    return [c for c in wanted if (train.groupby("unique_id")[c].nunique() > 1).all()]


def prophet(past, future, horizon, frequency, known):
    from prophet import Prophet

    logging.getLogger("cmdstanpy").setLevel(logging.ERROR)
    began, parts = time.process_time(), []
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    train, ahead = few_series(past, future, known, frequency)
    for item, rows in train.groupby("unique_id"):
        use = own_columns(rows, known)
        daily = frequency == "D"
        model = Prophet(
            weekly_seasonality=daily, yearly_seasonality=daily and len(rows) > 540, daily_seasonality=False,
            changepoint_prior_scale=0.05 if daily else 0.005, uncertainty_samples=1000,
        )  # fmt: skip
        for name in use:
            model.add_regressor(name)
        seen = rows
        if "open" in rows:
            seen = rows[rows["open"] == 1]
        model.fit(seen[["ds", "y", *use]])
        dates = pd.date_range(train["ds"].max(), periods=horizon + 1, freq="D" if frequency == "D" else "7D")[1:]
        days = pd.DataFrame({"ds": dates}) if ahead is None else ahead[ahead["unique_id"] == item]
        draws = model.predictive_samples(days)["yhat"]
        told = {"unique_id": item, "ds": days["ds"].to_numpy(), "units": np.median(draws, axis=1)}
        for level, name in ((0.8, "80"), (0.95, "95")):
            told[f"low_{name}"], told[f"high_{name}"] = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=1)
        parts.append(pd.DataFrame(told))
    out = pd.concat(parts, ignore_index=True)
    bounds = [c for c in out if c not in ("unique_id", "ds")]
    out[bounds] = np.expm1(out[bounds].clip(upper=20))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = time.process_time() - began + after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
    yield f"prophet, {len(parts)} items", out, spent


def main():
    folder, name, horizon, frequency = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    past = pd.read_parquet(folder / "past.parquet")
    future = pd.read_parquet(folder / "future.parquet") if (folder / "future.parquet").exists() else None
    for frame in (past, future):  # prophet reads dates as nanoseconds whatever their unit is
        if frame is not None:
            frame["date"] = frame["date"].astype("datetime64[ns]")
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
        (line,) = [row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith("VmHWM")]
        peak = int(line.split()[1]) / 2**20  # ru_maxrss would count what the process that started this one held
        print(json.dumps({"method": method, "file": file, "cpu_s": seconds, "peak_gb": peak}), flush=True)


if __name__ == "__main__":
    main()
