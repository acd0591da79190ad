"""Refunds by day of payment and days until they finished."""

from __future__ import annotations

import pandas as pd

from tmall_nb.shop import Shop

QUERY = """
SELECT CAST(o.paid_at AS DATE) AS paid_day, date_diff('day', CAST(o.paid_at AS DATE), CAST(r.finished_at AS DATE)) AS lag,
       sum(r.refund_amount) AS refund_amount, count(*) AS refunds
FROM refunds r JOIN orders o USING (order_id)
WHERE o.paid_at IS NOT NULL AND r.finished_at IS NOT NULL AND r.finished_at >= o.paid_at
  AND (r.refund_status IS NULL OR r.refund_status LIKE '%成功%')
GROUP BY 1, 2 ORDER BY 1, 2
"""


def refund_lags(shop: Shop) -> pd.DataFrame:
    """Return paid_day, lag (days from payment to finished refund), refund_amount, refunds; successful refunds only.

    Empty where the refund report (with finishing times) or the orders are missing.
    """
    if not (shop.has("refunds") and shop.has("orders")):
        return pd.DataFrame(columns=["paid_day", "lag", "refund_amount", "refunds"])
    frame = shop.sql(QUERY)
    return frame.assign(paid_day=pd.to_datetime(frame["paid_day"]))
