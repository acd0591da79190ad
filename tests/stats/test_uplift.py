"""The banded model against dense algebra, the index's noise correction, shrinkage against its limits."""

import numpy as np
import pytest

from tmall_nb.stats.uplift import build_index, pool_sparse, safe_log, shrink_by_kind
from tmall_nb.stats.uplift.ar_white import Hyper, Prior, predict, solve
from tmall_nb.stats.uplift.index import extract, grain


def dense(z, X, observed, prior, hyper):
    """Log marginal likelihood and prediction of the unobserved days by a full covariance matrix."""
    lag = np.abs(np.subtract.outer(np.arange(len(z)), np.arange(len(z))))
    cov = hyper.sd_ar**2 * hyper.rho**lag + hyper.sd_white**2 * np.eye(len(z)) + X @ np.diag(prior.sd**2) @ X.T
    seen, rest = np.flatnonzero(observed), np.flatnonzero(~observed)
    gap = (z - X @ prior.mean)[seen]
    inner = np.linalg.inv(cov[np.ix_(seen, seen)])
    log = -0.5 * (np.linalg.slogdet(cov[np.ix_(seen, seen)])[1] + gap @ inner @ gap)
    cross = cov[np.ix_(rest, seen)]
    return log, (X @ prior.mean)[rest] + cross @ inner @ gap, cov[np.ix_(rest, rest)] - cross @ inner @ cross.T


def test_banded_model_equals_dense_algebra():
    rng = np.random.default_rng(0)
    X = np.column_stack([np.ones(60), rng.normal(size=(60, 2))])
    z, observed = rng.normal(size=60), rng.random(60) < 0.8
    prior, hyper = Prior(np.array([0.0, 1.0, 1.0]), np.array([2.0, 0.1, 0.5])), Hyper(0.7, 0.4, 0.3)
    fit = solve(z, X, observed, prior, hyper)
    log, mean, cov = dense(z, X, observed, prior, hyper)
    other = Hyper(0.3, 0.2, 0.6)
    assert fit.log_marginal - solve(z, X, observed, prior, other).log_marginal == pytest.approx(
        log - dense(z, X, observed, prior, other)[0], abs=1e-8
    )
    ours, ours_cov = predict(fit, X, observed, hyper, np.flatnonzero(~observed))
    np.testing.assert_allclose(ours, mean, atol=1e-9)
    np.testing.assert_allclose(ours_cov, cov, atol=1e-9)


def attenuation(seed):
    """Regression slope of the truth's fast part on the raw and on the extracted index."""
    rng = np.random.default_rng(seed)
    length, market = 330, np.zeros(330)
    for t in range(1, length):
        market[t] = 0.7 * market[t - 1] + rng.normal(0, 0.1)
    logs = 5 + market[:, None] + rng.normal(0, 0.25, (length, 4))
    index = build_index(logs, np.ones(length, bool), np.zeros(length, bool), np.arange(length) % 7)
    return [float(x @ market / (x @ x)) for x in (index.raw_fast, index.fast)]


def test_extraction_undoes_attenuation_by_the_index_s_own_noise():
    raw, extracted = np.mean([attenuation(seed) for seed in range(12)], axis=0)
    assert raw < 0.85
    assert extracted == pytest.approx(1, abs=0.1)


def test_banded_extraction_equals_dense_algebra():
    rng = np.random.default_rng(3)
    raw = rng.normal(0, 0.2, 90)
    raw[40:45] = np.nan
    signal, noise, ridge = (0.02, 0.7, 0.003), (0.01, 0.4, 0.002), 1e-8
    lag = np.abs(np.subtract.outer(np.arange(90), np.arange(90)))
    seen = np.isfinite(raw)
    own, both = (
        sum(size * rho**lag + white * (lag == 0) for size, rho, white in parts) for parts in ((signal,), (signal, noise))
    )
    jump = np.where(np.isin(np.arange(90), (20, 21, 60)), 0.09, 0.0)
    solved = np.linalg.solve((both + np.diag(jump))[np.ix_(seen, seen)], raw[seen])
    fast, jumps, _ = extract(signal, noise, raw, jump, ridge)
    np.testing.assert_allclose(fast, own[:, seen] @ solved, atol=1e-5)
    np.testing.assert_allclose(jumps[seen], jump[seen] * solved, atol=1e-5)


def test_event_jumps_are_not_shrunk():
    rng = np.random.default_rng(2)
    logs = 5 + rng.normal(0, 0.1, (200, 5))
    jumps = np.zeros(200, bool)
    jumps[100:103] = True
    logs[jumps] += 1.0
    index = build_index(logs, ~jumps, jumps, np.arange(200) % 7)
    assert index.jump[100:103].mean() == pytest.approx(1, abs=0.15) and not index.jump[~jumps].any()


def test_sparse_controls_are_pooled_and_lose_no_unit():
    rng = np.random.default_rng(3)
    controls = np.column_stack([rng.poisson(m, 100) for m in (0.5, 1, 2, 3, 6, 40, 80)]).astype(float)
    pooled = pool_sparse(controls)
    assert pooled.shape[1] < 7 and pooled.sum() == controls.sum()


def test_grain_of_counts_is_one_and_of_money_about_an_order():
    rng = np.random.default_rng(4)
    counts = rng.poisson(20, 400).astype(float)
    assert grain(counts) == 1
    assert grain(counts * 83.27) == pytest.approx(83, rel=0.35)
    assert np.isfinite(safe_log(np.zeros(30))).all()


def test_shrinkage_keeps_clear_estimates_and_pools_noisy_ones():
    estimate, kind = np.array([1.0, 1.1, 0.2, 0.1]), np.array([0, 0, 1, 1])
    kept, _, _, _ = shrink_by_kind(estimate, np.full(4, 1e-4), kind)
    np.testing.assert_allclose(kept, estimate, atol=1e-3)
    pooled, sd, _, _ = shrink_by_kind(estimate, np.full(4, 5.0), kind)
    assert np.ptp(pooled) < 0.5 * np.ptp(estimate) and (sd < 5.0).all()


def test_shrunk_intervals_cover_with_a_dozen_campaigns():
    kind, kinds, campaigns = np.repeat([0, 1, 2], (9, 1, 2)), [], []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        mean = 0.5 * rng.standard_normal(3)
        truth, se = mean[kind] + 0.5 * rng.standard_normal(12), rng.uniform(0.3, 1.2, 12)
        shrunk, sd, of_kind, kind_sd = shrink_by_kind(truth + se * rng.standard_normal(12), se, kind)
        kinds.append(np.abs(of_kind - mean) < 1.96 * kind_sd)
        campaigns.append(np.abs(shrunk - truth) < 1.96 * sd)
    assert np.mean(kinds) >= 0.9 and np.mean(campaigns) >= 0.88
