"""From stock and forecast to the basis of a plan: arrays item by item, days until deliveries, margins, what is set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tmall_nb.analyses.replenishment.given import read_stock
from tmall_nb.analyses.replenishment.result import Basis
from tmall_nb.analyses.result import Method
from tmall_nb.errors import ParameterError
from tmall_nb.shop import Shop
from tmall_nb.stats.replenishment import carried, fit_sums

if TYPE_CHECKING:
    from tmall_nb.analyses.demand.result import DemandResult

__all__ = ["build_basis"]

SOURCE = (
    "Periodic review: Silver, Pyke & Thomas (2017), Inventory and Production Management in Supply Chains, ch. 6; "
    "errors of lead-time sums by split conformal (Vovk 2005)"
)
REVIEW_DAYS = 7.0  # where neither the call nor a sheet nor shop.toml says
LOOK_AHEAD = pd.Timedelta(days=180)


def build_basis(
    stock: Shop | pd.DataFrame, demand: DemandResult, *, lead_time_days: float | None, review_days: float | None
) -> Basis:
    """Read, join and check what a plan needs."""
    ids, dates, units, more = _forecast(demand)
    told, actual = _windows(demand, ids, len(dates))
    given, kind, settings = read_stock(stock, ids)
    items = _items(demand, given, ids)
    step = int((dates[1] - dates[0]).days) if len(dates) > 1 else _step(demand)
    items = _supply(items, settings, lead_time_days=lead_time_days, review_days=review_days)
    items = _periods(items, step)
    items = _money(items, settings)
    items["state"] = _state(items, len(dates), kind)
    events = _events(stock, demand, dates)
    sums = fit_sums(units, told, actual, extra=carried(units, more))
    method = _method(demand, items, kind, settings).drop("rep_no_forecast", len(set(given["item_id"]) - set(ids)))
    return Basis(items, sums, more, units, told, actual, dates, events, kind, method)


def _forecast(demand: DemandResult) -> tuple[np.ndarray, pd.DatetimeIndex, np.ndarray, np.ndarray]:
    """Item ids, dates, and (S, H) units and spreads of the log lift of rare events."""
    for name in ("forecast", "windows", "table"):
        if not isinstance(getattr(demand, name, None), pd.DataFrame):
            raise ParameterError("demand", type(demand).__name__, "what forecast_demand returns")
    wide = demand.forecast.pivot(index="item_id", columns="date", values="units").sort_index()
    lift = demand.forecast.pivot(index="item_id", columns="date", values="lift_spread").reindex(wide.index)
    return wide.index.to_numpy(object), pd.DatetimeIndex(wide.columns), wide.to_numpy(float), lift.to_numpy(float)


def _windows(demand: DemandResult, ids: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """(W, S, H) forecasts and units of the past windows, items in the order of ``ids``."""
    frame = demand.windows
    if frame.empty:
        return np.zeros((0, len(ids), horizon)), np.zeros((0, len(ids), horizon))
    row = pd.Index(ids).get_indexer(frame["item_id"])
    origins, window = np.unique(frame["origin"].to_numpy(), return_inverse=True)
    day = frame.groupby(["origin", "item_id"]).cumcount().to_numpy()
    told, actual = (np.full((len(origins), len(ids), horizon), np.nan) for _ in range(2))
    ok = (row >= 0) & (day < horizon)
    told[window[ok], row[ok], day[ok]] = frame["units"].to_numpy(float)[ok]
    actual[window[ok], row[ok], day[ok]] = frame["actual"].to_numpy(float)[ok]
    return np.nan_to_num(told), actual


def _step(demand: DemandResult) -> int:
    return 7 if demand.method.parameters.get("frequency") == "W" else 1


def _items(demand: DemandResult, given: pd.DataFrame, ids: np.ndarray) -> pd.DataFrame:
    table = demand.table.drop_duplicates("item_id").set_index("item_id").reindex(ids)
    items = pd.DataFrame({"item_id": ids})
    title = table["item_title"] if "item_title" in table else pd.Series(index=ids, dtype=object)
    items["item_title"] = title.to_numpy(object)
    items["item_title"] = items["item_title"].where(items["item_title"].notna(), items["item_id"])
    items["demand_verdict"] = table["verdict"].to_numpy(object) if "verdict" in table else "ok"
    items = items.merge(given.drop(columns=["item_title"], errors="ignore"), on="item_id", how="left")
    if "price_yuan" in table:
        items["price_yuan"] = items["price_yuan"].fillna(pd.Series(table["price_yuan"].to_numpy(float)))
    return items


def _supply(
    items: pd.DataFrame, settings: dict[str, float], *, lead_time_days: float | None, review_days: float | None
) -> pd.DataFrame:
    """Days from order to arrival and between orders: the call, else the item's own, else the shop's."""
    lead = items["lead_time_days"].fillna(settings.get("lead_time_days", np.nan))
    if lead_time_days is not None:
        lead = pd.Series(float(lead_time_days), index=items.index)
    if lead.isna().all():
        raise ParameterError(
            "lead_time_days",
            None,
            "days from order to arrival; give a number, or fill the sheet of tmall-nb template lead_times",
        )
    guessed = lead.isna()
    lead = lead.fillna(lead.median())
    review = items["review_days"].fillna(settings.get("review_days", np.nan))
    assumed = review.isna() & (review_days is None)
    review = review.fillna(REVIEW_DAYS)
    if review_days is not None:
        review = pd.Series(float(review_days), index=items.index)
    if ((lead + review) < 1).any():
        raise ParameterError("review_days", review_days, "with lead_time_days 1 day or more")
    late = items["lead_time_sd"].fillna(0.0)
    fill = {"moq_units": 1.0, "pack_units": 1.0, "sold_since": 0.0}
    known = items["inbound_units"].notna()
    items = items.assign(lead_time_days=lead, review_days=review, lead_time_sd=late, inbound_known=known)
    items = items.assign(lead_guessed=guessed, review_assumed=assumed)
    return items.fillna({**fill, "inbound_units": 0.0})


def _periods(items: pd.DataFrame, step: int) -> pd.DataFrame:
    """Days as periods of the forecast, rounded up: an order waits for the last of them."""
    lead = np.ceil(items["lead_time_days"] / step - 1e-9).astype(int)
    beyond = np.ceil((items["lead_time_days"] + items["review_days"]) / step - 1e-9).astype(int)
    return items.assign(lead=lead, beyond=beyond.clip(lower=1), late=items["lead_time_sd"] / step, step=step)


def _money(items: pd.DataFrame, settings: dict[str, float]) -> pd.DataFrame:
    """Margin a kept sale leaves: price after commission less cost; from the shop's gross margin where no cost is known."""
    price, cost = items["price_yuan"], items["unit_cost"]
    rate, share = settings.get("commission_rate", 0.0), settings.get("gross_margin", np.nan)
    guessed = cost.isna() & price.notna() & np.isfinite(share)
    cost = cost.fillna(price * (1 - share))
    margin = (price * (1 - rate) - cost) * settings.get("kept_share", 1.0)
    return items.assign(unit_cost=cost, unit_margin=margin, cost_guessed=guessed)


