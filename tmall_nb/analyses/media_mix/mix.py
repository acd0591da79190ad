"""Media mix of one shop: incremental return of every channel, what hidden demand may do to it, how well it forecasts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from tmall_nb.analyses.ad_tests import read_ad_tests
from tmall_nb.analyses.media_mix._frames import curve_frame, grid_frame, mix_table, score_frame, week_frame
from tmall_nb.analyses.media_mix._read import Weeks, read_weeks
from tmall_nb.analyses.media_mix._say import mix_findings, pooled_findings, tested_findings
from tmall_nb.analyses.media_mix._tests import Tested, frame_tests, no_tests, sheet_tests, with_changes
from tmall_nb.analyses.result import Finding, Method
from tmall_nb.errors import ParameterError, guess
from tmall_nb.stats.media_mix import (
    FLOOR_ROAS,
    Insured,
    MixData,
    Pooled,
    Priors,
    fit_insured,
    priors_for,
    score_forecasts,
    sensitivity,
    with_pooled,
)

if TYPE_CHECKING:
    from tmall_nb.shop import Shop

SEARCH_WORDS = re.compile(r"search|keyword|brand.?word|sem\b|关键词|搜索|直通车|品销宝", re.IGNORECASE)
PLATFORM_TRUST = 0.3  # share of the platform's relative pattern that enters the prior
GRID = (0.0, 0.1, 0.2, 0.3)
SAMPLERS = ("laplace", "mcmc")
SETTING = "media_mix_sampler"  # of shop.toml


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What is known besides the weeks.

    Attributes
    ----------
    demand_channels : channels known to spend more when demand is higher, whose returns are therefore insured lightly even where
        no trace of hidden demand shows; None: of a shop all of them (bids and budgets follow searches), of a frame a guess,
        those whose name says search, insured only where traces show
    platform_roas : return per channel as the platform reports it; only its relative pattern is used, discounted
    pooled : returns in similar shops, from ``pool_media_mix`` or its file; used only where these shops are alike
    sampler : ``laplace`` or ``mcmc`` (about 10 CPU seconds); MCMC prints no interval while it has not converged; None: what
        ``media_mix_sampler`` of the shop's shop.toml says, else laplace
    """

    demand_channels: tuple[str, ...] | None = None
    platform_roas: Mapping[str, float] | None = None
    pooled: Pooled | str | Path | None = None
    sampler: Literal["laplace", "mcmc"] | None = None


@dataclass(frozen=True, slots=True)
class MediaMixResult:
    """Incremental returns of channels.

    Attributes
    ----------
    table : one row per channel: spend, contribution (yuan over all weeks), share (of sales), roas, low, high (90 %),
        marginal_roas, marginal_low, marginal_high, weeks (with spend), floor_roas (what is assumed with no data),
        verdict (ok, wide, hidden_demand, not_converged, not_enough_data)
    curves : one row per channel and multiple of its spend: spend, sales (yuan per week), low, high, marginal_roas
    weekly : one row per week: actual, fitted, baseline (yuan)
    diagnostics : one row per check: value, threshold, verdict (ok, warning)
    sensitivity : one row per channel and partial_r2 (share of its unexplained spend that follows demand): roas, low, high
    forecast : one row per origin: weeks ahead, error, naive_error (shares of sales)
    findings : most important first
    method : assumptions, source, weeks used
    fit : the posterior, for ``plan_budget``
    platform_roas : returns as the platform reports them, where known
    followed : every channel's spend is known to follow demand (of a shop it is)
    tests : one row per test of ads: channel (names joined by 、), verdict (used, too_vague, poor_fit, wrong_sign, not_in_mix,
        outside_weeks, no_spend), tested, tested_low, tested_high (yuan per yuan, 90 %), before and after with their _low and
        _high (the channel's return without any test and with those used), start, end, kind (finished, hold_out), provinces
    """

    table: pd.DataFrame
    curves: pd.DataFrame
    weekly: pd.DataFrame
    diagnostics: pd.DataFrame
    sensitivity: pd.DataFrame
    forecast: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method
    fit: Insured
    platform_roas: Mapping[str, float] | None = None
    followed: bool = False
    tests: pd.DataFrame = field(default_factory=pd.DataFrame)


