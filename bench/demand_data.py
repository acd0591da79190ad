"""The data of the demand benchmarks as item-days, with the columns known ahead."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

REAL = Path(os.environ.get("TMALL_NB_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))

ROSSMANN_A = ["2015-01-16", "2015-03-13", "2015-05-08", "2015-07-03"]
ROSSMANN_B = ["2014-12-19", "2015-02-13", "2015-04-10", "2015-06-05"]
OJ_A = ["1992-06-18", "1992-07-16", "1992-08-13", "1992-09-10"]
OJ_B = ["1992-06-04", "1992-07-02", "1992-07-30", "1992-08-27"]
RETAIL_A = ["2011-08-19", "2011-09-16", "2011-10-14", "2011-11-11"]
RETAIL_B = ["2011-08-05", "2011-09-02", "2011-09-30", "2011-10-28"]


def rossmann() -> pd.DataFrame:
    """83 stores with at least 940 days: Sales as units; Open, Promo, StateHoliday, SchoolHoliday known ahead."""
    raw = pd.read_csv(REAL / "rossmann_stores" / "train_100_stores.csv.gz", dtype={"StateHoliday": str}, parse_dates=["Date"])
    raw = raw[raw.groupby("Store")["Date"].transform("count") >= 940]
    return pd.DataFrame({
        "item_id": raw["Store"].astype(str), "date": raw["Date"], "paid_units": raw["Sales"].astype(float),
        "open": raw["Open"], "promo": raw["Promo"], "school": raw["SchoolHoliday"].astype(int),
        "holiday": (raw["StateHoliday"] != "0").astype(int),
    }).sort_values(["item_id", "date"], ignore_index=True)  # fmt: skip


def orange_juice() -> pd.DataFrame:
    """All 913 store-brands (87 to 121 weeks each): all prices, deal and feat known ahead."""
    raw = pd.read_parquet(REAL / "dominicks_oj" / "orangeJuice_yx.parquet")
    key = raw["store"].astype(int).astype(str) + "_" + raw["brand"].astype(int).astype(str)
    raw = raw.assign(item_id=key)
    prices = [f"price{k}" for k in range(1, 12)]
    own = raw[prices].to_numpy()[np.arange(len(raw)), raw["brand"].astype(int).to_numpy() - 1]
    frame = raw[["item_id", *prices, "deal", "feat"]].assign(
        date=pd.Timestamp("1989-09-14") + pd.to_timedelta(7 * raw["week"], unit="D"),
        paid_units=np.exp(raw["logmove"]), price_yuan=own, category=raw["brand"].astype(int).astype(str),
    )  # fmt: skip
    return frame.sort_values(["item_id", "date"], ignore_index=True)


def online_retail() -> pd.DataFrame:
    """The 300 busiest items of Online Retail by day, returns and service codes left out."""
    raw = pd.read_parquet(REAL / "online_retail" / "online_retail.parquet")
    raw = raw[(raw["Quantity"] > 0) & (raw["UnitPrice"] > 0) & raw["StockCode"].astype(str).str.match(r"^\d{5}")]
    date = pd.to_datetime(raw["InvoiceDate"]).dt.normalize()
    days = (
        raw.assign(date=date, item_id=raw["StockCode"].astype(str))
        .groupby(["item_id", "date"], as_index=False)["Quantity"]
        .sum()
    )
    busiest = days.groupby("item_id")["Quantity"].agg(["count", "sum"]).nlargest(300, "count").index
    days = days[days["item_id"].isin(busiest)]
    every = pd.date_range(date.min(), date.max())
    wide = days.pivot(index="date", columns="item_id", values="Quantity").reindex(every)
    first = wide.notna().idxmax()
    long = wide.fillna(0.0).rename_axis("date").reset_index().melt(id_vars="date", var_name="item_id", value_name="paid_units")
    long = long[long["date"] >= long["item_id"].map(first)]
    return long.sort_values(["item_id", "date"], ignore_index=True)
