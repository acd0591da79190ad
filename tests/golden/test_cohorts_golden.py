"""Online Retail (Chen 2015, UCI): the cohort of December 2010, cancellations kept, as in many published notebooks."""

import os
from pathlib import Path

import pandas as pd
import pytest

import tmall_nb as tn

DATA = Path(os.environ.get("TMALL_NB_REAL_DATA", Path(__file__).parents[2] / "../shared/data"))
FILE = DATA / "online_retail" / "online_retail.parquet"
SHARES = [0.382, 0.334, 0.387, 0.360, 0.397, 0.380, 0.354, 0.354, 0.395, 0.373, 0.500, 0.274]

pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"Online Retail is not at {FILE}; set TMALL_NB_REAL_DATA")


@pytest.fixture(scope="module")
def orders():
    lines = pd.read_parquet(FILE, columns=["CustomerID", "InvoiceDate", "Quantity", "UnitPrice"]).dropna(subset=["CustomerID"])
    lines["paid_amount"] = lines["Quantity"] * lines["UnitPrice"]
    return lines.rename(columns={"CustomerID": "buyer_key", "InvoiceDate": "paid_at"})


def test_december_cohort(orders):
    cells = tn.track_cohorts(orders, observation_end="2011-12-31").cells
    first = cells[cells["cohort"] == "2010-12-01"].set_index("age")
    assert first["cohort_size"].iloc[0] == 948
    assert first["retention"].loc[1:12].round(3).tolist() == SHARES


def test_unfinished_month_is_missing_not_zero(orders):
    """The file ends on 2011-12-09, so December 2011 is no month yet."""
    result = tn.track_cohorts(orders, observation_end="2011-12-09")
    last = result.cells[(result.cells["cohort"] == "2010-12-01") & (result.cells["age"] == 12)].iloc[0]
    assert pd.isna(last["retention"]) and pd.isna(last["active"]) and not last["seen"]


def test_net_sales_add_up(orders):
    """Every yuan stands in one cell (all months taken as observed)."""
    cells = tn.track_cohorts(orders, observation_end="2011-12-31").cells
    assert cells["revenue"].sum() == pytest.approx(orders["paid_amount"].mul(100).round().sum() / 100, abs=1e-6)
