"""``score_keywords``: order rate, value per click, bid and verdict of every ad keyword."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tmall_nb.analyses.keywords.economics import Scored, needed_rates, price_keywords
from tmall_nb.analyses.keywords.findings import describe_keywords
from tmall_nb.analyses.keywords.inputs import KeywordInput, checked_economics, read_keywords
from tmall_nb.analyses.keywords.result import KeywordResult
from tmall_nb.analyses.keywords.stages import diagnose_stages
from tmall_nb.analyses.result import Method
from tmall_nb.errors import ParameterError
from tmall_nb.lexicon import domain_words
from tmall_nb.queries.item_titles import item_titles
from tmall_nb.queries.keyword_rows import PLACES, keyword_places
from tmall_nb.shop import Shop
from tmall_nb.stats.keywords import (
    RateModel,
    RateScores,
    beta_mle,
    beta_posterior,
    encode_roots,
    fit_rates,
    score_rates,
    shrink_values,
)
from tmall_nb.stats.segment import Segmenter, leading_word, mine_words

SOURCE = (
    "Binomial logit with normal root effects and residual, Laplace and Gauss-Hermite quadrature (Liu & Pierce 1994), "
    "boundary-avoiding prior (Chung et al. 2013), averaged with a beta-binomial by evidence"
)
Array = NDArray[np.float64]

_LUCKY = 3
_LEAST_ORDERS = 5  # fewer orders in the whole shop carry no information on single keywords


def score_keywords(
    keyword_rows: Shop | pd.DataFrame,
    *,
    margin: float | None = None,
    target_roas: float | None = None,
    level: float = 0.9,
    count_presale: bool = False,
    seed: int = 0,
) -> KeywordResult:
    """Tell what each ad keyword's click is worth, what to bid at most, and which keywords to stop buying.

    A keyword with three clicks borrows from keywords that share its word roots and from the shop; one with thirty
    thousand stands on its own. Trust the interval, not the point: a wide one means "keep watching". Orders are those
    the platform credits to the click within its window, before refunds; credit is not incrementality.

    Parameters
    ----------
    keyword_rows : a shop, or a frame with keyword, impressions, clicks, spend (yuan), ad_orders, ad_sales (yuan) and
        optionally date, ad_carts, presale_sales, presale_orders; rows of the same keyword are added up
    margin : gross margin as a fraction (0-1); a shop's ``gross_margin`` where left out. Break-even bids use it
    target_roas : ad sales wanted per yuan of spend; bids then aim at it instead of break-even
    level : probability inside every interval (0-1)
    count_presale : count presale sales and orders (booked apart by the platform) as sales and orders
    seed : picks the rows to learn from where there are more than 20,000

    Raises
    ------
    ParameterError, ExportError, NotEnoughData
        on impossible options, missing or negative columns, or no rows at all

    Examples
    --------
    >>> import pandas as pd, tmall_nb as tn
    >>> rows = pd.DataFrame({"keyword": ["法式连衣裙", "衬衫"], "impressions": [9000, 400], "clicks": [300, 9],
    ...     "spend": [360.0, 12.0], "ad_orders": [12, 0], "ad_sales": [1900.0, 0.0]})
    >>> tn.score_keywords(rows, margin=0.4).table.verdict.tolist()
    ['keep', 'not_enough_data']
    """
    if not 0.5 <= level < 1:
        raise ParameterError("level", level, "a fraction from 0.5 to below 1; write 0.9 for 90 %")
    margin = checked_economics(keyword_rows, margin, target_roas)
    given = read_keywords(keyword_rows)
    rows = _with_presale(given.rows) if count_presale else given.rows
    brands = _brand_words(keyword_rows)
    roots, names = encode_roots(rows["keyword"].tolist(), shop_segmenter(rows["keyword"].tolist(), brands, seed))
    kind = _kinds_of(roots, names, brands)
    clicks = rows["clicks"].to_numpy(float)
    orders = np.minimum(rows["ad_orders"].to_numpy(float), clicks)
    method = _method(given, margin, target_roas, level, seed)
    if orders.sum() < _LEAST_ORDERS:
        return _empty(rows, kind, _places(keyword_rows), method)
    model = fit_rates(clicks, orders, roots, seed=seed)
    value = shrink_values(rows["ad_orders"].to_numpy(float), rows["ad_sales"].to_numpy(float))
    needed = needed_rates(rows, value[0], margin, target_roas)
    rates = score_rates(model, (clicks, orders), roots, level=level, thresholds=needed, log_sd=value[1])
    scored = Scored(rates, _without_one(model, (clicks, orders, roots), rates, (needed, value[1]), level), *value)
    table = price_keywords(rows, scored, margin, target_roas, level)
    table.insert(1, "kind", kind)
    tokens = _tokens(model, roots, names, rows, level)
    stages = diagnose_stages(rows, kind, _product_of(roots, names), level)
    kinds = _kinds(table, level)
    findings = describe_keywords(table, tokens, stages, kinds, given)
    return KeywordResult(table, tokens, stages, kinds, _places(keyword_rows), findings, method)


def shop_segmenter(texts: list[str], extra: tuple[str, ...] = (), seed: int = 0) -> Segmenter:
    """Cuts by the shipped domain words, ``extra`` words and the words the texts themselves repeat, weighed as often."""
    known = [w for words in domain_words().values() for w in words]
    base = Segmenter((*extra, *known))
    return base.with_mined(mine_words(texts, seed=seed)).learn(texts, seed=seed) if len(texts) >= 50 else base


def _without_one(
    model: RateModel,
    rows: tuple[Array, Array, NDArray[np.int32]],
    rates: RateScores,
    compared: tuple[Array, Array],
    level: float,
) -> RateScores:
    """Scores with one order fewer where a keyword has one to three; with more, one order hardly moves anything."""
    clicks, orders, roots = rows
    needed, log_sd = compared
    few = np.flatnonzero((orders > 0) & (orders <= _LUCKY))
    out = RateScores(*(getattr(rates, n).copy() for n in ("mean", "low", "high", "prior", "below")))
    if few.size:
        part = score_rates(
            model,
            (clicks[few], orders[few] - 1),
            roots[few],
            level=level,
            thresholds=needed[:, few],
            log_sd=log_sd[few],
            fitted=few,
        )
        out.low[few], out.mean[few], out.high[few], out.below[:, few] = part.low, part.mean, part.high, part.below
    return out


def _with_presale(rows: pd.DataFrame) -> pd.DataFrame:
    for total, presale in (("ad_sales", "presale_sales"), ("ad_orders", "presale_orders")):
        if presale in rows:
            rows = rows.assign(**{total: rows[total] + rows[presale].fillna(0.0)})
    return rows


def _brand_words(source: Shop | pd.DataFrame) -> tuple[str, ...]:
    """The shop's own brand: ``brand_words`` of shop.toml, else the string most of its titles begin with."""
    if not isinstance(source, Shop):
        return ()
    own = source.settings.get("brand_words")
    if own is None:
        if not (source.has("product_master") or source.has("product_daily")):
            return ()
        known = [w for words in domain_words().values() for w in words]
        found = leading_word(item_titles(source)["item_title"].astype(str).tolist(), known=known)
        return (found,) if found else ()
    return tuple(w.lower() for w in ([own] if isinstance(own, str) else own))


