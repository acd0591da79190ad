"""One row per channel: what the platform says, what is left of it, path credit, incremental return, break-even."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tmall_nb.analyses.ad_tests import read_ad_tests
from tmall_nb.analyses.attribution._platform import pace_month, platform_returns
from tmall_nb.analyses.attribution._say import channel_findings, crossings
from tmall_nb.analyses.attribution.paths import MODELS, attribute_paths
from tmall_nb.analyses.result import Finding, Method
from tmall_nb.errors import ParameterError

if TYPE_CHECKING:
    from tmall_nb.analyses.geo import GeoReadResult
    from tmall_nb.analyses.media_mix import MediaMixResult
    from tmall_nb.shop import Shop

_SPAN = ("", "_low", "_high")
COLUMNS = (
    "channel", "spend", "ad_sales", "roas_reported", *(f"roas_matured{s}" for s in _SPAN), *(f"roas_net{s}" for s in _SPAN),
    "roas_presale", *(f"credit_share{s}" for s in _SPAN), *(f"roas_incremental{s}" for s in _SPAN),
    *(f"roas_geo{s}" for s in _SPAN), "break_even", "weeks", "verdict",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AttributionResult:
    """Every figure of every channel, side by side.

    Attributes
    ----------
    table : one row per channel: spend, ad_sales, roas_reported, roas_matured (all sales of the window booked), roas_net (of
        refunds), roas_presale (matured, with presale), roas_incremental, roas_geo, each with _low and _high (90 %) where it is
        an estimate; credit_share (of path conversions, Markov) with _low, _high; break_even; weeks; verdict
        (geo, incremental, test_first, platform_only, not_enough_data: which figure may be believed)
    returns : the same as one row per channel and measure: value, low, high
    credit : one row per channel of the path report: share of conversions under first, last, linear, position, time_decay,
        markov and shapley, each with _low and _high
    pacing : one row per channel: month, spent, days_left, projected, low, high, usual (spend of the month before), pace
    findings : most important first
    method : assumptions, days used
    """

    table: pd.DataFrame
    returns: pd.DataFrame
    credit: pd.DataFrame
    pacing: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method

    @property
    def summary(self) -> pd.DataFrame:
        """The columns that decide: spend, return as reported, net, incremental and by test, break-even, which to believe."""
        measures = ("roas_net", "roas_incremental", "roas_geo")
        names = ["channel", "spend", "roas_reported", *(f"{m}{s}" for m in measures for s in _SPAN)]
        return self.table[[*names, "break_even", "verdict"]]

    @property
    def details(self) -> pd.DataFrame:
        """The other columns: sales booked, return once the window is over and with presale, path credit, weeks."""
        names = ["ad_sales", "roas_matured", "roas_matured_low", "roas_matured_high", "roas_presale"]
        return self.table[["channel", *names, *(f"credit_share{s}" for s in _SPAN), "weeks"]]


def compare_channels(
    shop: Shop,
    *,
    mix: MediaMixResult | None = None,
    geo: dict[str, GeoReadResult] | None = None,
    margin: float | None = None,
    window_days: int | None = None,
    seed: int = 0,
) -> AttributionResult:
    """Set every figure of every channel side by side, and say which of them may be believed.

    A geo test is believed first, then the media mix where its verdict is ``ok``; the platform's own return is never
    evidence that a channel earns its cost, because buyers who would have come anyway are booked to it.

    Parameters
    ----------
    shop : with ad reports
    mix : result of ``fit_media_mix`` for the same shop
    geo : read-outs of geo tests by channel; None takes the hold-outs of the shop's sheet 投放测试 that the mix uses
    margin : profit per yuan of sales before ads, 0-1; None: gross_margin less commission_rate of shop.toml
    window_days : attribution window of the reports; None: the report's own, else shop.toml, else 15
    seed : of the block bootstrap

    Returns
    -------
    AttributionResult with one row per channel, the largest spend first
    """
    from tmall_nb.queries.ad_weeks import channel_days, refund_weeks, spend_target

    margin = _margin(shop, margin)
    days = channel_days(shop)
    reported = days["window_days"].dropna()
    window = int(window_days or (reported.iloc[-1] if len(reported) else shop.settings.get("attribution_window_days", 15)))
    table = platform_returns(days, refund_weeks(shop), window, seed)
    table["break_even"] = np.nan if margin is None else 1 / margin
    table = _join_incremental(table, mix, _tested(shop, mix) if geo is None else _given(geo))
    credit = _credit(shop)
    table = _join_credit(table, credit)
    table["verdict"] = [_verdict(row) for _, row in table.iterrows()]
    pacing = pace_month(days, seed)
    whole = pace_month(days.assign(channel=""), seed)
    if len(whole):
        whole = whole.assign(target=spend_target(shop, whole["month"].iloc[0]))
    table = table[[*COLUMNS]]
    method = Method(
        name="channels",
        source="docs/explanation/attribution.md",
        assumptions=("window_booked_on_click_day", "refunds_like_all", "credit_not_incremental", "break_even_margin"),
        start=days["date"].min(),
        end=days["date"].max(),
        rows_used=len(days),
        level=0.90,
        parameters={"window_days": window, "margin": "-" if margin is None else margin},
        seed=seed,
    )
    return AttributionResult(
        table,
        _returns(table),
        credit,
        pacing,
        channel_findings(table, crossings(mix, table), whole, weeks=None if mix is None else mix.method.rows_used),
        method,
    )


def _margin(shop: Shop, margin: float | None) -> float | None:
    if margin is None:
        gross = shop.settings.get("gross_margin")
        return None if gross is None else max(float(gross) - float(shop.settings.get("commission_rate", 0.0)), 0.01)
    if not 0 < margin <= 1:
        raise ParameterError("margin", margin, "a fraction between 0 and 1; write 0.4")
    return margin


def _tested(shop: Shop, mix: MediaMixResult | None) -> dict[str, tuple[float, float, float]]:
    """Return with bounds of channels held out alone, the newest test of each, from the shop's sheet."""
    tests = read_ad_tests(shop) if mix is None else mix.tests
    if tests.empty:
        return {}
    held = tests[(tests["kind"] == "hold_out") & (tests["verdict"] == "used")].sort_values("end", kind="stable")
    return {row.channel: (row.tested, row.tested_low, row.tested_high) for row in held.itertuples()}


