"""Order and item files, month by month, as the seller back-end exports them.

Months before the last two come as csv in GB18030 in the older column order (54 columns, trailing blanks in headers,
ids wrapped as ``="..."``); the last two as xlsx with the renamed headers of 2025/26. 买家实际支付金额 is net of refunds
that have succeeded by the time of the export; 总金额 = that + 退款金额. Unpaid orders are in the files, as in life.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tmall_nb.demo.buyers import Buyers
from tmall_nb.demo.items import Items
from tmall_nb.demo.names import CARRIERS, PROVINCES
from tmall_nb.demo.orders import Lines
from tmall_nb.demo.season import Days
from tmall_nb.demo.sheets import seconds_text, write_csv_parts, write_xlsx, yuan
from tmall_nb.demo.streams import Settings

__all__ = ["DAY", "Month", "id_text", "month_orders", "write_month", "write_order_list"]

DAY = 86_400
UNPAID = 0.163
UNPAID_ID, UNPAID_EARLIER = 10_000_000_000, 5400  # an order never paid: its id, and by how many seconds it was made earlier
PART = 25_000  # rows held as text at once
BLANKS_2019 = ("新零售导购门店名称", "新零售导购门店id", "新零售发货门店名称", "新零售发货门店id")


@dataclass(frozen=True, slots=True)
class Month:
    """Orders of one month as the files show them: one entry per order (paid first, then unpaid), lines by position.

    Attributes
    ----------
    lines : the lines drawn; extra : positions of orders that were also created and never paid
    order_id, sub_id, refunded : ids (int64) per order and line, refund per line that has succeeded by the export
    status : per paid order; shipped, delivered, confirmed : seconds, -1 when not yet
    buyer : buyer of each order
    """

    lines: Lines
    order_id: np.ndarray
    sub_id: np.ndarray
    refunded: np.ndarray
    status: np.ndarray
    shipped: np.ndarray
    delivered: np.ndarray
    confirmed: np.ndarray
    carrier: np.ndarray
    buyer: np.ndarray
    extra: np.ndarray
    pending: np.ndarray


def month_orders(settings: Settings, days: Days, lines: Lines, buyers: Buyers) -> Month:
    """Add ids, statuses and logistics to the lines of a month."""
    start = int(lines.day[0])
    rng = np.random.default_rng([int(settings.rng("ship").integers(2**32)), start])
    local = lines.order - lines.order[0]
    count = len(lines.order_first)
    number = 2_500_000_000_000_000_000 + (lines.order[lines.order_first] + 1).astype(np.int64) * 20_000_019_273
    number = number + rng.integers(0, 9_999_999_999, count)
    position = np.arange(len(local)) - lines.order_first[local]
    single = np.bincount(local, minlength=count)[local] == 1
    sub = np.where(single, number[local], number[local] + position + 1)
    close = int(days.dates[-1].astype("datetime64[s]").astype(np.int64)) + DAY
    end = lines.paid_second[local] + (lines.finished * DAY).astype(np.int64)
    asked = lines.paid_second[local] + (lines.applied * DAY).astype(np.int64)
    refunded = np.where(end < close, lines.refund_cents, 0)
    pending = (lines.refund_cents > 0) & (end >= close) & (asked < close)
    carrier = rng.choice(len(CARRIERS), count, p=[share for share, _ in CARRIERS.values()])
    hours = np.array([h for _, h in CARRIERS.values()])[carrier] * rng.gamma(6, 1 / 6, count)
    wait = rng.gamma(2.0, 9.0 * np.where(days.burst[lines.day[lines.order_first]], 2.2, 1.0), count)
    shipped = lines.paid_second + (wait * 3600).astype(np.int64)
    delivered = shipped + (hours * 3600).astype(np.int64)
    confirmed = delivered + (rng.exponential(4.0, count) * DAY).astype(np.int64) + DAY
    gone = np.logical_and.reduceat(lines.early & (lines.refund_cents > 0), lines.order_first)
    shipped, delivered, confirmed = (np.where(gone | (v >= close), -1, v) for v in (shipped, delivered, confirmed))
    total, back = (np.add.reduceat(v, lines.order_first) for v in (lines.paid_cents, refunded))
    status = np.where(confirmed >= 0, "交易成功", np.where(shipped >= 0, "卖家已发货，等待买家确认", "买家已付款,等待卖家发货"))
    status = np.where((back >= total) & (total > 0), "交易关闭", status).astype(object)
    extra = np.flatnonzero(rng.random(count) < UNPAID)
    buyer = buyers.order_buyer[lines.order[lines.order_first]]
    return Month(
        lines,
        number,
        sub,
        refunded,
        status,
        shipped,
        delivered,
        confirmed,
        carrier,
        buyer,
        extra,
        pending,
    )


def buyer_names(settings: Settings, buyer: np.ndarray) -> np.ndarray:
    """Member names that stay with the buyer, or masked ones under ``masked_buyers``."""
    distinct, inverse = np.unique(buyer, return_inverse=True)
    mixed = ((distinct.astype(np.uint64) + 11) * np.uint64(2_654_435_761)) % np.uint64(2**40)
    if "masked_buyers" in settings.hard:
        return np.array([f"{'abcdefghijklmnopqrstuvwxyz陈李王张刘杨'[int(m) % 32]}**" for m in mixed], dtype=object)[inverse]
    return np.array([f"tb{int(m):012d}" if m % 3 else f"小鹿{int(m):x}" for m in mixed], dtype=object)[inverse]


def id_text(ids: np.ndarray) -> np.ndarray:
    """Ids as the files show them: all digits, as text."""
    return ids.astype(str).astype(object)


def newest_first(month: Month) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the order report, newest first: the order each shows, and whether it is the copy that was never paid."""
    created = np.concatenate([month.lines.created_second, month.lines.created_second[month.extra] - UNPAID_EARLIER])
    newest = np.argsort(-created, kind="stable")
    paid = len(month.order_id)
    return np.concatenate([np.arange(paid), month.extra])[newest], newest >= paid


