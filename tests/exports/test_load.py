"""Loading: incremental, private, exact, whatever the order of columns and files."""

import csv
import os
import random
from decimal import Decimal

import pytest
from export_files import csv_bytes, write_xls, write_xlsx, write_zip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tmall_nb.exports.load as load
from tmall_nb.errors import ExportError, ParameterError
from tmall_nb.exports.load import check_shop, load_shop

HEAD = ["订单编号", "买家会员名", "收货人姓名", "收货地址 ", "联系手机",
        "总金额", "买家实际支付金额", "退款金额", "订单状态", "订单创建时间",
        "订单付款时间 ", "宝贝标题 ", "订单备注"]  # fmt: skip


def order(n, total, refund, *, gross=False, paid=True):
    day = f"2026-01-{n % 28 + 1:02d}"
    person = [f"买家{n % 7}", f"王秘密{n}", f"浙江省 杭州市 西湖区 秘密路{n}号", f"'1380000{n:04d}"]
    received = (total if gross else total - refund) if paid else 0
    money = [f"{total:.2f}", f"{received:.2f}", f"{refund:.2f}"]
    times = [f"{day} 10:00:00", f"{day} 10:01:00" if paid else ""]
    return [f"19300000000000{n:05d}", *person, *money, "交易成功", *times, "连衣裙", "备注"]


def orders(count, **options):
    return [HEAD, *[order(n, 100 + n, (n % 5 == 0) * 10, **options) for n in range(count)]]


def sums(data_dir):
    text = "SELECT sum(net_amount) AS net, sum(paid_amount) AS paid, sum(refund_amount) AS refund, count(*) AS n FROM orders"
    return tuple(load_shop(data_dir, "s").sql(text).iloc[0])


def test_second_load_parses_nothing(shop_folder, monkeypatch):
    (shop_folder / "a.csv").write_bytes(csv_bytes(orders(50)))
    first = sums(shop_folder.parent)
    monkeypatch.setattr(load, "parse_file", lambda job: pytest.fail("parsed again"))
    os.utime(shop_folder / "a.csv", (1, 1))  # touched, not changed
    assert sums(shop_folder.parent) == first


def test_a_new_file_is_added_and_a_removed_one_goes(shop_folder):
    (shop_folder / "a.csv").write_bytes(csv_bytes(orders(50)))
    (shop_folder / "b.csv").write_bytes(csv_bytes([HEAD, *orders(80)[51:]]))
    assert sums(shop_folder.parent)[3] == 80
    (shop_folder / "a.csv").unlink()
    assert sums(shop_folder.parent)[3] == 30
    parts = list((shop_folder.parent / ".parsed" / "s" / "orders" / "_parts").glob("*.parquet"))
    assert len(parts) == 1


def test_a_copy_of_a_file_counts_once(shop_folder):
    for name in ("a.csv", "b.csv"):
        (shop_folder / name).write_bytes(csv_bytes(orders(50)))
    report = check_shop(shop_folder.parent, "s")
    assert sums(shop_folder.parent)[3] == 50
    assert "same content as a.csv" in report.files["note"].tolist() and report.ok


def test_the_newest_export_wins_by_the_minute_in_its_name(shop_folder):
    old, new = orders(40), [HEAD, *[order(n, 100 + n, 50) for n in range(20)]]
    (shop_folder / "ExportOrderList202601100900.csv").write_bytes(csv_bytes(new))
    (shop_folder / "ExportOrderList202601010900.csv").write_bytes(csv_bytes(old))
    assert sums(shop_folder.parent)[2] == 20 * 50 + 10 * 4
    report = check_shop(shop_folder.parent, "s")
    assert report.files["superseded"].sum() == 20 and not report.totals["difference"].any()


