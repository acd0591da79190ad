"""How should a weekly budget be split? By the model's posterior, beside an equal split and the platform's ranking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.analyses.media_mix.mix import MediaMixResult
from tmall_nb.analyses.result import Finding, Method
from tmall_nb.errors import NotEnoughData, ParameterError
from tmall_nb.stats.media_mix import Responses, below_median, responses, split_total
from tmall_nb.stats.media_mix.budget import CERTAIN, CERTAIN_FOLLOWED

Bounds = Mapping[str, tuple[float, float]] | tuple[float, float]
DEFAULT_BOUNDS = (0.5, 2.0)  # multiples of present spend
WINDOW = 52
GRID_POINTS = 41
STEP = 0.02  # of a multiple of present spend, for marginal returns
LEVELS = (0.05, 0.95)
BEYOND = 1.5  # multiples of the highest week's spend


@dataclass(frozen=True, slots=True)
class BudgetResult:
    """A split of the weekly budget.

    Attributes
    ----------
    table : one row per channel: spend_now, spend_planned (yuan a week), expected_gain, low, high (90 %; sales a week against
        now), marginal_roas, marginal_low, marginal_high at the planned spend, verdict (up, down, keep)
    alternatives : one row per plan (planned, half_step, equal_split, follow_platform, as_now): total, expected_gain, low, high,
        p_gain (probability that sales rise; NaN where nothing is moved)
    findings : most important first
    method : assumptions, bounds
    """

    table: pd.DataFrame
    alternatives: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method


@dataclass(frozen=True, slots=True)
class _Setting:
    """One shop's channels: weekly spend in yuan, mean weekly sales, responses, bounds as multiples of present spend,
    ``below_median`` of the returns."""

    names: list[str]
    now: np.ndarray
    level: float
    found: Responses
    low: np.ndarray
    high: np.ndarray
    below: np.ndarray

    def gain(self, scale: np.ndarray) -> np.ndarray:
        """Sales a week against now, yuan, shape (draws, channels)."""
        return (self.found.at(scale) - self.found.at(np.ones(len(scale)))) * self.level


def plan_budget(
    mix: MediaMixResult,
    *,
    total_yuan: float | None = None,
    bounds: Bounds | None = None,
    platform_roas: Mapping[str, float] | None = None,
    margin: float | None = None,
) -> BudgetResult:
    """Split a weekly budget over the channels so that it brings the most, after a discount for what is not known.

    The split maximises the mean gain, less as many standard deviations as it takes to be 96 % sure of a gain (99 % where
    every budget follows demand), so channels that are not understood stay about where they are. While hidden demand is
    suspected every move is halved.

    Parameters
    ----------
    mix : result of ``fit_media_mix``
    total_yuan : budget of one week over all channels, yuan; None: today's, or, with ``margin``, as much as earns its cost
    bounds : smallest and largest spend: one pair of multiples of present spend for all channels (default .5 and 2,
        widened where the total asks for it), or yuan a week per channel, {"search": (2000, 9000)}
    platform_roas : the platform's returns, for the plan that follows them (``alternatives``); None: those the mix was given.
        The proposal reads them only as far as the mix did (``Beliefs``)
    margin : profit per yuan of sales before ads, 0-1; only where ``total_yuan`` is None

    Returns
    -------
    BudgetResult with one row per channel

    Raises
    ------
    ParameterError : the total cannot be reached inside the bounds; NotEnoughData : the mix has no interval to plan with
    """
    if total_yuan is None and margin is None:
        total_yuan = _spend_now(mix)
    setting, pattern = _setting(mix, total_yuan, bounds, platform_roas or mix.platform_roas, margin)
    cost = setting.now / setting.level
    total = None if total_yuan is None else total_yuan / setting.level
    price = 0.0 if margin is None else 1 / margin
    certain = CERTAIN_FOLLOWED if mix.followed else CERTAIN
    full = split_total(setting.found, cost, setting.low, setting.high, total, price=price, certain=certain)
    start = np.clip(np.full(len(cost), 1.0 if total is None else total / cost.sum()), setting.low, setting.high)
    half = start + 0.5 * (full - start)
    halved = bool(mix.fit.demand.found)
    scale = half if halved else full
    table = _table(setting, scale)
    spent = float(setting.now @ scale)
    plans = {"planned": scale, "half_step": half, "equal_split": _equal(setting, spent), "as_now": np.ones(len(cost))}
    if pattern is not None:
        plans["follow_platform"] = _follow(setting, pattern, spent)
    alternatives = _compare(setting, plans)
    method = Method(
        name="budget",
        source="Lagrange bisection on the posterior of the media mix; see docs/explanation/media_mix.md",
        level=0.90,
        assumptions=("budget_like_last_year", "budget_doubt", "budget_pattern") + (("budget_halved",) if halved else ()),
        start=mix.method.start,
        end=mix.method.end,
        rows_used=mix.method.rows_used,
        seed=mix.method.seed,
        parameters={
            "total_yuan": spent,
            "margin": "-" if margin is None else margin,
            "bounds": "0.5-2" if bounds is None else str(bounds),
        },
    )
    return BudgetResult(table, alternatives, _findings(table, alternatives, mix, halved, setting), method)


def _setting(
    mix: MediaMixResult, total: float | None, bounds: Bounds | None, platform: Mapping[str, float] | None, margin: float | None
) -> tuple[_Setting, np.ndarray | None]:
    fit = mix.fit.fit
    names = [str(c) for c in mix.table["channel"][: fit.data.channels]]
    if mix.table["low"][: len(names)].isna().any():
        raise NotEnoughData("the media mix has no interval (the chains did not converge): fit it again with sampler laplace")
    now = _weekly(mix)
    if total is not None and not total > 0:
        raise ParameterError("total_yuan", total, "yuan a week above 0")
    if total is None and (margin is None or not 0 < margin <= 1):
        raise ParameterError("margin", margin, "a fraction between 0 and 1 where total_yuan is None; write 0.4")
    low, high = _bounds(bounds, names, now, None if total is None else total / now.sum())
    spend_low, spend_high = float(now @ low), float(now @ high)
    if total is not None and not spend_low * (1 - 1e-9) <= total <= spend_high * (1 + 1e-9):
        raise ParameterError(
            "total_yuan", total, f"{spend_low:,.0f}-{spend_high:,.0f} yuan a week inside the bounds; change the bounds"
        )
    pattern = np.array([platform.get(name, np.nan) for name in names], float) if platform else None
    scales = np.unique(
        np.concatenate([[1.0], np.linspace(min(low.min(), 1.0 - STEP), max(high.max(), 1.0 + STEP), GRID_POINTS)])
    )
    found = responses(fit, scales, window=WINDOW)
    return _Setting(names, now, fit.data.sales_mean, found, low, high, below_median(fit)), pattern


def _weekly(mix: MediaMixResult) -> np.ndarray:
    """Mean weekly spend per channel over the last year, yuan."""
    data = mix.fit.fit.data
    return np.maximum(data.lagged[:, -WINDOW:, 0].mean(axis=1), 1e-9) * data.spend_mean


def _spend_now(mix: MediaMixResult) -> float:
    return float(_weekly(mix).sum())


def _bounds(bounds: Bounds | None, names: list[str], now: np.ndarray, change: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Bounds as multiples of present spend."""
    if bounds is None:
        move = 1.0 if change is None else change
        low, high = np.full(len(now), DEFAULT_BOUNDS[0] * min(1.0, move)), np.full(len(now), DEFAULT_BOUNDS[1] * max(1.0, move))
        return low, high
    if isinstance(bounds, Mapping):
        unknown = [name for name in bounds if name not in names]
        if unknown:
            raise ParameterError("bounds", unknown[0], f"one of the channels: {', '.join(names)}")
        low = np.array([bounds[n][0] / w if n in bounds else DEFAULT_BOUNDS[0] for n, w in zip(names, now, strict=True)])
        high = np.array([bounds[n][1] / w if n in bounds else DEFAULT_BOUNDS[1] for n, w in zip(names, now, strict=True)])
    else:
        low, high = np.full(len(now), float(bounds[0])), np.full(len(now), float(bounds[1]))
    if (low < 0).any() or (high < low).any():
        raise ParameterError("bounds", bounds, "a smallest spend of 0 or more and a largest one not below it")
    return low, high


