"""``list_segments``: whom to write to, by hashed key, with a hold-out group drawn beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tmall_nb.analyses.customers.past import Effect, list_findings, past_effects
from tmall_nb.analyses.customers.value import CustomersResult
from tmall_nb.analyses.result import Finding, Method
from tmall_nb.errors import ParameterError
from tmall_nb.stats.btyd import GeometricFit, ParetoFit
from tmall_nb.stats.proportions import needed_per_group

if TYPE_CHECKING:
    from tmall_nb.analyses.customers.touch import TouchResult

__all__ = ["SegmentLists", "list_segments"]

SOURCE = "two-sample test of proportions (Fleiss, Levin & Paik 2003); hold-out drawn at random inside each list"
TOUCHES = {"win_back": "wangwang", "keep_best": "member", "remind": "sms"}
FEW = 50
PLAN = (
    "list touch buyers touched held_out base_rate uplift needed detectable expected_value_yuan aimed_net_yuan "
    "expected_net_yuan expected_net_yuan_low expected_net_yuan_high past_touched verdict"
)
UPLIFT = 0.03
Z = 1.959964
COLUMNS = "buyer_key list touch group order_probability expected_value_yuan p_alive"


@dataclass(frozen=True, slots=True)
class SegmentLists:
    """Lists for a touch; keys only, no names.

    Attributes
    ----------
    table : one row per buyer_key on a list: list, touch (``wangwang``, ``sms``, ``member``), group (``touch`` or ``hold_out``),
        order_probability (within the days of the touch, without it), expected_value_yuan, p_alive
    plan : one row per list: buyers, touched, held_out, base_rate, uplift looked for, needed (members of the touched group to
        see it with 80 % power), detectable (smallest uplift these groups can show), aimed_net_yuan (net sales that uplift
        would bring: the most the touch may cost, before margin), expected_net_yuan with low/high (what past read-outs of the
        list make one expect; NaN without any), past_touched, verdict (``large_enough``, ``too_small``)
    findings, method : as everywhere
    """

    table: pd.DataFrame
    plan: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method


def list_segments(
    value: CustomersResult,
    *,
    holdout_share: float = 0.2,
    touch_days: int = 30,
    uplift: float | TouchResult | pd.DataFrame | None = UPLIFT,
    remind_days: str = "14-90",
    seed: int = 0,
) -> SegmentLists:
    """Draw lists of buyers worth writing to, and the group that is left alone so that the effect can be read afterwards.

    ``win_back``: came back before, now probably gone (P(alive) below one half), net value above the median: by 旺旺.
    ``keep_best``:
    the best fifth by expected value, still there: as 会员. ``remind``: bought once, ``remind_days`` ago: by 短信. A buyer
    is on one list at most.

    Parameters
    ----------
    value : what ``value_customers`` returned
    holdout_share : share of each list that is not written to, 0.05-0.5
    touch_days : days after the touch in which orders will count, 1-180
    uplift : rise in the share of ordering buyers worth seeing, in points as a fraction (0.03: from 10 % to 13 %), or past
        read-outs of such lists (``read_touch``, its table, or several tables in one): they then say what to expect. None: 0.03
    remind_days : days since the only order, ``from-to``; cohort retention names the window
    seed : seed of the draw; the same seed draws the same groups
    """
    past = past_effects(uplift)
    aim = uplift if isinstance(uplift, int | float) else UPLIFT
    first, last = _check(holdout_share, touch_days, aim, remind_days)
    table = value.table
    chosen = _choose(table, first, last)
    chance = _order_probability(value.fit, table, touch_days)
    on_list = chosen != ""
    lists = pd.DataFrame({
        "buyer_key": table["buyer_key"], "list": chosen, "order_probability": chance,
        "expected_value_yuan": table["expected_value_yuan"], "p_alive": table["p_alive"], "per_order": table["value_per_order"],
    })[on_list]  # fmt: skip
    lists["touch"] = lists["list"].map(TOUCHES)
    lists["group"] = _draw(lists, holdout_share, seed)
    lists = lists.sort_values(["list", "group"], kind="stable").reset_index(drop=True)
    rows = [_plan(name, lists[lists["list"] == name], aim, past.get(name)) for name in TOUCHES]
    plan = pd.DataFrame(rows)[PLAN.split()]
    shown = {"holdout_share": holdout_share, "touch_days": touch_days, "uplift": aim, "remind_days": remind_days}
    method = Method(
        name="segment_lists", source=SOURCE, assumptions=("keys_only", "holdout_untouched"), start=value.method.start,
        end=value.method.end, rows_used=len(table), parameters=shown, seed=seed,
    ).drop("on_no_list", int((~on_list).sum()))  # fmt: skip
    margin = value.method.parameters.get("margin")
    return SegmentLists(lists[COLUMNS.split()], plan, list_findings(plan, touch_days, margin), method)


def _check(holdout_share: float, touch_days: int, uplift: float, remind_days: str) -> tuple[int, int]:
    if not 0.05 <= holdout_share <= 0.5:
        raise ParameterError("holdout_share", holdout_share, "a fraction between 0.05 and 0.5")
    if not 1 <= touch_days <= 180:
        raise ParameterError("touch_days", touch_days, "1-180 days")
    if not 0 < uplift < 0.5:
        raise ParameterError("uplift", uplift, "a fraction between 0 and 0.5; write 0.03 for 3 points")
    first, dash, last = str(remind_days).partition("-")
    if not (dash and first.strip().isdigit() and last.strip().isdigit() and int(first) <= int(last)):
        raise ParameterError("remind_days", remind_days, 'two days, "from-to", e.g. "14-90"')
    return int(first), int(last)


def _choose(table: pd.DataFrame, first: int, last: int) -> np.ndarray:
    once = (table["frequency"] == 0) & table["age_days"].between(first, last)
    best = table["tier"].isin(["diamond", "gold"]) & (table["p_alive"] >= 0.5) & (table["frequency"] > 0)
    gone = (table["frequency"] > 0) & (table["p_alive"] < 0.5) & (table["net_amount"] >= table["net_amount"].median())
    return np.select([gone, best, once], ["win_back", "keep_best", "remind"], "")


def _order_probability(fit: GeometricFit | ParetoFit | None, table: pd.DataFrame, days: int) -> np.ndarray:
    """Chance of at least one order: still a buyer, and not silent for ``days`` (dropout inside those days is left out)."""
    if fit is None:
        return np.full(len(table), np.nan)
    quiet = -(fit.params["r"] + table["frequency"]) * np.log1p(days / (fit.params["alpha"] + table["age_days"]))
    return (table["p_alive"] * -np.expm1(quiet)).to_numpy(float)


def _draw(lists: pd.DataFrame, share: float, seed: int) -> np.ndarray:
    """Hold out ``share`` of every list, spread evenly over the chance of an order (pairs of neighbours are alike)."""
    group = np.full(len(lists), "touch", dtype=object)
    rng = np.random.default_rng(seed)
    for name in sorted(set(lists["list"])):
        rows = np.flatnonzero(lists["list"] == name)
        tie = rng.random(len(rows))
        rows = rows[np.lexsort((tie, lists["order_probability"].fillna(0).to_numpy()[rows]))]
        position = np.floor((np.arange(len(rows)) + rng.random()) * share)
        group[rows[np.diff(position, prepend=np.floor(position[0]) if len(position) else 0) > 0]] = "hold_out"
    return group


def _plan(name: str, rows: pd.DataFrame, uplift: float, past: Effect | None) -> dict[str, object]:
    held, touched = int((rows["group"] == "hold_out").sum()), int((rows["group"] == "touch").sum())
    base = float(rows["order_probability"].mean()) if len(rows) else np.nan
    known = np.isfinite(base) and held > 0 and touched > 0
    ratio = held / touched if known else np.nan
    needed = needed_per_group(_inside(base), uplift, ratio=ratio) if known else None
    detectable = _detectable(_inside(base), touched, ratio) if known else np.nan
    enough = needed is not None and len(rows) >= FEW
    low, high = (np.nan, np.nan) if past is None else (past.net - Z * past.error, past.net + Z * past.error)
    return {
        "list": name, "touch": TOUCHES[name], "buyers": len(rows), "touched": touched, "held_out": held, "base_rate": base,
        "uplift": uplift, "needed": needed, "detectable": detectable, "expected_value_yuan": rows["expected_value_yuan"].sum(),
        "aimed_net_yuan": uplift * touched * float(rows["per_order"].mean()) if len(rows) else np.nan,
        "expected_net_yuan": np.nan if past is None else past.net * touched, "expected_net_yuan_low": low * touched,
        "expected_net_yuan_high": high * touched, "past_touched": 0 if past is None else past.touched,
        "verdict": "not_enough_data" if not enough else "large_enough" if touched >= (needed or 0) else "too_small",
    }  # fmt: skip


def _inside(share: float) -> float:
    return min(max(share, 0.001), 0.49)


def _detectable(base: float, touched: int, ratio: float) -> float:
    low, high = 1e-4, 0.5
    if needed_per_group(base, high, ratio=ratio) > touched:
        return float("nan")
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if needed_per_group(base, middle, ratio=ratio) <= touched else (middle, high)
    return high
