"""Placebo items: every control treated in turn as if it had been in the campaign, and where the campaign ranks among them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign.frames import CampaignDays, prepare_days, read_request
from tmall_nb.analyses.campaign.lift import Lift
from tmall_nb.stats.uplift import Uplift, fit_uplift

__all__ = ["placebo_items", "rank_p_value"]

MOST = 20  # the busiest controls; each costs one fit
DRAWS = 400
LEAST_ORDERS = 0.2  # a day: below, no lift of a single item can be read
COLUMNS = ["item_id", "item_title", "orders_per_day", "effect", "low", "high", "relative", "deviations"]


def placebo_items(lift: Lift, titles: pd.Series, *, level: float, seed: int) -> pd.DataFrame:
    """Treat each control in turn against the others over the campaign's days (units).

    Returns
    -------
    item_id, item_title, orders_per_day, effect, low, high (units), relative, deviations (effect over its standard deviation),
    furthest from zero first; empty with fewer than three controls
    """
    if len(lift.controls) < 3:
        return pd.DataFrame(columns=COLUMNS)
    c = lift.campaign
    busy = lift.frame.loc[lift.frame["paid_units"].isna(), "date"]
    rows = []
    for name in _busiest(lift):
        others = [k for k in lift.controls if k != name]
        request = read_request(c.start, c.end, name, others, list(busy), (c.pre_dip_days, 0))
        ready = prepare_days(_blanked(lift.frame, name), request)
        fit = fit_uplift(ready.y, ready.controls, ready.design, level=level, draws=DRAWS, seed=seed)
        rows.append((name, titles.get(name), *_row(ready, fit, level)))
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values("deviations", key=np.abs, ascending=False, ignore_index=True)


def _busiest(lift: Lift) -> list[str]:
    mean = lift.frame[list(lift.controls)].mean().sort_values(ascending=False)
    return [str(k) for k in mean[mean >= LEAST_ORDERS].head(MOST).index]


def _blanked(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The control as outcome, unknown where the campaign items' own outcome is (days of other campaigns)."""
    return frame.assign(**{name: frame[name].where(frame["paid_units"].notna())})


def _row(ready: CampaignDays, fit: Uplift, level: float) -> tuple[float, ...]:
    sale = ready.design.sale[fit.days]
    actual, draws = ready.y[fit.days][sale], fit.draws[:, sale]
    expected = float(draws.sum(axis=1).mean())
    extra = fit.grain * max(float(actual.sum()) - expected, 0.0)
    gaps = float(actual.sum()) - draws.sum(axis=1)
    spread = float(np.sqrt(gaps.var() + extra))
    effect = float(gaps.mean())
    tail = np.quantile(gaps - effect, [(1 - level) / 2, (1 + level) / 2])
    wide = spread / max(float(gaps.std()), 1e-12)
    orders = float(np.nanmean(ready.y[fit.problem[2]]) / fit.grain)
    relative = effect / expected if expected > 0 else np.nan
    return orders, effect, effect + wide * tail[0], effect + wide * tail[1], relative, effect / max(spread, 1e-12)


def rank_p_value(own: float, placebos: np.ndarray) -> float:
    """Share of placebos (the campaign counted among them) that stand out at least as far; two-sided, never 0."""
    return float((1 + (np.abs(placebos) >= abs(own)).sum()) / (len(placebos) + 1))
