"""``Shop``: a frozen handle on one shop's checked Parquet tables, its settings and its promotion calendar.

The tables lie in ``<data_dir>/.parsed/<shop_id>/<table>/*.parquet``, written once by ``load_shop``. Money is stored as
DECIMAL(18, 2) yuan, so that sums in SQL are exact; frames carry float64 yuan.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from tmall_nb.calendar import COLUMNS as CALENDAR
from tmall_nb.calendar import merge_calendars, read_calendar
from tmall_nb.errors import ExportError, NotEnoughData, closest
from tmall_nb.fields import FIELDS
from tmall_nb.needs import NEEDS
from tmall_nb.tables import PROVENANCE, TABLES, table

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

__all__ = ["SQL_TYPES", "Shop"]

SQL_TYPES = {
    "id": "VARCHAR", "text": "VARCHAR", "money": "DECIMAL(18,2)", "count": "BIGINT", "fraction": "DOUBLE", "date": "DATE",
    "time": "TIMESTAMP", "bool": "BOOLEAN", "buyer": "BIGINT",
}  # fmt: skip


@dataclass(frozen=True)
class Shop:
    """One shop's tables, read-only.

    Attributes
    ----------
    shop_id : name of the shop's folder
    folder : its folder of Parquet tables
    settings : facts only the merchant knows, from ``shop.toml`` (margin, lead time, attribution window …)
    manifest : what was read: files, rows, rows set aside, totals (see ``reconciliation``)
    """

    shop_id: str
    folder: Path
    settings: Mapping[str, Any] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict, repr=False)
    _connections: dict[int, Any] = field(default_factory=dict, repr=False, compare=False)

    def has(self, name: str, column: str | None = None) -> bool:
        """Is there such a table with rows (and, where ``column`` is named, with at least one value in it)?"""
        if name not in self._columns:
            table(name)
            return False
        if column is None:
            return True
        if column not in self._columns[name]:
            return False
        return bool(self.sql(f'SELECT count("{column}") > 0 AS found FROM {name}')["found"].iloc[0])

    def table(self, name: str, columns: list[str] | None = None) -> pd.DataFrame:
        """Return a canonical table as a frame: only columns that a file held; money in yuan, ids as text.

        Raises
        ------
        KeyError : no table has that name; NotEnoughData : no file of that kind was found (the message says where it is)
        """
        spec = table(name)
        if name not in self._columns:
            raise NotEnoughData(f"{self.shop_id}: no {name} ({spec.zh}). Download it at {spec.where}")
        found = [c for c in (*spec.columns, *PROVENANCE) if c in self._columns[name]]
        wanted = found if columns is None else columns
        for column in wanted:
            if column not in found:
                hint = ", ".join(closest(column, found)) or ", ".join(found)
                raise ExportError(name, f"column {column} is not in this shop's files; did you mean {hint}?")
        order = ", ".join(f'"{k}"' for k in spec.key if k in found)
        select = ", ".join(f'"{c}"' for c in wanted)
        return self.sql(f"SELECT {select} FROM {name}" + (f" ORDER BY {order}" if order else ""))

    @property
    def tables(self) -> pd.DataFrame:
        """One row per table found: table, report (Chinese name), rows, start, end (business days), columns."""
        rows = []
        for name, columns in self._columns.items():
            day = next(
                (c for c in ("date", "paid_at", "applied_at", "reviewed_at", "start_at", "booked_at") if c in columns), None
            )
            span = (
                f'CAST(min("{day}") AS DATE) AS start, CAST(max("{day}") AS DATE) AS "end"'
                if day
                else 'NULL AS start, NULL AS "end"'
            )
            found = self.sql(f"SELECT count(*) AS rows, {span} FROM {name}").iloc[0]
            rows.append((name, TABLES[name].zh, int(found["rows"]), found["start"], found["end"], len(columns)))
        frame = pd.DataFrame(rows, columns=["table", "report", "rows", "start", "end", "columns"])
        return frame.assign(start=pd.to_datetime(frame["start"]), end=pd.to_datetime(frame["end"]))

    def sql(self, text: str, /, **params: Any) -> pd.DataFrame:
        """Run one DuckDB query over the tables; ``$name`` in the text takes a keyword's value.

        Every canonical table is a view with all its canonical columns (null where no file held one). Sums of money are
        exact; the frame holds yuan as float64, counts as int64 (float64 with NaN where one is missing).
        """
        cursor = self._connection.cursor()
        used = {k: v for k, v in params.items() if re.search(rf"\${k}\b", text)}
        values = {k: v.to_pydatetime() if isinstance(v, pd.Timestamp) else v for k, v in used.items()}
        return _frame(cursor.sql(text, params=values or None).to_arrow_table())

    def batches(self, text: str, /, *, rows: int = 1_000_000) -> pa.RecordBatchReader:
        """Run one DuckDB query and read its rows as Arrow batches of at most ``rows``: for what does not fit in memory."""
        return self._connection.cursor().sql(text).to_arrow_reader(rows)

    @cached_property
    def calendar(self) -> pd.DataFrame:
        """Campaigns: the merchant's own exports first, then the shipped calendar (see ``tmall_nb.calendar``)."""
        return merge_calendars(self._own_campaigns(), read_calendar())

    def coverage(self, needs: str | None = None) -> pd.DataFrame:
        """Return what was found and what is missing.

        Parameters
        ----------
        needs : stem of a notebook (``"elasticity"``): only its reports, with their role; None lists every report

        Returns
        -------
        table, report, role (``required``, ``alternative``, ``useful``), found, rows, start, end, where (menu path)
        """
        if needs is not None and needs not in NEEDS:
            raise KeyError(f"needs={needs!r}: did you mean {', '.join(closest(needs, NEEDS)) or ', '.join(NEEDS)}?")
        found = self.tables.set_index("table")
        roles = _roles(needs)
        frame = pd.DataFrame({"table": list(roles), "role": list(roles.values())})
        frame["report"] = [TABLES[name].zh for name in frame["table"]]
        frame["found"] = frame["table"].isin(found.index)
        frame = frame.join(found[["rows", "start", "end"]], on="table")
        frame["rows"] = frame["rows"].fillna(0).astype("int64")
        frame["where"] = [TABLES[name].where for name in frame["table"]]
        return frame[["table", "report", "role", "found", "rows", "start", "end", "where"]]

    def reconciliation(self) -> pd.DataFrame:
        """One row per file and money column: what the file held, what the table holds, in yuan; and rows set aside."""
        return pd.DataFrame(
            list(self.manifest.get("totals", ())),
            columns=[
                "file",
                "table",
                "column",
                "rows",
                "set_aside",
                "superseded",
                "file_yuan",
                "set_aside_yuan",
                "superseded_yuan",
                "table_yuan",
                "difference",
            ],
        )

    @property
    def _columns(self) -> Mapping[str, list[str]]:
        """The columns that files of each table held."""
        return self.manifest.get("columns", {})

    @property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        """A connection of this process (an inherited one hangs after a fork)."""
        pid = os.getpid()
        if pid not in self._connections:
            import duckdb

            connection = duckdb.connect()
            connection.execute("SET threads = 2")
            for name in TABLES:
                connection.execute(self._view(name))
            self._connections[pid] = connection
        return self._connections[pid]

    def _view(self, name: str) -> str:
        spec, folder = TABLES[name], self.folder / name
        held = self._columns.get(name, [])
        types = {c: SQL_TYPES[FIELDS[c].dtype] for c in (*spec.columns, *PROVENANCE)}
        nulls = [f'CAST(NULL AS {kind}) AS "{c}"' for c, kind in types.items() if c not in held]
        if not held:
            return f"CREATE VIEW {name} AS SELECT {', '.join(nulls)} WHERE false"
        files = f"read_parquet('{_quoted(folder)}/[!_]*.parquet', union_by_name = true, filename = false)"
        select = ", ".join([*(f'CAST("{c}" AS {types[c]}) AS "{c}"' for c in types if c in held), *nulls])
        gone = folder / "_superseded.parquet"
        anti = f" ANTI JOIN read_parquet('{_quoted(gone)}') g USING (source_file, row_no)" if gone.exists() else ""
        return f"CREATE VIEW {name} AS SELECT {select} FROM {files}{anti}"

    def _own_campaigns(self) -> pd.DataFrame:
        parts = []
        if self.has("campaign_summary"):
            parts.append(self.sql(
                "SELECT campaign, any_value(campaign_type) AS campaign_type, min(warm_up_start_at) AS warm_up_start, "
                "min(start_at) AS start, max(end_at) AS \"end\", 'campaign_summary' AS source FROM campaign_summary "
                "WHERE start_at IS NOT NULL AND end_at IS NOT NULL GROUP BY campaign"
            ))  # fmt: skip
        if self.has("enrolment"):
            parts.append(self.sql(
                "SELECT campaign, any_value(campaign_type) AS campaign_type, min(warm_up_start_at) AS warm_up_start, "
                "min(start_at) AS start, max(end_at) AS \"end\", 'enrolment' AS source FROM enrolment "
                "WHERE start_at IS NOT NULL AND end_at IS NOT NULL GROUP BY campaign"
            ))  # fmt: skip
        if not parts:
            return pd.DataFrame(columns=CALENDAR)
        own = pd.concat(parts, ignore_index=True).drop_duplicates("campaign")
        return own.assign(presale_start=pd.NaT, confidence="H").sort_values("start").reset_index(drop=True)


