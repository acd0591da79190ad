"""Checked rows → one figure per test, read from the shop's own orders where it was a hold-out, and whether it may be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tmall_nb.analyses.ad_tests.sheet import Z_90, AdTest, read_sheet
from tmall_nb.errors import NotEnoughData, ParameterError

if TYPE_CHECKING:
    from tmall_nb.shop import Shop

__all__ = ["TEST_COLUMNS", "read_ad_tests"]

TEST_COLUMNS = ("channel", "start", "end", "kind", "provinces", "tested", "tested_low", "tested_high", "verdict")
# standard error of the guess made with no data at all: log R ~ N(log 1.22, .85) lies in .30-4.94 with 90 %; a vaguer
# read-out says less than that guess
VAGUE = 1.41
POOR_FIT = 2.0  # the held-out provinces followed the others this many times worse than random groups did before the start


def read_ad_tests(shop: Shop) -> pd.DataFrame:
    """Return one row per test of the shop's sheet 投放测试, hold-outs read with ``read_geo_test`` from its own orders.

    Parameters
    ----------
    shop : a shop; without the sheet the frame is empty

    Returns
    -------
    channel (names joined by 、), start, end (days), kind (finished, hold_out), provinces (joined by 、), tested, tested_low,
    tested_high (yuan per yuan, 90 %), verdict (used; of hold-outs that are not well identified: too_vague, poor_fit,
    wrong_sign)

    Raises
    ------
    ExportError : a row cannot be used (see ``read_sheet``), or leaves too few days or provinces to compare with
    """
    tests = read_sheet(shop)
    days = _province_days(shop) if any(t.roas is None for t in tests) else pd.DataFrame()
    rows = [_finished(t) if t.roas is not None else _hold_out(t, tests, days) for t in tests]
    return pd.DataFrame(rows, columns=list(TEST_COLUMNS))


def _province_days(shop: Shop) -> pd.DataFrame:
    from tmall_nb.queries.province_days import province_days

    return province_days(shop)[0]


def _row(test: AdTest, kind: str, figures: tuple[float, float, float], verdict: str) -> tuple[object, ...]:
    return ("、".join(test.channels), test.start, test.end, kind, "、".join(test.provinces), *figures, verdict)


def _finished(test: AdTest) -> tuple[object, ...]:
    assert test.roas is not None and test.low is not None and test.high is not None
    return _row(test, "finished", (test.roas, test.low, test.high), "used")


def _hold_out(test: AdTest, tests: Sequence[AdTest], days: pd.DataFrame) -> tuple[object, ...]:
    """Provinces that another test held out in the same days are no comparison."""
    from tmall_nb.analyses.geo import read_geo_test

    others = {p for o in tests if o is not test and o.overlaps(test) for p in o.provinces} - set(test.provinces)
    try:
        read = read_geo_test(
            days[~days["province"].isin(others)],
            treated=test.provinces, start=test.start, end=test.end, spend_change_yuan=test.spend_change,
        )  # fmt: skip
    except NotEnoughData as error:
        test.refuse("start", str(error))
    except ParameterError as error:
        test.refuse("provinces", f"{'、'.join(test.provinces)}: {error.expected}")
    found = read.table[read.table["chosen"]].iloc[0]
    figures = (float(found["roas"]), float(found["roas_low"]), float(found["roas_high"]))
    return _row(test, "hold_out", figures, _verdict(figures, float(found["fit_ratio"])))


def _verdict(figures: tuple[float, float, float], fit_ratio: float) -> str:
    """May a read-out be used, and if not, why?"""
    _, low, high = figures
    if not np.isfinite(figures).all() or (high - low) / (2 * Z_90) > VAGUE:
        return "too_vague"
    if fit_ratio > POOR_FIT:
        return "poor_fit"
    return "wrong_sign" if high < 0 else "used"
