"""Rules that share a journey's conversion among its touches: first, last, linear, position, decay, Shapley."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmall_nb.stats.markov import Journeys
from tmall_nb.stats.shapley import shapley_from_sets

__all__ = ["RULES", "Credit", "share_credit"]

RULES = ("first", "last", "linear", "position", "time_decay", "shapley")
CHUNK_CELLS = 4_000_000  # bounds the memory of the dense journey × channel weights


@dataclass(frozen=True, slots=True)
class Credit:
    """Credit of every channel under one rule, each array of shape (channels,).

    Attributes
    ----------
    conversions, value : summed credit
    share_error : standard error of the channel's share of conversions, journeys as independent draws
    """

    conversions: np.ndarray
    value: np.ndarray
    share_error: np.ndarray


def _touch_weights(rule: str, lengths: np.ndarray, ends: float, half_life: float) -> np.ndarray:
    """Weights of all touches; each journey's sum to one."""
    length = np.repeat(lengths, lengths)
    position = np.arange(len(length)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    if rule == "first":
        return (position == 0).astype(float)
    if rule == "last":
        return (position == length - 1).astype(float)
    if rule == "linear":
        return 1.0 / length
    if rule == "position":
        outer = (position == 0) | (position == length - 1)
        inside = (1 - 2 * ends) / np.maximum(length - 2, 1)
        return np.where(length <= 2, 1.0 / length, np.where(outer, ends, inside))
    weights = 0.5 ** ((length - 1 - position) / half_life)
    return weights / np.repeat(np.add.reduceat(weights, np.cumsum(lengths) - lengths), lengths)


def share_credit(journeys: Journeys, *, ends: float = 0.4, half_life: float = 2.0) -> dict[str, Credit]:
    """Credit of every rule in ``RULES``.

    Parameters
    ----------
    journeys : rows of journeys with their conversions
    ends : position rule: share of the first and of the last touch (0-0.5); the rest goes to the touches between
    half_life : decay rule: touches before the last at which a touch counts half
    """
    size = max(1, CHUNK_CELLS // max(journeys.channels, 1))
    sums = {rule: np.zeros((3, journeys.channels)) for rule in RULES}
    for begin in range(0, len(journeys.conversions), size):
        rows = slice(begin, begin + size)
        span = slice(journeys.offsets[begin], journeys.offsets[min(begin + size, len(journeys.conversions))])
        counts, money, lengths = journeys.conversions[rows], journeys.value[rows], journeys.lengths[rows]
        cell = np.repeat(np.arange(len(lengths)), lengths) * journeys.channels + journeys.codes[span]
        shape = (len(lengths), journeys.channels)
        for rule in RULES:
            if rule == "shapley":
                present = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape) > 0
                weights = present / present.sum(axis=1, keepdims=True)
                sums[rule][:2] += [shapley_from_sets(present, counts), shapley_from_sets(present, money)]
            else:
                touches = _touch_weights(rule, lengths, ends, half_life)
                weights = np.bincount(cell, touches, minlength=shape[0] * shape[1]).reshape(shape)
                sums[rule][:2] += [counts @ weights, money @ weights]
            sums[rule][2] += counts @ weights**2
    total = max(float(journeys.conversions.sum()), 1.0)
    return {
        rule: Credit(s[0], s[1], np.sqrt(np.maximum(s[2] / total - (s[0] / total) ** 2, 0) / total)) for rule, s in sums.items()
    }