def fit_media_mix(
    weeks: Shop | pd.DataFrame,
    *,
    spend: Sequence[str] | None = None,
    controls: Sequence[str] = (),
    outcome: str = "paid_amount",
    lift_tests: pd.DataFrame | None = None,
    beliefs: Beliefs | None = None,
    seed: int = 0,
) -> MediaMixResult:
    """Estimate what each channel's spend brought that would not have come anyway.

    Believe it where the interval is narrow, the verdict is ``ok`` and no hidden demand was found; otherwise run the
    test that ``design_geo_test`` proposes. The figures are observational: a randomised test always wins over them.

    Parameters
    ----------
    weeks : a shop, or a frame with week (first day), the outcome, the spend and the control columns, one row per week
    spend : spend columns in yuan; for a shop None takes every channel found
    controls : columns that move sales whatever the spend: campaigns, price, market search; never sums of sales
    outcome : sales column in yuan
    lift_tests : one row per test: channel, start, end (first and last week), roas, error (or low and high, 90 %); None takes a
        shop's own sheet 投放测试 (``tmall-nb template ad_tests``), an empty frame no test
    beliefs : what is known besides (see ``Beliefs``)
    seed : of the posterior draws

    Returns
    -------
    MediaMixResult with one row per channel

    Raises
    ------
    ExportError : a column is missing, a week is missing or twice, a cell is not a number, a test cannot be used (with its row)
    NotEnoughData : under 12 weeks; ParameterError : the sampler is unknown

    Notes
    -----
    Source: Jin, Wang, Sun, Chan & Koehler (2017); the baseline is exp(·) and so never negative.

    Examples
    --------
    >>> mix = fit_media_mix(weeks, spend=["search", "feed"], controls=["campaign"])  # doctest: +SKIP
    >>> mix.table[["channel", "roas", "low", "high"]]  # doctest: +SKIP
    """
    beliefs = _with_sampler(_with_file(beliefs or Beliefs()), weeks)
    sheet = None
    if not isinstance(weeks, pd.DataFrame):
        from tmall_nb.analyses.media_mix.shops import read_shop

        frame, spend, controls, beliefs = read_shop(weeks, spend, controls, beliefs)
        sheet = read_ad_tests(weeks) if lift_tests is None else None
    elif spend is None:
        raise ParameterError("spend", None, 'the names of the spend columns; write spend=["search", "feed"]')
    else:
        frame = weeks
    found = read_weeks(frame, spend, controls, outcome)
    given = frame_tests(lift_tests, found) if lift_tests is not None else None
    tested = given or (no_tests(found) if sheet is None else sheet_tests(sheet, found))
    return _result(found, tested, beliefs, seed, outcome, tuple(controls))


def _result(
    weeks: Weeks, tested: Tested, beliefs: Beliefs, seed: int, outcome: str, controls: tuple[str, ...]
) -> MediaMixResult:
    data = weeks.data(tested.lift)
    priors = make_priors(data, weeks.channels, beliefs)
    followers, known = _followers(weeks.channels, beliefs), beliefs.demand_channels is not None
    found = fit_insured(data, weeks.spend, followers=followers, priors=priors, known=known, seed=seed)
    bare = found
    if tested.lift is not None:
        bare = fit_insured(weeks.data(), weeks.spend, followers=followers, priors=priors, known=known, seed=seed)
    if beliefs.sampler == "mcmc":
        found = _sampled(found, seed)
    table = mix_table(found, weeks)
    tests = with_changes(tested, bare.fit, found.fit, weeks, shown=bool(table["low"].notna().any()))
    grids = _grids(data, weeks, found, priors, seed)
    scores = score_frame(score_forecasts(data, priors, seed=seed), weeks.week)
    checks = _checks(found, scores, len(weeks.sales))
    brought = np.quantile(found.fit.roas @ weeks.spend.sum(axis=1), (0.05, 0.95))
    findings = mix_findings(table, checks, scores, brought, len(weeks.sales), tested=len(tests) > 0)
    findings = (*findings[:1], *tested_findings(tests), *findings[1:], *pooled_findings(beliefs.pooled))
    curves = curve_frame(found.fit, weeks.channels)
    method = _method(weeks, beliefs, seed, outcome, controls)
    platform = dict(beliefs.platform_roas) if beliefs.platform_roas else None
    followed = known and set(followers or ()) == set(range(len(weeks.channels)))
    weekly = week_frame(found.fit, weeks)
    return MediaMixResult(table, curves, weekly, checks, grids, scores, findings, method, found, platform, followed, tests)


def _method(weeks: Weeks, beliefs: Beliefs, seed: int, outcome: str, controls: tuple[str, ...]) -> Method:
    return Method(
        name="media_mix",
        source="Jin, Wang, Sun, Chan & Koehler 2017",
        level=0.90,
        rows_used=int((weeks.sales > 0).sum()),
        set_aside=weeks.aside,
        assumptions=("mix_observational", "mix_controls_complete", "mix_saturating", "mix_floor", "mix_weeks_same"),
        start=weeks.week.iloc[0] if isinstance(weeks.week.iloc[0], pd.Timestamp) else None,
        end=weeks.week.iloc[-1] if isinstance(weeks.week.iloc[-1], pd.Timestamp) else None,
        parameters={
            "outcome": outcome,
            "controls": controls,
            "floor_roas": FLOOR_ROAS,
            "sampler": beliefs.sampler or "laplace",
            "pooled_spread": beliefs.pooled.between if isinstance(beliefs.pooled, Pooled) else "-",
        },
        seed=seed,
    )


