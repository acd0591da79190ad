"""Order, item and refund files, month by month, as the seller back-end exports them.

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
from tmall_nb.demo.sheets import seconds_text, write_csv, write_csv_parts, write_xlsx, yuan
from tmall_nb.demo.streams import Settings

__all__ = ["Month", "month_orders", "write_month"]

DAY = 86_400
UNPAID = 0.163
PART = 100_000
BLANKS_2019 = ("新零售导购门店名称", "新零售导购门店id", "新零售发货门店名称", "新零售发货门店id")
REASONS_EARLY = np.array(["多拍/拍错/不想要", "未按约定时间发货", "地址/电话填写错误", "缺货", "其他"], dtype=object)
REASONS_LATE = np.array(
    ["七天无理由退换货", "尺码拍错/不喜欢/效果差", "质量问题", "描述不符", "少件/漏发", "其他"], dtype=object
)


@dataclass(frozen=True, slots=True)
class Month:
    """Orders of one month as the files show them: one entry per order (paid first, then unpaid), lines by position.

    Attributes
    ----------
    lines : the lines drawn; extra : positions of orders that were also created and never paid
    order_id, sub_id, refunded : ids (text) per order and line, refund per line that has succeeded by the export
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
        number.astype(str).astype(object),
        sub.astype(str).astype(object),
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


def _glue(values: np.ndarray, extra: np.ndarray, unpaid: Any = None) -> np.ndarray:
    """Paid rows, then the unpaid copies (their own value, or ``unpaid`` for all of them)."""
    tail = values[extra] if unpaid is None else np.full(len(extra), unpaid, dtype=values.dtype)
    return np.concatenate([values, tail])


def order_columns(settings: Settings, items: Items, buyers: Buyers, month: Month) -> dict[str, Any]:
    """Columns of the order report by what they hold, paid and unpaid orders, newest first."""
    lines, extra = month.lines, month.extra
    first = lines.order_first
    total, back = (np.add.reduceat(v, first) for v in (lines.paid_cents, month.refunded))
    units, kinds = np.add.reduceat(lines.units, first), np.diff(np.append(first, len(lines.day)))
    unpaid_id = np.array([f"{int(i) + 10_000_000_000}" for i in month.order_id[extra]], dtype=object)
    created = np.concatenate([lines.created_second, lines.created_second[extra] - 5400])
    newest = np.argsort(-created, kind="stable")
    columns = {
        "order_id": np.concatenate([month.order_id, unpaid_id]),
        "buyer": _glue(buyer_names(settings, month.buyer), extra),
        "total": yuan(_glue(total, extra)),
        "net": yuan(_glue(total - back, extra, 0)),
        "refund": yuan(_glue(back, extra, 0)),
        "status": _glue(month.status, extra, "交易关闭"),
        "close": np.concatenate(
            [np.where(month.status == "交易关闭", "退款", "订单未关闭"), np.full(len(extra), "买家未付款")]
        ).astype(object),
        "created": created,
        "paid": _glue(lines.paid_second, extra, -1),
        "shipped": _glue(month.shipped, extra, -1),
        "confirmed": _glue(month.confirmed, extra, -1),
        "title": _glue(items.titles[lines.item[first]], extra),
        "kinds": _glue(kinds, extra),
        "units": _glue(units, extra),
        "province": _glue(np.array(PROVINCES, dtype=object)[buyers.province[month.buyer]], extra),
        "carrier": _glue(np.where(month.shipped >= 0, np.array(list(CARRIERS), dtype=object)[month.carrier], ""), extra, ""),
        "presale": _glue(np.where(lines.presale, "是", "否").astype(object), extra),
        "coupon": yuan(_glue(lines.platform_cents, extra, 0)),
        "settled": yuan(
            np.where(_glue(month.confirmed, extra, -1) >= 0, _glue(total - back + lines.platform_cents, extra, 0), 0)
        ),
    }
    return {name: values[newest] for name, values in columns.items()}


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
    }


def item_columns(settings: Settings, items: Items, month: Month, rows: slice, *, wrapped: bool) -> dict[str, Any]:
    """Columns of the item report (order as of 2022, with 商品ID) for the paid lines ``rows``."""
    lines = month.lines
    local, item, refunded = (lines.order - lines.order[0])[rows], lines.item[rows], month.refunded[rows]
    paid = lines.paid_cents[rows]
    attributes = np.array(settings.profile.attributes, dtype=object)
    sku = (item + (lines.order[rows] % 7)) % len(attributes)
    both = month.sub_id[rows], month.order_id[local]
    ids = [np.array([f'="{i}"' for i in v], dtype=object) if wrapped else v for v in both]
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
        "订单编号": month.order_id[local],
        "退款编号": np.array([f"9{int(s[-15:]):017d}" for s in month.sub_id[rows]], dtype=object),
        "子订单编号": month.sub_id[rows],
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


def _parts(rows: int) -> Iterator[slice]:
    """Slices of some thousand rows: text of a large shop's month is made piece by piece."""
    for start in range(0, rows, PART):
        yield slice(start, start + PART)


def write_month(folder: Path, settings: Settings, month: Month, context: tuple[Days, Items, Buyers]) -> None:
    """Write one month's order, item and refund files; only xlsx for the newest two of a small shop."""
    days, items, buyers = context
    last = days.dates[month.lines.day[-1]]
    stamp = str(last + 1).replace("-", "") + "0912"
    columns = order_columns(settings, items, buyers, month)
    orders, lines = (list(_parts(n)) for n in (len(columns["order_id"]), len(month.lines.day)))
    new = settings.size == "small" and last > days.dates[-1] - 45
    if new:
        write_xlsx(folder / f"ExportOrderList{stamp}.xlsx", _orders_2026(settings, columns))
        write_xlsx(
            folder / f"ExportOrderDetailList{stamp}.xlsx", item_columns(settings, items, month, slice(None), wrapped=False)
        )
    else:
        parts = (_orders_2019(settings, {name: v[part] for name, v in columns.items()}) for part in orders)
        write_csv_parts(folder / f"ExportOrderList{stamp}.csv", parts)
        parts = (item_columns(settings, items, month, part, wrapped=True) for part in lines)
        write_csv_parts(folder / f"ExportOrderDetailList{stamp}.csv", parts)
    refunds = refund_columns(items, month, days)
    name = f"天猫退款单_{str(last)[:7]}"
    if settings.size == "small":
        write_xlsx(folder / f"{name}.xlsx", refunds)
    else:
        write_csv(folder / f"{name}.csv", refunds)
