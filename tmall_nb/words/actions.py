"""``actions``: the findings that ask for something, as a table of what, where, gain and how it will be judged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tmall_nb.analyses.result import Finding
from tmall_nb.words.answer import sentence
from tmall_nb.words.catalogue import entry, fill, label
from tmall_nb.words.formats import check_language, is_missing, plain
from tmall_nb.words.table import Column, Table

__all__ = ["actions"]

ROWS = 10


def actions(findings: Iterable[Finding], language: str = "zh") -> Table:
    """Return what to do, largest expected gain first, findings without an estimated gain last.

    Parameters
    ----------
    findings : of a result; those marked ``action`` are listed. Their values may hold ``what``, ``where``, ``gain`` with
        ``gain_low`` and ``gain_high`` (yuan) and ``gain_days``; an entry of the catalogue may hold ``judge_zh``/``judge_en``
    language : ``zh`` or ``en``
    """
    check_language(language)
    asked = sorted((f for f in findings if f.action), key=lambda f: -_gain(f))
    rows = [_row(f, language) for f in asked]
    if not rows:
        return Table(
            (Column(label("common", "action_what", language), (label("common", "no_actions", language),), False),),
            1,
            1,
            language,
        )
    heads = ("action_what", "action_where", "action_gain", "action_days", "action_judge")
    columns = [
        Column(label("common", head, language), tuple(row[k] for row in rows), head == "action_gain")
        for k, head in enumerate(heads)
        if any(row[k] for row in rows)
    ]
    return Table(tuple(columns), ROWS, len(rows), language)


def _gain(finding: Finding) -> float:
    gain: Any = finding.values.get("gain")
    return float("-inf") if is_missing(gain) else float(gain)


def _row(finding: Finding, language: str) -> tuple[str, str, str, str, str]:
    values = finding.values
    what = values.get("what") or sentence(finding, language).text
    days = values.get("gain_days")
    over = "" if is_missing(days) else label("common", "action_days_value", language, days=days)
    judge = (entry("findings", finding.key) or {}).get(f"judge_{language}", "")
    return str(what), str(values.get("where") or ""), _money(finding, language), over, fill(judge, values, language)


def _bounds(finding: Finding) -> tuple[Any, Any, Any]:
    return finding.values.get("gain"), finding.values.get("gain_low"), finding.values.get("gain_high")


def _money(finding: Finding, language: str) -> str:
    gain, low, high = _bounds(finding)
    if is_missing(gain):
        return label("common", "action_gain_unknown", language)
    if is_missing(low) or is_missing(high):
        return plain(float(gain))
    ends = f"{plain(float(low))} ~ {plain(float(high))}"
    return f"{plain(float(gain))}（{ends}）" if language == "zh" else f"{plain(float(gain))} ({ends})"
