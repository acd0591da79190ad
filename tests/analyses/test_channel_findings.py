"""What the page on channels says: where hidden demand turns a channel from earning its cost to losing."""

from types import SimpleNamespace

import pandas as pd
import pytest

from tmall_nb.analyses.attribution._say import channel_findings, crossings
from tmall_nb.words import say

SHARES = [0.0, 0.1, 0.2, 0.3]


def grid(**roas):
    parts = [pd.DataFrame({"channel": c, "partial_r2": SHARES, "roas": v}) for c, v in roas.items()]
    return SimpleNamespace(sensitivity=pd.concat(parts, ignore_index=True))


def table(*channels, break_even=2.0):
    columns = ["roas_reported", "roas_net", *(f"roas_incremental{s}" for s in ("", "_low", "_high"))]
    frame = pd.DataFrame({"channel": channels, "break_even": break_even, "verdict": "test_first"})
    return frame.assign(**dict.fromkeys(columns, float("nan")))


def test_the_crossing_lies_on_the_line_between_grid_points():
    found = crossings(grid(search=[3.0, 2.4, 1.9, 1.5], feed=[5.0, 4.0, 3.0, 2.5]), table("search", "feed"))
    assert found.set_index("channel")["share"]["search"] == pytest.approx(0.1 + 0.1 * 0.4 / 0.5)
    assert found.set_index("channel")["share"].isna()["feed"]


def test_a_channel_below_break_even_from_the_start_has_no_crossing():
    found = crossings(grid(search=[1.5, 1.2, 1.0, 0.8]), table("search"))
    assert found["share"].isna().all()
    assert [f.key for f in channel_findings(table("search"), found, pd.DataFrame())] == ["channels_test_first"]


def test_the_channel_that_turns_soonest_is_named_with_its_share():
    crossed = crossings(grid(search=[3.0, 2.4, 1.9, 1.5], feed=[2.2, 1.8, 1.5, 1.2]), table("search", "feed"))
    (finding,) = [f for f in channel_findings(table("search", "feed"), crossed, pd.DataFrame()) if f.key == "channel_crosses"]
    assert finding.values["channel"] == "feed"
    assert finding.values["share"] == pytest.approx(0.05)
    assert "5%" in str(say([finding], "en"))


def test_channels_that_no_hidden_demand_turns_are_said_to_hold():
    crossed = crossings(grid(search=[5.0, 4.0, 3.0, 2.5]), table("search"))
    (finding,) = [f for f in channel_findings(table("search"), crossed, pd.DataFrame()) if f.key == "channels_hold"]
    assert finding.values["share"] == pytest.approx(0.3)


def test_without_a_margin_nothing_crosses():
    crossed = crossings(grid(search=[5.0, 1.0, 0.5, 0.1]), table("search", break_even=float("nan")))
    keys = [f.key for f in channel_findings(table("search", break_even=float("nan")), crossed, pd.DataFrame())]
    assert keys == ["channels_test_first", "channels_no_margin"]
