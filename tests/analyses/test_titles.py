"""Titles: true of the item, different from its siblings', and a good present one stays."""

import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.analyses.titles.rules import forbidden_words, title_units

DEMAND = pd.DataFrame(
    {
        "keyword": "法式连衣裙 碎花连衣裙 夏季连衣裙 秋冬连衣裙 显瘦连衣裙 收腰显瘦连衣裙 复古连衣裙 连衣裙图片".split(),
        "demand_low": [80, 70, 60, 60, 40, 30, 20, 500],
        "demand_high": [120, 90, 90, 90, 60, 50, 40, 900],
    }
)


def written(titles, **options):
    items = pd.DataFrame({"item_id": [str(k) for k in range(len(titles))], "item_title": titles})
    return tn.write_titles(items, demand=DEMAND, **options)


SHOP = [
    "青木碎花收腰连衣裙夏季",
    "青木法式复古连衣裙秋冬",
    "青木显瘦连衣裙",
    "青木法式连衣裙",
    "青木碎花显瘦连衣裙",
    "青木收腰连衣裙",
]


def test_proposals_differ_from_item_to_item():
    result = written(SHOP)
    assert result.table["title"].is_unique
    best = result.table.set_index("item_id")["title"]
    assert "碎花" in best["0"] and "复古" in best["1"], "an item keeps its own attributes"


def test_no_proposal_contradicts_the_item():
    titles = written(SHOP).titles.set_index("item_id")["title"]
    assert not titles["0"].str.contains("秋冬").any(), "a summer item is not sold as a winter one"
    assert not titles["1"].str.contains("夏季").any()


def test_questions_are_no_title_words():
    assert not written(SHOP).titles["title"].str.contains("图片").any()


def test_a_title_that_covers_its_demand_stays():
    table = written(["青木法式碎花夏季收腰显瘦复古连衣裙", "青木显瘦连衣裙"]).table
    first = table.iloc[0]
    assert first["verdict"] == "keep" and first["title"] == first["item_title"] and first["to_confirm"] == ""


def test_words_no_text_of_the_item_holds_are_to_be_confirmed():
    result = written(SHOP)
    for row in result.table.itertuples():
        own = SHOP[int(row.item_id)]
        for word in filter(None, row.to_confirm.split(",")):
            assert word not in own and word in row.title
        assert row.verdict in ("keep", "rewrite") or row.to_confirm
    confirm = result.titles["to_confirm"].str.split(",").str.len()
    assert (confirm <= 4).all() and (result.titles.loc[result.titles["basis"] == "own_words", "to_confirm"] == "").all()


def test_the_finding_asks_to_confirm_before_upload():
    finding = next(f for f in written(SHOP).findings if f.key.startswith("titles_miss"))
    assert finding.key == "titles_miss_demand" and finding.values["confirm"]


def test_titles_fit_the_width_and_hold_no_forbidden_word():
    result = written(["青木全网第一法式碎花显瘦收腰复古夏季连衣裙女装新款气质高级感小个子长款"] * 1 + SHOP, width=30)
    assert (result.titles["title"].map(title_units) <= 30).all()
    assert not result.titles["title"].map(forbidden_words).map(bool).any()
    assert result.flags["level"].isin(["banned", "extreme"]).any()


def test_equal_titles_compete():
    result = written(["青木碎花收腰连衣裙夏季", "青木碎花收腰连衣裙夏季", "青木法式连衣裙"])
    assert result.duplicates["verdict"].tolist() == ["competing"]
    assert result.table["title"].nunique() == 3, "the proposals set them apart"


def test_the_brand_most_titles_begin_with_comes_first():
    table = written(SHOP).table
    changed = table[table["verdict"] != "keep"]
    assert len(changed) and changed["title"].str.startswith("青木").all()


def test_coverage_never_falls():
    table = written(SHOP).table
    assert (table["new_coverage_low"] >= table["coverage_low"] - 1e-9).all()
    assert (table["new_coverage_high"] >= table["coverage_high"] - 1e-9).all()


def test_impossible_input_is_refused():
    with pytest.raises(tn.ParameterError, match="width"):
        written(SHOP, width=10)
    with pytest.raises(tn.ExportError, match="item_title"):
        tn.write_titles(pd.DataFrame({"item_id": ["1"]}), demand=DEMAND)
