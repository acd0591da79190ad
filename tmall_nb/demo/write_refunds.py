"""Refund files, month by month by payment: refunds asked for by the time of the export, with reason and stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tmall_nb.demo.items import Items
from tmall_nb.demo.season import Days
from tmall_nb.demo.sheets import seconds_text, write_csv, write_xlsx, yuan
from tmall_nb.demo.streams import Settings
from tmall_nb.demo.write_orders import DAY, Month, id_text

__all__ = ["write_refunds"]

XLSX_DAYS = 180
REASONS_EARLY = np.array(["多拍/拍错/不想要", "未按约定时间发货", "地址/电话填写错误", "缺货", "其他"], dtype=object)
REASONS_LATE = np.array(
    ["七天无理由退换货", "尺码拍错/不喜欢/效果差", "质量问题", "描述不符", "少件/漏发", "其他"], dtype=object
)


def refund_columns(items: Items, month: Month, days: Days) -> dict[str, Any]:
    """Columns of the refund report: refunds asked for by the time of the export."""
    lines = month.lines
    rows = np.flatnonzero((month.refunded > 0) | month.pending)
    local = (lines.order - lines.order[0])[rows]
    item, early = lines.item[rows], lines.early[rows]
    paid = lines.paid_second[local]
    done = month.refunded[rows] > 0
    end = np.where(done, paid + (lines.finished[rows] * DAY).astype(np.int64), -1)
    pick = (lines.order[rows] * 7919 + rows) % 97
    bad = pick % 10 >= (items.quality[item] * 10).astype(int)
    late = np.where(bad, REASONS_LATE[2 + pick % 3], REASONS_LATE[pick % 2])
    return {
        "订单编号": id_text(month.order_id[local]),
        "退款编号": np.array([f"9{i:017d}" for i in month.sub_id[rows] % 10**15], dtype=object),
        "子订单编号": id_text(month.sub_id[rows]),
        "订单付款时间": seconds_text(paid),
        "商家编码": items.codes[item],
        "退款完结时间": seconds_text(end),
        "买家实际支付金额": yuan(lines.paid_cents[rows]),
        "宝贝标题": items.titles[item],
        "买家退款金额": yuan(lines.refund_cents[rows]),
        "手工退款/系统退款": np.where(pick % 4 == 0, "手工退款", "系统退款").astype(object),
        "是否需要退货": np.where(early, "否", "是").astype(object),
        "退款的申请时间": seconds_text(paid + (lines.applied[rows] * DAY).astype(np.int64)),
        "退款状态": np.where(done, "退款成功", "退款处理中").astype(object),
        "货物状态": np.where(early, "买家未收到货", "买家已退货").astype(object),
        "买家退款原因": np.where(early, REASONS_EARLY[pick % 5], late).astype(object),
        "责任方": np.where(~early & bad, "卖家", "买家").astype(object),
        "售中或售后": np.where(early | (pick % 3 > 0), "售中", "售后").astype(object),
        "部分退款/全部退款": np.where(lines.refund_cents[rows] < lines.paid_cents[rows], "部分退款", "全部退款").astype(object),
        "商品ID": items.ids[item],
    }


def write_refunds(folder: Path, settings: Settings, month: Month, days: Days, items: Items) -> None:
    """Write the refunds of one month's orders; a small shop has the newest months as they came (xlsx), older ones as csv."""
    columns = refund_columns(items, month, days)
    last = int(month.lines.day[-1])
    name = f"天猫退款单_{str(days.dates[last])[:7]}"
    if settings.size == "small" and len(days.dates) - last <= XLSX_DAYS:
        write_xlsx(folder / f"{name}.xlsx", columns)
    else:
        write_csv(folder / f"{name}.csv", columns)
