"""``score_methods``: how far each method was from a known truth, beside the figure a merchant would have used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.analyses.result import Finding, Method
from tmall_nb.errors import ExportError, NotEnoughData

__all__ = ["COLUMNS", "MethodCheckResult", "score_methods"]

COLUMNS = ["analysis", "quantity", "seed", "subject", "truth", "estimate", "low", "high", "level", "naive"]
FEW = 20  # below this many intervals a coverage says little


@dataclass(frozen=True, slots=True)
class MethodCheckResult:
    """Methods against truth.

    Attributes
    ----------
    table : one row per analysis and quantity: seeds, subjects (estimates scored), refused (subjects the method declined to
        answer), scale (mean absolute truth), bias, rmse (both ÷ scale), coverage with coverage_low/coverage_high (Wilson, 95 %)
        and the level it should have, naive_bias, naive_rmse, error_ratio (rmse ÷ naive_rmse)
    cases : the rows scored: analysis, quantity, seed, subject, truth, estimate, low, high, level, naive
    findings, method : as everywhere
    """

    table: pd.DataFrame
    cases: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method


def score_methods(cases: pd.DataFrame) -> MethodCheckResult:
    """Summarise estimates beside their truth; misses are shown as plainly as hits.

    Parameters
    ----------
    cases : one row per analysis, quantity, seed and subject: truth, estimate, low, high (interval at ``level``, a fraction),
        naive (what a merchant would have used); an estimate that was refused is missing, not zero

    Notes
    -----
    Bias is the mean of estimate − truth, rmse the root of its mean square, both divided by the mean absolute truth of the
    quantity, so that quantities in yuan and shares can stand in one table; they are empty where every truth is 0. The naive
    figure is scored on the same subjects.
    """
    missing = [c for c in COLUMNS if c not in cases.columns]
    if missing:
        raise ExportError("cases", f"column {', '.join(missing)} is missing; found {', '.join(map(str, cases.columns))}")
    if cases.empty:
        raise NotEnoughData("no case to score: no analysis could be run on the demo shops")
    rows = [_score(name, quantity, part) for (name, quantity), part in cases.groupby(["analysis", "quantity"], sort=False)]
    table = pd.DataFrame(rows)
    method = Method(
        name="method_check",
        source="simulated shops with known truth (tmall_nb.demo); Wilson (1927) interval for coverage",
        assumptions=("simulated_world", "fresh_seeds"),
        rows_used=int(cases["estimate"].notna().sum()),
        level=0.95,
        parameters={"seeds": int(cases["seed"].nunique())},
    ).drop("refused", int(cases["estimate"].isna().sum()))
    return MethodCheckResult(table, cases[COLUMNS].reset_index(drop=True), _findings(table), method)


def _score(name: str, quantity: str, part: pd.DataFrame) -> dict[str, object]:
    known = part[part["estimate"].notna() & part["truth"].notna()]
    truth = known["truth"].to_numpy(float)
    scale = float(np.abs(truth).mean()) if truth.any() else np.nan
    error, naive = (known[c].to_numpy(float) - truth for c in ("estimate", "naive"))
    naive = naive[np.isfinite(naive)]
    bounded = known[known["low"].notna() & known["high"].notna()]
    inside = int(((bounded["low"] <= bounded["truth"]) & (bounded["truth"] <= bounded["high"])).sum())
    low, high = _wilson(inside, len(bounded))
    rmse, naive_rmse = _rms(error) / scale, _rms(naive) / scale
    return {
        "analysis": name,
        "quantity": quantity,
        "seeds": part["seed"].nunique(),
        "subjects": len(known),
        "refused": len(part) - len(known),
        "scale": scale,
        "bias": float(error.mean()) / scale if len(error) else np.nan,
        "rmse": rmse,
        "coverage": inside / len(bounded) if len(bounded) else np.nan,
        "coverage_low": low,
        "coverage_high": high,
        "level": float(part["level"].iloc[0]),
        "naive_bias": float(naive.mean()) / scale if len(naive) else np.nan,
        "naive_rmse": naive_rmse,
        "error_ratio": rmse / naive_rmse if naive_rmse > 0 else np.nan,
        "intervals": len(bounded),
    }


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2))) if len(values) else np.nan


def _wilson(hits: int, count: int, z: float = 1.959964) -> tuple[float, float]:
    if count == 0:
        return np.nan, np.nan
    share = hits / count
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return float(centre - half), float(centre + half)


def _findings(table: pd.DataFrame) -> tuple[Finding, ...]:
    compared = table[table["error_ratio"].notna()]
    better = compared[compared["error_ratio"] < 1]
    findings = []
    if len(compared):
        best = compared.loc[compared["error_ratio"].idxmin()]
        values = {"better": len(better), "compared": len(compared), "ratio": float(best["error_ratio"])}
        values |= {"analysis": best["analysis"], "quantity": best["quantity"]}
        findings.append(Finding("methods_beat_naive", "good" if len(better) > len(compared) / 2 else "watch", values))
    for row in compared[compared["error_ratio"] >= 1].itertuples():
        findings.append(
            Finding(
                "method_not_better", "watch", {"analysis": row.analysis, "quantity": row.quantity, "ratio": row.error_ratio}
            )
        )
    checked = table[(table["intervals"] >= FEW) & table["coverage"].notna()]
    off = checked[(checked["coverage_high"] < checked["level"]) | (checked["coverage_low"] > checked["level"])]
    for row in off.itertuples():
        key = "coverage_short" if row.coverage < row.level else "coverage_wide"
        values = {"analysis": row.analysis, "quantity": row.quantity, "coverage": row.coverage, "level": row.level}
        findings.append(Finding(key, "watch", values | {"coverage_low": row.coverage_low, "coverage_high": row.coverage_high}))
    if len(checked) and off.empty:
        findings.append(Finding("coverage_holds", "good", {"count": len(checked)}))
    if checked.empty:
        findings.append(Finding("coverage_unknown", "unknown", {"few": FEW}))
    return tuple(findings)
