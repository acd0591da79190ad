"""What is saved comes back: frames with their types, findings with their dates, the method."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.errors import ExportError
from tmall_nb.report.save import LARGE, load_saved, save, stem_of


@pytest.fixture(scope="module")
def health():
    days = pd.DataFrame({"date": pd.date_range("2025-01-01", periods=80), "paid_amount": 100.0, "paid_orders": 2.0})
    return tn.review_health(days)


def test_round_trip(health, tmp_path):
    assert stem_of(health) == "health"
    assert repr(save(health, tmp_path)) == "saved: health.json"
    back = load_saved(tmp_path)
    pd.testing.assert_frame_equal(back.table, health.table, check_dtype=False)
    pd.testing.assert_frame_equal(back.days, health.days, check_dtype=False)
    assert back.method == health.method and tn.say(back.findings).sentences == tn.say(health.findings).sentences
    with pytest.raises(AttributeError, match="has no frame"):
        back.nothing  # noqa: B018


def test_none_saves_nothing(health):
    assert "not saved" in repr(save(health, None))


def test_large_frames_go_beside(health, tmp_path):
    import dataclasses

    big = dataclasses.replace(
        health, days=pd.DataFrame({"date": pd.date_range("1970-01-01", periods=LARGE + 1), "x": np.arange(LARGE + 1.0)})
    )
    save(big, tmp_path)
    assert (tmp_path / "health.days.parquet").exists() and len(load_saved(tmp_path, "health").days) == LARGE + 1


def test_the_newest_day_wins_and_names_are_checked(health, tmp_path):
    for day in ("2026-01-05", "2026-01-12"):
        save(health, tmp_path / day)
    assert load_saved(tmp_path, "health").stem == "health"
    with pytest.raises(ExportError, match="did you mean health"):
        load_saved(tmp_path, "healt")
    with pytest.raises(ExportError, match="found none"):
        load_saved(tmp_path / "nowhere", "health")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(ExportError, match="not a saved result"):
        load_saved(tmp_path / "bad.json")
