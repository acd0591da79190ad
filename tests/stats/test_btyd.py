"""Invariants of the buying models, gradients against differences, formulas against slow integrals, degenerate samples."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1

from tmall_nb.stats.btyd import (
    fit_bdw,
    fit_bg_bb,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_mbg_nbd,
    fit_pareto_nbd,
    fit_sbg,
    geometric,
    pareto,
)
from tmall_nb.stats.btyd.beta import beta_nodes
from tmall_nb.stats.btyd.rows import Rows, compress

FITS = (fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd)
SAME = 1e-5  # two ways to the same optimum agree to the optimiser's tolerance


def draw(customers=600, seed=0, *, r=0.6, alpha=9.0, a=0.9, b=2.2):
    """Simulate MBG/NBD-like histories by single events, in whole days of 26-52 weeks, as weeks."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(customers):
        rate, leave, age = rng.gamma(r, 1 / alpha), rng.beta(a, b), rng.uniform(26, 52)
        times, now = [], 0.0
        while rng.random() >= leave:
            now += rng.exponential(1 / rate) if rate > 0 else np.inf
            if now > age:
                break
            times.append(now)
        rows.append((len(times), np.floor(7 * times[-1]) / 7 if times else 0.0, np.ceil(7 * age) / 7))
    return np.array(rows).T


@pytest.fixture(scope="module")
def rows():
    return draw()


@pytest.mark.parametrize("fit", FITS)
def test_days_instead_of_weeks_scale_time_and_shift_the_likelihood(fit, rows):
    x, tx, age = rows
    weeks, days = fit(x, tx, age), fit(x, 7 * tx, 7 * age)
    assert days.log_likelihood - weeks.log_likelihood == pytest.approx(-x.sum() * np.log(7), abs=1e-4)
    assert days.params["alpha"] == pytest.approx(7 * weeks.params["alpha"], rel=1e-3)
    assert days.params["r"] == pytest.approx(weeks.params["r"], rel=1e-3)


@pytest.mark.parametrize("fit", FITS)
def test_doubled_rows_double_the_likelihood(fit, rows):
    once, twice = fit(*rows), fit(*np.tile(rows, 2))
    assert twice.log_likelihood == pytest.approx(2 * once.log_likelihood, rel=1e-9)
    for name in once.params:
        assert twice.params[name] == pytest.approx(once.params[name], rel=1e-3)
        if once.identified:
            assert twice.std_errors[name] == pytest.approx(once.std_errors[name] / np.sqrt(2), rel=1e-2)


@pytest.mark.parametrize("fit", FITS)
def test_order_of_rows_does_not_matter(fit, rows):
    shuffled = rows[:, np.random.default_rng(1).permutation(rows.shape[1])]
    assert fit(*shuffled).log_likelihood == pytest.approx(fit(*rows).log_likelihood, rel=1e-9)


def test_compressed_likelihood_equals_uncompressed(rows):
    size = rows.shape[1]
    full = Rows(tuple(rows), np.ones(size), np.arange(size))
    packed = compress(*rows)
    assert packed.weight.sum() == rows.shape[1] and len(packed.weight) < len(full.weight)
    theta = np.array([-0.5, -1.0, -0.1, 0.8])
    for module, extra in ((geometric, (0,)), (geometric, (1,)), (pareto, ())):
        one = module.log_likelihood(packed, 30.0, *extra)(theta)[0]
        assert one == pytest.approx(module.log_likelihood(full, 30.0, *extra)(theta)[0], rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 6)), min_size=1, max_size=60))
def test_compression_loses_nothing(pairs):
    columns = np.array(pairs, dtype=float).T
    packed = compress(*columns)
    assert packed.weight.sum() == len(pairs) and len(packed.weight) == len(set(pairs))
    for part, column in zip(packed.columns, columns, strict=True):
        assert (part[packed.inverse] == column).all()


@pytest.mark.parametrize("theta", [(-0.5, -1.0, -0.1, 0.8), (0.7, 0.4, 1.0, -1.0), (-2.0, -3.0, -1.0, 2.0)])
@pytest.mark.parametrize("which", ["bg", "mbg", "pareto"])
def test_gradient_equals_differences(rows, theta, which):
    packed = compress(*rows)
    objective = (
        pareto.log_likelihood(packed, 30.0) if which == "pareto" else geometric.log_likelihood(packed, 30.0, which == "mbg")
    )
    theta = np.array(theta)
    value, gradient = objective(theta)
    for k in range(4):
        step = np.eye(4)[k] * 1e-5
        slope = (objective(theta + step)[0] - objective(theta - step)[0]) / 2e-5
        assert gradient[k] == pytest.approx(slope, rel=2e-5, abs=1e-6 * abs(value))


