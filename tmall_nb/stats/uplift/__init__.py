"""Lift of a campaign over what would have happened without it: control index, its noise taken out, joint draws."""

from tmall_nb.stats.uplift.checks import before_after, block_placebos, control_jumps, difference_in_differences
from tmall_nb.stats.uplift.index import Index, build_index, pool_sparse, safe_log
from tmall_nb.stats.uplift.model import Design, Uplift, fit_uplift
from tmall_nb.stats.uplift.shrink import shrink_by_kind

__all__ = [
    "Design", "Index", "Uplift", "before_after", "block_placebos", "build_index", "control_jumps", "difference_in_differences",
    "fit_uplift", "pool_sparse", "safe_log", "shrink_by_kind",
]  # fmt: skip
