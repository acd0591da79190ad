"""Which provinces to hold out, for how long, and what such a test could detect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tmall_nb.analyses.geo._panel import Panel, read_panel
from tmall_nb.analyses.result import Finding, Method
from tmall_nb.errors import NotEnoughData, ParameterError
from tmall_nb.stats.geo_test import Candidate, search_groups

if TYPE_CHECKING:
    from tmall_nb.shop import Shop

WEEKS = (2, 4, 6, 8)
GROUPS = 30
LEAST_WEEKS = 12
WORTH_ROAS = 1.0  # a test that cannot tell a return of 1 from 0 is not worth its lost sales


@dataclass(frozen=True, slots=True)
class GeoDesignResult:
    """Designs of a hold-out test.

    Attributes
    ----------
    table : one row per length: weeks, provinces (names joined by 、), count, share (of sales), detectable (relative
        effect found with 80 % power), detectable_yuan (over the test), spend_off (yuan of ads not spent),
        detectable_roas, verdict (ok, too_weak, not_enough_data), chosen
    provinces : one row per province: share (of sales), held_out in the chosen design
    findings : most important first
    method : assumptions, days used
    """

    table: pd.DataFrame
    provinces: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method


def design_geo_test(
    days: Shop | pd.DataFrame,
    *,
    weekly_spend_yuan: float | None = None,
    holdout_share: float = 0.25,
    unit: str = "province",
    outcome: str = "paid_amount",
    seed: int = 0,
) -> GeoDesignResult:
    """Propose provinces to switch ads off in, for how many weeks, and the smallest effect the test would find.

    Believe the detectable effect where the coming weeks are like the past: no big campaign, no change of prices in some
    provinces only. It is measured on the shop's own past, where nothing was switched off.

    Parameters
    ----------
    days : a shop (orders by province), or a frame with date, ``unit`` and ``outcome``, one row per day and unit
    weekly_spend_yuan : ad spend of the tested channels in the whole country, yuan a week; a shop's last 8 weeks by default
    holdout_share : share of sales to hold out, 0.05-0.5
    unit, outcome : columns
    seed : of the groups that are tried

    Returns
    -------
    GeoDesignResult with one row per length of the test (2, 4, 6 and 8 weeks)
    """
    if not 0.05 <= holdout_share <= 0.5:
        raise ParameterError("holdout_share", holdout_share, "a fraction between 0.05 and 0.5; write 0.25")
    panel = read_panel(days, unit, outcome)
    weekly = _weekly(panel)
    if len(weekly) < LEAST_WEEKS:
        raise NotEnoughData(
            f"{len(weekly)} whole weeks of sales by {unit}: at least {LEAST_WEEKS} are needed to see how provinces move"
        )
    spend = weekly_spend_yuan
    if spend is None and not isinstance(days, pd.DataFrame):
        spend = _recent_spend(days)
    best = {w: _best(weekly, w, holdout_share, seed) for w in WEEKS}
    table = pd.DataFrame([_row(w, best[w], panel, weekly, spend) for w in WEEKS])
    table["chosen"] = table.index == _choose(table)
    chosen = best[int(table.loc[table["chosen"], "weeks"].iloc[0])]
    members = chosen.members if chosen is not None else np.array([], int)
    provinces = pd.DataFrame(
        {
            unit: panel.units,
            "share": weekly.sum(axis=0) / weekly.sum(),
            "held_out": np.isin(np.arange(len(panel.units)), members),
        }
    ).sort_values(["held_out", "share"], ascending=False, ignore_index=True)
    method = Method(
        name="geo_design",
        source="Vaver & Koehler 2011; Abadie, Diamond & Hainmueller 2010",
        assumptions=("geo_future_like_past", "geo_no_spill", "geo_one_change"),
        start=panel.dates[0],
        end=panel.dates[-1],
        rows_used=panel.values.size,
        set_aside=panel.aside,
        level=0.90,
        parameters={"holdout_share": holdout_share, "weekly_spend_yuan": spend if spend is not None else "-"},
        seed=seed,
    )
    return GeoDesignResult(table, provinces, _findings(table), method)


def _weekly(panel: Panel) -> np.ndarray:
    """Whole weeks counted back from the last day, shape (weeks, units)."""
    whole = len(panel.dates) // 7
    return panel.values[len(panel.dates) - 7 * whole :].reshape(whole, 7, -1).sum(axis=1)


def _best(weekly: np.ndarray, weeks: int, share: float, seed: int) -> Candidate | None:
    found = search_groups(weekly, weeks, share=share, groups=GROUPS, seed=seed)
    return found[0] if found else None


def _recent_spend(shop: Shop) -> float | None:
    from tmall_nb.queries.ad_weeks import ad_weeks

    try:
        frame, channels, _ = ad_weeks(shop)
    except NotEnoughData:
        return None
    return float(frame[channels].tail(8).sum(axis=1).mean())


def _row(weeks: int, best: Candidate | None, panel: Panel, weekly: np.ndarray, spend: float | None) -> dict[str, object]:
    row: dict[str, object] = {"weeks": weeks, "provinces": "", "count": 0, "share": np.nan, "detectable": np.nan}
    row |= {"detectable_yuan": np.nan, "spend_off": np.nan, "detectable_roas": np.nan, "verdict": "not_enough_data"}
    if best is None:
        return row
    sales = float(weekly[-8:, best.members].sum(axis=1).mean()) * weeks
    off = np.nan if spend is None else spend * weeks * best.share
    yuan = best.detectable * sales
    roas = yuan / off if off and off > 0 else np.nan
    names = "、".join(panel.units[m] for m in best.members)
    verdict = "ok" if np.isnan(roas) or roas <= WORTH_ROAS else "too_weak"
    return row | {
        "provinces": names,
        "count": len(best.members),
        "share": best.share,
        "detectable": best.detectable,
        "detectable_yuan": yuan,
        "spend_off": off,
        "detectable_roas": roas,
        "verdict": verdict,
    }


def _choose(table: pd.DataFrame) -> int:
    """The shortest test that is strong enough, else the strongest."""
    good = table.index[table["verdict"] == "ok"]
    if len(good) and table["detectable_roas"].notna().any():
        return int(good[0])
    measure = table["detectable"].fillna(np.inf)
    return int(measure.to_numpy().argmin())


def _findings(table: pd.DataFrame) -> tuple[Finding, ...]:
    row = table[table["chosen"]].iloc[0]
    if row["verdict"] == "not_enough_data":
        return (Finding("geo_design_no_history", "unknown", {"weeks": int(table["weeks"].max())}),)
    values = {
        k: row[k]
        for k in ("weeks", "provinces", "count", "share", "detectable", "detectable_yuan", "spend_off", "detectable_roas")
    }
    if np.isnan(row["detectable_roas"]):
        return (Finding("geo_design_plain", "act", values, action=True),)
    if row["verdict"] == "ok":
        return (Finding("geo_design_ok", "act", values, action=True),)
    return (Finding("geo_design_weak", "watch", values),)
