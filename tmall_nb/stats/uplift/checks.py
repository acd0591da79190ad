"""What stands beside a lift: naive figures, windows without a campaign read as if they had one, controls out of line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tmall_nb.stats.uplift.ar_white import Hyper, predict, solve
from tmall_nb.stats.uplift.index import grain, safe_log
from tmall_nb.stats.uplift.model import Design, Uplift

__all__ = ["before_after", "block_placebos", "control_jumps", "difference_in_differences"]

Array = NDArray[np.float64]
DAYS_BEFORE = 14
DID_DAYS = 28
MAX_PLACEBOS = 12


def before_after(y: Array, sale: NDArray[np.bool_]) -> float:
    """Sum over the campaign minus as many days at the mean of the 14 days before it: the figure usually reported."""
    first = int(np.argmax(sale))
    before = y[max(first - DAYS_BEFORE, 0) : first]
    return float(np.nansum(y[sale]) - np.nanmean(before) * np.isfinite(y[sale]).sum())


def difference_in_differences(y: Array, controls: Array, design: Design) -> float:
    """Sum over the campaign minus the level of 28 ordinary days before, moved as the mean log control moved."""
    ordinary = np.flatnonzero(~design.hidden & ~design.events & np.isfinite(y))
    before = ordinary[ordinary < np.argmax(design.sale)][-DID_DAYS:]
    if controls.shape[1] == 0 or len(before) < 7:
        return float("nan")
    moved = np.mean([safe_log(c) for c in controls.T], axis=0)
    sale = np.flatnonzero(design.sale & np.isfinite(y))
    level = float(safe_log(y[np.isfinite(y)])[np.searchsorted(np.flatnonzero(np.isfinite(y)), before)].mean())
    expected = np.exp(level + moved[sale] - moved[before].mean()) - grain(y[np.isfinite(y)])
    return float((y[sale] - expected).sum())


def block_placebos(y: Array, fit: Uplift, design: Design, *, limit: int = MAX_PLACEBOS) -> list[tuple[int, int, float, float]]:
    """Read windows without a campaign as if they had one, each hidden from the fit like the campaign.

    Returns
    -------
    first day, last day, summed actual minus counterfactual, its standard deviation; newest window first
    """
    z, X, observed, prior, mode, smear = fit.problem
    hyper, length = Hyper.of(mode), int(design.sale.sum())
    margin = max(int(design.window.sum()) - length, 0) // 2
    out: list[tuple[int, int, float, float]] = []
    last = int(np.argmax(design.hidden)) - 1
    while last - length + 1 >= 28 and len(out) < limit:
        days = np.arange(last - length + 1, last + 1)
        if observed[days].all() and not design.events[days].any():
            rest = observed.copy()
            rest[max(days[0] - margin, 0) : last + margin + 1] = False
            if rest.sum() < 28:
                break
            mean, cov = predict(solve(z, X, rest, prior, hyper), X, rest, hyper, days)
            level = np.exp(mean + np.diag(cov) / 2) * smear
            spread = float(np.sqrt(level @ cov @ level))
            out.append((int(days[0]), int(last), float((np.exp(z[days]) - level).sum()), spread))
        last -= length + margin
    return out


def control_jumps(fit: Uplift, design: Design) -> Array:
    """How far each control leaves the others during the campaign, in standard deviations of ordinary windows; (K,)."""
    if fit.index is None or fit.index.deviations.shape[1] < 2:
        return np.zeros(0 if fit.index is None else fit.index.deviations.shape[1])
    deviations, length = fit.index.deviations, int(design.sale.sum())
    ordinary = ~design.hidden & ~design.events
    windows = np.lib.stride_tricks.sliding_window_view(deviations, length, axis=0).mean(axis=-1)
    inside = np.lib.stride_tricks.sliding_window_view(ordinary, length).all(axis=-1)
    spread = windows[inside].std(axis=0) if inside.sum() > 5 else deviations[ordinary].std(axis=0)
    move = deviations[design.sale].mean(axis=0)
    return (move - np.median(move)) / np.maximum(spread, 1e-9)
