"""Charts of channels, media mix, budget and regional tests say their message in both languages."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn


@pytest.fixture(scope="module")
def results(demo_shop):
    mix = tn.fit_media_mix(demo_shop)
    design = tn.design_geo_test(demo_shop)
    return {
        "channel_returns path_credit spend_pacing": tn.compare_channels(demo_shop, mix=mix),
        "response_curves sales_baseline demand_sensitivity": mix,
        "budget_split budget_plans": tn.plan_budget(mix),
        "geo_test_design": design,
        "geo_test_path": tn.rehearse_geo_test(demo_shop, design),
    }


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_chart_has_a_message_and_alt_text(results, language):
    for names, result in results.items():
        for name in names.split():
            figure = getattr(tn.charts, name)(result, language=language)
            assert figure.title and figure.alt and "{" not in figure.title + figure.subtitle, name


def test_returns_are_drawn_at_their_values(results):
    page = results["channel_returns path_credit spend_pacing"]
    axes = tn.charts.channel_returns(page).axes[0]
    drawn = sorted(x for line in axes.lines if line.get_marker() == "o" for x in line.get_xdata())
    expected = sorted([*page.table["roas_reported"], *page.table["roas_incremental"]])
    assert drawn == pytest.approx(expected)


def test_too_few_weeks_never_say_that_nothing_is_hidden():
    rng = np.random.default_rng(4)
    weeks = pd.DataFrame({"week": pd.date_range("2025-01-06", periods=20, freq="7D"), "a": rng.uniform(5e3, 2e4, 20)})
    weeks["paid_amount"] = 1e5 + weeks["a"] + rng.normal(0, 2e3, 20)
    mix = tn.fit_media_mix(weeks, spend=["a"])
    check = mix.diagnostics.set_index("check").loc["hidden_demand"]
    assert mix.sensitivity.empty and check["value"] < check["threshold"] == pytest.approx(1.9 / 20**0.5)
    figure = tn.charts.demand_sensitivity(mix, language="en")
    assert "Too few weeks" in figure.title and figure.get_size_inches()[1] < 1.5


def test_plans_carry_their_chance_where_something_moves(results):
    plans = results["budget_split budget_plans"]
    axes = tn.charts.budget_plans(plans).axes[0]
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert [x.endswith("%") for x in labels] == plans.alternatives["p_gain"].notna().tolist()
