"""Value by source against its ad cost, gains from past read-outs, revenue at risk."""

import duckdb
import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.analyses.customers.sources import NewBuyer, by_source
from tmall_nb.errors import ExportError
from tmall_nb.queries.new_buyer_cost import cost_sources, source_costs
from tmall_nb.shop import Shop
from tmall_nb.stats.pooling import shrink

END = "2025-12-31"


def sources(orders, repeats):
    """Buyers of three sources; ``repeats`` is each one's repeat orders over what the model expects (2 each)."""
    names = np.repeat(list("abc"), orders)
    rng = np.random.default_rng(0)
    frequency = rng.poisson(np.repeat(repeats, orders) * rng.gamma(1, 1, len(names)))
    table = pd.DataFrame({
        "frequency": frequency, "net_amount": 100.0 * (frequency + 1), "expected_value_yuan": 50.0, "low": 40.0, "high": 60.0,
    })  # fmt: skip
    return table, pd.Series(names), NewBuyer(300.0, 2.0, 0.01, np.full(len(table), 2.0))


def test_a_source_whose_buyers_return_more_may_cost_more():
    table, names, new = sources(4000, [1, 2, 3])
    costs = pd.DataFrame({"source": list("abc"), "spend": [30_000.0, 30_000.0, 30_000.0], "ad_new_buyers": [200, 200, 200]})
    rows = by_source(table, names, new, costs, margin=0.5, recent=np.zeros(len(table))).set_index("source")
    assert rows["new_buyer_value"].tolist() == pytest.approx([200, 300, 400], rel=0.03)
    assert (rows["new_buyer_low"] < rows["new_buyer_value"]).all() and (rows["allowed_low"] < rows["allowed_high"]).all()
    assert rows["ad_cost"].tolist() == [150.0] * 3 and rows["verdict"].tolist() == ["dear", "even", "pays"]
    assert (rows["ad_cost_low"] < 150).all() and (rows["ad_cost_high"] > 150).all()


def test_small_sources_are_pulled_to_the_shop_and_not_judged():
    table, names, new = sources([4000, 4000, 8], [2, 2, 6])
    costs = pd.DataFrame({"source": ["c"], "spend": [9000.0], "ad_new_buyers": [np.nan]})
    rows = by_source(table, names, new, costs, margin=0.5, recent=(names == "c").to_numpy()).set_index("source")
    own = 100 * (1 + table["frequency"][names == "c"].mean())
    assert 300 < rows.loc["c", "new_buyer_value"] < 0.9 * own and rows.loc["c", "new_buyer_high"] > own
    assert rows.loc["c", "ad_new_buyers"] == 8 and rows.loc["c", "ad_cost"] == 1125.0
    assert set(rows["verdict"]) == {"not_enough_data"}
    assert by_source(table, pd.Series(["a"] * len(table)), new, costs, margin=0.5, recent=np.zeros(len(table))).empty


def test_shrinking_keeps_true_differences_and_drops_noise():
    rng = np.random.default_rng(0)
    same = rng.normal(0, 1, 400)
    pulled, error = shrink(same, np.ones(400))
    assert np.std(pulled) < 0.4 and error.max() < 0.7
    truth = rng.normal(0, 3, 400)
    kept, error = shrink(truth + same, np.ones(400))
    assert np.mean((kept - truth) ** 2) < np.mean(same**2)
    assert np.mean(np.abs(kept - truth) <= 1.96 * error) == pytest.approx(0.95, abs=0.03)


def stored(folder, name, select):
    (folder / name).mkdir(parents=True)
    duckdb.sql(f"COPY ({select}) TO '{folder / name}/part.parquet' (FORMAT parquet)")
    return list(duckdb.sql(f"SELECT * FROM '{folder / name}/part.parquet' LIMIT 0").columns)


