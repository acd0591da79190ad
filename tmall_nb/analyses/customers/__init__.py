"""Customer value: who is still a buyer, what they will bring, whom to write to, and whether writing worked."""

from tmall_nb.analyses.customers.segments import SegmentLists, list_segments
from tmall_nb.analyses.customers.touch import TouchResult, read_touch
from tmall_nb.analyses.customers.value import CustomersResult, value_customers

__all__ = ["SegmentLists", "TouchResult", "CustomersResult", "list_segments", "read_touch", "value_customers"]
