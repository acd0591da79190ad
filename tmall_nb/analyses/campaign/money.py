"""From lift to profit: what the extra sales left after refunds, commission, goods, ads and postage, by simulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign.choose import DAY, DIP_AFTER
from tmall_nb.analyses.campaign.discounts import price_steps
from tmall_nb.analyses.campaign.lift import Lift, Series
from tmall_nb.queries.campaign_money import line_totals, platform_money
from tmall_nb.queries.refund_lags import refund_lags
from tmall_nb.shop import Shop
from tmall_nb.stats.refund_lag import RefundLag, complete_refunds

__all__ = ["Refunds", "campaign_profit", "fit_refunds"]

MAX_LAG_DAYS = 60
COLUMNS = ["line", "yuan", "low", "high", "known"]


@dataclass(frozen=True, slots=True)
class Refunds:
    """Mature refund share of payment days: the fitted lag curve on the shop's days, None where refunds have no dates."""

    fit: RefundLag | None
    days: pd.DataFrame

    def share(self, inside: np.ndarray) -> np.ndarray | None:
        """Draws of the mature refund share of the marked days."""
        paid = self.days["paid_amount"].to_numpy(float)[inside].sum()
        return None if self.fit is None or paid <= 0 else self.fit.draws[:, inside].sum(axis=1) / paid


def fit_refunds(series: Series, seed: int) -> Refunds:
    """Complete the newest days' refunds by the lag curve."""
    days, lags = series.days.reset_index(drop=True), refund_lags(series.shop)
    position = pd.Series(np.arange(len(days)), index=days["date"])
    lags = lags[lags["paid_day"].isin(position.index)] if len(lags) else lags
    if len(lags) < 30 or len(days) < 28:
        return Refunds(None, days)
    day, lag = position[lags["paid_day"]].to_numpy(), lags["lag"].to_numpy(int)
    seen = day + lag <= len(days) - 1
    paid, amount = days["paid_amount"].to_numpy(float), lags["refund_amount"].to_numpy(float)
    return Refunds(complete_refunds(paid, day[seen], lag[seen], amount[seen], max_lag=MAX_LAG_DAYS, draws=300, seed=seed), days)