def test_costs_of_sources_come_from_the_last_ninety_days(tmp_path):
    days = "(SELECT DATE '2025-12-31' - CAST(i AS INTEGER) AS date FROM range(120) t(i))"
    region = f"""SELECT date, 'region' AS level, p.province, 10.00::DECIMAL(18,2) AS spend, 2 AS ad_new_buyers
        FROM {days}, (VALUES ('广东省'), ('上海')) p(province)"""
    plan = f"SELECT date, 'plan' AS level, NULL AS province, 30.00::DECIMAL(18,2) AS spend, 5 AS ad_new_buyers FROM {days}"
    cps = f"""SELECT CAST(date AS VARCHAR) AS sub_order_id, CAST(date AS VARCHAR) AS order_id, CAST(date AS TIMESTAMP)
        AS created_at, 1.50::DECIMAL(18,2) AS commission, 0.50::DECIMAL(18,2) AS service_fee FROM {days}"""
    columns = {"ads": stored(tmp_path, "ads", f"{region} UNION ALL {plan}"), "cps_orders": stored(tmp_path, "cps_orders", cps)}
    shop = Shop("s", tmp_path, manifest={"columns": columns})
    end = pd.Timestamp(END)
    assert cost_sources(shop) == ("channel", "province")
    provinces = source_costs(shop, "province", end=end).set_index("source")
    assert provinces["spend"].tolist() == [900.0, 900.0] and provinces["ad_new_buyers"].tolist() == [180, 180]
    channels = source_costs(shop, "channel", end=end).set_index("source")
    assert channels.loc["affiliate", "spend"] == 180.0 and np.isnan(channels.loc["affiliate", "ad_new_buyers"])
    assert channels.loc["other", "spend"] == 2700.0 and channels.loc["other", "ad_new_buyers"] == 450
    assert source_costs(shop, "item", end=end).empty


@pytest.fixture(scope="module")
def value():
    """Buyers who leave with a chance of a quarter after each order."""
    rng = np.random.default_rng(3)
    now, active, rows = rng.uniform(0, 540, 2500), np.arange(2500), []
    rate = rng.gamma(0.6, 1 / 60, 2500)
    while len(active):
        rows.append(pd.DataFrame({"buyer_key": active, "day": now[active]}))
        active = active[rng.random(len(active)) < 0.75]
        now[active] += rng.exponential(1, len(active)) / rate[active]
        active = active[now[active] < 578]
    orders = pd.concat(rows)
    orders["paid_at"] = pd.Timestamp("2024-06-01") + pd.to_timedelta(orders["day"], unit="D")
    orders["paid_amount"] = rng.lognormal(4, 0.5, len(orders))
    return tn.value_customers(orders, observation_end=END, margin=0.4, model="mbg_nbd")


def past(extra, low, high, touched=500):
    rows = {"list": ["win_back"], "touched": [touched], "extra_net_yuan": [extra], "extra_net_yuan_low": [low]}
    return pd.DataFrame(rows | {"extra_net_yuan_high": [high]})


def by_list(lists):
    return {f.values["list"]: f for f in lists.findings}


def test_a_gain_is_expected_only_where_the_past_shows_one(value):
    without = by_list(tn.list_segments(value, remind_days="1-400"))
    assert all("gain" not in f.values and not f.key.endswith("_past") for f in without.values())
    ready = [f for f in without.values() if f.key != "list_too_short"]
    assert ready and all(f.values["aimed"] > 0 for f in ready)
    lists = tn.list_segments(value, remind_days="1-400", uplift=past(1000.0, 200.0, 1800.0))
    row = lists.plan.set_index("list").loc["win_back"]
    each = row["touched"] / 500
    assert row["expected_net_yuan"] == pytest.approx(1000 * each) and row["past_touched"] == 500
    assert row["expected_net_yuan_low"] == pytest.approx(200 * each) and row["uplift"] == 0.03
    finding = by_list(lists)["win_back"]
    assert finding.key.endswith("_past") and finding.values["gain"] == pytest.approx(400 * each)
    assert finding.values["gain_low"] == pytest.approx(80 * each) and finding.values["gain_days"] == 30
    for language in ("zh", "en"):
        assert str(tn.say(lists.findings, language)) and str(tn.actions(lists.findings, language))


def test_several_read_outs_are_added_up(value):
    two = pd.concat([past(1000.0, 200.0, 1800.0), past(0.0, -800.0, 800.0)])
    row = tn.list_segments(value, uplift=two).plan.set_index("list").loc["win_back"]
    each = row["touched"] / 1000
    assert row["expected_net_yuan"] == pytest.approx(1000 * each)
    assert row["expected_net_yuan_high"] == pytest.approx((1000 + 800 * np.sqrt(2)) * each)
    with pytest.raises(ExportError, match="extra_net_yuan"):
        tn.list_segments(value, uplift=past(1.0, 0.0, 2.0).drop(columns="extra_net_yuan"))


def test_revenue_at_risk_has_an_interval(value):
    totals = value.totals.set_index("metric")
    row = totals.loc["at_risk"]
    recent = value.table["recent_amount"].clip(lower=0)
    assert row["value"] == pytest.approx(((1 - value.table["p_alive"]) * recent).sum() / recent.sum(), rel=1e-6)
    assert 0 <= row["low"] < row["value"] < row["high"] <= 1
    assert totals.loc["likely_gone", "count"] == (value.table["p_alive"] < 0.5).sum()
    orders = totals.loc["expected_orders"]
    assert np.log(orders["high"] / orders["low"]) / 2 > 1.96 / np.sqrt(orders["value"])  # wider than independent orders
