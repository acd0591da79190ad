"""The sheet of tests of ads: what it says reaches the mix and the page, bad rows are refused, a known truth is found again."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.analyses.ad_tests import read_ad_tests
from tmall_nb.analyses.ad_tests.verdicts import _verdict
from tmall_nb.demo import names as demo_names
from tmall_nb.errors import ExportError, ParameterError
from tmall_nb.exports.load import load_shop
from tmall_nb.exports.templates import write_template

HEADER = "渠道,开始,结束,测得投产比,标准误差,90%下限,90%上限,停投省份,花费变化（元）,备注"
WEEKS, START, TRUE_ROAS = 70, pd.Timestamp("2025-01-06"), 3.0
TEST = pd.Timestamp("2026-02-02"), pd.Timestamp("2026-03-29")  # eight weeks
PROVINCES = [name for name in demo_names.PROVINCES if name.endswith("省")][:12]
HELD = PROVINCES[1::3]
SEARCH, FEED = "关键词推广", "精准人群推广"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Seventy weeks in twelve provinces: ``SEARCH`` returns 3 yuan per yuan at once and is off in ``HELD`` near the end."""
    target, rng = tmp_path_factory.mktemp("tests_of_ads") / "s", np.random.default_rng(5)
    target.mkdir()
    days = pd.date_range(START, periods=7 * WEEKS)
    demand = np.exp(0.25 * np.repeat(rng.normal(size=WEEKS), 7))  # moves sales and spend alike, and nobody records it
    spend = {SEARCH: 900 * demand * rng.lognormal(0, 0.1, len(days)), FEED: 400 * rng.lognormal(0, 0.5, len(days))}
    dark = (days >= TEST[0]) & (days <= TEST[1])
    orders, kept = [], np.zeros(len(days))
    for k, province in enumerate(PROVINCES):
        on = np.where(dark & (province in HELD), 0.0, 1.0) / len(PROVINCES)
        kept += on
        sales = (9000 * demand / 12 * (1 + 0.02 * k) + TRUE_ROAS * spend[SEARCH] * on + spend[FEED] / 12) * rng.lognormal(
            0, 0.05, len(days)
        )
        orders += [
            f"{d:%Y%m%d}{k:02d},{s:.2f},{s:.2f},{d:%Y-%m-%d} 10:00:00,{d:%Y-%m-%d} 10:01:00,交易成功,{province} 某市"
            for d, s in zip(days, sales, strict=True)
        ]
    head = "订单编号,总金额,买家实际支付金额,订单创建时间,订单付款时间,订单状态,收货地址"
    (target / "订单.csv").write_text("\n".join([head, *orders]), encoding="utf-8")
    lines = [
        f"{d:%Y-%m-%d},{c},{c},900,40,{v:.2f},{4 * v:.2f}"
        for c, own in (("关键词推广", spend[SEARCH] * kept), (FEED, spend[FEED]))
        for d, v in zip(days, own, strict=True)
    ]
    (target / "计划报表.csv").write_text(
        "\n".join(["日期,场景名字,计划ID,展现量,点击量,花费,总成交金额", *lines]), encoding="utf-8"
    )
    saved = -float((spend[SEARCH] * (1 - kept)).sum())
    return target, saved


@pytest.fixture
def shop_with(folder, tmp_path):
    """The shop with a sheet of the given rows."""

    def make(*rows, settings=""):
        target = tmp_path / "s"
        if not target.exists():
            shutil.copytree(folder[0], target)
            shutil.copytree(folder[0].parent / ".parsed", tmp_path / ".parsed") if (
                folder[0].parent / ".parsed"
            ).exists() else None
        (target / "投放测试.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")
        (target / "shop.toml").write_text(settings, encoding="utf-8")
        return load_shop(tmp_path, "s")

    load_shop(folder[0].parent, "s")
    return make


def hold_out(saved, channel=SEARCH, provinces=HELD, start=TEST[0], end=TEST[1]):
    return f"{channel},{start:%Y-%m-%d},{end:%Y-%m-%d},,,,,{'、'.join(provinces)},{saved:.0f},"


