"""Cohorts: how many first buyers come back, when, and what they are worth by then."""

from tmall_nb.analyses.cohorts.track import CohortsResult, track_cohorts

__all__ = ["CohortsResult", "track_cohorts"]
