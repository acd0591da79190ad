"""The exact simplex solver against a slow general optimiser, and placebo inference on panels with nothing in them."""

import numpy as np
import pytest
from scipy.optimize import minimize

from tmall_nb.stats.synthetic import conformal_p_value, fit_synthetic, placebo_gaps, placebo_interval, simplex_weights


@pytest.mark.parametrize("seed", range(5))
def test_weights_equal_a_general_optimiser(seed):
    rng = np.random.default_rng(seed)
    donors, treated = rng.normal(size=(30, 6)) + 5, rng.normal(size=30) + 5.5
    ours = simplex_weights(donors, treated)
    assert ours.min() >= 0 and ours.sum() == pytest.approx(1, abs=1e-12)
    slow = minimize(
        lambda w: ((treated - donors @ w) ** 2).sum(), np.full(6, 1 / 6), method="SLSQP", bounds=[(0, 1)] * 6,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1}, options={"ftol": 1e-12, "maxiter": 500},
    )  # fmt: skip
    np.testing.assert_allclose(ours, slow.x, atol=2e-4)


def test_demean_matches_a_unit_outside_the_donors_range():
    rng = np.random.default_rng(1)
    market = np.cumsum(rng.normal(size=60))
    donors = np.column_stack([10 + k + market + rng.normal(0, 0.1, 60) for k in range(8)])
    treated = 40 + market + np.where(np.arange(60) >= 50, 3.0, 0.0)
    assert fit_synthetic(treated, donors, 50, demean=True).gap[50:].mean() == pytest.approx(3, abs=0.3)
    assert fit_synthetic(treated, donors, 50).gap[50:].mean() > 20


def test_placebo_interval_covers_zero_about_as_often_as_it_says():
    rng, covered = np.random.default_rng(7), []
    for _ in range(60):
        panel = np.cumsum(rng.normal(size=60))[:, None] + rng.normal(size=(60, 20)) + rng.normal(0, 5, 20)
        fit = fit_synthetic(panel[:, 0], panel[:, 1:], 50, demean=True)
        placebos = placebo_gaps(panel[:, 1:], 50, demean=True)
        low, high, _ = placebo_interval(
            fit.gap[50:].mean(), fit.pre_error, placebos.gaps[:, 50:].mean(axis=1), placebos.pre_errors
        )
        covered.append(low <= 0 <= high)
    assert 0.8 <= np.mean(covered) <= 0.99


def test_conformal_p_value_is_small_only_for_wrong_claims():
    rng = np.random.default_rng(2)
    panel = np.cumsum(rng.normal(size=100))[:, None] + rng.normal(0, 0.5, (100, 10))
    panel[90:, 0] += 4
    assert conformal_p_value(panel[:, 0], panel[:, 1:], 90) < 0.05
    assert conformal_p_value(panel[:, 0], panel[:, 1:], 90, effect=4.0) > 0.1


def test_too_few_donors_are_refused():
    with pytest.raises(ValueError, match="fewer than 2 controls"):
        placebo_gaps(np.ones((10, 3)), 5, group=2)
