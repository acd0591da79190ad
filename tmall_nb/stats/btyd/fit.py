"""What every fit of a buying model holds, and how log parameters become named ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tmall_nb.stats.btyd.optimum import Optimum

__all__ = ["Fit", "named", "usable"]


@dataclass(frozen=True)
class Fit:
    """A model fitted by maximum likelihood.

    Attributes
    ----------
    params : parameters, named as in the paper
    std_errors : their standard errors (NaN where the likelihood has no curvature there)
    log_likelihood : at the optimum, all constants included
    identified : False where the data cannot tell the parameters (on the edge, flat, or hardly any repeat purchase)
    covariance : of the logs of the parameters, in the order of ``params``
    customers : customers that entered
    """

    params: dict[str, float]
    std_errors: dict[str, float]
    log_likelihood: float
    identified: bool
    covariance: np.ndarray
    customers: int

    def draws(self, count: int, *, seed: int) -> list[Any]:
        """Return ``count`` fits with parameters drawn from their sampling distribution (log-normal); needs ``identified``."""
        if not self.identified:
            raise ValueError("the parameters are not identified, so they have no sampling distribution to draw from")
        rng = np.random.default_rng(seed)
        theta = np.log(list(self.params.values()))
        drawn = rng.multivariate_normal(theta, self.covariance, size=count, method="eigh")
        return [replace(self, params=dict(zip(self.params, np.exp(row), strict=True))) for row in drawn]


def named(best: Optimum, names: str, scale: Mapping[str, float], *, customers: int, enough: bool = True) -> dict[str, Any]:
    """Turn an optimum into the fields of ``Fit``; ``scale`` multiplies the parameters that carry the unit of time or money."""
    keys = names.split()
    factor = np.array([scale.get(k, 1.0) for k in keys])
    values = np.exp(best.theta) * factor
    errors = values * np.sqrt(np.diag(best.covariance))
    return {
        "params": dict(zip(keys, values.tolist(), strict=True)),
        "std_errors": dict(zip(keys, errors.tolist(), strict=True)),
        "identified": bool(best.identified and enough),
        "covariance": best.covariance,
        "customers": customers,
    }


def usable(frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> None:
    """Refuse rows that no buyer can have, naming the first."""
    checks = (
        (recency > age * (1 + 1e-12), "recency is larger than age"),
        ((frequency == 0) & (recency > 0), "frequency is 0 but recency is not"),
        (frequency != np.floor(frequency), "frequency is not a whole number"),
    )
    for bad, problem in checks:
        if bad.any():
            k = int(np.flatnonzero(bad)[0])
            raise ValueError(
                f"{problem} in {int(bad.sum())} rows, the first at position {k}: "
                f"frequency {frequency[k]}, recency {recency[k]}, age {age[k]}"
            )
