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
