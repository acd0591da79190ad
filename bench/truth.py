"""Bias, error and interval coverage of every analysis against the truth of fresh demo shops, beside the naive figure.

Run: .venv/bin/python bench/truth.py --seeds 40 --jobs 2 > docs/benchmarks/truth.md
"""

from __future__ import annotations

import argparse
import resource
import time

import tmall_nb as tn
from tmall_nb.words import field_name, format_value

INTRO = """# Every analysis against the truth of simulated shops

Printed by `bench/truth.py`: {shops}, {clock}.
Bias and error are divided by the mean size of the truth. Misses stand here like hits. An error ratio below 1 is closer to the
truth than the rough figure; what that is stands in `tmall_nb/method_check/`, at each case.

* Plans are scored as amounts (yuan of profit, cost, sales): truth is the best plan there was within the same bounds, the
  estimate what ours brings under the true demand, the rough figure what rules of thumb bring. The bias is the regret.
* Coverage of the demand until the goods arrive is the service reached: the level ordered up to held what was wanted.
* The regional test is a shop with ads held out in ten provinces for eight weeks; the rough figure is before minus during.
* Store health's decomposition adds up by definition and has no truth beside the refunds scored here. Titles are scored
  in a benchmark of their own; a budget plan that moves nothing promises nothing and counts as refused.
* Where the biases of units ahead and of channel returns come from: [truth_bias.md](truth_bias.md).
"""


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
    spent = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    switches = f", switches {args.hard}" if args.hard else ""
    shops = f"{args.seeds} fresh shops of size `{args.size}` (seeds from {args.first_seed}{switches})"
    clock = f"{time.time() - begun:.0f} s by the clock, {spent / args.jobs:.0f} CPU s in each of {args.jobs} processes"
    print(INTRO.format(shops=shops, clock=clock))
    columns = "quantity subjects refused bias rmse coverage level naive_bias naive_rmse error_ratio".split()
    print("| " + " | ".join(field_name(c, "en", stem="method_check") for c in columns) + " |")
    print("|---" * len(columns) + "|")
    for row in result.table.to_dict("records"):
        cells = [format_value(row["quantity"], "value", "en"), str(row["subjects"]), str(row["refused"])]
        cells += ["–" if row[c] != row[c] else f"{row[c]:.3f}" for c in columns[3:]]
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
