"""Many items: by chunks inside one call, and by partition of items across Dask workers."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.analyses.demand import forecast as module
from tmall_nb.analyses.demand.shop_rows import phase_columns
from tmall_nb.stats.demand.panel import find_events


def many(items, days=70, seed=3):
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2024-01-01", periods=days)
    rate = rng.uniform(1, 30, items)[:, None] * np.where(np.arange(days) % 7 < 5, 1.0, 1.5)
    return pd.DataFrame({
        "item_id": np.repeat([f"i{k:05d}" for k in range(items)], days), "date": np.tile(dates, items),
        "paid_units": rng.poisson(rate).ravel().astype("float64"),
        "category": np.repeat([f"c{k % 4}" for k in range(items)], days),
    })  # fmt: skip


def test_chunks_give_every_item_once_and_about_the_same_units(monkeypatch):
    rows = many(60)
    whole = tn.forecast_demand(rows, horizon_days=7, model="light")
    monkeypatch.setattr(module, "CHUNK", 16)
    parts = tn.forecast_demand(rows, horizon_days=7, model="light")
    assert sorted(parts.table["item_id"]) == sorted(whole.table["item_id"])
    assert not parts.forecast.duplicated(["item_id", "date"]).any()
    by_item = [r.forecast.groupby("item_id")["units"].sum() for r in (whole, parts)]
    assert (by_item[1] / by_item[0] - 1).abs().max() < 0.2
    assert by_item[1].sum() == pytest.approx(by_item[0].sum(), rel=0.02)


def test_memory_does_not_grow_with_the_number_of_chunks(monkeypatch):
    """What a call holds beyond its rows and its results is one chunk's work."""
    monkeypatch.setattr(module, "CHUNK", 100)
    peaks = []
    for items in (200, 800):
        rows = many(items)
        tracemalloc.start()
        result = tn.forecast_demand(rows, horizon_days=7, model="light")
        held = sum(f.memory_usage(deep=True).sum() for f in (result.forecast, result.windows, result.history))
        peaks.append((tracemalloc.get_traced_memory()[1], held + 3 * rows.memory_usage(deep=True).sum()))
        tracemalloc.stop()
    (small, small_rows), (large, large_rows) = peaks
    assert large - small < 1.5 * (large_rows - small_rows)


def test_partitions_of_items_run_on_dask_workers():
    dask = pytest.importorskip("dask")
    rows = many(40)
    part = rows["item_id"].str[-2:].astype(int) % 4
    calls = [dask.delayed(tn.forecast_demand)(rows[part == k], horizon_days=7, model="light") for k in range(4)]
    results = dask.compute(*calls, scheduler="threads", num_workers=2)
    told = pd.concat([r.forecast for r in results])
    whole = tn.forecast_demand(rows, horizon_days=7, model="light").forecast
    assert len(told) == len(whole) and set(told["item_id"]) == set(whole["item_id"])
    assert told["units"].sum() == pytest.approx(whole["units"].sum(), rel=0.03)


def test_results_travel_between_processes():
    import pickle

    result = tn.forecast_demand(many(4), horizon_days=7, model="light")
    again = pickle.loads(pickle.dumps(result))
    pd.testing.assert_frame_equal(again.forecast, result.forecast)


def test_campaigns_peak_on_the_day_they_are_named_for_also_where_the_horizon_ends_before():
    calendar = pd.DataFrame(
        [("2025年38焕新周", "2025-03-01", "2025-03-08"), ("2025年618", "2025-05-16 20:00", "2025-06-20"),
         ("2025年双11", "2025-10-20 20:00", "2025-11-14"), ("2025年双12", "2025-12-09", "2025-12-12"),
         ("2025年货节", "2025-01-06", "2025-01-17"), ("没有日期的活动", None, None)],
        columns=["campaign", "start", "end"],
    ).assign(warm_up_start=pd.NaT)  # fmt: skip
    calendar[["start", "end"]] = calendar[["start", "end"]].apply(lambda c: c.map(pd.Timestamp))
    columns = phase_columns(calendar, pd.date_range("2025-01-01", "2025-12-11")).set_index("date")

    def days(name: str) -> list[str]:
        return list(columns.index[columns[name] > 0].strftime("%m-%d"))

    assert days("campaign_peak") == ["01-06", "01-07", "01-08", "03-08"]  # 12 December lies beyond, 9-11 are no peak
    assert days("campaign_burst") == ["05-16", "05-17", "05-18", "06-18", "10-20", "10-21", "10-22"]
    assert days("double_11") == ["11-10", "11-11"]
    assert columns.loc["2025-12-09":, "campaign_on"].tolist() == [1.0, 1.0, 1.0]


def test_items_younger_than_the_last_double_11_do_not_hide_it():
    days = pd.date_range("2022-10-01", "2024-11-20")
    on = ((days.month == 11) & (days.day >= 10) & (days.day <= 11)).astype(float)
    first = np.where(np.arange(20) < 2, 0, np.searchsorted(days, pd.Timestamp("2024-06-01")))
    there = np.arange(len(days))[None, :] >= first[:, None]
    known = np.where(there, on, 0.0)[..., None]
    assert find_events(known, [], there) == [0]
    assert find_events(known, [], np.ones_like(there)) == []  # on sale all along, and left out: a promotion of some items
