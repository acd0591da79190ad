"""Second estimates of the mean elasticity, and what sold-out days that no file shows would do to the first.

* ``order_times``: a day that ran out counts as a shorter day, up to the share of the day's traffic at the last sale, instead of
  as "at least this many". Without stock data, days whose sales end improbably early stand for those that ran out.
* ``linear_iv``: two-stage least squares on weekly totals of items that sell enough for logs, where an instrument is given.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tmall_nb.analyses.elasticity.design import Design
from tmall_nb.analyses.elasticity.inputs import ItemDays
from tmall_nb.stats.elasticity import Fit, Panel, fit_panel
from tmall_nb.stats.elasticity.fit import expected_units
from tmall_nb.stats.iv import anderson_rubin, two_stage

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Z = 1.959964
COLUMNS = ("estimate", "elasticity", "low", "high", "first_elasticity", "items", "rows")
EARLY = 0.01  # a day whose sales end so early is taken to have run out
LEAST_EARLY, LEAST_SHARE = 30, 0.02
MOST_ITEMS, ROUNDS, SEED = 80, 12, 0
LIGHT, HEAVY = 0.05, 0.40  # share of item-days, and of campaign item-days, that sell out
LEAST_WEEKLY, LEAST_WEEKS = 20.0, 200


def second_estimates(data: ItemDays, design: Design, fit: Fit) -> pd.DataFrame:
    """Return one row per second estimate that the data allow."""
    rows = [r for r in (_order_times(data, design, fit), _linear(data, design, fit)) if r is not None]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _order_times(data: ItemDays, design: Design, fit: Fit) -> tuple[object, ...] | None:
    if data.sold_until is None:
        return None
    panel = design.panel(data)
    until = data.sold_until[design.keep]
    known = panel.seen & np.isfinite(until) & (panel.units > 0)
    share = np.clip(np.where(known, until, 1.0), LEAST_SHARE, 1.0)
    out = panel.censored & known if data.stock_known else known & (share**panel.units < EARLY)
    if out.sum() < LEAST_EARLY:
        return None
    unknown = panel.censored & ~known  # ran out without a time of sale: nothing to go by
    offset = np.where(out, np.log(share), 0.0)
    again = fit_panel(replace(panel, offset=offset, censored=np.zeros_like(out), seen=panel.seen & ~unknown))
    return _row("order_times", again.overall, again.overall_variance, fit.overall, panel.items, int(out.sum()))


def _row(name: str, value: float, variance: float, first: float, items: int, rows: int) -> tuple[object, ...]:
    half = Z * float(np.sqrt(variance))
    return name, value, value - half, value + half, first, items, rows


def _linear(data: ItemDays, design: Design, fit: Fit) -> tuple[object, ...] | None:
    """Log weekly units on log weekly price, item and week effects taken out, errors clustered by item."""
    if data.instrument is None:
        return None
    panel = data.panel(design.keep, [])
    starts = np.flatnonzero(np.diff(panel.week, prepend=panel.week[0] - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        cost = np.log(data.instrument[design.keep])
    use = panel.seen & np.isfinite(cost) & ~panel.censored
    days = np.add.reduceat(use.astype(float), starts, axis=1)
    units, price, moved = (
        np.add.reduceat(np.where(use, v, 0.0), starts, axis=1) / np.maximum(days, 1)
        for v in (panel.units, panel.log_price, cost)
    )
    enough = ((units * days).sum(axis=1) / np.maximum((days > 0).sum(axis=1), 1) >= LEAST_WEEKLY)[:, None]
    good = enough & (days >= 5) & (units > 0)
    if good.sum() < LEAST_WEEKS or good.any(axis=1).sum() < 5:
        return None
    logs = np.log(np.where(good, units, 1.0))
    y, x, z = (_two_way(v, good)[good] for v in (logs, price, moved))
    item = np.nonzero(good)[0]
    found = two_stage(y, x, np.empty((len(y), 0)), z, cluster=item)
    slope = float(found.slopes[0])
    reach = 8 * max(float(found.std_errors[0]), 0.05)
    grid = np.linspace(slope - reach, slope + reach, 161)
    low, high = anderson_rubin(y, x, np.empty((len(y), 0)), z, grid, cluster=item)
    return "linear_iv", slope, low, high, fit.overall, int(good.any(axis=1).sum()), int(good.sum())


def _two_way(values: Array, use: Flags) -> Array:
    """Take out row and column means over ``use``."""
    out = np.where(use, values, 0.0)
    rows, columns = np.maximum(use.sum(axis=1), 1), np.maximum(use.sum(axis=0), 1)
    for _ in range(50):
        out = np.where(use, out - (out.sum(axis=1) / rows)[:, None], 0.0)
        shift = out.sum(axis=0) / columns
        out = np.where(use, out - shift, 0.0)
        if np.abs(shift).max() < 1e-8:
            break
    return out


def stock_bias(data: ItemDays, design: Design, fit: Fit) -> tuple[float, float]:
    """Return by how much the mean elasticity would be too small in size if sold-out days were there but not known.

    Sales are drawn from the fitted model for (up to ``MOST_ITEMS``) items, cut at a stock of about a usual day's sales so that
    5 % of item-days sell out, and at about twice that so that 40 % of campaign item-days (or of the shop's busiest tenth of
    days) do; the difference between estimates from cut and uncut draws is the answer for this shop's own prices and volumes.
    """
    panel = design.panel(data)
    mean = expected_units(panel, fit)
    rows = np.unique(np.linspace(0, panel.items - 1, min(panel.items, MOST_ITEMS)).astype(int))
    codes = np.unique(panel.category[rows], return_inverse=True)[1]
    own = tuple(z if z.ndim == 1 else z[rows] for z in panel.controls)
    none = np.zeros((len(rows), panel.days), bool)
    small = Panel(none * 1.0, panel.seen[rows], none, panel.log_price[rows], codes, panel.week, own)
    rng = np.random.default_rng(SEED)
    size = 1 / fit.phi[rows, None]
    wanted = rng.negative_binomial(size, size / (size + mean[rows])).astype(float)
    busy = design.campaign > 0 if design.campaign is not None else fit.day >= np.quantile(fit.day, 0.9)
    full = fit_panel(replace(small, units=wanted), rounds=ROUNDS).overall
    out = []
    for share, room, days in ((LIGHT, 1.0, np.ones(panel.days, bool)), (HEAVY, 2.0, busy)):
        stock = _stock(rng, mean[rows], (share, room), days)
        out.append(fit_panel(replace(small, units=np.minimum(wanted, stock)), rounds=ROUNDS).overall - full)
    return out[0], out[1]


def _stock(rng: np.random.Generator, mean: Array, how: tuple[float, float], days: Flags) -> Array:
    """Stock of item-days; short on as many of ``days`` as make the wanted share sell out."""
    share, room = how
    usual = np.median(mean, axis=1, keepdims=True) * room
    level = rng.poisson(usual * np.exp(rng.normal(0, 0.4, mean.shape)) + 0.3)
    binds = float((rng.poisson(mean) >= level)[:, days].mean())
    short = (rng.random(mean.shape) < min(share / max(binds, 1e-9), 1.0)) & days
    return np.where(short, level, np.inf)