def test_no_personal_data_reaches_disk(shop_folder):
    (shop_folder / "a.csv").write_bytes(csv_bytes([*orders(200), ["短行", "王秘密999"]], "gb18030"))
    write_xlsx(shop_folder / "b.xlsx", [HEAD, order(900, 5, 0), ["", *order(901, 5, 0)[1:]]])
    shop = load_shop(shop_folder.parent, "s")
    assert shop.sql("SELECT DISTINCT province, city FROM orders").to_numpy().tolist() == [["浙江省", "杭州市"]]
    words = [w.encode(e) for w in ("秘密", "买家1", "1380000") for e in ("utf-8", "gb18030", "utf-16-le")]
    for path in (shop_folder.parent / ".parsed").rglob("*"):
        if path.is_file() and path.suffix != ".parquet":
            assert not any(w in path.read_bytes() for w in words), path
    import pyarrow.parquet as pq

    for path in (shop_folder.parent / ".parsed").rglob("*.parquet"):
        text = str(pq.read_table(path).to_pylist())
        assert not any(w in text for w in ("秘密", "买家1", "1380000"))


def test_the_key_file_is_private_and_kept(shop_folder):
    (shop_folder / "a.csv").write_bytes(csv_bytes(orders(20)))
    before = load_shop(shop_folder.parent, "s").table("orders")["buyer_key"]
    key = shop_folder.parent / ".parsed" / ".buyer_key"
    assert key.stat().st_mode & 0o777 == 0o600 and before.nunique() == 7
    (shop_folder / "b.csv").write_bytes(csv_bytes([HEAD, *orders(40)[21:]], "gb18030"))
    assert load_shop(shop_folder.parent, "s").table("orders")["buyer_key"].nunique() == 7


@pytest.mark.parametrize("gross", [False, True])
def test_net_or_gross_is_decided_by_the_identity(gross, shop_folder):
    (shop_folder / "a.csv").write_bytes(csv_bytes(orders(100, gross=gross)))
    net, paid, refund, _ = sums(shop_folder.parent)
    total = sum(100 + n for n in range(100))
    assert (net, paid, refund) == (total - 200, total, 200)
    notes = " ".join(check_shop(shop_folder.parent, "s").notes)
    assert ("read as gross" in notes) == gross


def test_damaged_ids_join_nothing_and_are_reported(shop_folder):
    rows = [HEAD, *[[float(r[0]), *r[1:]] for r in orders(20)[1:]]]
    write_xlsx(shop_folder / "a.xlsx", rows)
    shop = load_shop(shop_folder.parent, "s")
    assert len(shop.table("orders")) == 20 and not shop.has("orders", "order_id")
    assert "lost digits" in str(check_shop(shop_folder.parent, "s"))


def test_unmapped_columns_are_named_and_can_be_mapped(shop_folder):
    rows = orders(20)
    rows = [[*r, "9.90" if n else "店铺优惠"] for n, r in enumerate(rows)]
    rows[0][8] = "订单当前状态"
    (shop_folder / "a.csv").write_bytes(csv_bytes(rows))
    notes = "\n".join(check_shop(shop_folder.parent, "s").notes)
    assert "店铺优惠" in notes and "订单当前状态" in notes and "订单状态" in notes
    (shop_folder / "shop.toml").write_text(
        '[columns.orders]\n"订单当前状态" = "status"\n"店铺优惠" = "coupon_tmall"\n', encoding="utf-8"
    )
    shop = load_shop(shop_folder.parent, "s")
    assert shop.has("orders", "status") and shop.table("orders")["coupon_tmall"].sum() == pytest.approx(198)
    (shop_folder / "shop.toml").write_text('[columns]\n"店铺优惠" = "cupon_tmall"\n', encoding="utf-8")
    with pytest.raises(ExportError, match="coupon_tmall"):
        load_shop(shop_folder.parent, "s")


def test_a_wrong_shop_is_answered_with_the_closest(shop_folder):
    with pytest.raises(ParameterError, match="did you mean s"):
        load_shop(shop_folder.parent, "ss")
    for name in ("..", "", "s/../s", ".parsed"):
        with pytest.raises(ParameterError):
            load_shop(shop_folder.parent, name)
    with pytest.raises(ParameterError, match="data_dir"):
        load_shop(shop_folder / "nowhere", "s")


def test_an_empty_folder_says_what_is_missing(shop_folder):
    report = check_shop(shop_folder.parent, "s")
    assert report.ok and "cannot run" in str(report) and "订单报表" in str(report)


