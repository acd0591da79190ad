"""Paths, channels side by side, and what is refused."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.errors import ExportError, NotEnoughData, ParameterError
from tmall_nb.words import say

SPLIT = 0.5


@pytest.fixture(scope="module")
def paths():
    rng = np.random.default_rng(3)
    texts = [" > ".join(rng.choice(list("abc"), rng.integers(1, 5))) for _ in range(60)]
    return pd.DataFrame(
        {"path": texts, "conversions": rng.poisson(9, 60), "conversion_value": 100.0, "nulls": rng.poisson(30, 60)}
    )


def test_every_model_hands_out_every_conversion(paths):
    table = tn.attribute_paths(paths).table
    assert table.groupby("model")["conversions"].sum().to_numpy() == pytest.approx(paths["conversions"].sum())
    assert (table["low"] <= table["conversions"]).all() and (table["conversions"] <= table["high"]).all()


def test_splitting_and_shuffling_rows_changes_nothing(paths):
    halves = pd.concat([paths.assign(**{c: paths[c] * SPLIT for c in ("conversions", "nulls", "conversion_value")})] * 2)
    one, other = tn.attribute_paths(paths).table, tn.attribute_paths(halves.sample(frac=1, random_state=0)).table
    np.testing.assert_allclose(one["conversions"], other["conversions"], rtol=1e-9)


def test_auto_order_scores_every_order(paths):
    orders = tn.attribute_paths(paths, markov_order="auto").orders
    assert orders["markov_order"].tolist() == [1, 2, 3, 4] and orders["chosen"].sum() == 1


def test_blank_rows_are_counted():
    frame = pd.DataFrame({"path": ["a > b", " ", "a"], "conversions": [40, 3, 0], "nulls": [0, 0, 0]})
    aside = {s.reason: s.rows for s in tn.attribute_paths(frame).method.set_aside}
    assert aside == {"blank_path": 1, "path_without_count": 1}


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        (pd.DataFrame({"path": ["a"]}), ExportError),
        (pd.DataFrame({"path": ["a > "], "conversions": [1]}), ExportError),
        (pd.DataFrame({"path": ["a"], "conversions": [-1]}), ExportError),
        (pd.DataFrame({"path": [""], "conversions": [1]}), NotEnoughData),
    ],
)
def test_bad_paths_are_refused(frame, error):
    with pytest.raises(error):
        tn.attribute_paths(frame)
    with pytest.raises(ParameterError, match="markov_order"):
        tn.attribute_paths(pd.DataFrame({"path": ["a"], "conversions": [1]}), markov_order=9)


@pytest.fixture(scope="module")
def page(demo_shop):
    mix = tn.fit_media_mix(demo_shop)
    return mix, tn.compare_channels(demo_shop, mix=mix)


def test_platform_figures_mature_and_lose_their_refunds(page, demo_truth):
    _, result = page
    table = result.table.set_index("channel")
    for channel, truth in demo_truth.ads.items():
        row = table.loc[channel]
        assert row["roas_reported"] == pytest.approx(truth["platform_roas"], rel=0.05)
        assert row["roas_matured"] >= row["roas_reported"] and row["roas_presale"] >= row["roas_matured"]
        net = 1 - demo_truth.refunds["amount_rate_in_the_end"]
        assert row["roas_net"] == pytest.approx(row["roas_matured"] * net, rel=0.02)
        assert row["spend"] == pytest.approx(truth["spend_yuan"], rel=0.001)


def test_incremental_interval_covers_the_demo_truth(page, demo_truth):
    mix, _ = page
    table = mix.table.set_index("channel")
    inside = [table.loc[c, "low"] <= t["roas"] <= table.loc[c, "high"] for c, t in demo_truth.ads.items()]
    assert sum(inside) >= len(inside) - 1
    for channel, truth in demo_truth.ads.items():
        assert table.loc[channel, "roas"] < truth["platform_roas"]


def test_credit_follows_the_demo_chain(page, demo_truth):
    credit = page[1].credit.set_index("channel")["markov"]
    true = pd.Series(demo_truth.paths)
    np.testing.assert_allclose(credit[true.index], true / true.sum(), atol=0.02)


def test_a_geo_test_is_believed_first(demo_shop, page):
    design = tn.design_geo_test(demo_shop)
    read = tn.rehearse_geo_test(demo_shop, design)
    provinces = design.provinces.loc[design.provinces["held_out"], "province"].tolist()
    geo = tn.read_geo_test(demo_shop, treated=provinces, start=read.method.parameters["start"], spend_change_yuan=-3000)
    result = tn.compare_channels(demo_shop, mix=page[0], geo={"关键词推广": geo}, margin=0.4)
    row = result.table.set_index("channel").loc["关键词推广"]
    assert row["verdict"] == "geo" and row["roas_geo_low"] <= row["roas_geo"] <= row["roas_geo_high"]
    assert row["break_even"] == pytest.approx(2.5)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_finding_speaks(page, language):
    mix, result = page
    budget = tn.plan_budget(mix)
    assert str(say((*mix.findings, *result.findings, *budget.findings), language))
