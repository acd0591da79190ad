"""Baseline columns of a media mix: trend, seasons and standardised controls; and the spend of a lift test."""

from __future__ import annotations

import numpy as np

__all__ = ["YEAR_WEEKS", "baseline_columns", "lift_rates"]

YEAR_WEEKS = 52.1775
WAVE_WEEKS = 26  # weeks below which a yearly wave cannot be told from the trend


def baseline_columns(year_position: np.ndarray, controls: np.ndarray) -> np.ndarray:
    """Columns of the log baseline, each with mean 0 and standard deviation 1 (constant controls are left out).

    Parameters
    ----------
    year_position : years since some date, one per week, shape (weeks,)
    controls : shape (weeks, controls)

    Returns
    -------
    array of shape (weeks, columns): trend, up to four waves, then the controls
    """
    weeks = len(year_position)
    angle = 2 * np.pi * year_position
    raw = [np.arange(weeks, dtype=float)]
    for k in (1, 2) if weeks >= WAVE_WEEKS else ():
        raw += [np.sin(k * angle), np.cos(k * angle)]
    raw += list(controls.T)
    columns = [(c - c.mean()) / c.std() for c in raw if c.std() > 1e-9 * max(1.0, float(np.abs(c).max()))]
    return np.column_stack(columns) if columns else np.empty((weeks, 0))


def lift_rates(spend: np.ndarray, sales_mean: float, channels: np.ndarray, weeks: np.ndarray) -> np.ndarray:
    """Weight of every channel-week's contribution in a test's return, shape (channels, weeks).

    ``channels`` are the numbers of those tested together, ``weeks`` marks the tested weeks; contributions are in units of mean
    sales, the return in yuan per yuan of their spend.
    """
    rates, where = np.zeros(spend.shape), np.ix_(channels, np.flatnonzero(weeks))
    rates[where] = sales_mean / spend[where].sum()
    return rates
