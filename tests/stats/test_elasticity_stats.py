"""Pieces of the elasticity model against slow, obvious forms."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tmall_nb.stats.elasticity import Panel, center, fit_panel
from tmall_nb.stats.elasticity.controls import shared_cuts, usual_price
from tmall_nb.stats.elasticity.counts import censored_moment, censored_score, exact_score
from tmall_nb.stats.elasticity.fit import _shrink_means, _start, expected_units
from tmall_nb.stats.elasticity.hyper import GRID, likely_spread, paule_mandel, spread_weights, unknown_spread
from tmall_nb.stats.elasticity.pool import pool_groups
from tmall_nb.stats.elasticity.rivals import others_price

STEP = 1e-5


def _log_density(units, eta, phi):
    size = 1 / phi
    return stats.nbinom.logpmf(units, size, size / (size + np.exp(eta)))


def test_scores_are_derivatives_of_the_log_likelihood():
    units, eta, phi = np.array([0.0, 3, 9]), np.array([0.4, 1.2, 1.5]), np.array([0.3, 0.2, 0.5])
    score, _ = exact_score(units, np.exp(eta), phi)
    slow = (_log_density(units, eta + STEP, phi) - _log_density(units, eta - STEP, phi)) / (2 * STEP)
    assert score == pytest.approx(slow, abs=1e-6)
    score, info = censored_score(units, np.exp(eta), phi)

    def log_tail(at):
        size = 1 / phi
        return stats.nbinom.logsf(units - 1, size, size / (size + np.exp(at)))

    assert score == pytest.approx((log_tail(eta + STEP) - log_tail(eta - STEP)) / (2 * STEP), abs=1e-6)
    second = -(log_tail(eta + 1e-3) - 2 * log_tail(eta) + log_tail(eta - 1e-3)) / 1e-6
    assert info[1:] == pytest.approx(second[1:], rel=1e-3) and score[0] == 0 == info[0]


def test_censored_moment_equals_the_sum():
    counts, mean, phi, least = np.arange(4000.0), 6.0, 0.4, 5.0
    size = 1 / phi
    weight = stats.nbinom.pmf(counts, size, size / (size + mean)) * (counts >= least)
    slow = (weight * (counts - mean) ** 2).sum() / weight.sum()
    assert censored_moment(np.array([least]), np.array([mean]), np.array([phi]))[0] == pytest.approx(slow, rel=1e-6)


def test_spread_is_found_in_many_and_kept_off_zero_in_few():
    rng = np.random.default_rng(1)
    group = np.repeat(np.arange(20), 25)
    variance = rng.uniform(0.1, 0.4, 500)
    estimate = rng.normal(0, 1, 20)[group] + rng.normal(0, 0.5, 500) + rng.normal(0, np.sqrt(variance))
    moments = paule_mandel(estimate, variance, group)
    assert likely_spread(estimate, variance, group) == pytest.approx(moments, rel=0.05) and 0.15 < moments < 0.4
    assert likely_spread(np.zeros(6), np.full(6, 0.3), np.zeros(6, int)) > 0.02
    assert np.isnan(likely_spread(np.zeros(2), np.ones(2), np.array([0, 1])))


def test_a_spread_that_many_items_deny_goes_to_nothing():
    estimate = np.random.default_rng(8).normal(0, 0.04, 400)
    assert np.sqrt(likely_spread(estimate, np.full(400, 0.04**2), None)) < 0.014


def test_category_means_are_weighed_with_the_spread_they_were_solved_under():
    panel = _panel(items=40)
    panel = replace(panel, category=np.arange(40) % 8)
    state = _start(panel, True)
    at = slice(panel.days, panel.days + 8)
    state.shared[at] = np.linspace(-2.8, -1.4, 8)
    variance = np.full(40, 1 / (2.0 + 12.0))  # data 2, prior 12; the spread has been renewed since
    state.prior[1] = 50.0
    _shrink_means(panel, state, variance, 12.0)
    assert state.shared_target[at] == pytest.approx(-2.1) and 0.05 < 1 / state.shared_prior[panel.days] < 0.4


def test_spreads_of_what_tells_of_the_same_days_settle():
    rng = np.random.default_rng(9)
    items, days = 60, 280
    event = (np.arange(days) % 40 < 4).astype(float)
    cut = rng.uniform(0, 0.3, items)[:, None] * event * rng.uniform(0.7, 1.3, (items, 7)).repeat(40, axis=1)
    price = 0.05 * rng.normal(size=(items, 40)).repeat(7, axis=1) - cut
    slope, lift = rng.normal(-2, 0.4, items), rng.normal(0.7, 0.3, items)
    mean = np.exp(rng.normal(1, 0.5, items)[:, None] + slope[:, None] * price + lift[:, None] * event)
    seen = np.ones_like(price, bool)
    shared = (cut > 0.02) / np.sqrt(0.08)
    panel = Panel(
        rng.poisson(mean * rng.gamma(5, 0.2, mean.shape)).astype(float), seen, ~seen, center(price, seen), np.arange(items) % 6,
        np.arange(days) // 7, (event, shared),
    )  # fmt: skip
    even, odd = fit_panel(panel, rounds=12), fit_panel(panel, rounds=13)
    assert np.allclose(np.log(even.control_spread / odd.control_spread), 0, atol=0.06)
    assert even.spread == pytest.approx(odd.spread, rel=0.02)


def test_not_knowing_the_spread_widens_few_items_only():
    few = spread_weights(np.array([0.5, -0.5, 0.8, -0.9]), np.full(4, 0.3), np.zeros(4, int))
    many = spread_weights(np.random.default_rng(2).normal(0, 0.8, 4000), np.full(4000, 0.3), np.zeros(4000, int))
    gap, variance = np.array([0.9]), np.array([0.3])
    wide = unknown_spread(gap, variance, float(few @ GRID**2), few)
    narrow = unknown_spread(gap, variance, float(many @ GRID**2), many)
    assert wide > 10 * narrow >= 0


def _panel(items=12, days=140, seed=3):
    rng = np.random.default_rng(seed)
    price = 0.15 * rng.normal(size=(items, days // 7)).repeat(7, axis=1)
    seen = np.ones((items, days), bool)
    mean = np.exp(2 - 2 * price + 0.3 * np.sin(np.arange(days)))
    units = rng.poisson(mean).astype(float)
    none = np.zeros((items, days), bool)
    return Panel(units, seen, none, center(price, seen), np.arange(items) % 2, np.arange(days) // 7)


def test_offset_is_a_known_part_of_the_mean():
    panel = _panel()
    share = np.ones(panel.units.shape)
    share[:, ::5] = 0.5
    rng = np.random.default_rng(4)
    short = Panel(
        rng.binomial(panel.units.astype(int), share).astype(float), panel.seen, panel.censored, panel.log_price, panel.category,
        panel.week, offset=np.log(share),
    )  # fmt: skip
    full, again = fit_panel(panel), fit_panel(short)
    assert again.overall == pytest.approx(full.overall, abs=0.1) and full.overall == pytest.approx(-2, abs=0.15)
    assert expected_units(short, again).sum() == pytest.approx(short.units.sum(), rel=0.01)


def test_sum_of_elasticity_and_slope_has_its_own_variance():
    panel = _panel()
    extra = np.random.default_rng(5).normal(0, 0.1, panel.units.shape)
    fit = fit_panel(
        Panel(panel.units, panel.seen, panel.censored, panel.log_price, panel.category, panel.week, (extra,)), add=0
    )
    apart = fit.variance + fit.slope_variance[:, 0]
    assert np.all(fit.sum_variance > 0) and np.all(np.abs(fit.sum_variance / apart - 1) < 0.5)


def test_usual_price_ignores_single_cut_weeks_and_follows_lasting_ones():
    price = np.zeros((1, 210))
    price[0, 70:77] = -0.3
    price[0, 140:] = 0.1
    usual = usual_price(price, np.ones_like(price, bool))
    assert np.allclose(usual[0, :110], 0) and np.allclose(usual[0, 180:], 0.1)


def test_shared_cuts_stand_out_only_where_many_items_are_cut():
    rng = np.random.default_rng(6)
    price = -0.15 * (rng.random((30, 30)) < 0.1).repeat(7, axis=1)
    seen = np.ones_like(price, bool)
    assert shared_cuts(price, seen) is None
    price[:20, 100:104] = -0.2
    control = shared_cuts(price, seen)
    assert (control[:20, 100:104] > 1).all() and (control[20:, 100:104] <= control[0, 100]).all()
    assert control[:, :90].max() < 0.3 * control[0, 100]


def test_price_of_the_others_equals_the_loop():
    rng = np.random.default_rng(7)
    price, category = rng.normal(size=(6, 5)), np.array([0, 0, 0, 1, 1, 2])
    seen = rng.random((6, 5)) < 0.8
    weight = np.array([1.0, 2.0, 0.5, 1.0, 3.0, 1.0])
    fast = others_price(price, seen, category, weight)
    for i in range(6):
        for t in range(5):
            others = [j for j in range(6) if j != i and category[j] == category[i] and seen[j, t]]
            assert fast[i, t] == pytest.approx(np.average(price[others, t], weights=weight[others]) if others else 0.0)


def test_pooling_leaves_well_known_groups_and_draws_in_the_others():
    true, variance = np.array([0.0, 1.0, 0.0, 1.0]), np.array([1e-4, 1e-4, 0.5, 1e-4])
    covariance = np.diag(1 / (1 / variance + 1.0))  # of a fit with effects N(0, 1) beforehand
    pooled = pool_groups(covariance @ (true / variance), covariance, np.ones(4))
    assert pooled.effect[[0, 1, 3]] == pytest.approx(true[[0, 1, 3]], abs=0.01)
    assert 0.1 < pooled.effect[2] < 0.6 and 0.2 < pooled.variance[2] < 0.5
    alike = pool_groups(covariance @ (np.full(4, 0.4) / variance), covariance, np.ones(4))
    assert alike.effect == pytest.approx(0.4, abs=0.05) and alike.variance[2] < 0.1


def test_category_means_of_a_control_are_found():
    panel = _panel(items=24, days=280)
    rng = np.random.default_rng(4)
    other = rng.normal(0, 0.3, panel.units.shape)
    category = np.arange(24) % 3
    mean = np.exp(2 - 2 * panel.log_price + np.array([0.0, 0.5, 1.0])[category][:, None] * other)
    units = rng.poisson(mean).astype(float)
    fit = fit_panel(replace(panel, units=units, category=category, controls=(center(other, panel.seen),), grouped=0))
    assert fit.group_mean == pytest.approx([0.0, 0.5, 1.0], abs=0.06)
    assert np.isnan(fit.control_mean[0]) and (np.diag(fit.group_covariance) < 0.01).all()
    assert fit.slopes[:, 0] == pytest.approx(np.array([0.0, 0.5, 1.0])[category], abs=0.15)
