"""Finds the discounts that carts had: how much off, from which amount, for everyone or by coupon, on which days."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.queries.discounts import Rule, discount_amounts, rule_uptake
from tmall_nb.shop import Shop

LEAST_ORDERS, LEAST_SHARE, LEAST_OFF = 15, 0.01, 1.0
EVERYONE = 0.5  # of the carts that could: more is a rule for all, less a coupon
GAP_DAYS, LEAST_PLAIN = 3, 3
CENTS = 0.15  # tags are known to a tenth of a yuan
MOST_RULES = 4


def find_rules(shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp) -> list[Rule]:
    """Return the discounts found, cart rules first."""
    found: list[tuple[float, float, bool]] = []
    amounts = discount_amounts(shop, start=start, stop=stop)
    least = max(LEAST_ORDERS, LEAST_SHARE * float(amounts["orders"].sum()))
    frequent = amounts[(amounts["orders"] >= least) & (amounts["off"] >= LEAST_OFF)]
    for row in frequent.itertuples():
        if not _composite(row.off, found) and len(found) < MOST_RULES:
            found.append((float(row.off), threshold(float(row.cart_least), float(row.cart_low)), False))
    found = [(off, cart, _repeats(off, cart, amounts)) for off, cart, _ in found]
    rules: list[Rule] = []
    taken: set[pd.Timestamp] = set()
    for off, cart, repeats in sorted(found, reverse=True):
        rule = _rule(shop, (off, cart, repeats), taken, start=start, stop=stop)
        if rule is None:
            continue
        rules.append(rule)
        if rule.kind == "cart_rule":
            taken |= set(rule.days)
    return sorted(rules, key=lambda r: (r.kind != "cart_rule", -r.orders))


def threshold(least: float, low: float) -> float:
    """The round amount that the smallest carts with the discount just reach: 300 for 301.8, 199 for 199.8."""
    reach = least if least > 0.9 * low else low
    tens = 10.0 * np.floor(np.array([reach, reach + 1]) / 10) - np.array([0.0, 1.0])
    fifties = 50.0 * np.floor(np.array([reach, reach + 1]) / 50) - np.array([0.0, 1.0])
    near = fifties[fifties >= 0.96 * reach]
    return float((near if len(near) else tens).max())


def _composite(off: float, found: list[tuple[float, float, bool]]) -> bool:
    """Is this amount one of those found before taken two or three times, or the sum of two of them?"""
    known = [f for f, *_ in found]
    sums = [k * f for f in known for k in (1, 2, 3)]
    sums += [k * a + m * b for a in known for b in known if a < b for k in (1, 2, 3) for m in (1, 2, 3)]
    return any(abs(off - s) <= CENTS for s in sums)


def _repeats(off: float, cart: float, amounts: pd.DataFrame) -> bool:
    double = amounts[(amounts["off"] - 2 * off).abs() <= CENTS]
    return bool(len(double) and double["cart_low"].min() >= 0.98 * 2 * cart)


def _rule(
    shop: Shop, what: tuple[float, float, bool], taken: set[pd.Timestamp], *, start: pd.Timestamp, stop: pd.Timestamp
) -> Rule | None:
    off, cart, repeats = what
    by_day = rule_uptake(shop, cart=cart, cart_stop=2 * cart, off=off, start=start, stop=stop)
    by_day = by_day[~by_day["day"].isin(taken)]
    runs = [run for run in _runs(by_day[by_day["used"] > 0]) if run["plain"].sum() >= LEAST_PLAIN]
    if not runs:
        return None
    days = [d for run in runs for d in pd.date_range(run["day"].iloc[0], run["day"].iloc[-1])]
    mine = by_day[by_day["day"].isin(days)]
    uptake = float(mine["used"].sum() / mine["eligible"].sum())
    kind = "cart_rule" if uptake >= EVERYONE else "coupon"
    return Rule(kind, cart, off, repeats, tuple(days), uptake, int(mine["used"].sum()))


def _runs(days: pd.DataFrame) -> list[pd.DataFrame]:
    """Days in a row, gaps of up to three days bridged."""
    number = (days["day"].diff() > pd.Timedelta(days=GAP_DAYS)).cumsum()
    return [run for _, run in days.groupby(number)]
