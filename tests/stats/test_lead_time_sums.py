"""Lead-time sums: errors of whole sums, shared and own, against slow loops and against what adding up days would give."""

import numpy as np
import pytest

from tmall_nb.stats.replenishment import GRID, carried, fit_errors, fit_sums, window_sums


def windows(seed, *, shared=0.1, own=0.05, count=6, series=200, horizon=14):
    """Forecasts of 100 a day whose errors are constant over each window: ``shared`` by all items, ``own`` by one."""
    rng = np.random.default_rng(seed)
    told = np.full((count, series, horizon), 100.0)
    error = rng.normal(0, shared, (count, 1, 1)) + rng.normal(0, own, (count, series, 1))
    return told, told * np.exp(error)


def test_a_sum_is_the_sum_of_seen_days_and_half_seen_windows_count():
    told, actual = windows(1, count=2, series=3, horizon=4)
    actual[0, 0, :2], actual[0, 1, :3] = np.nan, np.nan
    real, forecast = window_sums(actual, told, 0, 4)
    for w in range(2):
        for i in range(3):
            seen = [t for t in range(4) if np.isfinite(actual[w, i, t])]
            share = sum(told[w, i, t] for t in seen) / told[w, i].sum()
            if share < 0.5:
                assert np.isnan(real[w, i])
            else:
                assert real[w, i] == pytest.approx(sum(actual[w, i, t] for t in seen))
                assert forecast[w, i] == pytest.approx(sum(told[w, i, t] for t in seen))


def test_errors_of_whole_windows_are_wider_than_independent_days():
    """Days err together: the 90 % stock of two weeks needs the error of one day, not its fourteenth part's root."""
    told, actual = windows(2)
    units = np.full((200, 14), 100.0)
    sums = fit_sums(units, told, actual)
    stock = sums.quantile(np.full(200, 14), 0.9)[0]
    day = np.log(actual / told).std()
    independent = 1400 * (1 + 1.2816 * day / np.sqrt(14))
    assert (stock > independent).all()
    assert stock.mean() == pytest.approx(1400 * np.exp(1.2816 * day), rel=0.06)


def test_next_windows_are_served_as_often_as_asked():
    """Over many histories the share of items served is near the goal, while single periods run far below and above."""
    served = []
    for seed in range(60):
        told, actual = windows(seed, count=7, series=80)
        stock = fit_sums(told[0], told[1:], actual[1:]).quantile(np.full(80, 14), 0.9)[0]
        served.append((actual[0].sum(axis=1) <= stock).mean())
    assert 0.85 <= np.mean(served) <= 0.96
    assert min(served) < 0.7 and max(served) == 1.0


def test_shared_errors_are_told_from_own_ones():
    told, actual = windows(3, shared=0.2, own=0.05)
    found = fit_errors(*window_sums(actual, told, 0, 14), np.full(200, 1400.0))
    assert found.windows == 6 and 0.08 < found.spread < 0.4
    own = np.quantile(found.own.pool[0], 0.84) * found.own.scale.mean()
    assert own == pytest.approx(0.05, rel=0.15)


def test_quantiles_grow_with_level_days_and_uncertain_delivery():
    told, actual = windows(4)
    sums = fit_sums(np.full((200, 14), 100.0), told, actual)
    days = np.full(200, 10)
    levels = sums.quantile(days, GRID)
    assert (np.diff(levels, axis=0) >= -1e-9).all()
    assert (sums.quantile(days, 0.95, sd=3.0) > sums.quantile(days, 0.95)).all()
    assert (sums.quantile(days, 0.05, sd=3.0) < sums.quantile(days, 0.05)).all()
    assert (np.diff(sums.paths(np.array([0.95]))[0], axis=1) >= 0).all()
    assert (sums.quantile(np.zeros(200, dtype=int), 0.95) == 0).all()


def test_draws_agree_with_quantiles_and_move_together():
    told, actual = windows(5)
    sums = fit_sums(np.full((200, 14), 100.0), told, actual)
    rng = np.random.default_rng(0)
    days = np.full(200, 14)
    drawn = sums.draws(days, rng.random((4000, 200)), rng.random(4000))
    assert np.quantile(drawn, 0.9) == pytest.approx(sums.quantile(days, 0.9).mean(), rel=0.03)
    assert np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1] > 0.5


def test_without_windows_counts_spread_like_counts():
    sums = fit_sums(np.full((3, 14), 1.0), np.zeros((0, 3, 14)), np.zeros((0, 3, 14)))
    assert sums.count == 0
    stock = sums.quantile(np.full(3, 14), 0.95)
    assert (stock > 14 + 1.6 * np.sqrt(14)).all() and (stock < 3 * 14).all()


def test_one_item_alone_is_as_unsure_as_its_own_windows():
    """All of a single item's error is shared with nobody: it must not be counted twice."""
    told = np.full((6, 1, 14), 100.0)
    actual = told * np.exp(np.array([0.1, -0.1, 0.05, -0.05, 0.12, -0.12]))[:, None, None]
    stock = fit_sums(np.full((1, 14), 100.0), told, actual).quantile(np.array([14]), 0.9)[0, 0]
    assert 1.10 < stock / 1400 < 1.20


def test_event_days_widen_the_sums_that_hold_them():
    units, extra = np.full((2, 10), 10.0), np.zeros((2, 10))
    extra[:, 6] = 0.5
    widened = carried(units, extra)
    assert (widened[:, :6] == 0).all() and widened[0, 9] == pytest.approx(extra[0, 6] / 10)
