"""What enters the model beside the price: campaign days, slow trends, what the shop knew of demand when it set the price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tmall_nb.analyses.elasticity.inputs import ItemDays
from tmall_nb.stats.elasticity import Panel, center
from tmall_nb.stats.elasticity.controls import calendar_basis, campaign_days, shared_cuts, trend_basis
from tmall_nb.stats.elasticity.fit import MIN_ITEMS_FOR_DAYS
from tmall_nb.stats.elasticity.instrument import first_stage, usable

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
LEAST_DAYS, LEAST_UNITS = 28, 15
LEAST_SPREAD = 0.01  # sd of log price
MOSTLY = 0.95
LEAST_MARKED = 2  # days of campaigns, for a control of their own


@dataclass(frozen=True, slots=True)
class Design:
    """The items that can be answered and the controls of the model.

    Attributes
    ----------
    keep : (items,) items that enter
    controls : (items, days) of all items, or (days,)
    campaign : (days,) 0/1 where campaign days were read off the prices, else None
    f_statistic : first-stage F, nan without instrument
    """

    keep: Flags
    controls: list[Array]
    campaign: Array | None
    f_statistic: float

    def panel(self, data: ItemDays, more: tuple[Array, ...] = ()) -> Panel:
        """The kept items with all controls and ``more`` (of all items)."""
        return data.panel(self.keep, [*self.controls, *more])


def build_design(data: ItemDays, keep: Flags) -> Design:
    """Return the controls for the kept items."""
    chosen = list(data.controls.values())
    plain = data.panel(keep, chosen)
    campaign = None
    if not chosen:
        campaign = campaign_days(plain.log_price, plain.seen)
        if campaign is not None:
            chosen = [campaign]
    chosen += _enrolment(data, plain, keep)
    days = len(data.dates)
    chosen += trend_basis(days)
    if keep.sum() < MIN_ITEMS_FOR_DAYS:
        chosen += calendar_basis(days, int(data.dates[0].day_of_week))
    strength = np.nan
    if data.instrument is not None:
        panel = data.panel(keep, chosen)
        values = data.instrument[keep]
        known = usable(panel.seen, values)
        logs = np.log(np.where(known, values, 1.0))
        means = np.where(known, logs, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        stage = first_stage(panel, np.where(known, logs, means[:, None]))
        strength = stage.f_statistic
        chosen.append(spread_out(stage.residual, keep))
    return Design(keep, chosen, campaign, strength)


def _enrolment(data: ItemDays, plain: Panel, keep: Flags) -> list[Array]:
    """Controls for the traffic that comes with a campaign's cut: days of enrolled items, else cuts that many items share."""
    out = []
    if data.enrolled is not None and (data.enrolled[keep] > 0)[plain.seen].sum() >= LEAST_MARKED:
        out.append(spread_out(center(data.enrolled[keep], plain.seen), keep))
    if data.enrolled is None or (data.events is not None and data.events.sum() >= LEAST_MARKED):
        shared = shared_cuts(plain.log_price, plain.seen, data.events)
        out += [] if shared is None else [spread_out(shared, keep)]
    return out


def spread_out(values: Array, keep: Flags) -> Array:
    """Rows of the kept items put back among all items."""
    out = np.zeros((len(keep), values.shape[1]))
    out[keep] = values
    return out


def refuse(data: ItemDays, changes: NDArray[np.int64], least: int) -> tuple[NDArray[np.object_], Array]:
    """Return why each item cannot be answered ("" where it can), and its units."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(data.seen, np.log(data.price), 0.0)
    count = data.seen.sum(axis=1)
    units = np.where(data.seen, np.nan_to_num(data.units), 0.0).sum(axis=1)
    centred = np.where(data.seen, logs - (logs.sum(axis=1) / np.maximum(count, 1))[:, None], 0.0)
    spread = np.sqrt((centred**2).sum(axis=1) / np.maximum(count, 1))
    reason = np.full(len(data.ids), "", dtype=object)
    flag = _promotion_flag(data)
    if flag is not None:
        on = (flag & data.seen).sum(axis=1) / np.maximum(count, 1)
        within = _within(centred, data.seen, flag)
        reason[(spread >= LEAST_SPREAD) & (within < LEAST_SPREAD)] = "only_with_campaign"
        reason[(on > MOSTLY) & ((changes < least) | (spread < LEAST_SPREAD))] = "always_on_promotion"
    few = (changes < least) | (spread < LEAST_SPREAD)
    reason[few & (reason == "")] = "too_few_price_changes"
    reason[units < LEAST_UNITS] = "too_few_units"
    reason[count < LEAST_DAYS] = "too_few_days"
    return reason, units


def _promotion_flag(data: ItemDays) -> Flags | None:
    """Days of an item on promotion, by the controls that are 0/1."""
    flags = [mark > 0 for mark in data.marks]
    return np.logical_or.reduce(flags) if flags else None


def _within(centred: Array, seen: Flags, flag: Flags) -> Array:
    """Spread of an item's log price within its days on and its days off promotion."""
    total = np.zeros(len(centred))
    for part in (seen & flag, seen & ~flag):
        count = np.maximum(part.sum(axis=1), 1)
        mean = np.where(part, centred, 0.0).sum(axis=1) / count
        total += np.where(part, (centred - mean[:, None]) ** 2, 0.0).sum(axis=1)
    return np.asarray(np.sqrt(total / np.maximum(seen.sum(axis=1), 1)))
