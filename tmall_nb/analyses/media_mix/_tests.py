"""Tests of ads → what the fit takes of them, and what they changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import pandas as pd

from tmall_nb.analyses.ad_tests import TEST_COLUMNS, Z_90
from tmall_nb.analyses.media_mix._read import Weeks
from tmall_nb.errors import ExportError
from tmall_nb.stats.media_mix import LiftTests, MixFit, least_error, lift_rates

LEVELS = (0.05, 0.95)
HALF_WEEK = 4  # a week belongs to a test that covers this many of its days
SIDES = ("", "_low", "_high")
CHANGES = tuple(f"{name}{side}" for name in ("before", "after") for side in SIDES)
ORDER = ("channel", "verdict", "tested", "tested_low", "tested_high", *CHANGES, "start", "end", "kind", "provinces")


@dataclass(frozen=True, slots=True)
class Tested:
    """Tests and what the fit takes of them.

    Attributes
    ----------
    rows : one row per test (``TEST_COLUMNS``)
    lift : the tests that are used; None where none is
    members : which channels each row is about, shape (tests, channels)
    """

    rows: pd.DataFrame
    lift: LiftTests | None
    members: np.ndarray


def no_tests(weeks: Weeks) -> Tested:
    """Neither a sheet nor a frame of tests."""
    return Tested(pd.DataFrame(columns=list(TEST_COLUMNS)), None, np.zeros((0, len(weeks.channels)), dtype=bool))


def sheet_tests(rows: pd.DataFrame, weeks: Weeks) -> Tested:
    """Tests of a shop's sheet: the weeks of which at least four days lie inside.

    A test of a channel the mix leaves out, of weeks it does not hold, or without spend in them is kept with that verdict.
    """
    names = [str(text).split("、") for text in rows["channel"]]
    members = np.array([[c in own for c in weeks.channels] for own in names], dtype=bool).reshape(
        len(rows), len(weeks.channels)
    )
    verdicts, rates = [], []
    for test, own, who in zip(rows.itertuples(), names, members, strict=True):
        inside, verdict = _weeks_inside(weeks.week, test.start, test.end), str(test.verdict)
        if verdict == "used":
            verdict = _usable(weeks, who, len(own), inside)
        verdicts.append(verdict)
        if verdict == "used":
            rates.append(_rates(weeks, who, inside))
    rows = rows.assign(verdict=verdicts)
    used = rows[rows["verdict"] == "used"]
    error = (used["tested_high"] - used["tested_low"]).to_numpy(float) / (2 * Z_90)
    lift = LiftTests(used["tested"].to_numpy(float), error, np.array(rates)) if len(used) else None
    return Tested(rows, lift, members)


def _weeks_inside(week: pd.Series, start: pd.Timestamp, end: pd.Timestamp) -> np.ndarray:
    first, last = week.clip(lower=start), (week + pd.Timedelta(days=6)).clip(upper=end)
    return ((last - first).dt.days + 1 >= HALF_WEEK).to_numpy()


def _usable(weeks: Weeks, who: np.ndarray, named: int, inside: np.ndarray) -> str:
    if who.sum() < named and (named == 1 or not who.any()):
        return "not_in_mix"
    if not inside.any():
        return "outside_weeks"
    return "used" if weeks.spend[who][:, inside].sum() > 0 else "no_spend"


def _rates(weeks: Weeks, who: np.ndarray, inside: np.ndarray) -> np.ndarray:
    return lift_rates(weeks.spend, float(weeks.sales[weeks.sales > 0].mean()), np.flatnonzero(who), inside)


def frame_tests(tests: pd.DataFrame, weeks: Weeks) -> Tested:
    """Lift tests with columns channel, start, end (weeks, inclusive), roas, and error or low and high (90 %).

    Raises
    ------
    ExportError : a column is missing, or a row cannot be used
    """
    if not len(tests):
        return no_tests(weeks)
    error = _errors(tests)
    members = np.zeros((len(tests), len(weeks.channels)), dtype=bool)
    rates = []
    for k, test in enumerate(tests.itertuples(index=False)):
        if test.channel not in weeks.channels:
            _refuse(k, "channel", f"{test.channel!r} has no spend here; found {', '.join(weeks.channels)}")
        members[k, weeks.channels.index(test.channel)] = True
        inside = ((weeks.week >= test.start) & (weeks.week <= test.end)).to_numpy()
        if not weeks.spend[members[k]][:, inside].sum() > 0:
            _refuse(k, "start", "no spend in the tested weeks; give the weeks whose spend the return refers to")
        rates.append(_rates(weeks, members[k], inside))
    roas = tests["roas"].to_numpy(float)
    rows = tests[["channel", "start", "end"]].assign(
        kind="finished", provinces="", tested=roas, tested_low=roas - Z_90 * error, tested_high=roas + Z_90 * error
    )  # fmt: skip
    rows["verdict"] = "used"
    return Tested(rows.reset_index(drop=True), LiftTests(roas, error, np.array(rates)), members)


def _errors(tests: pd.DataFrame) -> np.ndarray:
    """The standard error of every test, from its column or from the bounds."""
    for name in ("channel", "start", "end", "roas"):
        if name not in tests.columns:
            raise ExportError(
                "lift_tests", f"column {name} is missing; needed: channel, start, end, roas, error (or low, high)"
            )
    if "error" in tests.columns:
        error = tests["error"].to_numpy(float)
    elif {"low", "high"} <= set(tests.columns):
        error = (tests["high"] - tests["low"]).to_numpy(float) / (2 * Z_90)
    else:
        raise ExportError("lift_tests", "no column error, nor low and high (90 %): a test without its precision cannot be used")
    bad = ~(error > 0) | ~np.isfinite(tests["roas"].to_numpy(float))
    if bad.any():
        _refuse(int(np.argmax(bad)), "error", "roas must be a number and its error above 0")
    return error


def _refuse(position: int, column: str, problem: str) -> NoReturn:
    raise ExportError("lift_tests", problem, row=position + 1, column=column)


def with_changes(tested: Tested, before: MixFit, after: MixFit, weeks: Weeks, *, shown: bool) -> pd.DataFrame:
    """The tests with the return of their channels without any test and with those used (``shown`` False: no interval)."""
    spend = weeks.spend.sum(axis=1)
    rows = tested.rows.reset_index(drop=True)
    figures = [(*_returns(before, who, spend), *_returns(after, who, spend, shown=shown)) for who in tested.members]
    whole = pd.concat([rows, pd.DataFrame(figures, columns=list(CHANGES), index=rows.index, dtype=float)], axis=1)
    return whole[[*ORDER]]


def _returns(fit: MixFit, who: np.ndarray, spend: np.ndarray, *, shown: bool = True) -> tuple[float, float, float]:
    """Return of some channels together, with its ends (90 %); for one channel what the table says of it."""
    if not who.any():
        return np.nan, np.nan, np.nan
    together = fit.roas[:, who] @ (spend[who] / spend[who].sum())
    low, high = (float(q) for q in np.quantile(together, LEVELS))
    point = float(np.clip(least_error(np.log(together)[:, None])[0], low, high))
    return (point, low, high) if shown else (point, np.nan, np.nan)
