"""The check report: per file what it is, dates, rows, rows set aside; totals to the cent; what each notebook still lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tmall_nb.needs import NEEDS
from tmall_nb.shop import Shop
from tmall_nb.tables import TABLES

__all__ = ["CheckReport", "file_frame", "lack_frame", "make_report"]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What loading a shop found; prints as text.

    Attributes
    ----------
    files : one row per file and sheet: file, report, form, encoding, header_row, start, end, rows (data rows read), kept,
        set_aside, superseded, problem
    totals : one row per file and money column, yuan: file, set aside, replaced, in the table, unexplained difference
    lacks : one row per notebook and missing report: notebook, needed (bool), report, where
    notes : what else to know: unmapped columns, damaged ids, net or gross
    """

    shop_id: str
    files: pd.DataFrame
    totals: pd.DataFrame
    lacks: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Every file was read, and every cent of it is accounted for."""
        return not self.files["problem"].ne("").any() and not self.totals["difference"].ne(0).any()

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def make_report(shop: Shop) -> CheckReport:
    """Read the report off a loaded shop's manifest."""
    return CheckReport(shop.shop_id, file_frame(shop), _total_frame(shop), lack_frame(shop), tuple(_notes(shop)))


def file_frame(shop: Shop) -> pd.DataFrame:
    """One row per file and sheet (a file that cannot be read has one row with its problem)."""
    rows: list[dict[str, Any]] = []
    for name, file in shop.manifest.get("files", {}).items():
        if file.get("error") or "same_as" in file:
            same = f"same content as {file['same_as']}" if "same_as" in file else ""
            rows.append({"file": name, "problem": file.get("error", ""), "note": same})
        for sheet in file["sheets"]:
            start, end = sheet["days"] or (None, None)
            rows.append(
                {
                    "file": sheet["source"], "table": sheet["table"], "report": TABLES[sheet["table"]].zh,
                    "form": sheet["form"],
                    "encoding": sheet["encoding"], "header_row": sheet["header_row"], "start": start, "end": end,
                    "rows": sheet["read"], "set_aside": sum(sheet["aside"].values()),
                    "superseded": sheet.get("superseded", 0) + sheet.get("repeated", 0),
                    "reasons": ", ".join(f"{why} {n}" for why, n in sheet["aside"].items()),
                    "kept_in": sheet["aside_file"], "problem": "", "note": "",
                }
            )  # fmt: skip
    columns = ["file", "table", "report", "form", "encoding", "header_row", "start", "end", "rows", "kept", "set_aside"]
    frame = pd.DataFrame(rows, columns=[*columns, "superseded", "reasons", "kept_in", "problem", "note"])
    numbers = ["rows", "set_aside", "superseded"]
    frame[numbers] = frame[numbers].astype("float64").fillna(0).astype("int64")
    frame["kept"] = frame["rows"] - frame["set_aside"] - frame["superseded"]
    frame["start"], frame["end"] = pd.to_datetime(frame["start"]), pd.to_datetime(frame["end"])
    text = ["table", "report", "form", "encoding", "reasons", "kept_in", "problem", "note"]
    frame[text] = frame[text].fillna("")
    return frame


def _total_frame(shop: Shop) -> pd.DataFrame:
    columns = ["file", "table", "column", "rows", "set_aside", "superseded", "file_yuan", "set_aside_yuan"]
    return pd.DataFrame(
        list(shop.manifest.get("totals", ())), columns=[*columns, "superseded_yuan", "table_yuan", "difference"]
    )


def lack_frame(shop: Shop) -> pd.DataFrame:
    """One row per notebook and report it lacks: notebook, needed, tables (alternatives), report, where."""
    present = set(shop.manifest.get("columns", {}))
    rows = []
    for needs in NEEDS.values():
        missing = needs.lacking(present)
        for group in missing:
            rows.append((needs.notebook, True, "|".join(group), *_names(group)))
        for name in needs.useful:
            if name not in present and not any(name in group for group in missing):
                rows.append((needs.notebook, False, name, *_names((name,))))
    return pd.DataFrame(rows, columns=["notebook", "needed", "tables", "report", "where"])


def _names(group: tuple[str, ...]) -> tuple[str, str]:
    return " / ".join(TABLES[n].zh for n in group), " ; ".join(TABLES[n].where for n in group)


def _notes(shop: Shop) -> Iterator[str]:
    unmapped: dict[tuple[str, str], tuple[list[str], int]] = {}
    named: dict[str, int] = {}
    for file in shop.manifest.get("files", {}).values():
        for sheet in file["sheets"]:
            yield from _sheet_notes(sheet)
            if sheet["date_from_name"]:
                named[sheet["table"]] = named.get(sheet["table"], 0) + 1
            for header, names in sheet["unmapped"].items():
                key = (sheet["table"], header)
                unmapped[key] = (names, unmapped.get(key, (names, 0))[1] + 1)
    yield from (f"{count} files of {TABLES[t].zh}: the day stands in the file's name only" for t, count in named.items())
    for (table, header), (names, count) in unmapped.items():
        hint = f"; closest: {', '.join(names)}" if names else ""
        yield f"column {header} of {table} is not known and was not read ({count} files{hint}); shop.toml [columns] can map it"


