"""Regional tests: a known effect is found, nothing is found where nothing was, short histories are refused."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.errors import ExportError, NotEnoughData, ParameterError


def panel(seed, *, effect=0.0, treated=("p00", "p01", "p02"), days=210, test=28):
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2025-01-01", periods=days)
    common = np.cumsum(rng.normal(0, 0.02, days)) + 0.2 * np.sin(2 * np.pi * np.arange(days) / 7)
    rows = []
    for k in range(25):
        sales = 1000 * (1 + k % 7) * np.exp(common + rng.normal(0, 0.08, days))
        if f"p{k:02d}" in treated:
            sales[-test:] *= 1 + effect
        rows.append(pd.DataFrame({"province": f"p{k:02d}", "date": dates, "paid_amount": sales}))
    return pd.concat(rows, ignore_index=True), dates[-test]


def test_a_known_effect_is_found_and_covered():
    covered = []
    for seed in range(12):
        frame, start = panel(seed, effect=-0.15)
        row = tn.read_geo_test(frame, treated=["p00", "p01", "p02"], start=start).table.iloc[0]
        covered.append(row["relative_low"] <= -0.15 <= row["relative_high"])
        assert row["relative"] == pytest.approx(-0.15, abs=0.06)
    assert np.mean(covered) >= 0.7


def test_nothing_is_found_where_nothing_was():
    alarms = []
    for seed in range(20):
        frame, start = panel(100 + seed)
        alarms.append(tn.read_geo_test(frame, treated=["p00", "p01", "p02"], start=start).findings[0].key != "geo_read_none")
    assert np.mean(alarms) <= 0.25


def test_return_per_yuan_has_the_sign_of_a_hold_out():
    frame, start = panel(3, effect=-0.2)
    row = tn.read_geo_test(frame, treated=["p00", "p01", "p02"], start=start, spend_change_yuan=-10_000).table.iloc[0]
    assert row["roas"] == pytest.approx(row["total"] / -10_000) and row["roas_low"] <= row["roas"] <= row["roas_high"]


def test_longer_tests_are_designed_and_one_is_chosen():
    frame, _ = panel(5)
    result = tn.design_geo_test(frame, weekly_spend_yuan=20_000)
    assert result.table["weeks"].tolist() == [2, 4, 6, 8] and result.table["chosen"].sum() == 1
    row = result.table[result.table["chosen"]].iloc[0]
    assert 0.15 < row["share"] < 0.45 and 0 < row["detectable"] < 0.5
    assert result.provinces["held_out"].sum() == row["count"]


def test_a_rehearsal_finds_what_was_removed():
    frame, _ = panel(6)
    design = tn.design_geo_test(frame)
    assert tn.rehearse_geo_test(frame, design, removed_share=0.3).findings[0].key == "geo_rehearsal_found"


def test_bad_tests_are_refused():
    frame, start = panel(7)
    with pytest.raises(ExportError, match="did you mean"):
        tn.read_geo_test(frame, treated=["p99"], start=start)
    with pytest.raises(NotEnoughData, match="before the start"):
        tn.read_geo_test(frame, treated=["p01"], start="2025-01-10")
    with pytest.raises(ParameterError, match="holdout_share"):
        tn.design_geo_test(frame, holdout_share=25)
    with pytest.raises(NotEnoughData, match="weeks"):
        tn.design_geo_test(frame[frame["date"] < "2025-02-20"])