def _kinds_of(roots: NDArray[np.int32], names: list[str], own: tuple[str, ...]) -> NDArray[np.object_]:
    brands = {*own, *domain_words()["brand"]}
    is_brand = np.array([n in brands for n in names] + [False])
    return np.where(is_brand[roots].any(axis=1), "brand", "generic").astype(object)


def _product_of(roots: NDArray[np.int32], names: list[str]) -> NDArray[np.int64]:
    """Number of each row's last product root, -1 where it has none: the peers of a keyword share it."""
    products = set(domain_words()["product"])
    is_product = np.array([n in products for n in names] + [False])
    found = np.where(is_product[roots], roots, -1)
    last = np.full(len(roots), -1, dtype=np.int64)
    for column in range(roots.shape[1]):
        last = np.where(found[:, column] >= 0, found[:, column], last)
    return last


def _tokens(model: RateModel, roots: NDArray[np.int32], names: list[str], rows: pd.DataFrame, level: float) -> pd.DataFrame:
    from scipy.special import ndtri

    mean, sd = model.root_effects()
    column = model.column_of[: len(names)]
    known = np.flatnonzero(column < model.columns)
    row, place = np.nonzero(roots >= 0)
    number = roots[row, place]
    sums = {n: np.bincount(number, rows[n].to_numpy(float)[row], len(names)) for n in ("clicks", "spend", "ad_orders")}
    effect, spread = mean[column[known]], sd[column[known]] * float(ndtri((1 + level) / 2))
    frame = pd.DataFrame(
        {"token": np.array(names, dtype=object)[known], "keywords": np.bincount(number, minlength=len(names))[known]}
    )
    for name, total in sums.items():
        frame[name] = total[known]
    frame["effect"], frame["low"], frame["high"] = np.exp(effect), np.exp(effect - spread), np.exp(effect + spread)
    frame["verdict"] = np.where(frame["low"] > 1, "helps", np.where(frame["high"] < 1, "hurts", "no_difference"))
    frame.loc[frame["effect"].isna(), "verdict"] = "no_difference"
    return frame.sort_values(["clicks", "token"], ascending=[False, True]).reset_index(drop=True)


