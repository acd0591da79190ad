"""``find_keywords``: terms that sell and are not bought, demand not reached, rising terms, paid clicks replacing free ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.keywords.find_findings import describe_opportunities
from tmall_nb.analyses.keywords.overlap import find_overlaps
from tmall_nb.analyses.keywords.result import OpportunityResult
from tmall_nb.analyses.keywords.score import shop_segmenter
from tmall_nb.analyses.keywords.season import find_rising
from tmall_nb.analyses.result import Method
from tmall_nb.errors import ExportError, NotEnoughData, ParameterError
from tmall_nb.queries.keyword_rows import keyword_rows, market_terms, own_terms
from tmall_nb.shop import Shop
from tmall_nb.stats.keywords import encode_roots, fit_rates, score_rates, shrink_values
from tmall_nb.stats.ranges import better_than_random, multiply_ranges

ACT = 0.8  # probability at which a term is worth buying at the usual price
_LEAST_BUYERS = 5
_COLUMNS = [
    *("keyword", "source", "visitors", "buyers", "conversion_rate", "low", "high"),
    *("value_per_visitor", "value_per_visitor_low", "value_per_visitor_high", "suggested_bid_yuan"),
    *("demand_low", "demand_high", "probability_better", "pays"),
]
_WEAK = 0.25  # a shop reaching less than this share of its usual reach hardly reaches the term


def find_keywords(
    shop: Shop | pd.DataFrame,
    *,
    search_own: pd.DataFrame | None = None,
    search_market: pd.DataFrame | None = None,
    margin: float | None = None,
    level: float = 0.9,
    seed: int = 0,
) -> OpportunityResult:
    """Find search terms to buy, to reach, to prepare for, and paid terms that may only replace free visits.

    Terms of the shop's own search report are valued like ad keywords (few visits borrow from shared word roots).
    Market figures are ranges: low and high go through every product, and terms are ordered by the probability of
    beating another term, not by midpoints. A replaced visit is a suspicion from daily figures; only switching the
    keyword off for a while can show it, and ``test_days`` says for how long.

    Parameters
    ----------
    shop : a shop, or a frame of ad keyword rows (keyword, clicks, spend, optionally date)
    search_own : date, keyword, visitors, buyers, paid_amount; a shop's own table where left out
    search_market : keyword, search_popularity_low, search_popularity_high and optionally conversion_rate_low,
        conversion_rate_high, search_growth, category
    margin : gross margin as a fraction (0-1); a shop's ``gross_margin`` where left out; .3 where neither is known
    level : probability inside every interval (0-1)
    seed : random seed of the draws within ranges

    Raises
    ------
    NotEnoughData
        where there is neither an own nor a market search report
    """
    if not 0.5 <= level < 1:
        raise ParameterError("level", level, "a fraction from 0.5 to below 1; write 0.9 for 90 %")
    ads, own, market = _sources(shop, search_own, search_market)
    margin = _margin(shop, margin)
    bought = set(_plain(ads["keyword"])) if len(ads) else set()
    cost = float(ads["spend"].sum() / ads["clicks"].sum()) if len(ads) and ads["clicks"].sum() > 0 else np.nan
    valued = _value_own(own, margin, cost, level, seed)
    reach = _reach(market, valued, bought, seed)
    table = _opportunities(valued, reach, bought)
    rising = find_rising(own, ads, level)
    overlaps = find_overlaps(ads, own, level)
    findings = describe_opportunities(table, reach, rising, overlaps, cost)
    method = Method(
        name="search_opportunities",
        source="token-logit posterior of order rates; interval products; Gamma-Poisson growth; Poisson regression of visits",
        assumptions=("popularity_is_an_index", "ranges_uniform_in_logs", "suspicion_needs_test"),
        start=own["date"].min() if len(own) and "date" in own else None,
        end=own["date"].max() if len(own) and "date" in own else None,
        rows_used=len(own) + len(market) + len(ads),
        level=level,
        parameters={"margin": margin},
        seed=seed,
    )
    return OpportunityResult(table, reach, rising, overlaps, findings, method)


def _sources(
    shop: Shop | pd.DataFrame, own: pd.DataFrame | None, market: pd.DataFrame | None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    if isinstance(shop, Shop):
        ads = keyword_rows(shop) if shop.has("ads") else pd.DataFrame(columns=["keyword", "clicks", "spend"])
        own = own_terms(shop) if own is None and shop.has("search_own") else own
        market = market_terms(shop) if market is None and shop.has("search_market") else market
    else:
        ads = _needs(shop, ("keyword", "clicks", "spend"), "keyword_rows")
    if (own is None or own.empty) and (market is None or market.empty):
        raise NotEnoughData("neither search_own nor search_market is there: export 生意参谋 → 流量 → 选词助手 → 引流搜索词")
    blank_own = pd.DataFrame(columns=["date", "keyword", "visitors", "buyers", "paid_amount"])
    blank_market = pd.DataFrame(columns=["keyword", "search_popularity_low", "search_popularity_high"])
    own = blank_own if own is None else _needs(own, ("keyword", "visitors", "buyers", "paid_amount"), "search_own")
    market = blank_market if market is None else _needs(market, tuple(blank_market.columns), "search_market")
    return ads, own, market


def _needs(frame: pd.DataFrame, columns: tuple[str, ...], name: str) -> pd.DataFrame:
    missing = [c for c in columns if c not in frame.columns]
    if missing:
        raise ExportError(name, f"column {', '.join(missing)} is missing; found {', '.join(map(str, frame.columns))}")
    return frame


def _margin(shop: Shop | pd.DataFrame, margin: float | None) -> float:
    if margin is None and isinstance(shop, Shop):
        margin = shop.settings.get("gross_margin")
    value = 0.3 if margin is None else float(margin)
    if not 0 < value <= 1:
        raise ParameterError("margin", value, "gross margin as a fraction above 0 and at most 1; write 0.4 for 40 %")
    return value


def _plain(words: pd.Series) -> pd.Series:
    return words.astype("string").str.lower().str.replace(r"\s+", "", regex=True)


def _value_own(own: pd.DataFrame, margin: float, cost: float, level: float, seed: int) -> pd.DataFrame:
    """One row per own search term with its order rate, value per visitor and chance of paying for itself."""
    sums = own.groupby("keyword", sort=False)[["visitors", "buyers", "paid_amount"]].sum().astype(float).reset_index()
    visitors, buyers = sums["visitors"].to_numpy(), np.minimum(sums["buyers"], sums["visitors"]).to_numpy()
    blank = np.full(len(sums), np.nan)
    names = ("conversion_rate", "low", "high", "value_per_visitor", "value_per_visitor_low", "value_per_visitor_high", "pays")
    if buyers.sum() < _LEAST_BUYERS:
        return sums.assign(**dict.fromkeys(names, blank))
    texts = sums["keyword"].astype(str).tolist()
    roots, _ = encode_roots(texts, shop_segmenter(texts, seed=seed))
    model = fit_rates(visitors, buyers, roots, seed=seed)
    worth, log_sd = shrink_values(buyers, sums["paid_amount"].to_numpy())
    needed = cost / (worth * margin)
    scores = score_rates(model, (visitors, buyers), roots, level=level, thresholds=needed[None], log_sd=log_sd)
    values = (
        scores.mean,
        scores.low,
        scores.high,
        scores.mean * worth,
        scores.low * worth,
        scores.high * worth,
        1 - scores.below[0],
    )
    return sums.assign(**dict(zip(names, values, strict=True)), suggested_bid_yuan=scores.mean * worth * margin)


def _reach(market: pd.DataFrame, own: pd.DataFrame, bought: set[str], seed: int) -> pd.DataFrame:
    """One row per market term: ranges of popularity, conversion and demand, and how far the shop reaches it."""
    columns = ["search_popularity_low", "search_popularity_high", "conversion_rate_low", "conversion_rate_high"]
    frame = market.reindex(columns=["keyword", *columns, "search_growth"])
    keep = frame["search_popularity_low"].notna() & frame["search_popularity_high"].notna()
    frame = frame[keep].drop_duplicates("keyword").reset_index(drop=True)
    rates = frame[["conversion_rate_low", "conversion_rate_high"]].astype(float)
    rates = rates.fillna(
        {"conversion_rate_low": rates.iloc[:, 0].min(), "conversion_rate_high": rates.iloc[:, 1].max()}
    ).fillna(1.0)
    popularity = frame[["search_popularity_low", "search_popularity_high"]].to_numpy(float)
    demand = multiply_ranges(popularity, rates.to_numpy(float))
    frame["demand_low"], frame["demand_high"] = demand[:, 0], demand[:, 1]
    frame["probability_better"] = better_than_random(demand, seed=seed)
    visits = own.assign(key=_plain(own["keyword"])).groupby("key")["visitors"].sum() if len(own) else pd.Series(dtype=float)
    frame["visitors"] = _plain(frame["keyword"]).map(visits).fillna(0.0).astype(float)
    share = frame["visitors"] / frame["search_popularity_high"].astype(float)
    usual = share[share > 0].median()
    upper = frame["visitors"] / frame["search_popularity_low"].astype(float).clip(lower=1)
    none, paid = (frame["visitors"] <= 0).to_numpy(), _plain(frame["keyword"]).isin(bought).to_numpy()
    frame["verdict"] = np.select([none & paid, none, upper < _WEAK * usual], ["ads_only", "not_reached", "weak"], "reached")
    return frame.sort_values(["probability_better", "keyword"], ascending=[False, True]).reset_index(drop=True)


def _opportunities(own: pd.DataFrame, reach: pd.DataFrame, bought: set[str]) -> pd.DataFrame:
    """Own and market terms that are not among the ad keywords, the most promising first."""
    fresh = own[~_plain(own["keyword"]).isin(bought)].assign(source="own") if len(own) else own.assign(source="own")
    extra = reach[~_plain(reach["keyword"]).isin(bought | set(_plain(fresh["keyword"])))].assign(source="market")
    wanted = ["keyword", "demand_low", "demand_high", "probability_better"]
    fresh = fresh.merge(reach[wanted], on="keyword", how="left")
    parts = [f.reindex(columns=_COLUMNS) for f in (fresh, extra) if len(f)]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_COLUMNS)
    market = table["source"] == "market"
    table["verdict"] = np.select(
        [
            market & (table["probability_better"] >= ACT),
            market,
            table["pays"].isna(),
            table["pays"] >= ACT,
            table["pays"] >= 0.5,
        ],
        ["test", "watch", "not_enough_data", "buy", "test"],
        "watch",
    )
    order = table["verdict"].map({"buy": 0, "test": 1, "watch": 2, "not_enough_data": 3})
    key = table["value_per_visitor_low"].fillna(0.0) * table["visitors"].fillna(0.0)
    table = table.assign(order=order, key=key).sort_values(
        ["order", "key", "probability_better"], ascending=[True, False, False]
    )
    return table.drop(columns=["order", "key"]).rename(columns={"pays": "pays_probability"}).reset_index(drop=True)
