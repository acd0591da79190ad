"""Price elasticities of many items: hierarchical negative binomial, censoring, instruments."""

from tmall_nb.stats.elasticity.fit import Fit, fit_panel
from tmall_nb.stats.elasticity.panel import Panel, center

__all__ = ["Fit", "Panel", "center", "fit_panel"]
