"""What single reports need beyond typed cells: net or gross, ad levels, leaf rows of traffic sources, prefixed ids.

**Net or gross.** In the order file, 买家实际支付金额 has been net of refunds (paid + refund = total on every paid order of a
real file) while 支付金额 elsewhere is gross. Headers have been renamed before, so the identity decides, never the name: on
orders with a refund, paid + refund = total says net, paid = total says gross.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tmall_nb.exports.clean import cents, decimal
from tmall_nb.exports.kinds import Match

__all__ = ["finish", "is_net", "name_fills"]

ALL = ("汇总", "全部", "合计", "整体")


def finish(match: Match, rows: dict[str, pa.Array], aside: np.ndarray, votes: Counter[str], *, net: bool) -> None:
    """Complete the rows of one chunk in place."""
    if "buyer_paid" in rows:
        whole = rows.get("order_total" if match.table == "orders" else "goods_payable")
        _settle(rows, whole, aside, votes, net=net)
    if match.table == "ads":
        _ads(match, rows)
    elif match.table == "traffic_source":
        _leaves(rows, aside)
    elif match.table == "product_master":
        hints = np.asarray(pc.fill_null(pc.invert(pc.match_substring_regex(rows["item_id"], pattern=r"^\d+$")), False))
        aside[hints & (aside == 0)] = "hint_row"
    elif match.table == "fund_flow" and "order_id" in rows:
        rows["order_id"] = pc.replace_substring_regex(rows["order_id"], pattern=r"^[A-Z]\d*P(\d{10,})$", replacement=r"\1")
    elif match.table == "price_stack" and "campaign_id" not in rows and "campaign" in rows:
        rows["campaign_id"] = rows["campaign"]


def _settle(rows: dict[str, pa.Array], whole: pa.Array | None, aside: np.ndarray, votes: Counter[str], *, net: bool) -> None:
    """net_amount, refund_amount and paid_amount, each what it is; and the evidence for it."""
    paid, known = cents(rows.pop("buyer_paid"))
    total, has_total = cents(whole) if whole is not None else (np.zeros_like(paid), np.zeros_like(known))
    if "refund_amount" in rows:
        back, has_back = cents(rows["refund_amount"])
        seen = known & has_back & has_total & (aside == 0)
        if "paid_at" in rows:
            seen &= np.asarray(pc.is_valid(rows["paid_at"]))
        votes["paid"] += int(seen.sum())
        votes["identity"] += int((seen & (paid + back == total)).sum())
        seen &= back > 0
        votes["refunded"] += int(seen.sum())
        votes["net"] += int((seen & (paid + back == total)).sum())
        votes["gross"] += int((seen & (paid == total)).sum())
    else:
        done = known & has_total & (paid > 0)
        back, has_back = np.where(done, np.maximum(total - paid, 0), 0), done
        rows["refund_amount"] = decimal(back, has_back)
        votes["no_refund_column"] += 1
    if net:
        rows["net_amount"], rows["paid_amount"] = decimal(paid, known), decimal(paid + back, known)
    else:
        rows["net_amount"], rows["paid_amount"] = decimal(paid - back, known), decimal(paid, known)


def is_net(votes: Counter[str]) -> bool:
    """Is the buyer-paid column net of refunds? Net unless the refunded orders say otherwise."""
    return votes["net"] >= votes["gross"]


def _ads(match: Match, rows: dict[str, pa.Array]) -> None:
    """The report's level from its headers, an id for every entity, and the item of item rows."""
    headers = " ".join(c.header for c in match.columns)
    fields = match.fields
    tests = (
        ("region", "province" in fields or "city" in fields),
        ("keyword", "keyword" in fields),
        ("creative", "创意" in headers),
        ("audience", "人群" in headers),
        ("item", "entity_id" in fields or "item_id" in fields),
    )
    level = next((name for name, holds in tests if holds), "plan")
    count = len(rows["spend"])
    rows["level"] = pa.repeat(pa.scalar(level), count)
    if level == "item":
        first, second = ("item_id", "entity_id") if "item_id" in rows else ("entity_id", "item_id")
        rows.setdefault(second, rows[first])
    if level in ("item", "keyword") and "entity" in rows and "item_title" not in rows and level == "item":
        rows["item_title"] = rows["entity"]
    name = rows.get("keyword" if level == "keyword" else "entity")
    if level in ("keyword", "audience", "creative") and name is not None:
        rows["entity_id"] = pc.coalesce(rows["entity_id"], name) if "entity_id" in rows else name
    if level == "plan" and "plan_id" not in rows and "plan" in rows:
        rows["plan_id"] = rows["plan"]
    scene = _scene(" ".join(match.headers), level)
    if scene and "scene" not in rows:
        rows["scene"] = pa.repeat(pa.scalar(scene), count)


def _scene(headers: str, level: str) -> str:
    """The ad product of reports older than 万相台无界, which have no 场景 column but words of their own; "" where unknown."""
    if "成交订单金额" in headers or "投资回报率" in headers:
        return "引力魔方"
    if "品牌专区" in headers or "点击率(%)" in headers:
        return "品销宝"
    return "关键词推广" if level == "keyword" else ""


def _leaves(rows: dict[str, pa.Array], aside: np.ndarray) -> None:
    """Keep leaf rows: a 汇总 row is a sum of the rows below it, unless nothing stands below it."""
    levels = [f"source_{n}" for n in range(1, 5) if f"source_{n}" in rows]
    groups = [rows[c].to_pylist() for c in ("date", "carrier_device") if c in rows]
    paths = list(zip(*(rows[c].to_pylist() for c in levels), strict=True))
    keys = list(zip(*groups, strict=True)) if groups else [()] * len(paths)
    depth = [next((n for n, v in enumerate(p) if v is None or v in ALL), len(p)) for p in paths]
    below = {(k, p[:n]) for k, p, d in zip(keys, paths, depth, strict=True) for n in range(d)}
    for n, (k, p, d) in enumerate(zip(keys, paths, depth, strict=True)):
        if d < len(p) and (k, p[:d]) in below and aside[n] == 0:
            aside[n] = "summary_row"
    for m, name in enumerate(levels):
        rows[name] = pa.array([p[m] if m < d else None for p, d in zip(paths, depth, strict=True)], pa.string())


def name_fills(match: Match, sheet: str) -> dict[str, str]:
    """Values that stand in a sheet's name only."""
    if match.table == "traffic_source" and "carrier_device" not in match.fields:
        for word in ("无线", "PC"):
            if word in sheet:
                return {"carrier_device": word}
    return {}
