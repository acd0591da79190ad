"""Which report is this? Decided by its headers, never by its name or the position of a column.

A kind is a signature: fields that must all be there, fields of which one must be, fields that must not. Of the kinds whose
signature holds, the one that knows most of the headers wins. Header names come from the glossary; headers that are known
and deliberately not kept (personal, derived, unused) stand in ``known_headers.csv``.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType

from tmall_nb.errors import ExportError, closest
from tmall_nb.fields import FIELDS
from tmall_nb.tables import TABLES, aliases_for

__all__ = ["KINDS", "SPECIAL", "Column", "Match", "clean_header", "find_header", "recognise"]

SPECIAL = {"buyer_paid": "money", "address": "address"}  # read, but no column of a table: decided or cut down on load
UNITS = re.compile(r"\((元|%|秒|天|小时|次|人|件|笔)\)$")


@dataclass(frozen=True, slots=True)
class Kind:
    """Signature of a report: all of ``need``, one of ``one_of`` (where given), none of ``never``."""

    table: str
    need: frozenset[str]
    one_of: frozenset[str]
    never: frozenset[str]

    def fits(self, fields: set[str]) -> bool:
        return self.need <= fields and (not self.one_of or bool(self.one_of & fields)) and not self.never & fields


def _kind(table: str, need: str, one_of: str = "", never: str = "") -> Kind:
    return Kind(table, frozenset(need.split()), frozenset(one_of.split()), frozenset(never.split()))


KINDS = (
    _kind("orders", "order_id order_total", "buyer_paid created_at paid_at net_amount status"),
    _kind("refunds", "order_id", "refund_id applied_at", ""),
    _kind("order_items", "order_id", "sub_order_id list_price"),
    _kind("product_daily", "item_id visitors", "paid_amount page_views buyers ordered_amount"),
    _kind("shop_daily", "date visitors", "paid_amount page_views buyers paid_orders"),
    _kind("traffic_source", "source_1 visitors"),
    _kind("search_own", "keyword visitors"),
    _kind("search_market", "keyword search_popularity"),
    _kind("ads", "spend", "impressions clicks"),
    _kind("cps_orders", "commission", "order_id sub_order_id"),
    _kind("cps_items", "item_id commission", "paid_amount paid_orders ad_visits"),
    _kind("campaign_summary", "campaign", "warm_up_start_at start_at", ""),
    _kind("campaign_item", "item_id", "burst_ratio is_campaign_item discount_rate"),
    _kind("campaign_kpi", "paid_amount", "campaign_item_amount refund_requested_amount"),
    _kind("promo_tool_daily", "date", "coupons_claimed coupons_used tool"),
    _kind("enrolment", "campaign item_id activity_price"),
    _kind("price_stack", "item_id", "promotion_level discount_amount tool"),
    _kind("product_master", "item_id item_title", "category_id sku_price guide_title"),
    _kind("reviews", "text", "review_id reviewed_at item_id sentiment"),
    _kind("logistics", "order_id", "timeout_type due_pickup_at picked_up_at delivered_at issue"),
    _kind("fund_flow", "income expense"),
    _kind("cs_daily", "agent inquiry_users"),
    _kind("returning_daily", "returning_buyers", "exposed_users visiting_users repurchase_buyers_30d repurchase_rate_30d"),
    _kind("costs", "unit_cost"),
    _kind("stock", "item_id stock_units date"),
    _kind("lead_times", "item_id lead_time_days"),
    _kind("offsite_spend", "channel spend"),
    _kind("ad_tests", "channel start end", "tested_roas provinces spend_change"),
    _kind("targets", "metric target"),
    _kind("plan", "item_id price date"),
    _kind("paths", "path conversions"),
)  # fmt: skip
BEFORE = ("refunds", "cps_orders", "logistics", "orders")  # on a tie: the kind that says more about itself
_FOREIGN = {  # kinds that share fields with a wider report: headers that give the wider one away
    "order_items": "退款编号 超时类型 总金额 佣金",
    "shop_daily": "商品ID 搜索词 一级来源 流量来源 来源 旺旺昵称 活动名称 活动id 进店老客数 领取张数",
    "product_daily": "活动名称 活动id 展现量 领取张数",
    "search_own": "展现量 搜索人气",
    "offsite_spend": "展现量 点击量",
    "campaign_summary": "商品id 商品ID",
    "traffic_source": "展现量",
    "stock": "活动价格 一口价",
    "costs": "访客数",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: position, header as it stands, field it is read as, and whether its numbers are in percent."""

    position: int
    header: str
    field: str
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A recognised header row.

    Attributes
    ----------
    table : canonical table
    columns : columns that are read
    unmapped : headers that nothing is known about, with their closest known names
    missing : required fields the file does not have
    headers : every header, also of columns that are not read
    """

    table: str
    columns: tuple[Column, ...]
    unmapped: Mapping[str, tuple[str, ...]]
    missing: tuple[str, ...]
    headers: tuple[str, ...] = ()

    @property
    def fields(self) -> set[str]:
        return {c.field for c in self.columns}


@lru_cache(maxsize=100_000)
def clean_header(text: str) -> str:
    """A header without byte-order mark, blanks around it, line ends inside it, quotes and ``="…"``."""
    text = text.replace("\ufeff", "").replace("\n", "").replace("\r", "")
    return text.strip(" \t\u3000\xa0'\"=").strip()


@lru_cache(maxsize=100_000)
def _norm(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


@lru_cache(maxsize=100_000)
def _without_unit(normal: str) -> str:
    return UNITS.sub("", normal)


@cache
def _known() -> Mapping[tuple[str, str], str]:
    """(table or "", normalised header) → role."""
    path = Path(__file__).with_name("known_headers.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return MappingProxyType({(r["table"], _norm(r["header"])): r["role"] for r in csv.DictReader(file)})


@cache
def _headers(table: str) -> Mapping[str, tuple[str, int]]:
    """Normalised header → (field, rank); aliases first, then the glossary's own term and identifier."""
    known: dict[str, tuple[str, int]] = {}
    order = {(name, header): n for name in FIELDS for n, (_, header) in enumerate(FIELDS[name].aliases)}
    for header, name in aliases_for(table).items():
        known[_norm(header)] = (name, order[name, header])
    for (owner, header), role in _known().items():
        if owner == table and role.startswith("read:"):
            known[header] = (role.removeprefix("read:"), 0)
    for name in TABLES[table].columns:
        for header in (FIELDS[name].zh, name) if name in FIELDS else (name,):
            known.setdefault(_norm(header), (name, 50))
    return MappingProxyType(known)


