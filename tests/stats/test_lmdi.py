"""LMDI: published worked example, exact additivity, limits at zero."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tmall_nb.stats.lmdi import lmdi, logarithmic_mean, shapley

BEFORE, AFTER = np.array([[100_000, 0.030, 200]]), np.array([[120_000, 0.027, 210.0]])


def test_worked_example_of_the_kpi_tree():
    np.testing.assert_allclose(lmdi(BEFORE, AFTER), [[116_568.69, -67_363.06, 31_194.37]], atol=0.005)


def test_shapley_equals_the_average_over_all_orders():
    from itertools import permutations

    total = np.zeros(3)
    for order in permutations(range(3)):
        state = BEFORE[0].copy()
        for k in order:
            value = state.prod()
            state[k] = AFTER[0, k]
            total[k] += state.prod() - value
    np.testing.assert_allclose(shapley(BEFORE, AFTER)[0], total / 6)


cells = st.one_of(st.just(0.0), st.floats(1e-6, 1e6))


@settings(max_examples=200, deadline=None)
@given(arrays(float, (4, 3), elements=cells), arrays(float, (4, 3), elements=cells))
def test_parts_sum_to_the_change_whatever_the_zeros(before, after):
    change = after.prod(axis=1) - before.prod(axis=1)
    for parts in (lmdi(before, after), shapley(before, after)):
        scale = np.maximum(np.abs(change), np.abs(parts).max(axis=1))  # parts may cancel: rounding is relative to the largest
        assert np.isfinite(parts).all()
        assert (np.abs(parts.sum(axis=1) - change) <= 1e-9 * scale + 1e-12).all()


@settings(max_examples=100, deadline=None)
@given(arrays(float, (3, 4), elements=st.floats(0.01, 100)), arrays(float, (3, 4), elements=st.floats(0.01, 100)))
def test_reversing_time_reverses_the_parts_and_factor_order_does_not_matter(before, after):
    np.testing.assert_allclose(lmdi(before, after), -lmdi(after, before), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(lmdi(before[:, ::-1], after[:, ::-1])[:, ::-1], lmdi(before, after), rtol=1e-6, atol=1e-6)


def test_limit_at_zero_is_the_limit():
    tiny = 1e-200
    exact = lmdi(np.array([[0.0, 2, 3]]), np.array([[5.0, 4, 3]]))
    near = lmdi(np.array([[tiny, 2, 3]]), np.array([[5.0, 4, 3]]))
    np.testing.assert_allclose(exact, [[60, 0, 0]])
    np.testing.assert_allclose(near, exact, rtol=0.01, atol=0.5)


def test_logarithmic_mean_of_equals():
    assert logarithmic_mean(np.array([3.0]), np.array([3.0]))[0] == pytest.approx(3.0)
