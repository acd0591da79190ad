"""The Python blocks of the how-to pages run as a reader would run them: one after the other, in one namespace."""

import re
from pathlib import Path

import pandas as pd
import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "how-to"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def run(page):
    """Run the blocks of a page and return the names they leave behind."""
    names = {}
    found = BLOCK.findall((FOLDER / page).read_text(encoding="utf-8"))
    for number, block in enumerate(found, start=1):
        exec(compile(block, f"{page}, block {number}", "exec"), names)
    return len(found), names


@pytest.fixture(scope="module")
def forecast_page():
    return run("forecast-your-own-data.md")


def test_the_forecast_page_runs_and_says_what_is_true(forecast_page):
    count, names = forecast_page
    assert count == 7
    assert len(names["february"]) == 28
    assert set(pd.concat(names["tables"])["item_id"]) == set(names["ITEMS"])
    assert len(names["demand"].forecast) == 3 * 28 and len(names["weekly"].forecast) == 3 * 8
    assert (names["weekly"].forecast["date"].dt.day_of_week == 0).all()
    means = names["promoted"].groupby("promotion")["units"].mean()
    assert means[1.0] > 1.3 * means[0.0]


def test_an_interval_of_a_sum_is_narrower_than_the_sum_of_intervals(forecast_page):
    demand = forecast_page[1]["demand"]
    table, days = demand.table.set_index("item_id"), demand.forecast.groupby("item_id")[["low_80", "high_80"]].sum()
    width, added = table["high"] - table["low"], days["high_80"] - days["low_80"]
    assert (width < added.reindex(width.index)).all()


def test_the_backtest_and_the_review_of_the_page_are_sound(forecast_page):
    names = forecast_page[1]
    assert 0.6 <= names["backtest"].origins["coverage_80"].mean() <= 0.95
    assert names["backtest"].origins["mase"].mean() < names["backtest"].origins["mean_error"].mean()
    assert abs(names["review"].table.set_index("group").loc["all", "bias"]) < 0.2
