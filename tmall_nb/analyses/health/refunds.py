"""Net sales of the newest weeks, completed by the refunds still to come."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.queries.refund_lags import refund_lags
from tmall_nb.shop import Shop
from tmall_nb.stats.refund_lag import RefundLag, complete_refunds

COLUMNS = "week paid_amount refund_seen refund_expected low high net_amount net_low net_high maturity".split()
MAX_LAG_DAYS = 60


def refund_weeks(shop: Shop, days: pd.DataFrame, *, level: float, seed: int) -> tuple[pd.DataFrame, RefundLag | None]:
    """Return one row per payment week (Monday) and the fitted lag curve.

    The frame holds paid_amount, refund_seen, refund_expected with low/high, net_amount = paid - expected refunds with
    net_low/net_high, maturity (share of refunds already seen, on average). Without finishing times of refunds only the first
    two are filled and the curve is None: how much is still to come cannot be known then.
    """
    frame = days.loc[days["complete"] & days["paid_amount"].notna(), ["date", "paid_amount", "refund_amount"]]
    week = frame["date"] - pd.to_timedelta(frame["date"].dt.day_of_week, unit="D")
    fit = _fit(shop, frame, seed)
    rows = []
    for monday, index in frame.groupby(week).indices.items():
        part = frame.iloc[index]
        paid, seen = part["paid_amount"].sum(), part["refund_amount"].sum(min_count=1)
        row = {"week": monday, "paid_amount": paid, "refund_seen": seen}
        if fit is not None:
            arrived = fit.seen[index].sum()
            row["refund_seen"] = seen = arrived if np.isnan(seen) else seen
            low, high = (seen + bound - arrived for bound in fit.interval(index, level))
            expected = seen + fit.expected[index].sum() - arrived
            age = np.minimum(len(frame) - 1 - index, MAX_LAG_DAYS)
            row |= {"refund_seen": seen, "refund_expected": expected, "low": low, "high": high}
            row |= {"net_amount": paid - expected, "net_low": paid - high, "net_high": paid - low}
            row |= {"maturity": float(np.average(fit.arrived[age], weights=np.maximum(part["paid_amount"], 1e-9)))}
        rows.append(row)
    return pd.DataFrame(rows).reindex(columns=COLUMNS), fit


def _fit(shop: Shop, frame: pd.DataFrame, seed: int) -> RefundLag | None:
    lags = refund_lags(shop)
    if lags.empty or frame.empty:
        return None
    position = pd.Series(np.arange(len(frame)), index=frame["date"])
    lags = lags[lags["paid_day"].isin(position.index)]
    day, lag = position[lags["paid_day"]].to_numpy(), lags["lag"].to_numpy(int)
    seen = day + lag <= len(frame) - 1
    if int(lags["refunds"].to_numpy()[seen].sum()) < 30 or seen.sum() < 30 or len(frame) < 28:
        return None
    amount = lags["refund_amount"].to_numpy(float)
    return complete_refunds(
        frame["paid_amount"].to_numpy(float), day[seen], lag[seen], amount[seen], max_lag=MAX_LAG_DAYS, seed=seed
    )
