"""Saved forecasts: what is kept suffices, and the next run with later data opens with how the last ones did."""

import ast
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn

DAYS = pd.date_range("2025-01-01", periods=200)
NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "50_demand_forecast.ipynb"
CUT = DAYS[159]  # last day of the first run


def sold(factor=1.0):
    """Four items; after ``CUT`` they sell ``factor`` times as much."""
    rng = np.random.default_rng(8)
    later = np.where(DAYS > CUT, factor, 1.0)
    parts = [
        pd.DataFrame({"item_id": f"68068131789{k}", "date": DAYS, "paid_units": rng.poisson(rate * later), "price_yuan": 99.0})
        for k, rate in enumerate((4, 8, 16, 60))
    ]
    return pd.concat(parts, ignore_index=True)


def until(frame, day):
    return frame[frame["date"] <= day]


def made(frame, day):
    return tn.forecast_demand(until(frame, day), horizon_days=28, model="light")


def test_what_is_saved_suffices_for_the_review(tmp_path):
    frame = sold()
    first = made(frame, CUT)
    tn.save(first, tmp_path / "shop" / "2025-06-10")
    (earlier,) = tn.load_earlier(tmp_path / "shop" / "2025-07-20", "demand")
    direct, again = tn.review_forecast(frame, first), tn.review_forecast(frame, [earlier])
    pd.testing.assert_frame_equal(direct.table, again.table)
    assert again.path["low_80"].notna().all() and len(again.path) == 28
    assert set(again.table["group"]) == {"all", *first.table["abc"]}


def test_figures_are_what_an_obvious_loop_gives():
    frame = sold()
    forecast = made(frame, CUT)
    result = tn.review_forecast(frame, forecast).table.set_index("group").loc["all"]
    actual = frame.set_index(["item_id", "date"])["paid_units"]
    miss = told = came = inside = 0.0
    for row in forecast.forecast.itertuples():
        units = actual[(row.item_id, row.date)]
        miss, told, came = miss + abs(row.units - units), told + row.units, came + units
        inside += row.low_80 <= units <= row.high_80
    assert result["day_error"] == pytest.approx(miss / came) and result["bias"] == pytest.approx(told / came - 1)
    assert result["coverage_80"] == pytest.approx(inside / len(forecast.forecast)) and result["days_since"] == 28
    assert result["bias_low"] <= result["bias"] <= result["bias_high"]


@pytest.mark.parametrize(("factor", "key"), [(1.0, "review_trust"), (0.6, "review_over"), (1.6, "review_under")])
def test_the_sentence_follows_what_came(factor, key):
    frame = sold(factor)
    assert tn.review_forecast(frame, made(sold(), CUT)).findings[0].key == key


def test_classes_are_those_of_the_day_of_the_forecast():
    """An item that explodes afterwards stays in the class it had; else class A would look under-forecast by choice."""
    frame = sold()
    frame.loc[(frame["item_id"] == "680681317890") & (frame["date"] > CUT), "paid_units"] += 500
    forecast = made(sold(), CUT)
    small = forecast.table.set_index("item_id").loc["680681317890", "abc"]
    table = tn.review_forecast(frame, forecast).table.set_index("group")
    assert small != "A" and table.loc[small, "bias"] < -0.9 and table.loc["A", "bias"] > -0.5


def test_nothing_saved_is_said():
    result = tn.review_forecast(sold(), None)
    assert result.findings[0].key == "review_none" and result.opening == () and result.table.empty


def test_days_still_to_come_are_counted_and_not_scored():
    frame = sold()
    result = tn.review_forecast(until(frame, CUT), [made(frame, CUT)])
    assert result.table.empty and result.method.set_aside[0].rows == 1


def test_several_runs_are_kept_one_for_each_last_day(tmp_path):
    frame = sold()
    for folder, day in (("2025-06-10", CUT), ("2025-06-11", CUT), ("2025-06-17", CUT + pd.Timedelta(days=7))):
        tn.save(made(frame, day), tmp_path / "shop" / folder)
    (tmp_path / "shop" / "2025-06-18").mkdir()
    (tmp_path / "shop" / "2025-06-18" / "50_demand_forecast.demand.json").write_text("{}")
    earlier = tn.load_earlier(tmp_path / "shop" / "2025-07-20" / ".50_demand_forecast-x", "demand")
    assert len(earlier) == 2 and tn.load_earlier(None, "demand") == ()
    result = tn.review_forecast(frame, earlier)
    assert len(result.origins) == 2 and result.table.set_index("group").loc["all", "forecasts"] == 2


