"""Published answers: three paths, ChannelAttribution's data, GeoLift's walkthrough, eBay's randomised switch-off.

Sources: ChannelAttribution 2.2.5 (Data.csv, heuristic_models); GeoLift walkthrough (ATT 155.556, incremental 4,667,
lift 5.4 %); Taddy, Business Data Science, ch. 5, on Blake, Nosko & Tadelis (2015) (-.0066, standard error .0055).
"""

import pandas as pd
import pytest

import tmall_nb as tn

RATE = 0.22384513559686  # conversions per journey, 19,785 of 88,387
EXACT = 1e-9


@pytest.fixture(scope="module")
def paths(real_data):
    frame = pd.read_csv(real_data / "channel_paths" / "PathData.csv.gz", sep=";")
    return frame.set_axis(["path", "conversions", "conversion_value", "nulls"], axis=1)


def test_three_paths_give_two_and_one():
    frame = pd.DataFrame({"path": ["A > B > A > B > B > A", "A > B > B > A > A", "A > A"], "conversions": [1, 1, 1]})
    table = tn.attribute_paths(frame).table
    credit = table[table["model"] == "markov"].set_index("channel")["conversions"]
    assert credit["A"] == pytest.approx(2.0, abs=EXACT) and credit["B"] == pytest.approx(1.0, abs=EXACT)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_channel_paths_rate_and_totals_at_every_order(paths, order):
    result = tn.attribute_paths(paths, markov_order=order)
    assert result.conversion_rate == pytest.approx(RATE, abs=1e-13)
    assert result.table.groupby("model")["conversions"].sum().to_numpy() == pytest.approx(19_785)
    again = tn.attribute_paths(paths, markov_order=order)
    pd.testing.assert_frame_equal(result.table, again.table, check_exact=True)


def test_heuristics_equal_channelattribution(paths):
    table = tn.attribute_paths(paths).table.pivot(index="channel", columns="model", values="conversions")
    # ChannelAttribution.heuristic_models on the same file
    assert table.loc[["alpha", "iota", "eta"], "first"].tolist() == pytest.approx([6308, 4606, 3164], abs=1e-4)
    assert table.loc[["alpha", "iota", "eta"], "last"].tolist() == pytest.approx([8447, 3355, 4167], abs=1e-4)


def test_geolift_walkthrough(real_data):
    frame = pd.read_csv(real_data / "campaign_counterfactual" / "GeoLift_Test.csv")
    row = tn.read_geo_test(frame, treated=["chicago", "portland"], start="2021-04-01", unit="location", outcome="Y").table.iloc[
        0
    ]
    assert row["effect"] == pytest.approx(155.556, abs=1e-3)
    assert row["total"] == pytest.approx(4_667, abs=1)
    assert row["relative"] == pytest.approx(0.054, abs=5e-4)


def test_ebay_says_about_zero(real_data):
    frame = pd.read_csv(real_data / "ebay_paidsearch" / "paidsearch.csv.gz")
    frame["date"] = pd.to_datetime(frame["date"], format="%d-%b-%y")
    off = frame.loc[frame["search stays on"] == 0, "dma"].astype(str).unique().tolist()
    result = tn.read_geo_test(frame, treated=off, start="2012-05-22", unit="dma", outcome="revenue")
    row = result.table[result.table["chosen"]].iloc[0]
    assert row["relative"] == pytest.approx(-0.0066, abs=5e-5) and row["std_error"] == pytest.approx(0.0055, abs=1e-4)
    assert result.findings[0].key == "geo_read_none"