def campaign_profit(
    series: Series, lift: Lift, refunds: Refunds, *, level: float, seed: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """Profit of the net lift, line by line.

    Returns
    -------
    line (usual_lift: the net lift before its reductions; cuts: what price cuts, shop coupons and 满减 took off the usual
    price of every unit sold on the campaign's days; refunds,
    commission, goods, ads, postage, platform_coupons, profit), yuan (costs negative), low, high, known (False: a setting stands
    in or the line could not be read); and the profit draws
    """
    rng = np.random.default_rng([seed, 2])
    gain = lift.money.draws["net"].to_numpy()
    count, totals = len(gain), _totals(lift)
    shares = _refund_shares(series, lift, refunds, rng, count)
    base = totals["paid_amount"] - gain
    base_units = base / _usual_price(lift)
    units = totals["paid_units"] - base_units
    refund = totals["paid_amount"] * shares[0] - base * shares[1]
    settings = series.shop.settings
    commission = float(settings.get("commission_rate", 0.0)) * (gain - refund)
    cost, cost_known = _unit_cost(series.shop, lift, totals)
    goods = cost * (totals["paid_units"] * (1 - shares[0]) - base_units * (1 - shares[1]))
    ads, ads_known = _extra(series, lift, "spend", rng, count)
    postage = float(settings.get("shipping_cost_yuan", 0.0)) * units / _units_per_order(series, lift)
    cuts = _cuts(series, lift)
    platform = np.full(count, _platform_money(series, lift))
    lines = {
        "usual_lift": gain - cuts, "cuts": np.full(count, cuts), "refunds": -refund, "commission": -commission, "goods": -goods,
        "ads": -ads, "postage": -postage, "platform_coupons": platform,
    }  # fmt: skip
    lines["profit"] = np.sum(list(lines.values()), axis=0)
    known = _known(series.shop, refunds, cost_known, ads_known)
    tail = [(1 - level) / 2, (1 + level) / 2]
    rows = [(k, float(v.mean()), *np.quantile(v, tail), known[k]) for k, v in lines.items()]
    return pd.DataFrame(rows, columns=COLUMNS), lines["profit"]


def _known(shop: Shop, refunds: Refunds, cost: bool, ads: bool) -> dict[str, bool]:
    settings = shop.settings
    known = {"usual_lift": True, "cuts": True, "refunds": refunds.fit is not None, "goods": cost, "ads": ads}
    known |= {"commission": "commission_rate" in settings, "postage": "shipping_cost_yuan" in settings}
    known["platform_coupons"] = shop.has("orders", "coupon_tmall") or shop.has("orders", "settled_amount")
    return known | {"profit": all(known[k] for k in ("refunds", "goods", "ads"))}


def _window(lift: Lift) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First day of the window and the day after its last."""
    c = lift.campaign
    return c.start - c.pre_dip_days * DAY, c.end + (DIP_AFTER + 1) * DAY


def _usual_price(lift: Lift) -> float:
    """Yuan a unit of the campaign's items on ordinary days of the 90 before: what sales would have brought."""
    known = lift.frame["paid_units"].notna() & (lift.frame["date"] < _window(lift)[0])
    sold = lift.frame.loc[known, ["paid_amount", "paid_units"]].tail(90).sum()
    return float(sold["paid_amount"] / sold["paid_units"]) if sold["paid_units"] > 0 else float("nan")


def _cuts(series: Series, lift: Lift) -> float:
    """Reductions below the usual price on the campaign's days, item by item (negative yuan), or from the mean price."""
    steps = price_steps(series, lift)
    if len(steps):
        return float((steps["payable"] - steps["usual_amount"]).sum())
    sold = _over(lift, "campaign")[["paid_amount", "paid_units"]].sum()
    return float(min(sold["paid_amount"] - _usual_price(lift) * sold["paid_units"], 0.0))


def _totals(lift: Lift) -> dict[str, float]:
    """Actual yuan and units of the campaign's items over the window that the net lift covers."""
    return {k: float(_over(lift, "campaign", "dip")[k].sum()) for k in ("paid_amount", "paid_units")}


def _over(lift: Lift, *phases: str) -> pd.DataFrame:
    """Days of some phases of the lift's path."""
    dates = lift.money.path.loc[lift.money.path["phase"].isin(phases), "date"]
    return lift.frame[lift.frame["date"].isin(dates)]


def _refund_shares(
    series: Series, lift: Lift, refunds: Refunds, rng: np.random.Generator, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mature refund share of the window and of ordinary days before it; zero where it cannot be known."""
    first, stop = _window(lift)
    date = refunds.days["date"]
    window = ((date >= first) & (date < stop)).to_numpy()
    before = date.isin(series.usual(lift.campaign)["date"]).to_numpy()
    out = []
    for inside in (window, before):
        share = refunds.share(inside)
        out.append(np.zeros(count) if share is None else share[rng.integers(0, len(share), count)])
    return out[0], out[1]


def _unit_cost(shop: Shop, lift: Lift, totals: dict[str, float]) -> tuple[float, bool]:
    """Yuan a unit: cost sheet weighted by units sold, else (1 - gross margin) of the usual price."""
    if shop.has("costs") and lift.enrolled:
        costs = shop.table("costs", ["item_id", "unit_cost", "valid_from"]).sort_values("valid_from")
        costs = costs[costs["valid_from"].isna() | (costs["valid_from"] <= lift.campaign.end)]
        newest = costs.groupby("item_id")["unit_cost"].last()
        sold = line_totals(shop, start=lift.campaign.start, stop=lift.campaign.end + DAY)[0].set_index("item_id")["units"]
        sold = sold[sold.index.isin(newest.index) & sold.index.isin(lift.enrolled)].astype(float)
        if sold.sum() > 0:
            return float((newest.reindex(sold.index) * sold).sum() / sold.sum()), True
    before = _over(lift, "before")
    price = before["paid_amount"].sum() / max(before["paid_units"].sum(), 1.0)
    return float((1 - float(shop.settings.get("gross_margin", 0.5))) * price), False


def _extra(series: Series, lift: Lift, column: str, rng: np.random.Generator, count: int) -> tuple[np.ndarray, bool]:
    """Spend of the campaign days beyond the daily mean of 28 ordinary days before and after, with that mean's uncertainty."""
    first, stop = _window(lift)
    days = series.days.set_index("date")[column]
    blank = set(lift.frame.loc[lift.frame["paid_amount"].isna(), "date"])
    inside = days[(days.index >= lift.campaign.start) & (days.index <= lift.campaign.end)]
    near = (days.index >= first - 28 * DAY) & (days.index < stop + 28 * DAY)
    usual = days[near & ((days.index < first) | (days.index >= stop)) & ~days.index.isin(blank)].dropna()
    if inside.isna().all() or len(usual) < 7:
        return np.zeros(count), False
    mean = rng.normal(usual.mean(), usual.std() / np.sqrt(len(usual) / 3), count)  # a third: neighbouring days resemble
    return float(inside.sum()) - mean * inside.notna().sum(), True


def _units_per_order(series: Series, lift: Lift) -> float:
    sold = series.days.loc[
        series.days["date"].between(lift.campaign.start, lift.campaign.end), ["paid_units", "paid_orders"]
    ].sum()
    return float(max(sold["paid_units"] / sold["paid_orders"], 1.0)) if sold["paid_orders"] > 0 else 1.0


def _platform_money(series: Series, lift: Lift) -> float:
    """Coupons and points that the platform pays the merchant on top of what buyers paid, beyond ordinary days'."""
    first, stop = _window(lift)
    window, usual = pd.date_range(first, stop - DAY), series.usual(lift.campaign)["date"]
    inside, before = (platform_money(series.shop, days=list(days)) for days in (window, usual))
    return float(np.nan_to_num(inside - np.nan_to_num(before) * len(window) / max(len(usual), 1)))
