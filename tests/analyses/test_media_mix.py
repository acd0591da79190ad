"""Media mix, budget and pooling: recovery of known returns, invariances, refusals."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.errors import ExportError, NotEnoughData, ParameterError
from tmall_nb.stats.media_mix import least_error
from tmall_nb.stats.media_mix.estimate import MOST_PULL

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
from mix_worlds import CHANNELS, best_plan, draw, lift_tests, similar_shops

SAME = 2e-2  # of estimates after the optimiser ran on rescaled money
LEAST_COVER = 0.8  # of 90 % intervals over 50 returns: 45 expected, 40 is 2.4 standard errors below


@pytest.fixture(scope="module")
def world():
    return draw(301)


@pytest.fixture(scope="module")
def mix(world):
    return tn.fit_media_mix(world.weeks, spend=CHANNELS, controls=world.controls)


def test_intervals_cover_known_returns_and_beat_the_guess():
    inside, error, floor = [], [], []
    for seed in range(310, 320):
        world = draw(seed)
        table = tn.fit_media_mix(world.weeks, spend=CHANNELS, controls=world.controls).table
        true = world.roas.to_numpy()
        inside += list((table["low"] <= true) & (true <= table["high"]))
        error.append(np.mean(abs(table["roas"] / true - 1)))
        floor.append(np.mean(abs(1.22 / true - 1)))
    assert np.mean(inside) >= LEAST_COVER
    assert np.mean(error) < 0.8 * np.mean(floor)


def test_hidden_demand_is_found_and_only_where_it_is(world, mix):
    hidden = draw(301, hidden=True)
    found = tn.fit_media_mix(hidden.weeks, spend=CHANNELS, controls=hidden.controls)
    assert found.fit.demand.found and not mix.fit.demand.found
    assert "mix_hidden_demand" in {f.key for f in found.findings}
    assert found.sensitivity["channel"].unique().tolist() == ["search"]
    assert found.sensitivity["roas"].iloc[-1] < 0.8 * found.sensitivity["roas"].iloc[0]


def test_channels_known_to_follow_demand_are_told_lower_and_less_surely_without_a_trace(world, mix):
    """The same channel guessed from its name stays as it is until traces of demand show."""
    beliefs = tn.Beliefs(demand_channels=("search",))
    known = tn.fit_media_mix(world.weeks, spend=CHANNELS, controls=world.controls, beliefs=beliefs)
    before, after = (r.table.set_index("channel") for r in (mix, known))
    assert after.loc["search", "roas"] < before.loc["search", "roas"]
    assert np.ptp(np.log(after.loc["search", ["low", "high"]])) > np.ptp(np.log(before.loc["search", ["low", "high"]]))
    others = before.index.drop("search")
    np.testing.assert_allclose(after.loc[others, "roas"], before.loc[others, "roas"], rtol=0.15)
    assert not known.fit.demand.found and known.sensitivity.empty


def test_the_point_errs_least_and_lies_at_most_22_percent_below_the_median():
    rng = np.random.default_rng(3)
    sure, unsure = 0.3 + 0.2 * rng.standard_normal(400_000), 0.3 + 0.9 * rng.standard_normal(400_000)
    found = least_error(np.column_stack([sure, unsure]))
    assert found == pytest.approx(np.exp([0.3 - 0.2**2, 0.3 - MOST_PULL]), rel=0.01)
    grid = np.exp(np.linspace(0.1, 0.5, 81))
    errors = [np.abs(g / np.exp(sure) - 1).mean() for g in grid]  # least expected relative error, by looking at all
    assert found[0] == pytest.approx(grid[int(np.argmin(errors))], rel=0.02)
    assert 1 - np.exp(-MOST_PULL) == pytest.approx(0.22, abs=0.005)  # as docs and notebook 22 say


def test_curves_pass_near_the_contribution_of_the_table(mix):
    now = mix.curves[np.isclose(mix.curves["scale"], 1.0)].set_index("channel")
    table = mix.table.set_index("channel")
    ratio = (now["sales"] / now["spend"] / table["roas"][now.index]).to_numpy()
    assert ratio == pytest.approx(1.0, rel=0.15)  # last year against all years
    kept = tn.plan_budget(mix, bounds=(1.0, 1.0)).table.set_index("channel")  # nothing moves: one more yuan brings the same
    assert kept["marginal_roas"].to_numpy() == pytest.approx(table["marginal_roas"][kept.index].to_numpy(), rel=0.06)


def test_the_split_reads_the_platform_through_the_mix_only(world, mix):
    booked = dict(zip(CHANNELS, (9.0, 1.0, 5.0, 0.5, 3.0), strict=True))
    plain, beside = tn.plan_budget(mix), tn.plan_budget(mix, platform_roas=booked)
    pd.testing.assert_series_equal(plain.table["spend_planned"], beside.table["spend_planned"])
    assert "follow_platform" in set(beside.alternatives["plan"]) - set(plain.alternatives["plan"])
    moved = tn.fit_media_mix(world.weeks, spend=CHANNELS, controls=world.controls, beliefs=tn.Beliefs(platform_roas=booked))
    change = np.log(moved.table.set_index("channel")["roas"] / mix.table.set_index("channel")["roas"])
    assert change["search"] > 0 > change["affiliate"]


def test_a_lift_test_narrows_its_channel(world, mix):
    tested = tn.fit_media_mix(world.weeks, spend=CHANNELS, controls=world.controls, lift_tests=lift_tests(world, 1, error=0.1))
    before, after = (r.table.set_index("channel").loc["search"] for r in (mix, tested))
    assert after["high"] / after["low"] < before["high"] / before["low"]


def test_the_baseline_is_never_negative(mix):
    assert (mix.weekly["baseline"] > 0).all()


def test_cents_give_the_returns_of_yuan(world, mix):
    cents = world.weeks.assign(**{c: world.weeks[c] * 100 for c in [*CHANNELS, "paid_amount"]})
    other = tn.fit_media_mix(cents, spend=CHANNELS, controls=world.controls).table
    np.testing.assert_allclose(other["roas"], mix.table["roas"], rtol=SAME)
    np.testing.assert_allclose(other["contribution"], mix.table["contribution"] * 100, rtol=SAME)


def test_shuffled_weeks_change_nothing(world, mix):
    other = tn.fit_media_mix(world.weeks.sample(frac=1, random_state=2), spend=CHANNELS, controls=world.controls)
    pd.testing.assert_frame_equal(other.table, mix.table)


def test_a_channel_without_spend_stays_with_its_verdict(world):
    weeks = world.weeks.assign(unused=0.0, rare=np.where(np.arange(len(world.weeks)) == 50, 500.0, 0.0))
    table = tn.fit_media_mix(weeks, spend=[*CHANNELS, "unused", "rare"], controls=world.controls).table.set_index("channel")
    assert table.loc["unused", "verdict"] == "not_enough_data" and np.isnan(table.loc["unused", "roas"])
    assert table.loc["rare", "verdict"] == "not_enough_data"


def test_four_months_are_answered_with_what_cannot_be_known():
    world = draw(302)
    short = tn.fit_media_mix(world.weeks.tail(17), spend=CHANNELS, controls=world.controls)
    assert short.findings[0].key == "mix_too_short"
    assert (short.table["high"] / short.table["low"] > 2).all()
    assert short.table["roas"].between(short.table["low"], short.table["high"]).all()


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        (lambda w: w.drop(index=50), ExportError, "missing"),
        (lambda w: pd.concat([w, w.tail(1)]), ExportError, "twice"),
        (lambda w: w.assign(search=-1.0), ExportError, "spend is 0 or more"),
        (lambda w: w.assign(price=np.where(w.index == 3, np.nan, w["price"])), ExportError, "control"),
        (lambda w: w.drop(columns="feed"), ExportError, "feed"),
        (lambda w: w.head(8), NotEnoughData, "weeks"),
        (lambda w: w.assign(**dict.fromkeys(CHANNELS, 0.0)), NotEnoughData, "spend"),
    ],
)
def test_bad_weeks_are_refused(world, change, error, match):
    with pytest.raises(error, match=match):
        tn.fit_media_mix(change(world.weeks), spend=CHANNELS, controls=world.controls)


def test_spend_must_be_named(world):
    with pytest.raises(ParameterError, match="spend"):
        tn.fit_media_mix(world.weeks)


def test_a_budget_adds_up_inside_its_bounds(mix):
    now = tn.plan_budget(mix).table["spend_now"]
    for total in (0.7 * now.sum(), now.sum(), 1.5 * now.sum()):
        table = tn.plan_budget(mix, total_yuan=total).table
        assert table["spend_planned"].sum() == pytest.approx(total)
        assert (table["low"] <= table["expected_gain"]).all() and (table["expected_gain"] <= table["high"]).all()
    table = tn.plan_budget(mix, total_yuan=now.sum(), bounds={"search": (now[0], now[0] * 1.0001)}).table
    assert table["spend_planned"][0] == pytest.approx(now[0], rel=1e-3)


def test_plans_gain_a_good_part_of_what_is_possible():
    got, best = 0.0, 0.0
    for seed in range(330, 336):
        world = draw(seed)
        plan = tn.plan_budget(tn.fit_media_mix(world.weeks, spend=CHANNELS, controls=world.controls))
        now = world.weeks[CHANNELS].tail(52).mean().to_numpy()
        got += world.gain(plan.table["spend_planned"].to_numpy() / now)
        best += best_plan(world)[1]
    assert got > 0.4 * best


def test_a_plan_that_moves_nothing_has_no_chance_of_a_gain(mix):
    plans = tn.plan_budget(mix, bounds=(1.0, 1.0)).alternatives.set_index("plan")
    assert plans.loc[["planned", "as_now"], "p_gain"].isna().all()
    assert (plans.loc["planned", ["expected_gain", "low", "high"]] == 0).all()


def test_a_free_total_spends_more_where_margins_are_higher(mix):
    low, high = (tn.plan_budget(mix, margin=m).table["spend_planned"].sum() for m in (0.2, 0.95))
    assert low <= high


def test_impossible_budgets_are_refused(mix):
    with pytest.raises(ParameterError, match="total_yuan"):
        tn.plan_budget(mix, total_yuan=1e9, bounds=(0.5, 2))
    with pytest.raises(ParameterError, match="bounds"):
        tn.plan_budget(mix, bounds={"tv": (0, 1)})


def test_pooling_brings_similar_shops_nearer_the_truth():
    worlds = similar_shops(17, shops=5)
    pooled = tn.pool_media_mix({str(k): w.weeks for k, w in enumerate(worlds)}, spend=CHANNELS, controls=worlds[0].controls)
    errors = []
    for world in worlds:
        tables = [
            tn.fit_media_mix(world.weeks, spend=CHANNELS, controls=world.controls, beliefs=b).table
            for b in (None, tn.Beliefs(pooled=pooled))
        ]
        errors.append([np.mean(abs(np.log(t["roas"].to_numpy() / world.roas.to_numpy()))) for t in tables])
    alone, together = np.mean(errors, axis=0)
    assert together < alone
    with pytest.raises(ParameterError, match="three shops"):
        tn.pool_media_mix({"a": worlds[0].weeks}, spend=CHANNELS)


def test_closed_weeks_carry_spend_over_and_teach_nothing():
    rng = np.random.default_rng(8)
    weeks = 120
    spend = rng.lognormal(9, 0.5, weeks)
    sales = 1e5 * np.exp(rng.normal(0, 0.03, weeks)) + 2.0 * spend
    frame = pd.DataFrame({"week": pd.date_range("2023-01-02", periods=weeks, freq="W-MON"), "ads": spend, "paid_amount": sales})
    plain = tn.fit_media_mix(frame, spend=["ads"])
    shut = frame.copy()
    shut.loc[[30, 31, 77], ["paid_amount", "ads"]] = 0.0
    closed = tn.fit_media_mix(shut, spend=["ads"])
    assert closed.table["roas"][0] == pytest.approx(plain.table["roas"][0], rel=0.25)
    assert closed.table["low"][0] < plain.table["roas"][0] < closed.table["high"][0]
    assert {s.reason: s.rows for s in closed.method.set_aside} == {"week_without_sales": 3}
    assert closed.method.rows_used == weeks - 3
    assert "3" in str(tn.show(closed.method, "zh"))
