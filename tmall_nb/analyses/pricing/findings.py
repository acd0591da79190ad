"""What the price plan says: what to change, what to test, what is bound, what cannot be planned."""

from __future__ import annotations

import pandas as pd

from tmall_nb.analyses.pricing.result import DECISIONS
from tmall_nb.analyses.result import Finding

GAIN_DAYS, YEAR_DAYS, PATIENCE = 28, 364, 26
MOST_ACTIONS, MOST_TESTS = 5, 3
FLAT = 0.02  # a loss below this share of profit is small


def describe_prices(
    table: pd.DataFrame, basis: pd.DataFrame, tests: pd.DataFrame, reach: float, source: str
) -> tuple[Finding, ...]:
    """Overall answer, best change, best test, what is open; then the other changes, bounds, refusals, source of prices."""
    planned = table[table["verdict"].isin(DECISIONS)]
    changes, trials = _changes(planned, basis), _tests(tests)
    found: list[Finding | None] = [_overall(planned, table), *changes[:1], *trials[:1], _open(planned)]
    found += [*changes[1:], *trials[1:], _step(planned), _bound(planned, basis, reach), _cost(basis, planned), _refused(table)]
    found.append(_rivals(planned, basis))
    if not planned.empty and source != "frame":
        found.append(Finding(f"price_source_{source}", "good" if source == "order_items" else "watch", {"items": len(planned)}))
    return tuple(f for f in found if f is not None)


def _overall(planned: pd.DataFrame, table: pd.DataFrame) -> Finding:
    if planned.empty:
        no_cost = int((table["verdict"] == "no_cost").sum())
        return Finding("costs_missing" if no_cost else "no_price_planned", "unknown", {"items": len(table), "no_cost": no_cost})
    sure = planned[planned["verdict"].isin(["raise", "lower"])]
    counts = planned["verdict"].value_counts()
    values: dict[str, float] = {name: float(counts.get(name, 0)) for name in DECISIONS} | {
        "items": len(planned),
        "days": GAIN_DAYS,
    }
    if sure.empty:
        return Finding("prices_stay", "unknown", values)
    values |= {name: float(sure[name].sum()) for name in ("gain", "gain_low", "gain_high")}
    return Finding("prices_change", "good" if values["gain_low"] > 0 else "watch", values)


def _rivals(planned: pd.DataFrame, basis: pd.DataFrame) -> Finding | None:
    """How many planned prices count what they do to the shop's other items."""
    if "others_profit" not in basis or planned.empty:
        return None
    counted = int((basis.set_index("item_id").loc[planned["item_id"], "others_profit"] > 0).sum())
    return Finding("prices_count_rivals", "good", {"items": counted, "all": len(planned)}) if counted else None


def _changes(planned: pd.DataFrame, basis: pd.DataFrame) -> list[Finding]:
    sure = planned[planned["verdict"].isin(["raise", "lower"])].nlargest(MOST_ACTIONS, "gain")
    chance = basis.set_index("item_id")["probability"]
    found = []
    for row in sure.itertuples():
        values = {"where": row.item_title, "item": row.item_title, "now": row.price_now, "best": row.price_best}
        values |= {"gain": row.gain, "gain_low": row.gain_low, "gain_high": row.gain_high, "gain_days": GAIN_DAYS}
        values["probability"] = float(chance[row.item_id])
        found.append(Finding(f"price_{row.verdict}", "act", values, action=True))
    return found


def _tests(tests: pd.DataFrame) -> list[Finding]:
    worth = tests[(tests["weeks"] <= PATIENCE) & (tests["value"] > tests["cost"])].head(MOST_TESTS)
    if worth.empty and len(tests):
        top = tests.iloc[0]
        return [Finding("tests_too_long", "unknown", _pair(top) | {"items": len(tests)})]
    found = []
    for _, row in worth.iterrows():
        values = _pair(row) | {"weeks": int(row["weeks"]), "cost": float(row["cost"]), "where": row["item_title"]}
        values |= {"gain": float(row["value"] - row["cost"]), "gain_days": YEAR_DAYS}
        found.append(Finding("price_test", "act", values, action=True))
    return found


def _pair(row: pd.Series) -> dict[str, object]:
    names = {"item": "item_title", "now": "price_a", "other": "price_b", "right_now": "right_now", "right_after": "right_after"}
    return {name: row[column] for name, column in names.items()}


def _open(planned: pd.DataFrame) -> Finding | None:
    flips = int(planned["verdict"].isin(["test", "open"]).sum())
    return Finding("prices_open", "unknown", {"flips": flips, "items": len(planned)}) if flips else None


def _step(planned: pd.DataFrame) -> Finding | None:
    loss = planned["step_loss"].dropna()
    if loss.empty:
        return None
    values = {"loss": float(loss.median()), "most": float(loss.quantile(0.9)), "items": len(loss)}
    return Finding("price_step_off", "good" if values["loss"] < FLAT else "watch", values)


def _bound(planned: pd.DataFrame, basis: pd.DataFrame, reach: float) -> Finding | None:
    mine = basis[basis["item_id"].isin(planned["item_id"])]
    stopped = mine[mine["limit"].isin(["price_floor", "min_margin", "lowest_seen", "highest_seen"])]
    if stopped.empty:
        return None
    counts = stopped["limit"].value_counts()
    values: dict[str, float] = {
        k: float(counts.get(k, 0)) for k in ("price_floor", "min_margin", "lowest_seen", "highest_seen")
    }
    values |= {"items": len(stopped), "reach": reach, "outside": int(mine["extrapolated"].fillna(False).astype(bool).sum())}
    return Finding("prices_bound", "watch", values)


def _cost(basis: pd.DataFrame, planned: pd.DataFrame) -> Finding | None:
    guessed = int((basis[basis["item_id"].isin(planned["item_id"])]["cost_source"] == "gross_margin").sum())
    return Finding("cost_guessed", "watch", {"items": guessed}) if guessed else None


def _refused(table: pd.DataFrame) -> Finding | None:
    out = table[~table["verdict"].isin(DECISIONS)]
    if out.empty or len(out) == len(table):
        return None
    counts = out["verdict"].value_counts()
    known = ("not_enough_data", "weak_instrument", "implausible", "no_cost", "no_price_allowed")
    values = {k: int(counts.get(k, 0)) for k in known}
    values["other"] = len(out) - sum(values.values())
    return Finding("prices_refused", "unknown", values | {"items": len(out), "all": len(table)})
