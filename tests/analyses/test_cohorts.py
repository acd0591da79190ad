"""Cohorts: unseen is missing, equal age, refunded orders in and out, bad input, masked buyers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tmall_nb as tn
from tmall_nb.errors import ExportError, NotEnoughData, ParameterError

END = "2024-12-31"


def make_orders(buyers=400, seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for b in range(buyers):
        day, rate = rng.uniform(0, 300), rng.gamma(0.8, 0.02)
        while day < 366:
            rows.append((f"b{b:04d}", pd.Timestamp("2024-01-01") + pd.Timedelta(days=day), round(rng.lognormal(4, 0.5), 2)))
            if rng.random() < 0.2:
                break
            day += rng.exponential(1 / max(rate, 1e-3))
    return pd.DataFrame(rows, columns=["buyer_key", "paid_at", "paid_amount"])


@pytest.fixture(scope="module")
def orders():
    return make_orders()


@pytest.fixture(scope="module")
def result(orders):
    return tn.track_cohorts(orders, observation_end=END)


def slow_cells(orders):
    """Active buyers and net yuan by cohort month and age, by plain loops."""
    month = orders["paid_at"].dt.to_period("M")
    first = month.groupby(orders["buyer_key"]).min()
    cells = {}
    for key, m, yuan in zip(orders["buyer_key"], month, orders["paid_amount"], strict=True):
        buyers, total = cells.setdefault((first[key], (m - first[key]).n), (set(), []))
        buyers.add(key)
        total.append(yuan)
    return {k: (len(b), sum(t)) for k, (b, t) in cells.items()}


def test_cells_equal_a_slow_loop(orders, result):
    expected = slow_cells(orders)
    seen = result.cells[result.cells["seen"]]
    assert len(seen) >= len(expected)
    for row in seen.itertuples():
        active, yuan = expected.get((row.cohort.to_period("M"), row.age), (0, 0.0))
        assert row.active == active and row.revenue == pytest.approx(yuan, abs=1e-9)
        assert row.low <= row.retention <= row.high and row.retention == active / row.cohort_size


def test_cell_seen_empty_is_zero_and_unseen_is_missing():
    orders = pd.DataFrame({
        "buyer_key": ["a", "b", "b"], "paid_at": pd.to_datetime(["2024-01-05", "2024-01-20", "2024-03-02"]),
        "paid_amount": [10.0, 20.0, 30.0],
    })  # fmt: skip
    cells = tn.track_cohorts(orders, observation_end="2024-03-15").cells.set_index("age")
    assert cells["active"].loc[[0, 1]].tolist() == [2.0, 0.0]
    assert not cells.loc[2, "seen"] and cells.loc[2, ["active", "retention", "low", "high", "revenue"]].isna().all()


def test_thirty_day_ages_wait_for_the_youngest_member():
    orders = pd.DataFrame({
        "buyer_key": ["a", "b", "a"], "paid_at": pd.to_datetime(["2024-01-01", "2024-01-31", "2024-02-05"]),
        "paid_amount": 10.0,
    })  # fmt: skip
    before = tn.track_cohorts(orders, observation_end="2024-03-29", period="30_days").cells.set_index("age")
    after = tn.track_cohorts(orders, observation_end="2024-03-30", period="30_days").cells.set_index("age")
    assert before["seen"].loc[[0, 1]].tolist() == [True, False] and after["seen"].loc[1]
    assert after["active"].loc[1] == 1.0


def test_orders_after_the_end_are_set_aside_and_counted(orders):
    early = tn.track_cohorts(orders, observation_end="2024-06-30")
    counted = {s.reason: s.rows for s in early.method.set_aside}
    assert counted["after_end"] == (orders["paid_at"] >= "2024-07-01").sum()
    again = tn.track_cohorts(orders[orders["paid_at"] < "2024-07-01"], observation_end="2024-06-30")
    pd.testing.assert_frame_equal(early.cells, again.cells)


def test_last_day_counts_whole():
    orders = pd.DataFrame({"buyer_key": ["a"], "paid_at": pd.to_datetime(["2024-01-31 23:50"]), "paid_amount": [5.0]})
    assert tn.track_cohorts(orders, observation_end="2024-01-31").cells["active"].tolist() == [1.0]


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([0.5, 3.0]))
def test_shuffling_renaming_and_scaling(seed, factor):
    orders = make_orders(80, seed % 5)
    shuffled = orders.sample(frac=1, random_state=seed).assign(
        buyer_key=lambda d: "x" + d["buyer_key"].str[::-1], paid_amount=lambda d: (d["paid_amount"] * 100).round() * factor
    )
    one, other = tn.track_cohorts(orders, observation_end=END), tn.track_cohorts(shuffled, observation_end=END)
    columns = ["cohort", "age", "cohort_size", "active", "retention", "low", "high", "seen"]
    pd.testing.assert_frame_equal(one.cells[columns], other.cells[columns])
    pd.testing.assert_frame_equal(one.curve, other.curve)
    assert np.allclose(one.cells["revenue"] * 100 * factor, other.cells["revenue"], atol=0.011, equal_nan=True)


def test_repurchase_curve_is_not_pulled_down_by_young_buyers():
    """Half of the buyers come back after exactly 60 days; the newest month has not had its time."""
    first = pd.date_range("2024-01-01", "2024-12-20", freq="6h")
    back = first[::2] + pd.Timedelta(days=60)
    orders = pd.DataFrame({
        "buyer_key": [*range(len(first)), *range(0, len(first), 2)], "paid_at": [*first, *back], "paid_amount": 10.0,
    })  # fmt: skip
    result = tn.track_cohorts(orders, observation_end=END)
    naive = (orders[orders["paid_at"] <= END].groupby("buyer_key").size() > 1).mean()
    share = result.rates.query("definition == 'second_order' and window_days == 90")["repurchase_rate"].iloc[0]
    assert share == pytest.approx(0.5, abs=0.01) and naive < 0.45
    assert result.curve["low"].le(result.curve["repurchased"]).all()


def test_refunded_orders_in_and_out():
    orders = pd.DataFrame({
        "buyer_key": ["a", "a", "b", "b"], "paid_at": pd.to_datetime(["2024-01-05", "2024-02-05", "2024-01-06", "2024-02-07"]),
        "paid_amount": [100.0] * 4, "refund_amount": [0.0, 100.0, 0.0, 30.0],
    })  # fmt: skip
    inside = tn.track_cohorts(orders, observation_end="2024-02-29", refunded="in")
    outside = tn.track_cohorts(orders, observation_end="2024-02-29", refunded="out")
    assert inside.cells.query("age == 1")["active"].tolist() == [2.0] and outside.cells.query("age == 1")[
        "active"
    ].tolist() == [1.0]
    assert inside.cells["revenue"].sum() == outside.cells["revenue"].sum() == 270.0
    for r in (inside, outside):
        assert r.method.parameters["retention_month_1_refunded_in"] == 1.0
        assert r.method.parameters["retention_month_1_refunded_out"] == 0.5


def test_refund_larger_than_payment_is_taken_as_the_payment():
    orders = pd.DataFrame({
        "buyer_key": ["a", "b"], "paid_at": pd.to_datetime(["2024-01-05", "2024-01-06"]), "paid_amount": [100.0, 50.0],
        "refund_amount": [250.0, 0.0],
    })  # fmt: skip
    result = tn.track_cohorts(orders, observation_end="2024-01-31")
    assert result.cells["revenue"].tolist() == [50.0]
    assert {s.reason: s.rows for s in result.method.set_aside} == {"refund_over_paid": 1}


def test_campaign_buyers_are_compared_at_equal_age():
    """Campaign buyers come back half as often; they are also younger, which must not matter."""
    rng = np.random.default_rng(3)
    day = np.concatenate([rng.uniform(0, 250, 3000), rng.uniform(250, 255, 3000)])
    chance = np.where(day >= 250, 0.2, 0.4)
    back = day + rng.uniform(1, 80, 6000)
    kept = (rng.random(6000) < chance) & (back < 366)
    origin = pd.Timestamp("2024-01-01")
    orders = pd.DataFrame({
        "buyer_key": [*range(6000), *np.flatnonzero(kept)], "paid_at": origin + pd.to_timedelta([*day, *back[kept]], unit="D"),
        "paid_amount": 10.0,
    })  # fmt: skip
    campaigns = pd.DataFrame({"start": [origin + pd.Timedelta(days=250)], "end": [origin + pd.Timedelta(days=255)]})
    rows = tn.track_cohorts(orders, observation_end=END, campaigns=campaigns).segments.set_index("segment")
    assert rows.loc["campaign", "verdict"] == "lower" and rows.loc["ordinary", "verdict"] == "higher"
    assert rows.loc["campaign", "low"] <= 0.2 <= rows.loc["campaign", "high"]
    assert rows.loc["ordinary", "low"] <= 0.4 <= rows.loc["ordinary", "high"]


def test_no_segment_differs_where_nothing_differs():
    false = 0
    for seed in range(6):
        orders = make_orders(500, seed)
        orders["province"] = np.random.default_rng(seed).choice(list("abcdef"), len(orders))
        rows = tn.track_cohorts(orders, observation_end=END).segments
        false += int(rows["verdict"].isin(["higher", "lower"]).sum())
    assert false <= 3  # of 36


def test_projection_states_its_error_and_follows_a_known_curve():
    from tmall_nb.analyses.cohorts.projection import project_retention

    age = np.arange(0, 13)
    share = np.where(age == 0, 1.0, 0.3 * (1 + 0.4 * np.maximum(age - 1, 0)) ** -0.5)
    pooled = pd.DataFrame({"age": age, "members": 20_000, "active": (share * 20_000).round(), "retention": share})
    pooled = pooled.assign(low=share - 0.01, high=share + 0.01)
    rows, error = project_retention(pooled)
    ahead = rows[rows["kind"] == "ahead"]
    truth = 0.3 * (1 + 0.4 * (ahead["age"] - 1)) ** -0.5
    assert error < 0.03 and np.allclose(ahead["retention"], truth, rtol=0.05)
    assert ((ahead["low"] <= truth) & (truth <= ahead["high"])).all()
    short, nothing = project_retention(pooled.head(4))
    assert np.isnan(nothing) and set(short["kind"]) == {"seen"}


def test_one_buyer_and_one_time_buyers():
    one = pd.DataFrame({"buyer_key": ["a"], "paid_at": pd.to_datetime(["2024-03-05"]), "paid_amount": [9.0]})
    assert tn.track_cohorts(one, observation_end=END).findings[0].key == "second_order_few"
    many = pd.DataFrame({"buyer_key": range(5000), "paid_at": pd.Timestamp("2024-03-05"), "paid_amount": 9.0})
    result = tn.track_cohorts(many, observation_end=END)
    assert result.cells.query("age == 1")["active"].tolist() == [0.0]
    assert result.curve["repurchased"].max() == 0


def test_bad_input_is_refused_with_what_was_found(orders):
    with pytest.raises(ParameterError, match="observation_end"):
        tn.track_cohorts(orders)
    with pytest.raises(ParameterError, match="period"):
        tn.track_cohorts(orders, observation_end=END, period="quarter")
    with pytest.raises(ExportError, match="several shops"):
        tn.track_cohorts(orders.assign(shop_id=["a", *["b"] * (len(orders) - 1)]), observation_end=END)
    with pytest.raises(ExportError, match="row 4, column paid_at"):
        tn.track_cohorts(
            orders.assign(paid_at=orders["paid_at"].astype(str).where(orders.index != 3, "?")), observation_end=END
        )
    with pytest.raises(ExportError, match="column buyer_key"):
        tn.track_cohorts(orders.drop(columns="buyer_key"), observation_end=END)
    with pytest.raises(NotEnoughData, match="after_end"):
        tn.track_cohorts(orders, observation_end="2020-01-01")


def test_rows_that_cannot_be_used_are_counted(orders):
    spoiled = orders.copy()
    spoiled.loc[0:4, "buyer_key"] = None
    spoiled.loc[10:12, "paid_at"] = pd.NaT
    spoiled.loc[20:21, "paid_amount"] = np.nan
    counted = {s.reason: s.rows for s in tn.track_cohorts(spoiled, observation_end=END).method.set_aside}
    assert counted == {"unpaid": 3, "no_buyer": 5, "no_amount": 2}


def test_masked_buyers_give_the_aggregate_mode():
    rng = np.random.default_rng(0)
    days = pd.DataFrame({
        "date": pd.date_range("2024-01-01", periods=121), "new_buyers": rng.poisson(60, 121),
        "returning_buyers": np.r_[rng.poisson(15, 91), rng.poisson(40, 30)],
    })  # fmt: skip
    result = tn.track_cohorts(days)
    assert [f.key for f in result.findings] == ["masked_up", "buyers_masked"]
    assert result.cells.empty and len(result.months) == 4
    assert (result.months["low"] <= result.months["returning_share"]).all()
    with pytest.raises(ExportError, match="buyer_key"):
        tn.track_cohorts(days.drop(columns="new_buyers"), observation_end=END)


def test_findings_and_method_speak_both_languages(result):
    for language in ("zh", "en"):
        assert len(str(tn.say(result.findings, language)).splitlines()) == len(result.findings)
        assert "observation_end" in str(tn.show(result.method, language))
