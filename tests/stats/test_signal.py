"""Forecast from a signal: the flat-prior limit, a signal that tells narrows and centres, coverage on fresh cases."""

import numpy as np
import pytest

from tmall_nb.stats.signal import predict_from_signal


def test_many_cases_give_least_squares():
    rng = np.random.default_rng(0)
    x = rng.normal(size=4000)
    y = 0.3 + 0.8 * x + 0.1 * rng.normal(size=4000)
    told = predict_from_signal(y, x, 1.0, slope=(0.5, 0.5), spread=(0.2, 1.0))
    assert told.slope == pytest.approx(np.polyfit(x, y, 1)[0], abs=1e-3)
    assert told.location == pytest.approx(1.1, abs=0.01) and told.scale == pytest.approx(0.1, rel=0.05)


def cases(seed, told):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 0.3, 9)
    y = 0.4 + told * x + rng.normal(0, 0.15, 9)
    return x[:8], y[:8], float(x[8]), float(y[8])


@pytest.mark.parametrize("told", [0.0, 1.0])
def test_the_interval_covers_whether_or_not_the_signal_tells(told):
    covered, with_signal, without = [], [], []
    for seed in range(300):
        x, y, new, truth = cases(seed, told)
        seen = predict_from_signal(y, x, new, slope=(0.5, 0.5), spread=(0.2, 1.0))
        blind = predict_from_signal(y, None, slope=(0.5, 0.5), spread=(0.2, 1.0))
        covered.append(seen.quantile(0.025) <= truth <= seen.quantile(0.975))
        with_signal.append(truth - seen.location)
        without.append(truth - blind.location)
    assert 0.9 <= np.mean(covered) <= 0.99
    if told:
        assert np.std(with_signal) < 0.75 * np.std(without)
    else:
        assert np.std(with_signal) < 1.15 * np.std(without)


def test_likeness_is_the_best_linear_prediction_by_an_obvious_loop():
    """Known correlation and spread (a prior worth many cases): weights solve the kriging equations with an unknown mean."""
    y, rng = np.array([0.7, 0.2, 0.25, 0.1]), np.random.default_rng(1)
    root = np.linalg.cholesky(np.array([[1, 0.1, 0.1, 0.1, 0.6], [0.1, 1, 0.1, 0.1, 0.1], [0.1, 0.1, 1, 0.1, 0.1],
                                        [0.1, 0.1, 0.1, 1, 0.1], [0.6, 0.1, 0.1, 0.1, 1]]))  # fmt: skip
    whole = root @ root.T
    told = predict_from_signal(y, None, slope=(0, 1), spread=(0.3, 1e9), alike=(whole[:4, :4], whole[:4, 4]))
    system = np.block([[whole[:4, :4], np.ones((4, 1))], [np.ones((1, 4)), np.zeros((1, 1))]])
    weights = np.linalg.solve(system, np.append(whole[:4, 4], 1.0))[:4]
    assert told.location == pytest.approx(weights @ y, abs=1e-9) and told.location > y.mean() + 0.1
    draws = 0.3 * (root @ rng.standard_normal((5, 200_000)))
    assert told.scale == pytest.approx(np.std(draws[4] - weights @ draws[:4]), rel=0.01)


@pytest.mark.parametrize("signal", [None, np.array([0.1, 0.4, -0.2, 0.3])])
def test_unlike_cases_are_as_before(signal):
    y = np.array([0.5, 0.1, 0.3, 0.6])
    plain = predict_from_signal(y, signal, 0.2, slope=(0.5, 0.5), spread=(0.2, 1.0))
    same = predict_from_signal(y, signal, 0.2, slope=(0.5, 0.5), spread=(0.2, 1.0), alike=(np.eye(4), np.zeros(4)))
    assert plain == same
    if signal is None:  # mean, and Student scale of a new case beside an unknown mean
        rest = ((y - y.mean()) ** 2).sum()
        assert plain.location == pytest.approx(y.mean()) and plain.freedom == 4
        assert plain.scale == pytest.approx(np.sqrt((0.2**2 + rest) / 4 * (1 + 1 / 4)))


def test_no_case_is_refused():
    with pytest.raises(ValueError, match="no earlier case"):
        predict_from_signal(np.array([]), None, slope=(0.5, 0.5), spread=(0.2, 1.0))
