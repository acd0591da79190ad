"""Did the campaign earn anything? Lift over the counterfactual, profit after every cost, and what carried it."""

from tmall_nb.analyses.campaign.measure import UpliftResult, measure_uplift
from tmall_nb.analyses.campaign.synthetic import SyntheticResult, synthetic_control

__all__ = ["SyntheticResult", "UpliftResult", "measure_uplift", "synthetic_control"]
