"""Sheets only the merchant can fill (costs, stock, lead times, plan, targets, paths), item master and campaign files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tmall_nb.demo.campaigns import CampaignTruth
from tmall_nb.demo.items import Items
from tmall_nb.demo.paths import PathTruth
from tmall_nb.demo.season import EVE, PRESALE, Days
from tmall_nb.demo.sheets import write_csv, write_csv_parts, write_xlsx, yuan
from tmall_nb.demo.stock import Stock
from tmall_nb.demo.streams import Settings
from tmall_nb.demo.tally import Tally

__all__ = ["write_campaigns", "write_master", "write_paths", "write_sheets"]

BLOCK = 31  # days of stock held as text at once


def _text(days: np.ndarray) -> np.ndarray:
    return np.asarray(days).astype(str).astype(object)


def write_sheets(folder: Path, settings: Settings, days: Days, items: Items, stock: Stock) -> None:
    """Write costs (a row per change), daily stock, lead times and targets."""
    if "missing_files" not in settings.hard:
        changed = np.ones(items.cost_cents.shape, dtype=bool)
        changed[:, 1:] = items.cost_cents[:, 1:] != items.cost_cents[:, :-1]
        i, t = np.nonzero(changed)
        write_xlsx(
            folder / "成本表.xlsx",
            {
                "商品ID": items.ids[i],
                "商家编码": items.codes[i],
                "商品名称": items.titles[i],
                "生效日期": _text(days.dates[t]),
                "单位成本": yuan(items.cost_cents[i, t]),
            },
        )
    spans = (slice(start, start + BLOCK) for start in range(0, len(days.dates), BLOCK))
    rows = (_stock_columns(days, items, stock, span) for span in spans)
    write_csv_parts(folder / "库存表.csv", rows, encoding="utf-8", bom=True)
    write_xlsx(
        folder / "补货提前期.xlsx",
        {
            "商品ID": items.ids,
            "商品名称": items.titles,
            "补货提前期": items.lead_days,
            "提前期标准差": np.full(items.count, 1.4),
            "起订量": np.full(items.count, 10),
            "补货周期": np.full(items.count, 7),
        },
    )
    year = str(days.dates[-1])[:4]
    write_csv(
        folder / "目标表.csv",
        {
            "开始": np.array([f"{year}-01-01", f"{year}-11-01"], dtype=object),
            "结束": np.array([f"{year}-12-31", f"{year}-11-11"], dtype=object),
            "指标": np.array(["支付金额", "支付金额"], dtype=object),
            "目标值": np.array([2_400_000.0, 420_000.0]) * settings.orders / 20_000,
            "活动": np.array(["", "双11"], dtype=object),
        },
        encoding="utf-8",
        bom=True,
    )


def _stock_columns(days: Days, items: Items, stock: Stock, span: slice) -> dict[str, np.ndarray]:
    """Daily stock of the items on sale, for some days."""
    dates = days.dates[span]
    t, i = np.nonzero((items.launch[:, None] <= np.arange(len(days.dates))[None, span]).T)
    opening, closing, inbound = (m[i, t + span.start] for m in (stock.opening, stock.closing, stock.inbound))
    return {
        "日期": _text(dates)[t],
        "商品ID": items.ids[i],
        "商家编码": items.codes[i],
        "库存": closing,
        "在途": inbound,
        "有货": np.where(opening > 0, "是", "否").astype(object),
        "售罄": np.where((opening > 0) & (closing == 0), "是", "否").astype(object),
    }


def write_master(folder: Path, settings: Settings, items: Items, stock: Stock, days: Days) -> None:
    """Write the publishing template: groups in row 1, headers in row 2, 必填 in row 3, hints to row 7, ``商家编码`` twice."""
    attributes = settings.profile.attributes[:3]
    n = np.repeat(np.arange(items.count), len(attributes))
    k = np.tile(np.arange(len(attributes)), items.count)
    category = np.array(items.categories, dtype=object)[items.category[n]]
    sku = np.array([f"57{items.ids[i][-8:]}{j}" for i, j in zip(n, k, strict=True)], dtype=object)
    columns = {
        "商品ID": items.ids[n],
        "类目ID": np.array([f"5001{c:04d}" for c in items.category[n]], dtype=object),
        "类目名称": category,
        "商品标题": items.titles[n],
        "一口价": yuan(items.list_cents[n]),
        "导购标题": category,
        "商家编码": items.codes[n],
        "上架时间": _text(days.dates[np.maximum(items.launch, 0)])[n],
        "SKUID": sku,
        "销售属性": np.array(attributes, dtype=object)[k],
        "价格(元)": yuan(items.list_cents[n]),
        "数量": stock.closing[n, -1] // len(attributes),
        "商家编码\x00": np.array([f"{items.codes[i]}-{j + 1}" for i, j in zip(n, k, strict=True)], dtype=object),
    }
    hints = {
        name: np.concatenate([np.array(["必填" if c < 4 else "选填", "", "请勿改动", "示例", ""], dtype=object), _any(v)])
        for c, (name, v) in enumerate(columns.items())
    }
    write_xlsx(
        folder / "商品发布模板.xlsx", hints, sheet="发布模板", above=[["基础信息", "", "", "", "", "", "", "", "销售信息"]]
    )


def _any(values: np.ndarray) -> np.ndarray:
    return np.array(values.tolist(), dtype=object)


def write_campaigns(folder: Path, days: Days, items: Items, tally: Tally, truth: list[CampaignTruth]) -> None:
    """Write 活动总览, 活动报名 and 活动商品: the campaign dates as the merchant's own exports carry them."""
    rows = [(k, t) for k, t in enumerate(truth)]
    if not rows:
        return
    events, span = days.events, [np.flatnonzero((days.phase[k] > 0) & (days.phase[k] != PRESALE)) for k, _ in rows]
    ids = np.array([f"AC{n + 2401:06d}" for n in range(len(events))], dtype=object)
    begin = [
        f"{days.dates[s[0]]} {'20:00:00' if (days.phase[k][s[0]] == EVE) else '00:00:00'}"
        for (k, _), s in zip(rows, span, strict=True)
    ]
    end = [f"{days.dates[s[-1]]} 23:59:59" for s in span]
    warm = [f"{days.dates[max(s[0] - 7, 0)]} 00:00:00" for s in span]
    write_xlsx(
        folder / "活动总览.xlsx",
        {
            "活动id": ids,
            "活动名称": np.array([e.name for e in events], dtype=object),
            "活动类型": np.array([e.kind for e in events], dtype=object),
            "预热期开始时间": np.array(warm, dtype=object),
            "预热期结束时间": np.array([f"{days.dates[max(s[0] - 1, 0)]} 23:59:59" for s in span], dtype=object),
            "活动期开始时间": np.array(begin, dtype=object),
            "活动期结束时间": np.array(end, dtype=object),
            "累计支付金额": np.array([round(tally.paid_cents[:, s].sum() / 100, 2) for s in span]),
            "累计引流访客数": np.array([int(tally.visitors[:, s].sum() * 0.7) for s in span]),
        },
    )
    k, i = np.nonzero(days_enrolled(items))
    cut = np.array([items.price_cents[n, span[e]].min() for e, n in zip(k, i, strict=True)])
    write_xlsx(
        folder / "活动报名.xlsx",
        {
            "活动名称": np.array([e.name for e in events], dtype=object)[k],
            "活动类型": np.array([e.kind for e in events], dtype=object)[k],
            "预热时间": np.array(warm, dtype=object)[k],
            "活动时间": np.array([f"{a}-{b}" for a, b in zip(begin, end, strict=True)], dtype=object)[k],
            "商品id": items.ids[i],
            "商品名称": items.titles[i],
            "一口价": yuan(items.list_cents[i]),
            "活动价格": yuan(cut),
            "最低成交价": yuan(cut),
            "销量": np.array([int(tally.units[n, span[e]].sum()) for e, n in zip(k, i, strict=True)]),
            "活动状态": np.full(len(k), "已结束", dtype=object),
        },
    )


def days_enrolled(items: Items) -> np.ndarray:
    """(events, I) items that were enrolled and on sale by the campaign's time."""
    return items.enrolled


def write_paths(folder: Path, paths: PathTruth) -> None:
    """Write aggregated conversion paths."""
    write_csv(
        folder / "转化路径汇总.csv",
        {
            "转化路径": paths.paths,
            "转化数": paths.conversions,
            "转化金额": paths.value,
            "未转化数": paths.nulls,
        },
        encoding="utf-8",
        bom=True,
    )
