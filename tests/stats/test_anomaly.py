"""Alarms: the stated false-alarm rate on quiet shops, power on real events, breaks."""

import numpy as np
import pytest

from tmall_nb.stats.anomaly import find_alarms, find_breaks


def quiet_shop(rng, days=400):
    """Counts with weekday pattern, season, autocorrelated demand and up to 14 % extra-Poisson noise; nothing happens."""
    t, level = np.arange(days), np.exp(rng.uniform(np.log(5), np.log(5000)))
    drift, rho, sd = np.zeros(days), rng.uniform(0, 0.7), rng.uniform(0, 0.15)
    for i in range(1, days):
        drift[i] = rho * drift[i - 1] + rng.normal(0, sd)
    season = 0.3 * np.sin(2 * np.pi * t / 365 + rng.uniform(0, 6))
    shape = rng.choice([1e9, 50, 10])
    return rng.poisson(level * np.exp(rng.normal(0, 0.15, 7)[t % 7] + season + drift) * rng.gamma(shape, 1 / shape, days))


def test_quiet_shops_raise_at_most_one_alarm_a_quarter():
    rng, per_quarter = np.random.default_rng(20260105), []
    for _ in range(60):
        alarm = find_alarms(quiet_shop(rng), np.zeros(400, bool)).alarm[91:]
        runs = np.sum(alarm & ~np.r_[False, alarm[:-1]])
        per_quarter.append(runs / (309 / 91))
    assert np.mean(per_quarter) <= 0.75  # 0.5 is asked for; 60 series leave a standard error of about 0.06
    assert np.mean(np.array(per_quarter) <= 1.0) >= 0.8


@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_a_real_fall_or_jump_is_seen(factor):
    rng, seen = np.random.default_rng(5), 0
    for _ in range(10):
        y = rng.poisson(200, 300).astype(float)
        y[250] *= factor
        seen += find_alarms(y, np.zeros(300, bool)).alarm[250]
    assert seen == 10


def test_campaign_days_are_expected_and_teach_nothing():
    rng = np.random.default_rng(6)
    y, campaign = rng.poisson(200, 300).astype(float), np.zeros(300, bool)
    y[240:250] *= 6
    campaign[240:250] = True
    alarms = find_alarms(y, campaign)
    assert not alarms.alarm[240:250].any()
    assert alarms.expected[250:260].max() < 260


def test_alarms_look_back_only():
    rng = np.random.default_rng(7)
    y = rng.poisson(100, 200).astype(float)
    later = y.copy()
    later[150:] *= 3
    a, b = find_alarms(y, np.zeros(200, bool)), find_alarms(later, np.zeros(200, bool))
    np.testing.assert_array_equal(a.expected[:151], b.expected[:151])


def test_a_stop_of_deliveries_is_a_break_and_a_slow_day_is_not():
    y = np.full(60, 300.0)
    y[20:27] = [24, 15, 1, 5, 7, 4, 0]
    y[40] = 2
    y[50:55] = 200
    assert find_breaks(y) == [(20, 26)]
    assert find_breaks(y, least_days=1) == [(20, 26), (40, 40)]
    assert find_breaks(np.full(30, 1.0)) == []
