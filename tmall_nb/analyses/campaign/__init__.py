"""Did the campaign earn anything? Lift over the counterfactual, profit after every cost, and what carried it."""

from tmall_nb.analyses.campaign.measure import UpliftResult, measure_uplift
from tmall_nb.analyses.campaign.review import CampaignResult, review_campaign
from tmall_nb.analyses.campaign.synthetic import SyntheticResult, synthetic_control

__all__ = ["CampaignResult", "SyntheticResult", "UpliftResult", "measure_uplift", "review_campaign", "synthetic_control"]
