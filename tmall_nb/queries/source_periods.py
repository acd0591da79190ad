"""Traffic by first-level source over a period, from the leaf rows of the source report."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from tmall_nb.shop import Shop

QUERY = """
SELECT source_1 AS segment, sum(visitors) AS visitors, sum(buyers) AS buyers, sum(paid_amount) AS paid_amount
FROM traffic_source WHERE CAST(date AS DATE) IN (SELECT CAST(unnest($days) AS DATE))
GROUP BY 1 ORDER BY paid_amount DESC, segment
"""


def source_period(shop: Shop, *, days: Sequence[pd.Timestamp]) -> pd.DataFrame:
    """Return segment (一级来源), visitors, buyers, paid_amount and the factors conversion_rate and amount_per_buyer.

    Visitors are summed over days and sources, so a person who came twice counts twice: the figures serve to compare
    periods, not to count people. A rate over zero is missing.
    """
    frame = shop.sql(QUERY, days=[f"{day:%Y-%m-%d}" for day in days])
    return frame.assign(
        conversion_rate=frame["buyers"].div(frame["visitors"]).where(frame["visitors"] > 0),
        amount_per_buyer=frame["paid_amount"].div(frame["buyers"]).where(frame["buyers"] > 0),
    )
