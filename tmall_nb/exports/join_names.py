"""Join the hashed keys of a segment list back to buyers' names, on this machine, into a file of the merchant's choice.

Names are read from the order files, hashed with the shop's own key file and compared; nothing is kept of names that are not on
the list. The result may not be written where reports or parsed tables lie, so that no report folder ever holds a name.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from tmall_nb.errors import ExportError, ParameterError
from tmall_nb.exports.clean import Cleaner
from tmall_nb.exports.files import open_sheets
from tmall_nb.exports.key import buyer_keys, read_key
from tmall_nb.exports.kinds import find_header
from tmall_nb.exports.load import shop_folder
from tmall_nb.exports.store import list_sources

__all__ = ["Joined", "join_names"]

COLUMNS = ("list", "touch", "group")
WITH_NAMES = {"orders", "order_items", "refunds"}
PRIVATE_MODE = 0o600


class Joined(NamedTuple):
    """How many members the group has, and for how many a name was found in the order files."""

    found: int
    members: int


def join_names(lists: str | Path, *, data_dir: str | Path, shop_id: str, to: str | Path, group: str = "touch") -> Joined:
    """Write ``name, list, touch, group`` of one group's members to a new CSV file; says how many names were found.

    Parameters
    ----------
    lists : the saved lists: ``segment_lists.json`` of a report's folder, or its table as CSV or Parquet (buyer_key, list, …)
    data_dir, shop_id : where the shop's order files lie, as for ``load_shop``
    to : the file to write; it must not exist, and must not lie in a folder of reports or of parsed tables
    group : ``touch`` (default) or ``hold_out``: the hold-out group must not be written to, so its names are not needed

    Raises
    ------
    ParameterError : ``to`` exists or lies among reports or parsed tables; group or shop unknown
    ExportError : the lists cannot be read, or the shop has no key file yet
    """
    target = _target(Path(to), Path(data_dir))
    if group not in {"touch", "hold_out"}:
        raise ParameterError("group", group, "touch or hold_out")
    folder = shop_folder(Path(data_dir), shop_id)
    wanted = {int(row["buyer_key"]): row for row in _read_lists(Path(lists)) if row.get("group", group) == group}
    key_file = Path(data_dir) / ".parsed" / ".buyer_key"
    if not key_file.exists():
        raise ExportError(key_file, "there is no key file: the lists were made elsewhere. Join them where the reports were run")
    found = _find_names(folder, read_key(key_file), set(wanted))
    rows = [[found[k], *(str(wanted[k].get(c, "")) for c in COLUMNS)] for k in wanted if k in found]
    _write(target, [["name", *COLUMNS], *rows])
    return Joined(len(rows), len(wanted))


def _target(to: Path, data_dir: Path) -> Path:
    path = to.expanduser().resolve()
    parsed = (data_dir / ".parsed").resolve()
    folders = [path.parent, *path.parent.parents]
    reports = any(f.name == "outputs" or (f / "index.html").exists() for f in folders) or any(path.parent.glob("*.json"))
    if parsed in folders or reports:
        raise ParameterError("to", str(to), "a file outside the folders of reports and parsed tables; names must not lie there")
    if path.exists():
        raise ParameterError("to", str(to), "a file that does not exist yet")
    return path


def _read_lists(path: Path) -> list[dict[str, Any]]:
    try:
        if path.suffix == ".json":
            table = json.loads(path.read_text(encoding="utf-8"))["frames"]["table"]
            if "parquet" in table:
                return pq.read_table(path.parent / table["parquet"]).to_pylist()
            columns = {name: column["values"] for name, column in table.items()}
            rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        elif path.suffix == ".parquet":
            rows = pq.read_table(path).to_pylist()
        else:
            rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except (OSError, KeyError, TypeError, ValueError, pa.ArrowInvalid) as error:
        raise ExportError(path, f"is not a saved segment list ({error})") from error
    if rows and not {"buyer_key", "list"} <= set(rows[0]):
        raise ExportError(path, f"has no buyer_key and list; found {', '.join(rows[0])}")
    return rows


def _find_names(folder: Path, key: bytes, wanted: set[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for _, path in list_sources(folder):
        for name in _names(path):
            (hashed,) = buyer_keys([name], key)
            if hashed in wanted:
                found[hashed] = name.strip()
        if len(found) == len(wanted):
            break
    return found


def _names(path: Path) -> Iterator[str]:
    """Yield the distinct buyer names of one file; files that hold none, or cannot be read, yield nothing."""
    try:
        sheets = open_sheets(path)
    except ExportError:
        return
    for sheet in sheets:
        at = find_header(sheet.head, {})
        if at is None or at[1].table not in WITH_NAMES:
            continue
        positions = [c.position for c in at[1].columns if c.field == "buyer_key"]
        cleaner = Cleaner(sheet.encoding or "utf-8", b"")
        for chunk in sheet.chunks(at[0], positions) if positions else ():
            for cells in chunk.columns.values():
                yield from cleaner.texts(cells)[1]


def _write(path: Path, rows: list[list[str]]) -> None:
    """A CSV that opens in Excel, readable by its owner alone; a name that would run as a formula is quoted."""
    text = io.StringIO()
    csv.writer(text).writerows([[f"'{c}" if c[:1] in "=+-@" and c else c for c in row] for row in rows])
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
    with open(descriptor, "w", encoding="utf-8-sig", newline="") as file:
        file.write(text.getvalue())
