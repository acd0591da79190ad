"""Upload sheets: what a spreadsheet reads back is text and numbers, never a formula."""

import csv
import dataclasses

import openpyxl
import pytest

import tmall_nb as tn
from tmall_nb.report.sheets import safe_text, write_bid_sheets


@pytest.fixture(scope="module")
def scored(demo_shop):
    return tn.score_keywords(demo_shop)


def test_bids_and_negatives_come_back_as_they_were(scored, tmp_path):
    files = write_bid_sheets(scored, tmp_path)
    assert sorted(p.name for p in files) == ["出价表.csv", "出价表.xlsx", "否定词.csv", "否定词.xlsx"]
    sheet = openpyxl.load_workbook(tmp_path / "出价表.xlsx").active
    bids = scored.table[scored.table["verdict"].isin(["raise", "lower"])]
    assert sheet.max_row == len(bids) + 1
    with (tmp_path / "否定词.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert [r[0] for r in rows[1:]] == [safe_text(k) for k in scored.table.query("verdict == 'negative'").sort_values(
        "spend", ascending=False, kind="stable")["keyword"]]  # fmt: skip


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x")', "+1+1", "-2", "@SUM(A1)", "\t=1"])
def test_a_keyword_that_looks_like_a_formula_stays_text(scored, tmp_path, text):
    table = scored.table.copy()
    table.loc[table.index[table["verdict"] == "negative"][0], "keyword"] = text
    write_bid_sheets(dataclasses.replace(scored, table=table), tmp_path)
    cells = [c for row in openpyxl.load_workbook(tmp_path / "否定词.xlsx").active.iter_rows() for c in row]
    assert all(c.data_type != "f" for c in cells)
    with (tmp_path / "否定词.csv").open(encoding="utf-8-sig", newline="") as file:
        assert f"'{text}" in [r[0] for r in csv.reader(file)]


def test_nothing_to_upload_is_said(scored, tmp_path):
    table = scored.table.assign(verdict="keep")
    with pytest.raises(tn.NotEnoughData, match="nothing to upload"):
        write_bid_sheets(dataclasses.replace(scored, table=table), tmp_path)
