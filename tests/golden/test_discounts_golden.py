"""The discount ladder of the demo shop: sums against the files' own figures, the split against what the simulator did."""

import numpy as np
import pytest

import tmall_nb as tn
from tmall_nb.analyses.discounts.ladder import closes

SPLIT = 0.002  # of the list amount: how far the inferred split may be from the simulator's
PARTS = 0.10  # of a part itself
ALONE = 0.16  # cart rule: an item that exceeds the threshold alone never shows its tag, so its part falls to the activity price


def cents(values):
    return int(np.round(100 * values).astype("int64").sum())


@pytest.fixture(scope="module")
def traced(demo_shop):
    return tn.trace_discounts(demo_shop)


@pytest.fixture(scope="module")
def reports(demo_shop):
    """Paid orders and their lines, as the reports hold them."""
    orders = demo_shop.table("orders").query("paid_amount > 0")
    orders = orders[orders["paid_at"].notna()]
    lines = demo_shop.table("order_items")
    return orders, lines[lines["order_id"].isin(orders["order_id"])]


def test_every_total_is_the_sum_of_its_steps_and_of_the_files(traced, reports):
    orders, lines = reports
    yuan = traced.table.set_index("step")["yuan"]
    assert closes(traced.table)
    assert round(100 * yuan["list_amount"]) == cents(lines["list_price"] * lines["units"])
    assert round(100 * yuan["payable"]) == cents(lines["goods_payable"])
    assert round(100 * yuan["paid_amount"]) == cents(orders["paid_amount"])
    assert round(-100 * yuan["refund_amount"]) == cents(orders["refund_amount"])
    assert round(100 * yuan["settled_amount"]) == cents(orders["settled_amount"])
    assert round(100 * yuan["platform_money"]) == cents(orders["coupon_tmall"])
    assert yuan["difference"] == 0 and yuan["other_adjustment"] == 0


def test_months_add_up_to_the_whole_in_cents(traced):
    yuan = traced.table.set_index("step")["yuan"]
    for step in yuan.dropna().index:
        assert cents(traced.months[step]) == round(100 * yuan[step]), step


def test_the_rules_are_those_of_the_simulator(traced):
    """50 yuan off per full 300 on cart-rule days for everyone; 10 off from 199 used by 20 % of carts (demo/orders.py)."""
    rules = traced.rules.set_index("kind")
    assert len(rules) == 2
    assert tuple(rules.loc["cart_rule", ["cart", "off", "repeats"]]) == (300.0, 50.0, True)
    assert tuple(rules.loc["coupon", ["cart", "off", "repeats"]]) == (199.0, 10.0, False)
    assert rules.loc["cart_rule", "uptake"] > 0.85 and rules.loc["coupon", "uptake"] == pytest.approx(0.20, abs=0.04)


