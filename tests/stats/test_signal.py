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


def test_no_case_is_refused():
    with pytest.raises(ValueError, match="no earlier case"):
        predict_from_signal(np.array([]), None, slope=(0.5, 0.5), spread=(0.2, 1.0))
