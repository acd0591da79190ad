"""The budget slider re-plans on its kept figure and says what the total brings."""

import numpy as np
import pandas as pd

import tmall_nb as tn
from tmall_nb.explore import what_if_budget


def test_more_budget_is_planned_and_told():
    rng = np.random.default_rng(6)
    weeks = pd.DataFrame({"week": pd.date_range("2022-01-03", periods=80, freq="W-MON")})
    weeks["a"], weeks["b"] = rng.gamma(4, 2500, 80), rng.gamma(4, 1500, 80)
    weeks["paid_amount"] = 2e5 + 2.0 * weeks["a"] + weeks["b"] + rng.normal(0, 5e3, 80)
    panel = what_if_budget(tn.fit_media_mix(weeks, spend=["a", "b"]), language="en")
    before, figure = panel._words.value, panel._chart
    assert "as now" in before or "as much as now" in before
    assert "unknown" not in before and "nan" not in before
    total = 1.5 * panel.values["total"]
    panel.set(total=total)
    assert panel._chart is figure and panel._words.value != before and "CNY" in panel._words.value
