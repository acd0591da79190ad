"""Refunds still to come: coverage on fresh simulated shops, right truncation, refusals."""

import numpy as np
import pytest

from tmall_nb.stats.refund_lag import complete_refunds


def shop(seed, days=180, level=60):
    """Orders, 20 % of them refunded after a geometric lag (mean 9 days, at most 60): what is seen, and the truth."""
    rng = np.random.default_rng(seed)
    orders = rng.poisson(level * np.exp(0.3 * rng.normal(size=days // 7 + 1))[np.arange(days) // 7])
    day = np.repeat(np.arange(days), orders)
    amount = rng.lognormal(4.3, 0.7, len(day))
    refunded = rng.random(len(day)) < 0.2
    lag = np.minimum(rng.geometric(1 / 9, len(day)) - 1 + rng.integers(0, 3, len(day)), 60)
    seen = refunded & (day + lag <= days - 1)
    truth = np.bincount(day[refunded], amount[refunded], minlength=days)
    return np.bincount(day, amount, minlength=days), day[seen], lag[seen], amount[seen], truth


def test_ninety_percent_intervals_cover_the_newest_four_weeks():
    covered, error, naive = [], [], []
    for seed in range(500, 560):
        paid, day, lag, amount, truth = shop(seed)
        fit = complete_refunds(paid, day, lag, amount, draws=200, seed=seed)
        low, high = fit.interval(slice(-28, None), 0.9)
        total = truth[-28:].sum()
        covered.append(low <= total <= high)
        error.append(fit.expected[-28:].sum() / total - 1)
        naive.append(amount[day >= 152].sum() / total - 1)
    assert 0.80 <= np.mean(covered) <= 0.98  # 60 shops: a standard error of 0.04
    assert abs(np.mean(error)) < 0.02
    assert np.mean(naive) < -0.25  # what a merchant reads off the newest weeks today


def test_nothing_is_added_once_every_day_is_mature():
    paid, day, lag, amount, _ = shop(1)
    fit = complete_refunds(np.r_[paid, np.zeros(61)], day, lag, amount, draws=50)
    seen = np.bincount(day, amount, minlength=len(paid) + 61)
    np.testing.assert_allclose(fit.expected, seen)


def test_money_scales():
    paid, day, lag, amount, _ = shop(2)
    one = complete_refunds(paid, day, lag, amount, draws=50)
    many = complete_refunds(paid * 100, day, lag, amount * 100, draws=50)
    np.testing.assert_allclose(many.expected, one.expected * 100)
    np.testing.assert_allclose(many.draws, one.draws * 100)


def test_too_few_refunds_are_refused():
    with pytest.raises(ValueError, match="at least 30 refunds"):
        complete_refunds(np.ones(100), np.zeros(5, int), np.zeros(5, int), np.ones(5))