def test_a_hold_out_in_the_sheet_finds_the_truth_and_corrects_the_mix(shop_with, folder):
    shop = shop_with(hold_out(folder[1], provinces=[p.removesuffix("省") for p in HELD]))
    mix = tn.fit_media_mix(shop)
    (row,) = mix.tests.to_dict("records")
    assert (row["verdict"], row["kind"], row["provinces"]) == ("used", "hold_out", "、".join(HELD))
    assert row["tested_low"] < TRUE_ROAS < row["tested_high"] and row["tested"] == pytest.approx(TRUE_ROAS, rel=0.15)
    assert abs(np.log(row["after"] / TRUE_ROAS)) < abs(np.log(row["before"] / TRUE_ROAS))
    assert row["after_high"] / row["after_low"] < 0.6 * row["before_high"] / row["before_low"]
    own = mix.table.set_index("channel").loc[SEARCH]
    assert own[["roas", "low", "high"]].tolist() == pytest.approx([row["after"], row["after_low"], row["after_high"]])
    assert {"mix_test_used", "mix_test_corrects"} & {f.key for f in mix.findings}
    assert "mix_no_test" not in {f.key for f in mix.findings}


def test_its_result_is_the_page_s_regional_test(shop_with, folder):
    shop = shop_with(hold_out(folder[1]))
    mix = tn.fit_media_mix(shop)
    page, alone = tn.compare_channels(shop, mix=mix, margin=0.5), tn.compare_channels(shop, margin=0.5)
    for result in (page, alone):
        row = result.table.set_index("channel").loc[SEARCH]
        assert row["verdict"] == "geo" and row["roas_geo"] == pytest.approx(mix.tests["tested"].iloc[0])
    assert page.table.set_index("channel").loc[FEED, "verdict"] != "geo"
    assert tn.compare_channels(shop, mix=mix, geo={}).table["roas_geo"].isna().all()


def test_a_finished_test_calibrates_but_is_no_regional_test(shop_with):
    shop = shop_with(f"{FEED},2025-06-04,2025-07-02,1.1,,0.9,1.3,,,平台的实验")
    mix = tn.fit_media_mix(shop)
    assert mix.tests[["kind", "verdict"]].iloc[0].tolist() == ["finished", "used"]
    assert mix.table.set_index("channel").loc[FEED, "roas"] == pytest.approx(1.1, rel=0.15)
    assert tn.compare_channels(shop, mix=mix).table["roas_geo"].isna().all()
    weeks = mix.weekly["week"][mix.fit.fit.data.tests.rates[0].any(axis=0)]
    assert weeks.dt.strftime("%m-%d").tolist() == ["06-02", "06-09", "06-16", "06-23"]  # at least four days inside the test


def test_a_test_of_all_channels_calibrates_them_together(shop_with, folder):
    mix = tn.fit_media_mix(shop_with(hold_out(folder[1], channel="全部")))
    (row,) = mix.tests.to_dict("records")
    assert row["channel"] == f"{SEARCH}、{FEED}" and row["verdict"] == "used"
    assert (mix.fit.fit.data.tests.rates[0] != 0).any(axis=1).all()
    spend = mix.table.set_index("channel")["spend"]
    assert row["after_low"] < row["after"] < row["after_high"] and len(spend) == 2


def test_a_read_out_that_says_nothing_is_not_used_and_says_so(shop_with):
    one_province = hold_out(-30, provinces=["安徽省"], start=pd.Timestamp("2025-09-01"), end=pd.Timestamp("2025-09-14"))
    mix = tn.fit_media_mix(shop_with(one_province))
    assert mix.tests["verdict"].tolist() == ["too_vague"] and mix.fit.fit.data.tests is None
    keys = {f.key for f in mix.findings}
    assert "mix_test_too_vague" in keys and "mix_no_test" not in keys
    assert mix.tests[["before", "before_low", "before_high"]].to_numpy() == pytest.approx(
        mix.tests[["after", "after_low", "after_high"]].to_numpy()
    )


@pytest.mark.parametrize(
    ("figures", "fit_ratio", "verdict"),
    [
        ((2.0, 1.0, 3.0), 1.0, "used"),
        ((2.0, -3.0, 7.0), 1.0, "too_vague"),
        ((2.0, np.nan, 3.0), 1.0, "too_vague"),
        ((2.0, 1.0, 3.0), 3.0, "poor_fit"),
        ((-2.0, -3.0, -1.0), 1.0, "wrong_sign"),
        ((-0.5, -1.5, 0.5), 1.0, "used"),
    ],
)
def test_when_a_read_out_is_used(figures, fit_ratio, verdict):
    assert _verdict(figures, fit_ratio) == verdict


def test_provinces_of_another_test_are_no_comparison(shop_with, folder):
    """A second hold-out in the same days takes its own provinces out of the first one's comparison."""
    other = hold_out(-20_000, channel=FEED, provinces=PROVINCES[::6])
    both = read_ad_tests(shop_with(hold_out(folder[1]), other))
    days = _days(shop_with(hold_out(folder[1]))).query("province not in @PROVINCES[::6]")
    rest = tn.read_geo_test(days, treated=HELD, start=TEST[0], end=TEST[1], spend_change_yuan=round(folder[1]))
    assert both["tested"].iloc[0] == pytest.approx(rest.table["roas"].iloc[0])