def order_columns(
    settings: Settings, parts: tuple[Items, Buyers, Month], order: np.ndarray, unpaid: np.ndarray
) -> dict[str, Any]:
    """Columns of the order report by what they hold, for the rows ``order`` (positions) and ``unpaid`` of ``newest_first``."""
    items, buyers, month = parts
    lines, first = month.lines, month.lines.order_first
    start, stop = first[order], np.append(first[1:], len(lines.day))[order]
    total, back, units = (_sums(v, first)[order] for v in (lines.paid_cents, month.refunded, lines.units))
    net, back = np.where(unpaid, 0, total - back), np.where(unpaid, 0, back)
    shipped, confirmed = (np.where(unpaid, -1, v[order]) for v in (month.shipped, month.confirmed))
    status, buyer = np.where(unpaid, "交易关闭", month.status[order]).astype(object), month.buyer[order]
    closed = np.where(unpaid, "买家未付款", np.where(status == "交易关闭", "退款", "订单未关闭")).astype(object)
    coupon = np.where(unpaid, 0, lines.platform_cents[order])
    return {
        "order_id": id_text(month.order_id[order] + unpaid * UNPAID_ID),
        "buyer": buyer_names(settings, buyer),
        "total": yuan(total),
        "net": yuan(net),
        "refund": yuan(back),
        "status": status,
        "close": closed,
        "created": lines.created_second[order] - unpaid * UNPAID_EARLIER,
        "paid": np.where(unpaid, -1, lines.paid_second[order]),
        "shipped": shipped,
        "confirmed": confirmed,
        "title": items.titles[lines.item[start]],
        "kinds": stop - start,
        "units": units,
        "province": np.array(PROVINCES, dtype=object)[buyers.province[buyer]],
        "carrier": np.where(shipped >= 0, np.array(list(CARRIERS), dtype=object)[month.carrier[order]], ""),
        "presale": np.where(lines.presale[order], "是", "否").astype(object),
        "member": np.where(buyers.member[buyer], "是", "否").astype(object),
        "coupon": yuan(coupon),
        "settled": yuan(np.where(confirmed >= 0, net + coupon, 0)),
    }