def _given(geo: dict[str, GeoReadResult]) -> dict[str, tuple[float, float, float]]:
    rows = {channel: result.table[result.table["chosen"]].iloc[0] for channel, result in geo.items()}
    return {channel: (float(row["roas"]), float(row["roas_low"]), float(row["roas_high"])) for channel, row in rows.items()}


def _join_incremental(
    table: pd.DataFrame, mix: MediaMixResult | None, geo: dict[str, tuple[float, float, float]]
) -> pd.DataFrame:
    table = table.copy()
    for name in ("roas_incremental", "roas_incremental_low", "roas_incremental_high", "marginal_roas"):
        table[name] = np.nan
    table["mix_verdict"] = ""
    if mix is not None:
        found = mix.table.set_index("channel").reindex(table["channel"])
        for name, source in (("", "roas"), ("_low", "low"), ("_high", "high")):
            table["roas_incremental" + name] = found[source].to_numpy(float)
        table["marginal_roas"] = found["marginal_roas"].to_numpy(float)
        table["mix_verdict"] = found["verdict"].fillna("").to_numpy()
    for k, name in enumerate(_SPAN):
        table["roas_geo" + name] = [geo[c][k] if c in geo else np.nan for c in table["channel"]]
    return table


def _credit(shop: Shop) -> pd.DataFrame:
    """Shares per channel and model from the shop's path report; empty where there is none."""
    if not shop.has("paths"):
        return pd.DataFrame(columns=["channel", *(c for m in MODELS for c in (m, f"{m}_low", f"{m}_high"))])
    found = attribute_paths(shop).table
    total = found.groupby("model")["conversions"].transform("sum")
    long = found.assign(value=found["share"], low=found["low"] / total, high=found["high"] / total)
    parts = []
    for model in MODELS:
        own = long[long["model"] == model].set_index("channel")[["value", "low", "high"]]
        parts.append(own.set_axis([model, f"{model}_low", f"{model}_high"], axis=1))
    wide = pd.concat(parts, axis=1)
    return wide.sort_values("markov", ascending=False).rename_axis("channel").reset_index()


def _join_credit(table: pd.DataFrame, credit: pd.DataFrame) -> pd.DataFrame:
    own = credit.set_index("channel").reindex(table["channel"])
    for name in ("", "_low", "_high"):
        table["credit_share" + name] = own["markov" + name].to_numpy(float)
    return table


def _verdict(row: pd.Series) -> str:
    """Which figure of this channel may be believed."""
    if np.isfinite(row["roas_geo"]):
        return "geo"
    if row["mix_verdict"] == "ok":
        return "incremental"
    if row["mix_verdict"] in ("wide", "hidden_demand"):
        return "test_first"
    return "platform_only" if np.isfinite(row["roas_reported"]) else "not_enough_data"


def _returns(table: pd.DataFrame) -> pd.DataFrame:
    """One row per channel and measure."""
    frames = []
    for measure in ("reported", "presale", "matured", "net", "incremental", "geo"):
        name = f"roas_{measure}"
        part = pd.DataFrame({"channel": table["channel"], "measure": measure, "value": table[name]})
        for side in ("low", "high"):
            part[side] = table.get(f"{name}_{side}", table[name])
        frames.append(part)
    return pd.concat(frames, ignore_index=True)
