"""What a price does to the shop's other items, where the elasticities say that a category competes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tmall_nb.analyses.pricing.inputs import Book
from tmall_nb.stats.pricing import Economics

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Others:
    """Profit a day of an item's rivals in the shop at today's prices, and its percent per percent of the item's price."""

    profit: float = 0.0
    response: float = 0.0

    def gain(self, prices: Array, now: float) -> Array:
        """(prices,) what the rivals earn more a day than at the price of today."""
        return self.profit * ((np.asarray(prices) / now) ** self.response - 1)


ALONE = Others()


def count_others(
    table: pd.DataFrame, competition: pd.DataFrame, items: pd.DataFrame, units: dict[str, float], book: Book
) -> dict[str, Others]:
    """Return the rivals of each item of a category whose effect is told from 0 (verdict competes).

    A category's effect theta is that of all other prices together, so item i moves item j by theta times i's share of what j's
    rivals sell. Items without a cost or a price have no profit to lose and stay out.

    Parameters
    ----------
    table, competition : of ``ElasticityResult``
    items : item_id, unit_cost, price_now
    units : item_id → units a day of late
    """
    told = competition[competition["verdict"] == "competes"] if len(competition) else competition
    effect = dict(zip(told["category"], told["effect"], strict=True)) if len(told) else {}
    known = items.set_index("item_id")
    answered = table[(table["verdict"] == "ok") & table["category"].isin(list(effect))]
    out: dict[str, Others] = {}
    for category, group in answered.groupby("category"):
        ids = group["item_id"].astype(str)
        sold = (group["units"] / group["days"].clip(lower=1)).to_numpy(float)
        rows = known.reindex(ids)
        one = Economics(0.0, book.fee, book.kept, book.shipping).unit_profit(rows["price_now"].to_numpy(float))
        earned = np.nan_to_num((one - book.kept * rows["unit_cost"].to_numpy(float)) * [units.get(k, 0.0) for k in ids])
        rest = np.maximum(sold.sum() - sold, 1e-9)
        for i, item in enumerate(ids):
            profit = float(earned.sum() - earned[i])
            moved = float(effect[str(category)]) * sold[i] * (float((earned / rest).sum()) - earned[i] / rest[i])
            if profit > 0:
                out[item] = Others(profit, moved / profit)
    return out
