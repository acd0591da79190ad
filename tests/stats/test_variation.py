"""Change between two periods: intervals hold on shops in which nothing changed, and see a real change."""

import numpy as np
import pytest

from tmall_nb.stats.variation import compare_periods


def two_periods(seed, days, lift=1.0):
    """Visitors and buyers of 2 x ``days`` days; autocorrelated demand, a weekday pattern, conversion times ``lift`` after."""
    rng = np.random.default_rng(seed)
    drift, rho = np.zeros(2 * days + 50), rng.uniform(0, 0.6)
    for i in range(1, len(drift)):
        drift[i] = rho * drift[i - 1] + rng.normal(0, 0.12)
    visitors = rng.poisson(2000 * np.exp(drift[50:] + 0.15 * np.sin(2 * np.pi * np.arange(2 * days) / 7)))
    buyers = rng.binomial(visitors, 0.03 * np.where(np.arange(2 * days) < days, 1, lift))
    return visitors.astype(float), buyers.astype(float)


@pytest.mark.parametrize("days", [14, 28, 90])
@pytest.mark.parametrize("kind", ["sum", "ratio"])
def test_interval_covers_no_change(days, kind):
    covered = []
    for seed in range(9000, 9200):
        visitors, buyers = two_periods(seed, days)
        frame = np.column_stack([buyers, visitors if kind == "ratio" else np.ones(2 * days)])
        change = compare_periods(frame[:days], frame[days:])
        covered.append(change.low <= 0 <= change.high)
    assert np.mean(covered) >= 0.92  # 0.95 is asked for; 200 pairs leave a standard error of 0.015


def test_a_real_change_of_conversion_is_seen():
    visitors, buyers = two_periods(1, 28, lift=1.3)
    change = compare_periods(np.c_[buyers, visitors][:28], np.c_[buyers, visitors][28:])
    assert 0 < change.low < change.relative < change.high
    assert change.relative == pytest.approx(0.3, abs=0.1)
    assert change.days == 56


def test_unknown_days_are_left_out_and_nothing_known_gives_nothing():
    frame = np.c_[np.arange(1.0, 29), np.ones(28)]
    holes = frame.copy()
    holes[3] = np.nan
    assert compare_periods(frame, holes).days == 55
    nothing = compare_periods(frame, np.full((28, 2), np.nan))
    assert nothing.days == 0 and np.isnan(nothing.relative)
