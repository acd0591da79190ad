"""Media mix: sales as a multiplicative baseline plus what each channel's spend adds, carried over and saturating."""

from tmall_nb.stats.media_mix.data import LiftTests, MixData, Priors, default_priors
from tmall_nb.stats.media_mix.fit import MixFit, fit_map

__all__ = ["LiftTests", "MixData", "MixFit", "Priors", "default_priors", "fit_map"]
