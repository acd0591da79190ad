"""Every ad product a merchant may run is read from its own report, named, and set beside the others."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.queries.ad_weeks import channel_days

WEEKS = 30
CHANNELS = {"关键词推广": 300, "超级推荐": 150, "引力魔方": 200, "品销宝": 120, "淘宝客": 90, "小红书": 400}  # yuan a day


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Thirty weeks of sales and a report of each product, in the headers each product uses."""
    root = tmp_path_factory.mktemp("channels")
    folder, rng = root / "s", np.random.default_rng(4)
    folder.mkdir()
    days = [f"{d:%Y-%m-%d}" for d in pd.date_range("2026-01-05", periods=7 * WEEKS)]
    spend = {c: np.round(size * rng.lognormal(0, 0.4, len(days)), 2) for c, size in CHANNELS.items()}

    def write(name, head, row):
        lines = [head, *(row(k, day) for k, day in enumerate(days))]
        (folder / f"{name}.csv").write_text("\n".join(lines), encoding="utf-8")

    sales = 9000 + 1.5 * sum(spend.values()) + rng.normal(0, 400, len(days))
    write("店铺", "统计日期,访客数,支付金额", lambda k, day: f"{day},900,{sales[k]:.2f}")
    for number, name in enumerate(("关键词推广", "超级推荐")):
        head = "日期,场景名字,计划ID,展现量,点击量,花费,总成交金额"
        write(f"计划报表{number}", head, lambda k, day, n=name: f"{day},{n},{n[0]},900,40,{spend[n][k]},{3 * spend[n][k]:.2f}")
    write(
        "引力魔方",
        "日期,商品id,展现量,点击量,消耗,成交订单金额",
        lambda k, day: f"{day},9,900,40,{spend['引力魔方'][k]},{3 * spend['引力魔方'][k]:.2f}",
    )
    write(
        "品牌专区报表",
        "日期,计划名称,展现量,点击量,花费,点击率(%)",
        lambda k, day: f"{day},品牌词,900,40,{spend['品销宝'][k]},4.4",
    )
    write(
        "CPS",
        "创建时间,商品id,实际成交价格,成交商品数,佣金,服务费金额,淘宝父订单编号,淘宝子订单编号",
        lambda k, day: f"{day} 12:00:00,9,900,1,{spend['淘宝客'][k]},0,{10**15 + k},{2 * 10**15 + k}",
    )
    write("站外花费", "日期,渠道,花费", lambda k, day: f"{day},小红书,{spend['小红书'][k]}")
    return tn.load_shop(root, "s"), {c: float(v.sum()) for c, v in spend.items()}


def test_each_product_is_read_and_named(shop):
    loaded, spent = shop
    found = channel_days(loaded).groupby("channel")["spend"].sum().to_dict()
    assert found == pytest.approx(spent)


def test_each_product_stands_in_the_mix_and_on_the_page(shop):
    loaded, _ = shop
    mix = tn.fit_media_mix(loaded)
    assert set(mix.table["channel"]) == set(CHANNELS)
    result = tn.compare_channels(loaded, mix=mix, margin=0.5)
    assert set(result.table["channel"]) == set(CHANNELS)
    assert result.table["roas_incremental"].notna().all() and (result.table["weeks"] == WEEKS).all()
    reported = result.table.set_index("channel")["roas_reported"].notna()
    assert reported[["关键词推广", "超级推荐", "引力魔方", "淘宝客"]].all() and not reported[["品销宝", "小红书"]].any()
    page = str(tn.show(result.summary, "zh"))
    assert all(channel in page for channel in CHANNELS)
