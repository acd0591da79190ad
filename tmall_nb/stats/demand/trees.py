"""Gradient-boosted trees over virtual origins (LightGBM, imported only when they are fitted)."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

__all__ = ["Trees", "fit_trees", "trees_available"]

MOST_ROWS = 160_000


def trees_available() -> bool:
    """Can LightGBM be imported?"""
    try:
        return find_spec("lightgbm") is not None
    except (ImportError, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class Trees:
    """Fitted trees: ``booster``; ``kind`` ``ratio``, ``log`` or ``tweedie``; ``smear`` turns the mean log into a mean."""

    booster: Any
    kind: str
    smear: float

    def predict(self, features: np.ndarray, level: np.ndarray) -> np.ndarray:
        """(S, H) mean units from (S, H, F) features and (S,) levels."""
        flat = self.booster.predict(features.reshape(-1, features.shape[2]))
        value = np.exp(np.clip(flat, -8, 8)) * self.smear if self.kind == "log" else np.maximum(flat, 0.0)
        return value.reshape(features.shape[:2]) * level[:, None]


def _options(kind: str, rows: int, seed: int) -> dict[str, Any]:
    objective = {"ratio": "regression", "log": "regression", "tweedie": "tweedie"}[kind]
    options = {
        "objective": objective, "learning_rate": 0.08, "num_leaves": 63 if kind != "tweedie" else 31,
        "min_data_in_leaf": int(np.clip(rows // 1500, 20, 200)), "feature_fraction": 0.5, "bagging_fraction": 0.7,
        "bagging_freq": 1, "lambda_l2": 5.0, "max_bin": 127, "verbosity": -1, "seed": seed, "deterministic": True,
        "force_row_wise": True,
    }  # fmt: skip
    return options | ({"tweedie_variance_power": 1.2} if kind == "tweedie" else {})


def fit_trees(
    features: np.ndarray, level: np.ndarray, actual: np.ndarray, *, kind: str, age: np.ndarray, seed: int
) -> Trees | None:
    """Fit trees to (O, S, H, F) features with (O, S) levels and (O, S, H) units (NaN days are left out).

    ``age`` (O,) is each origin's weight (newer origins count more). None where fewer than 500 rows can teach.
    """
    import lightgbm as lgb

    rows = np.flatnonzero(np.isfinite(actual).ravel())
    if len(rows) < 500:
        return None
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_ROWS, replace=False))
    origin, series, _ = np.unravel_index(rows, actual.shape)
    x = features.reshape(-1, features.shape[3])[rows]
    y = actual.ravel()[rows] / level[origin, series]
    target = np.log(np.maximum(y, 0.02)) if kind == "log" else np.minimum(y, np.quantile(y, 0.9995))
    data = lgb.Dataset(x, label=target, weight=age[origin], free_raw_data=True)
    rounds = 350 if kind == "log" else 260
    booster = lgb.train(_options(kind, len(rows), seed), data, num_boost_round=rounds if kind != "tweedie" else 100)
    smear = float(np.mean(y) / np.mean(np.exp(booster.predict(x)))) if kind == "log" else 1.0
    return Trees(booster, kind, smear)
