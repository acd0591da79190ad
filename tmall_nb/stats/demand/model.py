"""From a panel to forecasts: candidates, the choice among them by rolling origins, events, and errors for intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tmall_nb.stats.demand.censor import complete_units
from tmall_nb.stats.demand.events import event_runs, fit_lift
from tmall_nb.stats.demand.features import build_features
from tmall_nb.stats.demand.intervals import LEVELS, Residuals, fit_residuals, with_spread
from tmall_nb.stats.demand.light import design, fitted_light, light_origins
from tmall_nb.stats.demand.loglinear import is_busy, log_origins
from tmall_nb.stats.demand.panel import Panel
from tmall_nb.stats.demand.trees import fit_trees, trees_available

__all__ = ["Fit", "fit_demand", "weekday_mean"]

WINDOWS = 6
MOST_ORIGINS = 60
SHARES = (0.2, 0.4, 0.6, 0.8)
DEAD = 8  # weeks without a sale
CHANGE = 0.12  # squared relative change of an item's level within half a year
SPARSE = 0.3  # share of days without a sale from which means and not medians are compared


@dataclass(frozen=True, slots=True)
class Fit:
    """A panel's forecast.

    Attributes
    ----------
    units : (S, H) expected units
    quantiles : (5, S, H) at ``intervals.LEVELS``
    windows : (W,) origins of the out-of-sample windows, newest first; window_units, window_actual : (W, S, H)
    scores : per candidate, its mean scaled error over the windows (lower is better); winner : the one used
    residuals : errors of single days
    completed : sold-out days whose units were completed
    lift_spread : (S, H) standard deviation of the log lift on days of rare events, 0 on other days
    event_days : (H,) True on days of rare events; event_past : past occurrences behind each
    """

    units: np.ndarray
    quantiles: np.ndarray
    windows: np.ndarray
    window_units: np.ndarray
    window_actual: np.ndarray
    scores: dict[str, float]
    winner: str
    residuals: Residuals
    completed: int
    lift_spread: np.ndarray
    event_days: np.ndarray
    event_past: tuple[int, ...]


def weekday_mean(panel: Panel, origin: int, horizon: int, *, weeks: int = 4) -> np.ndarray:
    """(S, horizon) mean of the last ``weeks`` same weekdays before ``origin`` (for weeks: of the last weeks)."""
    season = panel.settings.season
    usable = panel.open
    index = np.arange(horizon)
    base = origin + index - season * ((index // season) + 1)
    if season == 1:
        base = np.full(horizon, origin - 1)
    past = base[None, :] - season * np.arange(weeks)[:, None]
    ok = (past >= 0)[:, None, :] & usable[:, np.maximum(past, 0)].transpose(1, 0, 2)
    value = np.where(ok, panel.units[:, np.maximum(past, 0)].transpose(1, 0, 2), 0.0)
    count = ok.sum(axis=0)
    wide = slice(max(origin - weeks * max(season, 2), 0), origin)
    level = np.where(usable[:, wide], panel.units[:, wide], 0.0).sum(axis=1) / np.maximum(usable[:, wide].sum(axis=1), 1)
    return np.where(count > 0, value.sum(axis=0) / np.maximum(count, 1), level[:, None])


def _plain_mean(panel: Panel, origin: int, horizon: int) -> np.ndarray:
    """Mean of the last eight weeks, drawn to the last half year's where eight weeks are mostly chance."""
    short = slice(max(origin - 8 * panel.settings.season, 0), origin)
    long = slice(max(origin - panel.settings.level, 0), origin)
    (near, near_count, _), (far, _, variance) = _moments(panel, short), _moments(panel, long)
    moved = CHANGE * far**2
    share = moved / np.maximum(moved + variance / np.maximum(near_count, 1), 1e-12)
    mean = np.where(near_count > 0, far + share * (near - far), far)
    return np.repeat(mean[:, None], horizon, axis=1)


