"""Carts by size around each discount's threshold, beside the smooth course they would have without it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.queries.discounts import Rule, cart_bins
from tmall_nb.shop import Shop
from tmall_nb.stats.bunching import Bunching, fit_bunching

BINS_A_THRESHOLD = 30  # a bin is a thirtieth of the threshold: 10 yuan at 300
LOWEST, HIGHEST = 0.35, 1.85  # of the threshold: carts looked at; the next multiple stays outside
ABOVE, BELOW = 0.10, 0.17  # windows: 300-330 and 250-300
BUNCHING = ["kind", "cart", "off", "excess", "excess_low", "excess_high", "base", "carts", "verdict"]
CARTS = ["kind", "cart", "size", "orders", "expected", "low", "high", "window"]


def measure_bunching(
    shop: Shop, rules: list[Rule], *, start: pd.Timestamp, stop: pd.Timestamp, level: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row per rule, and one row per rule and cart size."""
    busy = {d for rule in rules if rule.kind == "cart_rule" for d in rule.days}
    rows, bins = [], []
    for rule in rules:
        days = rule.days if rule.kind == "cart_rule" else tuple(d for d in rule.days if d not in busy)
        width = rule.cart / BINS_A_THRESHOLD
        found = cart_bins(shop, days=days, width=width, most=HIGHEST * rule.cart, start=start, stop=stop)
        counts = found[found["on_rule"]].set_index("bin")["orders"]
        index = np.arange(int(np.ceil(LOWEST * BINS_A_THRESHOLD)), int(HIGHEST * BINS_A_THRESHOLD))
        orders = counts.reindex(index).fillna(0).to_numpy(float)
        above = (index >= BINS_A_THRESHOLD) & (index < BINS_A_THRESHOLD * (1 + ABOVE))
        below = (index < BINS_A_THRESHOLD) & (index >= BINS_A_THRESHOLD * (1 - BELOW))
        fit = fit_bunching(orders, above, below, level=level)
        rows.append(_row(rule, orders, fit))
        window = np.where(above, "above", np.where(below, "below", ""))
        frame = pd.DataFrame({"kind": rule.kind, "cart": rule.cart, "size": index * width, "orders": orders, "window": window})
        ends = (fit.expected, fit.low, fit.high) if fit else (np.nan, np.nan, np.nan)
        bins.append(frame.assign(expected=ends[0], low=ends[1], high=ends[2])[CARTS])
    both = pd.concat(bins, ignore_index=True) if bins else pd.DataFrame(columns=CARTS)
    return pd.DataFrame(rows, columns=BUNCHING), both


def _row(rule: Rule, orders: np.ndarray, fit: Bunching | None) -> dict[str, object]:
    row: dict[str, object] = {"kind": rule.kind, "cart": rule.cart, "off": rule.off, "carts": int(orders.sum())}
    if fit is None:
        return row | {"verdict": "not_enough_data"}
    names = ("excess", "excess_low", "excess_high", "base")
    verdict = "bunching" if fit.excess_low > 0 else "no_difference"
    return row | {name: getattr(fit, name) for name in names} | {"verdict": verdict}
