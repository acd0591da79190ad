"""Where a keyword loses against its peers: seeing, clicking, putting into the cart, ordering."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tmall_nb.stats.keywords import beta_mle, beta_posterior

_LEAST_CLICKS = 30  # below it a stage cannot be told from its peers
_MOST_KEYWORDS = 2_000
_LEAST_PEERS = 5
COLUMNS = [
    *("keyword", "stage", "trials", "hits", "rate", "low", "high", "peer_rate", "gap_share"),
    *("lost_orders", "lost_orders_low", "lost_orders_high", "weakest"),
]


def diagnose_stages(rows: pd.DataFrame, kind: NDArray[np.object_], product: NDArray[np.int64], level: float) -> pd.DataFrame:
    """One row per keyword (at least 30 clicks; the 2,000 with most) and stage of ``KeywordResult.stages``.

    Orders per impression is the product of the stage rates, so the logarithm of its shortfall against the peers is the
    sum of the stages' logarithms (LMDI). Peers are keywords of the same kind and product word where there are five,
    else of the same kind. Rates are shrunk by a beta prior per stage.
    """
    stages = _stages(rows)
    usable = rows["impressions"].notna() & (rows["impressions"] >= rows["clicks"]) & (rows["clicks"] >= _LEAST_CLICKS)
    picked = np.flatnonzero(usable.to_numpy())
    picked = picked[np.argsort(-rows["clicks"].to_numpy(float)[picked], kind="stable")][:_MOST_KEYWORDS]
    if picked.size < _LEAST_PEERS or not stages:
        return pd.DataFrame(columns=COLUMNS)
    chosen = rows.iloc[picked].reset_index(drop=True)
    group = _peer_groups(kind[picked], product[picked])
    parts = [_stage(chosen, group, name, trials, hits, level) for name, trials, hits in stages]
    frame = pd.concat(parts, ignore_index=True)
    return _shares(frame, chosen)[COLUMNS]


def _stages(rows: pd.DataFrame) -> list[tuple[str, str, str]]:
    if "ad_carts" in rows and rows["ad_carts"].sum() > 0:
        return [
            ("impression_to_click", "impressions", "clicks"),
            ("click_to_cart", "clicks", "ad_carts"),
            ("cart_to_order", "ad_carts", "ad_orders"),
        ]
    return [("impression_to_click", "impressions", "clicks"), ("click_to_order", "clicks", "ad_orders")]


def _peer_groups(kind: NDArray[np.object_], product: NDArray[np.int64]) -> NDArray[np.object_]:
    labels = pd.Series([f"{k}/{p}" for k, p in zip(kind, product, strict=True)])
    few = labels.map(labels.value_counts()) < _LEAST_PEERS
    return np.where(few, kind, labels).astype(object)


def _stage(rows: pd.DataFrame, group: NDArray[np.object_], name: str, trials: str, hits: str, level: float) -> pd.DataFrame:
    n = rows[trials].to_numpy(float)
    y = np.minimum(rows[hits].to_numpy(float), n)
    if y.sum() <= 0:
        rate = low = high = np.full(n.size, np.nan)
    else:
        rate, low, high = beta_posterior(beta_mle(n, y), n, y, level)
    sums = pd.DataFrame({"n": n, "y": y}).groupby(group).transform("sum")
    others = (sums["y"] - y + 0.5) / (sums["n"] - n + 1.0)
    return pd.DataFrame(
        {
            "keyword": rows["keyword"],
            "stage": name,
            "trials": n,
            "hits": y,
            "rate": rate,
            "low": low,
            "high": high,
            "peer_rate": others,
        }
    )


def _shares(frame: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Shares of the shortfall, and the orders the keyword would have had at its peers' rate in the stage alone.

    Expected orders are impressions × the shrunk stage rates, so that a keyword without an order loses some too; the
    interval of the loss is that of the stage's rate.
    """
    log_gap = np.log(frame["peer_rate"] / frame["rate"])
    keywords = frame["keyword"]
    shortfall = log_gap.clip(lower=0).groupby(keywords).transform("sum")
    frame["gap_share"] = (log_gap.clip(lower=0) / shortfall.where(shortfall > 0)).fillna(0.0)
    orders = keywords.map(rows.set_index("keyword")["impressions"]) * frame["rate"].groupby(keywords).transform("prod")
    for name, rate in (("lost_orders", "rate"), ("lost_orders_low", "high"), ("lost_orders_high", "low")):
        frame[name] = orders * (frame["peer_rate"] / frame[rate] - 1).clip(lower=0)
    certain = frame["high"] < frame["peer_rate"]
    top = frame["gap_share"].where(certain).groupby(keywords).transform("max")
    frame["weakest"] = certain & (frame["gap_share"] == top) & (frame["gap_share"] > 0)
    return frame
