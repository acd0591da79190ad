"""Writers of test files: the same rows in every form a merchant may hold."""

import csv
import html
import io
import zipfile

ORDER_HEADERS_2026 = {"买家实际支付金额": "买家实付金额", "收货地址 ": "收货地址", "订单付款时间 ": "订单付款时间"}


def csv_bytes(rows, encoding="utf-8"):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode(encoding)


def write_xls(path, rows, sheet="Sheet1"):
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    page = book.add_sheet(sheet)
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            page.write(r, c, cell)
    book.save(str(path))


def write_xlsx(path, rows, sheet="Sheet1"):
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        page = book.add_worksheet(sheet)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                (page.write_string if isinstance(cell, str) else page.write)(r, c, cell)


def write_html(path, rows):
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(c))}</td>" for c in row) + "</tr>" for row in rows)
    path.write_bytes(f"<html><body><table>{body}</table></body></html>".encode("gb18030"))


def write_zip(path, name, data):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
