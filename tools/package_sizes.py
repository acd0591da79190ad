"""Print the installed size and licence of every run-time dependency (the table behind docs/dependencies.md)."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path


def main() -> None:
    """Print name, version, size and licence, one line a package."""
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for requirement in project["dependencies"]:
        name = re.split(r"[><=\[]", requirement)[0]
        dist = distribution(name)
        size = sum(f.locate().stat().st_size for f in dist.files or () if f.locate().is_file())
        licence = dist.metadata.get("License-Expression") or (dist.metadata.get("License") or "").split("\n")[0]
        print(f"{name:16} {dist.version:12} {size / 2**20:7.1f} MiB  {licence[:40]}")


if __name__ == "__main__":
    main()
