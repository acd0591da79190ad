"""Sheets to upload: bids and negative keywords as xlsx and csv, every cell text or number, none of them a formula."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from tmall_nb.analyses.keywords import KeywordResult

__all__ = ["Sheets", "safe_text", "write_bid_sheets"]

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
Row = Sequence[Any]


def safe_text(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula: an apostrophe in front of ``= + - @``."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


@dataclass(frozen=True, slots=True)
class Sheets:
    """The files written; a notebook shows their names."""

    paths: tuple[Path, ...]
    reason: str = ""

    def __iter__(self) -> Iterator[Path]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)

    def __repr__(self) -> str:
        names = ", ".join(p.name for p in self.paths)
        return f"上传用 / to upload: {names}" if names else f"没有写文件 / nothing written ({self.reason})"


def write_bid_sheets(result: KeywordResult, folder: str | Path | None) -> Sheets:
    """Write the bid sheet and the negative list of scored keywords, each as xlsx and as csv (UTF-8 with BOM).

    Parameters
    ----------
    result : of ``score_keywords``
    folder : where the files go; made where it is missing; None writes nothing

    Returns
    -------
    The files written: ``出价表`` (keywords to raise or lower, the highest bid with its interval) and ``否定词`` (keywords
    that lose almost certainly, with what they cost), a row for each plan and unit that buys the keyword where the report
    names them, ids as text. A list without rows is not written.
    """
    if folder is None:
        return Sheets((), "output_dir is None")
    target = Path(folder)
    table = result.table
    bids = table[table["verdict"].isin(["raise", "lower"])].sort_values("rank", kind="stable")
    negative = table[table["verdict"] == "negative"].sort_values("spend", ascending=False, kind="stable")
    if bids.empty and negative.empty:
        return Sheets((), "no keyword is to be raised, lowered or stopped")
    target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    if len(bids):
        written += _both(target / "出价表", *_bid_rows(_placed(bids, result.places)))
    if len(negative):
        written += _both(target / "否定词", *_negative_rows(_placed(negative, result.places)))
    return Sheets(tuple(written))


_PLACE_HEADERS = {"plan_id": "计划ID", "plan": "计划名字", "unit_id": "单元ID", "unit": "单元名字", "entity_id": "词ID"}


def _placed(keywords: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """A row per place that buys the keyword, its ids as text; places nobody named stay blank."""
    known = [c for c in _PLACE_HEADERS if c in places.columns and places[c].notna().any()]
    spots = places[["keyword", *known]].drop_duplicates() if known else keywords[["keyword"]]
    rows = keywords.merge(spots, on="keyword", how="left")
    texts = {c: rows[c].astype("string").fillna("") for c in known}
    return rows.assign(**texts) if known else rows


def _ids(rows: pd.DataFrame) -> list[str]:
    return [c for c in _PLACE_HEADERS if c in rows.columns]


def _bid_rows(rows: pd.DataFrame) -> tuple[Row, list[Row]]:
    from tmall_nb.words.catalogue import value_word

    ids = _ids(rows)
    money = ("max_bid_yuan", "cost_per_click", "max_bid_yuan_low", "max_bid_yuan_high")
    header = (
        *(_PLACE_HEADERS[c] for c in ids),
        *("关键词", "建议最高出价(元)", "建议", "现在平均点击花费(元)", "最高出价下限(元)", "最高出价上限(元)"),
    )
    lines: list[Row] = []
    for row in rows.to_dict("records"):
        bid, paid, low, high = (round(float(row[c]), 2) for c in money)
        advice = value_word(str(row["verdict"]), "zh", stem="keywords")
        lines.append((*(str(row[c]) for c in ids), str(row["keyword"]), bid, advice, paid, low, high))
    return header, lines


def _negative_rows(rows: pd.DataFrame) -> tuple[Row, list[Row]]:
    ids = _ids(rows)
    header = (*(_PLACE_HEADERS[c] for c in ids), "关键词", "花费(元)", "点击量", "总成交笔数", "亏损概率")
    lines: list[Row] = []
    for row in rows.to_dict("records"):
        counts = (int(row["clicks"]), int(row["ad_orders"]), round(float(row["loss_probability"]), 3))
        lines.append((*(str(row[c]) for c in ids), str(row["keyword"]), round(float(row["spend"]), 2), *counts))
    return header, lines


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
