"""``estimate_elasticity``: the change of units per change of price, item by item, with campaigns and stock-outs apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tmall_nb.analyses.elasticity.findings import describe_elasticity
from tmall_nb.analyses.elasticity.inputs import ItemDays, read_item_days
from tmall_nb.analyses.elasticity.result import ElasticityResult
from tmall_nb.analyses.result import Method
from tmall_nb.errors import ParameterError
from tmall_nb.shop import Shop
from tmall_nb.stats.elasticity import Fit, fit_panel
from tmall_nb.stats.elasticity.controls import calendar_basis, campaign_days, shared_cuts, trend_basis
from tmall_nb.stats.elasticity.fit import MIN_ITEMS_FOR_DAYS
from tmall_nb.stats.elasticity.instrument import first_stage, usable

Array = NDArray[np.float64]
LEVEL, Z = 0.95, 1.959964
LEAST_DAYS, LEAST_UNITS = 28, 15
LEAST_SPREAD = 0.01  # sd of log price
STRONG = 10.0  # first-stage F below this is weak (Stock & Yogo 2005)
TRENDS = 2
CURVE_POINTS = 9
SOURCE = (
    "Hierarchical negative binomial with shared day effects, Laplace with delete-a-week jackknife tempering; spread by "
    "Paule & Mandel (1982); right-censored counts on sold-out days; control function (Terza, Basu & Rathouz 2008)"
)


@dataclass(frozen=True, slots=True)
class _Estimate:
    fit: Fit
    keep: NDArray[np.bool_]
    f_statistic: float
    campaign: Array | None


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
        was sold), the instrument and the controls. Days without a row are unknown, not zero
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
    data = read_item_days(item_days, instrument, controls)
    changes = data.price_changes()
    keep, units = _answerable(data, changes, min_price_changes)
    method = _method(data, instrument, controls, min_price_changes)
    found = _estimate(data, keep, instrument) if keep.any() else None
    table = _table(data, changes, units, found)
    curve = _curve(data, table)
    categories = _categories(table, data, found)
    checks = _checks(data, found, instrument)
    findings = describe_elasticity(table, checks, data.stock_known, instrument)
    return ElasticityResult(table, curve, categories, checks, findings, method)


def _answerable(data: ItemDays, changes: NDArray[np.int64], least: int) -> tuple[NDArray[np.bool_], Array]:
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(data.seen, np.log(data.price), np.nan)
    count = data.seen.sum(axis=1)
    units = np.where(data.seen, np.nan_to_num(data.units), 0.0).sum(axis=1)
    spread = np.array([np.nanstd(row) if n > 1 else 0.0 for row, n in zip(logs, count, strict=True)])
    return (changes >= least) & (count >= LEAST_DAYS) & (units >= LEAST_UNITS) & (spread >= LEAST_SPREAD), units


def _estimate(data: ItemDays, keep: NDArray[np.bool_], instrument: str | None) -> _Estimate:
    chosen = list(data.controls.values())
    plain = data.panel(keep, chosen)
    campaign = None
    if not chosen:
        campaign = campaign_days(plain.log_price, plain.seen)
        if campaign is not None:
            chosen = [campaign]
    enrolled = shared_cuts(plain.log_price, plain.seen)
    if enrolled is not None:
        chosen.append(_spread_out(enrolled, keep))
    days = len(data.dates)
    chosen += trend_basis(days)[:TRENDS]
    if keep.sum() < MIN_ITEMS_FOR_DAYS:
        chosen += calendar_basis(days, int(data.dates[0].dayofweek))
    panel = data.panel(keep, chosen)
    strength = np.nan
    if data.instrument is not None:
        values = data.instrument[keep]
        known = usable(panel.seen, values)
        logs = np.log(np.where(known, values, 1.0))
        means = np.where(known, logs, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        stage = first_stage(panel, np.where(known, logs, means[:, None]))
        strength = stage.f_statistic
        panel = data.panel(keep, [*chosen, _spread_out(stage.residual, keep)])
    return _Estimate(fit_panel(panel), keep, strength, campaign)


def _spread_out(values: Array, keep: NDArray[np.bool_]) -> Array:
    """Rows of the kept items put back among all items."""
    out = np.zeros((len(keep), values.shape[1]))
    out[keep] = values
    return out


def _table(data: ItemDays, changes: NDArray[np.int64], units: Array, found: _Estimate | None) -> pd.DataFrame:
    count = len(data.ids)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(data.seen, np.log(data.price), np.nan)
    known = np.asarray(data.seen.any(axis=1))
    safe = np.where(known[:, None], logs, 0.0)
    centre = np.where(known, np.exp(np.nanmean(safe, axis=1)), np.nan)
    ends = [np.where(known, np.exp(f(safe, axis=1)), np.nan) for f in (np.nanmin, np.nanmax)]
    blank = np.full(count, np.nan)
    table = pd.DataFrame(
        {
            "item_id": data.ids,
            "category": data.category,
            "elasticity": blank,
            "low": blank,
            "high": blank,
            "price_changes": changes,
            "days": data.seen.sum(axis=1),
            "units": units,
            "price_yuan": centre,
            "price_low": ends[0],
            "price_high": ends[1],
            "campaign_lift": blank,
            "verdict": "not_enough_data",
        }
    )
    if found is None:
        return table
    fit, rows = found.fit, np.flatnonzero(found.keep)
    half = Z * np.sqrt(fit.variance)
    weak = np.isfinite(found.f_statistic) and found.f_statistic < STRONG
    verdict = np.where(fit.elasticity - half > 0, "implausible", "ok").astype(object)
    verdict[fit.elasticity >= 0] = "implausible"
    if weak:
        verdict[:] = "weak_instrument"
    table.loc[rows, "verdict"] = verdict
    good = rows[verdict == "ok"]
    at = verdict == "ok"
    for name, values in (("elasticity", fit.elasticity), ("low", fit.elasticity - half), ("high", fit.elasticity + half)):
        table.loc[good, name] = values[at]
    if found.campaign is not None or data.controls:
        table.loc[good, "campaign_lift"] = np.expm1(fit.slopes[at, 0])
    return table


def _curve(data: ItemDays, table: pd.DataFrame) -> pd.DataFrame:
    """Units a day over the range of prices seen, on an average day of those that entered."""
    rows = []
    for k, row in enumerate(table.itertuples()):
        if row.verdict != "ok":
            continue
        use = data.seen[k] & ~data.censored[k]
        use = use if use.any() else data.seen[k]
        x = np.log(data.price[k][use] / row.price_yuan)
        base = float(data.units[k][use].sum() / np.exp(row.elasticity * x).sum())
        prices = np.exp(np.linspace(np.log(row.price_low), np.log(row.price_high), CURVE_POINTS))
        at = np.log(prices / row.price_yuan)
        sd = (row.high - row.low) / (2 * Z)
        noise = 1 / max(float(data.units[k][use].sum()), 1.0)
        width = Z * np.sqrt((sd * at) ** 2 + noise)
        mean = base * np.exp(row.elasticity * at)
        rows.append(
            pd.DataFrame(
                {
                    "item_id": row.item_id,
                    "price_yuan": prices,
                    "units_per_day": mean,
                    "low": mean * np.exp(-width),
                    "high": mean * np.exp(width),
                }
            )
        )
    columns = ["item_id", "price_yuan", "units_per_day", "low", "high"]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns)


def _categories(table: pd.DataFrame, data: ItemDays, found: _Estimate | None) -> pd.DataFrame:
    columns = ["category", "items", "elasticity", "low", "high", "spread"]
    if found is None or not (table["verdict"] == "ok").any():
        return pd.DataFrame(columns=columns)
    fit = found.fit
    names = np.unique(np.array(data.category, dtype=object)[found.keep].astype(str))
    half = Z * np.sqrt(fit.mean_variance)
    frame = pd.DataFrame({"category": names, "elasticity": fit.mean, "low": fit.mean - half, "high": fit.mean + half})
    frame["items"] = table[found.keep].groupby("category").size().reindex(names).to_numpy()
    return frame.assign(spread=np.sqrt(fit.spread))[columns]


def _checks(data: ItemDays, found: _Estimate | None, instrument: str | None) -> pd.DataFrame:
    if found is None:
        values = {"day_effects": False, "f_statistic": np.nan, "temper": np.nan, "campaign_days": 0, "converged": False}
    else:
        campaign = 0 if found.campaign is None else int(found.campaign.sum())
        values = {
            "day_effects": bool(found.keep.sum() >= MIN_ITEMS_FOR_DAYS), "f_statistic": found.f_statistic,
            "temper": found.fit.temper, "campaign_days": campaign, "converged": found.fit.converged,
        }  # fmt: skip
    return pd.DataFrame([values | {"censored_days": int(data.censored.sum())}])


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
