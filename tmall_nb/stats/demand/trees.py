"""Gradient-boosted trees over virtual origins (LightGBM, imported only when they are fitted)."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

__all__ = ["Trees", "fit_trees", "trees_available"]

MOST_ROWS = 160_000
LEAST_ROWS = 500
SMALL = 0.05
LOGS = ("log", "rest")


def trees_available() -> bool:
    """Can LightGBM be imported?"""
    try:
        return find_spec("lightgbm") is not None
    except (ImportError, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class Trees:
    """Fitted trees, one booster for each of ``kinds``; their forecasts are averaged in logs.

    ``ratio`` and ``tweedie`` predict units ÷ level, ``log`` its logarithm, ``rest`` the log of units ÷ regression.
    """

    boosters: tuple[Any, ...]
    kinds: tuple[str, ...]

    def predict(self, features: np.ndarray, level: np.ndarray, light: np.ndarray) -> np.ndarray:
        """(S, H) units from (S, H, F) features, (S,) levels and the regression's (S, H) forecast."""
        flat, parts = features.reshape(-1, features.shape[2]), []
        for booster, kind in zip(self.boosters, self.kinds, strict=True):
            value = booster.predict(flat).reshape(features.shape[:2])
            if kind in LOGS:
                base = np.maximum(light, SMALL) if kind == "rest" else level[:, None]
                parts.append(np.exp(np.clip(value, -8, 8)) * base)
            else:
                parts.append(np.maximum(value, 0.0) * level[:, None])
        if len(parts) == 1:
            return parts[0]
        return np.exp(np.mean([np.log(np.maximum(p, SMALL)) for p in parts], axis=0))


def _options(kind: str, rows: int, seed: int) -> dict[str, Any]:
    sparse = kind == "tweedie"
    options = {
        "objective": "tweedie" if sparse else "regression", "learning_rate": 0.08 if sparse else 0.05, "num_leaves": 31,
        "min_data_in_leaf": int(np.clip(rows // 2000, 20, 200)), "feature_fraction": 0.5, "bagging_fraction": 0.7,
        "bagging_freq": 1, "lambda_l2": 5.0, "max_bin": 127, "verbosity": -1, "seed": seed, "deterministic": True,
        "force_row_wise": True, "num_threads": 1,
    }  # fmt: skip
    return options | ({"tweedie_variance_power": 1.2} if sparse else {})


def fit_trees(
    features: np.ndarray, level: np.ndarray, light: np.ndarray, actual: np.ndarray, *, kinds: tuple[str, ...],
    age: np.ndarray, seed: int,
) -> Trees | None:  # fmt: skip
    """Fit trees to (O, S, H, F) features with (O, S) levels, (O, S, H) regression and units (NaN days are left out).

    ``age`` (O,) is each origin's weight (newer origins count more). None where fewer than 500 rows can teach.
    """
    import lightgbm as lgb

    boosters = []
    for kind in kinds:
        usable = np.isfinite(actual) & (actual > 0) if kind in LOGS else np.isfinite(actual)
        rows = np.flatnonzero(usable.ravel())
        if len(rows) < LEAST_ROWS:
            return None
        if len(rows) > MOST_ROWS:
            rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_ROWS, replace=False))
        origin, series, _ = np.unravel_index(rows, actual.shape)
        x = features.reshape(-1, features.shape[3])[rows]
        base = np.maximum(light.ravel()[rows], SMALL) if kind == "rest" else level[origin, series]
        y = actual.ravel()[rows] / base
        target = np.clip(np.log(y), -5, 5) if kind in LOGS else np.minimum(y, np.quantile(y, 0.9995))
        data = lgb.Dataset(x, label=target, weight=age[origin], free_raw_data=True)
        rounds = 100 if kind == "tweedie" else 300
        boosters.append(lgb.train(_options(kind, len(rows), seed), data, num_boost_round=rounds))
    return Trees(tuple(boosters), kinds)
