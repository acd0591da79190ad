"""The forecast with another price or a promotion, from effects already estimated: no model is fitted anew."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tmall_nb.analyses.demand.result import DemandResult
from tmall_nb.errors import ParameterError

__all__ = ["replan_demand"]

Z80 = 1.2816


def replan_demand(
    result: DemandResult, *, price_change: float = 0.0, promotion_days: int = 0, elasticity: Any = None
) -> pd.DataFrame:
    """Forecast anew with prices changed and a promotion on the first days of the horizon; fast enough for a slider.

    Days on which a campaign is forecast already get no second promotion. Bounds hold the effect's uncertainty as well. The
    effects are those of the forecast's regression, which also carry what usually happens together with a low price; give the
    result of ``estimate_elasticity`` where the question is what the price itself does.

    Parameters
    ----------
    result : of ``forecast_demand``
    price_change : -0.9 to 2, share of the planned price (-0.1: ten percent cheaper)
    promotion_days : 0 to the horizon, from the first day of the forecast
    elasticity : result of ``estimate_elasticity`` (or one saved), its items' effects are used instead of the regression's

    Returns
    -------
    item_id, date, units_before, units, low_80, high_80; an item without an estimated effect keeps its forecast
    """
    if not -0.9 <= price_change <= 2:
        raise ParameterError("price_change", price_change, "-0.9 to 2, a share of the price")
    days = result.forecast["date"].nunique()
    if not 0 <= promotion_days <= days:
        raise ParameterError("promotion_days", promotion_days, f"0 to {days}, the days of the forecast")
    effects = _effects(result, elasticity)
    frame = result.forecast[["item_id", "date", "units", "low_80", "high_80"]].merge(effects, on="item_id", how="left")
    step = np.log1p(price_change)
    price, price_error = frame["price"].fillna(0.0) * step, frame["price_error"].fillna(0.0) * abs(step)
    on = _promoted(result, frame["date"], promotion_days)
    lift, lift_error = frame["lift"].fillna(0.0) * on, frame["lift_error"].fillna(0.0) * on
    change, error = price + lift, np.hypot(price_error, lift_error) * Z80
    units = frame["units"] * np.exp(change)
    below = np.log(frame["units"].clip(lower=1e-9) / frame["low_80"].clip(lower=1e-9)).clip(lower=0.0)
    above = np.log(frame["high_80"].clip(lower=1e-9) / frame["units"].clip(lower=1e-9)).clip(lower=0.0)
    return pd.DataFrame(
        {
            "item_id": frame["item_id"], "date": frame["date"], "units_before": frame["units"], "units": units,
            "low_80": np.where(frame["low_80"] > 0, units * np.exp(-np.hypot(below, error)), 0.0),
            "high_80": units * np.exp(np.hypot(above, error)),
        }
    )  # fmt: skip


def _effects(result: DemandResult, elasticity: Any) -> pd.DataFrame:
    """One row per item: effect of log price and of a promotion day with their standard errors."""
    own = result.responses
    frame = pd.DataFrame({"item_id": own["item_id"]})
    frame["price"] = own["price_effect"]
    frame["price_error"] = (own["price_effect_high"] - own["price_effect_low"]) / (2 * Z80)
    frame["lift"] = own["promotion_effect"]
    frame["lift_error"] = (own["promotion_effect_high"] - own["promotion_effect_low"]) / (2 * Z80)
    if elasticity is None:
        return frame
    given = elasticity.table.dropna(subset=["elasticity", "low", "high"]).assign(item_id=lambda t: t["item_id"].astype(str))
    given = given.drop_duplicates("item_id").set_index("item_id")
    from scipy.special import ndtri

    z = float(ndtri(0.5 + elasticity.method.level / 2))
    frame["price"] = frame["item_id"].map(given["elasticity"])
    frame["price_error"] = frame["item_id"].map((given["high"] - given["low"]) / (2 * z))
    return frame


def _promoted(result: DemandResult, dates: pd.Series, days: int) -> np.ndarray:
    """1 on the days of the promotion that no campaign covers already."""
    first = dates.min()
    on = (dates - first) < pd.Timedelta(days=days)
    for row in result.events.itertuples():
        on &= ~dates.between(row.start.normalize(), row.end)
    return on.to_numpy(float)
