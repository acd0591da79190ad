"""``take_inventory``: what was found in a shop's folder, how good it is, and what can be answered with it.

Everything is read off the record that loading left in the shop (``shop.manifest``) and off the tables' dates; no
file is opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tmall_nb.analyses.result import Finding, Method
from tmall_nb.needs import NEEDS
from tmall_nb.shop import Shop
from tmall_nb.tables import TABLES

__all__ = ["InventoryResult", "take_inventory"]

DAILY = ("shop_daily", "product_daily", "orders", "ads", "traffic_source", "search_own", "cs_daily", "stock")
CLOCK = {"orders": "created_at", "order_items": "created_at", "refunds": "applied_at", "reviews": "reviewed_at"}
STALE_DAYS = 7
CENT = 0.005  # yuan: sums of floats differ by less than half a cent where the cents agree


@dataclass(frozen=True, slots=True)
class InventoryResult:
    """What a shop's folder holds.

    Attributes
    ----------
    table : one row per report found: table, files, rows (in the table), set_aside, superseded, start, end, days (with rows),
        days_missing (between start and end; daily reports only), reconciled (every cent accounted for)
    notebooks : one row per analysis: notebook, verdict (ready, partial, blocked), missing (reports, by table name), where
    gaps : one row per run of missing days: table, start, end, days
    days : one row per table and date: rows
    totals : one row per table and money column, yuan: file_yuan, set_aside_yuan, superseded_yuan, table_yuan, difference
    files : one row per file and sheet: file, table, encoding, rows, set_aside, reasons, superseded, problem
    unmapped : one row per header that was not read: table, header, closest, files
    findings, method : as everywhere
    """

    table: pd.DataFrame
    notebooks: pd.DataFrame
    gaps: pd.DataFrame
    days: pd.DataFrame
    totals: pd.DataFrame
    files: pd.DataFrame
    unmapped: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method


def take_inventory(shop: Shop) -> InventoryResult:
    """Say which reports a shop has, for which days, how many rows did not enter, and which analyses can run.

    Trust it for what the files hold; it cannot see that a report was exported with a filter set, unless its days or its
    totals give that away.

    Parameters
    ----------
    shop : from ``load_shop``

    Returns
    -------
    InventoryResult : ``table`` has one row per report found

    Examples
    --------
    >>> take_inventory(shop).table  # doctest: +SKIP
    """
    sheets, files = _sheets(shop), _files(shop)
    totals, days = _totals(shop), _days(shop)
    gaps = _gaps(days)
    table = _table(shop, sheets, totals, (days, gaps))
    notebooks = _notebooks(set(table["table"]))
    unmapped = _unmapped(sheets)
    findings = tuple(_findings(shop, table, (notebooks, gaps, totals, files, unmapped)))
    return InventoryResult(table, notebooks, gaps, days, totals, files, unmapped, findings, _method(table, sheets))


def _sheets(shop: Shop) -> list[dict[str, Any]]:
    return [s for f in shop.manifest.get("files", {}).values() for s in f["sheets"]]


def _files(shop: Shop) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for name, file in shop.manifest.get("files", {}).items():
        if not file["sheets"]:
            problem = file.get("error", "") or f"= {file['same_as']}"
            rows.append((name, "", "", 0, 0, "", 0, problem))
        for s in file["sheets"]:
            reasons = ", ".join(f"{why} {n}" for why, n in s["aside"].items())
            gone = s.get("superseded", 0) + s.get("repeated", 0)
            rows.append((s["source"], s["table"], s["encoding"], s["read"], sum(s["aside"].values()), reasons, gone, ""))
    columns = ["file", "table", "encoding", "rows", "set_aside", "reasons", "superseded", "problem"]
    return pd.DataFrame(rows, columns=columns)


def _totals(shop: Shop) -> pd.DataFrame:
    parts = ["file_yuan", "set_aside_yuan", "superseded_yuan", "table_yuan", "difference"]
    frame = pd.DataFrame(list(shop.manifest.get("totals", ())), columns=["table", "column", *parts])
    return frame.groupby(["table", "column"], sort=False, as_index=False)[parts].sum().round(2)


def _clock(shop: Shop, table: str) -> str | None:
    held = shop.manifest.get("columns", {}).get(table, [])
    return next((c for c in ("date", CLOCK.get(table, "")) if c in held), None)


def _days(shop: Shop) -> pd.DataFrame:
    """Rows per day of every table that has a clock."""
    parts = []
    for name in TABLES:
        clock = _clock(shop, name) if shop.has(name) else None
        if clock is not None:
            parts.append(
                shop.sql(
                    f"SELECT '{name}' AS \"table\", CAST({clock} AS DATE) AS date, count(*) AS rows FROM {name} "
                    f"WHERE {clock} IS NOT NULL GROUP BY 2 ORDER BY 2"
                )
            )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["table", "date", "rows"])


def _gaps(days: pd.DataFrame) -> pd.DataFrame:
    """Runs of days without a row between a daily table's first and last day."""
    rows = []
    for name, group in days[days["table"].isin(DAILY)].groupby("table", sort=False):
        dates = pd.DatetimeIndex(group["date"]).sort_values()
        steps = dates.to_series().diff().dt.days.to_numpy()
        for at in range(1, len(dates)):
            if steps[at] > 1:
                first, last = dates[at - 1] + pd.Timedelta(days=1), dates[at] - pd.Timedelta(days=1)
                rows.append((name, first, last, int(steps[at]) - 1))
    return pd.DataFrame(rows, columns=["table", "start", "end", "days"])


