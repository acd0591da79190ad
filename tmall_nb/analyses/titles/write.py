"""``write_titles``: coverage of the present titles, three better ones, forbidden words, items that compete."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tmall_nb.analyses.result import Finding, Method
from tmall_nb.analyses.titles.demand import Demand, cut_demand, read_demand
from tmall_nb.analyses.titles.findings import describe_titles
from tmall_nb.analyses.titles.fit import Fit, Item, fit_items
from tmall_nb.analyses.titles.frames import flag_rows, item_row, pick_best, title_rows, word_rows
from tmall_nb.analyses.titles.propose import Proposal, covered, propose
from tmall_nb.analyses.titles.result import TitleResult
from tmall_nb.analyses.titles.rules import LIMIT
from tmall_nb.errors import ExportError, NotEnoughData, ParameterError
from tmall_nb.lexicon import domain_words, kind_of
from tmall_nb.queries.item_titles import item_titles
from tmall_nb.shop import Shop
from tmall_nb.stats.segment import Segmenter, leading_word, mine_words

_TITLE_COHESION = 3.0  # titles repeat whole phrases, so words must hold together more than in search terms
_COMPETING, _SIMILAR = 0.8, 0.6
_LEAST_SHARED = 0.5
_SHARED = 0.5  # worth of a term that another item of the shop covers already


def write_titles(
    items: Shop | pd.DataFrame,
    *,
    demand: pd.DataFrame | None = None,
    width: int = LIMIT,
    required: Sequence[str] = (),
    top: int | None = None,
) -> TitleResult:
    """Show how much search demand each title covers, and propose three titles that cover more.

    A title covers a search term when it holds all its words. Demand comes as ranges, so coverage is a range too, and
    a word is "sure" when both ends of the ranges choose it. Words that are not in the item's own texts are proposed to
    be confirmed: never put into a title what the item is not.

    Parameters
    ----------
    items : a shop, or a frame with item_id, item_title and optionally category, guide_title, sku_attributes, brand
    demand : keyword with demand_low and demand_high (any one unit), or ``demand``; search_market or search_own frames
        serve as well; a shop's own tables where left out
    width : longest title in half-width units (20-120); Tmall allows 60 (30 Chinese characters)
    required : words that every title must keep (legally required names, the brand)
    top : only the first ``top`` items (a shop's: those with most sales); all where left out

    Raises
    ------
    ParameterError, ExportError, NotEnoughData
        on an impossible width, missing columns, or no demand

    Examples
    --------
    >>> import pandas as pd, tmall_nb as tn
    >>> items = pd.DataFrame({"item_id": ["1"], "item_title": ["连衣裙女夏季新款"]})
    >>> demand = pd.DataFrame({"keyword": ["法式连衣裙", "连衣裙女"], "demand_low": [80, 20], "demand_high": [120, 40]})
    >>> tn.write_titles(items, demand=demand).table.title.tolist()
    ['夏季新款法式女连衣裙']
    """
    if not 20 <= width <= 120:
        raise ParameterError("width", width, "20 to 120 half-width units; Tmall allows 60")
    frame = _items(items, top)
    wanted = read_demand(items, demand)
    known = [w for words in domain_words().values() for w in words]
    brand = leading_word(frame["item_title"].dropna().astype(str).tolist(), known=known)
    segmenter = _segmenter(frame, wanted, brand)
    cut = cut_demand(wanted, segmenter)
    if not cut.terms:
        raise NotEnoughData("no search term has any demand: export 生意参谋 → 市场 → 搜索洞察 → 搜索排行")
    brands = {*domain_words()["brand"], *([brand] if brand else [])}
    read = [_read(row, segmenter, tuple(required), brands) for row in frame.to_dict("records")]
    return _result(read, cut, width, kind_of() | dict.fromkeys(brands, "brand"))


def _result(read: list[Item], cut: Demand, width: int, kinds: dict[str, str]) -> TitleResult:
    fits = fit_items(read, cut)
    flags = pd.DataFrame([r for i in read for r in flag_rows(i)], columns=["item_id", "word", "level", "source", "note"])
    options, best = _place(read, fits, width, kinds)
    rows = list(zip(read, fits, options, best, strict=True))
    titles = [r for i, f, o, _ in rows for r in title_rows(i, f, o)]
    table = pd.DataFrame([item_row(i, cut, f, b, flags) for i, f, _, b in rows])
    chosen = pd.DataFrame([r for i, f, o, _ in rows for r in word_rows(i, f, o)], columns=WORD_COLUMNS)
    doubles = _duplicates(read, cut, [f.terms for f in fits])
    method = Method(
        name="title_cover",
        source="Maximal covering with a length budget (Church & ReVelle 1974), mixed-integer program by HiGHS",
        assumptions=("all_words_cover", "ranges_kept", "words_must_be_true", "siblings_share"),
        rows_used=len(read),
        level=1.0,
        parameters={"width": width},
    )
    findings: tuple[Finding, ...] = describe_titles(table, flags, doubles)
    return TitleResult(table, pd.DataFrame(titles, columns=TITLE_COLUMNS), chosen, flags, doubles, findings, method)


def _place(
    read: list[Item], fits: list[Fit], width: int, kinds: dict[str, str]
) -> tuple[list[list[Proposal]], list[Proposal | None]]:
    """Options and the best of each item, one item after the other: a term covered before counts half for the next, and no
    two items are given the same words."""
    left = np.ones(max((int(f.terms.max()) + 1 for f in fits if f.terms.size), default=0))
    options: list[list[Proposal]] = []
    best: list[Proposal | None] = []
    used: set[frozenset[str]] = set()
    for item, fit in zip(read, fits, strict=True):
        open_part = left[fit.terms]
        options.append(propose(item, fit, kinds, width, open_part) if fit.terms.size else [])
        fresh = [o for o in options[-1] if frozenset(o.words) not in used]
        best.append(pick_best(item, fit, fresh, open_part))
        words = frozenset(item.title_words if best[-1] is None else best[-1].words)
        used.add(words)
        left[fit.terms[covered(words, fit)]] *= _SHARED
    return options, best


TITLE_COLUMNS = ["item_id", "option", "basis", "title", "units", "coverage_low", "coverage_high", "to_confirm"]
WORD_COLUMNS = ["item_id", "option", "word", "units", "kind", "reason", "terms", "demand_share", "sure", "confirm"]


def _items(items: Shop | pd.DataFrame, top: int | None) -> pd.DataFrame:
    frame = item_titles(items) if isinstance(items, Shop) else items
    missing = [c for c in ("item_id", "item_title") if c not in frame.columns]
    if missing:
        raise ExportError("items", f"column {', '.join(missing)} is missing; found {', '.join(map(str, frame.columns))}")
    if top is not None and top < 1:
        raise ParameterError("top", top, "at least 1 item, or None for all")
    frame = frame.drop_duplicates("item_id").reset_index(drop=True)
    if frame.empty:
        raise NotEnoughData("there is no item with a title: export 千牛 → 商品 → 商品管理 → 批量导出")
    return frame if top is None else frame.head(top)


def _segmenter(frame: pd.DataFrame, demand: pd.DataFrame, brand: str | None) -> Segmenter:
    base = Segmenter([*([brand] if brand else []), *(w for words in domain_words().values() for w in words)])
    titles = frame["item_title"].dropna().astype(str).tolist()
    if len(titles) >= 50:
        base = base.with_mined(mine_words(titles, min_cohesion=_TITLE_COHESION))
    terms = demand["keyword"].dropna().astype(str).tolist()
    return base.with_mined(mine_words(terms)).learn([*terms, *titles]) if len(terms) >= 50 else base


def _read(row: dict[str, object], segmenter: Segmenter, required: tuple[str, ...], brands: set[str]) -> Item:
    def text(name: str) -> str:
        value = row.get(name)
        return "" if value is None or value != value else str(value)

    title = text("item_title")
    title_words = tuple(segmenter.cut(title))
    own = {
        w for name in ("item_title", "guide_title", "category", "sku_attributes", "brand") for w in segmenter.cut(text(name))
    }
    own |= {w for word in required for w in (word.lower(),)}
    kept = [*(w.lower() for w in required), *segmenter.cut(text("brand")), *(w for w in title_words if w in brands)]
    return Item(str(row["item_id"]), title, title_words, frozenset(own), tuple(dict.fromkeys(kept)))


def _duplicates(read: list[Item], cut: Demand, terms: list[NDArray[np.int64]]) -> pd.DataFrame:
    """Pairs of items whose titles share most words: they compete for the same searches."""
    columns = ["item_id_a", "item_id_b", "title_a", "title_b", "similarity", "shared_demand", "verdict"]
    words = [frozenset(i.title_words) for i in read]
    rows = []
    for a, b in _candidate_pairs(words):
        union = len(words[a] | words[b])
        similarity = len(words[a] & words[b]) / union if union else 0.0
        if similarity < _SIMILAR:
            continue
        shared = _shared(words[a], words[b], cut, np.union1d(terms[a], terms[b]).astype(np.int64))
        verdict = "competing" if similarity >= _COMPETING or shared >= _LEAST_SHARED else "similar"
        rows.append((read[a].item_id, read[b].item_id, read[a].title, read[b].title, similarity, shared, verdict))
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(["shared_demand", "similarity"], ascending=False).reset_index(drop=True)


def _candidate_pairs(words: list[frozenset[str]]) -> list[tuple[int, int]]:
    """Pairs that share a rare word; every pair in a small shop."""
    if len(words) <= 400:
        return list(combinations(range(len(words)), 2))
    holders: dict[str, list[int]] = {}
    for number, own in enumerate(words):
        for word in own:
            holders.setdefault(word, []).append(number)
    rare = [h for h in holders.values() if len(h) <= 50]
    return sorted({pair for h in rare for pair in combinations(h, 2)})


def _shared(a: frozenset[str], b: frozenset[str], cut: Demand, terms: NDArray[np.int64]) -> float:
    """Share of the demand either title covers that both cover."""
    hits = [(set(cut.words[k]) <= a, set(cut.words[k]) <= b, float(np.sqrt(cut.low[k] * cut.high[k]))) for k in terms]
    either = sum(w for x, y, w in hits if x or y)
    return sum(w for x, y, w in hits if x and y) / either if either > 0 else 0.0