def _with_sampler(beliefs: Beliefs, weeks: Shop | pd.DataFrame) -> Beliefs:
    """The same with the sampler chosen: the call's, else shop.toml's, else laplace."""
    name, value, place = "sampler", beliefs.sampler, ""
    if value is None:
        held = {} if isinstance(weeks, pd.DataFrame) else weeks.settings
        name, value, place = SETTING, held.get(SETTING, "laplace"), " in shop.toml"
    if value not in SAMPLERS:
        near = guess(str(value), SAMPLERS)
        raise ParameterError(name, value, f"laplace or mcmc{place}{near}")
    return replace(beliefs, sampler=value)


def _with_file(beliefs: Beliefs) -> Beliefs:
    """The same with the pooled returns read, where a file is named."""
    if not isinstance(beliefs.pooled, str | Path):
        return beliefs
    from tmall_nb.analyses.media_mix.shops import read_pooled

    return replace(beliefs, pooled=read_pooled(beliefs.pooled))


def make_priors(data: MixData, channels: tuple[str, ...], beliefs: Beliefs) -> Priors:
    """Default priors moved by the platform's discounted pattern, or by what similar shops show."""
    priors = priors_for(data, None)
    if isinstance(beliefs.pooled, Pooled) and beliefs.pooled.alike:
        return with_pooled(priors, beliefs.pooled, channels, data.baseline.shape[1])
    if beliefs.platform_roas:
        reported = np.array([beliefs.platform_roas.get(name, np.nan) for name in channels], float)
        known = np.isfinite(reported) & (reported > 0)
        if known.sum() >= 2:
            pattern = np.zeros(len(channels))
            logs = np.log(reported[known])
            pattern[known] = PLATFORM_TRUST * (logs - logs.mean())
            where = slice(data.baseline.shape[1] + 3 * len(channels), data.baseline.shape[1] + 4 * len(channels))
            mean = priors.mean.copy()
            mean[where] += pattern
            priors = replace(priors, mean=mean)
    return priors


def _followers(channels: tuple[str, ...], beliefs: Beliefs) -> tuple[int, ...] | None:
    if beliefs.demand_channels is not None:
        unknown = [name for name in beliefs.demand_channels if name not in channels]
        if unknown:
            raise ParameterError("demand_channels", unknown[0], f"one of the spend columns: {', '.join(channels)}")
        return tuple(channels.index(name) for name in beliefs.demand_channels)
    named = tuple(j for j, name in enumerate(channels) if SEARCH_WORDS.search(name))
    return named or None


def _sampled(found: Insured, seed: int) -> Insured:
    from tmall_nb.stats.media_mix.hmc import sample_hmc

    return replace(found, fit=sample_hmc(found.fit, seed=seed))


def _grids(data: MixData, weeks: Weeks, found: Insured, priors: Priors, seed: int) -> pd.DataFrame:
    """The sensitivity grid of the channels that may follow demand."""
    frames = []
    for channel in found.followers:
        fits = sensitivity(data, weeks.spend, channel, found, shares=GRID, priors=priors, seed=seed)
        frames.append(grid_frame(fits, channel, weeks.channels[channel], GRID))
    columns = ["channel", "partial_r2", "roas", "low", "high"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _checks(found: Insured, scores: pd.DataFrame, weeks: int) -> pd.DataFrame:
    fit = found.fit
    rest, sales = fit.rest(), fit.data.sales
    rows = [
        ("hidden_demand", found.demand.autocorrelation, found.demand.alarm, not found.demand.found),
        ("r_squared", 1 - float(rest.var() / max(sales.var(), 1e-12)), 0.5, float(rest.var()) < 0.5 * float(sales.var())),
        ("lowest_baseline", float(fit.base(fit.mode[None])[0].min()), 0.0, True),
        ("weeks", float(weeks), 78.0, weeks >= 78),
        ("optimiser_converged", float(fit_map_converged(fit)), 1.0, fit_map_converged(fit)),
    ]
    if fit.r_hat is not None:
        rows.append(("r_hat", fit.r_hat, 1.05, fit.r_hat <= 1.05))
    if len(scores):
        error, naive = float(scores["error"].mean()), float(scores["naive_error"].mean())
        rows.append(("forecast_error", error, naive, error <= naive))
    frame = pd.DataFrame(rows, columns=["check", "value", "threshold", "passed"])
    frame["verdict"] = np.where(frame["passed"].astype(bool), "ok", "warning")
    return frame.drop(columns="passed")


def fit_map_converged(fit: object) -> bool:
    """Did the optimiser (or the chains) say so?"""
    return bool(getattr(fit, "converged", False))


__all__ = ["Beliefs", "MediaMixResult", "fit_media_mix", "make_priors"]