def _moments(panel: Panel, span: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, count and variance of the open periods of a span."""
    usable = panel.open[:, span]
    units, count = np.where(usable, panel.units[:, span], 0.0), usable.sum(axis=1)
    mean = units.sum(axis=1) / np.maximum(count, 1)
    square = np.where(usable, (units - mean[:, None]) ** 2, 0.0).sum(axis=1)
    return mean, count, square / np.maximum(count - 1, 1)


def fit_demand(panel: Panel, *, model: str = "auto", seed: int = 0) -> Fit:
    """Forecast a panel's horizon; ``model`` ``"light"`` never touches LightGBM."""
    panel, completed = complete_units(panel)
    length, horizon = panel.length, panel.horizon
    least = 8 * panel.settings.season if panel.settings.season == 7 else 12
    windows = np.array([length - j * horizon for j in range(1, WINDOWS + 1) if length - j * horizon >= least], dtype=int)
    with_trees = model == "auto" and trees_available() and len(windows) > 0
    teach = _teaching(panel, least) if with_trees else np.zeros(0, dtype=int)
    origins = np.unique(np.concatenate([teach, windows, [length]]))
    light, calm, taught, day = _regression(panel, origins, with_trees)
    at = {int(o): n for n, o in enumerate(origins)}
    candidates = {"light": np.stack([light[at[int(o)]] for o in (*windows, length)]).astype("float64")}
    candidates["weekday_mean"] = np.stack([weekday_mean(panel, int(o), horizon) for o in (*windows, length)])
    candidates["mean"] = np.stack([_plain_mean(panel, int(o), horizon) for o in (*windows, length)])
    if with_trees:
        trees = _trees(calm, origins, taught, teach, windows, seed=seed)
        if trees is not None:
            again = [day[at[int(o)]] for o in (*windows, length)]
            candidates["trees"] = trees * np.exp(np.stack(again))
    candidates = _blends(candidates)
    actual = np.stack([_future_units(panel, int(o)) for o in windows]) if len(windows) else np.zeros((0, *light.shape[1:]))
    scores = _scores(panel, candidates, actual)
    winner = min(scores, key=scores.__getitem__) if scores else ("light" if length >= 28 else "weekday_mean")
    chosen = _fade(panel, candidates[winner], windows)
    return _finish(panel, chosen, actual, windows=windows, scores=scores, winner=winner, completed=completed)


def _regression(panel: Panel, origins: np.ndarray, with_trees: bool) -> tuple[np.ndarray, Panel, np.ndarray, np.ndarray]:
    """The regression's (O, S, H) forecasts; for trees a panel without what single dates did to all busy series, the plain
    regression there, and what such dates add ahead, (O, S or 1, H) in logs.

    Trees cannot learn a day from one or two years and would smear it over its neighbours. Their panel is freed of such days as
    the last origin sees them; what is added ahead is read before each origin.
    """
    if not is_busy(panel):
        light = light_origins(panel, origins, panel.horizon)
        return light, panel, light, np.zeros((len(origins), 1, panel.horizon))
    told = log_origins(panel, design(panel), origins, panel.horizon)
    if not with_trees or not told.past_day.any():
        return told.dated, panel, told.plain, told.day
    calm = replace(panel, units=panel.units * np.exp(-told.past_day))
    return told.dated, calm, log_origins(calm, design(calm), origins, panel.horizon).plain, told.day


def _teaching(panel: Panel, least: int) -> np.ndarray:
    """Virtual origins whose horizon has passed, oldest first."""
    last = panel.length - panel.horizon
    count = min(MOST_ORIGINS, max(0, (last - least) // panel.settings.step + 1))
    return last - panel.settings.step * np.arange(count)[::-1]


def _future_units(panel: Panel, origin: int) -> np.ndarray:
    """(S, H) units after an origin, NaN where they cannot teach."""
    end = origin + panel.horizon
    open_, units = panel.open[:, origin:end], panel.units[:, origin:end]
    out = np.full((len(panel.units), panel.horizon), np.nan)
    out[:, : units.shape[1]] = np.where(open_, units, np.nan)
    return out


def _trees(
    panel: Panel, origins: np.ndarray, light: np.ndarray, teach: np.ndarray, windows: np.ndarray, *, seed: int
) -> np.ndarray | None:
    """(W + 1, S, H) forecasts of trees: an older fit for the windows, one with everything for the horizon."""
    series = len(panel.units)
    most = max(1, 1_300_000 // (series * panel.horizon))
    teach = teach[-max(most, 8) :] if series * panel.horizon * len(teach) > 1_300_000 else teach
    use = np.unique(np.concatenate([teach, windows, [panel.length]]))
    index = np.searchsorted(origins, use)
    features, level = build_features(panel, use, panel.horizon, light[index])
    actual = np.stack([_future_units(panel, int(o)) for o in use])
    kinds, regression = _kinds(panel), light[index]
    age = 0.5 ** ((panel.length - use) / (2 * panel.settings.year))
    is_teach = np.isin(use, teach)
    old = is_teach & (use <= windows.min() - panel.horizon)
    if old.sum() < 3:
        return None
    fits = []
    for part in (old, is_teach):
        taught = (features[part], level[part], regression[part], actual[part])
        fits.append(fit_trees(*taught, kinds=kinds, age=age[part], seed=seed))
    older, newest = fits
    if older is None or newest is None:
        return None
    where = [int(np.searchsorted(use, o)) for o in windows]
    parts = [older.predict(features[n], level[n], regression[n]) for n in where]
    return np.stack([*parts, newest.predict(features[-1], level[-1], regression[-1])])


def _kinds(panel: Panel) -> tuple[str, ...]:
    """What the trees predict: Tweedie means where most days sell nothing, logs of busy weeks, two views of busy days."""
    sold = panel.units[panel.open]
    if len(sold) and (sold <= 0).mean() > SPARSE:
        return ("tweedie",)
    if not is_busy(panel):
        return ("ratio",)
    return ("log",) if panel.settings.season == 1 else ("ratio", "rest")


def _blends(candidates: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Add geometric means of two models; one model with itself stays as it is."""
    small, out = 1e-4, dict(candidates)
    pairs = [("trees", "light"), ("trees", "mean"), ("light", "mean")]
    for a, b in pairs:
        if a in candidates and b in candidates:
            for share in SHARES if b == "light" else (0.5,):
                first, second = np.maximum(candidates[a], small), np.maximum(candidates[b], small)
                out[f"{a}+{b} {share:.1f}"] = np.exp((1 - share) * np.log(first) + share * np.log(second))
    return out


def _scores(panel: Panel, candidates: dict[str, np.ndarray], actual: np.ndarray) -> dict[str, float]:
    """Mean error of each candidate over the windows, each series in units of its own usual error."""
    if not len(actual):
        return {}
    seen = np.isfinite(actual)
    sold = panel.units[panel.open]
    sparse = len(sold) > 0 and (sold <= 0).mean() > SPARSE
    base = np.abs(np.where(seen, actual - candidates["weekday_mean"][:-1], 0.0))
    power = 2 if sparse else 1
    count = np.maximum(seen.sum(axis=(0, 2)), 1)
    scale = (base**power).sum(axis=(0, 2)) / count
    keep = (seen.sum(axis=(0, 2)) > 0) & (scale > 0)
    if not keep.any():
        return {}
    out = {}
    for name, forecast in candidates.items():
        miss = np.abs(np.where(seen, actual - forecast[:-1], 0.0)) ** power
        ratio = miss.sum(axis=(0, 2)) / count / np.where(scale > 0, scale, 1.0)
        weights = np.sqrt(np.maximum(np.where(seen, actual, 0.0).sum(axis=(0, 2)), 1e-9)) if sparse else np.ones(len(ratio))
        out[name] = float(np.average(ratio[keep], weights=weights[keep]) ** (1 / power))
    return out


def _fade(panel: Panel, forecast: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Keep an item that has stopped selling from being raised from the dead by its past."""
    out = forecast.copy()
    width = DEAD * panel.settings.season
    for n, origin in enumerate((*windows, panel.length)):
        recent = panel.open[:, max(origin - width, 0) : origin]
        sold = np.where(recent, panel.units[:, max(origin - width, 0) : origin], 0.0).sum(axis=1)
        days = recent.sum(axis=1)
        dead = (sold <= 0) & (days >= width // 2)
        out[n, dead] = np.minimum(out[n, dead], (0.5 / np.maximum(days, 1))[dead, None])
    return out


def _finish(
    panel: Panel, chosen: np.ndarray, actual: np.ndarray, *, windows: np.ndarray, scores: dict[str, float], winner: str,
    completed: int,
) -> Fit:  # fmt: skip
    residuals = fit_residuals(actual, chosen[:-1])
    units = np.maximum(chosen[-1], 0.0)
    factor, spread, past = _event_factor(panel)
    units = units * factor
    quantiles = np.stack([residuals.quantile(units, q) for q in LEVELS])
    days = panel.events[:, panel.length :].any(axis=0) if len(panel.events) else np.zeros(panel.horizon, dtype=bool)
    if days.any():
        quantiles = with_spread(quantiles, units, spread)
    closed = panel.closed[:, panel.length :]
    units, quantiles = np.where(closed, 0.0, units), np.where(closed, 0.0, quantiles)
    quantiles[:2], quantiles[3:] = np.minimum(quantiles[:2], units), np.maximum(quantiles[3:], units)
    window_units = (
        np.where(np.stack([panel.closed[:, o : o + panel.horizon] for o in windows]), 0.0, chosen[:-1])
        if len(windows)
        else chosen[:-1]
    )
    return Fit(
        units,
        np.sort(quantiles, axis=0),
        windows,
        window_units,
        actual,
        scores,
        winner,
        residuals,
        completed,
        spread,
        np.asarray(days),
        past,
    )


def _event_factor(panel: Panel) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    """(S, H) multiplier of rare events, (S, H) spread of its log, past occurrences of each event."""
    factor = np.ones((len(panel.units), panel.horizon))
    spread = np.zeros_like(factor)
    past: list[int] = []
    if not len(panel.events) or not panel.events[:, panel.length :].any():
        return factor, spread, tuple(past)
    base = fitted_light(panel)
    for on in panel.events:
        runs = event_runs(on)
        before = [(a, b) for a, b in runs if b <= panel.length]
        ahead = [(a, b) for a, b in runs if b > panel.length]
        lift = fit_lift(panel.units, base, before, panel.group)
        past.append(len(before))
        if lift is None or not ahead:
            continue
        for a, b in ahead:
            start = max(a, panel.length)
            where = slice(start - panel.length, b - panel.length)
            factor[:, where] = np.maximum(factor[:, where], 0) * lift.factor(np.arange(start - a, b - a))
            spread[:, where] = np.sqrt(lift.variance)[:, None]
    return factor, spread, tuple(past)
