"""Sheets to upload: bids and negative keywords as xlsx and csv, every cell text or number, none of them a formula."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tmall_nb.analyses.keywords import KeywordResult
from tmall_nb.errors import NotEnoughData

__all__ = ["safe_text", "write_bid_sheets"]

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
Row = Sequence[Any]


def safe_text(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula: an apostrophe in front of ``= + - @``."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


def write_bid_sheets(result: KeywordResult, folder: str | Path) -> list[Path]:
    """Write the bid sheet and the negative list of scored keywords, each as xlsx and as csv (UTF-8 with BOM).

    Parameters
    ----------
    result : of ``score_keywords``
    folder : where the files go; made where it is missing

    Returns
    -------
    The files written: ``出价表`` (keywords to raise or lower, the highest bid with its interval) and ``否定词`` (keywords
    that lose almost certainly, with what they cost). A list without rows is not written.

    Raises
    ------
    NotEnoughData : no keyword is to be raised, lowered or stopped
    """
    from tmall_nb.words.catalogue import value_word

    target = Path(folder)
    table = result.table
    bids = table[table["verdict"].isin(["raise", "lower"])].sort_values("rank", kind="stable")
    negative = table[table["verdict"] == "negative"].sort_values("spend", ascending=False, kind="stable")
    if bids.empty and negative.empty:
        raise NotEnoughData("no keyword is to be raised, lowered or stopped: there is nothing to upload")
    target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    if len(bids):
        rows = [
            (r.keyword, round(r.max_bid_yuan, 2), value_word(r.verdict, "zh", stem="keywords"), round(r.cost_per_click, 2),
             round(r.max_bid_yuan_low, 2), round(r.max_bid_yuan_high, 2))
            for r in bids.itertuples()
        ]  # fmt: skip
        header = ("关键词", "建议最高出价(元)", "建议", "现在平均点击花费(元)", "最高出价下限(元)", "最高出价上限(元)")
        written += _both(target / "出价表", header, rows)
    if len(negative):
        stopped = [(r.keyword, round(r.spend, 2), int(r.clicks), int(r.ad_orders)) for r in negative.itertuples()]
        written += _both(target / "否定词", ("关键词", "花费(元)", "点击量", "总成交笔数"), stopped)
    return written


def _both(stem: Path, header: Row, rows: Sequence[Row]) -> list[Path]:
    return [_csv(stem.with_suffix(".csv"), header, rows), _xlsx(stem.with_suffix(".xlsx"), header, rows)]


def _csv(path: Path, header: Row, rows: Sequence[Row]) -> Path:
    part = path.with_suffix(".csv.part")
    with part.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows([[safe_text(v) if isinstance(v, str) else v for v in row] for row in rows])
    os.replace(part, path)
    return path


def _xlsx(path: Path, header: Row, rows: Sequence[Row]) -> Path:
    import xlsxwriter

    part = path.with_suffix(".xlsx.part")
    book = xlsxwriter.Workbook(str(part), {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": False})
    page = book.add_worksheet()
    bold = book.add_format({"bold": True})
    for column, name in enumerate(header):
        page.write_string(0, column, name, bold)
    for line, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            if isinstance(value, str):
                page.write_string(line, column, value)
            elif value == value:
                page.write_number(line, column, value)
    page.set_column(0, 0, 28)
    page.set_column(1, len(header) - 1, 16)
    page.freeze_panes(1, 0)
    book.close()
    os.replace(part, path)
    return path