def _table(
    shop: Shop, sheets: list[dict[str, Any]], totals: pd.DataFrame, dated: tuple[pd.DataFrame, pd.DataFrame]
) -> pd.DataFrame:
    days, gaps = dated
    held = shop.tables.set_index("table")
    counts = days.groupby("table").size()
    missing = gaps.groupby("table")["days"].sum()
    off = set(totals.loc[totals["difference"].abs() > CENT, "table"])
    rows = []
    for name in held.index:
        own = [s for s in sheets if s["table"] == name]
        gone = sum(s.get("superseded", 0) + s.get("repeated", 0) for s in own)
        rows.append(
            {
                "table": name, "files": len(own), "rows": int(held.loc[name, "rows"]),
                "set_aside": sum(sum(s["aside"].values()) for s in own), "superseded": gone,
                "start": held.loc[name, "start"], "end": held.loc[name, "end"], "days": counts.get(name),
                "days_missing": int(missing.get(name, 0)) if name in DAILY and name in counts.index else None,
                "reconciled": name not in off,
            }
        )  # fmt: skip
    columns = ["table", "files", "rows", "set_aside", "superseded", "start", "end", "days", "days_missing", "reconciled"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"days": "Int64", "days_missing": "Int64"})


def _notebooks(present: set[str]) -> pd.DataFrame:
    rows = []
    for needs in NEEDS.values():
        if not needs.required and not needs.useful:
            continue
        lacking = needs.lacking(present)
        missing = [g for group in lacking for g in group] or [n for n in needs.useful if n not in present]
        verdict = "blocked" if lacking else "partial" if missing else "ready"
        where = "；".join(dict.fromkeys(TABLES[n].where for n in missing[:3]))
        groups = [" / ".join(_short(n) for n in group) for group in lacking] or [_short(n) for n in missing]
        rows.append((needs.notebook, verdict, "、".join(groups), where))
    return pd.DataFrame(rows, columns=["notebook", "verdict", "missing", "where"])


def _short(table: str) -> str:
    """The report's Chinese name, as it stands in the back-end, without what is in brackets."""
    return TABLES[table].zh.partition("（")[0]


def _unmapped(sheets: list[dict[str, Any]]) -> pd.DataFrame:
    found: dict[tuple[str, str], tuple[str, int]] = {}
    for sheet in sheets:
        for header, names in sheet["unmapped"].items():
            key = (sheet["table"], header)
            found[key] = ("、".join(names), found.get(key, ("", 0))[1] + 1)
    rows = [(table, header, closest, files) for (table, header), (closest, files) in found.items()]
    return pd.DataFrame(rows, columns=["table", "header", "closest", "files"])


def _method(table: pd.DataFrame, sheets: list[dict[str, Any]]) -> Method:
    method = Method(
        name="inventory",
        source="Headers of the reports as downloaded; totals are sums of whole cents",
        assumptions=("by_header", "newest_wins", "personal_dropped", "cents"),
        start=table["start"].min() if len(table) else None,
        end=table["end"].max() if len(table) else None,
        rows_used=int(table["rows"].sum()),
        level=1.0,
    )
    reasons: dict[str, int] = {}
    for sheet in sheets:
        for why, rows in sheet["aside"].items():
            key = why.partition(":")[0]
            reasons[key] = reasons.get(key, 0) + rows
        for key in ("superseded", "repeated"):
            reasons[key] = reasons.get(key, 0) + sheet.get(key, 0)
    for why, rows in reasons.items():
        method = method.drop(f"aside_{why}", rows)
    return method