@cache
def _all_headers() -> frozenset[str]:
    return frozenset(h for table in TABLES for h in _headers(table))


def find_header(head: Sequence[Sequence[str]], extra: Mapping[str, Mapping[str, str]]) -> tuple[int, Match] | None:
    """Return the header row (0-based) among the first rows and what it is, or None."""
    best: tuple[int, int, Match] | None = None
    for n, row in enumerate(head):
        match = recognise(tuple(row), extra)
        if match is not None and (best is None or len(match.columns) > best[0]):
            best = (len(match.columns), n, match)
    return (best[1], best[2]) if best else None


def recognise(row: tuple[str, ...], extra: Mapping[str, Mapping[str, str]] | None = None) -> Match | None:
    """Return what a header row is, or None; ``extra`` maps headers per table ("" for every table) to fields."""
    headers = tuple(clean_header(c) for c in row)
    extra = extra or {}
    own = {_norm(h) for names in extra.values() for h in names}
    normal = [_norm(h) for h in headers]
    known = _all_headers()
    if sum(1 for h in normal if h and (h in known or h in own or _without_unit(h) in known)) < 2:
        return None
    found = []
    for rank, kind in enumerate(KINDS):
        columns = _map(kind.table, headers, extra)
        foreign = {_norm(h) for h in _FOREIGN.get(kind.table, "").split()} & set(normal)
        if kind.fits({c.field for c in columns}) and not foreign:
            found.append((len(columns), kind.table in BEFORE, -rank, kind.table, columns))
    if not found:
        return None
    *_, table, columns = max(found, key=lambda f: f[:3])
    return Match(table, columns, _unmapped(table, headers, columns), _missing(table, columns), headers)


