"""Published synthetic-control answers.

Proposition 99: Abadie, Diamond & Hainmueller (2010), outcomes only, 1970-1988 before the start; weights and gaps of the
exact quadratic programme (the paper with covariates: mean gap about -19.6; gap of 2000 about -26).
GeoLift: the package's walkthrough, chicago and portland from day 91, fixed effects on: ATT 155.556, 4,667 units, 5.4 %.
"""

import numpy as np
import pandas as pd
import pytest

from tmall_nb.stats.synthetic import fit_synthetic, placebo_gaps, placebo_interval

ROUNDED = 6e-4  # the answers are given to three decimals


def test_proposition_99_weights_and_gaps(real_data):
    states = pd.read_csv(real_data / "campaign_counterfactual" / "california_prop99.csv").set_index("Year")
    donors = states.drop(columns="California")
    fit = fit_synthetic(states["California"].to_numpy(), donors.to_numpy(), 19)
    weights = pd.Series(fit.weights, donors.columns)
    for state, weight in {"Utah": 0.394, "Montana": 0.232, "Nevada": 0.205, "Connecticut": 0.109}.items():
        assert weights[state] == pytest.approx(weight, abs=ROUNDED)
    assert fit.gap[-1] == pytest.approx(-26.597, abs=ROUNDED)
    assert fit.gap[19:].mean() == pytest.approx(-19.514, abs=ROUNDED)


def test_geolift_walkthrough(real_data):
    cities = pd.read_csv(real_data / "campaign_counterfactual" / "GeoLift_Test.csv").pivot(
        index="date", columns="location", values="Y"
    )
    treated, others = cities[["chicago", "portland"]], cities.drop(columns=["chicago", "portland"])
    fit = fit_synthetic(treated.mean(axis=1).to_numpy(), others.to_numpy(dtype=float), 90, demean=True)
    assert fit.gap[90:].mean() == pytest.approx(155.556, abs=ROUNDED)
    assert 2 * fit.gap[90:].sum() == pytest.approx(4667, abs=0.5)
    assert fit.gap[90:].sum() / fit.counterfactual[90:].sum() == pytest.approx(0.054, abs=ROUNDED)
    flat = fit_synthetic(treated.mean(axis=1).to_numpy(), others.to_numpy(dtype=float), 90)
    assert flat.gap[90:].mean() == pytest.approx(122.7, abs=0.05)


def test_placebo_test_of_proposition_99(real_data):
    states = pd.read_csv(real_data / "campaign_counterfactual" / "california_prop99.csv").set_index("Year")
    donors = states.drop(columns="California").to_numpy()
    fit = fit_synthetic(states["California"].to_numpy(), donors, 19)
    placebos = placebo_gaps(donors, 19)
    low, high, p_value = placebo_interval(
        fit.gap[19:].mean(), fit.pre_error, placebos.gaps[:, 19:].mean(axis=1), placebos.pre_errors
    )
    assert low < -19.5 < high < 0
    assert p_value == pytest.approx(np.round(p_value * 39) / 39) and p_value < 0.1
