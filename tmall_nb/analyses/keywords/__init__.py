"""What is each search keyword worth, what to bid, what to stop buying, and what is not bought yet?"""

from __future__ import annotations

from tmall_nb.analyses.keywords.find import find_keywords
from tmall_nb.analyses.keywords.reprice import reprice_keywords
from tmall_nb.analyses.keywords.result import KeywordResult, OpportunityResult
from tmall_nb.analyses.keywords.score import score_keywords

__all__ = ["KeywordResult", "OpportunityResult", "find_keywords", "reprice_keywords", "score_keywords"]
