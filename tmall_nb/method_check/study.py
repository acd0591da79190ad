"""One demo shop with its truth, and the results that several cases share."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

import tmall_nb as tn
from tmall_nb.analyses.demand import DemandResult
from tmall_nb.analyses.demand.shop_rows import PHASES, shop_rows
from tmall_nb.analyses.elasticity import ElasticityResult
from tmall_nb.analyses.media_mix import MediaMixResult
from tmall_nb.demo import Truth
from tmall_nb.shop import Shop

__all__ = ["HORIZON", "Row", "Study", "rows_of"]

HORIZON = 28
PLANNED = ("price_yuan", *PHASES)
Row = dict[str, Any]


def rows_of(quantity: str, frame: pd.DataFrame, level: float) -> list[Row]:
    """Rows of a frame that has subject, truth, estimate, low, high, naive."""
    frame = frame.reindex(columns=["subject", "truth", "estimate", "low", "high", "naive"])
    return frame.assign(quantity=quantity, level=level).to_dict("records")


class Study:
    """A demo shop, read from its files alone, beside its truth.

    Attributes
    ----------
    shop, truth : the shop and what is true of it
    elasticity, mix : estimates that plans build on
    slopes : naive slope of daily log units on log price, by item_id; days without sales left out
    past, ahead : item-days up to 28 days before the end, and after
    demand : forecast of ``ahead`` from ``past``, with the calendar and the prices of ``ahead`` as a plan knows them
    """

    def __init__(self, shop: Shop, truth: Truth):
        self.shop, self.truth = shop, truth

    @cached_property
    def elasticity(self) -> ElasticityResult:
        return tn.estimate_elasticity(self.shop)

    @cached_property
    def mix(self) -> MediaMixResult:
        return tn.fit_media_mix(self.shop)

    @cached_property
    def slopes(self) -> pd.Series:
        days = self.shop.sql(
            "SELECT item_id, paid_units, paid_amount / paid_units AS price FROM product_daily WHERE paid_units > 0"
        )
        found = {}
        for item, rows in days.groupby("item_id"):
            x, y = np.log(rows["price"].to_numpy(float)), np.log(rows["paid_units"].to_numpy(float))
            if len(rows) > 20 and x.std() > 0.005:
                found[item] = float(np.polyfit(x, y, 1)[0])
        return pd.Series(found, dtype=float)

    @cached_property
    def _item_days(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        rows, _, _, _ = shop_rows(self.shop, horizon=HORIZON, by="item")
        cut = rows["date"].max() - pd.Timedelta(days=HORIZON)
        return rows[rows["date"] <= cut], rows[rows["date"] > cut]

    @property
    def past(self) -> pd.DataFrame:
        return self._item_days[0]

    @property
    def ahead(self) -> pd.DataFrame:
        return self._item_days[1]

    @cached_property
    def demand(self) -> DemandResult:
        known = ["item_id", "date", *(c for c in PLANNED if c in self.ahead)]
        return tn.forecast_demand(self.past, future=self.ahead[known], horizon_days=HORIZON)

    def by_item(self, *names: str) -> pd.DataFrame:
        """Entries of ``truth.items`` as columns, item_id as index."""
        items = self.truth.items
        return pd.DataFrame({name: [row[name] for row in items.values()] for name in names}, index=list(items))

    def by_day(self, name: str) -> np.ndarray:
        """(items, 28) of ``wanted_by_day`` or ``expected_by_day``, items in the order of ``truth.items``."""
        return np.array([row[name] for row in self.truth.items.values()], dtype=float)
