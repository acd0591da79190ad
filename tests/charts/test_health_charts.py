"""Charts of the store health review read the result and survive what is missing."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn

NAMES = ("daily_sales", "change_bridge", "source_changes", "refund_weeks", "order_clock", "province_shares")


@pytest.fixture(scope="module")
def health():
    rng = np.random.default_rng(0)
    days = pd.DataFrame({"date": pd.date_range("2025-01-01", periods=120), "visitors": rng.poisson(1000, 120)})
    days["buyers"] = rng.poisson(30, 120)
    days["paid_amount"] = days["buyers"] * 100.0
    days["paid_orders"] = days["buyers"]
    return tn.review_health(days)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_draws_in_both_languages(health, name, language):
    fig = getattr(tn.charts, name)(health, language=language)
    assert fig.title and fig.alt
    assert fig.picture(narrow=True)


def test_bridge_bars_add_up(health):
    fig = tn.charts.change_bridge(health)
    bars = fig.axes[0].patches
    change = health.factors["contribution"].sum()
    assert bars[-1].get_height() - bars[0].get_height() == pytest.approx(change, rel=1e-9)


def test_daily_sales_draws_the_days_as_they_are(health):
    line = tn.charts.daily_sales(health).axes[0].lines[0]
    np.testing.assert_allclose(line.get_ydata(), health.days["paid_amount"])
