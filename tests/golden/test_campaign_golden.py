"""Published answers through the public functions.

GeoLift walkthrough: ATT 155.556. eBay's paid-search switch-off (Blake, Nosko & Tadelis 2015): about zero.
CausalImpact's vignette
world (x AR(.999), y = 1.2 x + noise, +10 in the last 30 of 100 days): about 10.
"""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn


def test_geolift_through_the_public_function(real_data):
    panel = pd.read_csv(real_data / "campaign_counterfactual" / "GeoLift_Test.csv").rename(columns={"Y": "outcome"})
    result = tn.synthetic_control(panel, unit="location", treated=["chicago", "portland"], start="2021-04-01", demean=True)
    effect = result.effect.set_index("kind").effect
    assert effect["mean"] == pytest.approx(155.556, abs=1e-3) and effect["gross"] == pytest.approx(4667, abs=0.5)


def test_ebay_switch_off_reads_about_zero(real_data):
    rows = pd.read_csv(real_data / "ebay_paidsearch" / "paidsearch.csv.gz")
    rows["date"] = pd.to_datetime(rows["date"], format="%d-%b-%y")
    mean = rows.groupby(["date", "search stays on"])["revenue"].mean().unstack()
    days = pd.DataFrame({"date": mean.index, "off": mean[0].to_numpy(), "on": mean[1].to_numpy()})
    result = tn.measure_uplift(days, start="2012-05-22", end="2012-07-22", outcome="off", controls=["on"], post_dip_days=0)
    gross = result.effect.set_index("kind").loc["gross"]
    assert gross.low < 0 < gross.high and abs(gross.relative) < 0.04
    assert result.findings[0].key == "uplift_unclear"


def test_causal_impact_vignette_world():
    rng = np.random.default_rng(1)
    x = np.empty(100)
    x[0] = 0.0
    for t in range(1, 100):
        x[t] = 0.999 * x[t - 1] + rng.normal()
    y = 1.2 * (x + 100) + rng.normal(size=100)
    y[70:] += 10
    days = pd.DataFrame({"date": pd.date_range("2024-01-01", periods=100), "y": y, "x": x + 100})
    result = tn.measure_uplift(days, start=days.date[70], end=days.date[99], outcome="y", controls=["x"], post_dip_days=0)
    gross = result.effect.set_index("kind").loc["gross"] / 30
    assert gross.low < 10 < gross.high and gross.effect == pytest.approx(10, abs=0.6)
