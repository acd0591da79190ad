"""Share intervals, Kaplan-Meier, means of skewed amounts, period effects: against slow loops, coverage and other formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from tmall_nb.stats.period_effects import period_effects
from tmall_nb.stats.proportions import difference, jeffreys, needed_per_group, wilson
from tmall_nb.stats.skewed_mean import skewed_mean
from tmall_nb.stats.survival import hazard_window, kaplan_meier


def test_wilson_known_interval():
    """Newcombe (1998), table I: 81 of 263 is 0.2553 to 0.3662; 0 of 20 is 0 to 0.1611."""
    low, high = wilson([81, 0], [263, 20])
    assert low == pytest.approx([0.2553, 0.0], abs=5e-5) and high == pytest.approx([0.3662, 0.1611], abs=5e-5)


@pytest.mark.parametrize("interval", [wilson, jeffreys])
def test_intervals_cover_where_wald_does_not(interval):
    """n = 50, p = .02: Wald covers 63 %."""
    k = np.arange(51)
    low, high = interval(k, np.full(51, 50))
    weight = binom.pmf(k, 50, 0.02)
    assert weight[(low <= 0.02) & (high >= 0.02)].sum() >= 0.90
    half = 1.96 * np.sqrt(k / 50 * (1 - k / 50) / 50)
    assert weight[np.abs(k / 50 - 0.02) <= half].sum() == pytest.approx(0.63, abs=0.01)


@given(st.integers(0, 200), st.integers(1, 200))
def test_wilson_holds_the_share(k, extra):
    low, high = wilson(k, k + extra - 1 if k else extra)
    share = k / (k + extra - 1 if k else extra)
    assert 0 <= low <= share <= high <= 1


def test_wilson_of_nothing_is_missing():
    low, high = wilson([0, np.nan], [0, 10])
    assert np.isnan(low).all() and np.isnan(high).all()


def test_newcombe_difference():
    """Newcombe (1998), table II (a), method 10: 56/70 against 48/80 is 0.2000, 0.0524 to 0.3339."""
    assert difference(56, 70, 48, 80) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_needed_sample():
    """Fleiss, Levin & Paik (2003): 0.5 against 0.6, alpha .05, power .8: 388 a group without continuity correction."""
    assert needed_per_group(0.5, 0.1) in (387, 388)
    assert needed_per_group(0.1, 0.03, ratio=0.25) > needed_per_group(0.1, 0.03)
    with pytest.raises(ValueError):
        needed_per_group(0.1, 0.0)


def test_needed_sample_gives_the_power_it_says():
    rng = np.random.default_rng(0)
    size = needed_per_group(0.10, 0.05)
    hits = [difference(rng.binomial(size, 0.15), size, rng.binomial(size, 0.10), size)[1] > 0 for _ in range(1500)]
    assert np.mean(hits) == pytest.approx(0.8, abs=0.035)


def test_kaplan_meier_equals_a_slow_loop():
    rng = np.random.default_rng(0)
    times, happened = rng.integers(1, 40, 300), rng.random(300) < 0.4
    curve = kaplan_meier(times, happened, ~happened)
    alive = 1.0
    for t in np.unique(times):
        at_risk = (times >= t).sum()
        alive *= 1 - (happened & (times == t)).sum() / at_risk
        assert curve.at(t)[0] == pytest.approx(1 - alive)
        assert curve.at(t)[1] <= 1 - alive <= curve.at(t)[2]
    assert np.isnan(curve.at(1000)).all() and curve.at(0) == (0.0, 0.0, 0.0)


def test_kaplan_meier_of_the_leukaemia_trial():
    """Freireich et al. (1963), 6-MP arm, as in Collett: S(6) = .857, S(10) = .753, S(23) = .448."""
    events = {6: 3, 7: 1, 10: 1, 13: 1, 16: 1, 22: 1, 23: 1}
    censored = {6: 1, 9: 1, 10: 1, 11: 1, 17: 1, 19: 1, 20: 1, 25: 1, 32: 2, 34: 1, 35: 1}
    t = sorted({*events, *censored})
    curve = kaplan_meier(t, [events.get(k, 0) for k in t], [censored.get(k, 0) for k in t])
    assert [1 - curve.at(k)[0] for k in (6, 10, 23)] == pytest.approx([0.857, 0.753, 0.448], abs=5e-4)


def test_kaplan_meier_covers():
    rng = np.random.default_rng(1)
    hits = []
    for _ in range(300):
        t, c = rng.exponential(60, 200), rng.uniform(5, 120, 200)
        curve = kaplan_meier(np.minimum(t, c), t <= c, t > c)
        _, low, high = curve.at(40)
        hits.append(low <= 1 - np.exp(-40 / 60) <= high)
    assert 0.92 <= np.mean(hits) <= 0.985


def test_reminder_window_is_the_middle_half():
    first, last = hazard_window(kaplan_meier(np.arange(1, 101), np.ones(100), np.zeros(100)), until=100)
    assert (first, last) == (25.0, 75.0)
    assert np.isnan(hazard_window(kaplan_meier([10], [0], [5]))).all()


def test_skewed_mean_follows_the_bootstrap_t():
    rng = np.random.default_rng(2)
    values = rng.lognormal(4, 1.0, 400)
    mean, low, high = skewed_mean(400, values.sum(), (values**2).sum(), (values**3).sum())
    draws = values[rng.integers(0, 400, (6000, 400))]
    t = (draws.mean(1) - mean) / (draws.std(1, ddof=1) / 20)
    q = np.quantile(t, [0.975, 0.025])
    boot = mean - q * values.std(ddof=1) / 20
    assert low == pytest.approx(boot[0], rel=0.02) and high == pytest.approx(boot[1], rel=0.02)


def test_skewed_mean_covers_better_than_the_normal_interval():
    rng = np.random.default_rng(3)
    truth, ours, normal = np.exp(0.72), 0, 0
    for _ in range(2000):
        v = rng.lognormal(0, 1.2, 300)
        mean, low, high = skewed_mean(300, v.sum(), (v**2).sum(), (v**3).sum())
        ours += low <= truth <= high
        normal += abs(mean - truth) <= 1.96 * v.std(ddof=1) / np.sqrt(300)
    assert ours > normal and ours / 2000 > 0.92


def test_period_effects_find_a_spike_and_ignore_trends():
    rng = np.random.default_rng(4)
    cohort, age = (v.ravel() for v in np.meshgrid(np.arange(14), np.arange(1, 15), indexing="ij"))
    keep = cohort + age < 15
    cohort, age = cohort[keep], age[keep]
    rate = 0.2 * np.exp(-0.1 * age + 0.03 * cohort + 0.4 * (cohort + age == 10))
    count = rng.poisson(2000 * rate)
    periods, effect, low, high = period_effects(count, np.full(len(age), 2000.0), age, cohort, cohort + age, level=0.95)
    spike = periods == 10
    assert low[spike] > 0 and high[spike] > 0.3
    x = np.arange(len(periods)) - (len(periods) - 1) / 2
    assert abs(effect.sum()) < 1e-8 and abs(effect @ x) < 1e-6
