"""Kaplan-Meier (1958) with log-log intervals, from counts a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

__all__ = ["Curve", "hazard_window", "kaplan_meier"]


@dataclass(frozen=True, slots=True)
class Curve:
    """Share that has had the event by each time.

    Attributes
    ----------
    time : days, ascending, one per day with an event or the last day seen
    happened, low, high : share with the event by then, and its interval
    at_risk, events : counts behind it
    """

    time: np.ndarray
    happened: np.ndarray
    low: np.ndarray
    high: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray

    def at(self, time: float) -> tuple[float, float, float]:
        """Share, low, high at ``time``; NaN beyond the last time at which anybody was still at risk."""
        if not len(self.time) or time > self.time[-1]:
            return (float("nan"),) * 3
        k = int(np.searchsorted(self.time, time, side="right")) - 1
        return (0.0, 0.0, 0.0) if k < 0 else (float(self.happened[k]), float(self.low[k]), float(self.high[k]))


def kaplan_meier(time: object, events: object, censored: object, *, level: float = 0.95) -> Curve:
    """Estimate the curve from ``events`` and ``censored`` counts per ``time`` (an event precedes a censoring of that time)."""
    t, d, c = (np.asarray(v, dtype=np.float64) for v in (time, events, censored))
    order = np.argsort(t, kind="stable")
    t, d, c = t[order], d[order], c[order]
    if len(t) == 0:
        return Curve(*[np.empty(0)] * 6)
    starts = np.flatnonzero(np.diff(t, prepend=-np.inf) > 0)
    d, c, t = np.add.reduceat(d, starts), np.add.reduceat(c, starts), t[starts]
    at_risk = np.cumsum((d + c)[::-1])[::-1]
    stays = 1 - d / at_risk
    alive = np.cumprod(stays)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(d / (at_risk * (at_risk - d)))
        width = float(ndtri(0.5 + level / 2)) * np.sqrt(greenwood) / np.abs(np.log(alive))
        low, high = alive ** np.exp(width), alive ** np.exp(-width)
    none, all_gone = alive == 1, alive == 0
    low, high = np.where(none | all_gone, alive, low), np.where(none | all_gone, alive, high)
    return Curve(t, 1 - alive, 1 - high, 1 - low, at_risk, d)


def hazard_window(curve: Curve, *, share: tuple[float, float] = (0.25, 0.75), until: float = 180.0) -> tuple[float, float]:
    """Days between which the middle of all events within ``until`` days falls: when a reminder meets most buyers in time."""
    inside = curve.time <= until
    if not inside.any() or curve.happened[inside][-1] <= 0:
        return float("nan"), float("nan")
    reached = curve.happened[inside] / curve.happened[inside][-1]
    first, last = (int(np.searchsorted(reached, q - 1e-12)) for q in share)
    return float(curve.time[inside][first]), float(curve.time[inside][last])
