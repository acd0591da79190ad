"""Published figures of the buying models.

CDNOW (Fader & Hardie's one-tenth sample, 2,357 customers, 39 weeks of calibration to 1997-09-30, purchases of a day taken as
one): BG/NBD and Pareto/NBD parameters of Fader, Hardie & Lee (2005, "Counting your customers the easy way") and their notes;
Gamma-Gamma of Fader & Hardie (2013, "The Gamma-Gamma model of monetary value"); figures with more digits are those of
lifetimes 0.11.3 on the same rows. BG/BB: Fader, Hardie & Shang (2010), table 2 and the 11,104 donors of their table 1. sBG:
Fader & Hardie (2007), the Regular and High End segments of Berry & Linoff. BdW: Fader, Hardie, Liu, Davin & Steenburgh (2018).
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tmall_nb.stats.btyd import fit_bdw, fit_bg_bb, fit_bg_nbd, fit_gamma_gamma, fit_mbg_nbd, fit_pareto_nbd, fit_sbg

DATA = Path(os.environ.get("TMALL_NB_REAL_DATA", Path(__file__).parents[2] / "../shared/data"))
SAMPLE = DATA / "cdnow" / "CDNOW_sample.txt"
needs_cdnow = pytest.mark.skipif(not SAMPLE.exists(), reason=f"CDNOW is not at {SAMPLE}; set TMALL_NB_REAL_DATA")
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
DONORS = np.array([
    (6, 6, 1203), (5, 6, 728), (4, 6, 512), (3, 6, 357), (2, 6, 234), (1, 6, 129), (5, 5, 335), (4, 5, 284), (3, 5, 225),
    (2, 5, 173), (1, 5, 119), (4, 4, 240), (3, 4, 181), (2, 4, 155), (1, 4, 78), (3, 3, 322), (2, 3, 255), (1, 3, 129),
    (2, 2, 613), (1, 2, 277), (1, 1, 1091), (0, 0, 3464),
])  # fmt: skip
PRINTED = 6e-5  # parameters are printed with four to six digits
CONDITIONAL = 1e-4  # the published conditional expectation comes from rounded parameters


END = pd.Timestamp("1997-09-30")


def read_days():
    log = pd.read_csv(SAMPLE, sep=r"\s+", header=None, names=["id", "sid", "date", "q", "value"], dtype={"date": str})
    log["date"] = pd.to_datetime(log["date"])
    return log.groupby(["sid", "date"], as_index=False)["value"].sum()


@pytest.fixture(scope="module")
def cdnow():
    days, end = read_days(), END
    rows = days[days["date"] <= end].groupby("sid")["date"].agg(["min", "max", "size"])
    later = days[days["date"] > end].groupby("sid").size().reindex(rows.index, fill_value=0)
    x = rows["size"].to_numpy(float) - 1
    return x, (rows["max"] - rows["min"]).dt.days.to_numpy() / 7, (end - rows["min"]).dt.days.to_numpy() / 7, later.to_numpy()


@needs_cdnow
def test_bg_nbd_on_cdnow(cdnow):
    x, tx, age, later = cdnow
    fit = fit_bg_nbd(x, tx, age)
    assert fit.log_likelihood == pytest.approx(-9582.4292, abs=1e-3)
    for (name, value), error in zip(
        {"r": 0.242595, "alpha": 4.413602, "a": 0.792922, "b": 2.425907}.items(),
        (0.01256, 0.37824, 0.18577, 0.70558),
        strict=True,
    ):
        assert fit.params[name] == pytest.approx(value, rel=PRINTED)
        assert fit.std_errors[name] == pytest.approx(error, rel=3e-3)
    assert fit.identified and fit.customers == 2357
    assert fit.expected_purchases(52) == pytest.approx(1.444004, abs=2e-5)
    assert fit.conditional_expected_purchases(52, 26, 30.85714, 31)[0] == pytest.approx(25.75659, rel=CONDITIONAL)
    assert float(fit.probability_alive(26, 30.85714, 31)) == pytest.approx(0.9688523, abs=5e-6)
    assert fit.conditional_expected_purchases(39, x, tx, age).sum() == pytest.approx(1653.4, abs=0.1)
    assert later.sum() == 1882


@needs_cdnow
def test_pareto_nbd_on_cdnow(cdnow):
    x, tx, age, _ = cdnow
    fit = fit_pareto_nbd(x, tx, age)
    assert fit.log_likelihood == pytest.approx(-9594.976, abs=1e-3)
    for name, value in {"r": 0.55328, "alpha": 10.5776, "s": 0.60621, "beta": 11.668}.items():
        assert fit.params[name] == pytest.approx(value, rel=2e-4)
    assert fit.expected_purchases(52) == pytest.approx(1.473434, abs=1e-5)
    assert fit.conditional_expected_purchases(52, 26, 30.85714, 31)[0] == pytest.approx(25.4565, rel=CONDITIONAL)
    assert float(fit.probability_alive(26, 30.85714, 31)) == pytest.approx(0.99787, abs=1e-5)
    assert fit.conditional_expected_purchases(39, x, tx, age).sum() == pytest.approx(1665.5, abs=0.1)


@needs_cdnow
def test_mbg_nbd_on_cdnow(cdnow):
    fit = fit_mbg_nbd(*cdnow[:3])
    assert fit.log_likelihood == pytest.approx(-9582.1357, abs=1e-3)
    for name, value in {"r": 0.52484, "alpha": 6.18309, "a": 0.89136, "b": 1.61400}.items():
        assert fit.params[name] == pytest.approx(value, rel=PRINTED)


@needs_cdnow
def test_gamma_gamma_on_cdnow():
    days = read_days()
    first = days.groupby("sid")["date"].transform("min")
    repeat = days[(days["date"] > first) & (days["date"] <= END)].groupby("sid")["value"].agg(["size", "mean"])
    fit = fit_gamma_gamma(repeat["size"], repeat["mean"])
    assert fit.customers == 946
    for name, value in {"p": 6.2496, "q": 3.7442, "v": 15.4432}.items():
        assert fit.params[name] == pytest.approx(value, rel=2e-4)


@pytest.mark.parametrize(("alive", "alpha", "beta"), [(REGULAR, 0.7041, 1.1820), (HIGH_END, 0.6681, 3.8061)])
def test_sbg_of_berry_and_linoff(alive, alpha, beta):
    fit = fit_sbg(alive)
    assert fit.params["alpha"] == pytest.approx(alpha, abs=6e-5) and fit.params["beta"] == pytest.approx(beta, abs=6e-5)


def test_bdw_of_high_end():
    fit = fit_bdw(HIGH_END[:5])
    for name, value in {"gamma": 0.2593, "delta": 1.7226, "c": 1.5844}.items():
        assert fit.params[name] == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize("alive", [REGULAR, HIGH_END])
def test_bdw_projects_held_out_survival_within_one_and_a_half_percent(alive):
    held_out = np.array(alive[5:]) / 1000
    expected = fit_bdw(alive[:5]).survival(np.arange(5, 8))
    assert np.mean(np.abs(expected / held_out - 1)) <= 0.015


def test_bg_bb_of_donors():
    fit = fit_bg_bb(DONORS[:, 0], DONORS[:, 1], np.full(len(DONORS), 6), DONORS[:, 2])
    assert DONORS[:, 2].sum() == 11_104
    assert fit.log_likelihood == pytest.approx(-33_225.6, abs=0.05)
    for name, value in {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}.items():
        assert fit.params[name] == pytest.approx(value, abs=6e-4)
