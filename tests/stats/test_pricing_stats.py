"""The best price against closed forms and slow integrals; price tests against their own simulation."""

import numpy as np
import pytest
from scipy import integrate, stats

from tmall_nb.stats.price_trial import (
    Question,
    assurance,
    breakeven_elasticity,
    plan_trial,
    trial_variance,
    week_variance,
)
from tmall_nb.stats.pricing import CEILING, Economics, demand_nodes, gain_quantiles, price_grid, price_step, profits

NODE_ERROR = 2e-3  # 41 equally likely nodes against the integral


def certain(elasticity, at=100.0, units=10.0):
    return demand_nodes(elasticity, 1e-6, np.log([at]), np.array([units]), at=at)


@pytest.mark.parametrize(("elasticity", "cost"), [(-2.0, 50.0), (-3.0, 60.0), (-1.5, 30.0)])
def test_known_elasticity_gives_the_lerner_price(elasticity, cost):
    """Constant elasticity: best price = cost e / (e + 1) (Lerner 1934)."""
    prices = np.linspace(cost * 1.01, cost * 5, 5000)
    best = prices[profits(certain(elasticity), Economics(cost), prices)[0].argmax()]
    assert best == pytest.approx(cost * elasticity / (elasticity + 1), rel=2e-3)


def test_fee_moves_the_best_price_as_a_higher_cost_would():
    prices = np.linspace(40, 400, 5000)
    best = prices[profits(certain(-2.0), Economics(45.0, fee=0.1), prices)[0].argmax()]
    assert best == pytest.approx(45 / 0.9 * 2, rel=2e-3)


def test_expected_profit_is_the_integral_over_the_cut_normal():
    mean, sd, at = -1.2, 0.5, 80.0
    days, units = np.log([70.0, 80.0, 90.0]), np.array([9.0, 7.0, 4.0])
    demand, economics = demand_nodes(mean, sd, days, units, at=at), Economics(35.0, fee=0.05, kept=0.8, shipping=2.0)
    belief = stats.truncnorm(-np.inf, (CEILING - mean) / sd, loc=mean, scale=sd)

    def profit(e, p):
        level = units.sum() / np.exp(e * (days - np.log(at))).sum()
        return level * (p / at) ** e * (0.8 * (0.95 * p - 35) - 2) * belief.pdf(e)

    for price in (60.0, 80.0, 110.0):
        slow = integrate.quad(profit, mean - 8 * sd, CEILING, args=(price,))[0]
        assert profits(demand, economics, np.array([price])).mean() == pytest.approx(slow, rel=NODE_ERROR)


@pytest.mark.parametrize(("low", "high", "near"), [(61.3, 118.2, 89.0), (105.0, 240.0, 180.0), (900.0, 1400.0, 1200.0)])
def test_price_tags_end_in_nine_and_stay_inside(low, high, near):
    tags = price_grid(low, high, near=near)
    assert (tags >= low).all() and (tags <= high).all()
    assert np.allclose(np.round(tags % 1, 6), 0.9) and np.allclose(np.diff(tags), price_step(near))


def test_gain_interval_holds_the_stated_share():
    rng = np.random.default_rng(5)
    gain = rng.normal(10, 4, 2000)
    low, high = gain_quantiles(gain, 0.0)
    assert ((gain >= low) & (gain <= high)).mean() == pytest.approx(0.95, abs=0.005)
    wide = gain_quantiles(np.column_stack([gain, gain]), 0.3)
    assert wide.shape == (2, 2) and wide[1, 0] > high


def test_both_prices_earn_the_same_at_the_breakeven_elasticity():
    economics = Economics(40.0, fee=0.05, kept=0.8, shipping=1.0)
    edge = breakeven_elasticity(economics, 79.9, 99.9)
    a, b = profits(certain(edge, at=79.9), economics, np.array([79.9, 99.9]))[0]
    assert a == pytest.approx(b, rel=1e-4)
    assert np.isnan(breakeven_elasticity(Economics(90.0), 79.9, 99.9))


def test_assurance_is_what_simulated_tests_reach():
    """Draw an elasticity, run the test by weeks, decide by the posterior: how often right?"""
    rng = np.random.default_rng(11)
    mean, sd, edge, week_var, ratio, weeks, draws = -1.8, 0.5, -1.6, 0.04, np.log(1.2), 12, 20_000
    truth = rng.normal(mean, sd, draws)
    noise = rng.normal(0, np.sqrt(week_var), (draws, 2, weeks // 2))
    logs = noise + truth[:, None, None] * np.array([0.0, ratio])[None, :, None]
    estimate = (logs[:, 1].mean(axis=1) - logs[:, 0].mean(axis=1)) / ratio
    variance = trial_variance(week_var, ratio, weeks)
    assert np.var(estimate - truth) == pytest.approx(variance, rel=0.03)
    posterior = (mean / sd**2 + estimate / variance) / (1 / sd**2 + 1 / variance)
    right = ((posterior > edge) == (truth > edge)).mean()
    assert assurance(mean, sd, edge, variance) == pytest.approx(right, abs=0.01)


def test_longer_tests_are_surer_and_no_test_is_worth_more_than_knowing():
    economics = Economics(45.0)
    demand = demand_nodes(-1.9, 0.5, np.log([100.0]), np.array([20.0]), at=100.0)
    tags = price_grid(70, 120, near=90.0)
    earns = profits(demand, economics, tags)
    trial = plan_trial(demand, economics, Question(99.9, -1.9, 0.5, 0.03, earns), np.array([79.9, 114.9]))
    assert trial.right_now < trial.right_after <= 1 and trial.weeks % 2 == 0
    perfect = (earns.max(axis=1).mean() - earns.mean(axis=0).max()) * 364
    assert 0 <= trial.value <= perfect
    noisy = plan_trial(demand, economics, Question(99.9, -1.9, 0.5, 3.0, earns), np.array([79.9, 114.9]))
    assert noisy.weeks == 0 and noisy.value < trial.value


def test_week_noise_knows_trend_from_noise():
    rng = np.random.default_rng(3)
    items, days, excess = 60, 182, 0.04
    week = np.arange(days) // 7
    trend = np.exp(np.linspace(-0.6, 0.6, days))[None, :] * rng.choice([1.0, 0.7], (items, 1))
    shock = rng.gamma(1 / excess, excess, (items, week[-1] + 1))[:, week]
    units = rng.poisson(5 * trend * shock).astype(float)
    found = week_variance(units, np.full(units.shape, 5.0), week, np.ones(units.shape, bool))
    weekly = 7 * 5 * trend.mean(axis=1)
    assert np.mean(found) == pytest.approx(np.mean(excess + 1 / weekly), rel=0.2)
