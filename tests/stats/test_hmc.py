"""Hamiltonian Monte Carlo of the media mix: a known target is met, the Laplace draws agree, chains that differ go on."""

import sys
from pathlib import Path

import numpy as np
import pytest

import tmall_nb as tn
from tmall_nb.stats.media_mix.hmc import LONGER, Chains, _run, sample_hmc, split_r_hat

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
from mix_worlds import CHANNELS, draw

SPREAD = np.array([1.0, 0.2, 5.0])


def normal(points):
    """Log density and gradient of independent normals with standard deviations ``SPREAD``."""
    return -0.5 * ((points / SPREAD) ** 2).sum(axis=1), -points / SPREAD**2


def narrow(points):
    """A normal whose second value has a standard deviation of exp(first), which is normal too: wide here, a corner there."""
    first, second = points.T
    size = np.exp(-2 * first)
    value = -0.5 * first**2 / 0.81 - first - 0.5 * second**2 * size
    return value, np.column_stack([-first / 0.81 - 1 + second**2 * size, -second * size])


def path_of(density, start, *, count, step):
    rng = np.random.default_rng(0)
    factor = np.eye(start.shape[1])
    _, step = _run(density, factor, start, 200, 24, step, rng, tune=True)
    return _run(density, factor, start, count, 24, step, rng, tune=False)[0]


def test_the_moments_of_a_known_target_are_met():
    path = path_of(normal, np.zeros((16, 3)), count=600, step=0.2)
    draws = path.reshape(-1, 3)
    np.testing.assert_allclose(draws.std(axis=0), SPREAD, rtol=0.06)
    assert (np.abs(draws.mean(axis=0)) < 0.12 * SPREAD).all()
    assert split_r_hat(path).max() < 1.05


def test_no_chain_stays_in_a_narrow_corner():
    path = path_of(narrow, np.tile([-3.0, 0.0], (16, 1)), count=400, step=0.2)
    moved = (np.diff(path[:, :, 0], axis=0) != 0).mean(axis=0)
    assert moved.min() > 0.1
    assert path[:, :, 0].std() == pytest.approx(0.9, abs=0.15)


@pytest.fixture(scope="module")
def fit():
    world = draw(301)
    return tn.fit_media_mix(world.weeks, spend=CHANNELS, controls=world.controls).fit.fit


def test_exact_draws_agree_with_laplace(fit):
    exact = sample_hmc(fit, sizes=Chains(chains=8, warm_up=120, kept=150))
    near, far = (np.median(f.draws[:, f.places["log_roas"]], axis=0) for f in (fit, exact))
    np.testing.assert_allclose(near, far, atol=0.45)


def test_chains_that_have_not_met_go_on_and_say_so_if_they_never_do(fit):
    short = sample_hmc(fit, sizes=Chains(chains=4, warm_up=8, kept=6, steps=4))
    assert len(short.draws) == 4 * 6 * (1 + LONGER)
    assert short.r_hat > 1.05 and not short.converged
