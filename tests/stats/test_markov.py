"""Removal effects against simulation-free brute force, standard errors against a bootstrap."""

import numpy as np
import pytest

from tmall_nb.stats.credit import RULES, share_credit
from tmall_nb.stats.markov import Journeys, build_chain, held_out_log_loss, removal_effects
from tmall_nb.stats.shapley import shapley_from_sets, shapley_values


def journeys_of(paths, conversions, nulls, channels, value=None):
    codes = np.array([c for p in paths for c in p])
    offsets = np.concatenate([[0], np.cumsum([len(p) for p in paths])])
    c = np.asarray(conversions, float)
    return Journeys(codes, offsets, c, np.asarray(nulls, float), c if value is None else np.asarray(value, float), channels)


def random_journeys(seed, rows=60, channels=4):
    rng = np.random.default_rng(seed)
    paths = [rng.integers(0, channels, rng.integers(1, 7)) for _ in range(rows)]
    return journeys_of(paths, rng.poisson(8, rows) + 1, rng.poisson(30, rows), channels)


def slow_kept_rate(journeys, removed, order):
    """Follow the probability of every state step by step until nothing moves."""
    moves, ends = {}, {}
    for row, (a, b) in enumerate(zip(journeys.offsets[:-1], journeys.offsets[1:], strict=True)):
        path, weight = list(journeys.codes[a:b]), journeys.conversions[row] + journeys.nulls[row]
        state = ()
        for channel in path:
            new = (*state, channel)[-order:]
            moves.setdefault(state, {})[new] = moves.get(state, {}).get(new, 0) + weight
            state = new
        ends.setdefault(state, [0, 0])
        ends[state][0] += journeys.conversions[row]
        ends[state][1] += journeys.nulls[row]
    mass, rate = {(): 1.0}, 0.0
    for _ in range(400):
        following = {}
        for state, p in mass.items():
            total = sum(moves.get(state, {}).values()) + sum(ends.get(state, [0]))
            rate += p * ends.get(state, [0])[0] / total
            for new, weight in moves.get(state, {}).items():
                if removed not in new:
                    following[new] = following.get(new, 0) + p * weight / total
        mass = following
    return rate


@pytest.mark.parametrize("order", [1, 2, 3])
def test_removal_effects_equal_a_step_by_step_walk(order):
    journeys = random_journeys(3)
    result = removal_effects(journeys, build_chain(journeys, order=order))
    base = slow_kept_rate(journeys, -1, order)
    assert result.conversion_rate == pytest.approx(base, rel=1e-9)
    for channel in range(4):
        assert result.effect[channel] == pytest.approx(1 - slow_kept_rate(journeys, channel, order) / base, rel=1e-8)


def test_sparse_and_dense_solutions_agree(monkeypatch):
    journeys = random_journeys(5)
    dense = removal_effects(journeys, build_chain(journeys, order=2))
    monkeypatch.setattr("tmall_nb.stats.markov.DENSE_STATES", 0)
    loose = removal_effects(journeys, build_chain(journeys, order=2))
    np.testing.assert_allclose(loose.effect, dense.effect, rtol=1e-10)
    np.testing.assert_allclose(loose.share_error, dense.share_error, rtol=1e-8)


@pytest.mark.parametrize("order", [1, 2])
def test_standard_errors_equal_a_bootstrap_of_journeys(order):
    journeys, rng = random_journeys(9, rows=40), np.random.default_rng(0)
    exact = removal_effects(journeys, build_chain(journeys, order=order)).share_error
    draws = []
    for _ in range(400):
        c, n = rng.poisson(journeys.conversions).astype(float), rng.poisson(journeys.nulls).astype(float)
        again = Journeys(journeys.codes, journeys.offsets, c, n + (c + n == 0) * 1e-9, c, 4)
        draws.append(removal_effects(again, build_chain(again, order=order)).share)
    np.testing.assert_allclose(exact, np.std(draws, axis=0), rtol=0.2)


def test_shapley_closed_form_equals_the_definition():
    rng = np.random.default_rng(4)
    members = rng.random((30, 5)) < 0.5
    members[~members.any(axis=1), 0] = True
    worth = rng.poisson(20, 30).astype(float)
    masks = members @ (1 << np.arange(5))
    value = np.array([worth[(masks & ~s) == 0].sum() for s in range(32)])
    np.testing.assert_allclose(shapley_from_sets(members, worth), shapley_values(value))


def test_every_rule_hands_out_all_conversions():
    journeys = random_journeys(6)
    for rule in RULES:
        assert share_credit(journeys)[rule].conversions.sum() == pytest.approx(journeys.conversions.sum())


def test_position_and_decay_on_one_path():
    journeys = journeys_of([[0, 1, 1, 2]], [10], [0], 3)
    credit = share_credit(journeys, ends=0.4, half_life=1.0)
    np.testing.assert_allclose(credit["position"].conversions, [4, 2, 4])
    np.testing.assert_allclose(credit["time_decay"].conversions, np.array([1, 2 + 4, 8]) / 15 * 10)


def test_chunks_change_nothing(monkeypatch):
    journeys = random_journeys(8)
    whole = share_credit(journeys)
    monkeypatch.setattr("tmall_nb.stats.credit.CHUNK_CELLS", 28)
    for rule, credit in share_credit(journeys).items():
        np.testing.assert_allclose(credit.conversions, whole[rule].conversions)
        np.testing.assert_allclose(credit.share_error, whole[rule].share_error, rtol=1e-8)


def test_held_out_log_loss_finds_the_order_that_made_the_paths():
    rng = np.random.default_rng(12)

    def walk(order):
        path = [int(rng.integers(3))]
        while rng.random() < 0.85 and len(path) < 12:
            path.append((path[-1] + (path[-2] if order == 2 and len(path) > 1 else 0) + int(rng.random() < 0.1)) % 3)
        return path

    for order in (1, 2):
        journeys = journeys_of([walk(order) for _ in range(1500)], np.ones(1500), np.zeros(1500), 3)
        losses = held_out_log_loss(journeys, orders=(1, 2, 3))
        assert losses[1] < losses[0] - 0.1 if order == 2 else losses[1] > losses[0] - 0.01
