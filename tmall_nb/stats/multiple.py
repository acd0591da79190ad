"""Which of many tests to believe."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["discoveries"]


def discoveries(p_values: NDArray[np.float64], *, rate: float = 0.1) -> NDArray[np.bool_]:
    """Tests that stand at a false discovery rate of ``rate`` (Benjamini & Hochberg 1995, J. R. Stat. Soc. B 57).

    Parameters
    ----------
    p_values : shape (tests,); NaN stands for a test that was not made and is never a discovery
    rate : expected share of false ones among the discoveries

    >>> discoveries(np.array([0.001, 0.02, 0.9, np.nan])).tolist()
    [True, True, False, False]
    """
    out = np.zeros(p_values.size, dtype=bool)
    made = np.flatnonzero(np.isfinite(p_values))
    order = made[np.argsort(p_values[made], kind="stable")]
    passed = np.flatnonzero(p_values[order] <= rate * np.arange(1, order.size + 1) / max(order.size, 1))
    if passed.size:
        out[order[: passed[-1] + 1]] = True
    return out
