"""Every kind of report is known by its headers (column lists as public parsers and table definitions hold them)."""

import csv
from pathlib import Path

import pytest
from export_files import csv_bytes, write_xlsx

from tmall_nb.exports.kinds import KINDS, recognise
from tmall_nb.exports.load import check_shop, load_shop
from tmall_nb.exports.templates import SHEETS, write_template
from tmall_nb.tables import TABLES

with (Path(__file__).with_name("headers.csv")).open(encoding="utf-8", newline="") as file:
    HEADERS = {row["table"]: row["header_line"] for row in csv.DictReader(file)}


@pytest.mark.parametrize("table", HEADERS)
def test_a_kind_is_known_by_its_headers_in_any_order(table):
    row = HEADERS[table].split(",")
    for headers in (row, row[::-1], [f" {h}\u3000" for h in row]):
        match = recognise(tuple(headers))
        assert match is not None and match.table == table
        assert not match.unmapped and set(match.missing) <= {"date", "category"}


def test_every_table_can_be_read():
    assert {k.table for k in KINDS} == set(TABLES)
    assert set(HEADERS) | set(SHEETS) | {"product_daily"} == set(TABLES)


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_template_is_read_without_its_example(sheet, shop_folder):
    path = write_template(sheet, shop_folder)
    row = check_shop(shop_folder.parent, "s").files.iloc[0]
    examples = len(SHEETS[sheet])
    assert (row["table"], row["rows"], row["kept"], row["reasons"]) == (sheet, examples, 0, f"hint_row {examples}")
    with pytest.raises(Exception, match="not overwritten"):
        write_template(sheet, shop_folder)
    assert path.name == f"{TABLES[sheet].zh}.xlsx"


def test_an_unknown_template_is_answered_with_the_closest():
    with pytest.raises(Exception, match="costs"):
        write_template("cost")


def test_alipay_flow_has_titles_prefixed_ids_and_a_last_line(shop_folder):
    rows = [
        ["支付宝资金流水"], ["起始日期：2026-01-01"], HEADERS["fund_flow"].split(","),
        ["2026-01-05 10:00:00", "20260105001", "T200P1930000000000000001", "交易收款", "1,234.50", "0", "商品"],
        ["合计", "", "", "", "1,234.50", "0", ""],
    ]  # fmt: skip
    (shop_folder / "20260105.csv").write_bytes(csv_bytes(rows, "gb18030"))
    table = load_shop(shop_folder.parent, "s").table("fund_flow")
    assert table[["order_id", "income"]].to_numpy().tolist() == [["1930000000000000001", 1234.5]]


def test_market_ranges_and_campaign_spans(shop_folder):
    market = [
        HEADERS["search_market"].split(","),
        ["1", "连衣裙", "5000 ~ 1万", "3.2%", "1.21", "5% ~ 7.5%", "600 ~ 1200", "0.3", "60%"],
    ]
    (shop_folder / "搜索排行_2026-01-05.csv").write_bytes(csv_bytes(market))
    enrol = [
        "双11",
        "2025-10-13 20:00:00",
        "2025-10-20 20:00:00-2025-11-14 23:59:59",
        "68",
        "裙",
        "99",
        "59",
        "9",
        "1",
        "",
        "55",
        "已结束",
    ]
    write_xlsx(shop_folder / "a.xlsx", [HEADERS["enrolment"].split(","), enrol])
    shop = load_shop(shop_folder.parent, "s")
    row = shop.table("search_market").iloc[0]
    assert (row["search_popularity_low"], row["search_popularity_high"]) == (5_000, 10_000)
    assert (row["conversion_rate_low"], row["conversion_rate_high"], row["buyers_high"]) == (0.05, 0.075, 1_200)
    assert str(row["date"].date()) == "2026-01-05"
    event = shop.table("enrolment").iloc[0]
    assert (str(event["start_at"]), str(event["end_at"])) == ("2025-10-20 20:00:00", "2025-11-14 23:59:59")
