"""The service part of the world: reviews, inquiries and logistics.

Equations: 22 % of confirmed orders are reviewed, 1-6 days after delivery; a review is good with the item's ``quality``
probability and names one to three aspects, each from a template of known sentiment (a good review has its weaker aspect
negative with probability .12, a bad one its stronger aspect positive with .25); stars carry noise: 8 % of bad reviews
still give five stars. Two bursts of malicious reviews (6-10 near copies within two days) hit one item each. Inquiries ~
Poisson(.09 visitors); the first response time of agent a is lognormal with median ``AGENTS[a]`` seconds, 1.8 times as
long on burst days; inquiries end in an order with .34 - .0012 x seconds. Logistics hours by carrier: ``CARRIERS``.
Naive: the star average hides what reviews complain about; hours averaged over carriers hide the slow one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tmall_nb.demo.buyers import Buyers
from tmall_nb.demo.items import Items
from tmall_nb.demo.names import CARRIERS, PROVINCES
from tmall_nb.demo.review_words import ASPECTS, ENDINGS, MALICIOUS, OPENINGS
from tmall_nb.demo.season import Days
from tmall_nb.demo.sheets import seconds_text, write_csv, write_xlsx
from tmall_nb.demo.streams import Settings
from tmall_nb.demo.tally import Tally
from tmall_nb.demo.traffic import Traffic
from tmall_nb.demo.write_orders import DAY, Month

__all__ = ["ServiceFiles"]

REVIEWED, LIMIT = 0.22, 40_000
AGENTS = {"青青": 22.0, "小木": 35.0, "阿禾": 58.0}


class ServiceFiles:
    """Collects reviews and deliveries month by month and writes the service files."""

    def __init__(self, settings: Settings, days: Days, items: Items):
        self._settings, self._days, self._items = settings, days, items
        self._rng = settings.rng("service")
        self._rows: list[tuple[Any, ...]] = []
        self._deliveries: list[dict[str, np.ndarray]] = []
        self._bursts: list[dict[str, Any]] = []
        self._good = np.zeros((items.count, 2), dtype=np.int64)

    def add(self, month: Month, buyers: Buyers) -> None:
        """Take a month's confirmed orders into the reviews and its parcels into the logistics file."""
        first = month.lines.order_first
        ready = np.flatnonzero(month.confirmed >= 0)
        chosen = ready[self._rng.random(len(ready)) < REVIEWED][: max(LIMIT - len(self._rows), 0)]
        for n in chosen.tolist():
            self._review(month, n, int(month.lines.item[first[n]]))
        self._add_deliveries(month, buyers)

    def _review(self, month: Month, n: int, item: int) -> None:
        rng = self._rng
        good = bool(rng.random() < self._items.quality[item])
        names = rng.choice(list(ASPECTS), size=int(rng.integers(1, 4)), replace=False)
        parts, aspects = [OPENINGS[int(good)][int(rng.integers(3))]], []
        for position, name in enumerate(names):
            flip = position == 1 and rng.random() < (0.12 if good else 0.25)
            kind = good != flip
            options = ASPECTS[str(name)][int(kind)]
            parts.append(options[int(rng.integers(len(options)))])
            aspects.append(f"{name}{'+' if kind else '-'}")
        parts.append(ENDINGS[int(good)][int(rng.integers(3))])
        stars = int(rng.choice([5, 4], p=[0.88, 0.12])) if good else int(rng.choice([1, 2, 3, 5], p=[0.42, 0.28, 0.22, 0.08]))
        when = int(month.delivered[n]) + int(rng.integers(1, 7)) * DAY
        self._good[item] += (good, 1)
        self._rows.append(
            (str(month.order_id[n]), item, "，".join(p for p in parts if p) + "。", when, stars, good, " ".join(aspects))
        )

    def _add_deliveries(self, month: Month, buyers: Buyers) -> None:
        pick = np.flatnonzero(month.shipped >= 0)[: max(LIMIT - sum(len(d["id"]) for d in self._deliveries), 0)]
        self._deliveries.append(
            {
                "id": month.order_id[pick].astype(str).astype(object),
                "carrier": month.carrier[pick],
                "paid": month.lines.paid_second[pick],
                "shipped": month.shipped[pick],
                "delivered": month.delivered[pick],
                "province": buyers.province[month.buyer[pick]],
            }
        )

    def _add_malicious(self) -> None:
        """Two bursts of near copies on one item each, in the second half of the days."""
        length = len(self._days.dates)
        start = self._days.dates.astype("datetime64[s]").astype(np.int64)
        for n in range(2):
            item, t = int(self._rng.integers(self._items.count)), int(self._rng.integers(length // 2, length - 3))
            size = int(self._rng.integers(6, 11))
            for k in range(size):
                text = MALICIOUS[n % len(MALICIOUS)].replace("{}", ["，", "！", "。", "，真的"][k % 4])
                self._rows.append(("", item, text, int(start[t] + self._rng.integers(0, 2 * DAY)), 1, False, "malicious"))
            self._bursts.append({"item_id": self._items.ids[item], "date": str(self._days.dates[t]), "reviews": size})

    def write(self, folder: Path, tally: Tally, traffic: Traffic) -> None:
        """Write reviews, logistics and customer-service files."""
        self._add_malicious()
        if "missing_files" in self._settings.hard:
            return
        close = int(self._days.dates[-1].astype("datetime64[s]").astype(np.int64)) + DAY
        rows = sorted((r for r in self._rows if r[3] < close), key=lambda r: (r[3], r[0], r[2]))
        order, item, text, when, stars, _, _ = (list(v) for v in zip(*rows, strict=True)) if rows else ([] for _ in range(7))
        mood = [13 if s <= 2 else 12 if s == 3 else 11 for s in stars]
        write_csv(
            folder / "评价导出.csv",
            {
                "评价ID": np.array([f"11{n:010d}" for n in range(len(rows))], dtype=object),
                "订单ID": np.array(order, dtype=object),
                "商品ID": self._items.ids[np.array(item, dtype=np.int64)],
                "内容": np.array(text, dtype=object),
                "时间": seconds_text(np.array(when, dtype=np.int64)),
                "星级": np.array(stars),
                "情感": np.array(mood),
            },
            encoding="utf-8",
            bom=True,
        )
        self._write_logistics(folder)
        self._write_agents(folder, traffic)

    def _write_logistics(self, folder: Path) -> None:
        if not self._deliveries:
            return
        rows = {name: np.concatenate([d[name] for d in self._deliveries]) for name in self._deliveries[0]}
        late = rows["shipped"] - rows["paid"] > 48 * 3600
        write_csv(
            folder / "物流明细.csv",
            {
                "交易单号": rows["id"],
                "运单号": np.array([f"YT{i[-13:]}" for i in rows["id"]], dtype=object),
                "快递公司": np.array(list(CARRIERS), dtype=object)[rows["carrier"]],
                "支付时间": seconds_text(rows["paid"]),
                "应揽收时间": seconds_text(rows["paid"] + 2 * DAY),
                "发货时间": seconds_text(rows["shipped"]),
                "签收时间": seconds_text(rows["delivered"]),
                "收货省份": np.array(PROVINCES, dtype=object)[rows["province"]],
                "异常类型": np.where(late, "揽收超时", "").astype(object),
            },
        )

    def _write_agents(self, folder: Path, traffic: Traffic) -> None:
        rng, days = self._settings.rng("agents"), self._days
        keep = slice(max(len(days.dates) - 184, 0), len(days.dates))
        dates = days.dates[keep].astype(str).astype(object)
        slow = np.where(days.burst[keep], 1.8, 1.0)
        pieces = []
        for name, median in AGENTS.items():
            asked = rng.poisson(traffic.shop_visitors[keep] * 0.03)
            seconds = median * slow * np.exp(rng.normal(0, 0.2, len(dates)))
            bought = rng.binomial(asked, np.clip(0.34 - 0.0012 * seconds, 0.05, 0.9))
            rate = np.divide(bought, asked, out=np.full(len(asked), np.nan), where=asked > 0)
            pieces.append(
                {
                    "日期": dates,
                    "旺旺昵称": np.full(len(dates), name, dtype=object),
                    "询单人数": asked,
                    "询单最终付款人数": bought,
                    "询单最终付款转化率": np.round(rate, 4),
                    "首次响应时长（秒）": np.round(seconds, 1),
                    "平均响应时长（秒）": np.round(seconds * 1.4, 1),
                    "客户满意率": np.round(np.clip(0.97 - seconds / 900, 0.5, 1), 4),
                    "旺旺回复率": np.round(np.clip(rng.normal(0.985, 0.01, len(dates)), 0.8, 1), 4),
                }
            )
        write_xlsx(folder / "客服绩效.xlsx", {name: np.concatenate([p[name] for p in pieces]) for name in pieces[0]})

    def truth(self) -> dict[str, Any]:
        """Counts of good reviews, malicious bursts, response medians and carriers' mean hours."""
        shown = np.flatnonzero(self._good[:, 1])
        return {
            "good_reviews": {self._items.ids[n]: self._good[n].tolist() for n in shown},
            "malicious_bursts": self._bursts,
            "first_response_median_seconds": AGENTS,
            "carrier_hours": {name: hours for name, (_, hours) in CARRIERS.items()},
            "reviews": len(self._rows),
        }
