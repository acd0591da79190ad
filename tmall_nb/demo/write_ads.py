"""Ad reports of 万相台无界: plans (all months), and items, terms, audiences and provinces (the last 182 days).

csv in GB18030, at most 91 days per pull; plans as a zip that holds one csv. Ratios are fractions and blank where the
divisor is 0. 总成交金额 = direct + indirect, without presale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tmall_nb.demo.ads import CHANNELS
from tmall_nb.demo.keywords import Keywords
from tmall_nb.demo.names import AUDIENCES, PROVINCE_WEIGHTS, PROVINCES
from tmall_nb.demo.reports import Booked, split
from tmall_nb.demo.season import Days
from tmall_nb.demo.sheets import write_csv, write_csv_parts, write_zip, yuan
from tmall_nb.demo.world import Market

__all__ = ["write_ads"]

PLANS = (("7301001", "关键词_日常引流"), ("7302001", "人群_种草收割"), ("7303001", "全站_稳投产"))
BACK, PULL, BLOCK = 182, 91, 13  # days of detail, of a pull, and held as text at once


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Fractions rounded as the files show them; NaN (blank) where nothing divides."""
    out = np.full(len(part), np.nan)
    np.divide(part, whole, out=out, where=whole > 0)
    return np.round(out, 5)


def _metrics(rows: dict[str, np.ndarray]) -> dict[str, Any]:
    """The metric columns in the platform's order, from counts."""
    click, shown, spend, orders = rows["clicks"], rows["impressions"], yuan(rows["spend_cents"]), rows["orders"]
    total, direct = yuan(rows["sales_cents"]), yuan(rows["direct_cents"])
    carts, likes = np.round(click * 0.12 + orders * 0.4), np.round(click * 0.03)
    return {
        "展现量": shown,
        "点击量": click,
        "花费": spend,
        "点击率": _ratio(click, shown),
        "平均点击花费": np.round(_ratio(spend, click), 2),
        "千次展现花费": np.round(_ratio(spend * 1000, shown), 2),
        "总预售成交金额": yuan(rows["presale_cents"]),
        "总预售成交笔数": rows["presale_orders"],
        "直接成交金额": direct,
        "间接成交金额": np.round(total - direct, 2),
        "总成交金额": total,
        "总成交笔数": orders,
        "直接成交笔数": rows["direct_orders"],
        "间接成交笔数": orders - rows["direct_orders"],
        "点击转化率": _ratio(orders, click),
        "投入产出比": np.round(_ratio(total, spend), 2),
        "含预售投产比": np.round(_ratio(total + yuan(rows["presale_cents"]), spend), 2),
        "总成交成本": np.round(_ratio(spend, orders), 2),
        "总购物车数": carts,
        "加购率": _ratio(carts, click),
        "收藏宝贝数": likes,
        "优惠券领取量": np.round(click * 0.05),
        "引导访问量": np.round(click * 0.93),
        "引导访问人数": np.round(click * 0.85),
        "成交新客数": np.round(orders * 0.7),
    }


def _rows(booked: Booked, span: slice) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Subject and day of every cell with an impression, and its counts."""
    t, k = np.nonzero((booked.impressions[:, span] > 0).T)
    t = t + span.start
    return k, t, {name: getattr(booked, name)[k, t] for name in Booked.__slots__}


def _frame(days: Days, booked: Booked, span: slice, channel: int, subject: Any) -> dict[str, Any]:
    """Columns of a report: date, scene, plan, the subject's own columns (made by ``subject(k)``), metrics."""
    k, t, counts = _rows(booked, span)
    scene, plan = CHANNELS[channel], PLANS[channel]
    full = {
        "日期": days.dates[t].astype(str).astype(object),
        "场景ID": scene.scene_id,
        "场景名字": scene.name,
        "原二级场景ID": scene.scene_id,
        "原二级场景名字": scene.name,
        "计划ID": plan[0],
        "计划名字": plan[1],
    }
    columns = {name: v if isinstance(v, np.ndarray) else np.full(len(k), v, dtype=object) for name, v in full.items()}
    return columns | subject(k) | _metrics(counts)