def _state(items: pd.DataFrame, horizon: int, kind: str) -> np.ndarray:
    unknown = items["stock_units"].isna() | (kind == "none")
    short = items["beyond"] > horizon
    new = items["demand_verdict"] == "not_enough_data"
    return np.select([new, short, unknown], ["not_enough_data", "horizon_too_short", "stock_unknown"], "ok").astype(object)


def _events(stock: Shop | pd.DataFrame, demand: DemandResult, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Campaigns that end after the forecast begins, soonest first: the shop's calendar, else the forecast's own."""
    frame = stock.calendar if isinstance(stock, Shop) else demand.events
    ahead = frame[(frame["end"] >= dates[0]) & (frame["start"] <= dates[0] + LOOK_AHEAD)]
    return ahead[["campaign", "start", "end"]].sort_values(["start", "campaign"], ignore_index=True)


def _method(demand: DemandResult, items: pd.DataFrame, kind: str, settings: dict[str, float]) -> Method:
    known = [f"rep_stock_{kind}", "rep_sum_of_days", "rep_move_together", "rep_lost_not_waiting"]
    known.append("rep_inbound_arrives" if items["inbound_known"].any() else "rep_inbound_unknown")
    known.append("rep_lead_varies" if (items["lead_time_sd"] > 0).any() else "rep_lead_fixed")
    for column in ("lead_guessed", "review_assumed", "cost_guessed"):
        if items[column].any():
            known.append(f"rep_{column}")
    if settings.get("kept_share", 1.0) < 1:
        known.append("rep_refunds_off")
    return Method(
        name="replenishment",
        source=SOURCE,
        assumptions=tuple(known),
        start=demand.method.start,
        end=demand.method.end,
        rows_used=len(items),
        level=0.95,
        seed=0,
    )