def _equal(setting: _Setting, spent: float) -> np.ndarray:
    share = np.full(len(setting.now), spent / len(setting.now))
    return np.clip(share / setting.now, setting.found.scales[0], setting.found.scales[-1])


def _follow(setting: _Setting, reported: np.ndarray, spent: float) -> np.ndarray:
    """Fill the channel with the best reported return to its bound first, and so on down."""
    scale, left = setting.low.copy(), spent - float(setting.now @ setting.low)
    for j in np.argsort(-np.nan_to_num(reported, nan=-np.inf)):
        step = float(np.clip(left / setting.now[j], 0.0, setting.high[j] - setting.low[j]))
        scale[j] += step
        left -= step * setting.now[j]
    return scale


def _table(setting: _Setting, scale: np.ndarray) -> pd.DataFrame:
    gain = setting.gain(scale)
    low, high = np.quantile(gain, LEVELS, axis=0)
    top = float(setting.found.scales[-1])
    step = np.where(scale + STEP <= top, STEP, -STEP)
    slope = (setting.gain(scale + step) - gain) / (step * setting.now)
    slope_low, slope_high = np.quantile(slope, LEVELS, axis=0)
    move = np.where(scale > 1.02, "up", np.where(scale < 0.98, "down", "keep"))
    return pd.DataFrame(
        {
            "channel": setting.names,
            "spend_now": setting.now,
            "spend_planned": setting.now * scale,
            "expected_gain": np.clip(gain.mean(axis=0), low, high),
            "low": low,
            "high": high,
            "marginal_roas": np.clip(np.median(slope, axis=0) * setting.below, slope_low, slope_high),
            "marginal_low": slope_low,
            "marginal_high": slope_high,
            "verdict": move,
        }
    )


