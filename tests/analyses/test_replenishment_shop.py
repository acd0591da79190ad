"""Replenishment of a shop with its stock day by day, as one count, as an undated list, and with none at all."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.queries.stock_rows import stock_rows, supply_rows


@pytest.fixture(scope="module")
def demand(demo_shop):
    return tn.forecast_demand(demo_shop, horizon_days=28, model="light")


def without(shop, *tables):
    columns = {name: held for name, held in shop.manifest["columns"].items() if name not in tables}
    return replace(shop, manifest={**shop.manifest, "columns": columns}, _connections={})


def counted_once(shop, folder, day):
    """The shop with the stock of one day alone."""
    for table in shop.folder.iterdir():
        if table.name != "stock" and table.is_dir():
            (folder / table.name).symlink_to(table)
    (folder / "stock").mkdir()
    frame = pd.read_parquet(next((shop.folder / "stock").glob("[!_]*.parquet")))
    frame[pd.to_datetime(frame["date"]) == day].to_parquet(folder / "stock" / "one.parquet")
    return replace(shop, folder=folder, _connections={})


def keys(plan):
    return {f.key for f in plan.findings}


def test_a_history_gives_orders_dates_and_money(demo_shop, demand):
    plan = tn.plan_replenishment(demo_shop, demand)
    assert "rep_stock_history" in keys(plan) and plan.table["order_units"].notna().all()
    assert plan.detail["lead_time_days"].nunique() > 1 and plan.detail["unit_margin"].notna().all()
    first = plan.findings[0]
    assert first.action and first.values["gain_low"] <= first.values["gain"] <= first.values["gain_high"]
    assert "rep_together" in keys(plan)


def test_the_next_campaign_has_its_stock(demo_shop, demand):
    plan = tn.plan_replenishment(demo_shop, demand)
    rows = plan.campaigns
    assert len(rows) == len(plan.table) and rows["campaign"].nunique() == 1
    assert (rows["low"] <= rows["expected"]).all() and (rows["expected"] <= rows["high"]).all()
    short = rows[rows["short_units"] > 0]
    assert len(short) and (short["need_units"] > short["have_units"]).all() and short["order_by"].notna().all()
    wait = plan.detail.set_index("item_id")["lead_time_days"].reindex(short["item_id"]).to_numpy()
    in_time = short["verdict"] == "order_now"
    arrival = short["order_by"] + pd.to_timedelta(wait, unit="D")
    assert (arrival[in_time] <= short["start"][in_time]).all()


def test_one_count_is_brought_forward_and_said(demo_shop, demand, tmp_path):
    last = demand.method.end
    plan = tn.plan_replenishment(counted_once(demo_shop, tmp_path, last), demand)
    assert "rep_stock_snapshot" in keys(plan)
    whole = tn.plan_replenishment(demo_shop, demand)
    pd.testing.assert_series_equal(plan.table["order_units"], whole.table["order_units"])


def test_an_old_count_is_less_what_was_sold_since(demo_shop, demand, tmp_path):
    day = demand.method.end - pd.Timedelta(days=10)
    shop = counted_once(demo_shop, tmp_path, day)
    rows, kind = stock_rows(shop)
    then = stock_rows_on(demo_shop, day)
    sold = then - rows.set_index("item_id")["stock_units"]
    assert kind == "snapshot" and (sold >= 0).all() and sold.sum() > 0
    plan = tn.plan_replenishment(shop, demand)
    finding = next(f for f in plan.findings if f.key == "rep_stock_old")
    assert finding.values["sold"] == rows["sold_since"].sum() >= sold.sum()


def stock_rows_on(shop, day):
    text = "SELECT item_id, sum(stock_units) AS units FROM stock WHERE date = $day GROUP BY 1"
    return shop.sql(text, day=day.date()).set_index("item_id")["units"].astype(float)


def test_the_item_list_stands_in_for_a_stock_sheet(demo_shop, demand):
    plan = tn.plan_replenishment(without(demo_shop, "stock"), demand)
    assert "rep_stock_undated" in keys(plan) and plan.table["order_units"].notna().all()
    assert "rep_inbound_unknown" in plan.method.assumptions


def test_no_stock_at_all_leaves_reorder_points(demo_shop, demand):
    plan = tn.plan_replenishment(without(demo_shop, "stock", "product_master"), demand)
    assert plan.findings[0].key == "rep_points_only" and "rep_stock_none" in keys(plan)
    assert (plan.table["reorder_point"] > 0).any() and plan.table["order_units"].isna().all()
    assert plan.table["stockout_risk"].isna().all() and plan.risks.empty and plan.priority.empty
    assert set(plan.table["verdict"]) == {"stock_unknown"}


def test_costs_and_lead_times_come_from_their_sheets(demo_shop, demand):
    sheet = demo_shop.table("lead_times").set_index("item_id")
    supply = supply_rows(demo_shop).set_index("item_id")
    assert supply["lead_time_days"].equals(sheet["lead_time_days"].reindex(supply.index))
    bare = without(demo_shop, "lead_times", "costs")
    plan = tn.plan_replenishment(bare, demand)
    assert set(plan.detail["lead_time_days"]) == {float(demo_shop.settings["lead_time_days"])}
    assert "rep_cost_guessed" in plan.method.assumptions and plan.risks["lost_yuan"].notna().all()
    told = tn.plan_replenishment(demo_shop, demand, lead_time_days=3, review_days=7)
    assert set(told.detail["lead_time_days"]) == {3.0}


def test_a_campaign_past_the_forecast_names_the_horizon(demo_shop, demand):
    day = demand.forecast["date"]
    short = replace(demand, forecast=demand.forecast[day < day.min() + pd.Timedelta(days=14)])
    plan = tn.plan_replenishment(demo_shop, short, lead_time_days=3, review_days=7)
    finding = next(f for f in plan.findings if f.key == "rep_campaign_beyond")
    assert plan.campaigns.empty and finding.values["days"] > 14
    assert np.isfinite(plan.cash["yuan"]).all()


def test_every_finding_of_these_plans_is_said_in_both_languages(demo_shop, demand):
    plans = [
        tn.plan_replenishment(shop, demand, budget_yuan=budget, service_level=level)
        for shop in (demo_shop, without(demo_shop, "stock"), without(demo_shop, "stock", "product_master"))
        for budget, level in ((None, 0.95), (500.0, 0.99), (None, 0.5))
    ]
    for plan in plans:
        for language in ("zh", "en"):
            assert repr(tn.say(plan.findings, language)) and repr(tn.actions(plan.findings, language))
            assert repr(tn.show(plan.method, language)) and "rep_" not in repr(tn.show(plan.method, language))


def test_a_plan_is_saved_and_read_back(demo_shop, demand, tmp_path):
    plan = tn.plan_replenishment(demo_shop, demand)
    tn.save(plan, tmp_path)
    back = tn.load_saved(tmp_path, "replenishment")
    assert back.table["order_units"].sum() == plan.table["order_units"].sum()


def test_codes_are_planned_with_their_items_terms(demo_shop, demand):
    """The demo has one code an item, so a plan by code is the plan by item under other names."""
    codes = demo_shop.sql("SELECT DISTINCT item_id, sku_code FROM order_items").set_index("item_id")["sku_code"]
    renamed = {
        name: getattr(demand, name).assign(item_id=lambda f: f["item_id"].map(codes))
        for name in ("table", "forecast", "windows")
    }
    by_item = tn.plan_replenishment(demo_shop, demand).table
    by_code = tn.plan_replenishment(demo_shop, replace(demand, **renamed)).table.set_index("item_id")
    same = by_code.loc[by_item["item_id"].map(codes)]
    for column in ("reorder_point", "order_units", "stockout_risk"):
        assert same[column].to_numpy() == pytest.approx(by_item[column].to_numpy(), nan_ok=True)
