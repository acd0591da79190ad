"""The target simulator: what a campaign brings at given traffic, conversion, spend per buyer and ad spend."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tmall_nb.analyses.campaign_plan.past import FACTORS
from tmall_nb.analyses.campaign_plan.plan import PlanResult
from tmall_nb.errors import ParameterError

__all__ = ["simulate_target"]


def simulate_target(result: PlanResult, values: Mapping[str, float], *, margin: float | None = None) -> dict[str, float]:
    """Return what the campaign brings when its factors stand at ``values`` times ordinary days.

    Parameters
    ----------
    values : visitors, conversion_rate, amount_per_buyer (times ordinary days; a missing one stands at the plan's), ads (yuan)
    margin : gross margin less commission on a yuan of sales, 0-1; None: the shop's settings

    Returns
    -------
    paid, usual (yuan), margin (on the extra sales), ads (spend beyond the usual), left (margin less ads), chance (share of the
    plan's draws that reach ``paid``), visitors (a day), rate, spend (a buyer)
    """
    if margin is None:
        margin = result.method.parameters["gross_margin"] - result.method.parameters["commission_rate"]
    if not 0 <= margin <= 1:
        raise ParameterError("margin", margin, "a fraction between 0 and 1, e.g. 0.5")
    table = result.table.set_index("metric")
    times = {k: float(values.get(k, table.loc[k, "times"])) for k in FACTORS}
    ratio = float(np.prod(list(times.values())))
    usual = float(table.loc["paid_amount", "usual"])
    spend = result.budget.set_index("line")["yuan"]
    extra = values.get("ads", spend["planned_ads"]) - spend["usual_ads"]
    ads = float(extra) if np.isfinite(extra) else 0.0
    gain = (ratio - 1) * usual * margin
    chance = float((result.draws[list(FACTORS)].prod(axis=1) >= ratio).mean())
    day = {k: times[k] * float(table.loc[k, "usual"]) for k in FACTORS}
    return {
        "paid": ratio * usual, "usual": usual, "margin": gain, "ads": ads, "left": gain - ads, "chance": chance,
        "visitors": day["visitors"], "rate": day["conversion_rate"], "spend": day["amount_per_buyer"],
    }  # fmt: skip
