"""Which buying model predicts held-out orders best, what it predicts, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from tmall_nb.stats.btyd import GammaGammaFit, GeometricFit, ParetoFit, fit_bg_nbd, fit_gamma_gamma, fit_mbg_nbd, fit_pareto_nbd
from tmall_nb.stats.btyd.rows import Rows, compress

__all__ = ["MODELS", "Choice", "calibration", "choose_model", "error_of", "fit_spend", "history"]

MODELS: dict[str, Callable[..., GeometricFit | ParetoFit]] = {
    "bg_nbd": fit_bg_nbd, "mbg_nbd": fit_mbg_nbd, "pareto_nbd": fit_pareto_nbd,
}  # fmt: skip
FEW_REPEATERS = 10
FEW_HOLDOUT_DAYS = 28
REFITS, REFIT_BUYERS = 40, 3000
STEP = 1e-4
WIDEST = 3.0
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


def choose_model(buyers: pd.DataFrame, *, end: int, cut: int, model: str, seed: int = 0) -> Choice:
    """Fit every model up to ``cut``, compare the held-out days, fit the best (smallest Poisson deviance) to everything."""
    names = list(MODELS) if model == "auto" else [model]
    known = buyers[buyers["days_before"] > 0]
    x = known["days_before"].to_numpy(float) - 1
    recency = np.where(x > 0, (known["last_before"] - known["first_day"]).to_numpy(float), 0.0)
    past = x, recency, (cut - known["first_day"]).to_numpy(float)
    actual = (known["days"] - known["days_before"]).to_numpy(float)
    fits: dict[str, Any] = {}
    if end - cut >= FEW_HOLDOUT_DAYS and (x > 0).sum() >= FEW_REPEATERS:
        fits = {name: MODELS[name](*past) for name in names}
    ahead = {name: fit.conditional_expected_purchases(end - cut, *past) for name, fit in fits.items()}
    rows = [(name, f.identified, f.log_likelihood, *_against(ahead[name], actual)) for name, f in fits.items()]
    holdout = pd.DataFrame(rows, columns=HOLDOUT[:-1])
    best = names[0]
    if rows:
        pool = holdout[holdout["identified"]] if holdout["identified"].any() else holdout
        best = str(pool["model"].iloc[int(pool["deviance"].to_numpy().argmin())])
    holdout["chosen"] = holdout["model"] == best
    held_out = pd.DataFrame({"frequency": x, "predicted": ahead[best], "actual": actual}) if rows else pd.DataFrame()
    if (buyers["days"] > 1).sum() < FEW_REPEATERS:
        return Choice(None, None, holdout, held_out, 0.0, np.zeros(MOST + 1))
    miss = _missed(held_out, fits[best], past, end - cut, seed) if rows and actual.sum() else np.zeros(MOST + 2)
    return Choice(best, MODELS[best](*history(buyers, end)), holdout, held_out, float(miss[-1]), miss[:-1])


def history(buyers: pd.DataFrame, end: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return frequency, recency and age in days of every buyer."""
    x = buyers["days"].to_numpy(float) - 1
    recency = np.where(x > 0, (buyers["last_day"] - buyers["first_day"]).to_numpy(float), 0.0)
    return x, recency, (end - buyers["first_day"]).to_numpy(float)


def error_of(fit: Any, figures: Callable[[Any], np.ndarray], rows: Rows, seed: int) -> np.ndarray:
    """Standard error of what ``figures`` returns of a fit to ``rows``, from the uncertainty of its parameters.

    Identified: delta method. Otherwise: refits to resampled buyers (at most 3,000, scaled to the number of buyers).
    """
    if fit.identified:
        slopes = np.stack([(figures(_moved(fit, k, STEP)) - figures(_moved(fit, k, -STEP))) / (2 * STEP) for k in fit.params])
        return np.sqrt(np.maximum(np.einsum("in,ij,jn->n", slopes, fit.covariance, slopes), 0.0))
    rng = np.random.default_rng(seed)
    share, size = rows.weight / rows.weight.sum(), int(min(rows.weight.sum(), REFIT_BUYERS))
    again = MODELS["pareto_nbd"] if isinstance(fit, ParetoFit) else MODELS["mbg_nbd" if fit.at_first else "bg_nbd"]
    drawn = [rng.multinomial(size, share) for _ in range(REFITS)]
    values = [figures(again(*(np.repeat(c, times) for c in rows.columns))) for times in drawn]
    return np.minimum(np.std(values, axis=0, ddof=1) * np.sqrt(size / rows.weight.sum()), WIDEST)


def _moved(fit: Any, name: str, step: float) -> Any:
    return replace(fit, params={**fit.params, name: fit.params[name] * np.exp(step)})


def _missed(held_out: pd.DataFrame, fit: Any, past: tuple[np.ndarray, ...], days: float, seed: int) -> np.ndarray:
    """Error of held-out sums in logs beyond chance and the parameters: by frequency 0, 1, …, ``MOST``, then of the total.

    A group that is small, or has no orders, takes the total's.
    """
    rows = compress(*past)
    kind = np.minimum(rows.columns[0], MOST).astype(int)
    groups = [kind == k for k in range(MOST + 1)] + [np.ones(len(kind), dtype=bool)]

    def sums(model: Any) -> np.ndarray:
        expected = rows.weight * model.conditional_expected_purchases(days, *rows.columns)
        return np.log(np.maximum([expected[group].sum() for group in groups], 1e-12))

    error = error_of(fit, sums, rows, seed)
    total = _beyond_noise(held_out, error[-1])
    missed = np.full(MOST + 2, total)
    for frequency, part in held_out.groupby(held_out["frequency"].clip(upper=MOST).astype(int)):
        if len(part) >= FEW_IN_GROUP and part["actual"].sum() > 0:
            missed[int(str(frequency))] = _beyond_noise(part, error[int(str(frequency))])
    return missed


def _beyond_noise(part: pd.DataFrame, error: float) -> float:
    """Error of a sum in logs, less what chance in buyers' orders and the parameters explain (0 where they explain all)."""
    predicted, actual = part["predicted"], part["actual"]
    off = float(np.log(predicted.sum() / actual.sum()))
    noise = float(((actual - predicted) ** 2).sum()) / float(predicted.sum()) ** 2
    return float(np.sqrt(max(off**2 - noise - error**2, 0.0)))


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


def fit_spend(days: np.ndarray, value: np.ndarray) -> tuple[GammaGammaFit | None, np.ndarray, np.ndarray]:
    """Return the Gamma-Gamma fit, expected value per order day, and its log error.

    The fit is of buyers whose net value is above 0, and None where it cannot be used.

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
        return None, np.where(good, plain, plain * count / len(days)), np.full(len(days), spread)
    assert fit is not None
    rows = compress(np.where(good, days, 0.0), np.where(good, mean, 0.0))
    expected = fit.expected_spend(*rows.columns)
    slopes = np.stack([_spend_slope(fit, k, rows) for k in fit.params])
    error = np.sqrt(np.maximum(np.einsum("in,ij,jn->n", slopes, fit.covariance, slopes), 0.0))
    back = rows.inverse
    return fit, np.where(good, 1.0, count / len(days)) * expected[back], error[back]


def _spend_slope(fit: GammaGammaFit, name: str, rows: Rows) -> np.ndarray:
    up, down = (replace(fit, params={**fit.params, name: fit.params[name] * np.exp(s)}) for s in (STEP, -STEP))
    return (np.log(up.expected_spend(*rows.columns)) - np.log(down.expected_spend(*rows.columns))) / (2 * STEP)