def _roles(needs: str | None) -> dict[str, str]:
    if needs is None:
        return dict.fromkeys(TABLES, "useful")
    roles: dict[str, str] = {}
    for group in NEEDS[needs].required:
        roles |= dict.fromkeys(group, "required" if len(group) == 1 else "alternative")
    return roles | {name: "useful" for name in NEEDS[needs].useful if name not in roles}


def _quoted(path: Path) -> str:
    """A path inside a single-quoted SQL glob."""
    return re.sub(r"([\[\]*?])", r"[\1]", path.as_posix()).replace("'", "''")


def _frame(arrow: pa.Table) -> pd.DataFrame:
    """Arrow to pandas: decimals to float64 (whole-number sums to int64), dates to datetime64, buyer keys to Int64."""
    import pyarrow as pa

    columns = {}
    for name, column in zip(arrow.column_names, arrow.columns, strict=True):
        kind = column.type
        if pa.types.is_decimal(kind):
            whole = kind.scale == 0 and column.null_count == 0
            column = column.cast(pa.int64() if whole else pa.float64())
        elif pa.types.is_date(kind):
            column = column.cast(pa.timestamp("ns"))
        if pa.types.is_integer(column.type) and name == "buyer_key":
            columns[name] = column.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        else:
            columns[name] = column.to_pandas()
    return pd.DataFrame(columns)
