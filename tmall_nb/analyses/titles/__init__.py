"""Do the item titles hold the words buyers search for, and what would hold more of them?"""

from __future__ import annotations

from tmall_nb.analyses.titles.result import TitleResult
from tmall_nb.analyses.titles.write import write_titles

__all__ = ["TitleResult", "write_titles"]