def _sheet_notes(sheet: dict[str, Any]) -> Iterator[str]:
    source = sheet["source"]
    for name, count in sheet["damaged"].items():
        yield (
            f"{source}: {count} cells of {name} arrived as numbers and lost digits; nothing is joined by them. "
            "Export again and do not save the file from a spreadsheet program"
        )
    for name, count in sheet["unreadable"].items():
        yield f"{source}: {count} cells of {name} cannot be read and are missing"
    votes = sheet["identity"]
    if votes.get("refunded"):
        if votes["read_as"] == "gross":
            yield f"{source}: the buyer-paid column equals the total on refunded orders, so it is read as gross"
        share = max(votes.get("net", 0), votes.get("gross", 0)) / votes["refunded"]
        if share < 0.95:
            yield f"{source}: only {share:.0%} of refunded orders agree that the buyer-paid column is {votes['read_as']}"
    if sheet["date_from_name"] == "":
        yield f"{source}: there is no date, neither in the file nor in its name; its rows belong to no day"


def _lines(report: CheckReport) -> Iterator[str]:
    files, totals = report.files, report.totals
    yield f"Shop {report.shop_id}: {len(files)} files and sheets"
    for kind, group in files[files["table"] != ""].groupby("table", sort=False):
        yield ""
        yield f"{group['report'].iloc[0]} ({kind}): {len(group)} files, {_span(group)}"
        yield (
            f"  rows read {group['rows'].sum():,}, in the table {group['kept'].sum():,}, "
            f"set aside {group['set_aside'].sum():,}, "
            f"replaced by newer files or repeated {group['superseded'].sum():,}"
        )
        yield from _group_lines(group)
        yield from _total_lines(totals[totals["table"] == kind])
    broken = files[files["problem"] != ""]
    if len(broken):
        yield ""
        yield "Not read:"
        yield from (f"  {f}: {p}" for f, p in zip(broken["file"], broken["problem"], strict=True))
    same = files[files["note"] != ""]
    yield from (f"  {f}: {n}" for f, n in zip(same["file"], same["note"], strict=True))
    yield from _closing(report)


def _span(group: pd.DataFrame) -> str:
    start, end = group["start"].min(), group["end"].max()
    return "no dates" if pd.isna(start) else f"{start:%Y-%m-%d} to {end:%Y-%m-%d}"


def _group_lines(group: pd.DataFrame) -> Iterator[str]:
    shown = group if len(group) <= 6 else group[group["set_aside"].gt(0) | group["superseded"].gt(0)].head(4)
    for row in shown.itertuples():
        dates = "" if pd.isna(row.start) else f" {row.start:%Y-%m-%d}..{row.end:%Y-%m-%d}"
        aside = f"; set aside: {row.reasons} (kept in .parsed: {row.kept_in})" if row.set_aside else ""
        replaced = f"; replaced or repeated {row.superseded:,}" if row.superseded else ""
        code = f" {row.encoding}" if row.encoding else ""
        yield f"    {row.file}: {row.form}{code}, header row {row.header_row},{dates} {row.rows:,} rows{aside}{replaced}"
    if len(shown) < len(group):
        yield f"    and {len(group) - len(shown)} more"


def _total_lines(totals: pd.DataFrame) -> Iterator[str]:
    sums = totals.groupby("column", sort=False)[
        ["file_yuan", "set_aside_yuan", "superseded_yuan", "table_yuan", "difference"]
    ].sum()
    for row in sums.round(2).itertuples():
        rest = f", set aside {row.set_aside_yuan:,.2f}" if row.set_aside_yuan else ""
        rest += f", replaced {row.superseded_yuan:,.2f}" if row.superseded_yuan else ""
        sign = "agree to the cent" if row.difference == 0 else f"DIFFERENCE {row.difference:,.2f}"
        yield f"  {row.Index}: files {row.file_yuan:,.2f}{rest}, table {row.table_yuan:,.2f}: {sign}"


def _closing(report: CheckReport) -> Iterator[str]:
    if report.notes:
        yield ""
        yield "To know:"
        yield from (f"  {n}" for n in report.notes[:40])
        if len(report.notes) > 40:
            yield f"  and {len(report.notes) - 40} more"
    yield ""
    yield "What each notebook still lacks:"
    for notebook, group in report.lacks.groupby("notebook", sort=True):
        needed = group[group["needed"]]
        yield f"  {notebook}: {'cannot run' if len(needed) else 'runs; better with'}"
        for row in (needed if len(needed) else group).itertuples():
            yield f"    {row.report} <- {row.where}"
    yield ""
    yield "OK: every file was read and every cent is accounted for" if report.ok else "NOT OK: see above"