def slow_pareto(x, tx, age, r, alpha, s, beta):
    """The likelihood of one customer by adaptive quadrature over the moment of leaving."""
    alive = (alpha + age) ** -(r + x) * (beta + age) ** -s
    gone = s * quad(lambda t: (alpha + t) ** -(r + x) * (beta + t) ** -(s + 1), tx, age, epsabs=0, epsrel=1e-11)[0]
    return alive, gone


@pytest.mark.parametrize("params", [(0.55, 10.6, 0.6, 11.7), (2.0, 3.0, 0.1, 40.0), (0.3, 50.0, 3.0, 0.5)])
def test_pareto_integral_equals_adaptive_quadrature(params):
    for x, tx, age in ((0, 0.0, 39.0), (3, 20.0, 39.0), (26, 30.9, 31.0), (60, 2.0, 30.0)):
        alive, gone = slow_pareto(x, tx, age, *params)
        packed = compress(*(np.array([float(v)]) for v in (x, tx, age)))
        value = pareto.log_likelihood(packed, 1.0)(np.log(params))[0]
        r, alpha, s, beta = params
        from scipy.special import gammaln

        constant = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
        assert value == pytest.approx(constant + np.log(alive + gone), rel=1e-9)


def test_bg_expectation_equals_the_published_hypergeometric_form(rows):
    fit = fit_bg_nbd(*rows)
    r, alpha, a, b = fit.params.values()
    for t in (1.0, 26.0, 104.0):
        published = (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + t)) ** r * hyp2f1(r, b, a + b - 1, t / (alpha + t)))
        assert fit.expected_purchases(t) == pytest.approx(published, rel=1e-8)


def test_survival_of_new_buyers_equals_simulation():
    rng = np.random.default_rng(0)
    for at_first in (0, 1):
        fit = geometric.GeometricFit({"r": 0.6, "alpha": 9.0, "a": 0.9, "b": 2.2}, {}, 0.0, True, np.eye(4), 1, at_first)
        rate, leave = rng.gamma(0.6, 1 / 9.0, 200_000), rng.beta(0.9, 2.2, 200_000)
        stays = rng.random(200_000) < np.exp(-rate * leave * 30) * (1 - leave if at_first else 1.0)
        assert fit.survival(30.0) == pytest.approx(stays.mean(), abs=0.004)
        assert fit.survival(np.array([0.0, 30.0]))[0] == pytest.approx(2.2 / 3.1 if at_first else 1.0)


def test_beta_nodes_integrate_powers():
    for a, b in ((0.8, 2.4), (0.02, 30.0), (300.0, 0.5)):
        nodes, weights = beta_nodes(a, b)
        for k in (1, 2, 5):
            assert weights @ nodes**k == pytest.approx(np.exp(betaln(a + k, b) - betaln(a, b)), rel=1e-9)


def test_bg_buyer_without_repeat_is_alive_for_sure(rows):
    fit = fit_bg_nbd(*rows)
    assert (fit.probability_alive(np.zeros(3), np.zeros(3), np.array([1.0, 30.0, 500.0])) == 1).all()
    assert (fit_mbg_nbd(*rows).probability_alive(0, 0, np.array([10.0, 50.0])) < 1).all()


@pytest.mark.parametrize("fit", FITS)
def test_predictions_are_probabilities_and_rise_with_time(fit, rows):
    model = fit(*rows)
    alive = model.probability_alive(*rows)
    assert ((alive >= 0) & (alive <= 1)).all()
    near, far = (model.conditional_expected_purchases(t, *rows) for t in (4, 26))
    assert (near >= 0).all() and (far >= near).all()


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", [100, 300])
def test_resamples_never_fail_and_degenerate_ones_are_flagged(fit, size, rows):
    rng = np.random.default_rng(size)
    for _ in range(12):
        sample = rows[:, rng.integers(0, rows.shape[1], size)]
        model = fit(*sample)
        assert np.isfinite(model.log_likelihood)
        assert np.isfinite(model.conditional_expected_purchases(26, *sample)).all()
        if not model.identified:
            continue
        assert all(np.isfinite(list(model.std_errors.values())))


@pytest.mark.parametrize("fit", FITS)
def test_one_time_buyers_only_is_flagged(fit):
    model = fit(np.zeros(500), np.zeros(500), np.linspace(1, 50, 500))
    assert not model.identified and np.isfinite(model.log_likelihood)
    assert model.conditional_expected_purchases(10, np.zeros(2), np.zeros(2), np.array([5.0, 40.0])).max() < 1e-3


@pytest.mark.parametrize(
    ("bad", "word"),
    [(([-1.0], [0.0], [5.0]), "frequency"), (([1.0], [6.0], [5.0]), "recency"), (([0.0], [2.0], [5.0]), "frequency is 0"),
     (([1.5], [2.0], [5.0]), "whole"), (([np.nan], [2.0], [5.0]), "missing"), (([], [], []), "no customers")],
)  # fmt: skip
def test_impossible_rows_are_refused(bad, word):
    with pytest.raises(ValueError, match=word):
        fit_bg_nbd(*bad)


