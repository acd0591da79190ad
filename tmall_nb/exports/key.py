"""The buyer key: a keyed hash that is the same for the same buyer in every file and says nothing about who it is.

BLAKE2b with a key file made on first use (mode 0600), cut to 63 bits so that it is an integer the engine joins by. Whoever
has the tables without the key file cannot try names against them. Masked names (``w**``) are shared by many people: no key.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from tmall_nb.errors import ExportError

__all__ = ["buyer_keys", "read_key"]

NAMELESS = {"", "-", "--", "null", "none", "nan"}
BITS = (1 << 63) - 1


def read_key(path: Path) -> bytes:
    """Return the key in ``path``; made on first use, whole or not at all, readable by its owner alone."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
        try:
            os.link(part, path)  # another process may have been first: its key counts
        except FileExistsError:
            pass
        except OSError:
            os.replace(part, path)
        part.unlink(missing_ok=True)
    key = path.read_bytes()
    if len(key) != 32:
        raise ExportError(path, "the buyer key file is damaged: delete it and .parsed, then load again")
    return key


def buyer_keys(names: Iterable[str], key: bytes) -> list[int | None]:
    """Return one 63-bit integer per name, None where the name is masked or blank."""
    blake2b, number = hashlib.blake2b, int.from_bytes
    return [
        None
        if "*" in name or (len(text := name.strip()) < 5 and text.lower() in NAMELESS)
        else number(blake2b(text.encode(), digest_size=8, key=key).digest(), "big") & BITS
        for name in names
    ]
