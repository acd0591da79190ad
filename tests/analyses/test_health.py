"""The store health review: identities, the real order file, what it cannot say, and what scaling and shuffling leave alone."""

import shutil

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.errors import NotEnoughData, ParameterError

MONEY = 1e-9  # relative: the parts of a decomposition add up


def plain_days(seed=0, days=120, **columns):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"date": pd.date_range("2025-01-01", periods=days), "visitors": rng.poisson(1000, days)})
    frame["buyers"] = rng.binomial(frame["visitors"], 0.03)
    frame["paid_amount"] = frame["buyers"] * 100.0 * rng.lognormal(0, 0.05, days)
    frame["paid_orders"] = frame["buyers"]
    return frame.assign(**columns)


def keys(result):
    return [f.key for f in result.findings]


def kpi(result, metric):
    return result.table.set_index("metric").loc[metric]


@pytest.fixture(scope="module")
def real_shop(real_data, tmp_path_factory):
    source = real_data / "tmall_orders" / "tmall_order_report.csv"
    if not source.exists():
        pytest.skip(f"{source} is not here")
    folder = tmp_path_factory.mktemp("real") / "shop"
    folder.mkdir()
    shutil.copy(source, folder)
    return tn.load_shop(folder.parent, "shop")


def test_parts_of_the_change_add_up():
    result = tn.review_health(plain_days())
    paid = kpi(result, "paid_amount")
    assert result.factors["contribution"].sum() == pytest.approx(paid["value"] - paid["previous"], rel=MONEY)


def test_ratios_come_from_sums_not_from_means_of_days():
    days = plain_days()
    now = days.tail(28)
    assert kpi(tn.review_health(days), "conversion_rate")["value"] == pytest.approx(now["buyers"].sum() / now["visitors"].sum())


def test_the_real_standstill_is_called_out(real_shop):
    """Public order file of February 2020: deliveries stood still from the 10th to the 16th."""
    result = tn.review_health(real_shop)
    (row,) = result.breaks.itertuples()
    assert (str(row.start.date()), str(row.end.date()), row.days) == ("2020-02-10", "2020-02-16", 7)
    assert "break" in keys(result) and keys(result)[0] == "sales_with_break"
    assert "2020年2月10日" in repr(tn.say(result.findings))
    assert not set(keys(result)) & {"sales_up", "sales_down"}


def test_the_real_file_has_31_provinces_and_no_visitors(real_shop):
    result = tn.review_health(real_shop, period_days=29, end="2020-02-29")
    assert len(result.provinces) == 31
    assert "visitors" not in set(result.table["metric"])
    assert "not_answered" in keys(result)


def test_a_rise_beyond_ordinary_days_is_said_and_ordinary_days_are_not():
    days = plain_days()
    assert keys(tn.review_health(days))[0] == "sales_same"
    up = days.assign(paid_amount=np.where(days.index >= len(days) - 28, 2.0, 1.0) * days["paid_amount"])
    assert keys(tn.review_health(up))[0] == "sales_up"
    down = days.assign(paid_amount=np.where(days.index >= len(days) - 28, 0.5, 1.0) * days["paid_amount"])
    assert keys(tn.review_health(down))[0] == "sales_down"


def test_quiet_shops_are_rarely_said_to_have_changed():
    said = [keys(tn.review_health(plain_days(seed)))[0] for seed in range(100, 140)]
    assert said.count("sales_same") >= 34  # 38 expected of 40 at 95 %


def test_one_broken_day_is_an_alarm():
    days = plain_days()
    days.loc[110, "paid_amount"] *= 0.1
    result = tn.review_health(days)
    assert result.days.loc[110, "alarm"] and "alarms" in keys(result)


def test_money_scales_and_order_of_rows_does_not_matter():
    days = plain_days()
    one, ten = tn.review_health(days), tn.review_health(days.assign(paid_amount=10 * days["paid_amount"]))
    assert kpi(ten, "paid_amount")["change"] == pytest.approx(kpi(one, "paid_amount")["change"])
    np.testing.assert_allclose(ten.factors["contribution"], 10 * one.factors["contribution"], rtol=1e-9)
    pd.testing.assert_frame_equal(tn.review_health(days.sample(frac=1, random_state=1)).table, one.table)


def test_missing_is_not_zero():
    result = tn.review_health(plain_days().drop(columns=["visitors"]))
    assert "visitors" not in set(result.table["metric"]) and set(result.factors["factor"]) == {
        "paid_orders",
        "amount_per_order",
    }


def test_impossible_calls_are_refused():
    days = plain_days()
    for options, message in (
        ({"period_days": 3}, "7-366"),
        ({"level": 95}, "fraction"),
        ({"end": "soon"}, "YYYY-MM-DD"),
        ({"end": "2031-01-01"}, "a day with data"),
    ):
        with pytest.raises(ParameterError, match=message):
            tn.review_health(days, **options)
    with pytest.raises(NotEnoughData, match="4 days"):
        tn.review_health(days.head(3))
    with pytest.raises(NotEnoughData, match="expected date"):
        tn.review_health(days[["date"]])
    with pytest.raises(NotEnoughData, match="twice"):
        tn.review_health(pd.concat([days, days.tail(1)]))


def test_the_demo_shop_uses_every_table(demo_shop):
    result = tn.review_health(demo_shop)
    assert {"refunds_to_come", "driver_with_source"} <= set(keys(result)) and "not_answered" not in keys(result)
    assert result.weeks["refund_expected"].notna().all() and (result.weeks["low"] <= result.weeks["high"]).all()
    by_source = result.sources["contribution"].sum()
    assert np.isfinite(by_source) and len(result.items) > 10
    assert repr(tn.say(result.findings, "en")) and result.method.rows_used > 500
