"""The ``tmall-nb`` command: every subcommand calls one public function; nothing heavy is imported before it is needed."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from tmall_nb import __version__
from tmall_nb.errors import ExportError, TmallError, closest, guess

SHEETS = ("costs", "stock", "lead_times", "offsite_spend", "targets", "plan", "paths", "ad_tests")
SIZES = ("small", "year", "large")
LANGUAGES = ("zh", "en")
GROUPS = ("touch", "hold_out")


class _Parser(argparse.ArgumentParser):
    """argparse that answers a typo with the nearest word it knows."""

    def error(self, message: str) -> NoReturn:
        wrong = re.findall(r"invalid choice: '([^']+)'", message) or re.findall(r"--[\w-]+", message)
        hints = [closest(word, self._words(), count=1) for word in wrong]
        hint = "".join(f" Did you mean {h[0]}?" for h in hints if h)
        self.exit(2, f"tmall-nb: {message}.{hint}\nSee: {self.prog} --help\n")

    def _words(self) -> list[str]:
        """Every option and choice of this parser, subcommands' names included."""
        words: list[str] = []
        for action in self._actions:
            words += [o for o in action.option_strings if o.startswith("--")]
            words += [str(c) for c in (action.choices or ())]
        return words


def _demo(args: argparse.Namespace) -> int:
    from tmall_nb.demo import make_shops

    shops = make_shops(args.folder, shops=args.shops, seed=args.seed, size=args.size, hard=tuple(args.hard), progress=True)
    print(f"demo files: {args.folder} ({', '.join(shops)})")
    if args.files_only:
        return 0
    codes = [_report_one(shop, args.folder, args.outputs, args.notebooks, args.language, []) for shop in shops]
    _print_index(args.outputs)
    return max(codes)


def _check(args: argparse.Namespace) -> int:
    from tmall_nb.exports.load import check_shop

    folder = Path(args.folder).resolve()
    if not folder.is_dir():
        near = guess(folder.name, [p.name for p in folder.parent.glob("*/")] if folder.parent.is_dir() else [])
        raise ExportError(args.folder, f"no such folder{near}")
    report = check_shop(folder.parent, folder.name)
    print(report)
    return 0 if report.ok else 1


def _report(args: argparse.Namespace) -> int:
    code = _report_one(args.shop, args.data_dir, args.outputs, args.notebooks, args.language, args.parameter)
    _print_index(args.outputs)
    return code


def _report_one(shop: str, data_dir: str, outputs: str, notebooks: str, language: str, parameters: list[str]) -> int:
    from tmall_nb.report.batch import report_shop

    summary = report_shop(
        shop, data_dir=data_dir, outputs=outputs, notebooks=notebooks, language=language, parameters=parameters
    )
    print(summary)
    return summary.exit_code


def _print_index(outputs: str) -> None:
    index = Path(outputs).resolve() / "index.html"
    if index.exists():
        print(f"open {index}")


def _batch(args: argparse.Namespace) -> int:
    from tmall_nb.report.batch import run_batch

    summary = run_batch(args.shops, jobs=args.jobs)
    print(summary)
    return summary.exit_code


def _template(args: argparse.Namespace) -> int:
    from tmall_nb.exports.templates import write_template

    print(write_template(args.sheet, args.folder))
    return 0


def _names(args: argparse.Namespace) -> int:
    from tmall_nb.exports.join_names import join_names

    joined = join_names(args.lists, data_dir=args.data_dir, shop_id=args.shop, to=args.to, group=args.group)
    place = Path(args.to).expanduser().resolve()
    print(f"{joined.found} of {joined.members} names ({args.group}) written to {place}, readable by you alone")
    return 0


def _lab(args: argparse.Namespace) -> int:
    import subprocess

    from tmall_nb.report.run import notebooks_folder

    return subprocess.call([sys.executable, "-m", "jupyter", "lab", str(notebooks_folder())])


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="tmall-nb", description="From a Tmall shop's export files to honest HTML reports.")
    parser.add_argument("--version", action="version", version=f"tmall-nb {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run, parser=sub)
        return sub

    demo = command("demo", _demo, "make a demo shop with known truth, run every notebook, export HTML")
    demo.add_argument("--folder", default="data/demo", help="where the shop's export files go (default: %(default)s)")
    demo.add_argument("--shops", type=int, default=1, help="how many shops (default: 1)")
    demo.add_argument("--seed", type=int, default=7, help="same seed, same files (default: 7)")
    demo.add_argument("--size", choices=SIZES, default="small", help="small: 20,000 orders; year: 300,000; large: 10 M lines")
    demo.add_argument(
        "--hard", nargs="*", default=[], metavar="SWITCH", help="make it harder, e.g. hidden_demand masked_buyers"
    )
    demo.add_argument("--files-only", action="store_true", help="write the files, run no notebook")
    _run_options(demo)

    check = command("check", _check, "what is in a shop's folder: files, dates, rows, totals to the cent, what is missing")
    check.add_argument("folder", help="the shop's folder, e.g. data/raw/qingmu")

    report = command("report", _report, "run notebooks for one shop and export HTML")
    report.add_argument("shop", help="name of the shop's folder inside --data-dir")
    report.add_argument("--data-dir", default="data/raw", help="folder that holds the shop's folder (default: %(default)s)")
    report.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE", help="a notebook parameter")
    _run_options(report)

    batch = command("batch", _batch, "many shops x notebooks; one failure never stops the rest")
    batch.add_argument("shops", help="a shops.toml (docs/how-to/run-a-batch.md)")
    batch.add_argument("--jobs", type=int, default=2, help="processes at once (default: 2)")

    template = command("template", _template, "write an empty sheet for what only the merchant knows")
    template.add_argument("sheet", choices=SHEETS, help="which sheet")
    template.add_argument("folder", nargs="?", default=".", help="where to (default: here)")

    names = command("names", _names, "join a segment list's hashed keys back to buyers' names, into a file of your choice")
    names.add_argument("lists", help="segment_lists.json of a report's folder, or its table as CSV or Parquet")
    names.add_argument("--shop", required=True, help="name of the shop's folder inside --data-dir")
    names.add_argument("--data-dir", default="data/raw", help="folder that holds the shop's folder (default: %(default)s)")
    names.add_argument("--to", required=True, metavar="FILE", help="the CSV file to write; never inside outputs")
    names.add_argument("--group", choices=GROUPS, default="touch", help="touch, or hold_out (who must not be written to)")

    command("lab", _lab, "open JupyterLab on the notebooks")
    return parser


def _run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--outputs", default="outputs", help="where reports go (default: %(default)s)")
    parser.add_argument("--notebooks", default="all", help="all, or names and numbers: 10,30 or 30_price_elasticity")
    parser.add_argument("--language", choices=LANGUAGES, default="zh", help="language of the report (default: %(default)s)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code (0 done, 1 something failed, 2 wrong call)."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # jobs side by side would wait for each other's threads
    args, unknown = _parser().parse_known_args(argv)
    if unknown:
        many = args.parser.prog.endswith(" report") and not unknown[0].startswith("-")
        advice = "; one shop at a time here, several with a shops.toml: tmall-nb batch" if many else ""
        args.parser.error(f"unrecognized arguments: {' '.join(unknown)}{advice}")
    try:
        return args.run(args)
    except TmallError as error:
        print(f"tmall-nb: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of our output has gone, as in `tmall-nb check FOLDER | head`
        sys.stdout = None  # nothing is left to flush at exit
        return 1


if __name__ == "__main__":
    sys.exit(main())
