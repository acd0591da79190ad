"""One function per quantity: a demo shop and its truth → rows with truth, estimate, interval and the naive figure.

The naive figure is what a merchant would read off the files: the platform's own return, orders over clicks, the sales of the
campaign days minus as many days before, last month's sales carried forward. Plans are in ``plans``, buyers in ``buyers``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

import tmall_nb as tn
from tmall_nb.analyses.keywords.result import KeywordResult
from tmall_nb.method_check.study import HORIZON, Row, Study, rows_of


def elasticity(study: Study) -> list[Row]:
    """Own-price elasticities; naive: log units on log price per item, days without sales left out."""
    result = study.elasticity
    table = result.table.set_index("item_id")
    answered = table["verdict"].eq("ok")
    frame = study.by_item("elasticity").rename(columns={"elasticity": "truth"}).rename_axis("subject")
    for name, column in (("estimate", "elasticity"), ("low", "low"), ("high", "high")):
        frame[name] = table[column].where(answered).reindex(frame.index)
    frame["naive"] = study.slopes.reindex(frame.index)
    return rows_of("elasticity_own", frame.reset_index(), result.method.level)


def demand(study: Study) -> list[Row]:
    """Units wanted in the last 28 days, forecast from what was known before them; naive: the 28 days before, carried forward.

    Truth is the demand before stock-outs. Days of a campaign and ordinary days are also scored apart.
    """
    result, ids = study.demand, list(study.truth.items)
    days = pd.DatetimeIndex(np.sort(study.ahead["date"].unique()))
    told = result.forecast.pivot(index="item_id", columns="date", values="units").reindex(index=ids, columns=days)
    wanted = pd.DataFrame(study.by_day("wanted_by_day"), index=ids, columns=days)
    recent = study.past[study.past["date"] > study.past["date"].max() - pd.Timedelta(days=HORIZON)]
    before = recent.groupby("item_id")["paid_units"].sum().reindex(ids)
    frame = pd.DataFrame({"truth": wanted.sum(axis=1), "estimate": told.sum(axis=1), "naive": before})
    frame[["low", "high"]] = result.table.set_index("item_id")[["low", "high"]].reindex(ids)
    rows = rows_of("demand_28", frame.rename_axis("subject").reset_index(), 0.8)
    on = study.ahead.groupby("date")["campaign_on"].max().reindex(days).to_numpy() > 0
    for name, some in (("demand_campaign", on), ("demand_ordinary", ~on)):
        part = pd.DataFrame({"truth": wanted.loc[:, some].sum(axis=1), "estimate": told.loc[:, some].sum(axis=1)})
        part["naive"] = before * some.sum() / HORIZON
        rows += rows_of(name, part.rename_axis("subject").reset_index(), 0.8)
    daily = result.forecast.assign(subject=result.forecast["item_id"], estimate=result.forecast["units"])
    daily["truth"] = wanted.stack().reindex(pd.MultiIndex.from_frame(daily[["item_id", "date"]])).to_numpy()
    daily = daily.assign(low=daily["low_80"], high=daily["high_80"], naive=daily["item_id"].map(before / HORIZON))
    return [*rows, *rows_of("demand_daily", daily, 0.8)]


def keywords(study: Study) -> list[Row]:
    """Orders per click of every keyword with clicks; naive: orders divided by clicks."""
    result = tn.score_keywords(study.shop)
    table = result.table
    terms = study.truth.keywords["terms"]
    raw = study.shop.sql(
        "SELECT keyword, sum(ad_orders) / nullif(sum(clicks), 0) AS naive FROM ads WHERE keyword IS NOT NULL GROUP BY 1"
    )
    frame = table[table["keyword"].isin(terms)].merge(raw, on="keyword", how="left")
    frame = frame.assign(
        subject=frame["keyword"], truth=[terms[k]["order_rate"] for k in frame["keyword"]], estimate=frame["order_per_click"]
    )
    return [*rows_of("keyword_rate", frame, result.method.level), *_roots(study, result)]


def _roots(study: Study, result: KeywordResult) -> list[Row]:
    """What a word in a term does to the log odds of an order; naive: log of its terms' orders per click over all terms'."""
    effects, roots = study.truth.keywords["token_effects"], result.tokens
    roots = roots[roots["token"].isin(effects)]
    total = result.kinds["ad_orders"].sum() / result.kinds["clicks"].sum()
    frame = pd.DataFrame({"subject": roots["token"], "truth": roots["token"].map(effects).astype(float)})
    for name, column in (("estimate", "effect"), ("low", "low"), ("high", "high")):
        frame[name] = np.log(roots[column].astype(float))
    rate = (roots["ad_orders"] / roots["clicks"].where(roots["clicks"] > 0)).astype(float)
    frame["naive"] = np.log(rate.where(rate > 0) / total)
    return rows_of("root_effect", frame, result.method.level)


def channels(study: Study) -> list[Row]:
    """Incremental return of every ad channel; naive: the return the platform reports."""
    result, truth = study.mix, study.truth
    table = result.table.set_index("channel")
    names = [n for n in truth.ads if n in table.index]
    frame = pd.DataFrame({"subject": names, "truth": [truth.ads[n]["roas"] for n in names]}).set_index("subject")
    frame["estimate"], frame["low"], frame["high"] = table["roas"], table["low"], table["high"]
    frame["naive"] = [truth.ads[n]["platform_roas"] for n in names]
    return rows_of("channel_roas", frame.reset_index(), result.method.level)


def paths(study: Study) -> list[Row]:
    """Removal effects of the touch points; naive: the share of last touches."""
    table, truth = tn.attribute_paths(study.shop).table, study.truth
    markov = table[table["model"] == "markov"].set_index("channel")
    last = table[table["model"] == "last"].set_index("channel")["conversions"]
    names = [n for n in truth.paths if n in markov.index]
    frame = pd.DataFrame({"subject": names, "truth": [truth.paths[n] for n in names]}).set_index("subject")
    frame["estimate"], frame["naive"] = markov["removal_effect"], last / last.sum()
    return rows_of("removal_effect", frame.reset_index(), 0.9)


def campaigns(study: Study) -> list[Row]:
    """Units a campaign added, gross and net; naive: its days minus as many days before."""
    found: dict[str, list[Row]] = {"gross": [], "net": []}
    for true, effect in _reviews(study):
        for kind, out in found.items():
            row = {"subject": true["name"], "truth": true[f"{kind}_units"], "naive": true["naive_units"]}
            if effect is not None:
                at = effect.set_index("kind").loc[kind]
                row |= {"estimate": at["effect"], "low": at["low"], "high": at["high"]}
            out.append(row)
    return [row for kind, out in found.items() for row in rows_of(f"campaign_{kind}", pd.DataFrame(out), 0.95)]


def outlook(study: Study) -> list[Row]:
    """Sales of each past campaign, foretold from those before it; truth: what came; naive: daily sales of the one before."""
    plan = tn.plan_campaign(study.shop)
    told = plan.backtest[plan.backtest["day"] == 0].merge(plan.past[["campaign", "start", "days"]], on="campaign")
    told = told.sort_values("start", ignore_index=True)
    told["naive"] = (told["actual"] / told["days"]).shift() * told["days"]
    cases = told.rename(columns={"campaign": "subject", "actual": "truth", "forecast": "estimate"})
    return rows_of("campaign_sales", cases, plan.method.level or 0.95)


def _reviews(study: Study) -> Iterator[tuple[Row, pd.DataFrame | None]]:
    """Uplift of the promoted items, measured against the items that were not enrolled; None where it was refused."""
    days = study.shop.sql("SELECT date, item_id, paid_units FROM product_daily")
    campaigns = list(study.truth.campaigns.values())
    events = [pd.Timestamp(c["start"]) for c in campaigns]
    for campaign in campaigns:
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
            yield campaign, None
            continue
        yield campaign, result.effect
