"""How is the shop? KPI tree, what changed and why, unusual days, refunds still to come, when and where orders come from."""

from tmall_nb.analyses.health.review import HealthResult, review_health

__all__ = ["HealthResult", "review_health"]