def _map(table: str, headers: tuple[str, ...], extra: Mapping[str, Mapping[str, str]]) -> tuple[Column, ...]:
    """Columns that this table would read; of two headers of one field the glossary's first alias wins."""
    known, own = _headers(table), {_norm(h): f for key in ("", table) for h, f in extra.get(key, {}).items()}
    chosen: dict[str, tuple[int, Column]] = {}
    times: Counter[str] = Counter()
    for n, header in enumerate(headers):
        times[_norm(header)] += 1
        normal = _norm(header) + (f"#{times[_norm(header)]}" if times[_norm(header)] > 1 else "")  # a repeated header
        percent = normal.endswith("(%)")
        name, rank = (own[normal], -1) if normal in own else known.get(normal) or known.get(_without_unit(normal)) or ("", 0)
        if name and (name not in chosen or rank < chosen[name][0]):
            chosen[name] = (rank, Column(n, header, name, percent))
    columns = [c for _, c in sorted(chosen.values(), key=lambda v: v[1].position)]
    return tuple(_ads_subject(headers, columns) if table == "ads" else columns)


def _ads_subject(headers: tuple[str, ...], columns: list[Column]) -> list[Column]:
    """In reports by audience, creative or keyword the promoted item stands in 主体ID: it is not the report's entity."""
    at = {h: n for n, h in enumerate(headers)}
    own = [h for h in headers if h.startswith(("人群名", "人群ID", "创意", "词ID", "词 ID", "词名字", "词包"))]
    if not own or "主体ID" not in at:
        return columns
    kept = [c for c in columns if c.header not in ("主体ID", "主体名称", "主体类型")]
    fields = {c.field for c in kept}
    for header, name in (("主体ID", "item_id"), ("主体名称", "item_title")):
        if header in at and name not in fields:
            kept.append(Column(at[header], header, name))
    for header in own:
        name = "entity_id" if "ID" in header else "entity"
        if name not in {c.field for c in kept} and not header.startswith("词名字"):
            kept.append(Column(at[header], header, name))
    return sorted(kept, key=lambda c: c.position)


def _unmapped(table: str, headers: tuple[str, ...], columns: Sequence[Column]) -> Mapping[str, tuple[str, ...]]:
    """Headers nothing is known about, each with its closest known names."""
    taken, known, names = {c.position for c in columns}, _known(), _headers(table)
    out: dict[str, tuple[str, ...]] = {}
    for n, header in enumerate(headers):
        normal = UNITS.sub("", _norm(header))
        if n in taken or not normal or normal.isdigit() or normal.startswith("unnamed:"):
            continue
        change = normal.endswith(("环比", "同比", "较前一日", "较上周同期", "较上一周期"))
        if change or normal in names or ("", normal) in known or (table, normal) in known or _norm(header) in names:
            continue
        out[header] = tuple(closest(header, [h for name in _fields_of(table) for _, h in FIELDS[name].aliases]))
    return MappingProxyType(out)


def _fields_of(table: str) -> list[str]:
    return sorted({name for name, _ in _headers(table).values() if name in FIELDS})


def _missing(table: str, columns: Sequence[Column]) -> tuple[str, ...]:
    fields = {c.field for c in columns}
    has_paid = "buyer_paid" in fields
    made = {"net_amount", "paid_amount"} if has_paid else set()
    ranges = {f"{f}_{end}" for f in fields for end in ("low", "high")}
    spans = {"start_at", "end_at"} if "campaign_span" in fields else set()
    return tuple(f for f in TABLES[table].required if f not in fields | made | ranges | spans)


def read_mapping(settings: Mapping[str, object], source: str) -> dict[str, dict[str, str]]:
    """Return the headers that ``shop.toml`` maps: ``[columns]`` for every table, ``[columns.orders]`` for one."""
    out: dict[str, dict[str, str]] = {"": {}}
    section = settings.get("columns", {})
    for key, value in section.items() if isinstance(section, Mapping) else ():
        if isinstance(value, Mapping):
            if key not in TABLES:
                hint = ", ".join(closest(key, TABLES)) or ", ".join(TABLES)
                raise ExportError(source, f"[columns.{key}] is no table; did you mean {hint}?")
            out[key] = {str(h): _known_field(str(f), source) for h, f in value.items()}
        else:
            out[""][str(key)] = _known_field(str(value), source)
    return out


def _known_field(name: str, source: str) -> str:
    if name in FIELDS or name in SPECIAL:
        return name
    raise ExportError(source, f"[columns] maps to {name}, which is no field; did you mean {', '.join(closest(name, FIELDS))}?")
