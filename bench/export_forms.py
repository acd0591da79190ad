"""A year of one-day xls files, a workbook beside openpyxl, and damaged files: time and peak memory, each in its own process.

Run: .venv/bin/python bench/export_forms.py
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests" / "exports"), str(Path(__file__).parent)]

DAYS, ITEMS, BOOK_ROWS = 365, 300, 10_000


def product_headers() -> list[str]:
    from tmall_nb.fields import FIELDS
    from tmall_nb.tables import TABLES

    return [FIELDS[c].zh for c in TABLES["product_daily"].columns if c in FIELDS]


def make_year(folder: Path) -> None:
    """One BIFF file a day, 300 items, text cells with thousands separators and percents."""
    from tmall_nb.demo.biff import write_xls

    rng, heads = np.random.default_rng(0), product_headers()
    for k in range(DAYS):
        day = str(dt.date(2025, 1, 1) + dt.timedelta(days=k))
        columns: dict[str, np.ndarray] = {}
        for head in heads:
            columns[head] = np.array([f"{v:,}" for v in rng.integers(0, 5_000, ITEMS)], dtype=object)
        columns[heads[0]] = np.full(ITEMS, day, dtype=object)
        columns[heads[1]] = np.array([f"68{n:010d}" for n in range(ITEMS)], dtype=object)
        write_xls(folder / f"商品_全部_{day}_{day}.xls", {"商品": ([["商品"], [], [], []], columns)})


def make_book(folder: Path) -> None:
    """An order workbook of 10,000 rows and 54 columns."""
    from export_files import write_xlsx
    from ingest import HEADERS, _line

    second = np.random.default_rng(0).integers(0, 10**7, (BOOK_ROWS, 3))
    rows = [_line(n, (5_000 + n, 0, n), second[n], 0.5)[0].split(",") for n in range(BOOK_ROWS)]
    write_xlsx(folder / "订单.xlsx", [HEADERS.split(","), *[[c.strip('="') for c in row] for row in rows]])


def load(folder: str) -> dict[str, object]:
    import duckdb  # noqa: F401

    import tmall_nb as tn

    load_shop, wall, cpu = tn.load_shop, time.perf_counter(), time.process_time()
    shop = load_shop(folder, "s")
    errors = [f["error"] for f in shop.manifest["files"].values() if f.get("error")]
    out = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall, "error": "; ".join(errors)}
    return out | {"rows": int(shop.tables["rows"].sum())}


def openpyxl(folder: str) -> dict[str, object]:
    import openpyxl as library

    path, cpu = next(Path(folder, "s").glob("*.xlsx")), time.process_time()
    rows = sum(1 for _ in library.load_workbook(path, read_only=True).active.iter_rows(values_only=True))
    return {"cpu": time.process_time() - cpu, "rows": rows - 1}


def child(job: str, folder: Path) -> dict[str, object]:
    out = subprocess.run([sys.executable, __file__, job, str(folder)], capture_output=True, text=True, check=True)
    return json.loads(out.stdout.splitlines()[-1])


def main() -> None:
    if len(sys.argv) == 3:
        result = {"load": load, "openpyxl": openpyxl}[sys.argv[1]](sys.argv[2])
        print(json.dumps(result | {"mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "s").mkdir()
        make_year(folder / "s")
        first, second = child("load", folder), child("load", folder)
        print(
            f"{DAYS} xls files x {ITEMS} items: first load {first['wall']:.1f} s "
            f"({first['cpu']:.1f} CPU s, {first['mb']:.0f} MB)"
        )
        print(f"second load {second['wall']:.3f} s; {first['rows']:,} rows")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "s").mkdir()
        make_book(folder / "s")
        ours, other = child("load", folder), child("openpyxl", folder)
        print(f"xlsx {BOOK_ROWS:,} rows x 54: whole load {ours['cpu']:.2f} CPU s, openpyxl reading alone {other['cpu']:.2f}, "
              f"ratio {ours['cpu'] / other['cpu']:.2f}")  # fmt: skip
    damaged()


def damaged() -> None:
    """Every damaged file of the tests: seconds, peak memory, and what is said about it."""
    from test_damaged_files import DAMAGED

    print("| damaged file | s | MB | what is said |\n|---|---|---|---|")
    for damage in DAMAGED:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "s").mkdir()
            damage(folder / "s" / "bad.xls")
            found = child("load", folder)
            print(f"| {damage.__name__} | {found['wall']:.2f} | {found['mb']:.0f} | {found['error'][:90]} |")


if __name__ == "__main__":
    main()
