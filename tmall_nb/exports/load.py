"""``load_shop``: every file of a shop's folder → checked Parquet tables → ``Shop``. ``check_shop``: what was read, to the cent.

Loading is incremental: a file is parsed once per content and reader version; a second load of unchanged files parses nothing.
A file that cannot be read spoils nothing else: its error stands in the manifest and in the check report.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tmall_nb.errors import ExportError, ParameterError, guess
from tmall_nb.exports.key import read_key
from tmall_nb.exports.kinds import read_mapping
from tmall_nb.exports.names import exported_at, name_days
from tmall_nb.exports.parse import Job, parse_file
from tmall_nb.exports.report import CheckReport, make_report
from tmall_nb.exports.resolve import Part, resolve
from tmall_nb.exports.store import Store, list_sources, reader_version
from tmall_nb.shop import Shop
from tmall_nb.tables import TABLES

__all__ = ["check_shop", "load_shop"]

log = logging.getLogger(__name__)


def load_shop(data_dir: str | Path, shop_id: str) -> Shop:
    """Read every export in ``data_dir/shop_id`` and return the shop.

    Files are recognised by their headers; names, order of columns, encoding and extension do not matter. Personal columns are
    dropped at reading. Parsed tables lie in ``data_dir/.parsed/shop_id``; delete that folder to start over.

    Parameters
    ----------
    data_dir : folder that holds the shop's folder
    shop_id : name of the shop's folder

    Raises
    ------
    ParameterError : there is no such folder (the message names the closest)

    Examples
    --------
    >>> shop = load_shop("data/demo", "qingmu")  # doctest: +SKIP
    >>> shop.table("orders").net_amount.sum()  # doctest: +SKIP
    """
    folder = shop_folder(Path(data_dir), shop_id)
    settings = _settings(folder)
    store = Store(Path(data_dir), shop_id)
    store.prepare()
    with store.lock():
        manifest = _refresh(store, folder, shop_id, settings)
    return Shop(shop_id=shop_id, folder=store.folder, settings=settings, manifest=manifest)


def check_shop(data_dir: str | Path, shop_id: str) -> CheckReport:
    """Load a shop and say what was read: files, dates, rows, rows set aside, totals to the cent, what is still missing."""
    return make_report(load_shop(data_dir, shop_id))


def shop_folder(data_dir: Path, shop_id: str) -> Path:
    """Return the shop's folder, or name the closest one there is."""
    folder = data_dir / shop_id
    if shop_id and folder.is_dir() and Path(shop_id).name == shop_id and not shop_id.startswith("."):
        return folder
    if not data_dir.is_dir():
        raise ParameterError("data_dir", str(data_dir), "a folder that holds one folder per shop")
    shops = sorted(p.name for p in data_dir.iterdir() if p.is_dir() and not p.name.startswith("."))
    known = guess(shop_id, shops) or (f"; it holds {', '.join(shops[:5])}" if shops else "; it holds no shop yet")
    raise ParameterError("shop_id", shop_id, f"a folder inside {data_dir}{known}")


def _settings(folder: Path) -> dict[str, Any]:
    path = folder / "shop.toml"
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ExportError(path, f"is not valid TOML in UTF-8 ({error})") from error


