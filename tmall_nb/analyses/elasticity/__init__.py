"""How do sales answer to price?"""

from tmall_nb.analyses.elasticity.estimate import estimate_elasticity
from tmall_nb.analyses.elasticity.result import ElasticityResult

__all__ = ["ElasticityResult", "estimate_elasticity"]
