"""Bids at another margin: the slider's quick answer agrees with the full one."""

import numpy as np
import pytest

import tmall_nb as tn
from tmall_nb.analyses.keywords import reprice_keywords

AGREE = 0.94  # verdicts near their limit may differ: log-normal against the exact posterior


@pytest.fixture(scope="module")
def scored(demo_shop):
    return tn.score_keywords(demo_shop, margin=0.5)


def test_repricing_agrees_with_scoring_anew(scored, demo_shop):
    anew = tn.score_keywords(demo_shop, margin=0.3).table
    quick = reprice_keywords(scored, margin=0.3)
    assert (quick["verdict"] == anew["verdict"]).mean() > AGREE
    assert np.allclose(quick["max_bid_yuan"], anew["max_bid_yuan"], rtol=1e-9, equal_nan=True)


def test_a_higher_target_return_lowers_every_bid(scored):
    low, high = (reprice_keywords(scored, margin=0.5, target_roas=t)["max_bid_yuan"] for t in (2.0, 4.0))
    assert np.allclose(low, 2 * high, equal_nan=True)


def test_impossible_options_are_refused(scored):
    with pytest.raises(tn.ParameterError, match=r"0\.4"):
        reprice_keywords(scored, margin=40)
