"""``reprice_keywords``: bids and verdicts at another margin or target return, from a result already computed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.keywords.economics import ACT, WIDE, certain_losers
from tmall_nb.analyses.keywords.result import KeywordResult
from tmall_nb.errors import ParameterError


def reprice_keywords(result: KeywordResult, *, margin: float, target_roas: float | None = None) -> pd.DataFrame:
    """Say what bids and verdicts become at another margin, fast enough for a slider.

    The value of a click is taken as log-normal with the interval of the result, where ``score_keywords`` uses the exact
    posterior: verdicts near their limit may differ.

    Parameters
    ----------
    result : of ``score_keywords``
    margin : gross margin, a fraction above 0 and at most 1
    target_roas : ad sales per yuan of spend; None bids up to break-even

    Returns
    -------
    keyword, spend, cost_per_click, max_bid_yuan with max_bid_yuan_low and max_bid_yuan_high, verdict
    """
    if not 0 < margin <= 1:
        raise ParameterError("margin", margin, "gross margin as a fraction above 0 and at most 1; write 0.4 for 40 %")
    if target_roas is not None and not target_roas > 0:
        raise ParameterError("target_roas", target_roas, "ad sales per yuan of spend, above 0")
    from scipy.special import ndtr, ndtri

    table = result.table
    level = result.method.level
    value, low, high = (table[f"value_per_click{end}"].to_numpy(float) for end in ("", "_low", "_high"))
    cost = table["cost_per_click"].to_numpy(float)
    aim = 1 / target_roas if target_roas else margin
    with np.errstate(divide="ignore", invalid="ignore"):
        centre, spread = np.log(np.sqrt(low * high)), np.log(high / low) / (2 * float(ndtri((1 + level) / 2)))
        loss, over = (ndtr((np.log(cost / f) - centre) / spread) for f in (margin, aim))
    verdict = np.where(high > WIDE * low, "not_enough_data", "keep").astype(object)
    verdict[over <= 1 - ACT] = "raise"
    verdict[over >= ACT] = "lower"
    verdict[certain_losers(loss, level)] = "negative"
    verdict[~np.isfinite(cost)] = "not_enough_data"
    frame = table[["keyword", "spend", "cost_per_click"]].copy()
    frame["max_bid_yuan"], frame["max_bid_yuan_low"], frame["max_bid_yuan_high"] = value * aim, low * aim, high * aim
    return frame.assign(verdict=pd.Series(verdict, index=table.index, dtype="str"))
