"""Bias, error and interval coverage of every analysis against the truth of fresh demo shops, beside the naive figure.

Run: .venv/bin/python bench/truth.py --seeds 40 --jobs 2 > docs/benchmarks/truth.md
"""

from __future__ import annotations

import argparse
import time

import tmall_nb as tn
from tmall_nb.words import field_name, format_value


def main() -> None:
    """Print the table as markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=40, help="number of shops (default: 40)")
    parser.add_argument("--first-seed", type=int, default=90_001, help="seed of the first shop")
    parser.add_argument("--size", default="small", help="size of the shops")
    parser.add_argument("--analyses", default="all", help="all, or names separated by commas")
    parser.add_argument("--hard", default="", help="switches separated by commas")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once")
    args = parser.parse_args()
    begun = time.time()
    result = tn.check_methods(**vars(args), progress=True)
    print("# Every analysis against the truth of simulated shops\n")
    switches = f", switches {args.hard}" if args.hard else ""
    print(
        f"{args.seeds} fresh shops of size `{args.size}` (seeds from {args.first_seed}{switches}), {time.time() - begun:.0f} s."
    )
    print(
        "Printed by `bench/truth.py`. Bias and error are divided by the mean size of the truth. Misses stand here like hits.\n"
    )
    columns = "quantity subjects refused bias rmse coverage level naive_bias naive_rmse error_ratio".split()
    print("| " + " | ".join(field_name(c, "en", stem="method_check") for c in columns) + " |")
    print("|---" * len(columns) + "|")
    for row in result.table.to_dict("records"):
        cells = [format_value(row["quantity"], "value", "en"), str(row["subjects"]), str(row["refused"])]
        cells += ["–" if row[c] != row[c] else f"{row[c]:.3f}" for c in columns[3:]]
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
