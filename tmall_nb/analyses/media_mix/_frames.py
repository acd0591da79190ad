"""Posterior → the frames of a media-mix result."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tmall_nb.analyses.media_mix._read import Weeks
from tmall_nb.stats.media_mix import FLOOR_ROAS, ForecastScore, Insured, MixFit, below_median, point_roas, responses

LEVELS = (0.05, 0.95)
WIDE = 4.0  # high ÷ low beyond which a return says little
FEW_WEEKS = 8
CURVE = np.linspace(0.0, 2.0, 21)
STEP = 0.01
TESTED = 0.35  # spread (log) of a return below which a lift test of the channel has settled it


def mix_table(found: Insured, weeks: Weeks) -> pd.DataFrame:
    """One row per channel, those without any spend last."""
    fit = found.fit
    draws, point = fit.roas, point_roas(fit)
    low, high = np.quantile(draws, LEVELS, axis=0)
    point = np.clip(point, low, high)
    near = responses(fit, np.array([1.0, 1.0 + STEP]), window=len(weeks.sales))
    slope = (near.sales[..., 1] - near.sales[..., 0]) / (STEP * fit.data.spend_share)
    slope_low, slope_high = np.quantile(slope, LEVELS, axis=0)
    spend = weeks.spend.sum(axis=1)
    active = (weeks.spend > 0).sum(axis=1)
    table = pd.DataFrame(
        {
            "channel": weeks.channels,
            "spend": spend,
            "contribution": point * spend,
            "share": point * spend / weeks.sales.sum(),
            "roas": point,
            "low": low,
            "high": high,
            "marginal_roas": np.clip(np.median(slope, axis=0) * below_median(fit), slope_low, slope_high),
            "marginal_low": slope_low,
            "marginal_high": slope_high,
            "weeks": active,
            "floor_roas": FLOOR_ROAS,
        }
    )
    spread = np.log(high / low) / 3.29
    verdict = np.where(high / low > WIDE, "wide", "ok").astype(object)
    if found.demand.found:
        tests = fit.data.tests
        settled = (spread <= TESTED) & (False if tests is None else (tests.rates != 0).any(axis=(0, 2)))
        for j in found.followers:
            verdict[j] = verdict[j] if settled[j] else "hidden_demand"
    verdict[active < FEW_WEEKS] = "not_enough_data"
    if fit.r_hat is not None and fit.r_hat > 1.05:
        verdict[:] = "not_converged"
        table[["low", "high", "marginal_low", "marginal_high"]] = np.nan
    table["verdict"] = verdict
    empty = pd.DataFrame(
        {"channel": weeks.unused, "spend": 0.0, "weeks": 0, "floor_roas": FLOOR_ROAS, "verdict": "not_enough_data"}
    )
    return pd.concat([table, empty], ignore_index=True) if len(empty) else table


def curve_frame(fit: MixFit, channels: tuple[str, ...]) -> pd.DataFrame:
    """Weekly sales at 0 to 2 times the spend of the last 52 weeks, in yuan, with the marginal return there.

    The line lies below the median by as much as the channel's return does (``below_median``).
    """
    found = responses(fit, CURVE)
    weekly = fit.data.lagged[:, -52:, 0].mean(axis=1) * fit.data.spend_mean
    sales = found.sales * fit.data.sales_mean
    low, high = np.quantile(sales, LEVELS, axis=0)
    middle = np.clip(np.median(sales, axis=0) * below_median(fit)[:, None], low, high)
    slope = np.gradient(middle, CURVE, axis=1)
    frames = [
        pd.DataFrame(
            {
                "channel": name,
                "scale": CURVE,
                "spend": CURVE * weekly[j],
                "sales": middle[j],
                "low": low[j],
                "high": high[j],
                "marginal_roas": slope[j] / weekly[j] if weekly[j] > 0 else np.nan,
            }
        )
        for j, name in enumerate(channels)
    ]
    return pd.concat(frames, ignore_index=True)


def week_frame(fit: MixFit, weeks: Weeks) -> pd.DataFrame:
    """Actual and fitted sales, and the baseline, at the posterior mode."""
    at = fit.mode[None]
    base = fit.base(at)[0]
    fitted = base + fit.gains(at)[0].sum(axis=0)
    level = fit.data.sales_mean
    return pd.DataFrame(
        {"week": weeks.week.to_numpy(), "actual": weeks.sales, "fitted": fitted * level, "baseline": base * level}
    )


def grid_frame(fits: list[MixFit], channel: int, name: str, shares: tuple[float, ...]) -> pd.DataFrame:
    """A channel's return under claimed shares of its unexplained spend that follows hidden demand."""
    rows = []
    for fit, share in zip(fits, shares, strict=True):
        low, high = np.quantile(fit.roas[:, channel], LEVELS)
        rows.append((name, share, float(np.clip(point_roas(fit)[channel], low, high)), float(low), float(high)))
    return pd.DataFrame(rows, columns=["channel", "partial_r2", "roas", "low", "high"])


def score_frame(scores: list[ForecastScore], week: pd.Series) -> pd.DataFrame:
    """One row per origin."""
    rows = [(week.iloc[s.origin], s.weeks, s.error, s.naive_error) for s in scores]
    return pd.DataFrame(rows, columns=["origin", "weeks_ahead", "error", "naive_error"])