def write_shop(folder, last):
    """A shop that has 商品排行 until ``last``."""
    frame = until(sold(), last)
    report = pd.DataFrame({
        "统计日期": frame["date"].dt.strftime("%Y-%m-%d"), "商品ID": frame["item_id"],
        "商品名称": "商品" + frame["item_id"].str[-1],
        "商品访客数": 500, "支付件数": frame["paid_units"], "支付金额": frame["paid_units"] * 99.0,
    })  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    report.to_csv(folder / "商品_全部.csv", index=False, encoding="utf-8-sig")


def run_cells(**parameters):
    """Run the notebook's code but its charts; return what its cells show."""
    shown, names = [], {"tn": tn}
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        if cell["cell_type"] != "code" or "tn.charts." in cell["source"]:
            continue
        tree = ast.parse(cell["source"])
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), names)
        if "parameters" in cell["metadata"].get("tags", []):
            names |= parameters
        if last is not None:
            shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), names))
    return shown


def test_a_second_run_with_later_data_opens_with_how_the_first_did(tmp_path):
    options = {"shop_id": "s", "data_dir": str(tmp_path / "data"), "language": "zh", "model": "light"}
    write_shop(tmp_path / "data" / "s", CUT)
    first = run_cells(**options, output_dir=str(tmp_path / "outputs" / "s" / "2025-06-10"))
    assert "还没有可以对账的旧预测" not in str(first[1]) and any("还没有可以对账的旧预测" in str(part) for part in first)
    write_shop(tmp_path / "data" / "s", DAYS[-1])
    second = run_cells(**options, output_dir=str(tmp_path / "outputs" / "s" / "2025-07-20"))
    answer = str(second[1])
    assert answer.splitlines()[0].count("上次的预测") == 1 and "已过 28 天" in answer
    assert not any("还没有可以对账的旧预测" in str(part) for part in second)


def write_plan(folder, *, days, price=lambda k: 100.0, promotion=lambda k: None):
    """Fill in the sheet that ``tmall-nb template plan`` writes."""
    from openpyxl import load_workbook

    from tmall_nb.cli import main

    assert main(["template", "plan", str(folder)]) == 0
    path = folder / "未来计划.xlsx"
    book = load_workbook(path)
    for item in range(4):
        for k, day in enumerate(pd.date_range(DAYS[-1] + pd.Timedelta(days=1), periods=days)):
            book.active.append([f"{day:%Y-%m-%d}", f"68068131789{item}", price(k), promotion(k), None, None])
    book.save(path)


def write_promoted_shop(folder):
    """A shop that sells twice as much in each fourth week, at 80 instead of 100 yuan."""
    rng = np.random.default_rng(9)
    promoted = np.arange(200) // 7 % 4 == 1
    price = np.where(promoted, 80.0, 100.0)
    parts = [
        pd.DataFrame({"统计日期": DAYS.strftime("%Y-%m-%d"), "商品ID": f"68068131789{k}", "商品名称": f"商品{k}"})
        .assign(商品访客数=500, 支付件数=rng.poisson(rate * np.where(promoted, 2.0, 1.0)))
        .assign(支付金额=lambda f: f["支付件数"] * price)
        for k, rate in enumerate((6, 8, 16, 40))
    ]  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    pd.concat(parts).to_csv(folder / "商品_全部.csv", index=False, encoding="utf-8-sig")


def shop_units(result):
    return result.groups[result.groups["level"] == "shop"].sort_values("date")["units"].to_numpy()


def test_the_plan_sheet_moves_the_forecast_and_ends_the_assumption(tmp_path):
    write_promoted_shop(tmp_path / "s")
    before = tn.forecast_demand(tn.load_shop(tmp_path, "s"), horizon_days=28, model="light")
    write_plan(tmp_path / "s", days=28, price=lambda k: 80.0 if k < 7 else 100.0, promotion=lambda k: "店庆" if k < 7 else None)
    planned = tn.forecast_demand(tn.load_shop(tmp_path, "s"), horizon_days=28, model="light")
    assert "demand_no_plan" in [f.key for f in before.findings] and "demand_no_plan" not in [f.key for f in planned.findings]
    assert "demand_price_stays" in before.method.assumptions and "demand_known_ahead" in planned.method.assumptions
    week, later = shop_units(planned)[:7].sum(), shop_units(planned)[14:21].sum()
    assert 1.3 * later < week < 2.6 * later  # a mixture with the mean, where it wins, halves the effect's logarithm


def test_a_plan_that_leaves_days_out_says_so(tmp_path):
    write_promoted_shop(tmp_path / "s")
    write_plan(tmp_path / "s", days=10)
    result = tn.forecast_demand(tn.load_shop(tmp_path, "s"), horizon_days=28, model="light")
    assert "demand_partly_known" in result.method.assumptions
