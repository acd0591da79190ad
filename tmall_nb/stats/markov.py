"""Exact absorbing Markov chains on aggregated journeys: removal effects and their standard errors.

A journey is a sequence of channel numbers; journeys with the same sequence are one row with a count of conversions
and of nulls (journeys that ended without a purchase). Everything is solved exactly by linear algebra, so the same
rows give the same bits.

Source: Anderl, Becker, von Wangenheim, Schumann (2016), "Mapping the customer journey", IJRM 33(3), for the
removal effect; the standard errors are the infinitesimal jackknife (Efron 1982) of the same exact solution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

__all__ = ["Chain", "Journeys", "RemovalEffects", "build_chain", "held_out_log_loss", "removal_effects"]

DENSE_STATES = 300  # below this a dense solve is faster than a sparse factorisation


@dataclass(frozen=True, slots=True)
class Journeys:
    """Journeys as flat channel numbers.

    Attributes
    ----------
    codes : channel number of every touch, journey after journey, shape (touches,)
    offsets : where each journey starts in ``codes``, with the end appended, shape (rows + 1,)
    conversions, nulls, value : per row, shape (rows,); ``value`` is the conversions' money
    channels : how many channels there are
    """

    codes: np.ndarray
    offsets: np.ndarray
    conversions: np.ndarray
    nulls: np.ndarray
    value: np.ndarray
    channels: int

    @property
    def lengths(self) -> np.ndarray:
        """Touches of each journey."""
        return np.diff(self.offsets)


@dataclass(frozen=True, slots=True)
class Chain:
    """Transition counts of an order-k chain (states are the last k channels; shorter at a journey's start).

    Attributes
    ----------
    states : state of every touch, shape (touches,)
    members : channels of each state, padded with -1, shape (number of states, order)
    moves : counts from state to state, sparse, shape (states, states)
    starts, converted, lost, value : counts of journeys that start, convert, end in a null in each state, and the
        money of those conversions, each of shape (states,)
    """

    states: np.ndarray
    members: np.ndarray
    moves: sparse.csr_matrix
    starts: np.ndarray
    converted: np.ndarray
    lost: np.ndarray
    value: np.ndarray

    @property
    def departures(self) -> np.ndarray:
        """Journeys leaving each state, ends included."""
        return np.asarray(self.moves.sum(axis=1)).ravel() + self.converted + self.lost


@dataclass(frozen=True, slots=True)
class RemovalEffects:
    """What is lost when a channel is taken away.

    Attributes
    ----------
    conversion_rate : conversions per journey
    effect, value_effect : share of conversions (of money) lost without each channel, shape (channels,)
    share, share_error : effect divided by the sum of effects, and its standard error, shape (channels,)
    value_share : the same for money, shape (channels,)
    """

    conversion_rate: float
    effect: np.ndarray
    share: np.ndarray
    share_error: np.ndarray
    value_effect: np.ndarray
    value_share: np.ndarray


def _state_keys(journeys: Journeys, order: int) -> np.ndarray:
    """Number each touch's last ``order`` channels; the digit 0 stands for "before the journey"."""
    position = np.arange(len(journeys.codes)) - np.repeat(journeys.offsets[:-1], journeys.lengths)
    base, key = journeys.channels + 1, np.zeros(len(journeys.codes), dtype=np.int64)
    for lag in range(order - 1, -1, -1):
        digit = np.zeros_like(key)
        inside = position >= lag
        digit[inside] = journeys.codes[np.flatnonzero(inside) - lag] + 1
        key = key * base + digit
    return key


def build_chain(journeys: Journeys, *, order: int = 1) -> Chain:
    """Count the transitions of an order-``order`` chain.

    Parameters
    ----------
    journeys : at least one journey, none of them empty, each with a positive count
    order : 1-4, how many of the last channels a state remembers
    """
    if order == 1:
        states, members = journeys.codes, np.arange(journeys.channels)[:, None]
    else:
        keys, states = np.unique(_state_keys(journeys, order), return_inverse=True)
        powers = (journeys.channels + 1) ** np.arange(order)[::-1]
        members = keys[:, None] // powers % (journeys.channels + 1) - 1
    size, weight = len(members), journeys.conversions + journeys.nulls
    last, first = journeys.offsets[1:] - 1, journeys.offsets[:-1]
    inner = np.ones(len(states), dtype=bool)
    inner[last] = False
    here = np.flatnonzero(inner)
    touch_weight = np.repeat(weight, journeys.lengths)[here]
    pairs = states[here].astype(np.int64) * size + states[here + 1]
    if size <= DENSE_STATES:
        moves = sparse.csr_matrix(np.bincount(pairs, touch_weight, size * size).reshape(size, size))
    else:
        moves = sparse.csr_matrix((touch_weight, (pairs // size, pairs % size)), shape=(size, size))
    ends = states[last]
    return Chain(
        states, members, moves, np.bincount(states[first], weight, size), np.bincount(ends, journeys.conversions, size),
        np.bincount(ends, journeys.nulls, size), np.bincount(ends, journeys.value, size),
    )  # fmt: skip


def _solve(steps: sparse.csr_matrix, rewards: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return expected rewards from each state (columns as ``rewards``) and expected visits from ``starts``."""
    size = steps.shape[0]
    if size <= DENSE_STATES:
        system = np.eye(size) - steps.toarray()
        return np.linalg.solve(system, rewards), np.linalg.solve(system.T, starts)
    factor = splu(sparse.csc_matrix(sparse.identity(size) - steps))
    return factor.solve(rewards), factor.solve(starts, trans="T")


def removal_effects(journeys: Journeys, chain: Chain) -> RemovalEffects:
    """Solve the chain with every channel taken away in turn (its visitors are then lost).

    The share's standard error treats every journey as one independent draw.
    """
    departures = chain.departures
    scale = np.divide(1.0, departures, out=np.zeros_like(departures), where=departures > 0)
    steps = sparse.csr_matrix(chain.moves.multiply(scale[:, None]))
    rewards = np.column_stack([chain.converted, chain.value]) * scale[:, None]
    begin = chain.starts / chain.starts.sum()
    kept, slopes = np.empty((journeys.channels, 2)), []
    for channel in range(-1, journeys.channels):
        stay = np.flatnonzero(~(chain.members == channel).any(axis=1)) if channel >= 0 else np.arange(len(departures))
        worth, visits = np.zeros((len(departures), 2)), np.zeros(len(departures))
        if len(stay):
            worth[stay], visits[stay] = _solve(steps[stay][:, stay], rewards[stay], begin[stay])
        if channel < 0:
            base = begin @ worth
        else:
            kept[channel] = begin @ worth
        slopes.append((visits * scale, worth[:, 0]))
    effect = 1.0 - kept / np.where(base > 0, base, 1.0)
    total = effect.sum(axis=0)
    share = np.divide(effect, total, out=np.full_like(effect, 1.0 / journeys.channels), where=total > 0)
    error = _share_error(journeys, chain, slopes, kept[:, 0], float(base[0]))
    return RemovalEffects(float(base[0]), effect[:, 0], share[:, 0], error, effect[:, 1], share[:, 1])


def _share_error(
    journeys: Journeys, chain: Chain, slopes: list[tuple[np.ndarray, np.ndarray]], kept: np.ndarray, base: float
) -> np.ndarray:
    """Infinitesimal jackknife: how one more journey of each row would move each channel's share.

    ``slopes`` holds, for the whole chain and for the chain without each channel, the visits per departure and the
    worth of every state; a chain's conversion rate moves by visits·(worth of the next state − own worth) per step.
    """
    effect = 1.0 - kept / base
    if not (base > 0 and effect.sum() > 0):
        return np.full(journeys.channels, np.nan)
    visits, worth = (np.column_stack(part) for part in zip(*slopes, strict=True))

    def to_shares(moves: np.ndarray) -> np.ndarray:
        effects = (kept / base * moves[:, :1] - moves[:, 1:]) / base
        return (effects - effect / effect.sum() * effects.sum(axis=1, keepdims=True)) / effect.sum()

    size, last, first = len(chain.members), journeys.offsets[1:] - 1, journeys.offsets[:-1]
    steps = chain.states.astype(np.int64) * size
    steps[:-1] += chain.states[1:]
    if size <= DENSE_STATES:
        pairs, step = np.arange(size * size), steps
    else:
        pairs, step = np.unique(steps, return_inverse=True)
    table = to_shares(visits[pairs // size] * (worth[pairs % size] - worth[pairs // size]))
    walked = np.ones(len(step))
    walked[last] = 0.0
    lost = sparse.csr_matrix((walked, step, journeys.offsets), shape=(len(first), len(pairs))) @ table
    lost += to_shares((worth - np.append(base, kept)) / chain.starts.sum())[chain.states[first]]
    lost -= to_shares(visits * worth)[chain.states[last]]
    won = lost + to_shares(visits)[chain.states[last]]
    return np.sqrt(journeys.conversions @ won**2 + journeys.nulls @ lost**2)


def held_out_log_loss(
    journeys: Journeys, *, orders: tuple[int, ...] = (1, 2, 3, 4), folds: int = 5, backing: float = 5.0, seed: int = 0
) -> np.ndarray:
    """Score chains of several orders on journeys they were not counted on.

    Every row's journeys are dealt at random into ``folds``; each fold is predicted, touch by touch and with the way it
    ended, from the others. A state seen rarely leans on the next lower order with weight ``backing``.

    Returns
    -------
    array of shape (len(orders),): mean negative log-likelihood per touch (nats), lower is better
    """
    rng = np.random.default_rng(seed)
    share = np.full(folds, 1.0 / folds)
    parts = [rng.multinomial(np.round(c).astype(np.int64), share) for c in (journeys.conversions, journeys.nulls)]
    keys = {order: _state_keys(journeys, order) for order in range(1, max(orders) + 1)}
    losses = np.zeros(len(orders))
    touches = 0.0
    for fold in range(folds):
        held = [part[:, fold].astype(float) for part in parts]
        left = [part.sum(axis=1) - part[:, fold] for part in parts]
        by_order = _predict(journeys, keys, left, held, backing)
        losses += [by_order[order] for order in orders]
        touches += float((held[0] + held[1]) @ journeys.lengths)
    return losses / max(touches, 1.0)


def _predict(
    journeys: Journeys, keys: dict[int, np.ndarray], left: list[np.ndarray], held: list[np.ndarray], backing: float
) -> dict[int, float]:
    """Total held-out loss of every order up to the largest, each interpolated with the one below."""
    outcomes, last = journeys.channels + 2, journeys.offsets[1:] - 1
    following = np.append(journeys.codes[1:], 0).astype(np.int64)
    events = [np.arange(len(journeys.codes)), last]  # every touch (a converting end), then the null ends
    target = [following, np.full(len(last), journeys.channels + 1)]
    target[0][last] = journeys.channels
    row = np.repeat(np.arange(len(last)), journeys.lengths)
    is_last = np.zeros(len(row), dtype=bool)
    is_last[last] = True
    seen = [np.where(is_last, left[0][row], (left[0] + left[1])[row]), left[1]]
    test = [np.where(is_last, held[0][row], (held[0] + held[1])[row]), held[1]]
    seen_all, test_all = np.concatenate(seen).astype(float), np.concatenate(test)
    where, what = np.concatenate(events), np.concatenate(target)
    lower, losses = np.full(len(where), 1.0 / outcomes), {}
    for order, key in keys.items():
        _, state = np.unique(key, return_inverse=True)
        state = state[where]
        _, pair = np.unique(state.astype(np.int64) * outcomes + what, return_inverse=True)
        both, alone = np.bincount(pair, seen_all), np.bincount(state, seen_all)
        lower = (both[pair] + backing * lower) / (alone[state] + backing)
        losses[order] = -float(test_all @ np.log(lower))
    return losses
