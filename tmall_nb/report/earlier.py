"""``load_earlier``: the results of earlier runs, so that a report can open with how its last forecasts did."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pandas as pd

from tmall_nb.errors import ExportError
from tmall_nb.report.save import SavedResult, load_saved

__all__ = ["load_earlier"]

logger = logging.getLogger(__name__)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def load_earlier(output_dir: str | Path | None, stem: str) -> tuple[SavedResult, ...]:
    """Return the saved results of an analysis for this shop, oldest data first; one for each last day of data.

    A file that can no longer be read is left out and logged; the next run writes it anew.

    Parameters
    ----------
    output_dir : the folder this run saves to (``outputs/<shop>/<date>``, or a folder in it); None: there are none
    stem : the analysis (``demand``)

    Examples
    --------
    >>> tn.load_earlier("outputs/qingmu/2026-01-05", "demand")  # doctest: +SKIP
    """
    if output_dir is None:
        return ()
    found: dict[pd.Timestamp, SavedResult] = {}
    for path in _files(Path(output_dir), stem):
        try:
            saved = load_saved(path)
        except (ExportError, OSError) as error:
            logger.warning("left out %s: %s", path.name, error)
            continue
        if saved.method.end is not None:
            found[pd.Timestamp(saved.method.end)] = saved
    return tuple(found[day] for day in sorted(found))


def _files(folder: Path, stem: str) -> list[Path]:
    """Result files of all the shop's days, oldest run first."""
    names = (f"{stem}.json", f"*.{stem}.json")
    place = next((p for p in (folder, folder.parent) if DAY.fullmatch(p.name)), None)
    days = sorted(p for p in place.parent.iterdir() if DAY.fullmatch(p.name)) if place and place.parent.is_dir() else [folder]
    return [path for day in days for name in names for path in sorted(day.glob(name)) if day.is_dir()]
