"""Checked and compressed rows: customers with equal (frequency, recency, age) enter a likelihood once, with a weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Rows", "as_column", "compress"]

MIX = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Rows:
    """Distinct rows of several columns.

    Attributes
    ----------
    columns : one array per column, distinct rows only
    weight : how many customers each row stands for
    inverse : position of every customer's row in ``columns``
    """

    columns: tuple[np.ndarray, ...]
    weight: np.ndarray
    inverse: np.ndarray


def as_column(values: object, name: str) -> np.ndarray:
    """Return a flat float64 array; refuse missing, infinite and negative entries, naming the first bad position."""
    column = np.asarray(values, dtype=np.float64)
    if column.ndim == 0:
        column = column[None]
    if column.ndim != 1:
        raise ValueError(f"{name}: expected one dimension, found {column.ndim}")
    bad = ~np.isfinite(column) | (column < 0)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"{name}: {int(bad.sum())} values are missing or negative, the first at position {first}: {column[first]}"
        )
    return column


def compress(*columns: np.ndarray) -> Rows:
    """Group equal rows by a 64-bit mix of their bits; a collision (checked, practically never) is resolved by sorting."""
    size = len(columns[0])
    if size == 0:
        raise ValueError("no customers: every column is empty")
    key = np.zeros(size, dtype=np.uint64)
    for k, column in enumerate(columns):
        bits = (np.ascontiguousarray(column, dtype=np.float64) + 0.0).view(np.uint64)
        key ^= bits * MIX[k % 3]
        key ^= key >> np.uint64(29)
        key *= MIX[(k + 1) % 3]
        key ^= key >> np.uint64(32)
    order = np.argsort(key)
    rows = _grouped(columns, order, key[order])
    if any((part[rows.inverse] != column).any() for part, column in zip(rows.columns, columns, strict=True)):
        order = np.lexsort(columns)
        change = np.any([np.diff(c[order], prepend=np.nan) != 0 for c in columns], axis=0)
        rows = _grouped(columns, order, np.cumsum(change).astype(np.uint64))
    return rows


def _grouped(columns: tuple[np.ndarray, ...], order: np.ndarray, key: np.ndarray) -> Rows:
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    weight = np.diff(np.append(starts, len(key)))
    inverse = np.empty(len(key), dtype=np.int32 if len(key) < 2**31 else np.int64)
    inverse[order] = np.repeat(np.arange(len(starts), dtype=inverse.dtype), weight)
    first = order[starts]
    return Rows(tuple(c[first] for c in columns), weight.astype(np.float64), inverse)