def _refresh(store: Store, folder: Path, shop_id: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Bring the store up to the folder's files; returns the manifest."""
    extra = read_mapping(settings, "shop.toml")
    version = f"{reader_version()}-{hashlib.blake2b(repr(sorted(extra.items())).encode(), digest_size=4).hexdigest()}"
    old = store.read(version)
    if not old:
        _clear(store.folder)
    sources = list_sources(folder)
    seen = {name: _identity(path) for name, path in sources}
    if old and seen == {name: tuple(f["identity"]) for name, f in old["files"].items()}:
        return old
    key = read_key(store.root / ".buyer_key")
    files = _read_files(sources, old, Job(folder, "", "", store.folder, shop_id, key, extra))
    manifest = {"version": version, "files": files, **_stand(store, files)}
    _forget(store.folder, files)
    store.write(manifest)
    return store.read(version)


def _identity(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _digest(path: Path) -> str:
    """Hash of the content, with the days in the name: one-day files may differ in their name alone."""
    with path.open("rb") as file:
        content = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    days = name_days(path.name)
    return f"{content}-{days[0]:%Y%m%d}-{days[1]:%Y%m%d}" if days else content


def _read_files(sources: list[tuple[str, Path]], old: Mapping[str, Any], base: Job) -> dict[str, dict[str, Any]]:
    """Return name → record; files whose content was parsed before are not parsed again."""
    before = {f["digest"]: f for f in old.get("files", {}).values() if "same_as" not in f} if old else {}
    out: dict[str, dict[str, Any]] = {}
    first: dict[str, str] = {}
    for name, path in sources:
        identity = _identity(path)
        known = old.get("files", {}).get(name) if old else None
        digest = known["digest"] if known and tuple(known["identity"]) == identity else _digest(path)
        record: dict[str, Any] = {"identity": identity, "digest": digest, "exported": exported_at(path)}
        if digest in first:
            out[name] = record | {"same_as": first[digest], "sheets": []}
            continue
        first[digest] = name
        known = before.get(digest)
        if known and (known["sheets"] or known.get("error")) and known["sheets"][:1] == _renamed(known["sheets"][:1], name):
            out[name] = record | {k: known[k] for k in ("sheets", "error") if k in known}
        else:
            out[name] = record | _parse(Job(path, name, digest, base.store, base.shop_id, base.key, base.extra))
    return out


def _renamed(sheets: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The same sheets if their source is still called so; a renamed file is parsed again, its rows name their source."""
    return [s for s in sheets if s["source"] == name or s["source"].startswith(f"{name} › ")]


def _parse(job: Job) -> dict[str, Any]:
    try:
        return {"sheets": parse_file(job)}
    except ExportError as error:
        log.warning("%s", error)
        return {"sheets": [], "error": error.problem}
    except OSError as error:
        log.warning("%s: %s", job.path, error)
        return {
            "sheets": [],
            "error": f"cannot be read ({error.strerror or error}): close it elsewhere and check its permissions",
        }


def _stand(store: Store, files: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Resolve overlapping files per table; returns the manifest's columns and totals, and notes them on each sheet."""
    columns: dict[str, list[str]] = {}
    totals: list[dict[str, Any]] = []
    for name in TABLES:
        entries = [(f, s) for f in files.values() for s in f["sheets"] if s["table"] == name and s["rows"]]
        folder = store.folder / name
        if not entries:
            for stale in folder.glob("*.parquet"):
                stale.unlink()
            continue
        parts = [
            Part(folder / "_parts" / s["part"], s["rows"], tuple(s["columns"]), f["exported"], s["source"]) for f, s in entries
        ]
        standing = resolve(name, parts, folder)
        for (_, sheet), stand in zip(entries, standing, strict=True):
            sheet["superseded"], sheet["repeated"] = stand.superseded, stand.repeated
            totals += _totals(sheet, stand.gone_cents)
        held = {c for p in parts for c in p.columns}
        columns[name] = [c for c in (*TABLES[name].columns, "shop_id", "source_file", "row_no") if c in held]
    return {"columns": columns, "totals": totals}


def _totals(sheet: Mapping[str, Any], gone: Mapping[str, int]) -> list[dict[str, Any]]:
    """One row per money column of a sheet: the file's total against what was set aside, replaced, and stands."""
    out = []
    for column, cents in sheet["file_cents"].items():
        aside, lost = sheet["aside_cents"].get(column, 0), gone.get(column, 0)
        stands = sheet["table_cents"].get(column, 0) - lost
        out.append(
            {
                "file": sheet["source"], "table": sheet["table"], "column": column, "rows": sheet["read"],
                "set_aside": sum(sheet["aside"].values()), "superseded": sheet["superseded"] + sheet["repeated"],
                "file_yuan": cents / 100, "set_aside_yuan": aside / 100, "superseded_yuan": lost / 100,
                "table_yuan": stands / 100, "difference": (cents - aside - lost - stands) / 100,
            }
        )  # fmt: skip
    return out


def _forget(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    """Remove parts and kept rows of files that are gone."""
    live = {(s["table"], s["part"].removesuffix(".parquet")) for f in files.values() for s in f["sheets"]}
    for part in [*folder.glob("*/_parts/*.parquet"), *folder.glob("_set_aside/*/*.csv")]:
        table = part.parent.parent.name if part.parent.name == "_parts" else part.parent.name
        if (table, part.stem) not in live:
            part.unlink()


def _clear(folder: Path) -> None:
    """Remove what another reader wrote."""
    for entry in folder.iterdir():
        if entry.name in (*TABLES, "_set_aside") and entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name == "manifest.json":
            entry.unlink()
