"""``plan_prices``: the price of each item that earns most on average over what its elasticity may be, within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tmall_nb.analyses.pricing.decide import Choice, Range, Rules, choose, curve_rows, trial
from tmall_nb.analyses.pricing.findings import describe_prices
from tmall_nb.analyses.pricing.inputs import LEAST_DAYS, RECENT_DAYS, Book, read_book
from tmall_nb.analyses.pricing.others import ALONE, Others, count_others
from tmall_nb.analyses.pricing.points import price_points
from tmall_nb.analyses.pricing.result import PriceResult
from tmall_nb.analyses.pricing.schedule import schedule_weeks
from tmall_nb.analyses.result import Method
from tmall_nb.errors import ExportError, ParameterError
from tmall_nb.shop import Shop
from tmall_nb.stats.price_trial import PATIENCE, RIGHT, PriceTrial, week_variance
from tmall_nb.stats.pricing import Demand, Economics, demand_nodes

if TYPE_CHECKING:
    from tmall_nb.analyses.elasticity import ElasticityResult

Array = NDArray[np.float64]
Planned = tuple[dict, pd.DataFrame | None, PriceTrial | None]
Z = 1.959964
HORIZON_DAYS = 28
NOISE_DAYS = 182
NEEDED = ("item_id", "elasticity", "low", "high", "price_low", "price_high", "verdict")
SOURCE = (
    "Expected profit over the posterior of the elasticity (Rossi, McCulloch & Allenby 1996, Marketing Science 15(4)); price "
    "tests by preposterior analysis (Raiffa & Schlaifer 1961) and assurance (O'Hagan, Stevens & Campbell 2005)"
)


def plan_prices(
    shop: Shop | pd.DataFrame,
    elasticity: ElasticityResult | pd.DataFrame,
    *,
    min_margin: float = 0.15,
    floor_days: int = 180,
    extrapolate: float = 0.10,
    ending_yuan: float | None = 0.9,
) -> PriceResult:
    """Say which price of each item earns most, how sure that is, and which price test would settle what is open.

    Trust it as far as the elasticities: profit is averaged over their intervals, not taken at their best guess. It is a plan
    for ordinary weeks, item by item: campaigns and competitors' answers are not in it. What a price takes from the shop's other
    items is counted in categories where the elasticities tell it from nothing (``competition``: competes), elsewhere not.

    Parameters
    ----------
    shop : a Shop, or item-days with item_id, date, paid_units, price_yuan and unit_cost (also: item_title, in_stock, sold_out)
    elasticity : of ``estimate_elasticity``, or its ``table``
    min_margin : least (price - fee - cost) / price of a planned price (0-0.9)
    floor_days : no price below the lowest of so many last days, since a new low binds the prices of the next campaigns (0-730;
        0: no floor)
    extrapolate : planned prices lie at most this share outside the range seen (0-0.5); those outside are named
    ending_yuan : price tags end in this (0-1 yuan; 0.9: 89.9, 94.9); None: any

    Returns
    -------
    PriceResult : gains over 28 days, intervals at 95 %

    Raises
    ------
    ExportError, NotEnoughData, ParameterError

    Examples
    --------
    >>> import numpy as np, pandas as pd, tmall_nb as tn
    >>> days = pd.date_range("2025-01-01", periods=200)
    >>> price = np.where(np.arange(200) // 10 % 2, 89.9, 99.9)
    >>> units = np.random.default_rng(1).poisson(20 * (price / 95) ** -3)
    >>> rows = pd.DataFrame({"item_id": "a", "date": days, "paid_units": units, "price_yuan": price, "unit_cost": 60.0})
    >>> tn.plan_prices(rows, tn.estimate_elasticity(rows)).table.price_now.tolist()
    [89.9]
    """
    rules = _rules(min_margin, floor_days, extrapolate, ending_yuan)
    answers = _answers(elasticity)
    book = read_book(shop, floor_days)
    items = answers.merge(book.items, on="item_id", how="left", validate="one_to_one")
    clean = dict(list(book.days[book.days["clean"]].groupby("item_id")))
    last, none = book.days["date"].max(), book.days.iloc[:0]
    recent = {item: _recent(clean.get(item, none), last) for item in items["item_id"]}
    noise = _noise(book, items)
    others = _others(elasticity, items, recent, book)
    planned = [
        _plan_item(i, recent[i.item_id], (book, others.get(i.item_id, ALONE)), rules, v)
        for i, v in zip(items.itertuples(), noise, strict=True)
    ]
    rows, curves = [p[0] for p in planned], [p[1] for p in planned if p[1] is not None]
    tests = [{"item_id": p[0]["item_id"]} | _test_row(p[2]) for p in planned if p[2] is not None]
    table, basis = _frames(pd.DataFrame(rows), items, book)
    trials = _tests(tests, items)
    schedule = schedule_weeks(trials, book.days["date"].max(), book.campaigns)
    curve = pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=["item_id", *CURVE])
    method = _method(book, rules, floor_days, bool(others))
    findings = describe_prices(table, basis, trials, extrapolate, book.price_source)
    answered = basis.merge(table[["item_id", "price_now"]], on="item_id").dropna(subset=["elasticity"])
    points = price_points(book.days[book.days["clean"]], answered)
    return PriceResult(table, basis, curve, points, _shown(trials), schedule, findings, method)


CURVE = ("price_yuan", "units_per_day", "units_low", "units_high", "profit", "low", "high", "observed", "allowed")


def _rules(min_margin: float, floor_days: int, extrapolate: float, ending: float | None) -> Rules:
    if not 0 <= min_margin <= 0.9:
        raise ParameterError("min_margin", min_margin, "0-0.9; write 0.15 for 15 %")
    if not 0 <= floor_days <= 730:
        raise ParameterError("floor_days", floor_days, "0-730 days")
    if not 0 <= extrapolate <= 0.5:
        raise ParameterError("extrapolate", extrapolate, "0-0.5; write 0.1 for 10 %")
    if ending is not None and not 0 <= ending < 1:
        raise ParameterError("ending_yuan", ending, "0 to below 1 yuan, such as 0.9, or None")
    return Rules(min_margin, ending, extrapolate)


def _answers(elasticity: ElasticityResult | pd.DataFrame) -> pd.DataFrame:
    table = elasticity if isinstance(elasticity, pd.DataFrame) else elasticity.table
    missing = [c for c in NEEDED if c not in table.columns]
    if missing:
        found = ", ".join(map(str, table.columns))
        raise ExportError(
            "elasticity", f"column {', '.join(missing)} is missing; found {found}. Give estimate_elasticity's result"
        )
    return table[list(NEEDED)].assign(item_id=table["item_id"].astype(str)).rename(columns={"verdict": "answer"})


def _noise(book: Book, items: pd.DataFrame) -> Array:
    """Variance of weekly log units beyond price over the last half year; the shop's where an item has no answer."""
    last = book.days["date"].max()
    recent = book.days[book.days["clean"] & (book.days["date"] > last - pd.Timedelta(days=NOISE_DAYS))]
    recent = recent[recent["item_id"].isin(items["item_id"])]
    if recent.empty:
        return np.full(len(items), np.nan)
    slope = items.set_index("item_id")["elasticity"].reindex(recent["item_id"]).fillna(-1.5).to_numpy()
    centre = recent.groupby("item_id")["price_yuan"].transform("median")
    expected = np.exp(slope * np.log((recent["price_yuan"] / centre).to_numpy()))
    wide = recent.assign(expected=expected).pivot(index="item_id", columns="date", values=["paid_units", "expected"])
    wide = wide.reindex(items["item_id"])
    units, should = wide["paid_units"].to_numpy(float), wide["expected"].to_numpy(float)
    weeks = np.asarray((wide["paid_units"].columns - recent["date"].min()).days // 7, dtype=np.intp)
    level = np.nansum(units, axis=1) / np.maximum(np.nansum(should, axis=1), 1e-9)
    return week_variance(np.nan_to_num(units), np.nan_to_num(should * level[:, None]), weeks, np.isfinite(units))


def _recent(mine: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    """The last ordinary days in stock: of eight weeks, or older ones where those hold fewer than two weeks."""
    recent = mine[mine["date"] > last - pd.Timedelta(days=RECENT_DAYS)]
    return recent if len(recent) >= LEAST_DAYS else mine.tail(RECENT_DAYS)


def _others(
    elasticity: ElasticityResult | pd.DataFrame, items: pd.DataFrame, recent: dict[str, pd.DataFrame], book: Book
) -> dict[str, Others]:
    """The shop's own rivals of each item; none where only a table of elasticities is given."""
    if isinstance(elasticity, pd.DataFrame):
        return {}
    units = {item: float(days["paid_units"].mean()) for item, days in recent.items() if len(days)}
    return count_others(elasticity.table, elasticity.competition, items, units, book)


def _plan_item(item: Any, days: pd.DataFrame, shop: tuple[Book, Others], rules: Rules, week_var: float) -> Planned:
    """Row of the item, its profit curve and the test of its decision."""
    book, others = shop
    row: dict = {"item_id": item.item_id, "verdict": item.answer}
    if item.answer == "ok" and (days.empty or not np.isfinite(item.price_now)):
        row["verdict"] = "not_enough_data"
    elif item.answer == "ok" and not np.isfinite(item.unit_cost):
        row["verdict"] = "no_cost"
    if row["verdict"] != "ok":
        return row, None, None
    belief = (float(item.elasticity), float(item.high - item.low) / (2 * Z))
    demand = _demand(days, belief, float(item.price_now), week_var)
    economics = Economics(float(item.unit_cost), book.fee, book.kept, book.shipping)
    span = Range(float(item.price_now), float(item.price_low), float(item.price_high), float(item.floor_yuan))
    choice = choose(demand, economics, span, rules, others)
    if choice is None:
        return row | {"verdict": "no_price_allowed"}, None, None
    row |= _decided(choice) | {"elasticity": belief[0], "sd": belief[1], "units": days["paid_units"].sum()}
    row |= {"units_now": float(demand.level.mean()), "level_sd": demand.level_sd}
    row |= {"others_profit": others.profit, "others_response": others.response}
    row["extrapolated"] = not span.low - 0.01 <= choice.price <= span.high + 0.01
    curve = pd.DataFrame({"item_id": item.item_id} | curve_rows(choice, demand, span, rules))
    test = trial(choice, demand, economics, span, belief, week_var)
    test = test if test is not None and test.right_now < RIGHT else None
    if row["verdict"] == "test" and not (test and 0 < test.weeks <= PATIENCE and test.worth > 0):
        row["verdict"] = "open"
    return row, curve, test


def _decided(choice: Choice) -> dict:
    gains = {name: HORIZON_DAYS * getattr(choice, name) for name in ("gain", "gain_low", "gain_high")}
    same = {name: getattr(choice, name) for name in ("verdict", "step_loss", "probability", "profit_now", "limit")}
    return gains | same | {"price_best": choice.price}


def _demand(days: pd.DataFrame, belief: tuple[float, float], now: float, week_var: float) -> Demand:
    """Demand curves levelled on ``days``."""
    sd = float(np.sqrt(week_var / max(len(days) / 7, 1.0)))
    log_price, units = np.log(days["price_yuan"].to_numpy(float)), days["paid_units"].to_numpy(float)
    return demand_nodes(*belief, log_price, units, at=now, level_sd=sd)


BASIS = (
    "elasticity sd units_now level_sd units probability profit_now limit extrapolated others_profit others_response "
    "unit_cost cost_source price_low price_high floor_yuan"
).split()
OWN = BASIS.index("unit_cost")  # the columns before come with the decision
DECIDED = "price_best gain gain_low gain_high step_loss".split()


def _frames(rows: pd.DataFrame, items: pd.DataFrame, book: Book) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = rows.reindex(columns=list(dict.fromkeys(["item_id", "verdict", *DECIDED, *BASIS[:OWN]])))
    both = rows.merge(items[["item_id", "item_title", "price_now", *BASIS[OWN:]]], on="item_id")
    both["item_title"] = both["item_title"].fillna("").replace("", pd.NA).fillna(both["item_id"])
    order = both["gain"].fillna(-np.inf).sort_values(ascending=False, kind="stable").index
    both = both.loc[order].reset_index(drop=True)
    table = both[["item_id", "item_title", "verdict", "price_now", *DECIDED]]
    basis = both[["item_id", "item_title", *BASIS]].assign(fee=book.fee, kept=book.kept, shipping=book.shipping)
    return table, basis


def _test_row(test: PriceTrial) -> dict:
    names = ("price_a", "price_b", "run", "right_now", "right_after", "value", "cost")
    return {"weeks": test.weeks or np.nan} | {name: getattr(test, name) for name in names}


def _tests(rows: list[dict], items: pd.DataFrame) -> pd.DataFrame:
    """All that is known of the tests, most instructive first."""
    names = ["item_id", "price_a", "price_b", "weeks", "run", "right_now", "right_after", "value", "cost"]
    frame = pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[1:], float))
    frame = frame.merge(items[["item_id", "item_title"]], on="item_id", how="left")
    return frame.sort_values("value", ascending=False, kind="stable", ignore_index=True)


def _shown(tests: pd.DataFrame) -> pd.DataFrame:
    named = tests.assign(right_low=tests["right_now"], right_high=tests["right_after"], worth=tests["value"] - tests["cost"])
    return named[["item_id", "item_title", "price_a", "price_b", "weeks", "right_low", "right_high", "worth"]]


def _method(book: Book, rules: Rules, floor_days: int, counted: bool) -> Method:
    assumptions = ["elasticity_right", "posterior_profit", "own_rivals" if counted else "each_item_alone", "cost_sheet"]
    if (book.items["cost_source"] == "gross_margin").any():
        assumptions.append("cost_from_margin")
    assumptions.append(f"price_from_{book.price_source}")
    method = Method(
        name="pricing",
        source=SOURCE,
        assumptions=tuple(assumptions),
        start=book.days["date"].min(),
        end=book.days["date"].max(),
        rows_used=int(book.days["clean"].sum()),
        level=rules.level,
        parameters={
            "min_margin": rules.min_margin, "floor_days": floor_days, "extrapolate": rules.extrapolate,
            "ending_yuan": rules.ending, "horizon_days": HORIZON_DAYS,
        },
    )  # fmt: skip
    for reason, count in book.dropped.items():
        method = method.drop(reason, count)
    return method
