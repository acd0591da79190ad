"""``write_template``: empty sheets for what no Tmall export holds, with the headers the reader knows and an example row."""

from __future__ import annotations

from pathlib import Path

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
    "paths": ({"path": "搜索 > 推荐 > 直接访问", "conversions": 12, "conversion_value": 1580.0, "nulls": 40},),
}  # fmt: skip
EXAMPLE = "#示例，请删除本行"


def write_template(sheet: str, folder: str | Path = ".") -> Path:
    """Write an empty sheet that only the merchant can fill, and return its path.

    The first row holds the headers; the second is an example whose first cell starts with ``#`` and is never read.

    Parameters
    ----------
    sheet : costs, stock, lead_times, offsite_spend, targets, plan or paths
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


def _header(sheet: str, name: str) -> str:
    """The first alias by which the reader knows this column in this sheet."""
    own = [header for owner, header in FIELDS[name].aliases if owner == sheet]
    general = [header for owner, header in FIELDS[name].aliases if owner is None]
    return (own or general or [FIELDS[name].zh])[0]
