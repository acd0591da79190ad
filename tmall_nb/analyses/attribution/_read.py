"""Path rows → journeys: split, number the channels, set aside what cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tmall_nb.analyses.result import SetAside
from tmall_nb.errors import ExportError, NotEnoughData
from tmall_nb.stats.markov import Journeys

if TYPE_CHECKING:
    import pyarrow as pa

NEEDED = ("path", "conversions")


def _count_column(paths: pd.DataFrame, name: str) -> np.ndarray:
    """A column of counts or money, 0 where the column is absent; negative or missing cells are refused."""
    if name not in paths.columns:
        return np.zeros(len(paths))
    values = pd.to_numeric(paths[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    bad = np.flatnonzero(~(values >= 0) | ~np.isfinite(values))
    if len(bad):
        cell = paths[name].iloc[int(bad[0])]
        raise ExportError("paths", f"{cell!r} found; expected a number of 0 or more", row=int(bad[0]) + 1, column=name)
    return values


def _split(text: pa.LargeStringArray) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Channel numbers of all touches, where each path starts, and the channel names in alphabetical order."""
    import pyarrow.compute as pc

    parts = pc.split_pattern(text, ">")
    coded = parts.flatten().dictionary_encode()
    names = [str(n).strip() for n in coded.dictionary.to_pylist()]
    channels = sorted(set(names))
    offsets = np.asarray(parts.offsets.to_numpy(), dtype=np.int64)
    number = {name: code for code, name in enumerate(channels)}
    codes = np.array([number[n] for n in names], dtype=np.int64)[coded.indices.to_numpy()]
    if channels[0] == "":
        bad = text[int(np.searchsorted(offsets, np.flatnonzero(codes == 0)[0], side="right")) - 1].as_py()
        raise ExportError("paths", f"{bad!r} has an empty step; expected channel > channel", column="path")
    return codes, offsets, channels


def read_journeys(paths: pd.DataFrame) -> tuple[Journeys, list[str], tuple[SetAside, ...]]:
    """Split ``path`` at ">", add up rows with the same path and number the channels in alphabetical order.

    Returns
    -------
    the journeys, the channel names by number, and the rows set aside with their reasons
    """
    missing = [c for c in NEEDED if c not in paths.columns]
    if missing:
        raise ExportError("paths", f"column {missing[0]} is missing; found {', '.join(map(str, paths.columns))}")
    conversions, nulls, value = (_count_column(paths, c) for c in ("conversions", "nulls", "conversion_value"))
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pa.chunked_array(pa.array(paths["path"].astype("str"), type=pa.large_string(), from_pandas=True)).combine_chunks()
    blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(text), ""), True).to_numpy(zero_copy_only=False)
    unused = ~blank & (conversions + nulls == 0)
    keep = ~blank & ~unused
    if not keep.any():
        raise NotEnoughData("paths holds no journey: every row is blank or has neither conversions nor nulls")
    same = text.filter(pa.array(keep)).dictionary_encode()
    row = same.indices.to_numpy()
    sums = [np.bincount(row, column[keep], len(same.dictionary)) for column in (conversions, nulls, value)]
    codes, offsets, channels = _split(same.dictionary)
    aside = [("blank_path", blank.sum()), ("path_without_count", unused.sum())]
    journeys = Journeys(codes, offsets, sums[0], sums[1], sums[2], len(channels))
    return journeys, channels, tuple(SetAside(reason, int(rows)) for reason, rows in aside if rows)
