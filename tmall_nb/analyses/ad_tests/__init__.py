"""What did the shop's own tests of ads say? Finished results and regional hold-outs from the sheet 投放测试."""

from tmall_nb.analyses.ad_tests.sheet import Z_90, AdTest, read_sheet
from tmall_nb.analyses.ad_tests.verdicts import TEST_COLUMNS, read_ad_tests

__all__ = ["TEST_COLUMNS", "Z_90", "AdTest", "read_ad_tests", "read_sheet"]
