"""Media mix: sales as a multiplicative baseline plus what each channel's spend adds, carried over and saturating."""

from tmall_nb.stats.media_mix.budget import Responses, responses, split_total
from tmall_nb.stats.media_mix.data import FLOOR_ROAS, LiftTests, MixData, Priors, default_priors
from tmall_nb.stats.media_mix.design import baseline_columns, lift_rates
from tmall_nb.stats.media_mix.estimate import (
    Insured,
    below_median,
    fit_insured,
    least_error,
    point_roas,
    priors_for,
    sensitivity,
)
from tmall_nb.stats.media_mix.fit import MixFit, fit_map
from tmall_nb.stats.media_mix.forecast import ForecastScore, score_forecasts
from tmall_nb.stats.media_mix.pool import Pooled, pool, spread_between, with_pooled

__all__ = [
    "FLOOR_ROAS", "ForecastScore", "Insured", "LiftTests", "MixData", "MixFit", "Pooled", "Priors", "Responses",
    "baseline_columns", "below_median", "default_priors", "fit_insured", "fit_map", "least_error", "lift_rates",
    "point_roas", "pool", "priors_for", "responses", "score_forecasts", "sensitivity", "split_total", "spread_between",
    "with_pooled",
]  # fmt: skip
