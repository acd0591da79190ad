"""One file → Parquet parts, one per table it holds, and a record of what was read. Nothing here knows other files."""

from __future__ import annotations

import csv
import datetime as dt
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tmall_nb.errors import ExportError
from tmall_nb.exports import rules
from tmall_nb.exports.clean import Cleaner
from tmall_nb.exports.convert import Converter
from tmall_nb.exports.files import Sheet, open_sheets
from tmall_nb.exports.kinds import Match, find_header
from tmall_nb.exports.names import name_days
from tmall_nb.fields import FIELDS
from tmall_nb.tables import TABLES

__all__ = ["Job", "parse_file"]

GROUP_ROWS = 120_000


@dataclass(frozen=True, slots=True)
class Job:
    """What parsing one file takes.

    Attributes
    ----------
    path, name : the file and how it is called in reports (path within the shop's folder)
    digest : hash of its content, the name of its parts
    store : the shop's folder of parsed tables
    shop_id, key, extra : shop, buyer key, headers mapped in shop.toml
    """

    path: Path
    name: str
    digest: str
    store: Path
    shop_id: str
    key: bytes
    extra: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def parse_file(job: Job) -> list[dict[str, Any]]:
    """Parse one file; returns one record per recognised sheet.

    Raises
    ------
    ExportError : the file cannot be read, or no sheet of it has a header row that is known
    """
    sheets = open_sheets(job.path)
    found = [(sheet, find_header(sheet.head, job.extra)) for sheet in sheets]
    known = [(sheet, at) for sheet, at in found if at is not None]
    if not known:
        raise ExportError(job.path, _unknown(sheets))
    return [_parse_sheet(job, sheet, at, n, many=len(known) > 1) for n, (sheet, at) in enumerate(known)]


def _unknown(sheets: list[Sheet]) -> str:
    """Say what was looked for and what was found instead."""
    rows = [[c for c in row if c.strip()] for sheet in sheets for row in sheet.head]
    widest = max(rows, key=len, default=[])
    if not widest:
        return "no cell holds a value (formulas without stored results look like this): open it, save it again and retry"
    shown = ", ".join(c.strip()[:20] for c in widest[:6])
    return (
        f"no known report: none of its first rows is a header of a table (found {shown}). "
        "Map its headers in shop.toml under [columns], or export it again"
    )


def _parse_sheet(job: Job, sheet: Sheet, at: tuple[int, Match], number: int, *, many: bool) -> dict[str, Any]:
    header_row, match = at
    fills = _fills(job, sheet, match)
    source = f"{job.name} › {sheet.name}" if many else job.name
    part = job.store / match.table / "_parts" / f"{job.digest}{f'-{number}' if number else ''}.parquet"
    done = _write(job, sheet, header_row, (match, fills, source), part, net=True)
    if done.tally.votes["refunded"] and not rules.is_net(done.tally.votes):
        done = _write(job, sheet, header_row, (match, fills, source), part, net=False)
    return _record(job, sheet, (header_row, match, fills, source), part, done)


def _fills(job: Job, sheet: Sheet, match: Match) -> dict[str, Any]:
    """What stands in names only: the day of a file without a date column, the device of a sheet."""
    fills: dict[str, Any] = dict(rules.name_fills(match, sheet.name or job.path.stem))
    spec = TABLES[match.table]
    if "date" in spec.key and "date" not in match.fields:
        days = name_days(sheet.name) or name_days(job.path.name)
        if days is None:
            fills["date"] = None
        elif days[0] == days[1] or "period_days" in spec.columns:
            fills["date"] = days[1]
            if days[0] != days[1]:
                fills["period_days"] = (days[1] - days[0]).days + 1
        else:
            raise ExportError(
                job.path, f"covers {days[0]} to {days[1]} as one sum without a date column: export it one day at a time"
            )
    return fills


def _write(
    job: Job, sheet: Sheet, header_row: int, what: tuple[Match, dict[str, Any], str], part: Path, *, net: bool
) -> Converter:
    """Stream the sheet's rows into its part; the part appears whole or not at all."""
    match, fills, source = what
    converter = Converter(match, Cleaner(sheet.encoding or "utf-8", job.key), fills, net=net)
    part.parent.mkdir(parents=True, exist_ok=True)
    temporary = part.with_name(f"{part.name}.{os.getpid()}.tmp")
    writer: pq.ParquetWriter | None = None
    try:
        for table in _groups(converter.convert(c) for c in sheet.chunks(header_row, converter.positions)):
            table = table.append_column("shop_id", _constant(job.shop_id, table.num_rows))
            table = table.append_column("source_file", _constant(source, table.num_rows))
            if writer is None:
                writer = open_writer(temporary, table.schema)
            writer.write_table(table.cast(writer.schema))
    finally:
        if writer is not None:
            writer.close()
    if writer is not None:
        os.replace(temporary, part)
    return converter