def test_a_sheet_a_day_takes_its_day_from_the_name_and_drops_sums(shop_folder):
    head = ["一级来源", "二级来源", "三级来源", "访客数", "访客数环比", "支付金额"]
    rows = [
        ["平台流量", "汇总", "汇总", "1,500", "-", "30.00"], ["平台流量", "搜索", "汇总", "1,000", "1.0%", "20.00"],
        ["平台流量", "搜索", "手淘搜索", "1,000", "1.0%", "20.00"], ["平台流量", "推荐", "汇总", "500", "-", "10.00"],
    ]  # fmt: skip
    for day in (5, 6):
        write_xls(
            shop_folder / f"【生意参谋平台】无线店铺流量来源-2026-01-{day:02d}_2026-01-{day:02d}.xls",
            [["标题"], [], head, *rows],
        )
    table = load_shop(shop_folder.parent, "s").table("traffic_source")
    assert table.groupby("date")["visitors"].sum().tolist() == [1500, 1500]
    assert set(table["source_2"]) == {"搜索", "推荐"} and table["source_3"].isna().sum() == 2
    assert set(table["carrier_device"]) == {"无线"}


def test_ad_reports_of_all_levels_and_names(shop_folder):
    metrics, values = ["展现量", "点击量", "花费", "总成交金额"], ["1000", "20", "10.00", "50.00"]
    files = {
        "计划": "计划ID 计划名字",
        "商品": "计划ID 主体ID 主体类型 主体名称",
        "词": "计划ID 宝贝ID 词名字/词包名字",
        "人群": "计划ID 人群名字 主体ID 主体名称",
        "创意": "计划ID 创意ID 创意名字 主体ID",
        "地域": "计划ID 省 市",
    }
    for name, text in files.items():
        columns = text.split()
        data = csv_bytes([["日期", *columns, *metrics], ["2026/7/31", *[f"{c}1" for c in columns], *values]], "gb18030")
        write_zip(shop_folder / f"{name}.zip", f"{name}.csv", data)
    old = ["日期", "商品id", "曝光量", "点击量", "消耗", "成交订单金额", "成交订单量"]
    (shop_folder / "引力魔方.csv").write_bytes(csv_bytes([old, ["20230803", "68", "9", "3", "1.5", "7", "1"]]))
    week = [["日期", "计划ID", *metrics], ["20260803至20260809", "1", *values]]
    (shop_folder / "周.csv").write_bytes(csv_bytes(week))
    ads = load_shop(shop_folder.parent, "s").table("ads")
    assert ads["level"].value_counts().to_dict() == {
        "plan": 2,
        "item": 2,
        "keyword": 1,
        "audience": 1,
        "creative": 1,
        "region": 1,
    }
    assert ads.loc[ads["level"] == "item", "item_id"].tolist() == ["68", "主体ID1"]
    assert ads.loc[ads["level"] == "audience", ["entity_id", "item_id"]].to_numpy().tolist() == [["人群名字1", "主体ID1"]]
    assert ads["period_days"].dropna().tolist() == [7]
    assert ads.loc[ads["item_id"] == "68", "scene"].tolist() == ["引力魔方"]
    assert ads.loc[ads["level"] == "keyword", "scene"].tolist() == ["关键词推广"]


def test_a_workbook_with_two_reports_gives_both(shop_folder):
    import xlsxwriter

    with xlsxwriter.Workbook(str(shop_folder / "a.xlsx")) as book:
        for device in ("无线流量来源", "PC流量来源"):
            page = book.add_worksheet(device)
            for r, row in enumerate([["统计日期", "流量来源", "来源明细", "访客数"], ["2026-01-05", "搜索", "手淘搜索", "7"]]):
                page.write_row(r, 0, row)
    table = load_shop(shop_folder.parent, "s").table("traffic_source")
    assert sorted(table["carrier_device"]) == ["PC", "无线"] and table["source_file"].nunique() == 2


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_splitting_and_shuffling_change_nothing(seed, tmp_path_factory):
    rng, rows = random.Random(seed), orders(60)
    folder = tmp_path_factory.mktemp("split") / "s"
    folder.mkdir()
    columns = list(range(len(HEAD)))
    rng.shuffle(columns)
    body = [[r[c] for c in columns] for r in rows]
    a, b = sorted(rng.sample(range(1, 60), 2))
    for name, part in (("one", body[1 : b + 1]), ("two", body[a:])):
        data = csv_bytes([body[0], *rng.sample(part, len(part))], rng.choice(["utf-8", "gb18030", "utf-8-sig"]))
        (folder / f"{name}.csv").write_bytes(data)
    net, paid, refund, count = sums(folder.parent)
    assert (net, paid, refund, count) == (sum(100 + n for n in range(60)) - 120, sum(100 + n for n in range(60)), 120, 60)