def _days(shop):
    from tmall_nb.queries.province_days import province_days

    return province_days(shop)[0]


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ("关键字推广,2025-03-03,2025-04-06,1.6,0.3,,,,,", "渠道", "did you mean 关键词推广"),
        (",2025-03-03,2025-04-06,1.6,0.3,,,,,", "渠道", "blank"),
        ("关键词推广,2025-04-06,2025-03-03,1.6,0.3,,,,,", "结束", "before the start"),
        ("关键词推广,三月三日,2025-04-06,1.6,0.3,,,,,", "开始", "'三月三日' found"),
        ("关键词推广,2023-03-03,2025-04-06,1.6,0.3,,,,,", "开始", "from 2025-01-06 to 2026-05-10"),
        ("关键词推广,2025-03-03,2027-04-06,1.6,0.3,,,,,", "结束", "outside the data"),
        ("关键词推广,2025-03-03,2025-03-06,1.6,0.3,,,,,", "结束", "less than a week"),
        ("关键词推广,2025-03-03,2025-04-06,很高,0.3,,,,,", "测得投产比", "'很高' found"),
        ("关键词推广,2025-03-03,2025-04-06,1.6,,,,,,", "标准误差", "lower and upper bound"),
        ("关键词推广,2025-03-03,2025-04-06,1.6,-1,,,,,", "标准误差", "-1 found"),
        ("关键词推广,2025-03-03,2025-04-06,1.6,,1,,,,", "90%上限", "blank"),
        ("关键词推广,2025-03-03,2025-04-06,1.6,,2,1,,,", "90%下限", "2 is above the upper bound, 1"),
        ("关键词推广,2025-03-03,2025-04-06,1.6,,2,3,,,", "测得投产比", "inside its bounds"),
        ("关键词推广,2025-03-03,2025-04-06,1.6,0.3,,,广东,-100,", "花费变化（元）", "not both"),
        ("关键词推广,2025-03-03,2025-04-06,,,,,,,", "测得投产比", "a finished test"),
        ("关键词推广,2025-03-03,2025-04-06,,,,,,-100,", "停投省份", "name the provinces"),
        ("关键词推广,2025-03-03,2025-04-06,,,,,广冬省,-100,", "停投省份", "did you mean 广东省"),
        ("关键词推广,2025-03-03,2025-04-06,,,,,广东,,", "花费变化（元）", "blank"),
        ("关键词推广,2025-03-03,2025-04-06,,,,,广东,100,", "花费变化（元）", "with a minus"),
        ("关键词推广,2025-01-10,2025-02-06,,,,,广东,-100,", "开始", "at least 28"),
        (f"关键词推广,2025-03-03,2025-04-06,,,,,{'、'.join(PROVINCES[:10])},-100,", "停投省份", "three or more left"),
    ],
)  # fmt: skip
def test_a_bad_row_is_refused_with_file_row_and_column(shop_with, row, column, says):
    with pytest.raises(ExportError, match=says) as caught:
        tn.fit_media_mix(shop_with(f"{FEED},2025-10-06,2025-11-02,1.0,0.3,,,,,", row))
    assert (caught.value.source, caught.value.row, caught.value.column) == ("投放测试.csv", 3, column)


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ("关键词推广,2025-03-31,2025-05-04,1.2,0.3,,,,,", "stands twice"),
        ("关键词推广,2025-03-03,2025-04-06,1.6,0.3,,,,,", "stands twice"),
    ],
)
def test_one_channel_is_tested_once_at_a_time(shop_with, second, says):
    with pytest.raises(ExportError, match=says):
        read_ad_tests(shop_with("关键词推广,2025-03-03,2025-04-06,1.6,0.3,,,,,", second))


def test_a_broken_line_is_refused_and_not_left_out(shop_with):
    with pytest.raises(ExportError, match="too_many_cells 1"):
        read_ad_tests(shop_with("关键词推广,2025-03-03,2025-04-06,1.6,0.3,,,,,,,,"))


def test_provinces_held_out_for_two_channels_at_once_ask_for_one_row(shop_with):
    rows = [f"{c},2025-09-01,2025-09-28,,,,,广东、江苏,-100," for c in (SEARCH, FEED)]
    with pytest.raises(ExportError, match=f"one row with channel {SEARCH}、{FEED}"):
        read_ad_tests(shop_with(*rows))


