"""The change of paid amount against the period before, over factors and traffic sources (LMDI)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.health.kpis import Periods
from tmall_nb.queries.source_periods import source_period
from tmall_nb.shop import Shop
from tmall_nb.stats.lmdi import lmdi

TREE = ("visitors", "conversion_rate", "amount_per_buyer")
ORDER_TREE = ("paid_orders", "amount_per_order")
SOURCE_FACTORS = ("visitors", "visitors_mix", "conversion_rate", "amount_per_buyer")
COLUMNS = ["segment", "factor", "before", "after", "contribution"]


def factor_changes(table: pd.DataFrame, periods: Periods) -> pd.DataFrame:
    """Split the change of paid amount a period over the KPI tree; rows sum to the change of ``paid_amount`` exactly.

    Visitors x conversion x amount per buyer where visitors are known, otherwise orders x amount per order.
    """
    known = table.set_index("metric")
    for factors in (TREE, ORDER_TREE):
        if all(f in known.index and np.isfinite(known.loc[f, ["value", "previous"]].astype(float)).all() for f in factors):
            days = periods.days if factors is TREE else 1  # visitors are a day's mean
            scale = np.array([days] + [1] * (len(factors) - 1))
            before = known.loc[list(factors), "previous"].to_numpy(float) * scale
            after = known.loc[list(factors), "value"].to_numpy(float) * scale
            parts = lmdi(before[None], after[None])[0]
            return pd.DataFrame({"segment": "all", "factor": factors, "before": before, "after": after, "contribution": parts})[
                COLUMNS
            ]
    return pd.DataFrame(columns=COLUMNS)


def source_changes(shop: Shop, periods: Periods) -> pd.DataFrame:
    """Split the same change over traffic sources: total traffic, mix of sources, conversion and amount inside each."""
    if not shop.has("traffic_source"):
        return pd.DataFrame(columns=COLUMNS)
    after = source_period(shop, days=pd.date_range(periods.start, periods.end)).set_index("segment")
    before = source_period(shop, days=pd.date_range(*periods.before)).set_index("segment")
    if after.empty or before.empty:
        return pd.DataFrame(columns=COLUMNS)
    segments = after.index.union(before.index, sort=False)
    x0, x1 = _with_mix(before.reindex(segments)), _with_mix(after.reindex(segments))
    x0, x1 = np.where(np.isnan(x0), x1, x0), np.where(np.isnan(x1), x0, x1)
    x0, x1 = np.nan_to_num(x0), np.nan_to_num(x1)
    names = list(SOURCE_FACTORS)
    return pd.DataFrame(
        {
            "segment": np.repeat(segments.to_numpy(), len(names)),
            "factor": np.tile(names, len(segments)),
            "before": x0.ravel(),
            "after": x1.ravel(),
            "contribution": lmdi(x0, x1).ravel(),
        }
    )


def _with_mix(sources: pd.DataFrame) -> np.ndarray:
    visitors = sources["visitors"].fillna(0.0).to_numpy(float)
    total = visitors.sum()
    share = visitors / total if total > 0 else visitors
    rates = sources[["conversion_rate", "amount_per_buyer"]].to_numpy(float)
    return np.column_stack([np.full(len(visitors), total), share, rates])
