"""The real order file, and the same rows in every form: the figures are those many write-ups publish (data README)."""

import csv
import os
import random

import pytest
from export_files import ORDER_HEADERS_2026, csv_bytes, write_html, write_xls, write_xlsx, write_zip

from tmall_nb.exports.load import check_shop, load_shop

FIGURES = (1_902_487.15, 572_335.92, 2_474_823.07, 3_923, 31, 28_010)


@pytest.fixture
def rows(real_data):
    path = real_data / "tmall_orders" / "tmall_order_report.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def figures(data_dir):
    shop = load_shop(data_dir, "s")
    found = shop.sql(
        "SELECT sum(net_amount) AS net, sum(refund_amount) AS refund, sum(paid_amount) AS paid, "
        "count(*) FILTER (paid_at IS NULL) AS unpaid, count(DISTINCT province) AS provinces, count(*) AS rows FROM orders"
    ).iloc[0]
    return tuple(round(float(v), 2) for v in found)


def gb18030(folder, rows):
    (folder / "订单.csv").write_bytes(csv_bytes(rows, "gb18030"))


def with_bom(folder, rows):
    (folder / "订单.csv").write_bytes(csv_bytes(rows, "utf-8-sig"))


def utf16(folder, rows):
    (folder / "订单.txt").write_bytes("\n".join("\t".join(r) for r in rows).encode("utf-16"))


def xls(folder, rows):
    write_xls(folder / "a.xls", rows)


def xlsx(folder, rows):
    write_xlsx(folder / "a.xlsx", rows)


def zipped(folder, rows):
    write_zip(folder / "a.zip", "订单.csv", csv_bytes(rows, "gb18030"))


def html_named_xls(folder, rows):
    write_html(folder / "a.xls", rows)


def csv_named_xls(folder, rows):
    (folder / "a.xls").write_bytes(csv_bytes(rows, "gb18030"))


def headers_of_2026(folder, rows):
    head = [ORDER_HEADERS_2026.get(h, h) for h in rows[0]]
    (folder / "a.csv").write_bytes(csv_bytes([head, *rows[1:]]))


def shuffled(folder, rows):
    order = list(range(len(rows[0])))
    random.Random(5).shuffle(order)
    (folder / "a.csv").write_bytes(csv_bytes([[row[c] for c in order] for row in rows]))


def titled_and_wrapped(folder, rows):
    """Title rows above, ids as ="…", amounts with thousands separators, a comma at the end of every row, a total row."""
    body = [[f'="{r[0]}"', f"{float(r[1]):,.2f}", *r[2:], ""] for r in rows[1:]]
    total = ["合计", "9,999,999.00", *[""] * (len(rows[0]) - 2), ""]
    (folder / "a.csv").write_bytes(csv_bytes([["订单报表"], [], rows[0], *body, total], "gb18030"))


def overlapping(folder, rows):
    for name, part, age in (("new.csv", rows[1:16_000], 200), ("old.csv", rows[12_000:], 100)):
        (folder / name).write_bytes(csv_bytes([rows[0], *part]))
        os.utime(folder / name, (age, age))


FORMS = (gb18030, with_bom, utf16, xls, xlsx, zipped, html_named_xls, csv_named_xls, headers_of_2026, shuffled)


@pytest.mark.parametrize("write", [*FORMS, titled_and_wrapped, overlapping], ids=lambda f: f.__name__)
def test_every_form_gives_the_published_figures(write, rows, shop_folder):
    write(shop_folder, rows)
    assert figures(shop_folder.parent) == FIGURES
    assert check_shop(shop_folder.parent, "s").ok


def test_the_file_as_it_is(real_data, shop_folder):
    (shop_folder / "x.csv").write_bytes((real_data / "tmall_orders" / "tmall_order_report.csv").read_bytes())
    assert figures(shop_folder.parent) == FIGURES
    shop = load_shop(shop_folder.parent, "s")
    (sheet,) = shop.manifest["files"]["x.csv"]["sheets"]
    assert sheet["identity"]["paid"] == sheet["identity"]["identity"] == 24_087
    assert sheet["identity"]["read_as"] == "net"


def test_overlap_is_reported(rows, shop_folder):
    overlapping(shop_folder, rows)
    report = check_shop(shop_folder.parent, "s")
    assert report.files.set_index("file")["superseded"].to_dict() == {"new.csv": 0, "old.csv": 4_000}
    assert not report.totals["difference"].any()


def test_every_public_header_row_is_recognised(real_data):
    from tmall_nb.exports.kinds import recognise

    expected = ("orders", "orders", "order_items", "product_daily", "search_market", "traffic_source", "ads", "ads", "ads")
    with (real_data / "tmall_export_headers" / "headers.csv").open(encoding="utf-8-sig", newline="") as file:
        matches = [recognise(tuple(r["header_line"].split(","))) for r in csv.DictReader(file)]
    assert tuple(m.table for m in matches if m) == expected
    assert not any(m.unmapped for m in matches if m)


def test_the_four_traffic_samples_are_recognised(real_data, shop_folder):
    for path in (real_data / "sycm_traffic_sample").iterdir():
        (shop_folder / path.name).write_bytes(path.read_bytes())
    report = check_shop(shop_folder.parent, "s")
    assert set(report.files["table"]) - {""} == {"traffic_source"}
    assert not report.files["problem"].any()
    shop = load_shop(shop_folder.parent, "s")
    rows = shop.sql("SELECT count(*) AS n, sum(visitors) AS v FROM traffic_source GROUP BY source_file")
    assert set(rows["n"]) == {22} and set(rows["v"]) == {186_956}
