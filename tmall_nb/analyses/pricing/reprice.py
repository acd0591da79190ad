"""What if an item's price, cost or elasticity were another? A pure function of a plan, for the what-if panel."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.pricing.others import Others
from tmall_nb.analyses.pricing.result import PriceResult
from tmall_nb.errors import ParameterError
from tmall_nb.stats.pricing import Economics, demand_nodes, gain_quantiles, profits

__all__ = ["try_price"]

POINTS = 60


def try_price(plan: PriceResult, item_id: str, *, price_yuan: float, unit_cost: float | None = None) -> pd.DataFrame:
    """Return profit a day over price for one item, the tried price last.

    Parameters
    ----------
    plan : of ``plan_prices``
    item_id : an item with a price in the plan
    price_yuan : the price to try, above 0
    unit_cost : another unit cost; None: the plan's

    Returns
    -------
    price_yuan, units_per_day, profit with low and high (95 %), gain (against today's price) with gain_low and gain_high,
    probability that it earns more; the last row is the tried price
    """
    basis = plan.basis.set_index("item_id")
    known = basis.index[basis["elasticity"].notna()]
    if item_id not in known:
        raise ParameterError("item_id", item_id, f"an item with a plan: {', '.join(known[:5])} …")
    if not price_yuan > 0:
        raise ParameterError("price_yuan", price_yuan, "above 0")
    row = basis.loc[item_id]
    now = float(plan.table.set_index("item_id").loc[item_id, "price_now"])
    cost = float(row["unit_cost"]) if unit_cost is None else unit_cost
    demand = demand_nodes(
        row["elasticity"], row["sd"], np.zeros(1) + np.log(now), np.array([row["units_now"]]), at=now, level_sd=row["level_sd"]
    )
    economics = Economics(cost, row["fee"], row["kept"], row["shipping"])
    reach = sorted([0.9 * row["price_low"], 1.1 * row["price_high"], price_yuan])
    prices = np.append(np.linspace(reach[0], reach[-1], POINTS), price_yuan)
    profit = profits(demand, economics, prices)
    others = Others(*(float(row.get(name, 0.0)) for name in ("others_profit", "others_response")))
    gain = profit + others.gain(prices, now) - profits(demand, economics, np.array([now]))
    ends, moves = gain_quantiles(profit, demand.level_sd), gain_quantiles(gain, demand.level_sd)
    return pd.DataFrame({
        "price_yuan": prices, "units_per_day": demand.units(prices).mean(axis=0), "profit": profit.mean(axis=0),
        "low": ends[0], "high": ends[1], "gain": gain.mean(axis=0),
        "gain_low": moves[0], "gain_high": moves[1], "probability": (gain > 0).mean(axis=0),
    })  # fmt: skip
