"""What the page on channels says: where hidden demand turns a channel from earning its cost to losing."""

from types import SimpleNamespace

import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.analyses.attribution._say import channel_findings, crossings
from tmall_nb.queries.ad_weeks import spend_target
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


def month(low, high, target):
    values = {"month": pd.Timestamp("2026-01-01"), "spent": 1e3, "projected": (low + high) / 2, "low": low, "high": high}
    return pd.DataFrame([values | {"usual": 5e3, "pace": 1.0, "days_left": 9, "target": target}])


@pytest.mark.parametrize(
    ("target", "key"),
    [(4e3, "pacing_over"), (5e3, "pacing_on_target"), (7e3, "pacing_under"), (float("nan"), "channels_pacing")],
)
def test_the_month_is_set_against_its_budget(target, key):
    nothing = crossings(None, table("search"))
    (finding,) = [f for f in channel_findings(table("search"), nothing, month(4.5e3, 6e3, target)) if "pacing" in f.key]
    assert finding.key == key
    assert "2026-01" in str(say([finding], "zh"))


def test_a_months_budget_comes_from_the_sheet_of_targets(tmp_path):
    (tmp_path / "s").mkdir()
    rows = ["开始日期,结束日期,指标,目标", "2026-01-01,2026-12-31,广告花费,36500", "2026-02-01,2026-02-28,广告花费,5000"]
    (tmp_path / "s" / "目标.csv").write_text("\n".join([*rows, "2026-01-01,2026-12-31,支付金额,999999"]), encoding="utf-8")
    shop = tn.load_shop(tmp_path, "s")
    assert spend_target(shop, pd.Timestamp("2026-01-01")) == pytest.approx(3100)
    assert spend_target(shop, pd.Timestamp("2026-02-01")) == pytest.approx(5000)
    assert pd.isna(spend_target(shop, pd.Timestamp("2027-01-01")))


def channel(reported, net, low, value, high):
    frame = table("search").assign(roas_reported=reported, roas_net=net)
    return frame.assign(roas_incremental=value, roas_incremental_low=low, roas_incremental_high=high)


def test_the_platform_is_called_inflated_only_where_the_whole_interval_lies_below_it():
    nothing = crossings(None, table("search"))
    sure = channel_findings(channel(5.0, 4.0, 0.5, 1.0, 2.0), nothing, pd.DataFrame())
    wide = channel_findings(channel(5.0, 4.0, 0.5, 1.0, 6.0), nothing, pd.DataFrame())
    assert sure[0].key == "channels_platform_inflated"
    assert wide[0].key == "channels_platform_unclear" and wide[0].tone == "unknown"


def test_a_short_history_is_said_first():
    found = channel_findings(channel(5.0, 4.0, 0.5, 1.0, 2.0), crossings(None, table("search")), pd.DataFrame(), weeks=16)
    assert [f.key for f in found[:2]] == ["channels_short", "channels_platform_inflated"]
    assert "16" in str(say(found[:1], "zh"))


def test_a_month_not_begun_is_called_that():
    nothing = crossings(None, table("search"))
    ahead = month(4.5e3, 6e3, float("nan")).assign(spent=0.0)
    (finding,) = [
        f for f in channel_findings(table("search"), nothing, ahead) if f.key.startswith(("pacing", "channels_pacing"))
    ]
    assert finding.key == "pacing_next"
