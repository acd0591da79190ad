"""Bunching and depth effects: planted ones are found, absent ones are not, coverage is about as stated."""

import sys
from pathlib import Path

import numpy as np
import pytest

from tmall_nb.stats.bunching import fit_bunching
from tmall_nb.stats.depth_response import fit_depths

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
from discounts import carts


def test_carts_that_moved_up_are_counted():
    counts, above, below, moved = carts(np.random.default_rng(4), moved=0.4)
    found = fit_bunching(counts, above, below)
    assert found.excess_low < moved < found.excess_high and found.excess_low > 0
    assert found.missing == pytest.approx(moved, rel=0.3)


@pytest.mark.parametrize("lumps", [0.0, 0.05])
def test_without_bunching_the_interval_holds_zero_about_as_often_as_stated(lumps):
    rng = np.random.default_rng(17)
    held = [fit_bunching(*carts(rng, lumps=lumps)[:3], seed=k) for k in range(60)]
    share = np.mean([f.excess_low <= 0 <= f.excess_high for f in held])
    assert 0.87 <= share <= 1.0


def test_too_few_carts_are_no_answer():
    counts, above, below, _ = carts(np.random.default_rng(1), total=60)
    assert fit_bunching(counts, above, below) is None


def draw_panel(rng, effects, items=60, days=240):
    klass = rng.choice(len(effects), (items, days), p=[0.7, 0.15, 0.1, 0.05])
    busy = rng.normal(0, 0.4, days)
    klass = np.where(rng.random((items, days)) < 0.3 * (busy > 0.3)[None, :], 2, klass)  # discounts fall on busy days
    mean = np.exp(rng.normal(0.5, 0.8, items)[:, None] + busy[None, :] + np.array(effects)[klass])
    return rng.negative_binomial(4, 4 / (4 + mean)).astype(float), klass.astype(np.intp)


def test_depth_effects_are_recovered_though_discounts_fall_on_busy_days():
    effects = [0.0, 0.15, 0.4, 0.7]
    rng = np.random.default_rng(23)
    fits = []
    for _ in range(20):
        units, klass = draw_panel(rng, effects)
        fits.append(fit_depths(units, klass, np.ones(units.shape, bool), 4))
    error = np.array([f.effect - effects for f in fits])[:, 1:]
    inside = np.abs(error) <= 1.96 * np.array([f.error for f in fits])[:, 1:]
    assert np.abs(error.mean(axis=0)).max() < 0.03
    assert 0.85 <= inside.mean() <= 1.0
    assert all(f.converged for f in fits)


def test_fixed_effects_fit_equals_a_dummy_regression():
    """The swept Newton steps against statsmodels with one dummy per item and day."""
    import statsmodels.genmod.families as families
    from statsmodels.genmod.generalized_linear_model import GLM

    rng = np.random.default_rng(2)
    units, klass = draw_panel(rng, [0.0, 0.2, 0.4, 0.6], items=8, days=40)
    found = fit_depths(units, klass, np.ones(units.shape, bool), 4)
    item, day = np.indices(units.shape)
    rows = np.ones(units.size, bool) & (units.sum(axis=0) > 0)[day.ravel()]
    dummies = [(item.ravel() == k).astype(float) for k in range(8)]
    dummies += [(day.ravel() == k).astype(float) for k in range(1, 40) if units.sum(axis=0)[k] > 0]
    classes = [b for b in range(1, 4) if np.isfinite(found.effect[b])]
    x = np.column_stack([*[(klass.ravel() == b).astype(float) for b in classes], *dummies])[rows]
    slow = GLM(units.ravel()[rows], x, family=families.Poisson()).fit().params[: len(classes)]
    assert np.allclose(found.effect[classes], slow, atol=1e-5)


def test_a_class_with_too_few_item_days_has_no_effect():
    units = np.random.default_rng(5).poisson(3, (10, 60)).astype(float)
    klass = np.zeros(units.shape, np.intp)
    klass[0, :5] = 1
    found = fit_depths(units, klass, np.ones(units.shape, bool), 2)
    assert np.isnan(found.effect[1]) and found.cells[1] == 5
