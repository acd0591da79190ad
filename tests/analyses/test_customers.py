"""Customer value: recovery on simulated buyers, refunds, degenerate samples, lists with hold-outs and their read-out."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.errors import ExportError, NotEnoughData, ParameterError
from tmall_nb.stats.btyd.geometric import GeometricFit

END = "2025-12-31"
TRUTH = {"r": 0.6, "alpha": 90.0, "a": 0.9, "b": 2.5}
MONEY = (6.0, 4.0, 60.0)  # Gamma-Gamma p, q, v


def make_world(buyers=1500, seed=0):
    """MBG/NBD buyers with Gamma-Gamma order values; first orders over 540 of 730 days."""
    rng = np.random.default_rng(seed)
    rate, leave = rng.gamma(TRUTH["r"], 1 / TRUTH["alpha"], buyers), rng.beta(TRUTH["a"], TRUTH["b"], buyers)
    mean, first = rng.gamma(MONEY[1], 1 / MONEY[2], buyers), rng.integers(0, 540, buyers)
    who, when, now, active = [np.arange(buyers)], [first], first.astype(float), np.arange(buyers)
    while len(active):
        active = active[rng.random(len(active)) >= leave[active]]
        now[active] += rng.exponential(1.0, len(active)) / rate[active]
        active = active[now[active] < 730]
        who.append(active)
        when.append(np.floor(now[active]))
    buyer, day = np.concatenate(who), np.concatenate(when)
    amount = np.maximum(np.round(rng.gamma(MONEY[0], 1.0, len(buyer)) / mean[buyer], 2), 0.01)
    paid_at = pd.Timestamp("2024-01-02") + pd.to_timedelta(day, unit="D") + pd.Timedelta(hours=12)
    return pd.DataFrame({"buyer_key": [f"b{k}" for k in buyer], "paid_at": paid_at, "paid_amount": amount})


@pytest.fixture(scope="module")
def orders():
    return make_world()


@pytest.fixture(scope="module")
def value(orders):
    return tn.value_customers(orders, observation_end=END, horizon_days=180, margin=0.4)


def test_one_row_per_buyer_with_intervals(orders, value):
    table = value.table
    assert len(table) == orders["buyer_key"].nunique() and table["buyer_key"].is_unique
    assert table["p_alive"].between(0, 1).all()
    assert (table["low"] <= table["expected_value_yuan"]).all() and (table["expected_value_yuan"] <= table["high"]).all()
    assert np.allclose(table["expected_margin_yuan"], 0.4 * table["expected_value_yuan"])
    spent = orders.groupby("buyer_key")["paid_amount"].sum()
    assert np.allclose(table["net_amount"], table["buyer_key"].map(spent))


def test_expected_value_comes_near_the_true_models(orders):
    """What the true parameters would expect, buyer by buyer: held by the 95 % interval about as often as it says."""
    held, ratios = [], []
    p, q, v = MONEY
    for seed in (11, 12, 13):
        t = tn.value_customers(make_world(2000, seed), observation_end=END, horizon_days=180, model="mbg_nbd").table
        fit = GeometricFit(TRUTH, {}, 0.0, True, np.eye(4), 1, at_first=1)
        count = fit.conditional_expected_purchases(180, t["frequency"], t["recency_days"], t["age_days"])
        truth = count * p * (v + t["net_amount"]) / (p * (t["frequency"] + 1) + q - 1)
        held.append(((t["low"] <= truth) & (truth <= t["high"])).mean())
        ratios.append(t["expected_value_yuan"].sum() / truth.sum())
    assert np.mean(held) > 0.85
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.12)


def test_shuffling_rows_and_scaling_money(orders, value):
    again = orders.sample(frac=1, random_state=1).assign(paid_amount=lambda d: d["paid_amount"] * 10)
    other = tn.value_customers(again, observation_end=END, horizon_days=180, margin=0.4).table.set_index("buyer_key")
    mine = value.table.set_index("buyer_key")
    other = other.loc[mine.index]
    assert np.allclose(other["p_alive"], mine["p_alive"], atol=1e-4)
    assert np.allclose(other["expected_value_yuan"], 10 * mine["expected_value_yuan"], rtol=1e-3)
    assert (other["segment"] == mine["segment"]).all()


def test_holdout_chooses_and_calibration_shows_it(value):
    assert value.holdout["model"].tolist() == ["bg_nbd", "mbg_nbd", "pareto_nbd"] and value.holdout["chosen"].sum() == 1
    chosen = value.holdout[value.holdout["chosen"]].iloc[0]
    pool = value.holdout[value.holdout["identified"]] if value.holdout["identified"].any() else value.holdout
    assert chosen["deviance"] == pool["deviance"].min()
    rows = value.calibration
    assert (rows["predicted"] * rows["buyers"]).sum() == pytest.approx(chosen["predicted"], rel=1e-9)
    assert (rows["actual"] * rows["buyers"]).sum() == pytest.approx(chosen["actual"])


def test_totals_are_the_sums(value):
    totals = value.totals.set_index("metric")
    assert totals.loc["expected_orders", "value"] == pytest.approx(value.table["expected_orders"].sum())
    assert totals.loc["allowed_cost", "value"] == pytest.approx(0.4 * totals.loc["new_buyer_value", "value"])
    assert value.segments["buyers"].sum() == value.tiers["buyers"].sum() == len(value.table)
    assert value.segments["share"].sum() == pytest.approx(1.0)


def test_wholly_refunded_orders_are_no_purchases():
    rows = [("a", "2025-01-01", 100.0, 0.0), ("a", "2025-02-01", 80.0, 80.0), ("b", "2025-01-05", 50.0, 90.0)]
    orders = pd.DataFrame(rows, columns=["buyer_key", "paid_at", "paid_amount", "refund_amount"])
    orders["paid_at"] = pd.to_datetime(orders["paid_at"])
    table = tn.value_customers(orders, observation_end=END).table.set_index("buyer_key")
    assert table["frequency"].tolist() == [0, 0] and table["net_amount"].tolist() == [100.0, 0.0]


def test_one_time_buyers_and_zero_money_are_stated_not_guessed():
    once = pd.DataFrame({"buyer_key": range(3000), "paid_at": pd.Timestamp("2025-05-05"), "paid_amount": 50.0})
    result = tn.value_customers(once, observation_end=END)
    assert set(result.table["verdict"]) == {"not_enough_data"} and result.table["expected_value_yuan"].isna().all()
    assert result.fit is None and [f.key for f in result.findings] == ["value_few_repeaters"]
    free = tn.value_customers(make_world(300).assign(paid_amount=0.0), observation_end=END)
    assert free.table["expected_value_yuan"].isna().all() and free.table["p_alive"].notna().all()
    assert {s.reason: s.rows for s in free.method.set_aside} == {"buyers_without_value": 300}


def test_few_buyers_are_flagged_weak_or_not_enough():
    for buyers, allowed in ((5, {"not_enough_data"}), (60, {"weak", "ok", "not_enough_data"})):
        table = tn.value_customers(make_world(buyers), observation_end=END).table
        assert set(table["verdict"]) <= allowed


def test_bad_parameters_are_refused(orders):
    for name, bad in (("horizon_days", 0), ("model", "lifetimes"), ("margin", 40.0)):
        with pytest.raises(ParameterError, match=name):
            tn.value_customers(orders, observation_end=END, **{name: bad})
    with pytest.raises(ExportError, match="several shops"):
        tn.value_customers(orders.assign(shop_id=np.where(orders.index % 2, "x", "y")), observation_end=END)


@pytest.fixture(scope="module")
def lists(value):
    return tn.list_segments(value, holdout_share=0.3, remind_days="1-400", seed=5)


def test_lists_hold_keys_only_and_a_random_group_back(value, lists):
    table = lists.table
    assert table["buyer_key"].is_unique and set(table["buyer_key"]) <= set(value.table["buyer_key"])
    assert list(table.columns) == ["buyer_key", "list", "touch", "group", "order_probability", "expected_value_yuan", "p_alive"]
    for _, part in table.groupby("list"):
        assert (part["group"] == "hold_out").mean() == pytest.approx(0.3, abs=0.02 + 1 / len(part))
        chance = part.groupby("group")["order_probability"].mean()
        assert chance["touch"] == pytest.approx(chance["hold_out"], rel=0.15)
    same = tn.list_segments(value, holdout_share=0.3, remind_days="1-400", seed=5).table
    pd.testing.assert_frame_equal(table, same)
    aside = {s.reason: s.rows for s in lists.method.set_aside}
    assert aside["on_no_list"] + len(table) == len(value.table)


def test_plan_says_how_many_are_needed(lists):
    plan = lists.plan[lists.plan["needed"].notna()]
    assert len(plan) and (plan["touched"] + plan["held_out"] == plan["buyers"]).all()
    assert ((plan["touched"] >= plan["needed"]) == (plan["detectable"] <= plan["uplift"] + 1e-3)).all()


def test_read_touch_finds_an_effect_and_none(value, lists):
    rng = np.random.default_rng(0)
    members = lists.table.sort_values("buyer_key", ignore_index=True)
    estimates = {}
    for effect in (0.0, 0.15):
        chance = 0.1 + effect * (members["group"] == "touch")
        bought = members[rng.random(len(members)) < chance]
        after = pd.DataFrame({"buyer_key": bought["buyer_key"], "paid_at": pd.Timestamp("2026-01-10"), "paid_amount": 100.0})
        result = tn.read_touch(lists, after, start="2026-01-01", days=30, observation_end="2026-02-28")
        row = result.table.set_index("list").loc["all"]
        estimates[effect] = row
        assert row["low"] <= effect <= row["high"]
    assert estimates[0.15]["verdict"] == "worked" and estimates[0.15]["extra_net_yuan"] > 0
    assert estimates[0.0]["verdict"] == "no_difference"


def test_read_touch_refuses_what_cannot_be_read(lists, orders):
    with pytest.raises(ParameterError, match="at most"):
        tn.read_touch(lists, orders, start="2025-12-15", days=30, observation_end=END)
    touched = lists.table[lists.table["group"] == "touch"]
    with pytest.raises(NotEnoughData, match="held out"):
        tn.read_touch(touched, orders, start="2025-11-01", days=30, observation_end=END)
    with pytest.raises(ExportError, match="column list"):
        tn.read_touch(touched.drop(columns="list"), orders, start="2025-11-01", observation_end=END)


def test_list_parameters_are_refused(value):
    for name, bad in (("holdout_share", 0.9), ("touch_days", 0), ("uplift", 3), ("remind_days", "soon")):
        with pytest.raises(ParameterError, match=name):
            tn.list_segments(value, **{name: bad})


def test_findings_speak_both_languages(value, lists):
    for language in ("zh", "en"):
        assert str(tn.say((*value.findings, *lists.findings), language))
        assert "Gamma-Gamma" in str(tn.show(value.method, language))
