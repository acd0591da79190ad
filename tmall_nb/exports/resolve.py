"""Overlapping exports: which rows stand. Decided once on load, so that no query has to.

Of rows with one key in several files the newest file's stand (by the minute of export in its name, else its time of change).
Within one file the last row of a key stands where the key is a whole one. What stands is written as the table's Parquet
files; the parts of every source file stay beside it untouched.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tmall_nb.exports.clean import cents
from tmall_nb.exports.parse import open_writer
from tmall_nb.fields import FIELDS
from tmall_nb.tables import TABLES

__all__ = ["Part", "Standing", "resolve"]

MERGE_ROWS = 200_000  # smaller parts are joined to one file: a query over hundreds of files costs more than the query
MANY = {
    "fund_flow",
    "ads",
    "price_stack",
    "cps_orders",
    "logistics",
    "campaign_kpi",
    "stock",
    "ad_tests",
}  # rows of one key may be many
IDS = {"date", "order_id", "sub_order_id", "refund_id", "review_id", "flow_id", "item_id", "path", "campaign_id"}
INSTEAD = {"order_items": ("order_id",), "refunds": ("order_id",), "cps_orders": ("order_id",)}


@dataclass(frozen=True, slots=True)
class Part:
    """One parsed sheet: its Parquet file, rows, columns that hold values, and the age of its source."""

    path: Path
    rows: int
    columns: tuple[str, ...]
    exported: float
    source: str


@dataclass(slots=True)
class Standing:
    """What stands of a part: rows replaced by newer files, repeated rows, and the cents that went with them."""

    superseded: int
    repeated: int
    gone_cents: dict[str, int]


def resolve(table: str, parts: Sequence[Part], folder: Path) -> list[Standing]:
    """Write the rows of a table that stand into ``folder``; returns what became of each part (in the order given)."""
    order = sorted(range(len(parts)), key=lambda n: (parts[n].exported, parts[n].source))
    sorted_parts = [parts[n] for n in order]
    stand, newer = _standing(table, sorted_parts)
    _materialise(sorted_parts, stand, folder)
    out: list[Standing] = [Standing(0, 0, {})] * len(parts)
    for n, part, mask, lost in zip(order, sorted_parts, stand, newer, strict=True):
        gone = {} if mask.all() else _cents(part.path, ~mask)
        out[n] = Standing(int(lost), int((~mask).sum()) - int(lost), gone)
    return out


def _standing(table: str, parts: Sequence[Part]) -> tuple[list[np.ndarray], list[int]]:
    """Mask of rows that stand, per part, and how many a newer file replaced."""
    sizes = [p.rows for p in parts]
    stand, lost = [np.ones(n, dtype=bool) for n in sizes], [0] * len(parts)
    key = _key(table, parts)
    if not key or sum(sizes) == 0:
        return stand, lost
    hashes, whole = _hashes(parts, key)
    if not _repeats(hashes):
        return stand, lost
    owner = np.repeat(np.arange(len(parts), dtype=np.int32), sizes)
    rank = np.argsort(hashes, kind="stable")
    sorted_hash, sorted_owner = hashes[rank], owner[rank]
    group = np.concatenate([[0], np.cumsum(sorted_hash[1:] != sorted_hash[:-1])])
    last = np.flatnonzero(np.append(group[1:] != group[:-1], True))
    old = sorted_owner != sorted_owner[last][group]
    once = table not in MANY and key == TABLES[table].key
    twice = ~old & (np.arange(len(rank)) != last[group]) & whole[rank] & once
    for mask, add in ((old, True), (twice, False)):
        for at in rank[mask]:
            n = owner[at]
            stand[n][at - sum(sizes[:n])] = False
            lost[n] += add
    return stand, lost


def _key(table: str, parts: Sequence[Part]) -> tuple[str, ...]:
    """The key's columns that hold values; where the identifying one is absent, what stands in for it."""
    held = {c for p in parts for c in p.columns}
    spec = TABLES[table]
    key = tuple(c for c in spec.key if c in held)
    needed = [c for c in spec.key if c in IDS and c != "campaign_id"]
    if all(c in held for c in needed) and key:
        return key
    return tuple(c for c in INSTEAD.get(table, ()) if c in held)


