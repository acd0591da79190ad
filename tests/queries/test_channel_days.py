"""Each yuan of ad spend counts once, whichever reports a merchant downloaded."""

import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.queries.ad_weeks import channel_days
from tmall_nb.queries.campaign_money import ad_presale, ad_subsidy
from tmall_nb.queries.shop_days import shop_days


@pytest.fixture
def shop(tmp_path):
    folder = tmp_path / "s"
    folder.mkdir()
    head = "展现量,点击量,花费,总成交金额"
    files = {
        "计划报表": [
            f"日期,场景名字,计划ID,{head}",
            "2026-07-01,关键词推广,1,90,5,10,50",
            "2026-07-02,关键词推广,1,90,5,12,60",
        ],
        "商品报表": [
            f"日期,场景名字,计划ID,主体ID,{head}",
            "2026-07-01,关键词推广,1,9,90,5,10,50",
            "2026-07-02,全站推广,2,9,90,5,7,30",
        ],
        "引力魔方": ["日期,商品id,展现量,点击量,消耗,成交订单金额", "2026-07-01,9,90,5,3,20"],
        "店铺": ["统计日期,访客数,支付金额", "2026-07-01,100,900", "2026-07-02,100,900"],
    }
    for name, text in files.items():
        (folder / f"{name}.csv").write_text("\n".join(text), encoding="utf-8")
    return tn.load_shop(tmp_path, "s")


def test_every_product_comes_from_the_first_level_that_reports_it(shop):
    days = channel_days(shop).set_index(["date", "channel"])["spend"]
    assert days.groupby("channel").sum().to_dict() == {"关键词推广": 22.0, "全站推广": 7.0, "引力魔方": 3.0}
    assert len(days) == 4


def test_the_shops_total_holds_the_same_yuan(shop):
    rows = channel_days(shop)
    assert rows["spend"].sum() == 32.0
    total = shop_days(shop).set_index("date")["spend"]
    assert total.to_dict() == rows.groupby("date")["spend"].sum().to_dict()


def test_a_shop_with_keyword_reports_alone_keeps_its_presale(tmp_path):
    (tmp_path / "k").mkdir()
    head = "日期,场景名字,计划ID,词类型,词ID/词包ID,词名字/词包名字,展现量,点击量,花费,总预售成交金额,总预售成交笔数,总成交金额"
    rows = [f"2026-07-0{d},关键词推广,1,关键词,{k},词{k},90,5,10,20,2,50" for d in (1, 2) for k in (7, 8)]
    (tmp_path / "k" / "关键词报表.csv").write_text("\n".join([head, *rows]), encoding="utf-8")
    found = ad_presale(tn.load_shop(tmp_path, "k"), lead=pd.Timestamp("2026-07-01"), stop=pd.Timestamp("2026-07-02"))
    assert found.to_dict() == {"orders": 4.0, "amount": 40.0}


def test_a_subsidy_nobody_reported_is_not_zero(shop):
    assert pd.isna(ad_subsidy(shop, start=pd.Timestamp("2026-07-01"), stop=pd.Timestamp("2026-07-03")))
