"""Cases about plans: what a price plan, an order and a budget bring under the true demand, beside the best there was.

Profit, cost and sales are scored as amounts: truth is the best plan within the same bounds, the estimate is what our plan
brings in truth, naive what a plan by rough figures brings; the bias is then the regret, as a share of the best.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

import tmall_nb as tn
from tmall_nb.demo.demand import DISPERSION
from tmall_nb.method_check.study import HORIZON, Row, Study, rows_of

LEAD_DAYS, REVIEW_DAYS, SERVICE = 14, 7, 0.95
TEXTBOOK_DAYS, DRAWS = 56, 2000
STEPS = np.arange(0.5, 2.0001, 0.02)


def prices(study: Study) -> list[Row]:
    """Profit of 28 ordinary days at planned prices, and each promised gain.

    Naive: the best price at the slope of daily log units on log price; and once more, prices kept as they are. Costs, fees and
    the prices allowed are the plan's, demand is the truth's.
    """
    plan = tn.plan_prices(study.shop, study.elasticity)
    true = study.by_item("elasticity", "ordinary_price_yuan", "ordinary_units")
    table = plan.table.set_index("item_id")
    basis = plan.basis.set_index("item_id").join([true.add_suffix("_true"), study.slopes.rename("slope"), table["price_now"]])
    tags = plan.curve[plan.curve["allowed"]].groupby("item_id")["price_yuan"].apply(np.asarray)
    profit, gains = dict.fromkeys(("best", "planned", "rough", "kept"), 0.0), []
    for item in table.index[table["price_best"].notna()]:
        row, now, planned = basis.loc[item], table.loc[item, "price_now"], table.loc[item, "price_best"]
        choices = np.unique(np.append(tags.get(item, []), [now, planned]))
        earned = dict(zip(choices, _profit(row, choices, row["elasticity_true"]), strict=True))
        slope = row["slope"] if np.isfinite(row["slope"]) else 0.0
        told = dict(zip(choices, _profit(row, choices, slope), strict=True))
        rough = max(told, key=told.__getitem__) if slope < 0 else now
        for name, price in (("planned", planned), ("rough", rough), ("kept", now)):
            profit[name] += HORIZON * earned[price]
        profit["best"] += HORIZON * max(earned.values())
        if planned != now:
            naive = HORIZON * (told[planned] - told[now])
            gains.append({"subject": item, "truth": HORIZON * (earned[planned] - earned[now]), "naive": naive})
            gains[-1] |= dict(zip(("estimate", "low", "high"), table.loc[item, ["gain", "gain_low", "gain_high"]], strict=True))
    rows: list[Row] = []
    for quantity, naive in (("price_profit", "rough"), ("price_profit_kept", "kept")):
        row = {"subject": "shop", "truth": profit["best"], "estimate": profit["planned"], "naive": profit[naive]}
        rows += rows_of(quantity, pd.DataFrame([row]), 0.95)
    return [*rows, *rows_of("price_gain", pd.DataFrame(gains), plan.method.level)]


def _profit(row: pd.Series, at: np.ndarray, elasticity: float) -> np.ndarray:
    """Profit a day at prices ``at``: true units at today's price, then ``elasticity``; the plan's cost, fee and refunds."""
    units = row["ordinary_units_true"] * np.exp(
        row["elasticity_true"] * np.log(row["price_now"] / row["ordinary_price_yuan_true"])
    )
    unit = row["kept"] * ((1 - row["fee"]) * at - row["unit_cost"]) - row["shipping"]
    return units * np.exp(elasticity * np.log(at / row["price_now"])) * unit


def stock(study: Study) -> list[Row]:
    """Units wanted until the next order's goods arrive against the order-up-to level, and what that level costs.

    Coverage of ``lead_time_demand`` is the service reached: 0 to the level ordered up to must hold the units wanted, which are
    those before stock-outs. Cost: expected over the true demand, 1 a unit left over and 19 a unit short (then 95 % is best), in
    yuan of unit cost; truth: the best level. Naive: the textbook's mean of eight weeks and normal safety stock.
    """
    ids, days = list(study.truth.items), LEAD_DAYS + REVIEW_DAYS
    empty = pd.DataFrame({"item_id": ids, "stock_units": 0.0})
    plan = tn.plan_replenishment(empty, study.demand, lead_time_days=LEAD_DAYS, review_days=REVIEW_DAYS, service_level=SERVICE)
    level = plan.table.set_index("item_id")["reorder_point"].reindex(ids)
    frame = pd.DataFrame({"truth": study.by_day("wanted_by_day")[:, :days].sum(axis=1), "high": level, "low": 0.0}, index=ids)
    frame["estimate"] = plan.detail.set_index("item_id")["expected_units"].reindex(ids)
    recent = study.past[study.past["date"] > study.past["date"].max() - pd.Timedelta(days=TEXTBOOK_DAYS)]
    daily = recent.groupby("item_id")["paid_units"].agg(["mean", "std"]).reindex(ids).fillna(0.0)
    frame["naive"] = daily["mean"] * days
    textbook = np.ceil(frame["naive"] + ndtri(SERVICE) * daily["std"] * np.sqrt(days))
    draws = _draws(study.by_day("expected_by_day")[:, :days], study.truth.settings["seed"])
    levels = {
        "truth": np.quantile(draws, SERVICE, axis=0),
        "estimate": level.to_numpy(float),
        "naive": textbook.to_numpy(float),
    }
    known, cost = level.notna().to_numpy(), study.by_item("unit_cost_yuan")["unit_cost_yuan"].to_numpy()
    row: Row = {"subject": "shop"}
    for name, up_to in levels.items():
        each = np.maximum(up_to - draws, 0) + SERVICE / (1 - SERVICE) * np.maximum(draws - up_to, 0)
        row[name] = float((each.mean(axis=0) * cost)[known].sum())
    cases = frame.rename_axis("subject").reset_index()
    return [*rows_of("lead_time_demand", cases, SERVICE), *rows_of("stock_cost", pd.DataFrame([row]), SERVICE)]


def _draws(expected: np.ndarray, seed: int) -> np.ndarray:
    """(draws, items) units of all days, from the true distribution of each."""
    rng = np.random.default_rng([seed, 19])
    shape = (DRAWS, *expected.shape)
    return rng.poisson(expected * rng.gamma(DISPERSION, 1 / DISPERSION, shape)).sum(axis=2)


def budget(study: Study) -> list[Row]:
    """Sales ads cause under the planned split of today's budget, and the gain it promises.

    Truth: the best split between half and twice each channel's spend. Naive: as much as allowed where the platform reports the
    highest return, and the gain those returns promise. A plan that leaves everything as it is promises nothing: no
    estimate, counted as refused.
    """
    plan = tn.plan_budget(study.mix)
    table = plan.table.set_index("channel")
    names = [n for n in study.truth.ads if n in table.index]
    true, spend = [study.truth.ads[n] for n in names], table["spend_now"].reindex(names).to_numpy(float)
    total = sum(c["spend_yuan"] for c in true)
    weeks = total / spend.sum()

    def brings(times: np.ndarray) -> float:
        """Caused sales a week at multiples of each channel's spend."""
        curves = [{float(k): v for k, v in c["caused_yuan_at_spend"].items()} for c in true]
        parts = [np.interp(t, list(c), list(c.values())) for t, c in zip(times, curves, strict=True)]
        return float(sum(parts)) / weeks

    planned = table["spend_planned"].reindex(names).to_numpy(float) / spend
    platform = np.array([c["platform_roas"] for c in true])
    rough, now = _greedy(spend, platform), brings(np.ones(len(names)))
    best = max(brings(t) for t in [planned, *_splits(spend)])
    row = {"subject": "shop", "truth": best, "estimate": brings(planned), "naive": brings(rough)}
    gain = {"subject": "shop", "truth": brings(planned) - now, "naive": float(((planned - 1) * spend * platform).sum())}
    alternative = plan.alternatives.set_index("plan").loc["planned"]
    if (table["verdict"] != "keep").any():
        gain |= {"estimate": alternative["expected_gain"], "low": alternative["low"], "high": alternative["high"]}
    return [*rows_of("budget_sales", pd.DataFrame([row]), 0.9), *rows_of("budget_gain", pd.DataFrame([gain]), 0.9)]


def _splits(spend: np.ndarray) -> list[np.ndarray]:
    """Multiples of each channel's spend, between half and twice, that use the same budget; three channels."""
    a, b = np.meshgrid(STEPS, STEPS)
    c = (spend.sum() - a * spend[0] - b * spend[1]) / spend[2]
    good = (c >= 0.5) & (c <= 2.0)
    return list(np.stack([a[good], b[good], c[good]], axis=1))


def _greedy(spend: np.ndarray, returns: np.ndarray) -> np.ndarray:
    """Half of each channel's spend, and the rest of the budget where ``returns`` are highest, twice at most."""
    times, left = np.full(len(spend), 0.5), spend.sum() * 0.5
    for c in np.argsort(-returns):
        more = min(left, 1.5 * spend[c])
        times[c] += more / spend[c]
        left -= more
    return times
