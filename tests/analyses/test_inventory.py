"""The inventory says what a folder holds, what balances and what can be answered; every finding is reachable."""

from pathlib import Path

import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.words.catalogue import catalogue

HEAD = "统计日期,访客数,支付金额,支付买家数"


def take(tmp_path, **files):
    folder = tmp_path / "s"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return tn.take_inventory(tn.load_shop(tmp_path, "s"))


def days(*numbers, month="01"):
    return "\n".join([HEAD, *[f"2026-{month}-{n:02d},100,{n}.50,3" for n in numbers]])


def keys(result):
    return [f.key for f in result.findings]


def test_the_demo_shop_balances(demo_shop):
    result = tn.take_inventory(demo_shop)
    assert {"inventory_found", "inventory_reconciled"} <= set(keys(result))
    assert result.table["reconciled"].all() and (result.totals["difference"] == 0).all()
    assert (result.table.set_index("table")["days_missing"].dropna() == 0).all()
    assert set(result.notebooks["verdict"]) <= {"ready", "partial"}
    rows = demo_shop.tables.set_index("table")["rows"]
    assert (result.table.set_index("table")["rows"] == rows).all()


def test_missing_days_are_missing_and_not_zero(tmp_path):
    result = take(tmp_path, a=days(1, 2, 3, 8, 9))
    assert result.gaps.to_dict("records") == [
        {"table": "shop_daily", "start": pd.Timestamp("2026-01-04"), "end": pd.Timestamp("2026-01-07"), "days": 4}
    ]
    assert result.table["days_missing"].tolist() == [4] and "inventory_gap" in keys(result)


def test_a_report_that_stopped_is_behind(tmp_path):
    items = "统计日期,商品ID,商品访客数,支付金额\n2026-02-20,68,3,1"
    result = take(tmp_path, a=days(1, 2, 3), b=items)
    (finding,) = [f for f in result.findings if f.key == "inventory_behind"]
    assert finding.values["report"] == "shop_daily" and finding.values["days"] == 48


def test_what_to_download_next_opens_most(tmp_path):
    result = take(tmp_path, a=days(1, 2))
    (finding,) = [f for f in result.findings if f.key == "inventory_blocked"]
    assert finding.values["report"] == "product_daily" and finding.values["unblocks"] >= 3 and finding.action
    blocked = result.notebooks.set_index("notebook").loc["30_price_elasticity"]
    assert blocked["verdict"] == "blocked" and "商品排行 / 宝贝报表" in blocked["missing"]


def test_every_finding_is_reachable_and_speaks(tmp_path, demo_shop):
    (tmp_path / "e" / "s").mkdir(parents=True)
    orders = (
        "订单编号,总金额,买家实际支付金额,退款金额,订单创建时间,订单付款时间,店铺优惠\n1.9E+18,5,5,0,2026-01-05,2026-01-05,3"
    )
    results = [
        tn.take_inventory(tn.load_shop(tmp_path / "e", "s")),
        take(tmp_path, a=days(1, 2, 3, 8), b="x,y\n1,2", c=orders, d="统计日期,商品ID,商品访客数,支付金额\n2026-02-20,68,3,1"),
        tn.take_inventory(demo_shop),
    ]
    shop = tn.load_shop(tmp_path, "s")
    for row in shop.manifest["totals"]:
        row["difference"] = 0.01
    results.append(tn.take_inventory(shop))
    seen = {k for r in results for k in keys(r)}
    assert seen == set(catalogue("inventory")["findings"])
    for result in results:
        for language in ("zh", "en"):
            assert str(tn.say(result.findings, language))
            assert str(tn.show(result.method, language)) and str(tn.show(result.notebooks, language))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_charts_draw_what_was_found(demo_shop, tmp_path, language):
    result = tn.take_inventory(demo_shop)
    axes = tn.charts.report_days(result, language=language).axes[0]
    assert len(axes.get_yticks()) == result.days["table"].nunique()
    axes = tn.charts.ready_analyses(result, language=language).axes[0]
    assert len(axes.get_yticks()) == len(result.notebooks)
    (tmp_path / "s").mkdir()
    nothing = tn.take_inventory(tn.load_shop(tmp_path, "s"))
    for chart in (tn.charts.report_days, tn.charts.ready_analyses):
        chart(nothing, language=language).savefig(Path(tmp_path) / "x.png")
