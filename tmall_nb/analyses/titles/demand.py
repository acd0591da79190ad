"""Search terms, their demand as a range, and which of them fit an item."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tmall_nb.errors import ExportError, NotEnoughData
from tmall_nb.queries.keyword_rows import market_terms, own_terms
from tmall_nb.shop import Shop
from tmall_nb.stats.segment import Segmenter

Array = NDArray[np.float64]

_SPREAD = 1.3  # an own term's visits of next month lie within this factor


@dataclass(frozen=True, slots=True)
class Demand:
    """Search terms with their words and the range of their demand, largest first.

    Attributes
    ----------
    terms : the search terms
    words : for each term its distinct words
    low, high : demand, shape (terms,), in one unit for all
    """

    terms: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    low: Array
    high: Array


def read_demand(source: Shop | pd.DataFrame, demand: pd.DataFrame | None) -> pd.DataFrame:
    """keyword, demand_low, demand_high: as given, or a shop's market terms (popularity × conversion) and own terms."""
    if demand is not None:
        return _checked(demand)
    if not isinstance(source, Shop):
        raise ExportError("demand", "is missing: give a frame with keyword, demand_low, demand_high (or demand)")
    parts = []
    if source.has("search_market"):
        parts.append(_market(market_terms(source)))
    if source.has("search_own"):
        parts.append(_own(own_terms(source), parts[0] if parts else None))
    if not parts:
        raise NotEnoughData("search_market or search_own is needed: export 生意参谋 → 市场 → 搜索洞察 → 搜索排行")
    return pd.concat(parts).drop_duplicates("keyword").reset_index(drop=True)


def _checked(demand: pd.DataFrame) -> pd.DataFrame:
    if "demand_low" not in demand and "demand" in demand:
        demand = demand.assign(demand_low=demand["demand"], demand_high=demand["demand"])
    if "demand_low" not in demand and "search_popularity_low" in demand:
        return _market(demand)
    if "demand_low" not in demand and "visitors" in demand:
        return _own(demand, None)
    missing = [c for c in ("keyword", "demand_low", "demand_high") if c not in demand]
    if missing:
        raise ExportError("demand", f"column {', '.join(missing)} is missing; found {', '.join(map(str, demand.columns))}")
    return demand[["keyword", "demand_low", "demand_high"]].copy()


def _market(market: pd.DataFrame) -> pd.DataFrame:
    rates = [
        market.get(f"conversion_rate_{end}", pd.Series(np.nan, index=market.index)).astype(float) for end in ("low", "high")
    ]
    low = rates[0].fillna(rates[0].min() if rates[0].notna().any() else 1.0)
    high = rates[1].fillna(rates[1].max() if rates[1].notna().any() else 1.0)
    return pd.DataFrame(
        {
            "keyword": market["keyword"],
            "demand_low": market["search_popularity_low"].astype(float) * low,
            "demand_high": market["search_popularity_high"].astype(float) * high,
        }
    ).dropna()


def _own(own: pd.DataFrame, market: pd.DataFrame | None) -> pd.DataFrame:
    """Own visits as demand, on the market's scale where terms are in both reports."""
    visits = own.groupby("keyword", sort=False)["visitors"].sum().astype(float)
    scale = 1.0
    if market is not None:
        both = market.set_index("keyword")[["demand_low", "demand_high"]].prod(axis=1).pow(0.5)
        common = visits.index.intersection(both.index)
        if len(common) and visits[common].sum() > 0:
            scale = float(both[common].sum() / visits[common].sum())
    return pd.DataFrame(
        {
            "keyword": visits.index,
            "demand_low": visits.to_numpy() * scale / _SPREAD,
            "demand_high": visits.to_numpy() * scale * _SPREAD,
        }
    )


def cut_demand(frame: pd.DataFrame, segmenter: Segmenter) -> Demand:
    """Cut the search terms into words, the largest demand first."""
    frame = frame.dropna(subset=["keyword", "demand_low", "demand_high"])
    frame = frame.assign(keyword=frame["keyword"].astype(str).str.strip())
    frame = frame[(frame["keyword"] != "") & (frame["demand_high"] > 0)]
    frame = frame.sort_values("demand_high", ascending=False, kind="stable").reset_index(drop=True)
    words = tuple(tuple(dict.fromkeys(w)) for w in segmenter.cut_many(frame["keyword"].tolist()))
    low = frame["demand_low"].to_numpy(float)
    return Demand(tuple(frame["keyword"]), words, low, np.maximum(frame["demand_high"].to_numpy(float), low))
