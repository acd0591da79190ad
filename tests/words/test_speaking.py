"""Numbers, tables, cards and the answer box as they are written."""

import numpy as np
import pandas as pd
import pytest

from tmall_nb.analyses.result import Finding, Method
from tmall_nb.errors import ParameterError
from tmall_nb.words import actions, cards, field_name, format_value, label, say, show
from tmall_nb.words.catalogue import fill

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">'


@pytest.mark.parametrize(
    ("value", "kind", "zh", "en"),
    [
        (0, "yuan", "¥0", "CNY 0"),
        (12.5, "yuan", "¥12.50", "CNY 12.50"),
        (9994.4, "yuan", "¥9,994", "CNY 9,994"),
        (9996, "yuan", "¥1 万", "CNY 10k"),
        (1902487.15, "yuan", "¥190 万", "CNY 1.9M"),
        (-123456, "yuan_signed", "−¥12.3 万", "−CNY 123k"),
        (2.5e8, "yuan", "¥2.5 亿", "CNY 250M"),
        (0.0321, "percent", "3.2%", "3.2%"),
        (0.00321, "percent", "0.32%", "0.32%"),
        (0.18, "percent_signed", "+18%", "+18%"),
        (0.004, "points", "+0.40 个百分点", "+0.40 pp"),
        (-1.2345, "number", "−1.23", "−1.23"),
        (1234.6, "count", "1,235", "1,235"),
        (float("nan"), "yuan", "未知", "unknown"),
        (None, "percent", "未知", "unknown"),
        (np.int64(7), "count", "7", "7"),
        (pd.Timestamp("2025-11-11"), "date", "2025年11月11日", "11 Nov 2025"),
        ("visitors, spend", "fields", "访客数、花费", "visitors, spend"),
        ("not_enough_data", "value", "数据不够", "not enough data"),
    ],
)
def test_values(value, kind, zh, en):
    assert format_value(value, kind, "zh") == zh
    assert format_value(value, kind, "en") == en


def test_an_interval_that_reaches_below_zero_is_signed():
    assert format_value(0.1, "percent_ci", "zh", low=-0.02, high=0.2) == "+10%（−2% ~ +20%）"
    assert format_value(0.1, "percent_ci", "en", low=0.05, high=0.2) == "10% (5% to 20%)"
    assert format_value(0.1, "percent_ci", "zh", low=np.nan, high=0.2) == "10%"


def test_an_estimate_and_its_bounds_have_the_same_decimals():
    assert format_value(0.576, "number_ci", "zh", low=0.287, high=3.79) == "0.58（0.29 ~ 3.79）"
    assert format_value(-1.8, "number_ci", "en", low=-2.031, high=-1.6) == "−1.80 (−2.03 to −1.60)"
    assert format_value(12, "number_ci", "zh", low=10, high=15) == "12（10 ~ 15）"
    frame = pd.DataFrame({"channel": ["a"], "marginal_roas": [0.4835], "marginal_low": [0.153], "marginal_high": [2.0]})
    assert [c.cells[0] for c in show(frame, "zh", stem="media_mix").columns][1:] == ["0.48", "0.15 ~ 2.00"]


def test_no_blank_stands_between_a_bracket_and_its_unit():
    values = {"u": 2100, "u_low": 1584, "u_high": 2785}
    assert fill("预计卖 {u:count_ci} 件", values, "zh") == "预计卖 2,100（1,584 ~ 2,785）件"
    assert fill("预计卖 {u:count} 件", values, "zh") == "预计卖 2,100 件"
    assert fill("{u:count_ci} units", values, "en") == "2,100 (1,584 to 2,785) units"


def test_wrong_words_are_refused():
    with pytest.raises(ParameterError, match="zh or en"):
        format_value(1, "yuan", "fr")
    with pytest.raises(KeyError, match="kind"):
        format_value(1, "dollars")
    with pytest.raises(KeyError, match="days_title"):
        label("health", "day_title")
    with pytest.raises(KeyError, match="no catalogue has"):
        say([Finding("never_said", "good")])
    with pytest.raises(KeyError, match="needs"):
        say([Finding("alarms_none", "good", {})])


def test_the_answer_box_puts_four_first_and_folds_the_rest():
    box = say([Finding("alarms_none", "good", {"days": d}) for d in range(1, 7)], "en")
    html = box._repr_html_()
    assert html.startswith('<div class="tn-answer">') and html.count("<li") == 6
    assert html.index("<details>") > html.index("last 4 days") and html.index("last 5 days") > html.index("<details>")
    assert repr(box).splitlines()[0] == "✓ Good: None of the last 1 days was unusual, campaigns aside."


