"""The demo shop: same seed, same bytes; totals reconcile across files; switches do what they say."""

import hashlib
import re

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.demo import SWITCHES, make_shop, make_shops, read_truth
from tmall_nb.errors import ExportError, ParameterError

# sha256 over the csv files of the default shop: a change of the random stream or of a writer is noticed here.
# Renew it knowingly, together with the stored outputs of the notebooks (make renew). The truth has a checksum of its own.
PINNED, PINNED_TRUTH = "1dba4010f09825fa", "1e979a32036c311a"


def checksum(folder, suffixes):
    total = hashlib.sha256()
    for path in sorted(p for p in folder.iterdir() if p.suffix in suffixes):
        total.update(path.name.encode() + path.read_bytes())
    return total.hexdigest()


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return make_shop(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def orders(shop):
    parts = []
    for path in sorted(shop.glob("ExportOrderList*")):
        frame = (
            pd.read_excel(path, dtype=str, engine="calamine")
            if path.suffix == ".xlsx"
            else pd.read_csv(path, dtype=str, encoding="gb18030")
        )
        parts.append(frame.rename(columns=str.strip).rename(columns={"买家实付金额": "买家实际支付金额"}))
    return pd.concat(parts, ignore_index=True)


def test_same_seed_same_bytes_and_pinned_checksum(shop, tmp_path):
    again = make_shop(tmp_path)
    files = sorted(p.name for p in shop.iterdir())
    assert files == sorted(p.name for p in again.iterdir())
    assert [n for n in files if (shop / n).read_bytes() != (again / n).read_bytes()] == []
    assert checksum(shop, {".csv", ".toml"}).startswith(PINNED)
    assert checksum(shop, {".json"}).startswith(PINNED_TRUTH)


def test_every_day_has_new_buyers_also_after_double_11(shop):
    days = tn.load_shop(shop.parent, shop.name).sql("SELECT date, new_buyers, buyers FROM shop_daily ORDER BY date")
    assert len(days) > 500 and (days["new_buyers"] > 0).all()
    assert 0.4 < days["new_buyers"].sum() / days["buyers"].sum() < 0.6


def test_members_stand_in_the_newest_orders_and_bursts_bring_fewer(shop):
    told = tn.load_shop(shop.parent, shop.name).sql(
        "SELECT is_member, count(*) AS n FROM orders WHERE paid_at IS NOT NULL GROUP BY 1"
    )
    counts = told.set_index("is_member")["n"]
    assert 0.1 < counts[True] / (counts[True] + counts[False]) < 0.3
    truth = read_truth(shop).buyers
    assert 0.06 < truth["members"] / truth["count"] < 0.20


def test_another_seed_is_another_shop(shop, tmp_path):
    assert read_truth(make_shop(tmp_path, seed=8)).totals != read_truth(shop).totals


def test_paid_plus_refund_is_the_order_total(orders):
    paid = orders[orders["订单付款时间"].notna() & (orders["订单付款时间"] != "null")]
    money = paid[["总金额", "买家实际支付金额", "退款金额"]].astype(float)
    assert len(paid) > 15_000
    assert np.allclose(money["买家实际支付金额"] + money["退款金额"], money["总金额"], atol=0.005)


def test_orders_agree_with_the_truth_to_the_cent(orders, shop):
    truth = read_truth(shop).totals
    paid = orders[orders["订单付款时间"].notna() & (orders["订单付款时间"] != "null")]
    assert len(paid) == truth["orders"]
    assert round(paid["总金额"].astype(float).sum(), 2) == pytest.approx(truth["paid_yuan"], abs=0.005)
    assert round(paid["退款金额"].astype(float).sum(), 2) == pytest.approx(truth["refund_yuan_at_export"], abs=0.005)


def test_order_ids_keep_their_nineteen_digits(orders):
    ids = orders["订单编号"].str.replace(r'[="\t]', "", regex=True)
    assert ids.str.fullmatch(r"\d{19}").all() and ids.is_unique


def test_files_carry_the_quirks_of_real_exports(shop):
    raw = next(shop.glob("ExportOrderList*.csv")).read_bytes()
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    header = raw.split(b"\n")[0].decode("gb18030")
    assert "收货地址 ," in header and "订单付款时间 ," in header
    assert next(shop.glob("*商品_全部*.xls")).read_bytes()[:4] == b"\xd0\xcf\x11\xe0"
    assert any(p.suffix == ".zip" for p in shop.iterdir())


@pytest.mark.parametrize("switch", SWITCHES)
def test_every_switch_makes_a_shop_and_is_written_down(switch, tmp_path):
    truth = read_truth(make_shop(tmp_path, hard=tuple({switch, "short_history"})))
    assert switch in truth.settings["hard"]
    assert bool(truth.geo) == (switch == "geo_holdout")


def test_masked_buyers_show_no_full_name(tmp_path):
    folder = make_shop(tmp_path, hard=("masked_buyers", "short_history"))
    frame = pd.read_csv(next(folder.glob("ExportOrderList*.csv")), dtype=str, encoding="gb18030").rename(columns=str.strip)
    names = next((frame[c].dropna() for c in frame if re.search("会员名|会员昵称", c)), pd.Series(dtype=str))
    assert names.str.contains("*", regex=False).all()


def test_platform_roi_is_inflated_by_a_known_different_amount_per_channel(shop):
    ads = read_truth(shop).ads
    inflation = [a["inflation"] for a in ads.values()]
    assert min(inflation) > 1 and max(inflation) / min(inflation) > 1.2


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "qingmu").mkdir()
    (tmp_path / "qingmu" / "mine.csv").write_text("a")
    with pytest.raises(ParameterError, match="empty folder"):
        make_shop(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"size": "smal"}, "small"), ({"hard": ("hiden_demand",)}, "hidden_demand"), ({"seed": -1}, "whole number")],
)
def test_wrong_options_are_refused_with_a_hint(options, message, tmp_path):
    with pytest.raises(ParameterError, match=message):
        make_shop(tmp_path, **options)


