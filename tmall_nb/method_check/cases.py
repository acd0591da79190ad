"""One function per quantity: a demo shop and its truth → rows with truth, estimate, interval and the naive figure.

The naive figure is what a merchant would read off the files: the platform's own return, orders over clicks, the sales of the
campaign days minus as many days before, last month's sales carried forward.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

import tmall_nb as tn
from tmall_nb.analyses.demand.shop_rows import shop_rows
from tmall_nb.demo import Truth
from tmall_nb.shop import Shop

HORIZON = 28
PLANNED = ("price_yuan", "campaign_burst", "campaign_on", "campaign_warm_up", "double_11")
Row = dict[str, Any]


def _rows(quantity: str, frame: pd.DataFrame, level: float) -> list[Row]:
    """Rows of a frame that has subject, truth, estimate, low, high, naive."""
    frame = frame.reindex(columns=["subject", "truth", "estimate", "low", "high", "naive"])
    return frame.assign(quantity=quantity, level=level).to_dict("records")


def elasticity(shop: Shop, truth: Truth) -> list[Row]:
    """Own-price elasticities; naive: log units on log price per item, days without sales left out."""
    result = tn.estimate_elasticity(shop)
    table = result.table.set_index("item_id")
    answered = table["verdict"].eq("ok")
    frame = pd.DataFrame({"subject": list(truth.items), "truth": [i["elasticity"] for i in truth.items.values()]}).set_index(
        "subject"
    )
    for name, column in (("estimate", "elasticity"), ("low", "low"), ("high", "high")):
        frame[name] = table[column].where(answered).reindex(frame.index)
    days = shop.sql("SELECT item_id, paid_units, paid_amount / paid_units AS price FROM product_daily WHERE paid_units > 0")
    slopes = {}
    for item, rows in days.groupby("item_id"):
        x, y = np.log(rows["price"].to_numpy(float)), np.log(rows["paid_units"].to_numpy(float))
        if len(rows) > 20 and x.std() > 0.005:
            slopes[item] = float(np.polyfit(x, y, 1)[0])
    frame["naive"] = pd.Series(slopes, dtype=float).reindex(frame.index)
    return _rows("elasticity_own", frame.reset_index(), result.method.level)


def demand(shop: Shop, truth: Truth) -> list[Row]:
    """Units of the last 28 days, forecast from what was known before them (calendar and planned prices included).

    Naive: the 28 days before, carried forward.
    """
    rows, _, _, _ = shop_rows(shop, horizon=HORIZON, by="item")
    cut = rows["date"].max() - pd.Timedelta(days=HORIZON)
    past, ahead = rows[rows["date"] <= cut], rows[rows["date"] > cut]
    known = ["item_id", "date", *(c for c in PLANNED if c in rows)]
    result = tn.forecast_demand(past, future=ahead[known], horizon_days=HORIZON)
    total = result.forecast.groupby("item_id")["units"].sum()
    frame = pd.DataFrame(
        {"subject": list(truth.items), "truth": [i["expected_last_28_days"] for i in truth.items.values()]}
    ).set_index("subject")
    frame["estimate"] = total.reindex(frame.index)
    recent = past[past["date"] > cut - pd.Timedelta(days=HORIZON)]
    frame["naive"] = recent.groupby("item_id")["paid_units"].sum().reindex(frame.index)
    daily = result.forecast.merge(ahead[["item_id", "date", "paid_units"]], on=["item_id", "date"])
    daily = daily.assign(subject=daily["item_id"], truth=daily["paid_units"], estimate=daily["units"])
    daily = daily.assign(low=daily["low_80"], high=daily["high_80"], naive=daily["item_id"].map(frame["naive"] / HORIZON))
    return [*_rows("demand_28", frame.reset_index(), 0.8), *_rows("demand_daily", daily, 0.8)]


def keywords(shop: Shop, truth: Truth) -> list[Row]:
    """Orders per click of every keyword with clicks; naive: orders divided by clicks."""
    result = tn.score_keywords(shop)
    table = result.table
    terms = truth.keywords["terms"]
    raw = shop.sql(
        "SELECT keyword, sum(ad_orders) / nullif(sum(clicks), 0) AS naive FROM ads WHERE keyword IS NOT NULL GROUP BY 1"
    )
    frame = table[table["keyword"].isin(terms)].merge(raw, on="keyword", how="left")
    frame = frame.assign(
        subject=frame["keyword"], truth=[terms[k]["order_rate"] for k in frame["keyword"]], estimate=frame["order_per_click"]
    )
    return _rows("keyword_rate", frame, result.method.level)


def channels(shop: Shop, truth: Truth) -> list[Row]:
    """Incremental return of every ad channel; naive: the return the platform reports."""
    result = tn.fit_media_mix(shop)
    table = result.table.set_index("channel")
    names = [n for n in truth.ads if n in table.index]
    frame = pd.DataFrame({"subject": names, "truth": [truth.ads[n]["roas"] for n in names]}).set_index("subject")
    frame["estimate"], frame["low"], frame["high"] = table["roas"], table["low"], table["high"]
    frame["naive"] = [truth.ads[n]["platform_roas"] for n in names]
    return _rows("channel_roas", frame.reset_index(), result.method.level)


def paths(shop: Shop, truth: Truth) -> list[Row]:
    """Removal effects of the touch points; naive: the share of last touches."""
    table = tn.attribute_paths(shop).table
    markov = table[table["model"] == "markov"].set_index("channel")
    last = table[table["model"] == "last"].set_index("channel")["conversions"]
    names = [n for n in truth.paths if n in markov.index]
    frame = pd.DataFrame({"subject": names, "truth": [truth.paths[n] for n in names]}).set_index("subject")
    frame["estimate"], frame["naive"] = markov["removal_effect"], last / last.sum()
    return _rows("removal_effect", frame.reset_index(), 0.9)


def campaigns(shop: Shop, truth: Truth) -> list[Row]:
    """Units a campaign added, gross and net; naive: its days minus as many days before."""
    gross: list[Row] = []
    net: list[Row] = []
    for name, effect in _reviews(shop, truth):
        true = next(c for c in truth.campaigns.values() if c["name"] == name)
        rows = effect.set_index("kind")
        for kind, out in (("gross", gross), ("net", net)):
            row = {"subject": name, "truth": true[f"{kind}_units"], "naive": true["naive_units"]}
            row |= {"estimate": rows.loc[kind, "effect"], "low": rows.loc[kind, "low"], "high": rows.loc[kind, "high"]}
            out.append(row)
    return [*_rows("campaign_gross", pd.DataFrame(gross), 0.95), *_rows("campaign_net", pd.DataFrame(net), 0.95)]


def _reviews(shop: Shop, truth: Truth) -> Iterator[tuple[str, pd.DataFrame]]:
    """Uplift of the promoted items, measured against the items that were not enrolled."""
    days = shop.sql("SELECT date, item_id, paid_units FROM product_daily")
    events = [pd.Timestamp(c["start"]) for c in truth.campaigns.values()]
    for campaign in truth.campaigns.values():
        start, end = pd.Timestamp(campaign["start"]), pd.Timestamp(campaign["end"])
        ours = days["item_id"].isin(campaign["items"])
        wide = pd.DataFrame({"paid_units": days[ours].groupby("date")["paid_units"].sum()})
        others = days[~ours].pivot_table(index="date", columns="item_id", values="paid_units", aggfunc="sum")
        controls = others.columns[others.notna().mean() > 0.95].tolist()
        wide = wide.join(others[controls]).fillna(0.0).rename_axis("date").reset_index()
        before = [e for e in events if wide["date"].min() < e < start]
        try:
            result = tn.measure_uplift(
                wide, start=start, end=end, outcome="paid_units", controls=controls, events=before, pre_dip_days=7
            )
        except tn.NotEnoughData:
            continue
        yield campaign["name"], result.effect


def cohorts(shop: Shop, truth: Truth) -> list[Row]:
    """Repurchase within 90 days of a first order; naive: share of all buyers with a second order so far."""
    result = tn.track_cohorts(shop)
    at = result.curve[result.curve["day"] == 90]
    campaign = truth.buyers["campaign_count"] / truth.buyers["count"]
    kinds = truth.buyers["repurchase"]
    true = campaign * kinds["campaign"]["90"] + (1 - campaign) * kinds["ordinary"]["90"]
    raw = shop.sql(
        "SELECT avg(CAST(n > 1 AS INTEGER)) AS share FROM (SELECT buyer_key, count(DISTINCT CAST(paid_at AS DATE)) AS n "
        "FROM orders WHERE paid_at IS NOT NULL AND buyer_key IS NOT NULL GROUP BY 1)"
    )
    row = {"subject": "all", "truth": true, "naive": float(raw["share"].iloc[0])}
    if len(at):
        row |= {"estimate": at["repurchased"].iloc[0], "low": at["low"].iloc[0], "high": at["high"].iloc[0]}
    return _rows("repurchase_90", pd.DataFrame([row]), result.method.level)


def refunds(shop: Shop, truth: Truth) -> list[Row]:
    """Refunds of the newest four weeks once all have arrived; naive: refunds so far."""
    weeks = tn.review_health(shop).weeks
    recent = weeks[weeks["refund_expected"].notna()].tail(4)
    if recent.empty:
        return []
    paid = recent["paid_amount"].sum()
    low, high = 1 - recent["net_high"].sum() / paid, 1 - recent["net_low"].sum() / paid
    row = {
        "subject": "shop",
        "truth": truth.refunds["amount_rate_in_the_end"],
        "estimate": recent["refund_expected"].sum() / paid,
    }
    row |= {"low": low, "high": high, "naive": recent["refund_seen"].sum() / paid}
    return _rows("refund_final", pd.DataFrame([row]), 0.95)
