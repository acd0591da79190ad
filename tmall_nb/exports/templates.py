"""``write_template``: empty sheets for what no Tmall export holds, with the headers the reader knows and an example row."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from tmall_nb.errors import ExportError, ParameterError, closest
from tmall_nb.fields import FIELDS
from tmall_nb.tables import TABLES

__all__ = ["SHEETS", "write_template"]

# sheet: example rows by field; a row that starts with # in its first cell is never read
SHEETS: dict[str, tuple[dict[str, object], ...]] = {
    "costs": (
        {"item_id": "680681317896", "sku_code": "", "item_title": "示例商品", "valid_from": "2026-01-01", "unit_cost": 45.80},
    ),
    "stock": (
        {
            "date": "2026-01-05", "item_id": "680681317896", "sku_code": "", "item_title": "示例商品", "stock_units": 120,
            "inbound_units": 50, "in_stock": "是", "sold_out": "否",
        },
    ),
    "lead_times": (
        {
            "item_id": "680681317896", "item_title": "示例商品", "lead_time_days": 12, "lead_time_sd": 2, "moq_units": 50,
            "review_days": 7, "supplier": "示例供应商",
        },
    ),
    "offsite_spend": ({"date": "2026-01-05", "channel": "小红书", "spend": 3000, "note": "达人合作"},),
    "targets": ({"start": "2026-01-01", "end": "2026-12-31", "metric": "支付金额", "target": 2400000, "campaign": ""},),
    "plan": (
        {
            "date": "2026-02-01", "item_id": "680681317896", "price": 99.0, "promotion": "年货节", "ad_spend": 500, "note": "",
        },
    ),
    "ad_tests": (
        {
            "channel": "关键词推广", "start": "2026-03-02", "end": "2026-03-29", "tested_roas": 1.6, "tested_error": "",
            "tested_low": 1.1, "tested_high": 2.1, "provinces": "", "spend_change": "", "note": "已有结果：填投产比和区间",
        },
        {
            "channel": "全部", "start": "2026-05-04", "end": "2026-06-14", "tested_roas": "", "tested_error": "",
            "tested_low": "", "tested_high": "", "provinces": "江苏省、福建省、湖南省", "spend_change": -12000,
            "note": "分省停投：填省份和少花的钱，结果由订单读出",
        },
    ),
    "paths": ({"path": "搜索 > 推荐 > 直接访问", "conversions": 12, "conversion_value": 1580.0, "nulls": 40},),
}  # fmt: skip
EXAMPLE = "#示例，请删除本行"
NOTES = Path(__file__).with_name("sheet_notes.csv")


def write_template(sheet: str, folder: str | Path = ".") -> Path:
    """Write an empty sheet that only the merchant can fill, and return its path.

    The first row holds the headers; below stand examples whose first cell starts with ``#`` and which are never read. Where
    columns need explaining, a second worksheet does so in Chinese and English.

    Parameters
    ----------
    sheet : costs, stock, lead_times, offsite_spend, targets, plan, paths or ad_tests
    folder : where it goes; a file of that name is not overwritten

    Examples
    --------
    >>> write_template("costs", "data/raw/qingmu")  # doctest: +SKIP
    """
    if sheet not in SHEETS:
        raise ParameterError(
            "sheet", sheet, f"one of {', '.join(SHEETS)}; closest: {', '.join(closest(sheet, SHEETS)) or 'none'}"
        )
    target = Path(folder) / f"{TABLES[sheet].zh}.xlsx"
    if target.exists():
        raise ExportError(target, "is there already and is not overwritten: rename it or choose another folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    _write(target, sheet)
    return target


def _write(target: Path, sheet: str) -> None:
    import xlsxwriter

    names = list(SHEETS[sheet][0])
    with xlsxwriter.Workbook(str(target)) as book:
        page = book.add_worksheet(TABLES[sheet].zh)
        bold, text, grey = (
            book.add_format({"bold": True}), book.add_format({"num_format": "@"}), book.add_format({"font_color": "#7b8794"}),
        )  # fmt: skip
        for column, name in enumerate(names):
            width = max(14, 2 * len(FIELDS[name].zh) + 4)
            page.set_column(column, column, width, text if FIELDS[name].dtype in ("id", "text") else None)
            page.write_string(0, column, _header(sheet, name), bold)
        for row, values in enumerate(SHEETS[sheet], start=1):
            page.write_string(row, 0, EXAMPLE, grey)
            for column, name in enumerate(names[1:], start=1):
                page.write(row, column, values[name], grey)
        page.freeze_panes(1, 0)
        _explain(book, sheet, bold)


def _explain(book: Any, sheet: str, bold: Any) -> None:
    """A worksheet that says what goes into each column, for sheets that have such notes."""
    with NOTES.open(encoding="utf-8", newline="") as file:
        notes = [row for row in csv.DictReader(file) if row["sheet"] == sheet]
    if not notes:
        return
    page, wrap = book.add_worksheet("怎么填"), book.add_format({"text_wrap": True, "valign": "top"})
    page.set_column(0, 0, 16)
    page.set_column(1, 2, 60)
    for column, title in enumerate(("列名", "怎么填", "What goes there")):
        page.write_string(0, column, title, bold)
    for row, note in enumerate(notes, start=1):
        for column, text in enumerate((_header(sheet, note["field"]), note["zh"], note["en"])):
            page.write_string(row, column, text, wrap)


def _header(sheet: str, name: str) -> str:
    """The first alias by which the reader knows this column in this sheet."""
    own = [header for owner, header in FIELDS[name].aliases if owner == sheet]
    general = [header for owner, header in FIELDS[name].aliases if owner is None]
    return (own or general or [FIELDS[name].zh])[0]