def test_gamma_gamma_ignores_one_time_buyers_and_refuses_zero_values():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 8, 800)
    money = np.where(x > 0, rng.gamma(6 * np.maximum(x, 1), 1 / rng.gamma(4, 1 / 15.0, 800)) / np.maximum(x, 1), 0.0)
    fit = fit_gamma_gamma(x, money)
    assert fit.customers == (x > 0).sum() and fit.identified
    assert fit.log_likelihood == pytest.approx(fit_gamma_gamma(x[x > 0], money[x > 0]).log_likelihood)
    scaled = fit_gamma_gamma(x, 10 * money)
    assert scaled.params["v"] == pytest.approx(10 * fit.params["v"], rel=1e-3)
    with pytest.raises(ValueError, match="monetary"):
        fit_gamma_gamma([2, 3], [0.0, 10.0])


def test_bdw_with_c_one_is_sbg():
    alive = [1000 * np.exp(betaln(0.9, 2.0 + t) - betaln(0.9, 2.0)) for t in range(8)]
    bdw, sbg = fit_bdw(alive), fit_sbg(alive)
    assert bdw.params["c"] == pytest.approx(1.0, abs=1e-3)
    assert bdw.survival(20) == pytest.approx(sbg.survival(20), rel=1e-3)
    assert bdw.log_likelihood == pytest.approx(sbg.log_likelihood, abs=SAME)


def test_likelihood_reaches_its_limit_where_nobody_leaves():
    """Buyers who never leave: dropout runs to the edge, and the fit must be no worse than the NBD it tends to."""
    rng = np.random.default_rng(5)
    age = rng.uniform(20, 40, 400)
    x = rng.poisson(rng.gamma(0.8, 0.1, 400) * age).astype(float)
    last = np.where(x > 0, age * rng.beta(np.maximum(x, 1), 1), 0.0)

    def nbd(theta):
        r, alpha = np.exp(theta)
        return -np.sum(gammaln(r + x) - gammaln(r) + r * np.log(alpha / (alpha + age)) - x * np.log(alpha + age))

    limit = -minimize(nbd, [0.0, 2.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000}).fun
    fit = fit_bg_nbd(x, last, age)
    assert fit.log_likelihood >= limit - 1e-6
    assert fit.identified == (fit.log_likelihood > limit + 1e-3)


@pytest.mark.parametrize("fit", FITS)
def test_draws_of_coming_purchases_have_the_expected_mean(fit, rows):
    model = fit(*rows)
    expected = model.conditional_expected_purchases(20, *rows).sum()
    drawn = [model.draw_purchases(20, *rows, seed=k).sum() for k in range(40)]
    assert np.mean(drawn) == pytest.approx(expected, abs=4 * np.std(drawn) / np.sqrt(40))
    assert np.var(drawn) > 1.2 * expected  # buyers differ: the sum scatters more than independent orders would


def test_renewal_counts_must_fall():
    with pytest.raises(ValueError, match="renewal 2"):
        fit_sbg([100, 60, 70])
    assert not fit_sbg([100, 100, 100]).identified and not fit_bdw([50, 49]).identified


def test_bg_bb_expectation_equals_enumeration():
    """Conditional expectation of a short history by summing over all moments of leaving, on a fitted model."""
    x, tx, n = np.array([0, 1, 2, 3, 1, 0]), np.array([0, 1, 3, 3, 4, 0]), np.full(6, 4)
    fit = fit_bg_bb(x, tx, n, [300, 200, 120, 60, 90, 10])
    assert (fit.probability_alive(x, tx, n) <= 1).all() and fit.expected_purchases(3) > fit.expected_purchases(1)
    p, q = beta_nodes(fit.params["alpha"], fit.params["beta"], 60), beta_nodes(fit.params["gamma"], fit.params["delta"], 60)
    P, Q, W = p[0][:, None], q[0][None, :], p[1][:, None] * q[1][None, :]
    stay = P * (1 - P) ** 3 * (1 - Q) ** 4
    left = sum(P * (1 - P) ** i * (1 - Q) ** (1 + i) * Q for i in range(3))
    ahead = sum(stay * (1 - Q) ** k * P for k in (1, 2))
    expected = (W * ahead).sum() / (W * (stay + left)).sum()
    assert fit.conditional_expected_purchases(2, np.array([1]), np.array([1]), np.array([4]))[0] == pytest.approx(
        expected, rel=1e-6
    )


def test_fits_pickle(rows):
    fit = fit_bg_nbd(*rows)
    again = pickle.loads(pickle.dumps(fit))
    assert dict(again.params) == dict(fit.params) and again.identified == fit.identified
    assert len(fit.draws(5, seed=1)) == 5
