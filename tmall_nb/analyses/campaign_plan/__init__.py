"""The next campaign: what to expect, how much stock, which depth pays, what is not ready yet."""

from tmall_nb.analyses.campaign_plan.plan import PlanResult, plan_campaign
from tmall_nb.analyses.campaign_plan.simulate import simulate_target

__all__ = ["PlanResult", "plan_campaign", "simulate_target"]
