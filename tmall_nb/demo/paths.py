"""Aggregated conversion paths from a known Markov chain of touch points.

Equation: a visit starts at channel c with probability ``START[c]``, moves on to another with ``STEP``, orders with
``ORDER[c]`` and leaves otherwise. ``truth.json`` holds the removal effects of the chain itself. Naive: last touch gives
the cart, my-Taobao and keywords what recommendation and audience ads began.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from tmall_nb.demo.streams import Settings

__all__ = ["CHANNEL_NAMES", "PathTruth", "make_paths"]

CHANNEL_NAMES = ("手淘搜索", "手淘推荐", "关键词推广", "精准人群推广", "全站推广", "淘宝客", "购物车", "我的淘宝")
START = np.array([0.28, 0.24, 0.15, 0.12, 0.10, 0.05, 0.02, 0.04])
ORDER = np.array([0.05, 0.015, 0.045, 0.02, 0.02, 0.05, 0.20, 0.12])
STAY = 0.42
PULL = np.array([0.22, 0.12, 0.14, 0.08, 0.07, 0.04, 0.22, 0.11])


@dataclass(frozen=True, slots=True)
class PathTruth:
    """Path texts with conversions, their value and the visits that did not convert; the chain's removal effects."""

    paths: np.ndarray
    conversions: np.ndarray
    value: np.ndarray
    nulls: np.ndarray
    removal: dict[str, float]


def _removal() -> dict[str, float]:
    """Share of all conversions lost when a channel cannot be visited."""
    move = STAY * PULL[None, :] * (1 - ORDER[:, None])

    def rate(keep: np.ndarray) -> float:
        inside = move * keep[None, :]
        value = np.linalg.solve(np.eye(len(ORDER)) - inside, ORDER)
        return float((START * keep * value).sum())

    full = rate(np.ones(len(ORDER)))
    return {name: 1 - rate(np.arange(len(ORDER)) != c) / full for c, name in enumerate(CHANNEL_NAMES)}


def make_paths(settings: Settings) -> PathTruth:
    """Draw visits through the chain and count equal paths."""
    rng = settings.rng("paths")
    visits = min(settings.orders * 2, 60_000)
    now = rng.choice(len(START), visits, p=START)
    texts = [[int(c)] for c in now]
    ordered = np.zeros(visits, dtype=bool)
    live = np.arange(visits)
    for _ in range(12):
        buys = rng.random(len(live)) < ORDER[now[live]]
        ordered[live[buys]] = True
        live = live[~buys]
        live = live[rng.random(len(live)) < STAY]
        now[live] = rng.choice(len(PULL), len(live), p=PULL)
        for v in live.tolist():
            texts[v].append(int(now[v]))
    won: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for path, won_it in zip(texts, ordered.tolist(), strict=True):
        (won if won_it else lost)[" > ".join(CHANNEL_NAMES[c] for c in path)] += 1
    names = sorted(set(won) | set(lost), key=lambda p: (-won[p], -lost[p], p))
    conversions = np.array([won[p] for p in names])
    return PathTruth(
        np.array(names, dtype=object),
        conversions,
        np.round(conversions * 168.0, 2),
        np.array([lost[p] for p in names]),
        _removal(),
    )
