"""The lunar new year moves by weeks from year to year; what it does to demand moves with it."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.analyses.demand.shop_rows import phase_columns, shop_rows
from tmall_nb.calendar import LUNAR_NEW_YEAR, spring_festival_days

MONTH = 29.530588  # mean days from new moon to new moon
NO_CAMPAIGNS = pd.DataFrame({"campaign": [], "start": pd.to_datetime([]), "end": pd.to_datetime([]), "warm_up_start": []})


def test_every_lunar_new_year_is_a_new_moon_in_winter():
    days = pd.to_datetime(list(LUNAR_NEW_YEAR))
    assert list(days.year) == list(range(2015, 2036))
    since = (days - pd.Timestamp("2025-01-29 20:36")).total_seconds() / 86_400  # new moon of January 2025, Beijing time
    off = (np.asarray(since) + 0.5 + MONTH / 2) % MONTH - MONTH / 2
    assert np.abs(off).max() < 1.2
    assert ((days.month == 1) & (days.day >= 21) | (days.month == 2) & (days.day <= 20)).all()


def test_days_around_the_lunar_new_year():
    days = pd.date_range("2025-01-01", "2026-02-28")
    found = days[spring_festival_days(days)]
    assert found[[0, 15, 16, -1]].strftime("%Y-%m-%d").tolist() == ["2025-01-22", "2025-02-06", "2026-02-10", "2026-02-25"]
    assert len(found) == 32
    columns = phase_columns(NO_CAMPAIGNS, days)
    assert list(columns.columns) == ["date", "spring_festival"]
    assert "spring_festival" not in phase_columns(NO_CAMPAIGNS, pd.date_range("2025-03-01", "2025-12-31"))


@pytest.mark.parametrize("mean", [3.0, 60.0])
def test_the_dip_comes_again_on_its_lunar_dates(mean):
    """Last year's dip began on 3 February, this year's on 22 January; parcels stop for ten of the sixteen days."""
    rng, days = np.random.default_rng(4), pd.date_range("2023-10-01", "2025-02-13")
    closed = np.zeros(len(days), dtype=bool)
    for first in ("2024-02-10", "2025-01-29"):
        closed |= (days >= pd.Timestamp(first) - pd.Timedelta(days=3)) & (days <= pd.Timestamp(first) + pd.Timedelta(days=6))
    rate = mean * np.exp(rng.normal(0, 0.4, 30))[:, None] * np.where(closed, 0.4, 1.0)
    frame = pd.DataFrame({
        "item_id": np.repeat([f"i{k}" for k in range(30)], len(days)), "date": np.tile(days, 30),
        "paid_units": rng.poisson(rate).ravel().astype(float),
    })  # fmt: skip
    frame = frame.merge(phase_columns(NO_CAMPAIGNS, days), on="date")
    past, ahead = frame[frame["date"] <= "2025-01-16"], frame[frame["date"] > "2025-01-16"]
    told = tn.forecast_demand(past, horizon_days=28, future=ahead.drop(columns="paid_units"), model="light").forecast
    by_day = told.groupby("date")["units"].sum() / rate[:, 0].sum()
    dip = (by_day.index >= "2025-01-26") & (by_day.index <= "2025-02-04")
    assert by_day[dip].mean() == pytest.approx(0.4, abs=0.06)
    assert by_day[~dip].mean() == pytest.approx(1.0, abs=0.1)


def test_a_first_festival_ahead_is_said_to_be_unknown():
    days = pd.date_range("2025-03-01", "2026-02-20")
    frame = pd.DataFrame({
        "item_id": np.repeat([f"i{k}" for k in range(6)], len(days)), "date": np.tile(days, 6),
        "paid_units": np.random.default_rng(5).poisson(4.0, 6 * len(days)).astype(float),
    }).merge(phase_columns(NO_CAMPAIGNS, days), on="date")  # fmt: skip
    past, ahead = frame[frame["date"] <= "2026-01-26"], frame[frame["date"] > "2026-01-26"].drop(columns="paid_units")
    found = {f.key: f for f in tn.forecast_demand(past, horizon_days=25, future=ahead, model="light").findings}
    assert found["demand_first_festival"].values["start"] == pd.Timestamp("2026-02-10")
    early = tn.forecast_demand(past, horizon_days=10, future=ahead[ahead["date"] <= "2026-02-05"], model="light")
    assert "demand_first_festival" not in {f.key for f in early.findings}


def test_a_shop_is_told_of_the_festival_only_where_the_horizon_meets_it(demo_shop):
    for horizon, told in ((28, False), (60, True)):
        past, ahead, _, _ = shop_rows(demo_shop, horizon=horizon, by="item")
        assert ("spring_festival" in past, "spring_festival" in ahead) == (told, told)
        if told:
            assert past.loc[past["spring_festival"] > 0, "date"].min() == pd.Timestamp("2025-01-22")
            assert ahead.loc[ahead["spring_festival"] > 0, "date"].min() == pd.Timestamp("2026-02-10")
