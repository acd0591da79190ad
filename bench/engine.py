"""The engine beneath: overlapping exports beside plain ones, one small query, and processes forked from one that holds a shop.

Order files of 54 columns as in ``ingest``. "Overlapping" holds the same orders in files that each repeat the half before
them (a merchant who downloads 60 days every 30); "plain" holds each order once. Each load and each query is timed in a
process of its own. Forked children inherit a shop whose connection the parent has used; one that is not done within a
minute counts as hanging.

Run: .venv/bin/python bench/engine.py [--rows 400000] [--forks 20]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

FILES = 8
SCAN = (
    "SELECT date_trunc('month', paid_at) AS month, count(*) AS orders, sum(paid_amount) AS yuan, "
    "count(DISTINCT buyer_key) AS buyers FROM orders GROUP BY ALL ORDER BY 1"
)


def make_folders(folder: Path, rows: int) -> None:
    """Write the same orders once plainly and once with every half file repeated in the next."""
    from ingest import make_file

    whole = folder / "whole.csv"
    make_file(whole, rows)
    raw = whole.read_bytes()
    head, _, body = raw.partition(b"\n")
    lines = _records(body)
    step = -(-len(lines) // FILES)
    for name, back in (("plain", 0), ("overlapping", step)):
        (folder / name).mkdir()
        for n in range(FILES):
            part = b"".join(lines[max(n * step - back, 0) : (n + 1) * step])
            (folder / name / f"ExportOrderList{n}.csv").write_bytes(head + b"\n" + part)
    whole.unlink()


def _records(body: bytes) -> list[bytes]:
    """Cut at line ends that stand outside quotes."""
    out, held = [], b""
    for line in body.splitlines(keepends=True):
        held += line
        if held.count(b'"') % 2 == 0:
            out.append(held)
            held = b""
    return [*out, held] if held else out


def load(folder: str, name: str) -> dict[str, float]:
    """CPU seconds of a first load, and of one scan of the loaded orders in the same process."""
    import tmall_nb as tn

    load_shop, start = tn.load_shop, time.process_time()
    shop = load_shop(folder, name)
    loaded = time.process_time() - start
    shop.sql("SELECT 1")
    start = time.process_time()
    found = shop.sql(SCAN)
    return {
        "load": loaded,
        "scan": time.process_time() - start,
        "orders": int(found["orders"].sum()),
        "yuan": round(float(found["yuan"].sum()), 2),
    }


def small_query(folder: str, name: str) -> dict[str, float]:
    """CPU milliseconds of one query over one shop: connection open, and as the first of a new handle."""
    import tmall_nb as tn

    tn.load_shop(folder, name).sql(SCAN)
    out = {}
    shop = tn.load_shop(folder, name)
    for kind, times in (("first", 1), ("open", 50)):
        start = time.process_time()
        for _ in range(times):
            shop.sql("SELECT count(*) AS n, sum(paid_amount) AS yuan FROM orders WHERE paid_at >= DATE '2020-01-01'")
        out[kind] = (time.process_time() - start) / times * 1000
    return out


def _forked(shop, answers, n: int) -> None:
    answers.put((n, int(shop.sql("SELECT count(*) AS n FROM orders")["n"].iloc[0])))


def forks(folder: str, name: str, count: int) -> dict[str, int]:
    """Fork ``count`` children from a process that has used the shop's connection; how many answered, how many hang."""
    import duckdb

    import tmall_nb as tn

    shop = tn.load_shop(folder, name)
    expected = int(shop.sql("SELECT count(*) AS n FROM orders")["n"].iloc[0])
    duckdb.sql("SELECT 1").fetchall()
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    children = [context.Process(target=_forked, args=(shop, answers, n)) for n in range(count)]
    for child in children:
        child.start()
    end = time.monotonic() + 60
    for child in children:
        child.join(max(end - time.monotonic(), 0))
    hanging = [child for child in children if child.is_alive()]
    for child in hanging:
        child.terminate()
    right = 0
    while not answers.empty():
        right += answers.get()[1] == expected
    return {"forked": count, "answered rightly": right, "hanging": len(hanging)}


def child(*words: str) -> dict[str, float]:
    """Run one job of this file in a process of its own."""
    out = subprocess.run([sys.executable, __file__, "--job", *words], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(out.stdout.splitlines()[-1])


def main() -> None:
    """Print the tables, or run one job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--forks", type=int, default=20)
    parser.add_argument("--job", nargs="+")
    args = parser.parse_args()
    if args.job:
        job, folder, name, *rest = args.job
        jobs = {"load": load, "query": small_query, "forks": lambda f, n: forks(f, n, int(rest[0]))}
        print(json.dumps(jobs[job](folder, name)))
        return
    with tempfile.TemporaryDirectory() as folder:
        make_folders(Path(folder), args.rows)
        plain, over = child("load", folder, "plain"), child("load", folder, "overlapping")
        print(f"{args.rows:,} orders in {FILES} files; overlapping: every order but the last eighth stands in two files\n")
        print("| | load, CPU s | scan, CPU s | orders | yuan |\n|---|---|---|---|---|")
        for name, row in (("plain", plain), ("overlapping", over)):
            print(f"| {name} | {row['load']:.2f} | {row['scan']:.3f} | {row['orders']:,} | {row['yuan']:,.2f} |")
        print(f"| ratio | {over['load'] / plain['load']:.2f} | {over['scan'] / plain['scan']:.2f} | | |\n")
        query = child("query", folder, "plain")
        print(f"one query over one shop: {query['open']:.1f} ms of CPU, {query['first']:.1f} ms as the first of a handle")
        print("forked:", child("forks", folder, "plain", str(args.forks)))


if __name__ == "__main__":
    main()