@pytest.fixture(scope="module")
def drawn():
    """List, tags, cart rule and coupon in cents, as the simulator drew them."""
    from tmall_nb.demo.orders import draw_lines
    from tmall_nb.demo.season import BURST, EVE, SALE
    from tmall_nb.demo.streams import read_settings
    from tmall_nb.demo.world import make_world

    world = make_world(read_settings("qingmu", "small", 7, ()))
    lines = draw_lines(world.settings, world.days, world.items, world.joined, slice(0, len(world.joined[0])))
    tags = lines.units * world.items.price_cents[lines.item, lines.day]
    total, paid = (np.add.reduceat(v, lines.order_first) for v in (tags, lines.paid_cents))
    day, cart = lines.day[lines.order_first], np.zeros(len(total), np.int64)
    for k, event in enumerate(world.days.events):
        if event.rule == "cart":
            live = np.isin(world.days.phase[k], (SALE, EVE, BURST))[day]
            cart += np.where(live, total // 30_000 * 5_000, 0)
    return int((lines.units * lines.list_cents).sum()), int(tags.sum()), int(cart.sum()), int((total - paid - cart).sum())


def test_the_inferred_split_is_close_to_what_the_simulator_did(traced, drawn):
    """The draw of amounts depends on how months are cut only in who used a coupon, so parts agree but for that chance."""
    listed, tags, cart, coupon = drawn
    yuan = traced.table.set_index("step")["yuan"]
    assert round(100 * yuan["list_amount"]) == listed
    assert abs(-100 * yuan["activity_discount"] - (listed - tags)) < SPLIT * listed
    assert -100 * yuan["cart_discount"] == pytest.approx(cart, rel=ALONE)
    assert -100 * yuan["shop_coupon"] == pytest.approx(coupon, rel=PARTS)
    assert abs(100 * yuan["other_discount"]) < 0.02 * (cart + coupon)


ORDERS = """订单编号,买家应付货款,买家应付邮费,总金额,买家实际支付金额,订单状态,\
订单创建时间,订单付款时间,天猫卡券抵扣,退款金额,确认收货时间,打款商家金额
1001,140.00,0,140.00,140.00,交易成功,2025-05-01 10:00:00,2025-05-01 10:01:00,0,0.00,2025-05-05 10:00:00,140.00
1002,220.00,0,220.00,220.00,交易成功,2025-05-01 11:00:00,2025-05-01 11:01:00,0,0.00,2025-05-05 10:00:00,220.00
1003,90.00,0,90.00,90.00,交易成功,2025-05-01 12:00:00,2025-05-01 12:01:00,5.00,0.00,2025-05-05 10:00:00,95.00
1004,90.00,0,90.00,0.00,交易关闭,2025-05-01 13:00:00,2025-05-01 13:01:00,0,90.00,,0.00
"""
LINES = """子订单编号,主订单编号,标题,价格,购买数量,商家编码,商品ID,买家应付货款,买家实际支付金额,退款金额,\
订单创建时间,订单付款时间
1001,1001,甲,200.00,1,A,88001,140.00,140.00,0.00,2025-05-01 10:00:00,2025-05-01 10:01:00
10021,1002,甲,200.00,1,A,88001,133.91,133.91,0.00,2025-05-01 11:00:00,2025-05-01 11:01:00
10022,1002,乙,100.00,1,B,88002,86.09,86.09,0.00,2025-05-01 11:00:00,2025-05-01 11:01:00
1003,1003,乙,100.00,1,B,88002,90.00,90.00,0.00,2025-05-01 12:00:00,2025-05-01 12:01:00
1004,1004,乙,100.00,1,B,88002,90.00,0.00,90.00,2025-05-01 13:00:00,2025-05-01 13:01:00
"""
STACK = """商品名称,商品Id,sku名称,skuId,预估最低到手价,一口价,标价,活动名称,优惠层级,工具名称,优惠信息,活动id,\
优惠金额,活动时间
甲,88001,均码,1,140.00,200.00,160.00,五一,单品级,单品宝,立减20,9001,20.00,2025-05-01 00:00:00-2025-05-03 23:59:59
"""
TOOLS = """统计日期,工具名称,优惠ID,优惠名称,领取张数,使用张数,支付金额,支付买家数,支付件数,客单价
2025-05-01,店铺券,7001,满199减10,50,10,2200.00,10,12,220.00
"""


def test_a_ladder_computed_by_hand(tmp_path):
    """List 700; 甲 at 160 for 200 less 20 by 单品宝, 乙 at 90 for 100; 10 off one cart; 5 by the platform on top."""
    folder = tmp_path / "hand"
    folder.mkdir()
    for name, text in (("订单", ORDERS), ("宝贝", LINES), ("价格查询", STACK), ("营销工具", TOOLS)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    result = tn.trace_discounts(tn.load_shop(tmp_path, "hand"))
    assert closes(result.table)
    yuan = result.table.set_index("step")["yuan"].to_dict()
    assert yuan == {
        "list_amount": 700.0, "activity_discount": -110.0, "item_coupon": -40.0, "shop_coupon": 0.0, "cart_discount": 0.0,
        "other_discount": -10.0, "payable": 540.0, "postage": 0.0, "other_adjustment": 0.0, "paid_amount": 540.0,
        "platform_money": 5.0, "refund_amount": -90.0, "unsettled": 0.0, "difference": 0.0, "settled_amount": 455.0,
    }  # fmt: skip
    assert result.tools[["tool", "claimed", "used", "use_rate"]].to_numpy().tolist() == [["店铺券", 50, 10, 0.2]]
    assert not {"discount_reports_missing", "price_stack_missing"} & {f.key for f in result.findings}
