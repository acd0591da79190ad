"""Parts of the answer to price: usual price against promotion, the struck-through price, and rivals inside a category.

One more fit of the same items with up to three more controls: depth of a promotion, log of the struck-through price, mean price
of the category's others. Held to the ``MOST_ITEMS`` items with most units, so that shops with thousands of items stay fast.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tmall_nb.analyses.elasticity.design import MOSTLY, Design, spread_out
from tmall_nb.analyses.elasticity.inputs import ItemDays
from tmall_nb.analyses.elasticity.usual import LEAST_ITEMS, LEAST_PROMOTION_DAYS, cut_depth, difference_variance
from tmall_nb.stats.elasticity import Fit, Panel, center, fit_panel
from tmall_nb.stats.elasticity.pool import Pooled, pool_groups
from tmall_nb.stats.elasticity.rivals import find_rivals, others_price

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Z = 1.959964
MOST_ITEMS, MOST_RIVALS, ROUNDS = 1000, 60, 20
LEAST_MOVE = 0.01

PROMOTION = (
    "item_id", "base_elasticity", "base_low", "base_high", "promotion_elasticity", "promotion_low", "promotion_high",
    "promotion_days", "days", "verdict",
)  # fmt: skip
REFERENCE = ("item_id", "effect", "low", "high", "list_changes", "verdict")
COMPETITION = ("category", "items", "effect", "low", "high", "verdict")
RIVALS = ("item_id", "rival_id", "category", "effect", "low", "high", "days", "verdict")
OVERALL = ("part", "value", "low", "high", "items")


@dataclass(frozen=True, slots=True)
class Effects:
    """Frames as ``ElasticityResult`` documents them; ``overall`` : one row per part (means over items)."""

    promotion: pd.DataFrame
    reference: pd.DataFrame
    competition: pd.DataFrame
    rivals: pd.DataFrame
    overall: pd.DataFrame


def no_effects() -> Effects:
    """Empty frames, where no item could be answered."""
    return Effects(*(pd.DataFrame(columns=list(c)) for c in (PROMOTION, REFERENCE, COMPETITION, RIVALS, OVERALL)))


def split_effects(data: ItemDays, design: Design, units: Array) -> Effects:
    """Return the parts of the response to price for the kept items with most units."""
    if design.keep.sum() < LEAST_ITEMS:
        return no_effects()
    keep = _largest(design.keep, units)
    small = replace(design, keep=keep)
    plain = small.panel(data)
    depth = cut_depth(plain)
    more = {"promotion": depth} if depth is not None else {}
    lists = _list_moves(data, keep, plain.seen)
    if lists is not None:
        more["reference"] = lists
    others, weight = _others(plain)
    if any(data.category) and others.std() > LEAST_MOVE / 10:
        more["cross"] = others
    if not more:
        return no_effects()
    at = {name: len(small.controls) + k for k, name in enumerate(more)}
    panel = small.panel(data, tuple(spread_out(center(v, plain.seen), keep) for v in more.values()))
    panel = replace(panel, grouped=at.get("cross"))
    fit = fit_panel(panel, add=at.get("promotion"), rounds=ROUNDS)
    ids, names = (np.array(v, dtype=object)[keep] for v in (data.ids, data.category))
    pooled = (
        pool_groups(fit.group_mean, fit.group_covariance, np.bincount(panel.category).astype(float)) if "cross" in at else None
    )
    return Effects(
        _promotion(panel, fit, ids, depth, (at.get("promotion"), _always(data, keep))),
        _reference(fit, ids, lists, at.get("reference")),
        _competition(panel, names, pooled),
        _rivals(panel, fit, ids, names, (pooled, weight)),
        _overall(fit, at, pooled, len(ids)),
    )


def _largest(keep: Flags, units: Array) -> Flags:
    """Those of ``keep`` with most units."""
    rows, out = np.flatnonzero(keep), np.zeros_like(keep)
    out[rows[np.argsort(-units[rows], kind="stable")[:MOST_ITEMS]]] = True
    return out


def _others(panel: Panel) -> tuple[Array, Array]:
    """Mean price of the category's others, weighted by units a day, and those weights."""
    weight = np.where(panel.seen, panel.units, 0.0).sum(axis=1) / panel.seen.sum(axis=1)
    return others_price(panel.log_price, panel.seen, panel.category, weight), weight


def _list_moves(data: ItemDays, keep: Flags, seen: Flags) -> Array | None:
    """Log struck-through price about its item's mean; None where it moves for fewer than three items."""
    if data.list_price is None:
        return None
    prices = data.list_price[keep]
    with np.errstate(invalid="ignore", divide="ignore"):
        known = np.isfinite(prices) & (prices > 0)
        logs = center(np.log(np.where(known, prices, 1.0)), known & seen)
    moving = logs.std(axis=1) > LEAST_MOVE
    return np.where(seen & known, logs, 0.0) if moving.sum() >= LEAST_ITEMS else None


def _always(data: ItemDays, keep: Flags) -> Flags:
    """Items marked as on promotion on nearly all their days: their usual price is a promotion."""
    seen = data.seen[keep]
    count = np.maximum(seen.sum(axis=1), 1)
    out = np.zeros(len(seen), bool)
    for mark in data.marks:
        out |= ((mark[keep] > 0) & seen).sum(axis=1) > MOSTLY * count
    return out