def _compare(setting: _Setting, plans: dict[str, np.ndarray]) -> pd.DataFrame:
    rows = []
    for name, scale in plans.items():
        gain = setting.gain(scale).sum(axis=1)
        low, high = np.quantile(gain, LEVELS)
        chance = np.nan if np.allclose(scale, 1.0) else float((gain > 0).mean())
        rows.append((name, float(setting.now @ scale), float(gain.mean()), float(low), float(high), chance))
    return pd.DataFrame(rows, columns=["plan", "total", "expected_gain", "low", "high", "p_gain"])


def _findings(
    table: pd.DataFrame, alternatives: pd.DataFrame, mix: MediaMixResult, halved: bool, setting: _Setting
) -> tuple[Finding, ...]:
    plan = alternatives[alternatives["plan"] == "planned"].iloc[0]
    change = float(plan["total"] - setting.now.sum())
    values = {
        "total": float(plan["total"]),
        "change": change,
        "value": plan["expected_gain"],
        "value_low": plan["low"],
        "value_high": plan["high"],
        "chance": plan["p_gain"],
        "gain": plan["expected_gain"],
        "gain_low": plan["low"],
        "gain_high": plan["high"],
        "gain_days": 7,
    }
    clear = bool(plan["low"] > 0 or plan["high"] < 0)
    if (table["verdict"] == "keep").all():
        found = [Finding("budget_keep", "good", values)]
    elif plan["expected_gain"] < 0:
        found = [Finding("budget_cut", "watch", values)]
    else:
        key = "budget_move" if clear else "budget_move_unsure"
        found = [Finding(key, "act" if clear else "unknown", values, action=True)]
    moved = table.assign(move=table["spend_planned"] - table["spend_now"]).sort_values("move")
    up, down = moved.iloc[-1], moved.iloc[0]
    if up["move"] > 0 > down["move"]:
        found.append(
            Finding(
                "budget_from_to",
                "act",
                {"channel": down["channel"], "other": up["channel"], "down": -down["move"], "up": up["move"]},
            )
        )
    if halved and not (table["verdict"] == "keep").all():
        found.append(Finding("budget_halved", "watch", {"value": mix.fit.demand.autocorrelation}))
    if "follow_platform" in set(alternatives["plan"]):
        other = alternatives.set_index("plan").loc["follow_platform"]
        found.append(
            Finding(
                "budget_platform",
                "watch" if other["expected_gain"] < plan["expected_gain"] else "unknown",
                {
                    "value": other["expected_gain"],
                    "value_low": other["low"],
                    "value_high": other["high"],
                    "planned": plan["expected_gain"],
                },
            )
        )
    highest = mix.fit.fit.data.lagged[:, :, 0].max(axis=1) * mix.fit.fit.data.spend_mean
    beyond = table[table["spend_planned"].to_numpy() > BEYOND * highest]
    if len(beyond):
        found.append(Finding("budget_beyond", "watch", {"channel": "、".join(beyond["channel"]), "count": len(beyond)}))
    return tuple(found)
