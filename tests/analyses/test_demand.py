"""Forecasts: counts that stay honest on constant, empty and short histories, and totals from past windows."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn

DAYS = pd.date_range("2024-01-01", periods=200)


def frame(units, days=DAYS, item="a"):
    return pd.DataFrame({"item_id": item, "date": days, "paid_units": units})


def test_a_constant_series_is_forecast_as_it_is():
    result = tn.forecast_demand(frame(3), horizon_days=28)
    assert result.forecast["units"].sum() == pytest.approx(84, rel=0.02)


def test_an_item_that_never_sells_is_not_resurrected():
    result = tn.forecast_demand(frame(0), horizon_days=28)
    assert result.forecast["units"].sum() < 1 and result.table["verdict"].tolist() == ["dying"]


@pytest.mark.parametrize("model", ["auto", "light"])
def test_a_weekly_pattern_is_found_and_bounds_are_ordered(model):
    rng = np.random.default_rng(5)
    rate = np.where(np.arange(200) % 7 < 5, 10.0, 30.0)
    forecast = tn.forecast_demand(frame(rng.poisson(rate)), horizon_days=14, model=model).forecast
    weekend = forecast["units"].to_numpy()[np.arange(200, 214) % 7 >= 5].mean()
    assert 20 < weekend < 40
    assert (forecast["low_95"] <= forecast["low_80"]).all() and (forecast["high_80"] <= forecast["high_95"]).all()


def test_the_shop_total_comes_from_totals_of_windows_not_from_days_added_up():
    rng = np.random.default_rng(6)
    rows = pd.concat([frame(rng.poisson(20, 300), pd.date_range("2024-01-01", periods=300), f"i{k}") for k in range(10)])
    result = tn.forecast_demand(rows, horizon_days=28, model="light")
    total = result.findings[0].values
    shop = result.groups[result.groups["level"] == "shop"]
    assert total["units_low"] < total["units"] < total["units_high"]
    assert total["units_high"] - total["units_low"] < shop["high_80"].sum() - shop["low_80"].sum()


def test_category_and_shop_are_sums_of_items():
    rng = np.random.default_rng(7)
    rows = pd.concat([frame(rng.poisson(5, 200), item=f"i{k}").assign(category="ab"[k % 2]) for k in range(6)])
    result = tn.forecast_demand(rows, horizon_days=14, model="light")
    items = result.forecast["units"].sum()
    for level in ("shop", "category"):
        assert result.groups.loc[result.groups["level"] == level, "units"].sum() == pytest.approx(items)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (pd.concat([frame(1), frame(1).head(1)]), "twice"),
        (frame(np.where(np.arange(200) == 3, -1, 2)), "-1"),
        (frame(1).drop(columns="paid_units"), "paid_units"),
    ],
)
def test_bad_rows_are_refused_with_what_was_found(rows, message):
    with pytest.raises(tn.TmallError, match=message):
        tn.forecast_demand(rows, horizon_days=14)


def test_no_lightgbm_is_needed_for_the_light_model(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "lightgbm", None)
    assert len(tn.forecast_demand(frame(2), horizon_days=7, model="light").forecast) == 7
