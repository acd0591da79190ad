"""When and where orders are placed: by hour, weekday and province."""

from __future__ import annotations

import pandas as pd

from tmall_nb.shop import Shop

BY = {
    "hour": "extract('hour' FROM paid_at)",
    "weekday": "extract('isodow' FROM paid_at)",
    "province": "province",
}
QUERY = """
SELECT {key} AS {name}, count(*) AS paid_orders, sum(paid_amount) AS paid_amount, sum(refund_amount) AS refund_amount,
       count(DISTINCT CAST(paid_at AS DATE)) AS days
FROM orders WHERE paid_at >= $start AND paid_at < $stop GROUP BY 1 ORDER BY 1
"""


def order_pattern(shop: Shop, *, by: str, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """Return paid_orders, paid_amount, refund_amount and days with orders by ``hour`` (0-23), ``weekday`` (1 = Monday) or
    ``province``, of orders paid from ``start`` to ``end`` (days, both included), with their share of orders."""
    frame = shop.sql(QUERY.format(key=BY[by], name=by), start=start, stop=end + pd.Timedelta(days=1))
    frame["share"] = frame["paid_orders"] / max(frame["paid_orders"].sum(), 1)
    return frame
