"""How long the large demo shop takes and how much memory, month by month.

Run: .venv/bin/python bench/demo_large.py [--size large]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time

from tmall_nb.demo import make_shop, read_truth


def main() -> None:
    """Print seconds and the peak of memory after every step, and the number of lines written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="large")
    options = parser.parse_args()
    begun = time.perf_counter()

    def tell(done: int, steps: int, what: str) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{done}/{steps} {what}: {time.perf_counter() - begun:.0f} s, {peak:,.0f} MB", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        shop = make_shop(folder, size=options.size, progress=tell)
        print(f"{read_truth(shop).totals['lines']:,} order lines")


if __name__ == "__main__":
    main()