def _findings(shop: Shop, table: pd.DataFrame, frames: tuple[pd.DataFrame, ...]) -> Iterator[Finding]:
    notebooks, gaps, totals, files, unmapped = frames
    broken = files[(files["table"] == "") & ~files["problem"].str.startswith("= ")]
    if table.empty:
        yield Finding("inventory_empty", "unknown", {"files": len(files)}, action=True)
    else:
        read = int(files["table"].ne("").sum())
        yield Finding(
            "inventory_found", "good",
            {"files": read, "reports": len(table), "rows": int(table["rows"].sum()), "start": table["start"].min(),
             "end": table["end"].max()},
        )  # fmt: skip
    if len(broken):
        first = broken.iloc[0]
        values = {"count": len(broken), "file": first["file"], "problem": first["problem"]}
        yield Finding("inventory_unreadable", "act", values, action=True)
    yield from _money(totals)
    yield from _ids(shop)
    yield from _ready(notebooks, table)
    yield from _freshness(table, gaps)
    if len(unmapped):
        row = unmapped.iloc[0]
        values = {"count": len(unmapped), "header": row["header"], "report": row["table"]}
        yield Finding("inventory_unmapped", "watch", values)


def _money(totals: pd.DataFrame) -> Iterator[Finding]:
    off = totals[totals["difference"].abs() > CENT]
    if len(off):
        row = off.iloc[0]
        values = {"report": row["table"], "column": row["column"], "difference": row["difference"]}
        yield Finding("inventory_difference", "act", values, action=True)
    elif len(totals):
        yield Finding("inventory_reconciled", "good", {"columns": len(totals), "reports": totals["table"].nunique()})


def _ids(shop: Shop) -> Iterator[Finding]:
    damaged = [(s, n) for s in _sheets(shop) for n in s["damaged"].items()]
    if damaged:
        sheet, (column, _) = damaged[0]
        values = {"count": sum(n for _, (_, n) in damaged), "file": sheet["source"], "column": column}
        yield Finding("inventory_damaged_ids", "act", values, action=True)
    if shop.has("orders") and not shop.has("orders", "buyer_key"):
        yield Finding("inventory_no_buyers", "watch")


def _ready(notebooks: pd.DataFrame, table: pd.DataFrame) -> Iterator[Finding]:
    blocked = notebooks[notebooks["verdict"] == "blocked"]
    if table.empty:
        return
    can = len(notebooks) - len(blocked)
    if blocked.empty:
        partial = int((notebooks["verdict"] == "partial").sum())
        yield Finding("inventory_all_ready", "good", {"count": can, "partial": partial})
        return
    lacking = {needs.notebook: needs.lacking(set(table["table"])) for needs in NEEDS.values()}
    wanted = [name for notebook in blocked["notebook"] for group in lacking[notebook] for name in group]
    best = max(dict.fromkeys(wanted), key=wanted.count)
    values = {
        "count": can, "total": len(notebooks), "blocked": len(blocked), "report": best, "unblocks": wanted.count(best),
        "where": TABLES[best].where,
    }  # fmt: skip
    yield Finding("inventory_blocked", "watch", values, action=True)


def _freshness(table: pd.DataFrame, gaps: pd.DataFrame) -> Iterator[Finding]:
    if len(gaps):
        longest = gaps.sort_values("days", ascending=False, kind="stable").iloc[0]
        values = {"report": longest["table"], "days": int(longest["days"]), "start": longest["start"], "end": longest["end"]}
        yield Finding("inventory_gap", "watch", values | {"total": int(gaps["days"].sum())}, action=True)
    dated = table[table["table"].isin(DAILY) & table["end"].notna()]
    if dated.empty:
        return
    newest, oldest = dated["end"].max(), dated.sort_values("end", kind="stable").iloc[0]
    behind = (newest - oldest["end"]).days
    if behind > STALE_DAYS:
        values = {"report": oldest["table"], "end": oldest["end"], "newest": newest, "days": behind}
        yield Finding("inventory_behind", "watch", values, action=True)
