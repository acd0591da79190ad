"""Days on which an item's price moved together with a campaign's traffic, from the shop's own list of enrolled items.

An enrolled item gets a cut and the event's traffic on the same days, sells less in the week before (buyers wait) and in the two
weeks after (they have stocked up) at its usual price: all three make it look too sensitive to price. Such days are left out
where enough others remain; elsewhere they stay, with a control for the days of the event.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tmall_nb.analyses.elasticity.inputs import ItemDays, count_changes
from tmall_nb.shop import Shop

__all__ = ["leave_out_enrolled", "read_enrolled"]

Flags = NDArray[np.bool_]
BEFORE, AFTER = 7, 17  # days: waiting; three of 返场 and two weeks of stocked-up buyers
LEAST_LEFT, LEAST_UNITS, LEAST_CHANGES = 56, 15, 3
ENROLLED = """
SELECT DISTINCT item_id, CAST(start_at AS DATE) AS first_day, CAST(end_at AS DATE) AS last_day FROM enrolment
WHERE item_id IS NOT NULL AND start_at IS NOT NULL AND end_at IS NOT NULL
"""


def read_enrolled(shop: Shop) -> pd.DataFrame:
    """Return item_id, first_day, last_day of every enrolled item and campaign (活动报名); empty without that export."""
    if not (shop.has("enrolment", "start_at") and shop.has("enrolment", "end_at")):
        return pd.DataFrame(columns=["item_id", "first_day", "last_day"])
    return shop.sql(ENROLLED)


def leave_out_enrolled(data: ItemDays, spans: pd.DataFrame) -> ItemDays:
    """Return ``data`` without the campaign days of enrolled items, and without seven days before and seventeen after.

    Items that would keep fewer than 56 days, 15 units or three price changes keep all their days; ``enrolled`` then marks their
    days of campaigns. ``events`` keeps the days of campaigns that the list does not know.
    """
    if spans.empty:
        return data
    on, beside = _marked(data, spans, 0, 0), _marked(data, spans, BEFORE, AFTER)
    left = data.seen & ~beside
    units = np.where(left, np.nan_to_num(data.units), 0.0).sum(axis=1)
    enough = (left.sum(axis=1) >= LEAST_LEFT) & (units >= LEAST_UNITS) & (count_changes(data.price, left) >= LEAST_CHANGES)
    seen = np.where(enough[:, None], left, data.seen)
    events = None if data.events is None else data.events & ~on.any(axis=0)
    dropped = data.dropped | {"enrolled_campaign": int(data.seen.sum() - seen.sum())}
    return replace(data, seen=seen, events=events, enrolled=(on & ~enough[:, None]).astype(float), dropped=dropped)


def _marked(data: ItemDays, spans: pd.DataFrame, before: int, after: int) -> Flags:
    """(items, days) inside the spans, widened by some days."""
    rows = {item: k for k, item in enumerate(data.ids)}
    out = np.zeros(data.seen.shape, bool)
    for item, first, last in spans[["item_id", "first_day", "last_day"]].itertuples(index=False):
        if str(item) in rows:
            ends = (pd.Timestamp(first) - pd.Timedelta(days=before), pd.Timestamp(last) + pd.Timedelta(days=after))
            out[rows[str(item)]] |= np.asarray((data.dates >= ends[0]) & (data.dates <= ends[1]))
    return out