def test_several_shops_differ_in_scale(tmp_path):
    names = make_shops(tmp_path, shops=2, hard=("short_history",))
    assert names == ["qingmu", "suji"]
    one, two = (read_truth(tmp_path / n) for n in names)
    assert one.totals["orders"] != two.totals["orders"]
    with pytest.raises(ParameterError):
        make_shops(tmp_path, shops=0)


def test_truth_is_only_where_a_demo_is(tmp_path):
    with pytest.raises(ExportError, match=r"truth\.json"):
        read_truth(tmp_path)


def test_the_truth_of_an_older_version_says_so(tmp_path):
    (tmp_path / "truth.json").write_text('{"ads": {}, "items": {}}', encoding="utf-8")
    with pytest.raises(ExportError, match="older version"):
        read_truth(tmp_path)


def test_the_large_size_stands_in_memory_piece_by_piece(shop):
    """Ad bookings are let go before the order lines are drawn, and no campaign's effect is kept item by day."""
    from dataclasses import fields

    from tmall_nb.demo.demand import Demand
    from tmall_nb.demo.world import World

    assert "booked" not in {f.name for f in fields(World)}
    assert "campaign" not in {f.name for f in fields(Demand)}


def test_orders_ahead_follow_from_rates_and_chances_of_leaving(shop):
    truth = read_truth(shop).buyers
    ahead = truth["expected_orders_ahead"]
    assert ahead["30"] < ahead["90"] < ahead["180"] < ahead["365"]
    assert 0 < truth["expected_kept_orders_ahead"]["180"] < ahead["180"]
    assert 0 < truth["staying_count"] < truth["count"]


def test_items_ahead_and_ads_at_other_spends_are_in_the_truth(shop):
    truth = read_truth(shop)
    for item in truth.items.values():
        assert len(item["wanted_by_day"]) == 28
        assert sum(item["expected_by_day"]) == pytest.approx(item["expected_last_28_days"], rel=1e-6)
        assert item["unit_cost_yuan"] < item["ordinary_price_yuan"]
    for channel in truth.ads.values():
        curve = channel["caused_yuan_at_spend"]
        assert curve["1"] == pytest.approx(channel["caused_yuan"], rel=1e-6)
        assert curve["0.5"] < curve["1"] < curve["2"] < 2 * curve["1"]


def test_held_out_provinces_lose_what_ads_bring_there():
    """Summed over shops: the share of orders from dark provinces falls as the truth says."""
    from tmall_nb.demo.streams import read_settings
    from tmall_nb.demo.world import make_world

    missing, lost = 0.0, 0.0
    for seed in range(300, 308):
        world = make_world(read_settings("qingmu", "small", seed, ("geo_holdout",)))
        day, order = world.joined[0], world.joined[3]
        when = day[np.flatnonzero(np.append(True, order[1:] != order[:-1]))]
        inside = world.geo.dark[-1][world.buyers.province[world.buyers.order_buyer]]
        test, share = when >= len(world.days.dates) - 56, world.geo.share[-1]
        missing += (~inside[test]).sum() * share / (1 - share) - inside[test].sum()
        lost += (
            world.ad_share[-56:] / (1 - world.ad_share[-56:] * share) * np.bincount(when, minlength=len(world.geo.share))[-56:]
        ).sum() * share
    assert missing == pytest.approx(lost, rel=0.35)
