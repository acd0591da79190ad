"""Bad and awkward input to the forecast: each a clear error or a stated treatment."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn

DAYS = pd.date_range("2024-01-01", periods=180)
AHEAD = pd.date_range("2024-06-29", periods=14)


def shop_of(items=6, seed=0):
    rng = np.random.default_rng(seed)
    parts = []
    for k in range(items):
        promotion = (np.arange(len(DAYS)) // 7 % 4 == 0).astype(int)
        rate = (4 + 2 * k) * np.where(np.arange(len(DAYS)) % 7 < 5, 1.0, 1.6) * np.where(promotion == 1, 1.7, 1.0)
        parts.append(pd.DataFrame({"item_id": f"i{k}", "date": DAYS, "paid_units": rng.poisson(rate), "promotion": promotion}))
    return pd.concat(parts, ignore_index=True)


def sheet(items=6):
    return pd.DataFrame({
        "item_id": np.repeat([f"i{k}" for k in range(items)], len(AHEAD)), "date": np.tile(AHEAD, items), "promotion": 0,
    })  # fmt: skip


def forecast(rows, future=None, **options):
    return tn.forecast_demand(rows, horizon_days=14, future=future, model="light", **options)


def test_an_item_day_listed_twice_is_refused_with_item_and_day():
    rows = shop_of()
    with pytest.raises(tn.TmallError, match=r"i0.*2024-01-05.*twice"):
        forecast(pd.concat([rows, rows.iloc[[4]]]))


def test_the_order_of_rows_does_not_matter():
    rows = shop_of()
    plain, shuffled = forecast(rows, sheet()), forecast(rows.sample(frac=1, random_state=1), sheet().iloc[::-1])
    pd.testing.assert_frame_equal(plain.forecast, shuffled.forecast)


def test_days_without_a_row_are_not_seen_rather_than_zero():
    rows = shop_of()
    gap = rows["date"].between("2024-04-01", "2024-04-20")
    full, holed, zeroed = (
        forecast(rows),
        forecast(rows[~gap]),
        forecast(rows.assign(paid_units=rows["paid_units"].where(~gap, 0))),
    )
    total = full.forecast["units"].sum()
    assert holed.forecast["units"].sum() == pytest.approx(total, rel=0.08)
    assert holed.method.rows_used == len(rows) - gap.sum()
    assert zeroed.forecast["units"].sum() < holed.forecast["units"].sum()


def test_rows_without_units_are_counted():
    rows = shop_of().astype({"paid_units": "float64"})
    rows.loc[[3, 9], "paid_units"] = np.nan
    aside = {a.reason: a.rows for a in forecast(rows).method.set_aside}
    assert aside["units_missing"] == 2


def test_negative_units_are_refused_with_the_row():
    rows = shop_of()
    rows.loc[7, "paid_units"] = -2
    with pytest.raises(tn.TmallError, match="-2") as refused:
        forecast(rows)
    assert refused.value.row == 8


@pytest.mark.parametrize("units", [0, 1, 250])
def test_a_constant_series_gives_finite_ordered_bounds(units):
    rows = pd.DataFrame({"item_id": "a", "date": DAYS, "paid_units": units})
    told = forecast(rows).forecast
    bounds = told[["low_95", "low_80", "units", "high_80", "high_95"]].to_numpy()
    assert np.isfinite(bounds).all() and (np.diff(bounds, axis=1) >= 0).all() and (bounds >= 0).all()
    assert told["units"].mean() == pytest.approx(units, rel=0.05, abs=0.1)


def test_two_weeks_of_history_give_a_forecast_and_thirteen_days_an_error():
    rows = shop_of()
    short = rows[rows["date"] > DAYS[-1] - pd.Timedelta(days=14)]
    told = forecast(short)
    assert len(told.forecast) == 6 * 14 and (told.forecast["units"] > 0).all()
    assert set(told.table["verdict"]) <= {"new", "not_enough_data"}
    with pytest.raises(tn.NotEnoughData, match="13 days"):
        forecast(rows[rows["date"] > DAYS[-1] - pd.Timedelta(days=13)])


def test_a_future_sheet_without_a_day_is_refused_with_item_and_day():
    future = sheet()
    with pytest.raises(tn.TmallError, match=r"i2 has no row for 2024-07-03"):
        forecast(shop_of(), future[~((future["item_id"] == "i2") & (future["date"] == "2024-07-03"))])


def test_a_future_sheet_without_an_item_is_refused():
    future = sheet()
    with pytest.raises(tn.TmallError, match=r"i4 has no row for 2024-06-29"):
        forecast(shop_of(), future[future["item_id"] != "i4"])


def test_an_empty_cell_of_the_future_sheet_is_refused():
    future = sheet().astype({"promotion": "float64"})
    future.loc[10, "promotion"] = np.nan
    with pytest.raises(tn.TmallError, match=r"promotion.*empty"):
        forecast(shop_of(), future)


def test_a_promotion_ahead_raises_the_forecast():
    rows = shop_of()
    quiet, busy = forecast(rows, sheet()), forecast(rows, sheet().assign(promotion=1))
    assert busy.forecast["units"].sum() > 1.4 * quiet.forecast["units"].sum()


@pytest.mark.parametrize("horizon", [0, 181, 7.5, True])
def test_an_impossible_horizon_is_refused(horizon):
    with pytest.raises(tn.TmallError, match="horizon_days"):
        tn.forecast_demand(shop_of(), horizon_days=horizon)


def test_weeks_are_forecast_by_the_same_call():
    rows = shop_of()
    weekly = rows.assign(date=rows["date"] - pd.to_timedelta(rows["date"].dt.day_of_week, unit="D"))
    weekly = weekly.groupby(["item_id", "date"], as_index=False)["paid_units"].sum()
    weekly = weekly[weekly["date"] < weekly["date"].max()]
    told = tn.forecast_demand(weekly, horizon_days=6, frequency="W", model="light").forecast
    assert len(told) == 6 * 6 and (told.groupby("item_id")["date"].diff().dropna() == pd.Timedelta(days=7)).all()
    recent = weekly[weekly["date"] > weekly["date"].max() - pd.Timedelta(weeks=8)]["paid_units"].mean()
    assert told["units"].mean() == pytest.approx(recent, rel=0.15)
