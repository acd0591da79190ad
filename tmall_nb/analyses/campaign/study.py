"""Every campaign of the shop in one table, drawn towards the mean of its kind; and which kinds pay."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign.choose import Campaign
from tmall_nb.analyses.campaign.lift import Lift, Series, lift_of
from tmall_nb.analyses.campaign.money import Refunds, campaign_profit
from tmall_nb.errors import NotEnoughData, ParameterError
from tmall_nb.stats.uplift import shrink_by_kind

__all__ = ["event_study", "kind_table", "measure_all"]

COLUMNS = (
    "campaign campaign_type start end days items naive gross gross_low gross_high net net_low net_high profit profit_low "
    "profit_high relative relative_shrunk relative_shrunk_low relative_shrunk_high profit_per_day verdict"
).split()


def measure_all(
    series: Series, found: list[Campaign], refunds: Refunds, *, level: float, seed: int
) -> dict[str, tuple[Lift, pd.DataFrame] | None]:
    """Lift and profit of each campaign; None where the data do not suffice."""
    out: dict[str, tuple[Lift, pd.DataFrame] | None] = {}
    for c in found:
        try:
            lift = lift_of(series, c, found, level=level, seed=seed)
        except (NotEnoughData, ParameterError):
            out[c.name] = None
            continue
        profit, _ = campaign_profit(series, lift, refunds, level=level, seed=seed)
        out[c.name] = (lift, profit)
    return out


def event_study(found: list[Campaign], measured: dict[str, tuple[Lift, pd.DataFrame] | None]) -> pd.DataFrame:
    """One row per campaign, newest first; campaigns that cannot be measured keep their row with empty numbers."""
    rows = []
    for c in found:
        known = measured.get(c.name)
        head = {"campaign": c.name, "campaign_type": c.kind, "start": c.start, "end": c.end, "days": c.days}
        rows.append(head | (_numbers(*known) if known else {"verdict": "not_enough_data"}))
    table = pd.DataFrame(rows).reindex(columns=COLUMNS)
    return _shrunk(table).sort_values("start", ascending=False, ignore_index=True)


def _numbers(lift: Lift, profit: pd.DataFrame) -> dict[str, object]:
    rows = lift.money.table.set_index("kind")
    gain = profit.set_index("line").loc["profit"]
    out: dict[str, object] = {"items": len(lift.enrolled), "naive": rows.loc["before_after", "effect"]}
    for kind in ("gross", "net"):
        out |= {kind: rows.loc[kind, "effect"], f"{kind}_low": rows.loc[kind, "low"], f"{kind}_high": rows.loc[kind, "high"]}
    out |= {"profit": gain["yuan"], "profit_low": gain["low"], "profit_high": gain["high"]}
    out["relative"] = rows.loc["gross", "relative"]
    out["profit_per_day"] = gain["yuan"] / lift.campaign.days
    out["verdict"] = "earned" if gain["low"] > 0 else "lost" if gain["high"] < 0 else "unclear"
    return out


def _shrunk(table: pd.DataFrame) -> pd.DataFrame:
    """Relative gross lift (log scale) shrunk to its kind."""
    known = table["relative"].notna() & (table["relative"] > -0.95)
    part = table[known]
    if len(part) < 3:
        return table
    base = part["gross"] / part["relative"]
    estimate = np.log1p(part["relative"].to_numpy(float))
    width = (part["gross_high"] - part["gross_low"]).to_numpy(float) / (2 * 1.96)
    se = width / (base * (1 + part["relative"])).to_numpy(float)
    kind = pd.factorize(part["campaign_type"])[0]
    centre, sd, _, _ = shrink_by_kind(estimate, np.maximum(se, 1e-3), kind.astype(np.intp))
    out = table.copy()
    out.loc[known, "relative_shrunk"] = np.expm1(centre)
    out.loc[known, "relative_shrunk_low"], out.loc[known, "relative_shrunk_high"] = (
        np.expm1(centre - 1.96 * sd),
        np.expm1(centre + 1.96 * sd),
    )
    return out


def kind_table(table: pd.DataFrame) -> pd.DataFrame:
    """One row per kind: campaigns, profit a day (shrunk to the shop's mean) with low/high, verdict (pays, costs, unclear)."""
    columns = "campaign_type campaigns profit_per_day low high verdict".split()
    part = table[table["profit"].notna()]
    if part.empty:
        return pd.DataFrame(columns=columns)
    days = part["days"].to_numpy(float)
    estimate = part["profit"].to_numpy(float) / days
    se = np.maximum((part["profit_high"] - part["profit_low"]).to_numpy(float) / (2 * 1.96 * days), 1e-6)
    code, names = pd.factorize(part["campaign_type"])
    _, _, mean, sd = shrink_by_kind(estimate, se, code.astype(np.intp))
    out = pd.DataFrame({"campaign_type": names, "campaigns": np.bincount(code), "profit_per_day": mean})
    out = out.assign(low=mean - 1.96 * sd, high=mean + 1.96 * sd)
    out["verdict"] = np.where(out["low"] > 0, "pays", np.where(out["high"] < 0, "costs", "unclear"))
    return out.sort_values("profit_per_day", ascending=False, ignore_index=True)[columns]
