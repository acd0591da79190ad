"""Which channel earned the sales? Path credit, and the platform's figures beside incremental ones."""

from tmall_nb.analyses.attribution.channels import ChannelsResult, compare_channels
from tmall_nb.analyses.attribution.paths import PathsResult, attribute_paths

__all__ = ["ChannelsResult", "PathsResult", "attribute_paths", "compare_channels"]
