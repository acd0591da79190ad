"""Price elasticities: truth of simulated worlds, the parts of the response, every refusal, properties.

Worlds: ``bench/price_worlds.py`` states equations and true numbers. A few small worlds tell gross errors from right answers;
bias and coverage over many seeds are in ``bench/elasticity.py``.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.errors import ExportError, NotEnoughData, ParameterError

BENCH = Path(__file__).parents[2] / "bench" / "price_worlds.py"
spec = importlib.util.spec_from_file_location("price_worlds", BENCH)
price_worlds = importlib.util.module_from_spec(spec)
sys.modules["price_worlds"] = price_worlds
spec.loader.exec_module(price_worlds)
PROMOTION, draw_world = price_worlds.PROMOTION, price_worlds.draw_world

GROSS = 0.25  # mean error of a world of 40 items beyond which something is wrong (its own sd is about .1)


def _world(regime, seed=1, items=40, days=280, **options):
    return draw_world(regime, seed=seed, items=items, days=days, **options)


def _error(table, world):
    good = (table["verdict"] == "ok").to_numpy()
    return table["elasticity"].to_numpy()[good] - world.elasticity[good], good


@pytest.fixture(scope="module")
def plain():
    world = _world("plain")
    return world, tn.estimate_elasticity(world.rows, controls=("campaign",))


def test_intervals_cover_the_truth(plain):
    inside, errors = [], []
    for world, result in (plain, *((w, tn.estimate_elasticity(w.rows)) for w in (_world("plain", seed=s) for s in (2, 3)))):
        error, good = _error(result.table, world)
        table = result.table[good]
        inside.append(((table["low"] <= world.elasticity[good]) & (world.elasticity[good] <= table["high"])).mean())
        errors.append(error.mean())
        assert good.mean() > 0.9 and table["own_share"].between(0, 1).all() and result.method.level == 0.95
    assert np.mean(inside) > 0.8 and abs(np.mean(errors)) < GROSS


def test_campaign_traffic_is_not_charged_to_the_price(plain):
    world, result = plain
    assert result.table["campaign_lift"].median() == pytest.approx(np.expm1(0.75), abs=0.6)
    logs = np.log1p(world.rows["paid_units"]), np.log(world.rows["price_yuan"])
    frame = pd.DataFrame({"item": world.rows["item_id"], "y": logs[0], "x": logs[1]})
    frame = frame[["y", "x"]] - frame.groupby("item")[["y", "x"]].transform("mean")
    naive = (frame["x"] * frame["y"]).sum() / (frame["x"] ** 2).sum()
    error, _ = _error(result.table, world)
    assert abs(error.mean()) < abs(naive - world.elasticity.mean())


def test_overall_interval_knows_that_items_err_together(plain):
    _, result = plain
    row, table = result.checks.iloc[0], result.table
    weight = table["units"] / table["units"].sum()
    alone = 1.96 * np.sqrt((weight**2 * ((table["high"] - table["low"]) / 3.92) ** 2).sum())
    assert row["overall_high"] - row["overall"] > alone


def test_sold_out_days_are_at_least_so_much():
    world = _world("stock_heavy", items=60)
    aware = tn.estimate_elasticity(world.rows)
    blind = tn.estimate_elasticity(world.rows.drop(columns=["in_stock", "sold_out", "sold_until"]))
    assert aware.checks["overall"].iloc[0] < blind.checks["overall"].iloc[0] - 0.02
    keys = [f.key for f in blind.findings]
    assert "stock_unknown_bias" in keys and "stock_outs_counted" not in keys
    times = aware.second.set_index("estimate").loc["order_times"]
    assert times["elasticity"] == pytest.approx(aware.checks["overall"].iloc[0], abs=0.1)


def test_order_times_find_stock_outs_that_no_file_states():
    world = _world("stock_heavy", items=60)
    result = tn.estimate_elasticity(world.rows.drop(columns=["in_stock", "sold_out"]))
    assert result.second["elasticity"].iloc[0] < result.checks["overall"].iloc[0]


def test_cost_column_mends_own_demand_pricing():
    world = _world("own_demand", seed=3, items=80)
    naive, _ = _error(tn.estimate_elasticity(world.rows).table, world)
    result = tn.estimate_elasticity(world.rows, instrument="cost")
    error, _ = _error(result.table, world)
    assert naive.mean() > 0.4 and abs(error.mean()) < 0.25
    assert result.checks["f_statistic"].iloc[0] > 10
    assert "instrument_strong" in [f.key for f in result.findings]
    linear = result.second.set_index("estimate").loc["linear_iv"]
    assert linear["low"] < result.checks["overall"].iloc[0] < linear["high"]


def test_promotion_is_told_from_the_usual_price():
    result = tn.estimate_elasticity(_world("promotion", items=120, days=365).rows, controls=("campaign",))
    effect = result.effects.set_index("part").loc["promotion"]
    assert effect["low"] < -PROMOTION < effect["high"] < 0
    frame = result.promotion[result.promotion["verdict"] == "ok"]
    assert (frame["promotion_elasticity"] < frame["base_elasticity"]).mean() > 0.9
    assert (frame["base_low"] < frame["base_elasticity"]).all() and (
        frame["promotion_high"] > frame["promotion_elasticity"]
    ).all()
    assert "promotion_counts_more" in [f.key for f in result.findings]


def test_the_table_holds_the_usual_price_where_cuts_count_more():
    world = _world("promotion", items=120, days=365)
    result = tn.estimate_elasticity(world.rows)
    error = result.table["elasticity"].to_numpy(float) - world.elasticity
    inside = (result.table["low"] <= world.elasticity) & (world.elasticity <= result.table["high"])
    assert abs(error.mean()) < 0.15 and inside.mean() > 0.88
    assert result.checks["promotion_apart"].iloc[0] > 0.75
    assert result.checks["converged"].iloc[0]
    plain = tn.estimate_elasticity(_world("plain", items=120, days=365).rows)
    assert plain.checks["promotion_apart"].iloc[0] < 0.5


def test_struck_through_price_has_its_own_effect():
    with_effect = tn.estimate_elasticity(_world("reference", items=120, days=365).rows)
    row = with_effect.effects.set_index("part").loc["reference"]
    assert row["low"] < 0.3 < row["high"] and row["low"] > 0
    none = tn.estimate_elasticity(_world("plain", items=60).rows).effects.set_index("part").loc["reference"]
    assert none["low"] < 0 < none["high"]


def test_categories_that_compete_are_told_and_others_not():
    world = draw_world("shares", seed=11, items=24, days=500, categories=4)
    rows = world.rows
    price = np.log(rows["price_yuan"].to_numpy().reshape(24, -1)) - world.level[:, None]
    category, weight = np.arange(24) % 4, np.exp(world.base)[:, None]
    total = np.array([(weight * price)[category == c].sum(axis=0) for c in range(4)])[category]
    share = np.array([weight[category == c].sum() for c in range(4)])[category][:, None]
    others = (total - weight * price) / (share - weight)
    mean = weight * np.exp(2.5 + world.elasticity[:, None] * price + world.cross[:, None] * others)
    result = tn.estimate_elasticity(rows.assign(paid_units=np.random.default_rng(1).poisson(mean).ravel()))
    frame = result.competition.set_index("category")
    assert frame.loc[["c1", "c3"], "verdict"].tolist() == ["competes"] * 2
    assert "competes" not in frame.loc[["c0", "c2"], "verdict"].tolist()
    assert "categories_compete" in [f.key for f in result.findings]


def test_rivals_of_a_busy_shop_are_found():
    world = draw_world("rivals", seed=4, items=16, days=730, categories=4)
    world.rows["paid_units"] = _busy(world)
    result = tn.estimate_elasticity(world.rows)
    pairs = result.rivals.merge(pd.DataFrame({"item_id": sorted(world.rows["item_id"].unique()), "true": world.rival}))
    ids = np.array(sorted(world.rows["item_id"].unique()))
    close = pairs["rival_id"].to_numpy() == ids[pairs["true"]]
    assert pairs.loc[close, "effect"].mean() > 0.4 > pairs.loc[~close, "effect"].mean() + 0.2
    assert (pairs.loc[close, "verdict"] == "steals").mean() > (pairs.loc[~close, "verdict"] == "steals").mean()
    assert "rivals_found" in [f.key for f in result.findings]


def _busy(world):
    """The same world with forty times the sales: demand drawn anew from its price responses alone."""
    rows, rng = world.rows, np.random.default_rng(5)
    price = np.log(rows["price_yuan"].to_numpy().reshape(len(world.elasticity), -1)) - world.level[:, None]
    day = 0.2 * np.sin(np.arange(price.shape[1]) / 30)
    mean = np.exp(4.5 + day + world.elasticity[:, None] * price + 0.8 * price[world.rival])
    return rng.poisson(mean).ravel()


def test_one_price_per_item_is_refused():
    world = _world("plain", items=12)
    rows = world.rows.assign(price_yuan=world.rows.groupby("item_id")["price_yuan"].transform("first"))
    result = tn.estimate_elasticity(rows)
    assert (result.table["verdict"] == "not_enough_data").all() and result.table["elasticity"].isna().all()
    assert (result.table["reason"] == "too_few_price_changes").all()
    assert next(f.key for f in result.findings) == "no_price_moves"


@pytest.mark.parametrize("sign", [1, 3])
def test_household_choices_are_refused(sign):
    rng = np.random.default_rng(sign)
    choice = rng.integers(0, 4, 300)
    rows = pd.DataFrame({
        "item_id": np.tile(list("abcd"), 300), "date": np.repeat(pd.date_range("2024-01-01", periods=300), 4),
        "paid_units": (np.arange(4)[None, :] == choice[:, None]).ravel() * np.repeat(rng.integers(1, sign + 1, 300), 4),
        "price_yuan": rng.uniform(3, 4, 1200),
    })  # fmt: skip
    with pytest.raises(ExportError, match="single buyers"):
        tn.estimate_elasticity(rows)
    same_day = rows.assign(date=pd.Timestamp("2024-01-01"))
    with pytest.raises(ExportError, match="one row per item and day"):
        tn.estimate_elasticity(same_day)


def test_always_on_promotion_gets_no_number():
    world = _world("plain", items=20)
    rows = world.rows.assign(promotion=world.rows["campaign"])
    first, second = rows["item_id"] == "i00000", rows["item_id"] == "i00001"
    rows.loc[first, ["price_yuan", "promotion"]] = 50.0, 1.0
    rows.loc[second, "price_yuan"] = np.where(rows.loc[second, "promotion"] > 0, 80.0, 100.0)
    result = tn.estimate_elasticity(rows, controls=("promotion",))
    table = result.table.set_index("item_id")
    assert table.loc["i00000", "reason"] == "always_on_promotion"
    assert table.loc["i00001", "reason"] == "only_with_campaign"
    assert (table.loc[["i00000", "i00001"], "verdict"] == "not_enough_data").all()
    assert "always_on_promotion" in [f.key for f in result.findings]


def test_weak_instrument_gets_no_number():
    world = _world("plain", items=20)
    rng = np.random.default_rng(2)
    rows = world.rows.assign(cost=np.exp(rng.normal(0, 0.1, len(world.rows))))
    result = tn.estimate_elasticity(rows, instrument="cost")
    answered = result.table[result.table["verdict"] != "not_enough_data"]
    assert (answered["verdict"] == "weak_instrument").all() and result.table["elasticity"].isna().all()
    assert result.curve.empty and result.promotion.empty
    assert next(f.key for f in result.findings) == "instrument_weak"


def test_wrong_sign_is_implausible():
    rng = np.random.default_rng(3)
    days = pd.date_range("2024-01-01", periods=300)
    price = 100 * np.exp(0.2 * rng.normal(size=60)).repeat(5)
    rows = pd.DataFrame({"item_id": "a", "date": days, "paid_units": rng.poisson(40 * (price / 100) ** 2), "price_yuan": price})
    result = tn.estimate_elasticity(rows)
    assert result.table["verdict"].tolist() == ["implausible"] and result.table["reason"].tolist() == ["wrong_sign"]
    assert np.isnan(result.table["elasticity"].iloc[0])


def test_bad_frames_say_where(plain):
    rows = plain[0].rows
    with pytest.raises(ExportError, match="paid_units"):
        tn.estimate_elasticity(rows.assign(paid_units=-1))
    with pytest.raises(ExportError, match="price_yuan"):
        tn.estimate_elasticity(rows.drop(columns="price_yuan"))
    with pytest.raises(NotEnoughData, match="no rows"):
        tn.estimate_elasticity(rows.iloc[:0])
    with pytest.raises(ParameterError, match="min_price_changes=0"):
        tn.estimate_elasticity(rows, min_price_changes=0)


def test_scale_of_prices_and_order_of_rows_change_nothing():
    rows = _world("plain", items=12, days=200).rows
    one = tn.estimate_elasticity(rows).table
    other = tn.estimate_elasticity(rows.assign(price_yuan=rows["price_yuan"] * 7).sample(frac=1, random_state=1)).table
    assert np.allclose(one["elasticity"], other["elasticity"], atol=1e-6, equal_nan=True)


@pytest.mark.parametrize("source", ["order_items", "product_daily"])
def test_findings_say_where_prices_come_from(source):
    rows = _world("plain", items=10, days=150).rows.assign(price_source=source)
    assert f"price_from_{source}" in [f.key for f in tn.estimate_elasticity(rows).findings]


def test_unreadable_dates_say_where(plain):
    rows = plain[0].rows.assign(date=plain[0].rows["date"].astype(str))
    rows.loc[4, "date"] = "last week"
    with pytest.raises(ExportError, match=r"row 5, column date: 'last week'"):
        tn.estimate_elasticity(rows)


def test_price_is_known_between_sales_at_the_same_price_only():
    from tmall_nb.queries.price_days import _price_known

    sold = [True, False, False, True, False, True, True, False]
    price = [100.0, np.nan, np.nan, 100.5, np.nan, 80.0, 60.0, np.nan]
    days = pd.DataFrame({"item_id": "a", "price_seen": sold, "price_yuan": price})
    known = [
        True,
        True,
        True,
        False,
        False,
        False,
        False,
        False,
    ]  # 80 and 60 stand beside gaps, the last day after the last sale
    assert _price_known(days).tolist() == known
    assert _price_known(pd.concat([days, days.assign(item_id="b")], ignore_index=True)).tolist() == known * 2


def test_prices_between_two_sales_are_left_out(demo_shop, demo_truth):
    from tmall_nb.queries.price_days import price_days

    days = price_days(demo_shop)
    assert {"price_known", "sold_until", "cost"} <= set(days.columns)
    assert not days.loc[days["price_known"] & ~days["price_seen"], "price_yuan"].isna().any()
    result = tn.estimate_elasticity(demo_shop, instrument="cost")
    truth = pd.Series({item: facts["elasticity"] for item, facts in demo_truth.items.items()})
    good = result.table[result.table["verdict"] == "ok"].set_index("item_id")
    error = good["elasticity"] - truth[good.index]
    carried = tn.estimate_elasticity(days.drop(columns="price_known"), instrument="cost").table.set_index("item_id")[
        "elasticity"
    ]
    assert abs(error.mean()) < 0.3 and abs(error.mean()) < abs((carried - truth[carried.index]).mean())
    assert ((good["low"] <= truth[good.index]) & (truth[good.index] <= good["high"])).mean() > 0.8
    assert "price_between_sales" in [s.reason for s in result.method.set_aside]
    assert "price_from_order_items" in [f.key for f in result.findings]


def test_a_useless_interval_is_refused_and_a_wide_one_said_in_words():
    alone = tn.estimate_elasticity(draw_world("plain", seed=0, items=1, days=120).rows)
    assert alone.table["reason"].tolist() == ["interval_too_wide"] and alone.table["elasticity"].isna().all()
    assert alone.findings[0].key == "intervals_too_wide"
    for seed in range(3):
        result = tn.estimate_elasticity(draw_world("plain", seed=seed, items=2, days=200).rows)
        tones = {f.key: f.tone for f in result.findings}
        if "elasticity_overall" in tones:
            row = result.checks.iloc[0]
            wide = row["overall_high"] - row["overall_low"] > 2
            assert ("elasticity_wide" in tones) == wide == (tones["elasticity_overall"] == "unknown")


def test_campaigns_of_enrolled_items_are_left_out_where_enough_remains():
    from tmall_nb.analyses.elasticity.enrolled import leave_out_enrolled
    from tmall_nb.analyses.elasticity.inputs import read_item_days

    days = pd.date_range("2025-01-01", periods=120)
    price = np.where(np.arange(120) // 10 % 2, 90.0, 100.0)
    rows = pd.concat([pd.DataFrame({"item_id": i, "date": days, "paid_units": 3.0, "price_yuan": price}) for i in "abc"])
    long, short = (pd.Timestamp("2025-01-20"), pd.Timestamp("2025-04-20")), (days[50], days[54])
    spans = pd.DataFrame([("a", *short), ("b", *long)], columns=["item_id", "first_day", "last_day"])
    data = leave_out_enrolled(read_item_days(rows, None, ()), spans)
    left = data.seen.sum(axis=1)
    assert left.tolist() == [120 - 5 - 7 - 17, 120, 120]
    assert not data.seen[0, 43:72].any() and data.seen[0, 42] and data.seen[0, 72]
    assert data.enrolled.sum(axis=1).tolist() == [0, 91, 0] and data.dropped["enrolled_campaign"] == 29


def test_typical_price_is_not_pulled_down_by_large_carts(demo_shop, demo_truth):
    from tmall_nb.queries.price_days import price_days

    mean, typical = price_days(demo_shop), price_days(demo_shop, typical=True)
    both = (mean["price_seen"] & (mean["paid_units"] >= 3)).to_numpy()
    assert np.array_equal(mean["item_id"], typical["item_id"])
    assert (typical["price_yuan"] >= mean["price_yuan"])[both].mean() > 0.6
    reasons = [s.reason for s in tn.estimate_elasticity(demo_shop).method.set_aside]
    assert "enrolled_campaign" in reasons


def test_the_fit_of_the_demo_shop_converges(demo_shop):
    assert tn.estimate_elasticity(demo_shop).checks["converged"].iloc[0]
