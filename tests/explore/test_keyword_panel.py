"""The keyword sliders move bids and the waste list on the kept figure."""

import numpy as np
import pandas as pd

import tmall_nb as tn
from tmall_nb.explore.keywords import what_if_bids


def scored():
    rng = np.random.default_rng(8)
    clicks = rng.poisson(400, 60)
    orders = rng.binomial(clicks, rng.beta(2, 60, 60))
    frame = {"keyword": [f"连衣裙{k}" for k in range(60)], "clicks": clicks, "spend": clicks * 1.5}
    return tn.score_keywords(pd.DataFrame({**frame, "ad_orders": orders, "ad_sales": orders * 120.0}), margin=0.4)


def test_a_smaller_margin_stops_more_keywords_and_says_which():
    result = scored()
    panel = what_if_bids(result)
    figure, before = panel._chart, panel._words.value
    panel.set(margin=0.15, target_roas=8.0)
    assert panel._chart is figure and panel._words.value != before
    cheap = tn.analyses.keywords.reprice_keywords(result, margin=0.15, target_roas=8.0)
    worst = cheap[cheap["verdict"] == "negative"].nlargest(1, "spend")["keyword"].iloc[0]
    assert (
        worst in panel._words.value and (cheap["verdict"] == "negative").sum() > (result.table["verdict"] == "negative").sum()
    )


def test_where_the_sliders_start_the_verdicts_are_nearly_the_results():
    result = scored()
    again = tn.analyses.keywords.reprice_keywords(result, margin=0.4)
    assert (again["verdict"] == result.table["verdict"]).mean() > 0.85
    np.testing.assert_allclose(again["max_bid_yuan"], result.table["max_bid_yuan"])