def test_hostile_titles_stay_text():
    values = {"item": HOSTILE, "share": 0.4, "items": 3, "items_for_80": 2}
    frame = pd.DataFrame({"item_title": [HOSTILE], "paid_amount": [1.0]})
    for shown in (
        say([Finding("hero", "watch", values)]),
        show(frame),
        actions([Finding("hero", "act", values | {"what": HOSTILE}, action=True)]),
    ):
        html = shown._repr_html_()
        assert "<script" not in html and "<img" not in html and "&lt;script&gt;" in html


def test_a_frame_gets_headings_units_and_intervals_in_one_cell():
    frame = pd.DataFrame({
        "item_id": ["1930123456789012345"], "visitors": [1234], "conversion_rate": [0.0321], "low": [0.03], "high": [0.035],
        "paid_amount": [12345.67], "verdict": ["not_enough_data"],
    })  # fmt: skip
    table = show(frame, "zh", stem="common")
    assert [c.heading for c in table.columns] == ["商品ID", "结论", "访客数", "支付转化率", "支付金额（元）"]
    assert [c.cells[0] for c in table.columns] == ["1930123456789012345", "数据不够", "1,234", "3.2%（3.0% ~ 3.5%）", "12,346"]
    assert [c.numeric for c in table.columns] == [False, False, True, True, True]


def test_bounds_without_an_estimate_name_their_level():
    frame = pd.DataFrame(
        {
            "date": pd.to_datetime(["2025-01-01"]),
            "units": [3.0],
            "low_80": [1.0],
            "high_80": [4.0],
            "low_95": [0.0],
            "high_95": [6.0],
        }
    )
    assert [c.heading for c in show(frame, "en", stem="common").columns] == ["Date", "Units", "95% interval"]


def test_missing_is_a_dash_and_not_zero():
    table = show(pd.DataFrame({"item_id": ["a", None], "visitors": [np.nan, 0.0]}), "zh")
    assert table.columns[1].cells == ("–", "0")


def test_long_frames_fold_and_say_how_many_rows_there_are():
    table = show(pd.DataFrame({"visitors": range(500)}), "en", rows=10)
    html = table._repr_html_()
    assert table.listed == 100 and "Show 90 more rows" in html and "500 rows in all" in html
    assert repr(table).splitlines()[-1] == "… +490" and repr(table) == repr(show(pd.DataFrame({"visitors": range(500)}), "en"))
    assert "没有" in repr(show(pd.DataFrame({"visitors": []})))
    with pytest.raises(ParameterError, match="rows"):
        show(pd.DataFrame({"visitors": [1]}), rows=0)


def test_a_method_lists_what_was_set_aside():
    method = Method("health", "a book", ("identity",), start=pd.Timestamp("2025-01-01"), rows_used=10).drop("day_incomplete", 3)
    text = repr(show(method, "zh"))
    assert "店铺体检" in text and "最后一天不完整，未计入：3" in text and "2025-01-01 至 …" in text
    assert "tmall-nb" in show(method, "en")._repr_html_()
    both = show((method, Method("elasticity", "a paper", ("count_model",))), "zh")
    assert [text for heading, (text, *_) in both.lines() if heading == "出处"] == ["a book", "a paper"]
    assert both._repr_html_().count("<dl") == 1


def test_cards_show_change_and_unclear_change():
    table = pd.DataFrame({
        "metric": ["paid_amount", "conversion_rate"], "value": [123456.0, 0.03], "previous": [100000.0, 0.029],
        "change": [0.23, 0.03], "low": [0.1, -0.1], "high": [0.4, 0.2],
    })  # fmt: skip
    days = pd.DataFrame({"paid_amount": [1.0, np.nan, 3.0, 2.0]})
    shown = cards(table, "zh", days=days)
    assert [c.change for c in shown.cards] == ["↑ +23% · 较上一期", "→ +0.10 个百分点 · 看不出差别"]
    assert shown.cards[0].points == (0.0, None, 1.0, 0.5) and shown._repr_html_().count("<svg") == 1


def test_actions_come_by_gain_with_unknown_gains_last():
    def finding(what, **gain):
        values = {"item": "x", "share": 0.4, "items": 3, "items_for_80": 2, "what": what, "gain_days": 28}
        return Finding("hero", "act", values | gain, action=True)

    table = actions(
        [finding("later"), finding("small", gain=10.0), finding("large", gain=2000.0, gain_low=500.0, gain_high=4000.0)], "en"
    )
    assert table.columns[0].cells == ("large", "small", "later")
    assert table.columns[1].cells == ("2,000 (500 ~ 4,000)", "10", "not estimated")
    assert "Nothing" in repr(actions([], "en"))


def test_names_come_from_the_glossary_then_from_the_catalogue():
    assert field_name("visitors", "en") == "visitors" and field_name("cumulative_share", "zh") == "累计占比"
    assert field_name("no_such_name", "zh") == "no_such_name"