def _promotion(
    panel: Panel, fit: Fit, ids: NDArray[np.object_], depth: Array | None, how: tuple[int | None, Flags]
) -> pd.DataFrame:
    at, always = how
    if at is None or depth is None:
        return pd.DataFrame(columns=list(PROMOTION))
    days = ((depth < 0) & panel.seen).sum(axis=1)
    base, cut = fit.elasticity, fit.elasticity + fit.slopes[:, at]
    halves = Z * np.sqrt(fit.variance), Z * np.sqrt(fit.sum_variance)
    verdict = np.where(days < LEAST_PROMOTION_DAYS, "never_on_promotion", "ok").astype(object)
    usual = np.where(panel.seen, panel.log_price - depth, 0.0)
    verdict[(usual.std(axis=1) < LEAST_MOVE) & (verdict == "ok")] = "base_price_never_moves"
    verdict[always] = "always_on_promotion"
    good = verdict == "ok"
    columns: dict[str, object] = {"item_id": ids}
    for name, value, half in (("base", base, halves[0]), ("promotion", cut, halves[1])):
        columns[f"{name}_elasticity"] = np.where(good, value, np.nan)
        columns[f"{name}_low"] = np.where(good, value - half, np.nan)
        columns[f"{name}_high"] = np.where(good, value + half, np.nan)
    columns |= {"promotion_days": days, "days": panel.seen.sum(axis=1), "verdict": verdict}
    return pd.DataFrame(columns)[list(PROMOTION)]


def _reference(fit: Fit, ids: NDArray[np.object_], lists: Array | None, at: int | None) -> pd.DataFrame:
    if at is None or lists is None:
        return pd.DataFrame(columns=list(REFERENCE))
    good = lists.std(axis=1) > LEAST_MOVE
    half = Z * np.sqrt(fit.slope_variance[:, at])
    values = fit.slopes[:, at]
    frame = pd.DataFrame({"item_id": ids, "effect": np.where(good, values, np.nan)})
    frame["low"], frame["high"] = np.where(good, values - half, np.nan), np.where(good, values + half, np.nan)
    frame["list_changes"] = (np.abs(np.diff(lists, axis=1)) > LEAST_MOVE).sum(axis=1)
    return frame.assign(verdict=np.where(good, "ok", "not_enough_data"))[list(REFERENCE)]


def _competition(panel: Panel, names: NDArray[np.object_], pooled: Pooled | None) -> pd.DataFrame:
    """One row per category of two items or more: what all other prices of the category moving together do to an item."""
    if pooled is None:
        return pd.DataFrame(columns=list(COMPETITION))
    first = np.unique(panel.category, return_index=True)[1]
    half = Z * np.sqrt(pooled.variance)
    frame = pd.DataFrame({"category": names[first], "items": np.bincount(panel.category), "effect": pooled.effect})
    frame["low"], frame["high"] = pooled.effect - half, pooled.effect + half
    frame["verdict"] = np.select([frame["low"] > 0, frame["high"] < 0], ["competes", "helps"], "unclear")
    frame = frame[(frame["items"] > 1) & (frame["category"] != "")]
    return frame.sort_values("effect", ascending=False, ignore_index=True, kind="stable")[list(COMPETITION)]


def _rivals(
    panel: Panel, fit: Fit, ids: NDArray[np.object_], names: NDArray[np.object_], how: tuple[Pooled | None, Array]
) -> pd.DataFrame:
    pooled, weight = how
    if pooled is None:
        return pd.DataFrame(columns=list(RIVALS))
    pairs = find_rivals(panel, fit, pooled, weight, most=MOST_RIVALS)
    item, rival, effect, half = pairs.item, pairs.rival, pairs.effect, Z * np.sqrt(pairs.variance)
    verdict = np.where(effect - half > 0, "steals", np.where(effect + half < 0, "helps", "unclear"))
    frame = pd.DataFrame({"item_id": ids[item], "rival_id": ids[rival], "category": names[item], "effect": effect})
    frame["low"], frame["high"], frame["verdict"] = effect - half, effect + half, verdict
    frame["days"] = (panel.seen[item] & panel.seen[rival]).sum(axis=1)
    return frame.sort_values(["low", "effect"], ascending=False, ignore_index=True, kind="stable")[list(RIVALS)]


def _overall(fit: Fit, at: dict[str, int], pooled: Pooled | None, items: int) -> pd.DataFrame:
    """Mean over items: how much more promotions count than the usual price, the struck-through price, all rivals together."""
    rows = []
    for name, k in at.items():
        value, variance = float(fit.control_mean[k]), float(fit.control_mean_variance[k])
        if name == "cross" and pooled is not None:
            value, variance = pooled.mean, pooled.mean_variance
        variance = difference_variance(variance) if name == "promotion" else variance
        half = Z * float(np.sqrt(variance))
        rows.append((name, value, value - half, value + half, items))
    return pd.DataFrame(rows, columns=list(OVERALL))