def _sums(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    return np.add.reduceat(values, first)


def _orders_2019(settings: Settings, c: dict[str, Any]) -> dict[str, Any]:
    """The 54 columns of the older report."""
    text = np.array([f'="{i}"' for i in c["order_id"]], dtype=object)
    tail = np.array([f"{int(i[-6:]) % 10000:04d}" for i in c["order_id"]], dtype=object)
    settled = np.array([f"{v:.2f}元" for v in c["settled"]], dtype=object)
    stage = np.where(c["presale"] == "是", "定金已付尾款已付", "").astype(object)
    out: dict[str, Any] = {
        "订单编号": text,
        "买家会员名": c["buyer"],
        "买家支付宝账号": "138******00",
        "买家应付货款": c["total"],
        "买家应付邮费": "0.00",
        "买家支付积分": "0",
        "总金额": c["total"],
        "返点积分": "0",
        "买家实际支付金额": c["net"],
        "买家实际支付积分": "0",
        "订单状态": c["status"],
        "买家留言": "null",
        "收货人姓名": "收货人" + tail,
        "收货地址 ": c["province"] + " 某市 某区 某路" + tail + "号",
        "运送方式": "快递",
        "联系电话 ": "",
        "联系手机": "'1380000" + tail,
        "订单创建时间": seconds_text(c["created"]),
        "订单付款时间 ": seconds_text(c["paid"]),
        "宝贝标题 ": c["title"],
        "宝贝种类 ": c["kinds"],
        "物流单号": "",
        "物流公司": c["carrier"],
        "订单备注": "",
        "宝贝总数量": c["units"],
        "店铺Id": "0",
        "店铺名称": settings.profile.name,
        "订单关闭原因": c["close"],
        "卖家服务费": "0",
        "买家服务费": "0元",
        "发票抬头": "",
        "是否手机订单": "手机订单",
        "分阶段订单信息": stage,
        "特权订金订单id": "",
        "是否上传合同照片": "否",
        "是否上传小票": "否",
        "是否代付": "否",
        "定金排名": "",
        "修改后的sku": "",
        "修改后的收货地址": "",
        "异常信息": "",
        "天猫卡券抵扣": c["coupon"],
        "集分宝抵扣": "0",
        "是否是O2O交易": "否",
        "新零售交易类型": "",
    }
    out |= dict.fromkeys(BLANKS_2019, "")
    return out | {
        "退款金额": c["refund"],
        "预约门店": "",
        "确认收货时间": seconds_text(c["confirmed"]),
        "打款商家金额": settled,
        "含应开票给个人的个人红包": "0",
    }


def _orders_2026(settings: Settings, c: dict[str, Any]) -> dict[str, Any]:
    """The renamed columns since 2025/26."""
    return {
        "订单编号": c["order_id"],
        "买家会员名": c["buyer"],
        "买家应付货款": c["total"],
        "买家应付邮费": np.zeros(len(c["total"])),
        "总金额": c["total"],
        "买家实付金额": c["net"],
        "订单状态": c["status"],
        "收货地址": c["province"],
        "订单创建时间": seconds_text(c["created"]),
        "订单付款时间": seconds_text(c["paid"]),
        "商品标题": c["title"],
        "商品种类": c["kinds"],
        "物流公司": c["carrier"],
        "宝贝总数量": c["units"],
        "订单关闭原因": c["close"],
        "天猫卡券抵扣": c["coupon"],
        "退款金额": c["refund"],
        "发货时间": seconds_text(c["shipped"]),
        "确认收货时间": seconds_text(c["confirmed"]),
        "确认收货打款金额": c["settled"],
        "预售订单": c["presale"],
        "是否会员": c["member"],
    }


def item_columns(settings: Settings, items: Items, month: Month, rows: slice, *, wrapped: bool) -> dict[str, Any]:
    """Columns of the item report (order as of 2022, with 商品ID) for the paid lines ``rows``."""
    lines = month.lines
    local, item, refunded = (lines.order - lines.order[0])[rows], lines.item[rows], month.refunded[rows]
    paid = lines.paid_cents[rows]
    attributes = np.array(settings.profile.attributes, dtype=object)
    sku = (item + (lines.order[rows] % 7)) % len(attributes)
    both = month.sub_id[rows], month.order_id[local]
    ids = [np.array([f'="{i}"' for i in v], dtype=object) if wrapped else id_text(v) for v in both]
    state = np.where(refunded > 0, "退款成功", np.where(month.pending[rows], "退款处理中", "没有申请退款")).astype(object)
    status = np.where((refunded >= paid) & (refunded > 0), "交易关闭", month.status[local]).astype(object)
    price, title, net = ("价格", "标题", "买家实际支付金额") if wrapped else ("商品价格", "商品标题", "买家实付金额")
    return {
        "子订单编号": ids[0],
        "主订单编号": ids[1],
        title: items.titles[item],
        price: yuan(lines.list_cents[rows]),
        "购买数量": lines.units[rows],
        "外部系统编号": items.codes[item],
        "商品属性": attributes[sku],
        "套餐信息": np.full(len(sku), "", dtype=object),
        "备注": np.full(len(sku), "", dtype=object),
        "订单状态": status,
        "商家编码": items.codes[item],
        "支付单号": np.full(len(sku), "", dtype=object),
        "买家应付货款": yuan(paid),
        net: yuan(paid - refunded),
        "退款状态": state,
        "退款金额": yuan(refunded),
        "订单创建时间": seconds_text(lines.created_second[local]),
        "订单付款时间": seconds_text(lines.paid_second[local]),
        "商品ID": items.ids[item],
    }


def _parts(rows: int) -> Iterator[slice]:
    """Slices of some thousand rows: text of a large shop's month is made piece by piece."""
    for start in range(0, rows, PART):
        yield slice(start, start + PART)


def write_month(folder: Path, settings: Settings, month: Month, context: tuple[Days, Items, Buyers]) -> None:
    """Write one month's order and item files; only xlsx for the newest two of a small shop."""
    write_order_list(folder, settings, month, context)
    days, items, _ = context
    stamp, new = _stamp(settings, days, month)
    path = folder / f"ExportOrderDetailList{stamp}"
    if new:
        write_xlsx(path.with_suffix(".xlsx"), item_columns(settings, items, month, slice(None), wrapped=False))
    else:
        lines = (item_columns(settings, items, month, part, wrapped=True) for part in _parts(len(month.lines.day)))
        write_csv_parts(path.with_suffix(".csv"), lines)


def write_order_list(folder: Path, settings: Settings, month: Month, context: tuple[Days, Items, Buyers]) -> None:
    """Write one month's order file."""
    days, items, buyers = context
    stamp, new = _stamp(settings, days, month)
    order, unpaid = newest_first(month)
    parts = (items, buyers, month)
    path = folder / f"ExportOrderList{stamp}"
    if new:
        columns = order_columns(settings, parts, order, unpaid)
        write_xlsx(path.with_suffix(".xlsx"), _orders_2026(settings, columns))
    else:
        orders = (order_columns(settings, parts, order[part], unpaid[part]) for part in _parts(len(order)))
        write_csv_parts(path.with_suffix(".csv"), (_orders_2019(settings, columns) for columns in orders))


def _stamp(settings: Settings, days: Days, month: Month) -> tuple[str, bool]:
    """Time of a month's export as the file names have it, and whether it has the columns of 2026."""
    last = days.dates[month.lines.day[-1]]
    return str(last + 1).replace("-", "") + "0912", settings.size == "small" and last > days.dates[-1] - 45
