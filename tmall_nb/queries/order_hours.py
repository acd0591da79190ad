"""Paid orders by hour of the campaign's days: the burst starts at 20:00 the evening before."""

from __future__ import annotations

import pandas as pd

from tmall_nb.shop import Shop

QUERY = """
SELECT date_trunc('hour', paid_at) AS hour, count(*) AS paid_orders, sum(paid_amount) AS paid_amount
FROM orders WHERE paid_at >= $start AND paid_at < $stop GROUP BY 1 ORDER BY 1
"""


def order_hours(shop: Shop, *, start: pd.Timestamp, stop: pd.Timestamp) -> pd.DataFrame:
    """Return hour (timestamp), paid_orders, paid_amount for every hour from ``start`` to before ``stop``; 0 where none."""
    if not shop.has("orders", "paid_at"):
        return pd.DataFrame(columns=["hour", "paid_orders", "paid_amount"])
    frame = shop.sql(QUERY, start=start, stop=stop).set_index("hour")
    hours = pd.date_range(start.floor("h"), stop, freq="h", inclusive="left", name="hour")
    return frame.reindex(hours, fill_value=0).reset_index()
