"""Accuracy of the regression on real shops stays where ``bench/demand.py`` measured it (origins A, which chose the method).

Rossmann: 83 stores, origin 2015-05-08, 28 days (``--protocol rossmann --models light --each``: MASE .237).
Orange juice: 913 store-brands, origin 1992-08-13, 4 weeks (``--protocol oj --models light --each``: MASE .315).
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn

BENCH = Path(__file__).parents[2] / "bench"
ROOM = 0.02  # for other versions of numpy and pandas


@pytest.fixture(scope="module")
def bench(real_data):
    sys.path.insert(0, str(BENCH))
    try:
        import demand_data
        import demand_score
    finally:
        sys.path.remove(str(BENCH))
    return demand_data, demand_score


def scored(bench, frame, origin, known, *, horizon, frequency):
    step = pd.Timedelta(days=1 if frequency == "D" else 7)
    past = frame[frame["date"] <= origin]
    ahead = frame[(frame["date"] > origin) & (frame["date"] <= pd.Timestamp(origin) + horizon * step)]
    whole = ahead.groupby("item_id")["date"].transform("count") == horizon
    ahead = ahead[whole & ahead["item_id"].isin(past["item_id"])]
    past = past[past["item_id"].isin(ahead["item_id"])]
    result = tn.forecast_demand(
        past, horizon_days=horizon, frequency=frequency, future=ahead[["item_id", "date", *known]], model="light"
    )
    truth = ahead[["item_id", "date", "paid_units"]].rename(columns={"paid_units": "actual"})
    return bench[1].score(result.forecast.merge(truth, on=["item_id", "date"]), past, frequency)


def test_stores_with_promotions_known_ahead(bench):
    known = ["open", "promo", "school", "holiday"]
    got = scored(bench, bench[0].rossmann(), "2015-05-08", known, horizon=28, frequency="D")
    assert got["mase"] < 0.237 + ROOM and 0.7 < got["cover_80"] < 0.95 and abs(got["bias"]) < 0.06


def test_weekly_brands_with_prices_known_ahead(bench):
    frame = bench[0].orange_juice()
    known = [c for c in frame.columns if c not in ("item_id", "date", "paid_units", "category")]
    got = scored(bench, frame, "1992-08-13", known, horizon=4, frequency="W")
    assert got["mase"] < 0.315 + ROOM and got["sum_error"] < 0.33 and np.isfinite(got["spl"])
