"""Path credit by seven models on aggregated conversion paths; credit, not incrementality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from tmall_nb.analyses.attribution._read import read_journeys
from tmall_nb.analyses.result import Finding, Method
from tmall_nb.errors import ParameterError
from tmall_nb.stats.credit import RULES, share_credit
from tmall_nb.stats.markov import Journeys, build_chain, held_out_log_loss, removal_effects

if TYPE_CHECKING:
    from tmall_nb.shop import Shop

ORDERS = (1, 2, 3, 4)
MODELS = (*RULES[:5], "markov", "shapley")
FEW_CONVERSIONS = 30  # a share's interval is wider than ± 18 points below this
Z_90 = 1.6448536269514722


@dataclass(frozen=True, slots=True)
class PathsResult:
    """Credit of every channel under every model.

    Attributes
    ----------
    table : one row per model and channel: conversions, low, high (90 %), share, conversion_value (yuan),
        removal_effect (share of conversions lost without the channel; Markov only), verdict
    orders : one row per Markov order tried: log_loss (nats per touch on held-out journeys), chosen
    conversion_rate : conversions per journey, the chain's exact solution
    findings : most important first
    method : assumptions, source, rows used and set aside
    """

    table: pd.DataFrame
    orders: pd.DataFrame
    conversion_rate: float
    findings: tuple[Finding, ...]
    method: Method


def attribute_paths(
    paths: Shop | pd.DataFrame,
    *,
    markov_order: int | Literal["auto"] = 1,
    end_share: float = 0.4,
    half_life_touches: float = 2.0,
    seed: int = 0,
) -> PathsResult:
    """Share the conversions of aggregated paths among the channels on them, by seven models.

    The models divide credit for sales that happened; none says what would have been lost without a channel's
    spend. Believe a difference between two channels only where their intervals do not overlap and several models
    agree.

    Parameters
    ----------
    paths : a shop with the table ``paths``, or a frame with path (channels joined by " > "), conversions and, where
        known, conversion_value (yuan) and nulls (journeys with the same path that did not convert)
    markov_order : how many of the last channels the chain remembers, 1-4, or "auto": the order that predicts held-out
        journeys best
    end_share : position model: share of the first and of the last touch, 0-0.5
    half_life_touches : decay model: touches before the last at which credit halves
    seed : deals journeys into folds for "auto"; nothing else is random

    Returns
    -------
    PathsResult with one row per model and channel; models first, last, linear, position, time_decay, markov, shapley

    Raises
    ------
    ExportError : a column is missing, or a count is negative or not a number
    NotEnoughData : no row has a path and a count

    Examples
    --------
    >>> frame = pd.DataFrame({"path": ["search > feed", "search"], "conversions": [3, 5], "nulls": [40, 60]})
    >>> attribute_paths(frame).table.query("model == 'last'")["conversions"].tolist()
    [3.0, 5.0]
    """
    _check(markov_order, end_share, half_life_touches)
    frame = paths if isinstance(paths, pd.DataFrame) else paths.table("paths")
    journeys, channels, aside = read_journeys(frame)
    orders = _score_orders(journeys, markov_order, seed)
    order = int(orders.loc[orders["chosen"], "markov_order"].iloc[0])
    removal = removal_effects(journeys, build_chain(journeys, order=order))
    credit = share_credit(journeys, ends=end_share, half_life=half_life_touches)
    total, money = float(journeys.conversions.sum()), float(journeys.value.sum())
    rows = []
    for model in MODELS:
        if model == "markov":
            parts = (removal.share, removal.share_error, removal.value_share * money, removal.effect)
        else:
            c = credit[model]
            parts = (c.conversions / max(total, 1e-300), c.share_error, c.value, np.full(len(channels), np.nan))
        rows.append(_rows(model, channels, total, *parts))
    table = pd.concat(rows, ignore_index=True)
    if "conversion_value" not in frame.columns:
        table["conversion_value"] = np.nan
    method = Method(
        name="paths",
        source="Anderl et al. 2016, IJRM 33(3); Zhao, Mahboobi & Bagheri 2018",
        assumptions=("credit_not_incremental", "aggregated_paths", "journeys_independent"),
        rows_used=len(frame) - sum(a.rows for a in aside),
        set_aside=aside,
        level=0.90,
        seed=seed,
        parameters={"markov_order": order, "end_share": end_share, "half_life_touches": half_life_touches},
    )
    return PathsResult(table, orders, removal.conversion_rate, _findings(table, total, journeys), method)


def _check(markov_order: int | str, end_share: float, half_life: float) -> None:
    if markov_order != "auto" and markov_order not in ORDERS:
        raise ParameterError("markov_order", markov_order, '1, 2, 3, 4 or "auto"')
    if not 0 <= end_share <= 0.5:
        raise ParameterError("end_share", end_share, "a fraction between 0 and 0.5; write 0.4")
    if not half_life > 0:
        raise ParameterError("half_life_touches", half_life, "a number of touches above 0")


def _score_orders(journeys: Journeys, markov_order: int | str, seed: int) -> pd.DataFrame:
    if markov_order != "auto":
        return pd.DataFrame({"markov_order": [int(markov_order)], "log_loss": [np.nan], "chosen": [True]})
    losses = held_out_log_loss(journeys, orders=ORDERS, seed=seed)
    best = int(np.argmin(losses))
    return pd.DataFrame({"markov_order": ORDERS, "log_loss": losses, "chosen": [k == best for k in range(len(ORDERS))]})


def _rows(
    model: str, channels: list[str], total: float, share: np.ndarray, error: np.ndarray, value: np.ndarray, effect: np.ndarray
) -> pd.DataFrame:
    few = total < FEW_CONVERSIONS
    half = np.where(few, np.nan, Z_90 * error)
    return pd.DataFrame(
        {
            "model": model,
            "channel": channels,
            "conversions": share * total,
            "low": np.clip(share - half, 0, 1) * total,
            "high": np.clip(share + half, 0, 1) * total,
            "share": share,
            "conversion_value": value,
            "removal_effect": effect,
            "verdict": "not_enough_data" if few else "ok",
        }
    )


def _findings(table: pd.DataFrame, total: float, journeys: Journeys) -> tuple[Finding, ...]:
    if total < FEW_CONVERSIONS:
        return (Finding("paths_too_few", "unknown", {"conversions": total, "needed": FEW_CONVERSIONS}),)
    wide = table.pivot(index="channel", columns="model", values="share")
    spread = (wide.max(axis=1) - wide.min(axis=1)).sort_values(ascending=False)
    top = table[table["model"] == "markov"].sort_values("conversions", ascending=False).reset_index(drop=True)
    lead = {"channel": top["channel"][0], "conversions": top["conversions"][0], "total": total,
            "conversions_low": top["low"][0], "conversions_high": top["high"][0], "share": top["share"][0]}  # fmt: skip
    clear = len(top) == 1 or top["low"][0] > top["high"][1]
    found = [Finding("paths_lead" if clear else "paths_no_leader", "good" if clear else "unknown", lead)]
    name = str(spread.index[0])
    if spread.iloc[0] > 0.1:
        values = {"channel": name, "share_low": wide.loc[name].min(), "share_high": wide.loc[name].max()}
        found.append(Finding("paths_models_disagree", "watch", values))
    if journeys.nulls.sum() == 0:
        found.append(Finding("paths_no_nulls", "watch", {"conversions": total}))
    found.append(Finding("paths_credit_only", "unknown", {"conversions": total}))
    return tuple(found)
