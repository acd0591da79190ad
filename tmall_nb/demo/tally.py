"""Counts by item and day that the platform's reports show, filled month by month from the order lines.

Definitions as the platform's: 支付金额 is gross and dated by payment; buyers are distinct per cell; 成功退款金额 is dated by
the day the refund succeeds; new means not seen before.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tmall_nb.demo.buyers import Buyers
from tmall_nb.demo.season import Days
from tmall_nb.demo.traffic import Traffic
from tmall_nb.demo.write_orders import DAY, Month

__all__ = ["Tally"]


class Tally:
    """(I, D) counts of the item report and, in ``shop``, the (D,) counts of the shop report."""

    CELLS: ClassVar[tuple[str, ...]] = (
        "visitors",
        "page_views",
        "favorites",
        "carts",
        "buyers",
        "units",
        "paid_cents",
        "new_buyers",
        "returning_cents",
        "refund_cents",
        "ordering_buyers",
        "ordered_units",
        "ordered_cents",
        "ju_cents",
    )
    SHOP: ClassVar[tuple[str, ...]] = (
        "buyers",
        "units",
        "orders",
        "paid_cents",
        "new_buyers",
        "returning_cents",
        "refund_cents",
        "fast",
        "hours",
        "refund_days",
        "cps_cents",
    )

    def __init__(self, days: Days, traffic: Traffic, rng: np.random.Generator):
        cells = np.zeros((len(self.CELLS[4:]), *traffic.visitors.shape), dtype=np.int32)
        self.visitors = traffic.visitors
        self.page_views = (traffic.visitors + rng.binomial(traffic.visitors, 0.8)).astype(np.int32)
        self.favorites = rng.binomial(traffic.visitors, 0.035).astype(np.int32)
        self.carts = rng.binomial(traffic.visitors, 0.085).astype(np.int32)
        self.buyers, self.units, self.paid_cents, self.new_buyers, self.returning_cents, self.refund_cents = cells[:6]
        self.ordering_buyers, self.ordered_units, self.ordered_cents, self.ju_cents = cells[6:]
        self.shop = {name: np.zeros(len(days.dates)) for name in self.SHOP}
        self._start = int(days.dates[0].astype("datetime64[s]").astype(np.int64))

    def add(self, month: Month, buyers: Buyers, days: Days) -> None:
        """Count one month's lines."""
        lines = month.lines
        local = lines.order - lines.order[0]
        cell = (lines.item, lines.day)
        new = buyers.order_new[lines.order]
        np.add.at(self.units, cell, lines.units)
        np.add.at(self.paid_cents, cell, lines.paid_cents)
        np.add.at(self.returning_cents, cell, np.where(new, 0, lines.paid_cents))
        self._buyers(month, local, new)
        unpaid = np.isin(local, month.extra)
        np.add.at(self.ordered_units, cell, lines.units * (1 + unpaid))
        np.add.at(self.ordered_cents, cell, lines.paid_cents * (1 + unpaid))
        done = np.flatnonzero(month.refunded > 0)
        when = lines.paid_second[local[done]] + (lines.finished[done] * DAY).astype(np.int64)
        np.add.at(self.refund_cents, (lines.item[done], (when - self._start) // DAY), month.refunded[done])
        np.add.at(self.shop["refund_cents"], (when - self._start) // DAY, month.refunded[done])
        ju = np.isin(
            lines.day, [t for k, e in enumerate(days.events) if e.kind == "聚划算" for t in np.flatnonzero(days.phase[k])]
        )
        np.add.at(self.ju_cents, cell, np.where(ju, lines.paid_cents, 0))
        self._shop(month, new)

    def _buyers(self, month: Month, local: np.ndarray, new: np.ndarray) -> None:
        """Distinct buyers per item-day; those who ordered but did not pay come on top of 下单买家数."""
        lines = month.lines
        buyer = month.buyer[local]
        order = np.lexsort((buyer, lines.item, lines.day))
        d, i, b = lines.day[order], lines.item[order], buyer[order]
        once = np.append(True, (d[1:] != d[:-1]) | (i[1:] != i[:-1]) | (b[1:] != b[:-1])) if len(d) else d.astype(bool)
        np.add.at(self.buyers, (i[once], d[once]), 1)
        np.add.at(self.new_buyers, (i[once], d[once]), new[order][once])
        np.add.at(self.ordering_buyers, (i[once], d[once]), 1)
        again = np.isin(local[order], month.extra) & once
        np.add.at(self.ordering_buyers, (i[again], d[again]), 1)

    def _shop(self, month: Month, new: np.ndarray) -> None:
        lines = month.lines
        first = lines.order_first
        day = lines.day[first]
        total = np.add.reduceat(lines.paid_cents, first)
        length = len(self.shop["orders"])
        pairs = np.unique(day.astype(np.int64) * 2**40 + month.buyer)
        fresh = np.unique((day.astype(np.int64) * 2**40 + month.buyer)[new[first]])
        shipped = month.shipped >= 0
        wait = (month.shipped - lines.paid_second) / 3600
        self.shop["buyers"] += np.bincount(pairs >> 40, minlength=length)
        self.shop["new_buyers"] += np.bincount(fresh >> 40, minlength=length)
        self.shop["orders"] += np.bincount(day, minlength=length)
        self.shop["units"] += np.bincount(lines.day, lines.units, minlength=length)
        self.shop["paid_cents"] += np.bincount(day, total, minlength=length)
        self.shop["returning_cents"] += np.bincount(day, np.where(new[first], 0, total), minlength=length)
        self.shop["fast"] += np.bincount(day, shipped & (wait < 24), minlength=length)
        arrived = month.delivered >= 0
        count = np.maximum(np.bincount(day, arrived, minlength=length), 1)
        self.shop["hours"] += (
            np.bincount(day, np.where(arrived, (month.delivered - lines.paid_second) / 3600, 0), minlength=length) / count
        )
        self.shop["refund_days"] += np.where(np.bincount(day, minlength=length) > 0, 1.8, 0)
        self.shop["cps_cents"] += np.floor(np.bincount(day, total, minlength=length) * 0.012)