def hard_file(rng, count):
    """Order lines with quotes, newlines in remarks, wrapped ids, short and long rows, stray quotes, bytes that are no text."""
    out, kept, cents, bad = [",".join(HEAD).encode("gb18030") + b"\n"], 0, Decimal(0), 0
    for n in range(count):
        row = order(n, rng.randrange(1, 10**6) / 100, 0)
        row[0] = f'="{row[0]}"' if n % 3 else f'"=""{row[0]}"""'
        row[-1] = rng.choice(["备注", '"多行\n备注, 含逗号"', '"引""号"', '5" 屏', ""])
        line = ",".join(row)
        kind = rng.random()
        if kind < 0.01:
            line = line.rsplit(",", 3)[0].replace("\n", " ")
        elif kind < 0.02:
            line = line.replace("\n", " ") + ",多"
        if kind < 0.02:
            bad += 1
        else:
            kept, cents = kept + 1, cents + Decimal(row[5])
        data = line.encode("gb18030")
        out.append((data.replace("连衣裙".encode("gb18030"), b"\xff\xff") if n % 997 == 5 else data) + b"\n")
    return b"".join(out), kept, bad, cents


@pytest.mark.parametrize("block", [3_000, 1 << 16, 8 << 20])
def test_every_record_is_kept_or_set_aside_and_every_cent_is_there(block, shop_folder, monkeypatch):
    """Against an independent pass: counts and Decimal sums made while the file was written."""
    import tmall_nb.exports.csvfile as csvfile

    monkeypatch.setattr(csvfile, "BLOCK", block)
    data, kept, bad, cents = hard_file(random.Random(block), 4_000)
    (shop_folder / "a.csv").write_bytes(data)
    shop = load_shop(shop_folder.parent, "s")
    row = check_shop(shop_folder.parent, "s").files.iloc[0]
    assert (row["kept"], row["set_aside"]) == (kept, bad)
    total = shop.sql("SELECT CAST(sum(order_total) AS VARCHAR) AS x FROM orders")["x"].iloc[0]
    assert Decimal(total) == cents
    numbers = shop.sql("SELECT row_no FROM orders ORDER BY 1")["row_no"]
    with open(shop_folder.parent / ".parsed" / "s" / row["kept_in"], encoding="utf-8-sig", newline="") as file:
        aside = [int(r["row"]) for r in csv.DictReader(file)]
    assert sorted([*numbers, *aside]) == list(range(2, 4_002))


def test_the_demo_shop_agrees_with_its_truth(demo_folder, demo_truth):
    report = check_shop(demo_folder.parent, demo_folder.name)
    assert report.ok and not report.files["problem"].any() and not any("is not known" in n for n in report.notes)
    shop = load_shop(demo_folder.parent, demo_folder.name)
    totals = demo_truth["totals"] if isinstance(demo_truth, dict) else demo_truth.totals
    found = shop.sql("SELECT sum(paid_amount) AS paid, sum(refund_amount) AS refund FROM orders").iloc[0]
    assert (found["paid"], found["refund"]) == (totals["paid_yuan"], totals["refund_yuan_at_export"])
    for table in ("order_items", "product_daily", "shop_daily"):
        assert shop.sql(f"SELECT sum(paid_amount) AS x FROM {table}")["x"].iloc[0] == totals["paid_yuan"]
    assert (
        shop.sql("SELECT count(DISTINCT buyer_key) AS x FROM orders WHERE paid_at IS NOT NULL")["x"].iloc[0] == totals["buyers"]
    )
    assert shop.has("product_master", "sku_code") and len(shop.table("product_master")) == 120
