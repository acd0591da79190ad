"""Where does the list price go, who pays for the discounts, and do they pay?"""

from tmall_nb.analyses.discounts.result import DiscountResult
from tmall_nb.analyses.discounts.trace import trace_discounts

__all__ = ["DiscountResult", "trace_discounts"]
