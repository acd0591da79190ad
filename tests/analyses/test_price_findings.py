"""Every branch of what the price plan and the discounts say can be reached and spoken in both languages."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.analyses.discounts.findings import describe_discounts
from tmall_nb.analyses.discounts.result import STEPS
from tmall_nb.analyses.pricing.findings import describe_prices


def frames(*verdicts, gain=100.0, low=20.0, cost_source="costs", limit="none", probability=0.95):
    count = len(verdicts)
    known = np.array([v in {"raise", "lower", "keep", "test", "open"} for v in verdicts])
    table = pd.DataFrame({"item_id": [f"i{k}" for k in range(count)], "item_title": "连衣裙", "verdict": verdicts})
    table = table.assign(price_now=99.9, price_best=109.9, gain=gain, gain_low=low, gain_high=200.0, step_loss=0.01)
    numbers = ["price_best", "gain", "gain_low", "gain_high", "step_loss"]
    table.loc[~known, numbers] = np.nan
    basis = table[["item_id"]].assign(probability=probability, limit=limit, extrapolated=False, cost_source=cost_source)
    return table, basis


def trials(weeks=8.0, value=500.0):
    row = {"item_id": "i0", "item_title": "连衣裙", "price_a": 99.9, "price_b": 89.9, "weeks": weeks, "run": 8.0}
    return pd.DataFrame([row | {"right_now": 0.6, "right_after": 0.92, "value": value, "cost": 100.0}])


NO_TEST = trials().iloc[:0]


@pytest.mark.parametrize(
    ("frame", "tests", "keys"),
    [
        (frames("raise", "lower"), NO_TEST, {"prices_change", "price_raise", "price_lower", "price_source_order_items"}),
        (frames("keep", "test"), trials(), {"prices_stay", "price_test", "prices_open"}),
        (frames("open"), trials(weeks=np.nan), {"prices_stay", "tests_too_long", "prices_open"}),
        (frames("raise", cost_source="gross_margin", limit="highest_seen"), NO_TEST, {"cost_guessed", "prices_bound"}),
        (frames("keep", "implausible", "no_cost"), NO_TEST, {"prices_stay", "prices_refused"}),
        (frames("no_cost"), NO_TEST, {"costs_missing"}),
        (frames("not_enough_data"), NO_TEST, {"no_price_planned"}),
    ],
)
def test_price_findings_are_reached_and_spoken(frame, tests, keys):
    findings = describe_prices(*frame, tests, 0.1, "order_items")
    assert keys <= {f.key for f in findings}
    for language in ("zh", "en"):
        assert repr(tn.say(findings, language)) and repr(tn.actions(findings, language))


def steps(**changes):
    yuan = dict.fromkeys(STEPS, 0.0) | {"list_amount": 100.0, "activity_discount": -40.0, "payable": 60.0, "paid_amount": 60.0}
    yuan |= {"refund_amount": -10.0, "settled_amount": 50.0} | changes
    return pd.DataFrame({"step": list(yuan), "yuan": list(yuan.values())})


def bunched(verdict, low):
    row = {
        "kind": "cart_rule",
        "cart": 300.0,
        "off": 50.0,
        "excess": 30.0,
        "excess_low": low,
        "excess_high": 60.0,
        "base": 90.0,
    }
    return pd.DataFrame([row | {"carts": 900, "verdict": verdict}])


def depth(profit, low, high):
    row = {"depth": "8–15%", "item_days": 900, "lift": 0.3, "lift_low": 0.1, "lift_high": 0.5, "needed": 0.4, "given": 900.0}
    return pd.DataFrame([row | {"extra_profit": profit, "extra_profit_low": low, "extra_profit_high": high}])


RULES = pd.DataFrame([{"kind": "coupon", "cart": 199.0, "off": 10.0, "uptake": 0.2, "orders": 90}])
LOSING = (steps(), bunched("bunching", 5.0), depth(-90.0, -150.0, -30.0))
PAYING = (steps(platform_money=5.0, settled_amount=55.0), bunched("no_difference", -5.0), depth(9.0, 3.0, 15.0))
OPEN = (steps(difference=-2.0, settled_amount=48.0), bunched("not_enough_data", 0.0), depth(1.0, -3.0, 5.0))
BLIND = (steps(difference=np.nan, settled_amount=np.nan), bunched("not_enough_data", 0.0), depth(np.nan, np.nan, np.nan))
BOTH = ("price_stack", "promo_tool_daily")


@pytest.mark.parametrize(
    ("given", "missing", "place", "keys"),
    [
        (LOSING, (), "on_top", "carts_bunch depth_loses ladder_closes"),
        (PAYING, BOTH[:1], "on_top", "platform_pays carts_do_not_bunch depth_pays price_stack_missing coupon_uptake"),
        (OPEN, BOTH[1:], "unknown", "ladder_gap depth_open promo_tool_daily_missing platform_unplaced"),
        (BLIND, BOTH, "inside", "received_unknown depth_no_cost discount_reports_missing"),
    ],
)
def test_discount_findings_are_reached_and_spoken(given, missing, place, keys):
    findings = describe_discounts(given, RULES, missing, place, 90)
    assert set(keys.split()) <= {f.key for f in findings}
    for language in ("zh", "en"):
        assert repr(tn.say(findings, language)) and repr(tn.actions(findings, language))


def test_a_losing_depth_is_an_action_whose_gain_is_the_loss_saved():
    (loss,) = [f for f in describe_discounts(LOSING, RULES, (), "on_top", 90) if f.action]
    assert loss.values["gain"] == pytest.approx(90 * 28 / 90)
    assert loss.values["gain_low"] < loss.values["gain"] < loss.values["gain_high"]