def _hashes(parts: Sequence[Part], key: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """A 64-bit hash of every row's key, in order, and whether every cell of the key is there.

    Rows without the identifying cells get a hash of their own: nothing replaces them.
    """
    import duckdb

    columns = ", ".join(f'"{c}"' for c in key)
    null = " OR ".join(f'"{c}" IS NULL' for c in key if c in IDS) or "false"
    some = " OR ".join(f'"{c}" IS NULL' for c in key)
    files = [p.path.as_posix() for p in parts if p.rows]
    query = f"SELECT hash({columns}) AS h, {null} AS alone, {some} AS part FROM read_parquet($files, union_by_name = true)"
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    connection.execute("SET memory_limit = '1GB'")
    reader = connection.sql(query, params={"files": files}).to_arrow_reader(500_000)
    hashes, whole, at = [], [], 0
    for batch in reader:
        values = np.asarray(batch.column(0)).astype(np.uint64)
        alone = np.asarray(pc.fill_null(batch.column(1), True))
        values[alone] = np.random.default_rng(at).integers(0, 1 << 63, int(alone.sum()), dtype=np.uint64)
        hashes.append(values)
        whole.append(~np.asarray(batch.column(2)) & ~alone)
        at += len(values)
    connection.close()
    return np.concatenate(hashes), np.concatenate(whole)


def _repeats(hashes: np.ndarray) -> bool:
    ordered = np.sort(hashes)
    return bool((ordered[1:] == ordered[:-1]).any())


def _materialise(parts: Sequence[Part], stand: Sequence[np.ndarray], folder: Path) -> None:
    """Write the files queries read: large whole parts are linked, the others filtered and joined."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted: dict[str, list[tuple[Part, np.ndarray]]] = {}
    digest = hashlib.blake2b(digest_size=12)
    for part, mask in zip(parts, stand, strict=True):
        if part.rows and mask.all() and part.rows >= MERGE_ROWS:
            wanted[part.path.name] = [(part, mask)]
        elif mask.any():
            digest.update(f"{part.path.name}|{part.exported}".encode() + np.packbits(mask).tobytes())
            wanted.setdefault("small", []).append((part, mask))
    small = wanted.pop("small", [])
    name = f"joined-{digest.hexdigest()}.parquet"
    targets = {*wanted, name} if small else set(wanted)
    for n, entries in wanted.items():
        _link(entries[0][0].path, folder / n)
    if small and not (folder / name).exists():
        _join(small, folder / name)
    for file in folder.glob("*.parquet"):
        if file.name not in targets:
            file.unlink()


def _link(source: Path, target: Path) -> None:
    if target.exists():
        return
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _join(entries: Sequence[tuple[Part, np.ndarray]], target: Path) -> None:
    """Join parts, filtered, in row groups; memory holds a few parts at a time."""
    schema = pa.unify_schemas([pq.read_schema(p.path).remove_metadata() for p, _ in entries], promote_options="permissive")
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    waiting: list[pa.Table] = []
    with open_writer(temporary, schema) as writer:
        for part, mask in entries:
            at = 0
            for batch in pq.ParquetFile(part.path).iter_batches(batch_size=100_000):
                rows = pa.Table.from_batches([batch]).filter(pa.array(mask[at : at + batch.num_rows]))
                at += batch.num_rows
                waiting.append(_shaped(rows, schema))
                if sum(t.num_rows for t in waiting) >= MERGE_ROWS:
                    writer.write_table(pa.concat_tables(waiting))
                    waiting = []
        if waiting:
            writer.write_table(pa.concat_tables(waiting))
    os.replace(temporary, target)


def _shaped(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [
        rows.column(f.name).cast(f.type) if f.name in rows.column_names else pa.nulls(rows.num_rows, f.type) for f in schema
    ]
    return pa.table(columns, schema=schema)


def _cents(path: Path, mask: np.ndarray) -> dict[str, int]:
    names = [c for c in pq.read_schema(path).names if c in FIELDS and FIELDS[c].dtype == "money"]
    if not names:
        return {}
    rows = pq.read_table(path, columns=names).filter(pa.array(mask))
    return {n: sum(int(cents(c)[0].sum()) for c in rows.column(n).chunks) for n in names}
