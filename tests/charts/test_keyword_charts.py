"""Charts of keywords and titles read the result: figures on the axes are the table's, in both languages."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.words import field_name

WORDS = "法式 碎花 显瘦 复古 宽松 通勤 收腰 气质".split()
SCORED = ("verdict_spend", "bid_ranges", "root_effects", "stage_losses")


@pytest.fixture(scope="module")
def scored():
    rng = np.random.default_rng(3)
    rows = [(f"{a}{b}连衣裙", WORDS.index(a)) for a in WORDS for b in WORDS if a != b]
    clicks = rng.poisson(rng.lognormal(4, 1, len(rows)))
    orders = rng.binomial(clicks, [0.02 + 0.01 * n for _, n in rows])
    carts = orders + rng.binomial(clicks - orders, 0.1)
    impressions = clicks * rng.integers(5, 60, len(rows))
    frame = {"keyword": [t for t, _ in rows], "impressions": impressions, "clicks": clicks, "ad_carts": carts}
    frame |= {"spend": clicks * rng.uniform(1, 6, len(rows)), "ad_orders": orders, "ad_sales": orders * 120.0}
    return tn.score_keywords(pd.DataFrame(frame), margin=0.4)


@pytest.fixture(scope="module")
def opportunities():
    terms = [f"{a}衬衫" for a in WORDS]
    market = pd.DataFrame({"keyword": terms, "search_popularity_low": 100.0 * 2 ** np.arange(8)})
    market["search_popularity_high"] = 2 * market["search_popularity_low"]
    ads = pd.DataFrame({"keyword": terms[:2], "clicks": [30, 30], "spend": [40.0, 40.0]})
    own = pd.DataFrame({"keyword": terms[2:4], "visitors": [400, 2], "buyers": [9, 1], "paid_amount": [900.0, 90.0]})
    return tn.find_keywords(ads, search_own=own, search_market=market)


@pytest.fixture(scope="module")
def titles():
    items = pd.DataFrame({"item_id": ["1", "2"], "item_title": ["法式连衣裙", "碎花显瘦连衣裙"]})
    demand = pd.DataFrame({"keyword": [f"{w}连衣裙" for w in WORDS], "demand_low": 50.0, "demand_high": 90.0})
    return tn.write_titles(items, demand=demand)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", SCORED)
def test_keyword_charts_draw_in_both_languages(scored, name, language):
    fig = getattr(tn.charts, name)(scored, language=language)
    assert fig.title and fig.alt and fig.picture(narrow=True)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_reach_and_titles_draw_in_both_languages(opportunities, titles, language):
    for fig in (tn.charts.demand_reach(opportunities, language=language), tn.charts.title_coverage(titles, language=language)):
        assert fig.title and fig.alt and fig.picture(narrow=True)


def test_verdict_bars_add_up_to_the_spend(scored):
    bars = tn.charts.verdict_spend(scored).axes[0].patches
    assert sum(b.get_width() for b in bars) == pytest.approx(scored.table["spend"].sum())


def test_bids_are_drawn_as_in_the_table(scored):
    axis = tn.charts.bid_ranges(scored).axes[0]
    names = [t.get_text() for t in axis.get_yticklabels()]
    bids = scored.table.set_index("keyword")["max_bid_yuan"]
    np.testing.assert_allclose(axis.lines[0].get_xdata(), bids[names])


def test_stages_draw_only_certain_losses(scored):
    axis = tn.charts.stage_losses(scored).axes[0]
    weak = scored.stages[scored.stages["weakest"]]
    assert {t.get_text() for t in axis.get_yticklabels()} <= set(weak["keyword"])
    drawn = np.sort(np.concatenate([line.get_xdata() for line in axis.lines]))
    np.testing.assert_allclose(drawn, np.sort(weak.nlargest(12, "lost_orders")["lost_orders"]))


def test_reach_tells_bought_terms_from_missed_ones(opportunities):
    verdicts = opportunities.unreached.set_index("keyword")["verdict"]
    assert verdicts["法式衬衫"] == "ads_only" and verdicts["气质衬衫"] == "not_reached"
    labels = [t.get_text() for t in tn.charts.demand_reach(opportunities).axes[0].get_legend().get_texts()]
    assert "只靠广告" in labels and "没接到" in labels


def test_an_empty_result_says_so(scored, opportunities, titles):
    empty = dataclasses.replace(
        scored, table=scored.table.iloc[:0], tokens=scored.tokens.iloc[:0], stages=scored.stages.iloc[:0]
    )
    for name in SCORED:
        assert getattr(tn.charts, name)(empty).title == "没有可画的数据"
    assert tn.charts.demand_reach(dataclasses.replace(opportunities, unreached=opportunities.unreached.iloc[:0])).title
    assert tn.charts.title_coverage(dataclasses.replace(titles, table=titles.table.iloc[:0])).title


def test_summaries_hold_no_more_columns_than_fit_a_page(scored, titles):
    for frame in (scored.summary, titles.summary):
        assert len(tn.show(frame, "zh").columns) <= 7
    assert field_name("max_bid_yuan", "zh", stem="keywords") == "最高出价"
