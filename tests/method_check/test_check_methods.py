"""The scoreboard: every case gives truth, estimate and naive figure; plans never beat the best plan there is."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.method_check import ANALYSES
from tmall_nb.method_check.plans import _greedy, _splits
from tmall_nb.words.catalogue import value_word

SEED = 6_001  # not among the seeds that docs/benchmarks/truth.md scores


@pytest.fixture(scope="module")
def result():
    return tn.check_methods(seeds=1, first_seed=SEED, analyses="prices, stock, budget, geo, paths, cohorts, value, refunds")


def of(result, quantity):
    rows = result.cases[result.cases["quantity"] == quantity]
    assert len(rows), quantity
    return rows


def test_every_case_has_a_truth_and_words(result):
    assert result.cases["truth"].notna().all()
    assert set(result.table["analysis"]) == {"prices", "stock", "budget", "geo", "paths", "cohorts", "value", "refunds"}
    for name in {*result.table["quantity"], *ANALYSES}:
        assert value_word(name, "zh") != name


def test_no_plan_beats_the_best_there_is(result):
    for quantity in ("price_profit", "price_profit_kept", "budget_sales"):
        rows = of(result, quantity)
        assert (rows[["estimate", "naive"]].max(axis=1) <= rows["truth"] * (1 + 1e-9)).all(), quantity
    cost = of(result, "stock_cost")
    assert (cost[["estimate", "naive"]].min(axis=1) >= cost["truth"] * 0.999).all()


def test_the_profit_of_planned_prices_is_near_the_best(result):
    row = of(result, "price_profit").iloc[0]
    assert row["estimate"] > 0.9 * row["truth"]


def test_service_is_the_coverage_of_the_demand_until_goods_arrive(result):
    rows = of(result, "lead_time_demand")
    share = (rows["truth"] <= rows["high"]).mean()
    table = result.table.set_index("quantity")
    assert table.loc["lead_time_demand", "coverage"] == pytest.approx(share) and (rows["low"] == 0).all()


def test_buyers_ahead_are_scored_beside_orders_carried_forward(result):
    for quantity in ("buyer_orders", "buyer_value"):
        row = of(result, quantity).iloc[0]
        assert abs(row["estimate"] / row["truth"] - 1) < 0.25 < abs(row["naive"] / row["truth"] - 1)


def test_the_regional_test_is_beside_before_and_after(result):
    row = of(result, "geo_effect").iloc[0]
    assert row["truth"] > 0 and row["naive"] > row["truth"] and row["low"] < row["high"]


def test_splits_keep_the_budget_and_rough_ones_follow_returns():
    spend = np.array([3000.0, 2000.0, 1000.0])
    for times in _splits(spend)[::97]:
        assert times @ spend == pytest.approx(6000.0) and (times >= 0.5 - 1e-9).all() and (times <= 2 + 1e-9).all()
    assert _greedy(spend, np.array([1.0, 5.0, 2.0])) == pytest.approx([0.5, 2.0, 0.5])


def test_an_unknown_analysis_is_named_with_the_nearest():
    with pytest.raises(tn.ParameterError, match="stock"):
        tn.check_methods(analyses="stok")


def test_refused_subjects_are_counted_not_scored():
    cases = pd.DataFrame({
        "analysis": "prices", "quantity": "price_gain", "seed": 1, "subject": ["a", "b"], "truth": [1.0, 2.0],
        "estimate": [1.0, np.nan], "low": [0.5, np.nan], "high": [1.5, np.nan], "level": 0.95, "naive": [2.0, 2.0],
    })  # fmt: skip
    row = tn.score_methods(cases).table.iloc[0]
    assert (row["subjects"], row["refused"], row["rmse"], row["naive_rmse"]) == (1, 1, 0.0, 1.0)


def test_a_truth_of_zero_leaves_relative_errors_empty():
    cases = pd.DataFrame({
        "analysis": "budget", "quantity": "budget_gain", "seed": 1, "subject": ["shop"], "truth": [0.0], "estimate": [0.0],
        "low": [-1.0], "high": [1.0], "level": 0.9, "naive": [5.0],
    })  # fmt: skip
    row = tn.score_methods(cases).table.iloc[0]
    assert np.isnan(row["rmse"]) and np.isnan(row["error_ratio"]) and row["coverage"] == 1
