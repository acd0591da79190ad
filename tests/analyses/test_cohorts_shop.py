"""A shop's Parquet tables and a plain frame give the same cohorts and values; a shop with masked buyers gives the aggregate."""

import duckdb
import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn
from tmall_nb.errors import NotEnoughData
from tmall_nb.shop import Shop

END = "2024-12-31"


def store(folder, **tables):
    """Write frames as a shop's Parquet tables."""
    for name, (frame, select) in tables.items():
        (folder / name).mkdir(parents=True)
        connection = duckdb.connect()
        connection.register("frame", frame)
        connection.execute(f"COPY (SELECT {select} FROM frame) TO '{folder / name}/part.parquet' (FORMAT parquet)")
    columns = {
        name: list(duckdb.sql(f"SELECT * FROM read_parquet('{folder / name}/part.parquet') LIMIT 0").columns) for name in tables
    }
    return Shop("test", folder, settings={"gross_margin": 0.5}, manifest={"columns": columns})


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(2)
    size = 1500
    paid = rng.integers(1000, 40_000, size) / 100
    refund = np.where(rng.random(size) < 0.1, paid, np.where(rng.random(size) < 0.1, (paid * 50).round() / 100, 0.0))
    return pd.DataFrame({
        "order_id": [f"{k:06d}" for k in range(size)], "buyer_key": rng.integers(1, 2**62, 600)[rng.integers(0, 600, size)],
        "paid_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.uniform(0, 400, size), unit="D"), "paid_amount": paid,
        "refund_amount": refund, "net_amount": paid - refund, "province": rng.choice(["浙江省", "上海"], size),
        "item_title": "裙", "item_id": rng.choice(["1", "2"], size),
    })  # fmt: skip


MONEY = "CAST({0} AS DECIMAL(18,2)) AS {0}"
ORDERS = ", ".join([
    "order_id", "buyer_key", "paid_at", "paid_at AS created_at", "province", MONEY.format("paid_amount"),
    MONEY.format("refund_amount"), MONEY.format("net_amount"), "CAST(paid_amount AS DECIMAL(18,2)) AS order_total",
])  # fmt: skip
ITEMS = "order_id AS sub_order_id, order_id, item_id, 'item ' || item_id AS item_title, " + MONEY.format("paid_amount")


@pytest.fixture(scope="module")
def shop(frame, tmp_path_factory):
    cps = frame[frame.index % 3 == 0]
    return store(
        tmp_path_factory.mktemp("shop"), orders=(frame, ORDERS), order_items=(frame, ITEMS), cps_orders=(cps, "order_id")
    )


def test_shop_equals_frame(shop, frame):
    ours = tn.track_cohorts(shop, observation_end=END, campaigns=pd.DataFrame(columns=["start", "end"]))
    plain = frame.assign(
        item="item " + frame["item_id"], channel=np.where(frame.index % 3 == 0, "affiliate", "other"), category=None
    ).drop(columns="category")
    other = tn.track_cohorts(plain, observation_end=END)
    pd.testing.assert_frame_equal(ours.cells, other.cells)
    pd.testing.assert_frame_equal(ours.ages, other.ages)
    pd.testing.assert_frame_equal(ours.curve, other.curve)
    pd.testing.assert_frame_equal(ours.rates, other.rates)
    assert set(ours.segments["by"]) == {"item", "channel", "province"}
    pd.testing.assert_frame_equal(ours.segments, other.segments)
    assert dict(ours.method.parameters) == dict(other.method.parameters)


def test_shop_values_equal_frame_values(shop, frame):
    ours = tn.value_customers(shop, observation_end=END).table.sort_values("buyer_key", ignore_index=True)
    other = tn.value_customers(frame, observation_end=END, margin=0.5).table.sort_values("buyer_key", ignore_index=True)
    assert (ours["buyer_key"].astype("int64") == other["buyer_key"].astype("int64")).all()
    numbers = ["frequency", "recency_days", "age_days", "net_amount", "p_alive", "expected_orders", "expected_margin_yuan"]
    for name in numbers:
        assert np.allclose(ours[name].astype(float), other[name].astype(float), rtol=1e-3, equal_nan=True), name


def test_end_of_a_shop_is_its_last_order_day(shop, frame):
    result = tn.track_cohorts(shop)
    assert result.method.end == frame["paid_at"].max().normalize()


def test_masked_shop_uses_new_and_returning_counts(tmp_path, frame):
    days = pd.DataFrame({
        "date": pd.date_range("2024-10-01", periods=92), "visitors": 900, "paid_amount": 9000.0, "buyers": 50,
        "returning_buyers": 12, "returning_amount": 3000.0,
    })  # fmt: skip
    daily = (
        "CAST(date AS DATE) AS date, visitors, CAST(paid_amount AS DECIMAL(18,2)) AS paid_amount, buyers, returning_buyers, "
    )
    daily += "CAST(returning_amount AS DECIMAL(18,2)) AS returning_amount"
    masked = ORDERS.replace("buyer_key", "CAST(NULL AS BIGINT) AS buyer_key")
    shop = store(tmp_path, orders=(frame, masked), shop_daily=(days, daily))
    result = tn.track_cohorts(shop)
    assert result.findings[-1].key == "buyers_masked" and result.cells.empty
    assert result.months["new_per_day"].tolist() == [38.0] * 3
    assert result.months["returning_share"].tolist() == pytest.approx([0.24] * 3)
    assert result.months["returning_amount_share"].tolist() == pytest.approx([1 / 3] * 3)
    with pytest.raises(NotEnoughData, match="masked"):
        tn.value_customers(shop)
    with pytest.raises(NotEnoughData, match="老客运营"):
        tn.track_cohorts(store(tmp_path / "none", orders=(frame, masked)))
