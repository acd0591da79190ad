"""The canonical tables: their grain and their columns, named as in the glossary (``tmall_nb.fields``).

A table's ``key`` is its grain: one row per combination. ``required`` columns must be found in a file for it to be
taken as this table; ``optional`` columns are kept where present and absent (not null-filled guesses) otherwise.
Every stored table also carries ``shop_id``, ``source_file`` and ``row_no`` (1-based row of the file).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from tmall_nb.fields import FIELDS

__all__ = ["PROVENANCE", "TABLES", "Table", "aliases_for", "table"]

PROVENANCE = ("shop_id", "source_file", "row_no")


@dataclass(frozen=True, slots=True)
class Table:
    """A canonical table.

    Attributes
    ----------
    name : its name, as in ``shop.table(name)``
    key : columns that identify a row
    required, optional : other columns, all of them fields of the glossary
    zh : what the merchant calls the report
    where : menu path in the seller back-end where the report is downloaded (Chinese)
    """

    name: str
    key: tuple[str, ...]
    required: tuple[str, ...]
    optional: tuple[str, ...]
    zh: str
    where: str

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.key, *self.required, *self.optional)


def _table(name: str, zh: str, where: str, key: str, required: str, optional: str = "") -> Table:
    return Table(name, tuple(key.split()), tuple(required.split()), tuple(optional.split()), zh, where)


_LIST = (
    _table(
        "orders",
        "订单报表",
        "千牛 → 交易 → 已卖出的宝贝 → 批量导出 → 订单报表",
        "order_id",
        "order_total net_amount created_at paid_at",
        "refund_amount paid_amount buyer_key status close_reason shipped_at confirmed_at goods_payable postage "
        "settled_amount units item_kinds item_title province city carrier is_presale stage_info coupon_tmall points_offset "
        "is_mobile is_member",
    ),
    _table(
        "order_items",
        "宝贝报表（订单明细）",
        "千牛 → 交易 → 已卖出的宝贝 → 批量导出 → 宝贝报表",
        "sub_order_id",
        "order_id list_price units",
        "item_id item_title sku_code sku_attributes goods_payable net_amount refund_amount paid_amount refund_status status "
        "created_at paid_at",
    ),
    _table(
        "refunds",
        "退款报表",
        "千牛 → 交易 → 退款管理 → 导出",
        "refund_id",
        "order_id refund_amount",
        "sub_order_id item_id item_title sku_code paid_at applied_at finished_at refund_status goods_status need_return "
        "stage reason responsible is_partial",
    ),
    _table(
        "product_daily",
        "商品排行（商品_全部）",
        "生意参谋 → 品类 → 商品排行 → 下载",
        "date item_id",
        "visitors paid_amount",
        "item_title item_status page_views stay_seconds bounce_rate favorite_users cart_units cart_users ordering_buyers "
        "ordered_units ordered_amount buyers paid_units new_buyers returning_buyers returning_amount juhuasuan_amount "
        "refund_amount search_visitors search_buyers",
    ),
    _table(
        "shop_daily",
        "店铺概况（自助取数）",
        "生意参谋 → 业务专区 → 取数 → 店铺 → 按天",
        "date",
        "visitors paid_amount",
        "page_views buyers paid_units paid_orders favorite_users cart_users cart_units new_buyers returning_buyers "
        "returning_amount refund_amount spend_keyword spend_audience spend_smart spend_shopwide cps_commission "
        "pickup_rate_24h delivery_hours refund_days refund_success_rate",
    ),
    _table(
        "traffic_source",
        "店铺流量来源",
        "生意参谋 → 流量 → 店铺来源 → 下载",
        "date carrier_device source_1 source_2 source_3 source_4",
        "visitors",
        "new_visitors stay_seconds item_click_users cart_users cart_units favorite_users follow_users "
        "ordering_buyers ordered_amount buyers paid_amount",
    ),
    _table(
        "search_own",
        "引流搜索词",
        "生意参谋 → 流量 → 选词助手 → 引流搜索词 → 下载",
        "date keyword",
        "visitors",
        "page_views cart_users favorite_users buyers paid_units paid_amount period_days",
    ),
    _table(
        "search_market",
        "市场搜索排行",
        "生意参谋 → 市场 → 搜索洞察 → 搜索排行 → 导出",
        "date category keyword",
        "search_popularity_low search_popularity_high",
        "rank search_growth click_rate_low click_rate_high conversion_rate_low conversion_rate_high buyers_low buyers_high "
        "supply_demand_ratio tmall_click_share_low tmall_click_share_high period_days",
    ),
    _table(
        "ads",
        "万相台报表（计划 / 商品 / 关键词 / 人群 / 创意 / 地域）",
        "万相台无界 → 报表 → 下载",
        "date level scene_id plan_id unit_id entity_id province city",
        "spend impressions clicks",
        "scene plan unit entity entity_type item_id item_title keyword keyword_type ad_sales ad_sales_direct ad_sales_indirect "
        "ad_orders ad_orders_direct ad_orders_indirect presale_sales presale_orders ad_carts ad_favorites ad_visits "
        "ad_visitors ad_new_buyers ad_net_sales ad_net_orders coupon_claims platform_subsidy average_rank effect_model "
        "window_days period_days",
    ),
    _table(
        "cps_orders",
        "淘宝客订单",
        "淘宝联盟商家中心 → 效果报表 → 订单明细",
        "sub_order_id",
        "order_id commission",
        "settled_at created_at plan item_id item_title settled_amount units commission_rate service_fee publisher",
    ),
    _table(
        "cps_items",
        "淘宝客商品",
        "淘宝联盟商家中心 → 效果报表 → 商品",
        "date item_id",
        "commission paid_amount",
        "item_title paid_orders ad_visits service_fee presale_sales",
    ),
    _table(
        "campaign_summary",
        "活动总览",
        "生意参谋 → 营销 → 活动分析 → 下载",
        "campaign_id",
        "campaign start_at end_at",
        "campaign_type warm_up_start_at warm_up_end_at paid_amount visitors",
    ),
    _table(
        "campaign_item",
        "活动商品",
        "生意参谋 → 营销 → 活动分析 → 商品 → 下载",
        "campaign_id item_id",
        "paid_amount",
        "campaign item_title visitors cart_units discount_rate burst_ratio is_campaign_item",
    ),
    _table(
        "campaign_kpi",
        "活动指标",
        "生意参谋 → 营销 → 活动分析 → 指标 → 下载",
        "campaign_id date",
        "paid_amount",
        "campaign cart_users campaign_item_amount refund_requested_amount visitors buyers",
    ),
    _table(
        "promo_tool_daily",
        "营销工具（单品宝 / 店铺券 / 商品券 / 店铺宝）",
        "千牛 → 营销 → 营销工具 → 数据",
        "date tool promotion_id",
        "paid_amount",
        "promotion coupons_claimed coupons_used buyers paid_units discount_amount",
    ),
    _table(
        "enrolment",
        "活动报名",
        "千牛 → 营销 → 营销活动 → 已报活动 → 导出",
        "campaign item_id start_at",
        "end_at",
        "campaign_type warm_up_start_at item_title list_price activity_price stock_units sold_units lowest_price enrol_status",
    ),
    _table(
        "price_stack",
        "价格查询（优惠叠加）",
        "千牛 → 营销 → 价格查询 → 导出",
        "item_id sku_id campaign_id tool",
        "list_price activity_price",
        "item_title sku_name lowest_price campaign promotion_level promotion discount_amount start_at end_at",
    ),
    _table(
        "product_master",
        "商品 + SKU（发布模板）",
        "千牛 → 商品 → 商品管理 → 批量导出",
        "item_id sku_id",
        "item_title",
        "category category_id list_price guide_title item_code sku_price stock_units sku_code sku_attributes listed_at",
    ),
    _table(
        "reviews",
        "评价",
        "千牛 → 评价管理 → 导出",
        "review_id",
        "text reviewed_at",
        "item_id order_id follow_up_text follow_up_days sentiment stars",
    ),
    _table(
        "logistics",
        "物流明细 / 物流异常",
        "千牛 → 物流 → 物流数据 → 导出",
        "order_id tracking_id",
        "carrier",
        "sub_order_id timeout_type paid_at shipped_at due_pickup_at picked_up_at delivered_at issue province",
    ),
    _table(
        "fund_flow",
        "资金流水",
        "支付宝商家中心 → 对账 → 资金流水",
        "flow_id",
        "booked_at income expense",
        "order_id flow_type description",
    ),
    _table(
        "cs_daily",
        "客服绩效",
        "千牛 → 客服 → 数据 → 下载",
        "date agent",
        "inquiry_users",
        "inquiry_buyers first_response_seconds response_seconds satisfaction_rate reply_rate",
    ),
    _table(
        "returning_daily",
        "老客运营",
        "生意参谋 → 客户 → 老客 → 下载",
        "date",
        "returning_buyers",
        "returning_amount exposed_users visiting_users cart_users favorite_users repurchase_buyers_30d repurchase_rate_30d",
    ),
    # sheets only the merchant can fill (tmall-nb template NAME)
    _table("costs", "成本表", "tmall-nb template costs", "item_id sku_code valid_from", "unit_cost", "item_title"),
    _table(
        "stock",
        "库存表",
        "tmall-nb template stock",
        "date item_id sku_code",
        "stock_units",
        "inbound_units in_stock sold_out item_title",
    ),
    _table(
        "lead_times",
        "补货提前期",
        "tmall-nb template lead_times",
        "item_id",
        "lead_time_days",
        "lead_time_sd moq_units review_days supplier item_title",
    ),
    _table("offsite_spend", "站外花费", "tmall-nb template offsite_spend", "date channel", "spend", "note"),
    _table(
        "ad_tests",
        "投放测试",
        "tmall-nb template ad_tests",
        "channel start end",
        "",
        "tested_roas tested_error tested_low tested_high provinces spend_change note",
    ),
    _table("targets", "目标表", "tmall-nb template targets", "start end metric", "target", "campaign"),
    _table("plan", "未来计划", "tmall-nb template plan", "date item_id", "price", "promotion ad_spend note"),
    _table(
        "paths",
        "转化路径汇总",
        "达摩盘 / 万相台 → 转化路径 → 导出，或 tmall-nb template paths",
        "path",
        "conversions",
        "conversion_value nulls",
    ),
)

TABLES: dict[str, Table] = {t.name: t for t in _LIST}


def table(name: str) -> Table:
    """Return the canonical table called ``name``; a wrong name raises KeyError with the closest names."""
    if name in TABLES:
        return TABLES[name]
    from tmall_nb.errors import closest

    raise KeyError(f"table {name!r} does not exist; did you mean {', '.join(closest(name, TABLES)) or ', '.join(TABLES)}?")


@cache
def aliases_for(table: str) -> Mapping[str, str]:
    """Return header → field name for one canonical table; an alias written ``table:header`` wins over a general one."""
    columns = set(TABLES[table].columns)
    reads = {name for name in columns if name in FIELDS}
    reads |= {name.removesuffix("_low") for name in columns if name.endswith("_low") and name.removesuffix("_low") in FIELDS}
    if "start_at" in columns:
        reads.add("campaign_span")
    general: dict[str, str] = {}
    special: dict[str, str] = {}
    for name in sorted(reads):
        for owner, header in FIELDS[name].aliases:
            if owner is None:
                general.setdefault(header, name)
            elif owner == table:
                special[header] = name
    return MappingProxyType({**general, **special})
