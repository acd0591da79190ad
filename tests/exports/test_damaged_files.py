"""Damaged and hostile files: one clear error each, and the good file beside them is read."""

import io
import os
import random
import zipfile
from pathlib import Path

import pytest
from export_files import csv_bytes, write_xls, write_xlsx, write_zip

from tmall_nb.errors import ExportError
from tmall_nb.exports.files import open_sheets
from tmall_nb.exports.load import check_shop, load_shop

HEAD = ["统计日期", "商品ID", "商品名称", "商品访客数", "支付金额", "支付件数"]
ROWS = [HEAD, *[["2026-01-05", f"68{n:010d}", f"商品{n}", str(n), f"{n}.50", "1"] for n in range(1, 200)]]


def xlsx_bytes(tmp_path, rows):
    write_xlsx(tmp_path / "_.xlsx", rows)
    data = (tmp_path / "_.xlsx").read_bytes()
    (tmp_path / "_.xlsx").unlink()
    return data


def empty(path):
    path.write_bytes(b"")


def one_column(path):
    path.write_bytes("搜索词\n连衣裙\n".encode())


def ten_thousand_columns(path):
    row = ",".join(f"c{n}" for n in range(10_000))
    path.write_bytes("\n".join([row] * 50).encode())


def random_bytes(path):
    path.write_bytes(random.Random(1).randbytes(300_000))


def zeros(path):
    path.write_bytes(b"\x00" * 2_000_000)


def one_long_line(path):
    path.write_bytes(b"a," * 5_000_000)


def zip_bomb(path):
    write_zip(path, "订单.csv", b"0," * 100_000_000)


def xlsx_bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as file:
            for _ in range(700):
                file.write(b" " * (1 << 20))


def far_cell(path):
    """Two cells, one in the last corner: a rectangle of 17 billion cells."""
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1"><v>1</v>'
        '</c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )
    path.write_bytes(changed_xlsx(path, "xl/worksheets/sheet1.xml", sheet.encode()))


def changed_xlsx(path, name, data):
    source = io.BytesIO(xlsx_bytes(path.parent, ROWS))
    out = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, data if entry.filename == name else old.read(entry))
    return out.getvalue()


def formula_in_every_cell(path):
    import xlsxwriter

    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet()
        for r in range(50):
            for c in range(6):
                page.write_formula(r, c, '=HYPERLINK("http://example.invalid","x")', None, "")


def password(path):
    """A workbook encrypted as Office does it (ECMA-376 agile, password "tmall"; written by msoffcrypto-tool 6)."""
    path.write_bytes((Path(__file__).parent / "protected.xlsx").read_bytes())


def truncated_xlsx(path):
    data = xlsx_bytes(path.parent, ROWS)
    path.write_bytes(data[: len(data) // 2])


def truncated_xls(path):
    write_xls(path.with_suffix(".tmp_"), ROWS)
    data = path.with_suffix(".tmp_").read_bytes()
    path.with_suffix(".tmp_").unlink()
    path.write_bytes(data[: len(data) // 2])


def truncated_zip(path):
    write_zip(path, "a.csv", csv_bytes(ROWS))
    path.write_bytes(path.read_bytes()[:-60])


def damaged_zip(path):
    write_zip(path, "a.csv", csv_bytes(ROWS * 50))
    data = bytearray(path.read_bytes())
    data[200:400] = bytes(200)
    path.write_bytes(bytes(data))


def two_files_in_a_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", csv_bytes(ROWS))
        archive.writestr("b.csv", csv_bytes(ROWS))


def zip_in_a_zip(path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.csv", csv_bytes(ROWS))
    write_zip(path, "a.zip", inner.getvalue())


def picture(path):
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\x00" * 1000)


def login_page(path):
    path.write_bytes("<html><body>请登录</body></html>".encode())


def sum_of_a_month(path):
    path.write_bytes(csv_bytes([HEAD[1:], *[r[1:] for r in ROWS[1:]]]))
    path.rename(path.with_name("商品_全部_2026-01-01_2026-01-31.csv"))


DAMAGED = (
    empty,
    one_column,
    ten_thousand_columns,
    random_bytes,
    zeros,
    one_long_line,
    zip_bomb,
    xlsx_bomb,
    far_cell,
    formula_in_every_cell,
    password,
    truncated_xlsx,
    truncated_xls,
    truncated_zip,
    damaged_zip,
    two_files_in_a_zip,
    zip_in_a_zip,
    picture,
    login_page,
    sum_of_a_month,
)


@pytest.mark.parametrize("damage", DAMAGED, ids=lambda f: f.__name__)
def test_a_damaged_file_is_named_and_spoils_nothing(damage, shop_folder):
    (shop_folder / "good.csv").write_bytes(csv_bytes(ROWS, "gb18030"))
    damage(shop_folder / "bad.xls")
    report = check_shop(shop_folder.parent, "s")
    assert not report.ok
    (problem,) = report.files.loc[report.files["problem"] != "", "problem"]
    assert len(problem) > 20 and "Traceback" not in problem
    assert len(load_shop(shop_folder.parent, "s").table("product_daily")) == 199


def test_a_file_without_permission_is_named(shop_folder):
    path = shop_folder / "a.csv"
    path.write_bytes(csv_bytes(ROWS))
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user reads every file")
    assert not check_shop(shop_folder.parent, "s").ok


def test_wrong_encoding_keeps_the_figures(shop_folder):
    """A GB18030 file with bytes that are no character: titles get a mark, figures stay."""
    data = csv_bytes(ROWS, "gb18030").replace("商品7".encode("gb18030"), b"\xff\xfe7")
    (shop_folder / "a.csv").write_bytes(data)
    shop = load_shop(shop_folder.parent, "s")
    assert shop.sql("SELECT sum(paid_amount) AS x FROM product_daily")["x"].iloc[0] == sum(n + 0.5 for n in range(1, 200))


def test_half_a_csv_is_read_to_its_last_whole_row(shop_folder):
    data = csv_bytes(ROWS)
    (shop_folder / "a.csv").write_bytes(data[: len(data) // 2])
    report = check_shop(shop_folder.parent, "s")
    row = report.files.iloc[0]
    assert row["set_aside"] == 1 and 90 < row["kept"] < 110 and "too_few_cells" in row["reasons"]


@pytest.mark.parametrize("seed", range(25))
def test_flipped_bytes_never_raise_anything_else(seed, tmp_path):
    """Whatever a workbook's bytes are, the reader answers with rows or with an ExportError."""
    rng = random.Random(seed)
    path = tmp_path / "a"
    (write_xls if seed % 2 else write_xlsx)(path, ROWS)
    data = bytearray(path.read_bytes())
    for _ in range(rng.randint(1, 40)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    path.write_bytes(bytes(data[: rng.randrange(len(data) // 2, len(data))] if seed % 3 == 0 else data))
    try:
        assert open_sheets(path) is not None
    except ExportError as error:
        assert str(path) in str(error)
