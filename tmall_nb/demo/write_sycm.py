"""Files of 生意参谋: items by day (BIFF xls, four title rows), shop by day, sources (xls), search terms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tmall_nb.demo.biff import write_xls
from tmall_nb.demo.items import Items
from tmall_nb.demo.keywords import Keywords
from tmall_nb.demo.season import Days
from tmall_nb.demo.sheets import commas, percent, write_csv, write_html, write_xlsx
from tmall_nb.demo.streams import Settings
from tmall_nb.demo.tally import Tally
from tmall_nb.demo.traffic import LEAVES, Traffic

__all__ = ["write_items", "write_search", "write_shop", "write_sources"]

TITLE = [["生意参谋-商品"], ["统计周期：按天"], ["数据更新时间：次日9点"], []]


def write_items(folder: Path, settings: Settings, days: Days, items: Items, tally: Tally, span: slice) -> None:
    """Write one month of 商品排行; the last row is a total with 商品ID ``-``, as some downloads have."""
    t, i = np.nonzero((tally.visitors[:, span] > 0).T)
    t = t + span.start
    date = days.dates[t].astype(str).astype(object)
    take = {name: getattr(tally, name)[i, t] for name in Tally.CELLS}
    amount, visitors = take["paid_cents"], take["visitors"]
    columns = {
        "统计日期": date,
        "商品ID": items.ids[i],
        "商品名称": items.titles[i],
        "货号": items.codes[i],
        "商品状态": np.full(len(i), "当前在线", dtype=object),
        "商品标签": np.full(len(i), "-", dtype=object),
        "商品访客数": commas(visitors),
        "商品浏览量": commas(take["page_views"]),
        "平均停留时长": commas(14 + (visitors * 7 + i) % 19, digits=2),
        "商品详情页跳出率": percent(np.round(visitors * (0.5 + (i % 7) * 0.04)), visitors),
        "商品收藏人数": commas(take["favorites"]),
        "商品加购件数": commas(np.ceil(take["carts"] * 1.15)),
        "商品加购人数": commas(take["carts"]),
        "下单买家数": commas(take["ordering_buyers"]),
        "下单件数": commas(take["ordered_units"]),
        "下单金额": commas(take["ordered_cents"] / 100, digits=2),
        "下单转化率": percent(take["ordering_buyers"], visitors),
        "支付买家数": commas(take["buyers"]),
        "支付件数": commas(take["units"]),
        "支付金额": commas(amount / 100, digits=2),
        "商品支付转化率": percent(take["buyers"], visitors),
        "支付新买家数": commas(take["new_buyers"]),
        "支付老买家数": commas(take["buyers"] - take["new_buyers"]),
        "老买家支付金额": commas(take["returning_cents"] / 100, digits=2),
        "聚划算支付金额": commas(take["ju_cents"] / 100, digits=2),
        "访客平均价值": commas(amount / 100 / np.maximum(visitors, 1), digits=2),
        "成功退款金额": commas(take["refund_cents"] / 100, digits=2),
        "竞争力评分": commas(60 + (i * 13) % 35),
        "搜索引导支付转化率": percent(np.round(take["buyers"] * 0.36), np.round(visitors * 0.33)),
        "搜索引导访客数": commas(np.round(visitors * 0.33)),
        "搜索引导支付买家数": commas(np.round(take["buyers"] * 0.36)),
    }
    total = {name: np.array(["-"], dtype=object) for name in columns} | {"商品名称": np.array(["汇总"], dtype=object)}
    total["支付金额"] = commas(np.array([amount.sum() / 100]), digits=2)
    columns = {name: np.concatenate([values, total[name]]) for name, values in columns.items()}
    first, last = days.dates[span.start], days.dates[span.stop - 1]
    path = folder / f"【生意参谋平台】商品_全部_{first}_{last}.xls"
    write_xls(path, {"商品": (TITLE, columns)})


def write_shop(folder: Path, days: Days, tally: Tally, traffic: Traffic, spend: np.ndarray) -> None:
    """Write 店铺概况 by day, all days in one xlsx."""
    s = tally.shop
    visitors = traffic.shop_visitors
    columns: dict[str, Any] = {
        "统计日期": days.dates.astype(str).astype(object),
        "访客数": visitors,
        "浏览量": tally.page_views.sum(axis=0),
        "支付金额": np.round(s["paid_cents"] / 100, 2),
        "支付买家数": s["buyers"],
        "支付件数": s["units"],
        "支付订单数": s["orders"],
        "支付转化率": percent(s["buyers"], visitors),
        "客单价": np.round(s["paid_cents"] / 100 / np.maximum(s["buyers"], 1), 2),
        "商品收藏人数": np.round(tally.favorites.sum(axis=0) * 0.9),
        "加购人数": np.round(tally.carts.sum(axis=0) * 0.85),
        "加购件数": np.ceil(tally.carts * 1.15).sum(axis=0),
        "支付新买家数": s["new_buyers"],
        "支付老买家数": s["buyers"] - s["new_buyers"],
        "老买家支付金额": np.round(s["returning_cents"] / 100, 2),
        "成功退款金额": np.round(s["refund_cents"] / 100, 2),
        "关键词推广花费": spend[0] / 100,
        "精准人群推广花费": spend[1] / 100,
        "全站推广花费": spend[2] / 100,
        "淘宝客佣金": np.round(s["cps_cents"] / 100, 2),
        "24小时揽收及时率": percent(s["fast"], np.maximum(s["orders"], 1)),
        "物流到货时长(小时)": np.round(s["hours"], 2),
        "退款处理时长(天)": np.round(s["refund_days"], 2),
        "成功退款率": percent(np.round(s["orders"] * 0.9), s["orders"]),
    }
    write_xlsx(folder / "店铺概况_按天.xlsx", columns, sheet="店铺")


def write_sources(folder: Path, settings: Settings, days: Days, tally: Tally, traffic: Traffic) -> None:
    """Write 店铺流量来源, one file a day with the date only in its name: headers in row 6, 汇总 rows at every level.

    The last 92 days are there (31 for larger shops), as a merchant who downloads now would have them.
    """
    keep = min(len(days.dates), 92 if settings.size == "small" else 31)
    rng = settings.rng("sources")
    rate = np.array([leaf[5] for leaf in LEAVES])
    above = [["生意参谋-流量"], ["店铺流量来源"], ["统计周期：1天"], [], ["更新时间：次日9点"]]
    for t in range(len(days.dates) - keep, len(days.dates)):
        seen = traffic.leaves[:, t]
        weight = seen * rate
        share = weight / max(weight.sum(), 1e-9)
        buyers = np.minimum(rng.multinomial(int(tally.shop["buyers"][t] * 1.06 + 0.5), share), seen)
        cents = np.floor(tally.shop["paid_cents"][t] * 1.05 * buyers / max(buyers.sum(), 1))
        rows = _source_rows(seen, buyers, cents)
        change = {
            f"{name}环比": np.full(len(rows["访客数"]), f"{rng.integers(-20, 25)}.{rng.integers(10, 99)}%", dtype=object)
            for name in ("访客数", "支付金额")
        }
        columns = _interleave(rows, change)
        name = f"【生意参谋平台】无线店铺流量来源-{days.dates[t]}_{days.dates[t]}.xls"
        write_xls(folder / name, {"全店流量来源": (above, columns)})


def _interleave(rows: dict[str, np.ndarray], change: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    out: dict[str, np.ndarray] = {}
    for name, values in rows.items():
        out[name] = values
        if f"{name}环比" in change:
            out[f"{name}环比"] = change[f"{name}环比"]
    return out


def _source_rows(seen: np.ndarray, buyers: np.ndarray, cents: np.ndarray) -> dict[str, np.ndarray]:
    """Leaf rows and the 汇总 rows of every level above them."""
    levels, groups = [], []
    for leaf in LEAVES:
        for depth in range(1, 5):
            path = tuple(leaf[:depth]) + ("汇总",) * (4 - depth)
            if path not in levels:
                levels.append(path)
                groups.append([m for m, other in enumerate(LEAVES) if other[:depth] == leaf[:depth]])
    total = [np.array([values[g].sum() for g in groups], dtype=float) for values in (seen, buyers, cents)]
    rows = {
        name: np.array([p[d] for p in levels], dtype=object)
        for d, name in enumerate(("一级来源", "二级来源", "三级来源", "四级来源"))
    }
    return (
        {"流量载体": np.full(len(levels), "无线", dtype=object)}
        | rows
        | {
            "访客数": commas(total[0]),
            "新访客": commas(np.round(total[0] * 0.62)),
            "商品点击人数": commas(np.round(total[0] * 0.55)),
            "加购人数": commas(np.round(total[0] * 0.07)),
            "商品收藏人数": commas(np.round(total[0] * 0.03)),
            "支付买家数": commas(total[1]),
            "支付转化率": percent(total[1], total[0]),
            "支付金额": commas(total[2] / 100, digits=2),
            "客单价": commas(total[2] / 100 / np.maximum(total[1], 1), digits=2),
            "UV价值": commas(total[2] / 100 / np.maximum(total[0], 1), digits=2),
            "下单买家数": commas(np.ceil(total[1] * 1.1)),
            "下单金额": commas(total[2] * 1.1 / 100, digits=2),
        }
    )


def write_search(folder: Path, settings: Settings, days: Days, traffic: Traffic, keywords: Keywords) -> None:
    """Write 引流搜索词 (HTML called .xls for the older month, xls after) and 搜索排行 (weekly, ranges)."""
    rng = settings.rng("search")
    top = np.argsort(-keywords.click_share)[: min(60, len(keywords.texts))]
    keep = min(len(days.dates), 91)
    share = keywords.popularity[top] / keywords.popularity[top].sum()
    pieces = []
    for t in range(len(days.dates) - keep, len(days.dates)):
        seen = rng.multinomial(int(traffic.leaves[0, t] * 0.7), share)
        buyers = rng.binomial(seen, np.clip(keywords.rate[top] * 0.9, 0, 0.5))
        pieces.append((np.full(len(top), str(days.dates[t]), dtype=object), keywords.texts[top], seen, buyers))
    date, text, seen, buyers = (np.concatenate(p) for p in zip(*pieces, strict=True))
    amount = buyers * 165.0
    columns = {
        "统计日期": date,
        "搜索词": text,
        "访客数": commas(seen),
        "加购人数": commas(np.round(seen * 0.08)),
        "商品收藏人数": commas(np.round(seen * 0.04)),
        "支付买家数": commas(buyers),
        "支付转化率": percent(buyers, seen),
        "支付件数": commas(buyers),
        "支付金额": commas(amount, digits=2),
        "客单价": commas(np.where(buyers > 0, 165.0, np.nan), digits=2),
        "UV价值": commas(amount / np.maximum(seen, 1), digits=2),
    }
    old = date < str(days.dates[-1] - 30)
    write_html(folder / f"引流搜索词_{date[0]}_{days.dates[-1] - 31}.xls", {n: v[old] for n, v in columns.items()})
    write_xls(
        folder / f"引流搜索词_{days.dates[-1] - 30}_{days.dates[-1]}.xls",
        {"引流搜索词": ([["引流搜索词"], []], {n: v[~old] for n, v in columns.items()})},
    )
    if "missing_files" not in settings.hard:
        _write_market(folder, settings, days, keywords, rng)


def _range(low: np.ndarray, high: np.ndarray, text: str) -> np.ndarray:
    return np.array([f"{text.format(a)} ~ {text.format(b)}" for a, b in zip(low, high, strict=True)], dtype=object)


def _write_market(folder: Path, settings: Settings, days: Days, keywords: Keywords, rng: np.random.Generator) -> None:
    """Market popularity is published as steps: 600 ~ 1200, the true number somewhere inside."""
    steps = np.array(
        [0, 50, 100, 200, 300, 600, 1200, 2500, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000]
    )
    rates = np.array([0, 0.5, 1, 2.5, 5, 7.5, 10, 15, 20, 30, 50, 100])
    order = np.argsort(-keywords.popularity)[:200]
    pieces: list[dict[str, np.ndarray]] = []
    for week in range(min(13, len(days.dates) // 7)):
        day = len(days.dates) - 1 - 7 * week
        true = keywords.popularity[order] * np.exp(0.5 * days.traffic[day] + rng.normal(0, 0.1, len(order))) / 4
        spot = np.clip(np.searchsorted(steps, true, side="right"), 1, len(steps) - 1)
        pay = np.clip(np.searchsorted(rates, keywords.rate[order] * 70, side="right"), 1, len(rates) - 1)
        pieces.append(
            {
                "统计日期": np.full(len(order), str(days.dates[day]), dtype=object),
                "类目": np.full(len(order), settings.profile.name[2:4], dtype=object),
                "排名": np.arange(1, len(order) + 1),
                "搜索词": keywords.texts[order],
                "搜索人气": _range(steps[spot - 1], steps[spot], "{}"),
                "搜索增速": np.array([f"{v:.2f}%" for v in rng.normal(0, 8, len(order))], dtype=object),
                "点击率": np.round(rng.uniform(0.7, 1.3, len(order)), 2),
                "支付转化率": _range(rates[pay - 1], rates[pay], "{:g}%"),
                "需求供给比": np.round(rng.lognormal(-1, 0.6, len(order)), 4),
                "天猫商品点击占比": percent(rng.integers(40, 90, len(order)), np.full(len(order), 100)),
            }
        )
    columns = {name: np.concatenate([p[name] for p in pieces]) for name in pieces[0]}
    write_csv(folder / f"搜索排行_{days.dates[-1]}.csv", columns, encoding="utf-8", bom=True)
