"""``estimate_elasticity``: the change of units per change of price, item by item, with campaigns and stock-outs apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tmall_nb.analyses.elasticity.design import Design, build_design, refuse
from tmall_nb.analyses.elasticity.effects import Effects, no_effects, split_effects
from tmall_nb.analyses.elasticity.enrolled import leave_out_enrolled, read_enrolled
from tmall_nb.analyses.elasticity.findings import Evidence, describe_elasticity
from tmall_nb.analyses.elasticity.inputs import ItemDays, read_item_days
from tmall_nb.analyses.elasticity.result import ElasticityResult
from tmall_nb.analyses.elasticity.second import COLUMNS as SECOND
from tmall_nb.analyses.elasticity.second import second_estimates, stock_bias
from tmall_nb.analyses.elasticity.tabulate import category_table, check_row, demand_curve, item_table
from tmall_nb.analyses.elasticity.usual import fit_usual
from tmall_nb.analyses.result import Method
from tmall_nb.errors import ParameterError
from tmall_nb.shop import Shop
from tmall_nb.stats.elasticity import Fit

Array = NDArray[np.float64]

LEVEL = 0.95
SOURCE = (
    "Hierarchical negative binomial with shared day effects, Laplace with delete-a-week jackknife tempering; "
    "spread by its restricted likelihood; right-censored counts on sold-out days; control function (Terza, Basu & Rathouz 2008)"
)


def estimate_elasticity(
    item_days: Shop | pd.DataFrame,
    *,
    instrument: str | None = None,
    controls: Sequence[str] = (),
    min_price_changes: int = 3,
) -> ElasticityResult:
    """Say by how many percent an item's sales change when its price changes by one percent.

    Trust it where prices moved often and for reasons other than the item's own demand. Where the shop lowers a price because
    an item sells badly (or raises it because it sells well), only an instrument such as unit cost gives a right answer.

    Parameters
    ----------
    item_days : a Shop, or a frame with item_id, date, paid_units, price_yuan (paid price per unit) and, where known, category,
        in_stock (had stock at opening: days without are left out), sold_out (ran out during the day: demand was at least what
        was sold), list_price_yuan (struck-through price), sold_until (share of the day's traffic that had come at
        the last sale), the instrument and the controls. Days without a row are unknown, not zero
    instrument : column that moves prices but not demand, such as ``"cost"``
    controls : columns of what moves demand beside price, such as campaign days. Without any, days on which the whole shop's
        prices drop are taken as campaign days
    min_price_changes : an item with fewer is not answered (1-100)

    Returns
    -------
    ElasticityResult : intervals at 95 %

    Raises
    ------
    ExportError, NotEnoughData, ParameterError : a missing column, two rows of one item-day, negative units, choices of single
        buyers handed in as item-days

    Examples
    --------
    >>> import numpy as np, pandas as pd, tmall_nb as tn
    >>> days = pd.date_range("2025-01-01", periods=200)
    >>> price = np.where(np.arange(200) // 10 % 2, 90.0, 100.0)
    >>> units = np.random.default_rng(1).poisson(20 * (price / 95) ** -2)
    >>> rows = pd.DataFrame({"item_id": "a", "date": days, "paid_units": units, "price_yuan": price})
    >>> tn.estimate_elasticity(rows).table.verdict.tolist()
    ['ok']
    """
    if not 1 <= min_price_changes <= 100:
        raise ParameterError("min_price_changes", min_price_changes, "1-100")
    data = _read(item_days, instrument, controls)
    changes = data.price_changes()
    refused = refuse(data, changes, min_price_changes)
    keep = refused[0] == ""
    plain = build_design(data, keep) if keep.any() else None
    found, apart = _fitted(data, plain)
    table = item_table(data, changes, refused, found)
    bias, effects, second = _beside(data, table, found, plain)
    checks = check_row(data, found, bias).assign(promotion_apart=apart)
    findings = describe_elasticity(
        Evidence(table, checks, effects, second), stock_known=data.stock_known, instrument=instrument
    )
    return ElasticityResult(
        table=table,
        curve=demand_curve(data, table),
        categories=category_table(table, data, found),
        checks=checks,
        findings=findings,
        method=_method(data, instrument, controls, min_price_changes),
        promotion=effects.promotion,
        reference=effects.reference,
        competition=effects.competition,
        rivals=effects.rivals,
        effects=effects.overall,
        second=second,
    )


def _read(source: Shop | pd.DataFrame, instrument: str | None, controls: Sequence[str]) -> ItemDays:
    """The item-days; of a shop without the campaigns that its items were enrolled in."""
    data = read_item_days(source, instrument, controls)
    return leave_out_enrolled(data, read_enrolled(source)) if isinstance(source, Shop) else data


def _fitted(data: ItemDays, plain: Design | None) -> tuple[tuple[Design, Fit] | None, float]:
    """The design and fit that count, and the probability that cuts count more."""
    if plain is None:
        return None, np.nan
    design, fit, apart = fit_usual(data, plain)
    return (design, fit), apart


def _beside(
    data: ItemDays, table: pd.DataFrame, found: tuple[Design, Fit] | None, plain: Design | None
) -> tuple[tuple[float, float], Effects, pd.DataFrame]:
    """Stock bias, parts of the response, second estimates; empty where no item got a number."""
    if found is None or plain is None or not (table["verdict"] == "ok").any():
        return (np.nan, np.nan), no_effects(), pd.DataFrame(columns=list(SECOND))
    bias = (np.nan, np.nan) if data.stock_known else stock_bias(data, *found)
    return bias, split_effects(data, plain, table["units"].to_numpy(float)), second_estimates(data, *found)


def _method(data: ItemDays, instrument: str | None, controls: Sequence[str], least: int) -> Method:
    assumptions = ["count_model", "shared_days", "category_prior"]
    assumptions.append("instrument_excluded" if instrument else "price_not_answering_demand")
    assumptions.append("sold_out_censored" if data.stock_known else "stock_unknown")
    method = Method(
        name="elasticity",
        source=SOURCE,
        assumptions=tuple(assumptions),
        start=data.dates[0],
        end=data.dates[-1],
        rows_used=int(data.seen.sum()),
        level=LEVEL,
        parameters={"instrument": instrument, "controls": ", ".join(controls), "min_price_changes": least},
    )
    for reason, count in data.dropped.items():
        method = method.drop(reason, count)
    return method
