"""``measure_uplift``: actual against counterfactual for one campaign and one series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.analyses.campaign.frames import CampaignDays, Request, prepare_days, read_request
from tmall_nb.analyses.campaign.uplift_findings import uplift_findings
from tmall_nb.analyses.result import Finding, Method
from tmall_nb.errors import ParameterError
from tmall_nb.stats.uplift import Uplift, before_after, block_placebos, control_jumps, difference_in_differences, fit_uplift

SOURCE = (
    "Log-index regression with errors in the index corrected by signal extraction, AR(1) + white residuals and joint "
    "posterior draws; compare Brodersen et al. (2015), Annals of Applied Statistics 9(1)"
)
REACT_Z = 1.64
JUMP_Z = 4.0


@dataclass(frozen=True, slots=True)
class UpliftResult:
    """Lift of one campaign.

    Attributes
    ----------
    table : one row per kind (gross, net, before_after, difference_in_differences): effect, low, high, relative, p_value, days
    effect : the gross and net rows; gross: campaign days only, net: with the days borrowed from before and after
    path : one row per date: actual, counterfactual, low, high (95 %; days outside the window predicted without their own
        week), phase (before, dip, campaign, after)
    placebos : one row per window without a campaign: start, end, effect, low, high, relative
    controls : one row per control: control, loading (how it follows the others), jump (standard deviations during the
        campaign), verdict (ok, promoted)
    diagnostics : one row: fast_slope, fast_slope_se, react_z, verdict (ok, controls_react_less, no_controls), event_slope,
        event_slope_sd, taught (an earlier event shows how the outcome reacts to platform traffic), platform_jump (log rise of
        the controls on campaign days), series (controls left after sparse ones are added up), orders_per_day, count_noise (sd,
        log), fit_error, reliability, days_before, days_set_aside, event_days
    draws : one row per draw: gross, net (effects; profit is computed from them)
    findings, method : as everywhere
    """

    table: pd.DataFrame
    effect: pd.DataFrame
    path: pd.DataFrame
    placebos: pd.DataFrame
    controls: pd.DataFrame
    diagnostics: pd.DataFrame
    draws: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method


def measure_uplift(
    days: pd.DataFrame,
    *,
    start: str | pd.Timestamp,
    end: str | pd.Timestamp,
    outcome: str = "paid_amount",
    controls: Sequence[str] = (),
    events: Sequence[str | pd.Timestamp] = (),
    pre_dip_days: int = 0,
    post_dip_days: int = 14,
    level: float = 0.95,
    seed: int = 0,
) -> UpliftResult:
    """Say what a campaign added to one series, gross and net of demand borrowed from the days around it.

    Trust it where the controls were not promoted and the fit before the campaign is close; read the placebo windows first.
    If controls react less to platform traffic than the campaign's items and no earlier event shows by how much, the figure
    is too high; ``diagnostics`` says so.

    Parameters
    ----------
    days : one row per day: date, the outcome, the control columns (all gross figures, not negative)
    start, end : first and last campaign day
    outcome : column that the campaign should lift (units, orders or yuan)
    controls : columns that share the market but not the campaign (items outside it, other shops, the category)
    events : earlier days of platform-wide traffic; three or more teach how the items react to it
    pre_dip_days, post_dip_days : days before and after on which demand may be missing because of the campaign, 0-90
    level : confidence level of the intervals, 0-1
    seed : seed of the draws

    Raises
    ------
    ParameterError : dates outside the data or out of order; NotEnoughData : fewer than 14 days before, or nothing sold;
    ExportError : a column is missing, holds text or negative numbers, or a day stands twice

    Examples
    --------
    >>> import numpy as np, pandas as pd, tmall_nb as tn
    >>> days = pd.DataFrame({"date": pd.date_range("2025-01-01", periods=120), "paid_units": 100.0 + np.arange(120) % 7})
    >>> days.loc[100:103, "paid_units"] += 80
    >>> lift = tn.measure_uplift(days, start="2025-04-11", end="2025-04-14", outcome="paid_units")
    >>> round(lift.effect.effect[0], -1)
    np.float64(320.0)
    """
    if not 0.5 <= level < 1:
        raise ParameterError("level", level, "a fraction between 0.5 and 1, e.g. 0.95")
    request = read_request(start, end, outcome, controls, events, (pre_dip_days, post_dip_days))
    ready = prepare_days(days, request)
    fit = fit_uplift(ready.y, ready.controls, ready.design, level=level, seed=seed)
    return _result(ready, fit, request, level, seed)


def _result(ready: CampaignDays, fit: Uplift, request: Request, level: float, seed: int) -> UpliftResult:
    draws = _effect_draws(ready, fit, seed)
    effect = _effect_table(ready, fit, draws, level)
    path = _path(ready, fit)
    placebos = _placebos(ready, fit, level)
    controls = _control_table(ready, fit)
    diagnostics = _diagnostics(ready, fit)
    method = Method(
        name="uplift",
        source=SOURCE,
        assumptions=("controls_not_treated", "same_reaction", "dips_inside_window", "joint_draws"),
        start=ready.dates[0],
        end=ready.dates[-1],
        rows_used=int(fit.problem[2].sum()),
        level=level,
        parameters={
            "start": str(request.start.date()), "end": str(request.end.date()), "outcome": request.outcome,
            "controls": ", ".join(request.controls), "events": len(request.events), "pre_dip_days": request.pre_dip_days,
            "post_dip_days": request.post_dip_days,
        },
        seed=seed,
    )  # fmt: skip
    for reason, rows in (*ready.set_aside, ("outlier_day", int(fit.outliers.sum()))):
        method = method.drop(reason, rows)
    naive = _naive_rows(ready, path)
    table = pd.concat([effect, naive], ignore_index=True)
    findings = uplift_findings(table, controls, diagnostics, placebos, request)
    return UpliftResult(table, effect, path, placebos, controls, diagnostics, draws, findings, method)


def _effect_draws(ready: CampaignDays, fit: Uplift, seed: int) -> pd.DataFrame:
    """Actual minus counterfactual draws; the noise of the actual counts grows with the lift, by what ordinary days show."""
    actual, expected = ready.y[fit.days], fit.draws.mean(axis=0)
    extra = fit.grain * np.maximum(actual - expected, 0.0) + fit.count_noise * np.maximum(actual**2 - expected**2, 0.0)
    rng = np.random.default_rng([seed, 1])
    gaps = actual - fit.draws + rng.standard_normal(fit.draws.shape) * np.sqrt(extra)
    sale = ready.design.sale[fit.days]
    return pd.DataFrame({"gross": gaps[:, sale].sum(axis=1), "net": gaps.sum(axis=1)})


def _effect_table(ready: CampaignDays, fit: Uplift, draws: pd.DataFrame, level: float) -> pd.DataFrame:
    rows = []
    sale = ready.design.sale[fit.days]
    middle = fit.draws.mean(axis=0)
    actual = ready.y[fit.days]
    for kind, inside in (("gross", sale), ("net", np.ones(len(sale), bool))):
        sample = draws[kind].to_numpy()
        low, high = np.quantile(sample, [(1 - level) / 2, (1 + level) / 2])
        effect, base = float((actual - middle)[inside].sum()), float(middle[inside].sum())
        tail = min((sample <= 0).mean(), (sample >= 0).mean())
        p_value = max(2 * float(tail), 1 / len(sample))
        relative = effect / base if base > 0 else np.nan
        rows.append((kind, effect, low, high, relative, min(p_value, 1.0), int(inside.sum())))
    return pd.DataFrame(rows, columns=["kind", "effect", "low", "high", "relative", "p_value", "days"])


def _naive_rows(ready: CampaignDays, path: pd.DataFrame) -> pd.DataFrame:
    sale = ready.design.sale
    actual = float(np.nansum(ready.y[sale]))
    rows = []
    for kind, effect in (
        ("before_after", before_after(ready.y, sale)),
        ("difference_in_differences", difference_in_differences(ready.y, ready.controls, ready.design)),
    ):
        base = actual - effect
        rows.append((kind, effect, np.nan, np.nan, effect / base if base > 0 else np.nan, np.nan, int(sale.sum())))
    return pd.DataFrame(rows, columns=["kind", "effect", "low", "high", "relative", "p_value", "days"])


def _path(ready: CampaignDays, fit: Uplift) -> pd.DataFrame:
    number = np.arange(len(ready.dates))
    sale = ready.design.sale
    first, last = int(np.argmax(sale)), len(sale) - 1 - int(np.argmax(sale[::-1]))
    phase = np.where(sale, "campaign", np.where(ready.design.window, "dip", np.where(number < first, "before", "after")))
    phase = np.where((number > last) & ready.design.hidden & ~ready.design.window, "after", phase)
    return pd.DataFrame(
        {"date": ready.dates, "actual": ready.y, "counterfactual": fit.counterfactual, "low": fit.low, "high": fit.high,
         "phase": phase}
    )  # fmt: skip


def _placebos(ready: CampaignDays, fit: Uplift, level: float) -> pd.DataFrame:
    from scipy.special import ndtri

    reach = float(ndtri((1 + level) / 2))
    rows = []
    for first, last, effect, spread in block_placebos(ready.y, fit, ready.design):
        base = float(np.nansum(ready.y[first : last + 1])) - effect
        row = (ready.dates[first], ready.dates[last], effect, effect - reach * spread, effect + reach * spread)
        rows.append((*row, effect / base if base > 0 else np.nan))
    return pd.DataFrame(rows, columns=["start", "end", "effect", "low", "high", "relative"])


def _control_table(ready: CampaignDays, fit: Uplift) -> pd.DataFrame:
    columns = ["control", "loading", "jump", "verdict"]
    if fit.index is None:
        return pd.DataFrame(columns=columns)
    jumps, loadings = control_jumps(fit, ready.design), fit.index.loadings
    pooled = len(loadings) != len(ready.names)
    names = [f"pool_{k + 1}" for k in range(len(loadings))] if pooled else list(ready.names)
    verdict = np.where(np.abs(jumps) > JUMP_Z, "promoted", "ok")
    return pd.DataFrame({"control": names, "loading": loadings, "jump": jumps, "verdict": verdict})[columns]


def _diagnostics(ready: CampaignDays, fit: Uplift) -> pd.DataFrame:
    first = int(np.argmax(ready.design.sale))
    observed = fit.problem[2]
    verdict = "no_controls" if fit.index is None else "controls_react_less" if fit.react_z > REACT_Z else "ok"
    row = {
        "fast_slope": fit.fast_slope, "fast_slope_se": fit.fast_slope_se, "react_z": fit.react_z, "verdict": verdict,
        "event_slope": fit.event_slope, "event_slope_sd": fit.event_slope_sd, "taught": fit.taught,
        "platform_jump": float(fit.index.jump[ready.design.sale].mean()) if fit.index is not None else np.nan,
        "series": 0 if fit.index is None else len(fit.index.loadings),
        "orders_per_day": float(np.nanmean(ready.y[observed]) / fit.grain), "count_noise": float(np.sqrt(fit.count_noise)),
        "fit_error": fit.fitted_error, "reliability": fit.index.reliability if fit.index is not None else np.nan,
        "days_before": int(observed[:first].sum()), "days_set_aside": int(fit.outliers.sum()),
        "event_days": int((ready.design.events & observed).sum()),
    }  # fmt: skip
    return pd.DataFrame([row])
