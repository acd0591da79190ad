"""Charts of cohorts and customers: the right data, titles in both languages, an honest empty figure."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn

END = "2025-12-31"
COHORTS = ("cohort_triangle", "new_and_returning", "retention_ahead", "second_order_curve", "segment_repurchase")
CUSTOMERS = ("order_calibration", "segment_values", "source_values", "value_concentration")


def make_orders():
    rng = np.random.default_rng(0)
    who = rng.integers(0, 500, 2200)
    paid_at = pd.Timestamp("2024-06-01") + pd.to_timedelta(rng.uniform(0, 570, 2200), unit="D")
    frame = pd.DataFrame({"buyer_key": who, "paid_at": paid_at, "paid_amount": rng.lognormal(4, 0.5, 2200)})
    return frame.assign(province=np.where(who % 2, "浙江省", "广东省"))


@pytest.fixture(scope="module")
def results():
    orders = make_orders()
    value = tn.value_customers(orders, observation_end=END)
    return tn.track_cohorts(orders, observation_end=END), value, tn.list_segments(value)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_charts_draw_and_carry_alt_text(results, language):
    cohorts, value, lists = results
    figures = [getattr(tn.charts, name)(cohorts, language=language) for name in COHORTS]
    figures += [getattr(tn.charts, name)(value, language=language) for name in CUSTOMERS]
    figures.append(tn.charts.list_sizes(lists, language=language))
    assert all(figure.axes for figure in figures)


def test_triangle_prints_the_cells(results):
    ax = tn.charts.cohort_triangle(results[0]).axes[0]
    cells = results[0].cells.query("age >= 1 and age <= 12 and seen")
    assert len(ax.texts) == len(cells)
    assert any(patch.get_hatch() for patch in ax.patches), "unseen cells are hatched"
    ax = tn.charts.cohort_triangle(results[0], measure="revenue").axes[0]
    cells = results[0].cells.query("age <= 12 and seen")
    cells = cells[cells["cohort"].isin(sorted(cells["cohort"].unique())[-18:])]
    shown = [float(text.get_text()) for text in ax.texts]
    assert np.allclose(shown, cells["revenue_per_member"], atol=0.51)


def test_sources_show_what_a_new_buyer_may_cost_and_costs(results):
    rows = results[1].sources.assign(
        allowed_cost=90.0,
        allowed_low=80.0,
        allowed_high=100.0,
        ad_cost=50.0,
        ad_cost_low=40.0,
        ad_cost_high=60.0,
        verdict="pays",
    )
    assert len(tn.charts.source_values(results[1]).axes) == 1
    figure = tn.charts.source_values(replace(results[1], sources=rows))
    marks = [line.get_xdata().tolist() for line in figure.axes[1].lines]
    assert marks == [[90.0, 90.0], [50.0, 50.0]]


def test_curve_shows_the_result(results):
    lines = tn.charts.second_order_curve(results[0]).axes[0].lines
    shown = results[0].curve.query("day <= 365")
    assert np.allclose(lines[0].get_ydata(), shown["repurchased"])


def test_empty_results_say_so():
    once = pd.DataFrame({"buyer_key": range(50), "paid_at": pd.Timestamp("2025-05-05"), "paid_amount": 50.0})
    value = tn.value_customers(once, observation_end=END)
    for name in CUSTOMERS:
        assert getattr(tn.charts, name)(value).axes
    days = pd.DataFrame({"date": pd.date_range("2025-01-01", periods=5), "new_buyers": 5, "returning_buyers": 2})
    masked = tn.track_cohorts(days)
    for name in COHORTS:
        assert getattr(tn.charts, name)(masked).axes
