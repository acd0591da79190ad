"""Published elasticities.

Cigarettes: Stock & Watson, Introduction to Econometrics, ch. 12, data of R package AER (CigarettesSW), 48 US states in 1985 and
1995; as the AER manual computes them: ``ivreg(log(packs) ~ log(rprice) + log(rincome) | log(rincome) + tdiff + I(tax/cpi),
subset = year == "1995")``, errors HC1.
Orange juice: Taddy, Business Data Science (2019), ch. 2, data of the book's repository (oj.csv).
"""

import numpy as np
import pandas as pd
import pytest

from tmall_nb.stats.iv import anderson_rubin, first_stage_f, least_squares, two_stage

ROUNDED = 1e-4
F_ROUNDED = 1e-3  # first-stage F is given to three decimals


@pytest.fixture(scope="module")
def states(real_data):
    frame = pd.read_csv(real_data / "price_elasticity_small" / "CigarettesSW.csv")
    return frame.assign(
        packs=np.log(frame["packs"]),
        price=np.log(frame["price"] / frame["cpi"]),
        income=np.log(frame["income"] / frame["population"] / frame["cpi"]),
        sales_tax=(frame["taxs"] - frame["tax"]) / frame["cpi"],
        cigarette_tax=frame["tax"] / frame["cpi"],
    )


def _parts(frame, *columns):
    ones = np.ones((len(frame), 1))
    return frame["packs"].to_numpy(), frame["price"].to_numpy(), np.hstack([ones, frame[list(columns)].to_numpy()])


def test_cigarettes_1995(states):
    late = states[states["year"] == 1995]
    sales_tax = late["sales_tax"].to_numpy()
    both = late[["sales_tax", "cigarette_tax"]].to_numpy()
    y, price, ones = _parts(late)
    assert least_squares(y, np.column_stack([price, ones])).slopes[0] == pytest.approx(-1.213057, abs=ROUNDED)
    fit = two_stage(y, price, ones, sales_tax, small_sample=True)
    assert fit.slopes[0] == pytest.approx(-1.083587, abs=ROUNDED)
    assert fit.std_errors[0] == pytest.approx(0.318918, abs=ROUNDED)
    y, price, rest = _parts(late, "income")
    assert two_stage(y, price, rest, sales_tax).slopes[0] == pytest.approx(-1.143375, abs=ROUNDED)
    fit = two_stage(y, price, rest, both, small_sample=True)
    assert fit.slopes[0] == pytest.approx(-1.277424, abs=ROUNDED)
    assert fit.std_errors[0] == pytest.approx(0.249610, abs=ROUNDED)


def test_cigarettes_ten_year_differences(states):
    early, late = (states[states["year"] == year].set_index("state") for year in (1985, 1995))
    change = late.drop(columns="year") - early.drop(columns="year")
    y, price, rest = _parts(change, "income")
    instruments = {"sales_tax": (-0.938014, 33.674), "cigarette_tax": (-1.342515, 107.183)}
    for name, (slope, strength) in instruments.items():
        z = change[name].to_numpy()
        assert two_stage(y, price, rest, z).slopes[0] == pytest.approx(slope, abs=ROUNDED)
        assert first_stage_f(price, rest, z) == pytest.approx(strength, abs=F_ROUNDED)
    both = change[["sales_tax", "cigarette_tax"]].to_numpy()
    fit = two_stage(y, price, rest, both)
    assert fit.slopes[0] == pytest.approx(-1.202403, abs=ROUNDED)
    assert fit.f_statistic == pytest.approx(88.616, abs=F_ROUNDED)
    assert fit.j_p_value < 0.05  # Stock & Watson: the two instruments contradict each other (J = 4.93)
    low, high = anderson_rubin(y, price, rest, change["cigarette_tax"].to_numpy(), np.linspace(-6, 3, 181))
    assert low < -1.342515 < high


@pytest.fixture(scope="module")
def juice(real_data):
    return pd.read_csv(real_data / "dominicks_oj" / "oj_3brands.csv.gz")


BRANDS = ("dominicks", "minute.maid", "tropicana")


def _slope(rows):
    y, price = np.log(rows["sales"].to_numpy()), np.log(rows["price"].to_numpy())
    brands = pd.get_dummies(rows["brand"]).to_numpy(float)
    return least_squares(y, np.column_stack([price, brands])).slopes[0]


def test_orange_juice_by_brand(juice):
    assert _slope(juice) == pytest.approx(-3.138691, abs=ROUNDED)
    plain = juice[juice["feat"] == 0]
    for brand, slope, unfeatured in zip(
        BRANDS, (-3.377530, -3.320735, -2.711769), (-2.774150, -1.991220, -2.038360), strict=True
    ):
        assert _slope(juice[juice["brand"] == brand]) == pytest.approx(slope, abs=ROUNDED)
        assert _slope(plain[plain["brand"] == brand]) == pytest.approx(unfeatured, abs=ROUNDED)


def test_orange_juice_without_brands_is_wrong(juice):
    """Dear brands sell well: between brands price and sales rise together, which halves the slope within brands."""
    pooled = _slope(juice.assign(brand="one"))
    assert pooled == pytest.approx(-1.601307, abs=ROUNDED)
    means = juice.assign(units=np.log(juice["sales"]), price=np.log(juice["price"])).groupby("brand")[["units", "price"]].mean()
    assert np.polyfit(means["price"], means["units"], 1)[0] > pooled
    assert pooled > _slope(juice) + 1
