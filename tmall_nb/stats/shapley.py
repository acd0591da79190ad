"""Exact Shapley values, from coalition worths or in closed form from the sets of channels of each journey.

Source: Shapley (1953); Zhao, Mahboobi, Bagheri (2018), "Shapley value methods for attribution modeling in online
advertising": with worth v(S) = conversions of journeys whose channels all lie in S, the Harsanyi dividend of a set is
its own conversions, so a journey's credit is shared equally by the distinct channels in it.
"""

from __future__ import annotations

from math import comb

import numpy as np

__all__ = ["shapley_from_sets", "shapley_values"]


def shapley_from_sets(members: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """Share the worth of sets equally among their members; equals the Shapley value of v(S) = Σ worth of subsets of S.

    Parameters
    ----------
    members : which players each set holds, bool, shape (sets, players); no set is empty
    worth : the dividend of each set, shape (sets,)

    Returns
    -------
    array of shape (players,) that sums to ``worth.sum()``

    Examples
    --------
    >>> shapley_from_sets(np.array([[True, True], [True, False]]), np.array([2.0, 1.0]))
    array([2., 1.])
    """
    return (worth / members.sum(axis=1)) @ members


def shapley_values(worth: np.ndarray) -> np.ndarray:
    """Shapley values by the definition, over all 2^n coalitions.

    Parameters
    ----------
    worth : worth of every coalition, indexed by its bit mask, shape (2**n,); ``worth[0]`` is the empty coalition

    Returns
    -------
    array of shape (n,) that sums to ``worth[-1] - worth[0]``
    """
    players = int(worth.size).bit_length() - 1
    if worth.size != 1 << players:
        raise ValueError(f"worth has {worth.size} entries: expected a power of two")
    masks = np.arange(worth.size)
    sizes = np.array([int(m).bit_count() for m in masks])
    values = np.empty(players)
    for player in range(players):
        without = masks[(masks >> player) & 1 == 0]
        weight = 1.0 / (players * np.array([comb(players - 1, int(s)) for s in sizes[without]]))
        values[player] = weight @ (worth[without | (1 << player)] - worth[without])
    return values
