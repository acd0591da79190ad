"""Days and sums of a rare event (Double 11) are as unsure as its lift was from year to year."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.analyses.demand.lift_spread import SHARED, spread_of_sums, widened

CHANGE = 0.4  # standard deviation of an item's log lift from year to year


def shop(seed, items=80):
    """Past, future and what was sold of a third Double 11 (10 and 11 November), whose lift changes by item and year."""
    rng = np.random.default_rng([3, seed])
    days = pd.date_range("2023-01-01", "2025-11-16")
    on = (days.month == 11) & np.isin(days.day, (10, 11))
    base = np.exp(rng.normal(0.8, 0.7, items))
    lift = rng.normal(1.4, 0.3, items)[:, None] + rng.normal(0, CHANGE, (items, 3))
    mean = base[:, None] * np.where(on, np.exp(lift[:, days.year - 2023]), 1.0)
    frame = pd.DataFrame({
        "item_id": np.repeat([f"i{k:02d}" for k in range(items)], len(days)), "date": np.tile(days, items),
        "paid_units": rng.poisson(mean).ravel().astype(float), "double_11": np.tile(on.astype(int), items),
        "category": np.repeat(np.arange(items) % 2, len(days)).astype(str),
    })  # fmt: skip
    past, ahead = (frame[frame["date"] <= "2025-11-02"], frame[frame["date"] > "2025-11-02"])
    return past, ahead.drop(columns="paid_units"), ahead.rename(columns={"paid_units": "actual"})


@pytest.fixture(scope="module")
def seen():
    """Forecast and sales of six shops: days, sums of items, shop's days."""
    days, sums, groups = [], [], []
    for seed in range(6):
        past, future, sold = shop(seed)
        result = tn.forecast_demand(past, horizon_days=14, future=future, model="light")
        days.append(result.forecast.merge(sold, on=["item_id", "date"]))
        sums.append(result.table.merge(sold.groupby("item_id")["actual"].sum().reset_index(), on="item_id"))
        total = sold.groupby("date").agg(actual=("actual", "sum"), double_11=("double_11", "max")).reset_index()
        groups.append(result.groups[result.groups["level"] == "shop"].merge(total, on="date"))
    return tuple(pd.concat(f, ignore_index=True) for f in (days, sums, groups))


def inside(frame, low, high):
    return frame["actual"].between(frame[low], frame[high]).mean()


def test_intervals_of_event_days_hold_what_they_promise(seen):
    event = seen[0][seen[0]["double_11"] == 1]
    assert len(event) == 6 * 80 * 2
    assert 0.72 < inside(event, "low_80", "high_80") < 0.9
    assert 0.9 < inside(event, "low_95", "high_95") < 0.99
    assert (event["actual"] <= event["median"]).mean() == pytest.approx(0.5, abs=0.1)


def test_the_mean_of_event_days_is_a_mean_and_lies_above_the_median(seen):
    event = seen[0][seen[0]["double_11"] == 1]
    assert event["units"].sum() == pytest.approx(event["actual"].sum(), rel=0.08)
    assert (event["units"] > event["median"]).mean() > 0.95
    assert event["lift_spread"].mean() == pytest.approx(CHANGE, abs=0.1)
    assert (seen[0].loc[seen[0]["double_11"] == 0, "lift_spread"] == 0).all()


def test_sums_over_an_event_hold_what_they_promise(seen):
    assert 0.7 < inside(seen[1], "low", "high") < 0.9
    assert inside(seen[2][seen[2]["double_11"] == 1], "low_80", "high_80") >= 0.6


def test_spread_of_sums_equals_an_obvious_loop():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({
        "item_id": list("aabbcc"), "group": list("xxxxyy"), "units": rng.uniform(1, 9, 6),
        "lift_spread": [0.5, 0.0, 0.4, 0.4, 0.05, 0.3],
    })  # fmt: skip
    told = spread_of_sums(frame, ["group"])
    for group, part in frame.groupby("group"):
        own = shared = 0.0
        for _, item in part.groupby("item_id"):
            one = 0.0
            for units, spread in zip(item["units"], item["lift_spread"], strict=True):
                one += units * np.sqrt(spread**2 - min(spread, SHARED) ** 2)
                shared += units * min(spread, SHARED)
            own += one**2
        assert told[group] == pytest.approx(np.sqrt(own + shared**2) / part["units"].sum())


def test_bounds_without_an_event_stay_as_they_are():
    frame = pd.DataFrame({"units": [10.0, 0.0], "low": [4.0, 0.0], "high": [np.nan, 3.0]})
    pd.testing.assert_frame_equal(widened(frame, np.zeros(2), bounds={0.8: ("low", "high")}), frame)
