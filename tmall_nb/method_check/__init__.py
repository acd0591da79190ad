"""How far are the methods from a known truth? Runs them on fresh demo shops and scores them (``make bench-truth``)."""

from tmall_nb.method_check.run import ANALYSES, check_methods

__all__ = ["ANALYSES", "check_methods"]