def test_a_template_holds_no_test_until_it_is_filled_in(folder, tmp_path):
    from openpyxl import load_workbook

    target = tmp_path / "s"
    shutil.copytree(folder[0], target)
    path = write_template("ad_tests", target)
    assert path.name == "投放测试.xlsx" and read_ad_tests(load_shop(tmp_path, "s")).empty
    book = load_workbook(path)
    page, notes = book.worksheets
    heads = [c.value for c in page[1]]
    assert [r[0].value for r in notes.iter_rows(min_row=2)] == heads and all(c.value for r in notes.iter_rows() for c in r)
    page.append([SEARCH, "2025-03-03", "2025-04-06", 1.6, None, 1.2, 2.0])
    page.append([None] * 10)
    book.save(path)
    found = read_ad_tests(load_shop(tmp_path, "s"))
    assert found[["channel", "kind", "tested", "tested_low", "tested_high"]].values.tolist() == [
        [SEARCH, "finished", 1.6, 1.2, 2.0]
    ]


def test_an_explicit_frame_of_tests_wins_over_the_sheet(shop_with):
    shop = shop_with(f"{FEED},2025-06-02,2025-07-06,1.1,0.1,,,,,")
    assert tn.fit_media_mix(shop, lift_tests=pd.DataFrame()).tests.empty
    given = pd.DataFrame({"channel": [SEARCH], "start": ["2025-06-02"], "end": ["2025-07-07"], "roas": [2.0], "error": [0.2]})
    given = given.assign(start=pd.to_datetime(given["start"]), end=pd.to_datetime(given["end"]))
    assert tn.fit_media_mix(shop, lift_tests=given).tests["channel"].tolist() == [SEARCH]


def test_a_shop_chooses_its_sampler(shop_with):
    settings = 'media_mix_sampler = "mcmc"\n'
    row = f"{FEED},2025-06-02,2025-07-06,1.1,0.1,,,,,"
    mix = tn.fit_media_mix(shop_with(row, settings=settings))
    assert mix.method.parameters["sampler"] == "mcmc" and "r_hat" in set(mix.diagnostics["check"])
    plain = tn.fit_media_mix(shop_with(row, settings=settings), beliefs=tn.Beliefs(sampler="laplace"))
    assert plain.method.parameters["sampler"] == "laplace" and "r_hat" not in set(plain.diagnostics["check"])
    with pytest.raises(
        ParameterError, match=r"media_mix_sampler='mcmcc': expected laplace or mcmc in shop.toml; did you mean mcmc"
    ):
        tn.fit_media_mix(shop_with(row, settings='media_mix_sampler = "mcmcc"\n'))
    with pytest.raises(ParameterError, match="sampler='gibbs'"):
        tn.fit_media_mix(shop_with(row), beliefs=tn.Beliefs(sampler="gibbs"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_verdict_speaks(shop_with, folder, language):
    from tmall_nb.analyses.media_mix._say import tested_findings

    tests = tn.fit_media_mix(shop_with(hold_out(folder[1]))).tests
    verdicts = ("used", "too_vague", "poor_fit", "wrong_sign", "not_in_mix", "outside_weeks", "no_spend")
    for verdict in verdicts:
        assert SEARCH in str(tn.say(tested_findings(tests.assign(verdict=verdict)), language))
        assert verdict not in str(tn.show(tests.assign(verdict=verdict), language)).split() or verdict == "used"


def test_the_report_shows_the_test_and_what_it_changed(shop_with, folder, tmp_path):
    """Notebook 22 as ``tmall-nb batch`` runs it, with a sheet and no parameter for it."""
    from tmall_nb.report.batch import run_batch

    shop = shop_with(hold_out(folder[1]), settings="gross_margin = 0.5\n")
    (row,) = tn.fit_media_mix(shop).tests.to_dict("records")
    (tmp_path / "shops.toml").write_text('data_dir = "."\noutputs = "out"\nnotebooks = ["22"]\n[shops.s]\n', encoding="utf-8")
    assert run_batch(tmp_path / "shops.toml", jobs=1).exit_code == 0
    (page,) = (tmp_path / "out" / "s").glob("*/22_ad_attribution.html")
    text = re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8"))
    for name in ("tested", "before", "after"):
        assert f"{row[name]:.2f}（{row[name + '_low']:.2f} ~ {row[name + '_high']:.2f}）" in text
    assert "已用来校准" in text and "分省停投" in text and "看地域测试" in text
