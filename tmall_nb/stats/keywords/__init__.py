"""Order rates of many keywords with few clicks each: a hierarchical logit on word roots, averaged over spreads.

``fit_rates`` learns from (clicks, orders, roots) what each root is worth and how much keywords differ beyond their
roots; ``score_rates`` turns any keyword's clicks and orders into a posterior. Models with roots, without roots and with
a beta prior are averaged by their evidence, so nothing is lost where roots carry no information.
"""

from __future__ import annotations

from tmall_nb.stats.keywords.design import encode_roots
from tmall_nb.stats.keywords.fit import RateModel, fit_rates
from tmall_nb.stats.keywords.posterior import RateScores, score_rates
from tmall_nb.stats.keywords.simple import BetaFit, beta_mle, beta_moments, beta_posterior, shrink_values

__all__ = [
    "BetaFit",
    "RateModel",
    "RateScores",
    "beta_mle",
    "beta_moments",
    "beta_posterior",
    "encode_roots",
    "fit_rates",
    "score_rates",
    "shrink_values",
]
