"""Buying models fitted by maximum likelihood: who is still a buyer, how often they buy, what they spend.

Every fit is frozen and holds ``params`` (named as in the papers), ``std_errors``, ``log_likelihood``, ``identified``.

>>> from tmall_nb.stats.btyd import fit_sbg
>>> round(fit_sbg([1000, 869, 743, 653, 593, 551, 517, 491]).params["alpha"], 3)
0.668
"""

from tmall_nb.stats.btyd.discrete import BetaBinomialFit, fit_bg_bb
from tmall_nb.stats.btyd.fit import Fit
from tmall_nb.stats.btyd.geometric import GeometricFit, fit_bg_nbd, fit_mbg_nbd
from tmall_nb.stats.btyd.pareto import ParetoFit, fit_pareto_nbd
from tmall_nb.stats.btyd.renewal import RenewalFit, fit_bdw, fit_sbg
from tmall_nb.stats.btyd.spend import GammaGammaFit, fit_gamma_gamma

__all__ = [
    "BetaBinomialFit", "Fit", "GammaGammaFit", "GeometricFit", "ParetoFit", "RenewalFit",
    "fit_bdw", "fit_bg_bb", "fit_bg_nbd", "fit_gamma_gamma", "fit_mbg_nbd", "fit_pareto_nbd", "fit_sbg",
]  # fmt: skip
