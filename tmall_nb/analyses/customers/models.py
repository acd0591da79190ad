"""Which buying model predicts held-out orders best, what it predicts, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tmall_nb.stats.btyd import GammaGammaFit, GeometricFit, ParetoFit, fit_bg_nbd, fit_gamma_gamma, fit_mbg_nbd, fit_pareto_nbd
from tmall_nb.stats.btyd.rows import Rows, compress

__all__ = ["MODELS", "Choice", "calibration", "choose_model", "fit_spend", "orders_ahead"]

MODELS: dict[str, Callable[..., GeometricFit | ParetoFit]] = {
    "bg_nbd": fit_bg_nbd, "mbg_nbd": fit_mbg_nbd, "pareto_nbd": fit_pareto_nbd,
}  # fmt: skip
FEW_REPEATERS = 10
FEW_HOLDOUT_DAYS = 28
REFITS, REFIT_BUYERS = 40, 3000
STEP = 1e-4
MOST, FEW_IN_GROUP = 7, 100
HOLDOUT = ["model", "identified", "log_likelihood", "buyers", "predicted", "actual", "relative_error", "deviance", "chosen"]


@dataclass(frozen=True, slots=True)
class Choice:
    """The model that will be used.

    Attributes
    ----------
    name, fit : which, fitted to everything; None where hardly anybody came back
    holdout : one row per model: what it predicted for the held-out days and what came
    held_out : per buyer known at the cut: frequency then, predicted and actual orders in the held-out days
    miss : error of the held-out total in logs beyond chance (0 where nothing could be held out)
    miss_by : the same for buyers of frequency 0, 1, …, 7 and above; the total's where a group is small
    """

    name: str | None
    fit: GeometricFit | ParetoFit | None
    holdout: pd.DataFrame
    held_out: pd.DataFrame
    miss: float
    miss_by: np.ndarray


def choose_model(buyers: pd.DataFrame, *, end: int, cut: int, model: str) -> Choice:
    """Fit every model up to ``cut``, compare the held-out days, fit the best (smallest Poisson deviance) to everything."""
    names = list(MODELS) if model == "auto" else [model]
    known = buyers[buyers["days_before"] > 0]
    x = known["days_before"].to_numpy(float) - 1
    tx, age = (known["last_before"] - known["first_day"]).to_numpy(float), (cut - known["first_day"]).to_numpy(float)
    actual = (known["days"] - known["days_before"]).to_numpy(float)
    rows, kept = [], {}
    if end - cut >= FEW_HOLDOUT_DAYS and (x > 0).sum() >= FEW_REPEATERS:
        for name in names:
            fit = MODELS[name](x, np.where(x > 0, tx, 0.0), age)
            kept[name] = fit.conditional_expected_purchases(end - cut, x, np.where(x > 0, tx, 0.0), age)
            rows.append((name, fit.identified, fit.log_likelihood, *_against(kept[name], actual)))
    holdout = pd.DataFrame(rows, columns=HOLDOUT[:-1])
    best = names[0]
    if rows:
        pool = holdout[holdout["identified"]] if holdout["identified"].any() else holdout
        best = str(pool["model"].iloc[int(pool["deviance"].to_numpy().argmin())])
    holdout["chosen"] = holdout["model"] == best
    held_out = pd.DataFrame({"frequency": x, "predicted": kept[best], "actual": actual}) if kept else pd.DataFrame()
    x, tx, age = history(buyers, end)
    if (x > 0).sum() < FEW_REPEATERS:
        return Choice(None, None, holdout, held_out, 0.0, np.zeros(MOST + 1))
    miss = _beyond_noise(held_out["predicted"], held_out["actual"]) if rows and actual.sum() else 0.0
    return Choice(best, MODELS[best](x, tx, age), holdout, held_out, miss, _miss_by(held_out, miss))


def history(buyers: pd.DataFrame, end: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return frequency, recency and age in days of every buyer."""
    x = buyers["days"].to_numpy(float) - 1
    recency = np.where(x > 0, (buyers["last_day"] - buyers["first_day"]).to_numpy(float), 0.0)
    return x, recency, (end - buyers["first_day"]).to_numpy(float)


def _miss_by(held_out: pd.DataFrame, miss: float) -> np.ndarray:
    groups = np.full(MOST + 1, miss)
    if held_out.empty:
        return groups
    kind = held_out["frequency"].clip(upper=MOST).astype(int)
    for frequency, part in held_out.groupby(kind):
        if len(part) >= FEW_IN_GROUP and part["actual"].sum() > 0:
            groups[int(str(frequency))] = _beyond_noise(part["predicted"], part["actual"])
    return groups


def _beyond_noise(predicted: pd.Series, actual: pd.Series) -> float:
    """Error of a total in logs, less what the chance in buyers' orders explains (0 where it explains all of it)."""
    off = float(np.log(predicted.sum() / actual.sum()))
    noise = float(((actual - predicted) ** 2).sum()) / float(predicted.sum()) ** 2
    return float(np.sqrt(max(off**2 - noise, 0.0)))


def _against(expected: np.ndarray, actual: np.ndarray) -> tuple[int, float, float, float, float]:
    """Buyers, predicted, actual, relative error of the total, mean Poisson deviance."""
    error = expected.sum() / actual.sum() - 1 if actual.sum() else np.nan
    return len(actual), float(expected.sum()), float(actual.sum()), float(error), _deviance(actual, expected)


def _deviance(actual: np.ndarray, expected: np.ndarray) -> float:
    mu = np.maximum(expected, 1e-9)
    return float(np.mean(2 * (np.where(actual > 0, actual * np.log(np.maximum(actual, 1) / mu), 0.0) - (actual - mu))))


