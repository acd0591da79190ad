"""What does each channel's spend bring, and how should the budget be split?"""

from tmall_nb.analyses.media_mix.budget import BudgetResult, plan_budget
from tmall_nb.analyses.media_mix.mix import Beliefs, MediaMixResult, fit_media_mix
from tmall_nb.analyses.media_mix.shops import pool_media_mix, read_pooled, save_pooled

__all__ = [
    "Beliefs",
    "BudgetResult",
    "MediaMixResult",
    "fit_media_mix",
    "plan_budget",
    "pool_media_mix",
    "read_pooled",
    "save_pooled",
]