def _parts(
    days: Days, booked: Booked, span: slice, channel: int, subject: Callable[[np.ndarray], dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """The same report, some days at a time."""
    for start in range(span.start, span.stop, BLOCK):
        yield _frame(days, booked, slice(start, min(start + BLOCK, span.stop)), channel, subject)


def _stack(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def _pulls(days: Days) -> list[slice]:
    start = max(len(days.dates) - BACK, 0)
    edges = [*range(start, len(days.dates), PULL), len(days.dates)]
    return [slice(a, b) for a, b in pairwise(edges)]


def _name(report: str, days: Days, span: slice, number: int) -> str:
    return f"{report}_{str(days.dates[span.stop - 1]).replace('-', '')}_1103{number:02d}"


def write_ads(folder: Path, market: Market, keywords: Keywords, booked: list[Booked]) -> None:
    """Write all ad reports; the keyword channel's subjects are terms, the others' items."""
    settings, days, items = market.settings, market.days, market.items
    by_item = [booked[0].groups(keywords.item, items.count), *booked[1:]]
    _write_plans(folder, days, by_item)
    if "missing_files" in settings.hard:
        return
    rng = settings.rng("ad-splits")
    shares = np.array([v[0] for v in AUDIENCES.values()])
    people = split(rng, by_item[1], shares, np.array([v[1] for v in AUDIENCES.values()]))
    regions = [split(rng, b, np.array(PROVINCE_WEIGHTS) / sum(PROVINCE_WEIGHTS), np.ones(31)) for b in by_item]
    unit = {"单元ID": "8801", "单元名字": "默认单元"}

    def of_item(k: np.ndarray) -> dict[str, Any]:
        return {"主体ID": items.ids[k], "主体类型": np.full(len(k), "商品", dtype=object), "主体名称": items.titles[k]}

    def of_term(k: np.ndarray) -> dict[str, Any]:
        fixed = {name: np.full(len(k), text, dtype=object) for name, text in unit.items()}
        term = {
            "词类型": np.full(len(k), "关键词", dtype=object),
            "词ID/词包ID": np.array([f"55{int(v):08d}" for v in k], dtype=object),
        }
        item = {"宝贝ID": items.ids[keywords.item[k]], "宝贝名称": items.titles[keywords.item[k]]}
        return fixed | item | term | {"词名字/词包名字": keywords.texts[k]}

    def of_people(k: np.ndarray) -> dict[str, Any]:
        fixed = {name: np.full(len(k), text, dtype=object) for name, text in unit.items()}
        return fixed | {"人群名字": np.array(list(AUDIENCES), dtype=object)[k]}

    def of_region(k: np.ndarray) -> dict[str, Any]:
        return {"省": np.array(PROVINCES, dtype=object)[k], "市": np.full(len(k), "", dtype=object)}

    for n, span in enumerate(_pulls(days)):
        parts = (part for c, b in enumerate(by_item) for part in _parts(days, b, span, c, of_item))
        write_csv_parts(folder / f"{_name('商品报表', days, span, n)}.csv", parts)
        write_csv_parts(folder / f"{_name('关键词报表', days, span, n)}.csv", _parts(days, booked[0], span, 0, of_term))
        write_csv(folder / f"{_name('人群报表', days, span, n)}.csv", _frame(days, people, span, 1, of_people))
    span = slice(max(len(days.dates) - 90, 0), len(days.dates))
    write_csv(
        folder / f"{_name('地域报表', days, span, 0)}.csv",
        _stack([_frame(days, b, span, c, of_region) for c, b in enumerate(regions)]),
    )


def _write_plans(folder: Path, days: Days, by_item: list[Booked]) -> None:
    """Plans day by day over the whole span, a zip with one csv per pull of 91 days."""
    edges = [*range(0, len(days.dates), PULL), len(days.dates)]
    for n, (a, b) in enumerate(pairwise(edges)):
        span = slice(a, b)
        columns = _stack([_frame(days, total.total(), span, c, lambda k: {}) for c, total in enumerate(by_item)])
        name = _name("计划报表", days, span, n)
        write_zip(folder / f"{name}.zip", f"{name}.csv", columns)