def calibration(held_out: pd.DataFrame, *, most: int = MOST) -> pd.DataFrame:
    """Return one row per frequency at the cut (``most`` and above together): buyers, predicted and actual orders per buyer.

    low and high are the 95 % range in which the actual mean should lie if the prediction holds (spread of the actual orders).
    """
    if held_out.empty:
        return pd.DataFrame(columns=["frequency", "buyers", "predicted", "actual", "low", "high"])
    group = held_out["frequency"].clip(upper=most).astype(int)
    rows = held_out.groupby(group).agg(
        buyers=("actual", "size"), predicted=("predicted", "mean"), actual=("actual", "mean"), spread=("actual", "std")
    )
    spread = np.sqrt(np.maximum(rows["spread"].fillna(0.0) ** 2, rows["predicted"]) / rows["buyers"])
    rows["low"], rows["high"] = (rows["predicted"] - 1.96 * spread).clip(lower=0), rows["predicted"] + 1.96 * spread
    return rows.drop(columns="spread").rename_axis("frequency").reset_index()


def orders_ahead(
    fit: GeometricFit | ParetoFit, x: np.ndarray, recency: np.ndarray, age: np.ndarray, *, days: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Return p_alive, expected orders, their log standard error per buyer, and the log standard error of the sum.

    Identified parameters: delta method. Otherwise: refits to resampled buyers (at most 3,000 at a time, scaled to the number
    of buyers), since the prediction can be firm where single parameters are not.
    """
    rows = compress(x, recency, age)
    x, recency, age = rows.columns
    alive, mean = fit.probability_alive(x, recency, age), _predict(fit, days, rows)
    if fit.identified:
        slopes = np.stack([_slope(fit, k, days, rows) for k in fit.params])
        error = np.sqrt(np.maximum(np.einsum("in,ij,jn->n", slopes, fit.covariance, slopes), 0.0))
        total = slopes @ (rows.weight * mean) / (rows.weight @ mean)
        of_sum = float(np.sqrt(max(total @ fit.covariance @ total, 0.0)))
    else:
        error, of_sum = _refitted(fit, rows, days, seed)
    back = rows.inverse
    return alive[back], mean[back], error[back], of_sum


def _predict(fit: Any, days: float, rows: Rows) -> np.ndarray:
    return np.maximum(fit.conditional_expected_purchases(days, *rows.columns), 1e-300)


def _slope(fit: Any, name: str, days: float, rows: Rows) -> np.ndarray:
    """Derivative of log expected orders by the log of one parameter."""
    from dataclasses import replace

    up, down = (replace(fit, params={**fit.params, name: fit.params[name] * np.exp(s)}) for s in (STEP, -STEP))
    return (np.log(_predict(up, days, rows)) - np.log(_predict(down, days, rows))) / (2 * STEP)


def _refitted(fit: Any, rows: Rows, days: float, seed: int) -> tuple[np.ndarray, float]:
    rng = np.random.default_rng(seed)
    share, size = rows.weight / rows.weight.sum(), int(min(rows.weight.sum(), REFIT_BUYERS))
    again = MODELS["pareto_nbd"] if isinstance(fit, ParetoFit) else MODELS["mbg_nbd" if fit.at_first else "bg_nbd"]
    logs, sums = [], []
    for _ in range(REFITS):
        drawn = rng.multinomial(size, share)
        means = _predict(again(*(np.repeat(c, drawn) for c in rows.columns)), days, rows)
        logs.append(np.log(np.maximum(means, 1e-12)))
        sums.append(np.log(max(float(rows.weight @ means), 1e-12)))
    scale = np.sqrt(size / rows.weight.sum())
    return np.minimum(np.std(logs, axis=0, ddof=1) * scale, 3.0), float(min(np.std(sums, ddof=1) * scale, 3.0))


def fit_spend(days: np.ndarray, value: np.ndarray) -> tuple[GammaGammaFit | None, np.ndarray, np.ndarray]:
    """Return the Gamma-Gamma fit (of buyers whose net value is above 0), expected value per order day, and its log error.

    A buyer whose net value is 0 or less (everything refunded) gets the mean of buyers without history times the share of buyers
    with a positive value. Where the model cannot be fitted everybody gets the mean value per order day.
    """
    mean, good = value / days, value > 0
    count = int(good.sum())
    if count == 0:
        return None, np.full(len(days), np.nan), np.full(len(days), np.nan)
    plain = float(value[good].sum() / days[good].sum())
    spread = float(np.std(mean[good]) / np.sqrt(count) / plain) if count > 1 else 1.0
    fit = fit_gamma_gamma(days[good], mean[good]) if count >= FEW_REPEATERS else None
    usable = fit is not None and fit.identified and fit.params["q"] > 1
    if not usable:
        return fit, np.where(good, plain, plain * count / len(days)), np.full(len(days), spread)
    assert fit is not None
    rows = compress(np.where(good, days, 0.0), np.where(good, mean, 0.0))
    expected = fit.expected_spend(*rows.columns)
    slopes = np.stack([_spend_slope(fit, k, rows) for k in fit.params])
    error = np.sqrt(np.maximum(np.einsum("in,ij,jn->n", slopes, fit.covariance, slopes), 0.0))
    back = rows.inverse
    return fit, np.where(good, 1.0, count / len(days)) * expected[back], error[back]


def _spend_slope(fit: GammaGammaFit, name: str, rows: Rows) -> np.ndarray:
    from dataclasses import replace

    up, down = (replace(fit, params={**fit.params, name: fit.params[name] * np.exp(s)}) for s in (STEP, -STEP))
    return (np.log(up.expected_spend(*rows.columns)) - np.log(down.expected_spend(*rows.columns))) / (2 * STEP)
