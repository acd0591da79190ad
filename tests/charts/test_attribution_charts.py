"""Charts of channels, media mix, budget and regional tests say their message in both languages."""

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
