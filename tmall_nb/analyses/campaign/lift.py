"""Lift of a campaign's items in yuan and in units, against the shop's other items."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from tmall_nb.analyses.campaign.choose import DAY, DIP_AFTER, Campaign
from tmall_nb.analyses.campaign.measure import UpliftResult, measure_uplift
from tmall_nb.calendar import mark_ordinary, ordinary_before
from tmall_nb.errors import NotEnoughData
from tmall_nb.queries.campaign_days import enrolled_items, item_sales
from tmall_nb.queries.shop_days import shop_days
from tmall_nb.shop import Shop

__all__ = ["Lift", "Series", "lift_of", "measure_again", "read_series"]

MAX_CONTROLS = 40


@dataclass(frozen=True)
class Series:
    """What every campaign of the shop is read from: shop days (``ordinary``: in no campaign) and item days."""

    shop: Shop
    days: pd.DataFrame
    items: pd.DataFrame

    def usual(self, c: Campaign) -> pd.DataFrame:
        """The last 28 ordinary days before the campaign and the days on which buyers may wait for it."""
        return ordinary_before(self.days, c.start - c.pre_dip_days * DAY)

    @property
    def last(self) -> pd.Timestamp:
        return self.days.loc[self.days["complete"], "date"].max()


@dataclass(frozen=True)
class Lift:
    """One campaign measured: in yuan, in units, with the frame it was read from."""

    campaign: Campaign
    enrolled: tuple[str, ...]
    money: UpliftResult
    frame: pd.DataFrame
    controls: tuple[str, ...]
    set_aside: int

    @cached_property
    def units(self) -> UpliftResult:
        """The same in units; measured when it is first asked for."""
        return measure_again(self, "paid_units", self.controls, self.money.method.level, self.money.method.seed or 0)


def read_series(shop: Shop) -> Series:
    """Read the daily series once."""
    days = shop_days(shop)
    days = days[days["complete"] & days["paid_amount"].notna()]
    return Series(shop, mark_ordinary(days, shop.calendar), item_sales(shop))


def lift_of(series: Series, campaign: Campaign, others: list[Campaign], *, level: float, seed: int) -> Lift:
    """Measure one campaign; days of other campaigns are set aside, they are not ordinary days."""
    enrolled = tuple(enrolled_items(series.shop, campaign=campaign.name))
    frame, controls = _frame(series, enrolled)
    frame, busy, dropped = _without_others(frame, campaign, others)
    money = measure_uplift(
        frame, start=campaign.start, end=campaign.end, outcome="paid_amount", controls=controls, events=busy,
        pre_dip_days=campaign.pre_dip_days, post_dip_days=DIP_AFTER, level=level, seed=seed,
    )  # fmt: skip
    return Lift(campaign, enrolled, money, frame, controls, dropped)


def measure_again(lift: Lift, outcome: str, controls: tuple[str, ...], level: float, seed: int) -> UpliftResult:
    """The same campaign read in units or against other controls."""
    parameters = lift.money.method.parameters
    busy = lift.frame.loc[lift.frame["paid_amount"].isna(), "date"]
    return measure_uplift(
        lift.frame, start=lift.campaign.start, end=lift.campaign.end, outcome=outcome, controls=controls, events=list(busy),
        pre_dip_days=parameters["pre_dip_days"], post_dip_days=parameters["post_dip_days"], level=level, seed=seed,
    )  # fmt: skip


def _frame(series: Series, enrolled: tuple[str, ...]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Days with the enrolled items' sum as outcome and every other item's units as controls; else the shop without controls."""
    days = series.days.set_index("date")
    if not enrolled or series.items.empty:
        return days[["paid_amount", "paid_units"]].reset_index(), ()
    wide = {
        c: series.items.pivot_table(index="date", columns="item_id", values=c, aggfunc="sum")
        for c in ("paid_amount", "paid_units")
    }
    ours = [i for i in enrolled if i in wide["paid_amount"]]
    if not ours:
        raise NotEnoughData(
            f"none of the {len(enrolled)} enrolled items is in 商品排行 or 宝贝报表; export them for these dates"
        )
    span = wide["paid_amount"].index
    out = pd.DataFrame({c: wide[c][ours].sum(axis=1) for c in wide}).reindex(pd.date_range(span[0], span[-1], name="date"))
    rest = wide["paid_units"].drop(columns=ours)
    rest = rest[rest.sum().nlargest(MAX_CONTROLS).index].fillna(0.0).reindex(out.index)
    rest.columns = [str(c) for c in rest.columns]
    return out.join(rest).reset_index(), tuple(rest.columns)


def _without_others(
    frame: pd.DataFrame, campaign: Campaign, others: list[Campaign]
) -> tuple[pd.DataFrame, list[pd.Timestamp], int]:
    """Blank the outcome on days of other campaigns; return those days as event days."""
    busy = pd.Series(False, index=frame.index)
    for other in others:
        if other.name != campaign.name:
            busy |= (frame["date"] >= other.start) & (frame["date"] <= other.end)
    busy &= (frame["date"] < campaign.start) | (frame["date"] > campaign.end)
    kept = frame.copy()
    kept.loc[busy, ["paid_amount", "paid_units"]] = float("nan")
    return kept, list(frame.loc[busy, "date"]), int(busy.sum())
