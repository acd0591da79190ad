"""A chunk of cells → rows of a canonical table, what was set aside and why, and the cents that went by.

Rows are set aside, never dropped: total rows, rows whose key is missing or unreadable, rows that cover several days in a
daily table. Cells that cannot be read become missing and are counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tmall_nb.exports import rules
from tmall_nb.exports.clean import Cleaner, cents
from tmall_nb.exports.files import Chunk
from tmall_nb.exports.kinds import SPECIAL, Column, Match
from tmall_nb.fields import FIELDS
from tmall_nb.tables import TABLES

__all__ = ["Converter", "Tally"]

TOTALS = pa.array(["合计", "总计", "汇总", "总和", "小计", "合计：", "总计：", "全部汇总"])
MUST = {
    "date",
    "order_id",
    "sub_order_id",
    "refund_id",
    "review_id",
    "item_id",
    "keyword",
    "agent",
    "metric",
    "path",
    "channel",
}
SUMS = ("total_row", "summary_row", "hint_row")  # sums of other rows and examples: no part of the file's total
PERSONAL = {"buyer_key", "address"}
TOLD = {"ad_tests"}  # own sheets whose unreadable cells are kept as they stand: an error of the analysis quotes them


@dataclass(slots=True)
class Tally:
    """What a sheet gave: counts and exact sums.

    Attributes
    ----------
    read : data rows of the file, those set aside included
    aside : reason → rows
    unreadable : field → cells that are there but cannot be read
    damaged : id field → cells that arrived as numbers and lost digits
    file_cents, aside_cents : money field → cents of all data rows, and of those set aside
    votes : evidence for what the buyer-paid column is (``rules.vote``)
    unread_cells : (row, field, text) of cells that cannot be read, of the shop's own sheets in ``TOLD`` only
    """

    read: int = 0
    aside: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)
    damaged: Counter[str] = field(default_factory=Counter)
    file_cents: Counter[str] = field(default_factory=Counter)
    aside_cents: Counter[str] = field(default_factory=Counter)
    votes: Counter[str] = field(default_factory=Counter)
    unread_cells: list[tuple[int, str, str]] = field(default_factory=list)
    kept_aside: list[tuple[int, str, str]] = field(default_factory=list)


class Converter:
    """Turns the chunks of one sheet into table rows.

    Parameters
    ----------
    match : what the sheet is; cleaner : how its cells are read
    fills : field → value for every row (a date from the file's name, the device from the sheet's)
    net : is the buyer-paid column net of refunds? (orders and items; see ``rules.vote``)
    """

    def __init__(self, match: Match, cleaner: Cleaner, fills: dict[str, Any], *, net: bool = True):
        self.match, self._cleaner, self._fills, self.net = match, cleaner, fills, net
        self.tally = Tally()
        self._spec = TABLES[match.table]

    @property
    def positions(self) -> list[int]:
        return [c.position for c in self.match.columns]

    def convert(self, chunk: Chunk) -> pa.Table:
        """Return the rows that enter the table, with ``row_no``."""
        rows: dict[str, pa.Array] = {}
        aside = np.zeros(len(chunk.row_no), dtype=object)
        self._mark(aside, self._examples(chunk), "hint_row")
        self._mark(aside, self._total_rows(chunk), "total_row")
        for column in self.match.columns:
            bad = self._read(column, chunk.columns[column.position], rows, aside)
            if self.match.table in TOLD and bad is not None:
                self._tell(column, chunk, bad & (aside == 0))
        count = len(chunk.row_no)
        for name, value in self._fills.items():
            if name not in rows:
                rows[name] = pa.repeat(pa.scalar(value, _type(name)), count)
        self._check_keys(rows, aside)
        rules.finish(self.match, rows, aside, self.tally.votes, net=self.net)
        return self._keep(chunk, rows, aside)

    def _read(self, column: Column, cells: pa.Array, rows: dict[str, pa.Array], aside: np.ndarray) -> np.ndarray | None:
        """Clean one column into the rows; unreadable cells of a key put their row aside. Returns where cells cannot be read."""
        name, clean = column.field, self._cleaner
        kind = SPECIAL.get(name) or FIELDS[name].dtype
        if kind == "address":
            for target, found in zip(("province", "city"), clean.address(cells), strict=True):
                rows.setdefault(target, found)
            return None
        if f"{name}_low" in self._spec.columns or kind in ("range", "span"):
            ends = ("start_at", "end_at") if kind == "span" else (f"{name}_low", f"{name}_high")
            low, high, bad = clean.span(cells) if kind == "span" else clean.range(cells, percent=column.percent)
            rows[ends[0]], rows[ends[1]] = low, high
        elif kind == "date" and name == "date":
            first, rows[name], bad = clean.dates(cells)
            self._periods(first, rows, aside)
        elif kind == "date":
            _, rows[name], bad = clean.dates(cells)
        elif kind == "fraction":
            rows[name], bad = clean.fraction(cells, percent=column.percent)
        else:
            reader = clean.province if name == "province" else clean.city if name == "city" else getattr(clean, kind)
            rows[name], bad = reader(cells)
        if bad.any():
            self._count_bad(name, kind, bad, aside)
        return bad

    def _tell(self, column: Column, chunk: Chunk, bad: np.ndarray) -> None:
        """Keep what stands in cells that could not be read."""
        indices, texts = self._cleaner.texts(chunk.columns[column.position])
        cells = indices.to_pylist()
        self.tally.unread_cells += [(int(chunk.row_no[k]), column.field, texts[cells[k]]) for k in np.flatnonzero(bad)]

    def _count_bad(self, name: str, kind: str, bad: np.ndarray, aside: np.ndarray) -> None:
        bad = bad & (aside == 0)
        counter = self.tally.damaged if kind == "id" else self.tally.unreadable
        if bad.any():
            counter[name] += int(bad.sum())
        if name in MUST and kind != "id":
            self._mark(aside, bad, f"unreadable:{name}")

    def _periods(self, first: pa.Array, rows: dict[str, pa.Array], aside: np.ndarray) -> None:
        """Rows that cover several days: kept where days are not the point, else set aside."""
        days = pc.subtract(rows["date"].cast(pa.int32()), first.cast(pa.int32()))
        if not pc.any(pc.greater(days, 0), min_count=0).as_py():
            return
        if "period_days" in self._spec.columns:
            rows["period_days"] = pc.add(days, 1).cast(pa.int64())
        else:
            self._mark(aside, np.asarray(pc.fill_null(pc.greater(days, 0), False)), "several_days")

    def _total_rows(self, chunk: Chunk) -> np.ndarray:
        """Rows whose first text cells say 合计, 总计, 汇总 …; sources have their own rule."""
        found = np.zeros(len(chunk.row_no), dtype=bool)
        words = [w.as_py() for w in TOTALS]
        for column in self.match.columns[:5]:
            if FIELDS.get(column.field) is None or column.field.startswith("source_") or column.field == "carrier_device":
                continue
            cells = chunk.columns[column.position]
            binary = pa.types.is_binary(cells.type)
            wanted = pa.array([w.encode(self._cleaner.encoding, "ignore") for w in words], pa.binary()) if binary else TOTALS
            found |= np.asarray(pc.is_in(cells, value_set=wanted))
        return found

    def _examples(self, chunk: Chunk) -> np.ndarray:
        """Example rows of the project's own sheets: the first cell starts with ``#示例``."""
        cells = chunk.columns[self.match.columns[0].position]
        mark = "#示例"
        pattern = mark.encode(self._cleaner.encoding, "ignore") if pa.types.is_binary(cells.type) else mark
        return np.asarray(pc.starts_with(cells, pattern=pattern))

    def _check_keys(self, rows: dict[str, pa.Array], aside: np.ndarray) -> None:
        for name in (*self._spec.key, *(f for f in self._spec.required if f.endswith("_id"))):
            if (
                self.match.table not in TOLD
                and name in MUST
                and name in rows
                and not (self.tally.damaged[name] or name in self._fills)
            ):
                missing = np.asarray(pc.is_null(rows[name]))
                self._mark(aside, missing, f"no:{name}")

    @staticmethod
    def _mark(aside: np.ndarray, where: np.ndarray, reason: str) -> None:
        if where.any():
            aside[where & (aside == 0)] = reason

    def _keep(self, chunk: Chunk, rows: dict[str, pa.Array], aside: np.ndarray) -> pa.Table:
        tally, gone = self.tally, aside != 0
        for _, why, _ in chunk.malformed:
            tally.aside[why] += 1
        tally.kept_aside += [(at, why, f"{cells} cells") for at, why, cells in chunk.malformed]
        tally.read += len(aside) + len(chunk.malformed)
        for reason, number in Counter(aside[gone]).items():
            tally.aside[reason] += number
        self._sum(rows, aside)
        columns = [c for c in self._spec.columns if c in rows]
        table = pa.table({**{c: rows[c] for c in columns}, "row_no": pa.array(chunk.row_no, pa.int64())})
        if not gone.any():
            return table
        self._keep_aside(table, aside)
        return table.filter(pa.array(~gone))

    def _sum(self, rows: dict[str, pa.Array], aside: np.ndarray) -> None:
        """Add up the money columns that stand in the file."""
        read = {c.field for c in self.match.columns}
        paid = "net_amount" if self.net else "paid_amount"
        names = {paid if f == "buyer_paid" else f for f in read}
        counted = ~np.isin(aside.astype(str), SUMS)
        gone = counted & (aside != 0)
        for name in names:
            if name in rows and rows[name].type == _type("paid_amount"):
                values, _ = cents(rows[name])
                self.tally.file_cents[name] += int(values[counted].sum())
                self.tally.aside_cents[name] += int(values[gone].sum())

    def _keep_aside(self, table: pa.Table, aside: np.ndarray) -> None:
        where = np.flatnonzero(aside != 0)[:50_000]
        shown = table.drop_columns([c for c in table.column_names if c in PERSONAL]).take(pa.array(where))
        for reason, row in zip(aside[where], shown.to_pylist(), strict=True):
            number = row.pop("row_no")
            text = "; ".join(f"{k}={v}" for k, v in row.items() if v is not None)
            self.tally.kept_aside.append((number, str(reason), text))


def _type(name: str) -> pa.DataType:
    from tmall_nb.exports.clean import MONEY

    kinds = {
        "money": MONEY, "count": pa.int64(), "fraction": pa.float64(), "date": pa.date32(), "time": pa.timestamp("us"),
        "bool": pa.bool_(), "buyer": pa.int64(),
    }  # fmt: skip
    return kinds.get(FIELDS[name].dtype, pa.string())
