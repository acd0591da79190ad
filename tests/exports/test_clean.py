"""Cells as they stand in exports: every written form, and what is none."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmall_nb.exports.clean import BAD, Cleaner, cents, decimal, parse_dates, parse_number, parse_range, parse_span, parse_time
from tmall_nb.exports.places import place, province_name

CLEAN = Cleaner("utf-8", b"k" * 32)
GB = Cleaner("gb18030", b"k" * 32)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234", Decimal(1234)),
        ("12.00元", Decimal("12.00")),
        ("0元", Decimal(0)),
        ("¥3.50", Decimal("3.50")),
        ("1.2万", Decimal(12_000)),
        ("-", None),
        ("--", None),
        ("", None),
        ("null", None),
        ("0", Decimal(0)),
        ("12.34%", Decimal("0.1234")),
        ("100％", Decimal(1)),
        ("-5.1", Decimal("-5.1")),
        ("(5.1)", Decimal("-5.1")),
        ('="12"', Decimal(12)),
        ("\t7", Decimal(7)),
        ("35188 ", Decimal(35188)),
        ("1.5e3", Decimal(1500)),
        ("abc", BAD),
        ("1.2.3", BAD),
        ("9" * 30, BAD),
        ("nan", None),
        ("inf", BAD),
    ],
)
def test_numbers(text, value):
    assert parse_number(text) == value


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("600 ~ 1200", (600, 1200)),
        ("5% ~ 7.5%", (Decimal("0.05"), Decimal("0.075"))),
        ("5000 ~ 1万", (5000, 10_000)),
        ("1.21", (Decimal("1.21"),) * 2),
        ("1万+", (10_000, None)),
        ("-", None),
        ("600～1,200", (600, 1200)),
        ("高", BAD),
    ],
)
def test_ranges(text, ends):
    assert parse_range(text) == ends


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2020-02-21 00:00:00", dt.datetime(2020, 2, 21)),
        ("2016/5/23 22:02", dt.datetime(2016, 5, 23, 22, 2)),
        ("2026年7月1日", dt.datetime(2026, 7, 1)),
        ("20260803", dt.datetime(2026, 8, 3)),
        ("2026.7.1", dt.datetime(2026, 7, 1)),
        ("20190515165030", dt.datetime(2019, 5, 15, 16, 50, 30)),
        ("43966.5", dt.datetime(2020, 5, 15, 12)),
        ("", None),
        ("2026-02-30", BAD),
        ("昨天", BAD),
        ("2026-07-31T08:00:01.250", dt.datetime(2026, 7, 31, 8, 0, 1)),
    ],
)
def test_times(text, value):
    assert parse_time(text) == value


def test_dates_and_spans():
    assert parse_dates("20260803至20260809") == (dt.date(2026, 8, 3), dt.date(2026, 8, 9))
    assert parse_dates("2026-08-03~2026-08-09") == (dt.date(2026, 8, 3), dt.date(2026, 8, 9))
    span = parse_span("2026-03-23 00:00:00-2026-03-31 23:59:59")
    assert span == (dt.datetime(2026, 3, 23), dt.datetime(2026, 3, 31, 23, 59, 59))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_ids_stay_text_and_damaged_ones_are_refused(encoding):
    cells = ['="1930000000000000001"', "\t1930000000000000002", "'1930000000000000003", "1.93E+18", "123", "-"]
    for array in (pa.array(cells), pa.array([c.encode(encoding) for c in cells], pa.binary())):
        ids, bad = Cleaner(encoding, b"").id(array)
        assert ids.to_pylist() == ["1930000000000000001", "1930000000000000002", "1930000000000000003", None, "123", None]
        assert bad.tolist() == [False, False, False, True, False, False]


def test_masked_and_blank_names_have_no_key_and_encodings_agree():
    names = ["小鹿a", "w**", "陈*", "", "null", " 小鹿a "]
    one, _ = CLEAN.buyer(pa.array(names))
    two, _ = GB.buyer(pa.array([n.encode("gb18030") for n in names], pa.binary()))
    assert one.to_pylist() == two.to_pylist()
    key = one[0].as_py()
    assert one.to_pylist() == [key, None, None, None, None, key] and 0 <= key < 1 << 63


def test_another_key_gives_other_numbers():
    assert CLEAN.buyer(pa.array(["a"]))[0] != Cleaner("utf-8", b"x" * 32).buyer(pa.array(["a"]))[0]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("浙江省 杭州市 西湖区 文三路1号", ("浙江省", "杭州市")),
        ("浙江 某市 某区", ("浙江省", None)),
        ("上海", ("上海", "上海")),
        ("上海市 上海市 浦东新区", ("上海", "上海")),
        ("内蒙古自治区 呼和浩特市 x", ("内蒙古自治区", "呼和浩特市")),
        ("广西壮族自治区南宁市青秀区", ("广西壮族自治区", "南宁市")),
        ("新疆维吾尔自治区 伊犁哈萨克自治州 x", ("新疆维吾尔自治区", "伊犁哈萨克自治州")),
        ("海外 x", (None, None)),
    ],
)
def test_places(address, found):
    assert place(address) == found
    assert CLEAN.address(pa.array([address]))[0][0].as_py() == found[0]
    assert GB.address(pa.array([address.encode("gb18030")], pa.binary()))[1][0].as_py() == found[1]


def test_one_spelling_per_province():
    assert {province_name(t) for t in ("广东", "广东省")} == {"广东省"}
    assert {province_name(t) for t in ("内蒙古", "内蒙古自治区")} == {"内蒙古自治区"}


@given(st.lists(st.integers(-(10**15), 10**15) | st.none(), max_size=40), st.sampled_from(["utf-8", "gb18030"]))
def test_money_is_exact_to_the_cent(values, encoding):
    texts = ["" if v is None else f"{v // 100 if v >= 0 else -(-v // 100)}.{abs(v) % 100:02d}" for v in values]
    texts = [t if v is None or v >= 0 else "-" + t.lstrip("-") for t, v in zip(texts, values, strict=True)]
    money, bad = Cleaner(encoding, b"").money(pa.array([t.encode(encoding) for t in texts], pa.binary()))
    found, valid = cents(money)
    assert [int(f) if ok else None for f, ok in zip(found, valid, strict=True)] == values
    assert not bad.any()
    assert decimal(found, valid).equals(money)


def test_money_rounds_half_up_and_survives_slices():
    money, _ = CLEAN.money(pa.array(["1.005", "2", "元", "0.30000000000000004", "12.00元"]))
    assert [str(v) for v in money.to_pylist()] == ["1.01", "2.00", "None", "0.30", "12.00"]
    values, valid = cents(money.slice(1, 3))
    assert values.tolist() == [200, 0, 30] and valid.tolist() == [True, False, True]
    assert isinstance(values, np.ndarray)
