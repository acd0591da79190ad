"""What the forecast's report says: totals, classes, stock, backtest against the mean, calibration, what-if, review."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn

DAYS = pd.date_range("2024-01-01", periods=240)
AHEAD = 28


def rows(rng, *, rates=(2, 6, 20, 40), days=DAYS):
    """Items of several sizes with a weekly pattern and a price that lifts sales by an elasticity of -2 on promotion."""
    parts = []
    week = np.where(days.day_of_week >= 5, 1.4, 0.85)
    promotion = (np.arange(len(days)) // 7 % 4 == 1) * 1.0
    for k, rate in enumerate(rates):
        price = np.where(promotion > 0, 80.0, 100.0)
        units = rng.poisson(rate * week * (price / 100.0) ** -2.0)
        parts.append(
            pd.DataFrame({
                "item_id": f"i{k}", "date": days, "paid_units": units, "price_yuan": price, "promotion": promotion,
                "category": "ab"[k % 2],
            })
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def demand():
    return tn.forecast_demand(rows(np.random.default_rng(1)), horizon_days=AHEAD, model="light")


@pytest.fixture(scope="module")
def shop_demand(demo_shop):
    return tn.forecast_demand(demo_shop, horizon_days=AHEAD, model="light")


def keys(result):
    return [f.key for f in result.findings]


def test_totals_are_sums_of_items_with_the_interval_of_the_sum(demand):
    shop = demand.totals.set_index("group").loc["all"]
    assert shop["units"] == pytest.approx(demand.table["units"].sum())
    assert demand.totals.loc[demand.totals["level"] == "category", "units"].sum() == pytest.approx(shop["units"])
    assert shop["low"] < shop["units"] < shop["high"]
    assert shop["high"] - shop["low"] < (demand.table["high"] - demand.table["low"]).sum()


def test_items_that_bring_most_come_first(demand):
    worth = (demand.table["units"] * demand.table["price_yuan"]).to_numpy()
    assert (np.diff(worth) <= 0).all()


def test_history_is_what_was_sold_in_twelve_weeks(demand):
    given = rows(np.random.default_rng(1))
    assert demand.history["date"].nunique() == 84
    last = given[given["date"] > DAYS[-1] - pd.Timedelta(weeks=12)]
    assert demand.history["units"].sum() == last["paid_units"].sum()


def test_classes_by_share_and_by_steadiness():
    rng = np.random.default_rng(2)
    steady = [pd.DataFrame({"item_id": f"s{k}", "date": DAYS, "paid_units": rng.poisson(30, 240)}) for k in range(3)]
    burst = np.zeros(240)
    burst[[170, 200, 230]] = 25
    frame = pd.concat([*steady, pd.DataFrame({"item_id": "z", "date": DAYS, "paid_units": burst})])
    table = tn.forecast_demand(frame, horizon_days=14, model="light").table.set_index("item_id")
    assert table.loc["s0", "xyz"] == "X" and table.loc["z", "xyz"] == "Z"
    assert table["abc"].tolist().count("A") == 3 and table.loc["z", "abc"] == "C"


def test_dying_and_new_items_are_counted_and_named():
    rng = np.random.default_rng(3)
    old = pd.DataFrame({"item_id": "old", "date": DAYS, "paid_units": np.where(np.arange(240) < 150, rng.poisson(9, 240), 0)})
    new = pd.DataFrame({"item_id": "new", "date": DAYS[-30:], "paid_units": rng.poisson(9, 30)})
    usual = pd.DataFrame({"item_id": "usual", "date": DAYS, "paid_units": rng.poisson(9, 240)})
    result = tn.forecast_demand(pd.concat([old, new, usual]), horizon_days=14, model="light")
    found = {f.key: f for f in result.findings}
    assert found["demand_dying"].values["names"] == "old" and found["demand_dying"].action
    assert found["demand_new"].values["items"] == 1
    assert found["demand_dying"].values["units"] < 1


def test_a_forecast_without_a_plan_prints_its_assumption(demand, shop_demand):
    for result, key in ((demand, "demand_no_future"), (shop_demand, "demand_no_plan")):
        assert key in keys(result) and "demand_price_stays" in result.method.assumptions
    text = str(tn.say(shop_demand.findings, "zh"))
    assert "tmall-nb template plan" in text


def test_demand_beyond_stock_is_worth_its_margin(shop_demand, demo_shop):
    short = next(f for f in shop_demand.findings if f.key == "demand_short").values
    table = shop_demand.table
    assert (table["short_units"] == (table["units"] - table["stock_units"]).clip(lower=0)).all()
    listed = table[table["short_units"] >= 1]
    worth = (listed["short_units"] * listed["price_yuan"]).sum()
    assert short["items"] == len(listed) and short["paid"] == pytest.approx(worth)
    assert short["gain"] == pytest.approx(worth * float(demo_shop.settings["gross_margin"]))
    assert short["gain_low"] <= short["gain"] <= short["gain_high"]


def test_a_shop_forecast_knows_nothing_of_prices_to_come(shop_demand):
    """Prices carried over days without a sale would tell the model which days sold; then weekdays of nothing appear ahead."""
    assert "price_yuan" not in str(shop_demand.method.parameters["known"])
    daily = shop_demand.groups[shop_demand.groups["level"] == "shop"]["units"]
    past = shop_demand.history.groupby("date")["units"].sum()
    assert daily.min() > 0.5 * past.tail(28).median()


def test_few_past_sums_give_an_interval_that_holds():
    """Three items have eighteen past sums: too few for quantiles, enough for one spread."""
    held, width = [], []
    for seed in range(12):
        given = rows(np.random.default_rng(300 + seed), rates=(5, 10, 20), days=pd.date_range("2024-01-01", periods=280))
        cut = given["date"].max() - pd.Timedelta(days=14)
        table = tn.forecast_demand(given[given["date"] <= cut], horizon_days=14, model="light").table.set_index("item_id")
        came = given[given["date"] > cut].groupby("item_id")["paid_units"].sum()
        held += list(came.between(table["low"].reindex(came.index), table["high"].reindex(came.index)))
        width += list(np.log(table["high"] / table["low"]))
    assert 0.6 <= np.mean(held) <= 0.97 and np.median(width) < 1.0


def test_the_shop_forecast_by_trees_has_no_weekday_that_the_past_lacks(demo_shop):
    result = tn.forecast_demand(demo_shop, horizon_days=AHEAD)
    ahead = result.groups[result.groups["level"] == "shop"].set_index("date")["units"]
    past = result.history.groupby("date")["units"].sum().tail(56)
    told, seen = (s.groupby(s.index.day_of_week).median() for s in (ahead, past))
    ratio = (told / told.mean()) / (seen / seen.mean())
    assert ratio.between(0.6, 1.6).all(), ratio.round(2).to_dict()


def test_skus_are_forecast_with_their_items_category(demo_shop):
    result = tn.forecast_demand(demo_shop, horizon_days=14, model="light", by="sku")
    assert result.table["category"].notna().all() and result.table["item_id"].str.match(r"[A-Z]").all()
    with pytest.raises(tn.ParameterError, match="item"):
        tn.forecast_demand(demo_shop, by="colour")


@pytest.fixture(scope="module")
def backtest():
    return tn.backtest_demand(rows(np.random.default_rng(4)), origins=3, horizon_days=14, model="light")


def test_the_backtest_sets_each_item_beside_the_weekday_mean(backtest):
    assert len(backtest.table) == 12 and backtest.table["mean_error"].notna().all()
    mean = backtest.table.groupby("origin")["mean_error"].mean()
    assert backtest.origins.set_index("origin")["mean_error"].to_numpy() == pytest.approx(mean.to_numpy())


def test_the_weekday_mean_is_what_an_obvious_loop_gives(backtest):
    given = rows(np.random.default_rng(4)).set_index(["item_id", "date"])["paid_units"].unstack(0)
    row = backtest.table.iloc[0]
    item, origin = row["item_id"], row["origin"]
    misses = []
    for ahead in range(1, 15):
        day = origin + pd.Timedelta(days=ahead)
        back = (ahead - 1) // 7 + 1
        past = [given.loc[day - pd.Timedelta(weeks=back + k), item] for k in range(4)]
        misses.append(abs(given.loc[day, item] - np.mean(past)))
    history = given.loc[:origin, item].to_numpy(float)
    scale = np.abs(history[7:] - history[:-7]).mean()
    assert row["mean_error"] == pytest.approx(np.mean(misses) / scale)


def test_a_series_of_noise_is_not_said_to_beat_the_mean():
    rng = np.random.default_rng(5)
    noise = pd.concat([pd.DataFrame({"item_id": f"n{k}", "date": DAYS, "paid_units": rng.poisson(4, 240)}) for k in range(4)])
    result = tn.backtest_demand(noise, origins=4, horizon_days=14, model="light")
    gain = result.findings[0].values
    if result.findings[0].key == "backtest_beats_mean":
        assert gain["better"] < 0.15  # a mean over more days is a little better than over four
    assert gain["better_low"] <= gain["better"] <= gain["better_high"]


def test_calibration_counts_days_inside(backtest):
    cover = backtest.calibration.set_index(["group", "interval"])
    frame = backtest.forecast.dropna(subset=["actual"])
    inside = frame["actual"].between(frame["low_80"], frame["high_80"]).mean()
    assert cover.loc[("all", 0.8), "inside"] == pytest.approx(inside)
    assert cover.loc[("all", 0.8), "count"] == len(frame)
    assert {"1-4", "A"} <= set(backtest.calibration["group"]) and (cover["low"] <= cover["inside"]).all()


def test_a_history_too_short_to_go_back_is_said_and_not_refused():
    short = rows(np.random.default_rng(6), days=DAYS[:30])
    result = tn.backtest_demand(short, horizon_days=28, model="light")
    assert keys(result) == ["backtest_none"] and result.table.empty and result.calibration.empty


def test_price_and_promotion_effects_cover_the_truth():
    """Elasticity -2: the 80 % interval of a promoted series holds it about as often as it says."""
    held = []
    for seed in range(20):
        given = rows(np.random.default_rng(100 + seed), rates=(20, 40)).drop(columns="promotion")
        effect = tn.forecast_demand(given, horizon_days=7, model="light").responses
        held += list((effect["price_effect_low"] <= -2.0) & (effect["price_effect_high"] >= -2.0))
    assert 0.65 <= np.mean(held) <= 0.97


def test_what_if_moves_units_by_the_effect_and_widens_the_interval(demand):
    same = tn.replan_demand(demand)
    assert same["units"].to_numpy() == pytest.approx(demand.forecast["units"].to_numpy())
    cheaper = tn.replan_demand(demand, price_change=-0.1)
    effect = demand.responses.set_index("item_id")["price_effect"]
    ratio = (cheaper["units"] / cheaper["units_before"]).groupby(cheaper["item_id"]).mean()
    expected = np.exp(effect * np.log(0.9))
    assert ratio.to_numpy() == pytest.approx(expected.reindex(ratio.index).to_numpy())
    width, before = cheaper["high_80"] / cheaper["units"], same["high_80"] / same["units"]
    assert (width >= before - 1e-9).all()
    with pytest.raises(tn.ParameterError, match="promotion_days"):
        tn.replan_demand(demand, promotion_days=99)


def test_what_if_takes_an_elasticity_where_given(demand):
    from types import SimpleNamespace

    table = pd.DataFrame({"item_id": ["i3"], "elasticity": [-1.0], "low": [-1.5], "high": [-0.5]})
    given = SimpleNamespace(table=table, method=SimpleNamespace(level=0.95))
    days = tn.replan_demand(demand, price_change=0.25, elasticity=given)
    ratio = (days["units"] / days["units_before"]).groupby(days["item_id"]).mean()
    assert ratio["i3"] == pytest.approx(0.8) and ratio["i0"] == pytest.approx(1.0)


def test_every_conclusion_has_its_sentence_and_no_sentence_is_left_over():
    import re
    from pathlib import Path

    from tmall_nb.analyses import demand as package
    from tmall_nb.words.catalogue import catalogue

    text = "".join(p.read_text(encoding="utf-8") for p in Path(package.__file__).parent.glob("*.py"))
    used = set(re.findall(r'"((?:demand|backtest|review)_[a-z_]+)"', text)) | {"demand_dying", "demand_new"}
    told = set(catalogue("demand")["findings"])
    assert told <= used | {"demand_not_enough_data"}
    assert {k for k in used if k in told} == told - {"demand_not_enough_data"}


def test_a_long_horizon_has_no_invented_interval(demo_shop):
    result = tn.forecast_demand(demo_shop, horizon_days=180, model="light")
    assert result.findings[0].key == "demand_total_no_interval" and result.totals["low"].isna().all()
    assert (result.table["low"] <= result.table["units"]).all() and (result.table["units"] <= result.table["high"]).all()
    assert len(tn.backtest_demand(demo_shop, horizon_days=180, model="light").origins) == 2


def test_every_candidate_model_has_a_name_to_read(demo_shop):
    from tmall_nb.words.catalogue import entry

    models = tn.forecast_demand(demo_shop, horizon_days=14).models["model"]
    assert "trees" in set(models) and all(entry("values", model, "demand") for model in models)