def open_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A Parquet writer: exact decimals as integers, dictionaries only where values repeat."""
    repeated = [f.name for f in schema if pa.types.is_string(f.type) and (f.name not in FIELDS or FIELDS[f.name].dtype != "id")]
    return pq.ParquetWriter(
        path, schema, store_decimal_as_integer=True, compression="snappy", use_dictionary=[*repeated, "item_id", "sku_code"]
    )


def _constant(text: str, rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(text, pa.string()), rows)


def _groups(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Join chunks to row groups of a good size."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(t.num_rows for t in waiting) >= GROUP_ROWS:
            yield pa.concat_tables(waiting).combine_chunks()
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks()


def _record(
    job: Job, sheet: Sheet, what: tuple[int, Match, dict[str, Any], str], part: Path, done: Converter
) -> dict[str, Any]:
    """What the manifest keeps of a sheet."""
    header_row, match, fills, source = what
    tally = done.tally
    meta = pq.read_metadata(part) if part.exists() else None
    kept = _keep_aside(job, part, tally.kept_aside)
    return {
        "source": source, "table": match.table, "part": part.name, "form": sheet.form, "encoding": sheet.encoding,
        "header_row": header_row + 1, "read": tally.read, "rows": meta.num_rows if meta else 0,
        "columns": [c for c in (meta.schema.names if meta else []) if meta and _has_values(meta, c)],
        "aside": dict(tally.aside), "aside_file": kept, "unreadable": dict(tally.unreadable), "damaged": dict(tally.damaged),
        "unread_cells": tally.unread_cells,
        "file_cents": dict(tally.file_cents), "aside_cents": dict(tally.aside_cents), "table_cents": _stored(part, match.table),
        "days": _days(part, match.table), "unmapped": {h: list(c) for h, c in match.unmapped.items()},
        "missing": list(match.missing), "date_from_name": "date" in fills and str(fills["date"] or ""),
        "identity": {**tally.votes, "read_as": "net" if done.net else "gross"} if tally.votes else {},
    }  # fmt: skip


def _has_values(meta: pq.FileMetaData, name: str) -> bool:
    at = meta.schema.names.index(name)
    groups = [meta.row_group(g).column(at).statistics for g in range(meta.num_row_groups)]
    return any(s is None or s.null_count is None or (s.null_count < meta.num_rows and s.num_values > 0) for s in groups)


def _stored(part: Path, table: str) -> dict[str, int]:
    """Cents of every money column, read back from what was written."""
    if not part.exists():
        return {}
    from tmall_nb.exports.clean import cents

    out: dict[str, int] = {}
    file = pq.ParquetFile(part)
    names = [c for c in file.schema_arrow.names if c in FIELDS and FIELDS[c].dtype == "money"]
    for group in range(file.num_row_groups if names else 0):
        rows = file.read_row_group(group, columns=names)
        for name in names:
            for chunk in rows.column(name).chunks:
                out[name] = out.get(name, 0) + int(cents(chunk)[0].sum())
    return out


def _days(part: Path, table: str) -> list[str]:
    """First and last day of a part, from its column statistics."""
    if not part.exists():
        return []
    meta = pq.read_metadata(part)
    names = meta.schema.names
    for name in ("date", "paid_at", "created_at", "applied_at", "reviewed_at", "start_at", "booked_at", "settled_at"):
        if name in names:
            found = [meta.row_group(g).column(names.index(name)).statistics for g in range(meta.num_row_groups)]
            ends = [(s.min, s.max) for s in found if s is not None and s.has_min_max]
            if ends:
                return [_day(min(a for a, _ in ends)), _day(max(b for _, b in ends))]
    return []


def _day(value: dt.date) -> str:
    return value.isoformat()[:10]


def _keep_aside(job: Job, part: Path, rows: list[tuple[int, str, str]]) -> str:
    """Write the rows that were set aside (never their personal columns) where a merchant can open them."""
    if not rows:
        return ""
    target = job.store / "_set_aside" / part.parent.parent.name / f"{part.stem}.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["row", "reason", "cells"])
        writer.writerows(sorted(rows))
    return target.relative_to(job.store).as_posix()