def _kinds(table: pd.DataFrame, level: float) -> pd.DataFrame:
    sums = table.groupby("kind", sort=True)[["clicks", "spend", "ad_orders", "ad_sales"]].sum()
    sums.insert(0, "keywords", table.groupby("kind", sort=True).size())
    hits = np.minimum(sums["ad_orders"], sums["clicks"]).to_numpy(float)
    flat = replace(beta_mle(np.array([2.0]), np.array([1.0])), a=0.5, b=0.5)
    sums["order_per_click"], sums["low"], sums["high"] = beta_posterior(flat, sums["clicks"].to_numpy(float), hits, level)
    sums["roas"] = sums["ad_sales"] / sums["spend"].where(sums["spend"] > 0)
    return sums.reset_index()


def _method(given: KeywordInput, margin: float | None, target_roas: float | None, level: float, seed: int) -> Method:
    method = Method(
        name="token_logit",
        source=SOURCE,
        assumptions=("exchangeable_roots", "credit_not_incremental", "before_refunds", "window_immature"),
        start=given.start,
        end=given.end,
        rows_used=given.given - given.dropped.get("newest_days_immature", 0) - given.dropped.get("no_keyword", 0),
        level=level,
        parameters={"margin": margin, "target_roas": target_roas},
        seed=seed,
    )
    for reason, count in given.dropped.items():
        method = method.drop(reason, count)
    return method


def _places(source: Shop | pd.DataFrame) -> pd.DataFrame:
    if isinstance(source, Shop):
        return keyword_places(source)
    known = [c for c in PLACES if c in source.columns]
    columns = ["keyword", *PLACES, "clicks", "spend"]
    if not known:
        return pd.DataFrame(columns=columns)
    sums = source.groupby(["keyword", *known], dropna=False, sort=False)[["clicks", "spend"]].sum().reset_index()
    return sums.sort_values("spend", ascending=False, kind="stable").reindex(columns=columns).reset_index(drop=True)


def _empty(rows: pd.DataFrame, kind: NDArray[np.object_], places: pd.DataFrame, method: Method) -> KeywordResult:
    """Too few orders in the whole shop: every keyword stays, with empty numbers."""
    from tmall_nb.analyses.keywords.findings import too_few_orders

    blank = np.full(len(rows), np.nan)
    scores = RateScores(blank, blank, blank, blank, np.vstack([blank, blank, blank]))
    table = price_keywords(rows, Scored(scores, scores, blank, blank), 0.5, None, method.level)
    table["verdict"], table["rank"], table["wasted_yuan"] = "not_enough_data", 0, np.nan
    table.insert(1, "kind", kind)
    tokens = pd.DataFrame(columns=["token", "keywords", "clicks", "spend", "ad_orders", "effect", "low", "high", "verdict"])
    stages = diagnose_stages(rows.iloc[:0], kind[:0], np.empty(0, np.int64), method.level)
    return KeywordResult(table, tokens, stages, _kinds(table, method.level), places, too_few_orders(rows), method)
