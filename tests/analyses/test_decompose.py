"""decompose_change: the contract's example, mix against rate, segments that come and go, refusals."""

import pandas as pd
import pytest

import tmall_nb as tn

FACTORS = ["visitors", "conversion_rate", "amount_per_buyer"]


def frame(**segments):
    rows = [(name, *values) for name, values in segments.items()]
    return pd.DataFrame(rows, columns=["segment", *FACTORS])


def test_mix_shift_without_any_rate_change_is_all_mix():
    before = frame(search=(1000, 0.05, 100), live=(1000, 0.01, 100))
    after = frame(search=(500, 0.05, 100), live=(1500, 0.01, 100))
    table = tn.decompose_change(before, after, factors=FACTORS, mix="visitors").table
    parts = table.groupby("factor").contribution.sum()
    assert parts["visitors_mix"] == pytest.approx(-2000)
    assert parts.drop("visitors_mix").abs().max() == pytest.approx(0, abs=1e-9)


def test_a_new_segment_counts_as_volume():
    before, after = frame(a=(100, 0.1, 10)), frame(a=(100, 0.1, 10), b=(50, 0.2, 10))
    table = tn.decompose_change(before, after, factors=FACTORS).table.set_index(["segment", "factor"]).contribution
    assert table["b", "visitors"] == pytest.approx(100)
    assert table["b", "conversion_rate"] == 0
    assert table.sum() == pytest.approx(100)


def test_a_rate_of_zero_over_zero_is_no_rate():
    before, after = frame(a=(0, float("nan"), float("nan"))), frame(a=(100, 0.1, 10))
    assert tn.decompose_change(before, after, factors=FACTORS).table.contribution.tolist() == [100, 0, 0]


def test_scaling_money_scales_contributions():
    before, after = frame(a=(100, 0.1, 10), b=(10, 0.2, 5)), frame(a=(90, 0.12, 11), b=(30, 0.2, 4))
    one = tn.decompose_change(before, after, factors=FACTORS).table.contribution
    scaled = [f.assign(amount_per_buyer=f.amount_per_buyer * 100) for f in (before, after)]
    many = tn.decompose_change(*scaled, factors=FACTORS).table.contribution
    pd.testing.assert_series_equal(many, one * 100)


def test_refusals_name_place_and_remedy():
    good = frame(a=(100, 0.1, 10))
    with pytest.raises(tn.ExportError, match=r"before, column visitors: -1 in segment 'a'"):
        tn.decompose_change(frame(a=(-1, 0.1, 10)), good, factors=FACTORS)
    with pytest.raises(tn.ExportError, match="column visitor is missing; found segment, visitors"):
        tn.decompose_change(good, good, factors=["visitor"])
    with pytest.raises(tn.ExportError, match="stands twice"):
        tn.decompose_change(pd.concat([good, good]), good, factors=FACTORS)
    with pytest.raises(tn.ParameterError, match="at least one column"):
        tn.decompose_change(good, good, factors=[])


def test_findings_tell_direction_and_main_factor():
    up = tn.decompose_change(frame(a=(100, 0.1, 10)), frame(a=(200, 0.1, 10)), factors=FACTORS).findings[0]
    assert (up.key, up.tone, up.values["factor"], up.values["relative"]) == ("change_up", "good", "visitors", 1.0)
    down = tn.decompose_change(frame(a=(100, 0.1, 10)), frame(a=(100, 0.05, 10)), factors=FACTORS).findings[0]
    assert (down.key, down.values["factor"]) == ("change_down", "conversion_rate")
    same = tn.decompose_change(frame(a=(100, 0.1, 10)), frame(a=(100, 0.1, 10)), factors=FACTORS).findings[0]
    assert same.key == "change_none"
