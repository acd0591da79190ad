"""Cohorts: how many first buyers come back, when, and what they are worth by then."""

from tmall_nb.analyses.cohorts.track import CohortResult, track_cohorts

__all__ = ["CohortResult", "track_cohorts"]
