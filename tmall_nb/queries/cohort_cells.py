"""Cohort triangles: buyers and net revenue of each cohort at each age, from one reading of the orders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.queries.buyer_orders import EPOCH, BuyerOrders
from tmall_nb.queries.order_blocks import order_blocks, run_starts, since_first

__all__ = ["AGE_DAYS", "CohortCells", "cohort_cells", "month_of"]

AGE_DAYS = 30
SUMS = ["active", "cents", "squares", "cubes"]


@dataclass(frozen=True, slots=True)
class CohortCells:
    """Cohorts by month of the first order; months are counted from year 0.

    Attributes
    ----------
    sizes : one row per cohort: cohort, cohort_size
    calendar : one row per cohort and age in calendar months: active (buyers), cents (net sales, refunds taken off), and the
        sums of squares and cubes of what each buyer spent there, in yuan
    ages : the same by age in 30 days since each buyer's own first order
    """

    sizes: pd.DataFrame
    calendar: pd.DataFrame
    ages: pd.DataFrame


def cohort_cells(orders: BuyerOrders, *, refunded: bool) -> CohortCells:
    """Add up all blocks of buyers; with ``refunded`` False a wholly refunded order makes nobody a buyer, or active."""
    first_day = int((orders.first_day - EPOCH).days)
    start, stop = month_of(np.array([first_day, orders.end_day])).tolist()
    cohorts, spans = stop - start + 1, (orders.end_day - first_day) // AGE_DAYS + 1
    sizes = np.zeros(cohorts, dtype=np.int64)
    calendar, ages = np.zeros((4, cohorts, cohorts)), np.zeros((4, cohorts, spans))
    for block in order_blocks(orders):
        block, buyer, first = since_first(block, refunded=refunded)
        cohort = month_of(first) - start
        sizes += np.bincount(cohort, minlength=cohorts)
        if len(buyer):
            kept = block.kept | refunded
            _add(calendar, block.cents, kept, buyer, month_of(block.day) - start - cohort[buyer], cohort)
            _add(ages, block.cents, kept, buyer, (block.day - first[buyer]) // AGE_DAYS, cohort)
    size = pd.DataFrame({"cohort": np.arange(cohorts) + start, "cohort_size": sizes})
    return CohortCells(size[sizes > 0].reset_index(drop=True), _frame(calendar, start), _frame(ages, start))


def month_of(day: np.ndarray) -> np.ndarray:
    """Months since year 0 of days since 1970."""
    return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 1970 * 12


def _add(sums: np.ndarray, cents: np.ndarray, kept: np.ndarray, buyer: np.ndarray, age: np.ndarray, cohort: np.ndarray) -> None:
    """Add active buyers, cents, and squares and cubes of buyers' yuan to their cells."""
    starts = run_starts(buyer, age)
    spent = np.add.reduceat(cents, starts).astype(np.float64)
    width = sums.shape[2]
    cell = cohort[buyer[starts]] * width + age[starts]
    yuan = spent / 100
    for k, values in enumerate((np.logical_or.reduceat(kept, starts), spent, yuan**2, yuan**3)):
        sums[k] += np.bincount(cell, weights=values, minlength=sums[k].size).reshape(sums[k].shape)


def _frame(sums: np.ndarray, start: int) -> pd.DataFrame:
    cohort, age = np.nonzero(sums.any(axis=0))
    columns = dict(zip(SUMS, sums[:, cohort, age], strict=True))
    frame = pd.DataFrame({"cohort": cohort + start, "age": age, **columns})
    return frame.astype({"active": "int64", "cents": "int64"})
