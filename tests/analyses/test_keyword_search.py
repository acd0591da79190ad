"""Search opportunities, stages, brand and stopping: right on data whose truth is known, silent where there is none."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.analyses.keywords.economics import certain_losers
from tmall_nb.analyses.keywords.overlap import find_overlaps
from tmall_nb.analyses.keywords.season import find_rising
from tmall_nb.stats.multiple import discoveries

DAYS = pd.date_range("2024-10-01", "2025-12-31")


def daily(keyword, mean, rng, count="visitors", days=DAYS):
    return pd.DataFrame({"date": days, "keyword": keyword, count: rng.poisson(mean, len(days))})


def test_discoveries_keep_the_share_of_false_ones():
    rng = np.random.default_rng(1)
    false, found = 0, 0
    for _ in range(200):
        p = np.concatenate([rng.random(90), rng.random(10) * 1e-3])
        hit = discoveries(p, rate=0.1)
        false, found = false + hit[:90].sum(), found + hit.sum()
    assert false / found < 0.12 and found > 1_500


def test_a_term_that_doubles_rises_and_steady_ones_do_not():
    rng = np.random.default_rng(2)
    age = np.asarray((DAYS[-1] - DAYS).days)
    own = pd.concat([daily("碎花裙", np.where(age < 28, 20, 10), rng), *(daily(f"裙{k}", 10, rng) for k in range(40))])
    rising = find_rising(own, pd.DataFrame(), 0.9).set_index("keyword")
    assert rising.loc["碎花裙", "verdict"] == "rising" and 1.7 < rising.loc["碎花裙", "growth"] < 2.3
    assert (rising["verdict"] == "rising").sum() <= 2


@pytest.mark.parametrize("source", ["own", "ads"])
def test_a_season_of_last_year_is_seen_coming(source):
    rng = np.random.default_rng(3)
    age = np.asarray((DAYS[-1] - DAYS).days)
    winter = np.where((age < 364) & (age >= 336), 30, 10)
    count = "visitors" if source == "own" else "clicks"
    rows = pd.concat([daily("羽绒服", winter, rng, count), *(daily(f"裙{k}", 10, rng, count) for k in range(30))])
    own = rows if source == "own" else pd.DataFrame(columns=["date", "keyword", "visitors"])
    rising = find_rising(own, rows if source == "ads" else pd.DataFrame(), 0.9).set_index("keyword")
    assert rising.loc["羽绒服", "verdict"] == "season_coming"
    assert rising.loc["羽绒服", "season_low"] > 1.3 and (rising["verdict"] == "season_coming").sum() <= 2


def test_replaced_visits_are_suspected_and_luck_is_not():
    rng = np.random.default_rng(4)
    days = DAYS[-90:]
    ads, own = [], []
    for k in range(60):
        clicks = rng.poisson(rng.uniform(5, 20, len(days)))
        visits = rng.poisson(40, len(days)) - (rng.binomial(clicks, 0.8) if k == 0 else 0)
        ads.append(pd.DataFrame({"date": days, "keyword": f"词{k}", "clicks": clicks, "spend": clicks * 1.0}))
        own.append(pd.DataFrame({"date": days, "keyword": f"词{k}", "visitors": visits}))
    overlaps = find_overlaps(pd.concat(ads), pd.concat(own), 0.9).set_index("keyword")
    assert overlaps.loc["词0", "verdict"] == "suspected" and -1.1 < overlaps.loc["词0", "slope"] < -0.5
    assert (overlaps["verdict"] == "suspected").sum() <= 2 and overlaps["test_days"].between(14, 365).all()


def test_terms_that_sell_and_are_not_bought_are_found():
    rng = np.random.default_rng(5)
    own = pd.DataFrame({"keyword": [f"裙{k}" for k in range(20)], "visitors": 200, "buyers": rng.binomial(200, 0.01, 20)})
    own.loc[0, "buyers"] = 30
    own["paid_amount"] = own["buyers"] * 150.0
    ads = pd.DataFrame({"keyword": ["裙1"], "clicks": [300], "spend": [450.0]})
    result = tn.find_keywords(ads, search_own=own, margin=0.4)
    first = result.table.iloc[0]
    assert first["keyword"] == "裙0" and first["verdict"] == "buy" and first["suggested_bid_yuan"] > 1.5
    assert "裙1" not in set(result.table["keyword"]) and result.findings[0].key == "unbought_terms"


def test_stopped_keywords_are_each_and_together_sure():
    loss = np.array([0.999, 0.99, 0.98, 0.95, 0.93, 0.91, 0.6, np.nan])
    chosen = certain_losers(loss, 0.9)
    assert (loss[chosen] >= 0.9).all() and (1 - loss[chosen]).mean() <= 0.03
    assert chosen[0] and not chosen[6] and not chosen[7]
    assert not certain_losers(np.array([0.91, 0.92]), 0.9).any(), "alone they would be wrong too often"


def test_the_stage_that_loses_is_named_with_its_interval():
    rng = np.random.default_rng(6)
    clicks = rng.poisson(400, 40)
    impressions = rng.poisson(clicks * 20)
    carts = rng.binomial(clicks, 0.2)
    orders = rng.binomial(carts, 0.3)
    carts[0], orders[0] = rng.binomial(clicks[0], 0.05), 6
    names, counts = [f"连衣裙{k}" for k in range(40)], {"impressions": impressions, "clicks": clicks, "ad_carts": carts}
    rows = pd.DataFrame({"keyword": names, **counts, "spend": clicks * 1.0, "ad_orders": orders, "ad_sales": orders * 100.0})
    result = tn.score_keywords(rows, margin=0.4)
    weak = result.stages[result.stages["weakest"]].set_index("keyword")
    assert weak.loc["连衣裙0", "stage"] == "click_to_cart"
    assert weak.loc["连衣裙0", "lost_orders_low"] < weak.loc["连衣裙0", "lost_orders"] < weak.loc["连衣裙0", "lost_orders_high"]
    finding = next(f for f in result.findings if f.key.startswith("weak_"))
    assert finding.values["lost_low"] <= finding.values["lost"] <= finding.values["lost_high"]


def test_the_demo_shop_tells_its_brand_from_generic_words(demo_shop):
    result = tn.score_keywords(demo_shop)
    brand = result.table.loc[result.table["kind"] == "brand", "keyword"]
    assert len(brand) and brand.str.contains("青木").all()
    assert any(f.key.startswith("brand_") for f in result.findings)
    assert any(f.key.startswith("immature_") for f in result.findings), "the newest days are said to be immature"


def test_negatives_of_the_demo_shop_lose_in_truth(demo_shop, demo_truth):
    table = tn.score_keywords(demo_shop).table
    terms = demo_truth.keywords["terms"]
    stopped = table[(table["verdict"] == "negative") & table["keyword"].isin(terms)]
    rate = np.array([terms[k]["order_rate"] for k in stopped["keyword"]])
    losing = rate * stopped["value_per_order"] * demo_shop.settings["gross_margin"] < stopped["cost_per_click"]
    assert len(stopped) > 10 and losing.mean() > 0.9


def test_numbers_that_repeat_are_roots_and_those_that_count_are_not():
    from tmall_nb.stats.keywords import encode_roots
    from tmall_nb.stats.segment import Segmenter

    texts = [*(f"2025连衣裙{900 + k}" for k in range(20)), "连衣裙"]
    roots, names = encode_roots(texts, Segmenter(["连衣裙"]))
    kept = {names[k] for k in roots[roots >= 0]}
    assert kept == {"2025", "连衣裙"}
