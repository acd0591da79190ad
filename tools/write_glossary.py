"""Write docs/glossary.md from the glossary the package reads.

Usage: python tools/write_glossary.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from tmall_nb.fields import FIELDS
from tmall_nb.tables import TABLES

TARGET = Path(__file__).parents[1] / "docs" / "glossary.md"
ROLLUPS = {
    "sum": "adds up",
    "unique": "people: never added up over days, items or sources",
    "derive": "recomputed from its parts, never averaged",
    "last": "the newest counts",
    "none": "",
}


def glossary() -> str:
    """Return the page."""
    lines = [
        "# Glossary",
        "",
        "Written by `tools/write_glossary.py` from `tmall_nb/glossary.csv` and `tmall_nb/tables.py`; do not edit.",
        "",
        "| Name | 中文 | English | Unit | Over rows |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| `{f.name}` | {f.zh} | {f.en} | {f.unit} | {ROLLUPS[f.rollup]} |" for f in FIELDS.values()]
    lines += ["", "## Tables", "", "| Table | 报表 | One row per | Where to download it |", "|---|---|---|---|"]
    lines += [f"| `{t.name}` | {t.zh} | {', '.join(t.key)} | {t.where} |" for t in TABLES.values()]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page, or with --check say whether it is up to date."""
    text = glossary()
    if "--check" in sys.argv[1:]:
        fresh = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
        sys.exit(0 if fresh else f"{TARGET.name} is out of date: run python tools/write_glossary.py")
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.name}: {len(FIELDS)} terms, {len(TABLES)} tables")


if __name__ == "__main__":
    main()
