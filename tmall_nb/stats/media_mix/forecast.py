"""Rolling-origin score: fit on the first weeks, predict the next ones with their known spend and controls."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tmall_nb.stats.media_mix.data import MixData, Priors
from tmall_nb.stats.media_mix.fit import fit_map
from tmall_nb.stats.media_mix.model import response

__all__ = ["ForecastScore", "score_forecasts"]


@dataclass(frozen=True, slots=True)
class ForecastScore:
    """Error of one origin as a share of actual sales: of the model, and of repeating the last four weeks' mean."""

    origin: int
    weeks: int
    error: float
    naive_error: float


def score_forecasts(data: MixData, priors: Priors, *, origins: int = 3, weeks: int = 4, seed: int = 0) -> list[ForecastScore]:
    """Score the last ``origins`` stretches of ``weeks`` weeks; none where fewer than 40 weeks would be left."""
    scores = []
    for number in range(origins, 0, -1):
        cut = len(data.sales) - number * weeks
        if cut < 40:
            continue
        past = replace(data, sales=data.sales[:cut], lagged=data.lagged[:, :cut], baseline=data.baseline[:cut], tests=None)
        fit = fit_map(past, priors, draws=1, seed=seed)
        at, places = fit.mode, fit.places
        height, _ = response(data.lagged[:, : cut + weeks], *(at[places[p]] for p in ("carry", "half", "slope")))
        level = np.exp(at[places["log_roas"]]) * data.spend_share * cut / np.maximum(height[:, :cut].sum(axis=1), 1e-12)
        ahead = slice(cut, cut + weeks)
        expected = np.exp(data.baseline[ahead] @ at[places["gamma"]]) + (level[:, None] * height[:, ahead]).sum(axis=0)
        open_ahead, before = data.seen[ahead], data.sales[cut - 4 : cut]
        if not open_ahead.any() or not before.any():
            continue
        actual, expected = data.sales[ahead][open_ahead], expected[open_ahead]
        size, naive = float(actual.mean()), float(before[before > 0].mean())
        scores.append(
            ForecastScore(
                cut, weeks, float(np.abs(expected - actual).mean()) / size, float(np.abs(naive - actual).mean()) / size
            )
        )
    return scores
