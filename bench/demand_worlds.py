"""Shops with known demand for the event, stock-out and scale protocols."""

import numpy as np
import pandas as pd

STOCK_OUTS = {  # mean units a day, share of days short of stock, stock kept relative to the mean, weekly pattern, promotions
    "busy, some": (12.0, 0.10, 0.7, 0.3, False),
    "busy, often": (12.0, 0.25, 0.7, 0.3, False),
    "slow, some": (3.0, 0.10, 0.7, 0.3, False),
    "slow, often": (3.0, 0.25, 0.7, 0.3, False),
    "promotions sell out": (8.0, 0.15, 0.9, 0.3, True),
    "nearly empty": (8.0, 0.20, 0.3, 0.3, False),
}


def event_world(seed, items=150):
    """Three years with a Double 11 in each; the last is the one to forecast.

    Units are Poisson with mean base x weekday x yearly wave x lift. The lift of item i in year y on day d of the event (two
    days) is exp(category + item + common shock of the year + item's change of the year) x day shape.

    Returns past, future (event column known), actual of the horizon with ``mean_units`` (what a forecaster who knew every
    parameter but the year's own changes would say), event dates.
    """
    rng = np.random.default_rng([11, seed])
    days = pd.date_range("2022-11-20", "2025-11-23")
    end = pd.Timestamp("2025-10-31")
    category = rng.integers(0, 8, items)
    base = np.exp(rng.normal(0.3, 0.8, items))
    lift = rng.normal(1.5, 0.35, 8)[category] + rng.normal(0, 0.2, items)
    weekday = np.exp(rng.normal(0, 0.15, (8, 7)))[category][:, days.dayofweek]
    wave = 1 + 0.25 * rng.uniform(-1, 1, 8)[category][:, None] * np.sin(2 * np.pi * days.dayofyear.to_numpy() / 365.25)
    drift = np.exp(np.cumsum(rng.normal(0, 0.01, (items, len(days))), axis=1))
    on = (days.month == 11) & ((days.day == 10) | (days.day == 11))
    years = days.year.to_numpy() - 2022
    change = rng.normal(0, 0.05, 4)[None, :] + rng.normal(0, 0.42, (items, 4))
    shape = np.where(days.day == 11, 1.25, 0.75)
    mean = base[:, None] * weekday * wave * drift
    expected = np.where(on, mean * np.exp(lift[:, None] + (0.05**2 + 0.42**2) / 2) * shape, mean)
    mean = np.where(on, mean * np.exp(lift[:, None] + change[:, years]) * shape, mean)
    units = rng.poisson(mean * rng.gamma(8, 1 / 8, mean.shape))
    frame = pd.DataFrame({
        "item_id": np.repeat([f"i{k:03d}" for k in range(items)], len(days)), "date": np.tile(days, items),
        "paid_units": units.ravel().astype(float), "category": np.repeat([f"c{c}" for c in category], len(days)),
        "double_11": np.tile(on.astype(int), items),
    })  # fmt: skip
    # two past occurrences: the series begins after the first of the three Novembers' sale in 2022
    past, ahead = frame[frame["date"] <= end], frame[frame["date"] > end]
    actual = ahead.rename(columns={"paid_units": "actual"}).assign(mean_units=expected.ravel()[ahead.index])
    return past, ahead.drop(columns="paid_units"), actual, days[on]


def stock_out_world(setting, seed, items=60, length=400, horizon=28):
    """Demand, of which only what was in stock was sold; ``sold_out`` marks the days that ran out.

    Returns past (with sold_out), future, actual demand of the horizon.
    """
    mean, share, kept, weekly, promoted = STOCK_OUTS[setting]
    rng = np.random.default_rng([12, list(STOCK_OUTS).index(setting), seed])
    days = pd.date_range("2024-01-01", periods=length + horizon)
    base = mean * np.exp(rng.normal(0, 0.4, items))
    pattern = np.exp(rng.normal(0, weekly, 7))[days.dayofweek]
    rate = base[:, None] * pattern[None, :] / pattern.mean()
    promotion = rng.random((items, len(days))) < (0.15 if promoted else 0.0)
    rate = rate * np.where(promotion, 2.2, 1.0)
    demand = rng.poisson(rate)
    chance = share * np.where(promotion, 3.0, 1.0) / (1.3 if promoted else 1.0)
    short = rng.random(demand.shape) < np.minimum(chance, 0.9)
    stock = np.where(short, np.maximum(np.round(base[:, None] * kept * rng.uniform(0.5, 1.5, demand.shape)), 1), 10**6)
    sold = np.minimum(demand, stock)
    frame = pd.DataFrame({
        "item_id": np.repeat([f"i{k:02d}" for k in range(items)], len(days)), "date": np.tile(days, items),
        "paid_units": sold.ravel().astype(float), "sold_out": (demand >= stock).ravel(), "actual": demand.ravel(),
    })  # fmt: skip
    known = ["promotion"] if promoted else []
    if promoted:
        frame["promotion"] = promotion.ravel().astype(int)
    cut = days[length - 1]
    past, ahead = frame[frame["date"] <= cut], frame[frame["date"] > cut]
    future = ahead[["item_id", "date", *known]] if known else None
    return past.drop(columns="actual"), future, ahead[["item_id", "date", "actual"]]


def big_world(items=2000, length=730, seed=0):
    """Many items with a weekly pattern and a promotion known ahead."""
    rng = np.random.default_rng([13, seed])
    days = pd.date_range("2023-01-01", periods=length + 28)
    base = np.exp(rng.normal(0.7, 1.0, items))
    promotion = np.repeat(rng.random((items, len(days) // 7 + 1)) < 0.12, 7, axis=1)[:, : len(days)]
    rate = (
        base[:, None]
        * np.exp(0.25 * np.sin(2 * np.pi * days.dayofweek.to_numpy() / 7))[None, :]
        * np.where(promotion, 1.8, 1.0)
    )
    frame = pd.DataFrame({
        "item_id": np.repeat([f"i{k:05d}" for k in range(items)], len(days)), "date": np.tile(days, items),
        "paid_units": rng.poisson(rate).ravel().astype("float32"), "promotion": promotion.ravel().astype("int8"),
    })  # fmt: skip
    past, ahead = frame[frame["date"] <= days[length - 1]], frame[frame["date"] > days[length - 1]]
    return past, ahead[["item_id", "date", "promotion"]], ahead.rename(columns={"paid_units": "actual"})
