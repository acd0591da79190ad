"""The store of parsed tables: which files were read, under which reader, and a lock against parsing twice at once."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import tmall_nb
from tmall_nb.errors import ExportError

__all__ = ["SourceFile", "Store", "list_sources", "reader_version"]

SKIP = {"shop.toml", "truth.json", "readme.md", "readme.txt", "thumbs.db", "desktop.ini"}
TABLE_ENDINGS = {".csv", ".xls", ".xlsx", ".xlsm", ".zip", ".txt", ".tsv", ".htm", ".html", ""}
UNFINISHED = {".crdownload", ".part", ".tmp", ".download"}
SourceFile = tuple[str, Path]


def list_sources(folder: Path) -> list[SourceFile]:
    """Return (name within the folder, path) of every file that may be an export; hidden and temporary ones are left out."""
    out = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith((".", "~$", "__MACOSX")) for part in Path(name).parts)
        if hidden or not path.is_file() or path.name.lower() in SKIP:
            continue
        if path.suffix.lower() in TABLE_ENDINGS | UNFINISHED:
            out.append((name, path))
    return out


@cache
def reader_version() -> str:
    """Changes whenever what reads files changes: the readers, the glossary or the tables."""
    package = Path(tmall_nb.__file__).parent
    digest = hashlib.blake2b(digest_size=8)
    files = [*sorted((package / "exports").glob("*.py")), package / "exports" / "known_headers.csv"]
    for path in [*files, package / "glossary.csv", package / "tables.py"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


class Store:
    """``<data_dir>/.parsed/<shop_id>``: parts, standing rows, rows set aside, and ``manifest.json``."""

    def __init__(self, data_dir: Path, shop_id: str):
        self.root = data_dir / ".parsed"
        self.folder = self.root / shop_id
        self._manifest = self.folder / "manifest.json"

    def prepare(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ExportError(
                self.folder, f"parsed tables cannot be written here ({error}): make the folder writable"
            ) from error

    def read(self, version: str) -> dict[str, Any]:
        """The manifest of an earlier load, empty where there is none or another reader wrote it."""
        try:
            manifest = json.loads(self._manifest.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return manifest if manifest.get("version") == version else {}

    def write(self, manifest: Mapping[str, Any]) -> None:
        temporary = self._manifest.with_name(f"manifest.{os.getpid()}.tmp")
        temporary.write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
        os.replace(temporary, self._manifest)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One loader at a time; the lock goes with the process that holds it."""
        with (self.folder / ".lock").open("a+b") as file:
            _lock(file.fileno())
            yield


def _lock(handle: int) -> None:
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows
        import msvcrt

        while True:
            try:
                msvcrt.locking(handle, msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined]
                return
            except OSError:
                time.sleep(0.2)
    fcntl.flock(handle, fcntl.LOCK_EX)
