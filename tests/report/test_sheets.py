"""Upload sheets: what a spreadsheet reads back is text and numbers, never a formula."""

import csv
import dataclasses

import openpyxl
import pandas as pd
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
    places = scored.places.drop_duplicates(["keyword", "plan_id", "unit_id", "entity_id"])
    assert sheet.max_row == places["keyword"].isin(bids["keyword"]).sum() + 1
    with (tmp_path / "否定词.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    losing = scored.table.query("verdict == 'negative'").sort_values("spend", ascending=False, kind="stable")
    assert list(dict.fromkeys(r["关键词"] for r in rows)) == [safe_text(k) for k in losing["keyword"]]


def test_ids_stay_text(scored, tmp_path):
    write_bid_sheets(scored, tmp_path)
    header, first, *_ = openpyxl.load_workbook(tmp_path / "出价表.xlsx").active.iter_rows()
    ids = {h.value: c for h, c in zip(header, first, strict=True) if h.value in ("计划ID", "单元ID", "词ID")}
    assert set(ids) == {"计划ID", "单元ID", "词ID"} and all(c.data_type == "s" and c.value.isdigit() for c in ids.values())


def test_a_frame_without_plans_gives_a_sheet_without_ids(tmp_path):
    rows = pd.DataFrame({"keyword": ["法式裙", "衬衫"], "clicks": [4000, 4000], "spend": [400.0, 9000.0], "ad_orders": [400, 4],
                         "ad_sales": [60000.0, 600.0]})  # fmt: skip
    files = write_bid_sheets(tn.score_keywords(rows, margin=0.4), tmp_path)
    with next(p for p in files if p.name == "否定词.csv").open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.reader(file))[0] == "关键词"


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x")', "+1+1", "-2", "@SUM(A1)", "\t=1"])
def test_a_keyword_that_looks_like_a_formula_stays_text(scored, tmp_path, text):
    table = scored.table.copy()
    table.loc[table.index[table["verdict"] == "negative"][0], "keyword"] = text
    write_bid_sheets(dataclasses.replace(scored, table=table), tmp_path)
    cells = [c for row in openpyxl.load_workbook(tmp_path / "否定词.xlsx").active.iter_rows() for c in row]
    assert all(c.data_type != "f" for c in cells)
    with (tmp_path / "否定词.csv").open(encoding="utf-8-sig", newline="") as file:
        assert f"'{text}" in [r["关键词"] for r in csv.DictReader(file)]


def test_nothing_to_upload_is_said(scored, tmp_path):
    table = scored.table.assign(verdict="keep")
    files = write_bid_sheets(dataclasses.replace(scored, table=table), tmp_path)
    assert len(files) == 0 and "no keyword" in repr(files) and not list(tmp_path.iterdir())
    assert len(write_bid_sheets(scored, None)) == 0
