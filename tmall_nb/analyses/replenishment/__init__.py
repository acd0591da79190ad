"""Replenishment: what to order, how much and by when; what to clear; what a campaign needs."""

from tmall_nb.analyses.replenishment.plan import plan_replenishment, replan_replenishment
from tmall_nb.analyses.replenishment.result import ReplenishmentResult

__all__ = ["ReplenishmentResult", "plan_replenishment", "replan_replenishment"]
