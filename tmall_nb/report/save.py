"""``save`` and ``load_saved``: results kept for the index, the weekly plan and later comparisons.

A result becomes one JSON file named for its analysis (``health.json``): frames column by column, findings, method. A frame
of more than 20,000 rows goes to a Parquet file beside it. Nothing is saved half: a file is written aside and renamed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from tmall_nb import __version__
from tmall_nb.analyses.result import Finding, Method, Result, SetAside
from tmall_nb.errors import ExportError, guess

__all__ = ["SavedResult", "load_saved", "save", "stem_of"]

FORMAT = 1
LARGE = 20_000


@dataclass(frozen=True, slots=True)
class SavedResult:
    """A result read back: frames under their names (``saved.table`` or ``saved.frames["table"]``), findings, method."""

    stem: str
    version: str
    frames: Mapping[str, pd.DataFrame]
    findings: tuple[Finding, ...]
    method: Method

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name.startswith("_") or name not in self.frames:
            raise AttributeError(f"the saved {self.stem} has no frame {name!r}; it has {', '.join(self.frames)}")
        return self.frames[name]


@dataclass(frozen=True, slots=True)
class Saved:
    """What ``save`` shows in a notebook: the name of the file, or that nothing was to be saved."""

    path: Path | None

    def __repr__(self) -> str:
        return f"saved: {self.path.name}" if self.path else "not saved (output_dir is None)"


def stem_of(result: Result) -> str:
    """Return the analysis' name: ``HealthResult`` is ``health``, ``MediaMixResult`` is ``media_mix``."""
    name = type(result).__name__.removesuffix("Result")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower() or "result"


def save(result: Result, output_dir: str | Path | None) -> Saved:
    """Keep a result in ``output_dir`` (made if needed); None keeps nothing.

    Parameters
    ----------
    result : of any analysis
    output_dir : folder, as ``outputs/<shop>/<date>``
    """
    if output_dir is None:
        return Saved(None)
    folder = Path(output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    stem = stem_of(result)
    names = [f.name for f in dataclasses.fields(result)]  # type: ignore[arg-type]
    frames = {n: v for n in names if isinstance(v := getattr(result, n), pd.DataFrame)}
    body = {
        "format": FORMAT,
        "version": __version__,
        "stem": stem,
        "findings": [{"key": f.key, "tone": f.tone, "action": f.action, "values": _plain(f.values)} for f in result.findings],
        "method": _plain({f.name: getattr(result.method, f.name) for f in dataclasses.fields(result.method)}),
        "frames": {name: _frame_out(frame, folder, f"{stem}.{name}") for name, frame in frames.items()},
    }
    path = folder / f"{stem}.json"
    _write_whole(path, json.dumps(body, ensure_ascii=False, allow_nan=False).encode())
    return Saved(path)


def load_saved(source: str | Path, stem: str | None = None) -> SavedResult:
    """Read a saved result back.

    Parameters
    ----------
    source : a result file, or a folder that holds some (the newest of ``stem`` below it is taken)
    stem : the analysis (``health``); needed where ``source`` is a folder of several

    Raises
    ------
    ExportError : no such result, or a file that is not one
    """
    path = _find(Path(source), stem)
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        if body["format"] != FORMAT:
            raise ExportError(
                path, f"format {body['format']} of a saved result; this version reads {FORMAT}. Run the notebook again"
            )
        frames = {name: _frame_in(value, path.parent) for name, value in body["frames"].items()}
        findings = tuple(Finding(f["key"], f["tone"], _values_in(f["values"]), f["action"]) for f in body["findings"])
        return SavedResult(body["stem"], body["version"], MappingProxyType(frames), findings, _method_in(body["method"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ExportError(path, f"not a saved result ({error}). Run the notebook again") from error


def _find(source: Path, stem: str | None) -> Path:
    if source.is_file():
        return source
    found = sorted(source.rglob("*.json"), key=lambda p: (p.parent.name, p.stat().st_mtime)) if source.is_dir() else []
    stems = {p: p.stem.split(".")[-1] for p in found}
    matching = [p for p in found if stem is None or stems[p] == stem]
    if not matching or (stem is None and len(set(stems.values())) > 1):
        names = ", ".join(sorted(set(stems.values()))) or "none"
        raise ExportError(
            source, f"no saved result of {stem or 'one analysis alone'} here; found {names}{guess(stem or '', stems.values())}"
        )
    return matching[-1]


def _plain(value: Any) -> Any:
    """A value as JSON holds it; dates are marked, so that they come back as dates."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, SetAside):
        return [value.reason, value.rows]
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return [_plain(v) for v in value]
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, pd.Timestamp | dt.date | np.datetime64):
        return {"date": pd.Timestamp(value).isoformat()}
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return str(value)


def _values_in(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: pd.Timestamp(v["date"]) if isinstance(v, dict) and set(v) == {"date"} else v for k, v in values.items()}


def _method_in(values: Mapping[str, Any]) -> Method:
    found = _values_in(values)
    found["assumptions"] = tuple(found["assumptions"])
    found["set_aside"] = tuple(SetAside(reason, rows) for reason, rows in found["set_aside"])
    return Method(**found)


def _frame_out(frame: pd.DataFrame, folder: Path, name: str) -> Any:
    flat = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
    if len(flat) > LARGE:
        path = folder / f"{name}.parquet"
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        flat.to_parquet(aside)
        os.replace(aside, path)
        return {"parquet": path.name}
    return {str(c): {"dtype": _kind(flat[c]), "values": _cells(flat[c])} for c in flat.columns}


def _kind(values: pd.Series) -> str:
    return "date" if pd.api.types.is_datetime64_any_dtype(values) else str(values.dtype)


def _cells(values: pd.Series) -> list[Any]:
    if pd.api.types.is_datetime64_any_dtype(values):
        return [None if pd.isna(v) else v.isoformat() for v in values]
    return [_plain(v) for v in values.to_numpy(object)]


def _frame_in(value: Mapping[str, Any], folder: Path) -> pd.DataFrame:
    if "parquet" in value and isinstance(value["parquet"], str):
        return pd.read_parquet(folder / Path(value["parquet"]).name)
    columns = {}
    for name, column in value.items():
        kind, cells = column["dtype"], column["values"]
        if kind == "date":
            columns[name] = pd.Series(pd.to_datetime(cells), dtype="datetime64[ns]")
        elif kind.startswith(("float", "int", "uint", "bool", "Int", "boolean")):
            columns[name] = pd.Series(cells, dtype="float64" if kind.startswith("float") else kind)
        else:
            columns[name] = pd.Series(cells, dtype=object)
    return pd.DataFrame(columns)


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_bytes(content)
    os.replace(aside, path)
