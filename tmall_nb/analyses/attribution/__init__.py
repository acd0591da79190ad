"""Which channel earned the sales? Path credit, and the platform's figures beside incremental ones."""

from tmall_nb.analyses.attribution.channels import AttributionResult, compare_channels
from tmall_nb.analyses.attribution.paths import PathsResult, attribute_paths

__all__ = ["AttributionResult", "PathsResult", "attribute_paths", "compare_channels"]
