"""A regional hold-out test of ads: design and read-out."""

from tmall_nb.analyses.geo.design import GeoDesignResult, design_geo_test
from tmall_nb.analyses.geo.read import GeoReadResult, read_geo_test
from tmall_nb.analyses.geo.rehearse import rehearse_geo_test

__all__ = ["GeoDesignResult", "GeoReadResult", "design_geo_test", "read_geo_test", "rehearse_geo_test"]
