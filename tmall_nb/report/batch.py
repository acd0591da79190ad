"""Many notebooks, many shops: parameters checked first, one failure never stops the rest, a summary and an exit code."""

from __future__ import annotations

import datetime as dt
import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tmall_nb.errors import ExportError, ParameterError, TmallError, guess
from tmall_nb.report.executors import Executor, local_executor
from tmall_nb.report.index import write_index
from tmall_nb.report.jobs import Job, Outcome, run_job
from tmall_nb.report.parameters import check_parameters, parse_assignments, read_parameters
from tmall_nb.report.pool import pool_ads
from tmall_nb.report.run import choose_notebooks

__all__ = ["RUN_FILE", "Summary", "report_shop", "run_batch"]

RUN_FILE = "run.json"
SHOP_KEYS = {"data_dir", "outputs", "language", "notebooks", "parameters"}
TOP_KEYS = SHOP_KEYS | {"pool_ads"}


@dataclass(frozen=True)
class Summary:
    """How every job ended. ``strict`` jobs were asked for by name: for them "not enough data" counts as a failure.

    ``notes`` say what was done before the first job.
    """

    outcomes: tuple[tuple[Job, Outcome], ...]
    strict: bool = False
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        bad = {"failed", "not_answered"} if self.strict else {"failed"}
        return int(any(o.status in bad for _, o in self.outcomes))

    def __str__(self) -> str:
        words = {"done": "done", "not_answered": "no data", "failed": "FAILED"}
        lines = [f"{words[o.status]:8}{j.shop}  {j.name:26}{o.seconds:6.1f} s  {o.message}".rstrip() for j, o in self.outcomes]
        counts = {s: sum(o.status == s for _, o in self.outcomes) for s in words}
        total = f"{counts['done']} done, {counts['not_answered']} without enough data, {counts['failed']} failed"
        return "\n".join([*self.notes, *lines, total])


def report_shop(
    shop: str,
    *,
    data_dir: str = "data/raw",
    outputs: str = "outputs",
    notebooks: str = "all",
    language: str = "zh",
    parameters: Iterable[str] | Mapping[str, Any] = (),
    jobs: int = 2,
    progress: bool = True,
) -> Summary:
    """Run notebooks for one shop and write their reports and the index.

    Parameters
    ----------
    shop : name of its folder inside ``data_dir``
    data_dir, outputs : where files are read and reports go
    notebooks : ``all``, or names and numbers (``10,30``)
    language : ``zh`` or ``en``
    parameters : ``name=value`` texts or a mapping; each goes to the notebooks that take it, and at least one must
    jobs : processes at once, 1-64
    progress : show a bar on a terminal

    Raises
    ------
    ParameterError, ExportError : before a kernel starts
    """
    made = _jobs(shop, data_dir, outputs, notebooks, language, parse_assignments(parameters))
    _load(shop, data_dir)
    return _run(made, outputs, language, jobs, progress, strict=notebooks != "all")


def run_batch(shops: str | Path, *, jobs: int = 2, progress: bool = True, executor: Executor | None = None) -> Summary:
    """Run what a ``shops.toml`` lists (docs/how-to/run-a-batch.md); a shop that cannot be read fails alone.

    Parameters
    ----------
    shops : the file; folders in it are relative to it
    jobs : processes at once, 1-64
    progress : show a bar on a terminal
    executor : where runs happen; None: local processes
    """
    listed, outputs, language, pooled = _read_shops(Path(shops))
    made: list[Job] = []
    broken: list[tuple[Job, Outcome]] = []
    for options in listed:
        todo = _jobs(**options)
        try:
            _load(options["shop"], options["data_dir"])
            made += todo
        except (TmallError, OSError) as error:
            broken += [(job, Outcome("failed", 0.0, str(error))) for job in todo]
    for job, outcome in broken:
        _record(job, outcome)
    made, notes = pool_ads(made, Path(outputs)) if pooled and made else (made, "")
    done = _run(made, outputs, language, jobs, progress, strict=False, executor=executor)
    return Summary((*broken, *done.outcomes), notes=(notes,) if notes else ())


def _jobs(shop: str, data_dir: str, outputs: str, notebooks: str, language: str, parameters: Mapping[str, Any]) -> list[Job]:
    paths = choose_notebooks(notebooks)
    known = {path: set(read_parameters(path)) for path in paths}
    every = sorted(set().union(*known.values()))
    for name in parameters:
        if name not in every:
            listed = f"a parameter of the chosen notebooks ({', '.join(every)})"
            raise ParameterError(name, parameters[name], f"{listed}{guess(name, every)}")
    folder = Path(outputs).resolve() / shop / f"{dt.date.today():%Y-%m-%d}"
    made = []
    for path in paths:
        given = check_parameters(path, {k: v for k, v in parameters.items() if k in known[path]})
        check_parameters(path, {"shop_id": shop, "language": language})
        made.append(Job(shop, str(Path(data_dir).resolve()), str(path), str(folder), language, given))
    return made


def _load(shop: str, data_dir: str) -> None:
    """Parse the shop's files once, before notebooks ask for them at the same time."""
    folder = Path(data_dir)
    if not (folder / shop).is_dir():
        known = sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")) if folder.is_dir() else []
        hint = guess(shop, known) or f"; found {', '.join(known) or 'no shop at all'}"
        raise ExportError(folder, f"no folder {shop!r} here{hint}; --data-dir names the folder that holds it")
    from tmall_nb.exports.load import load_shop

    load_shop(folder, shop)


def _run(
    made: list[Job], outputs: str, language: str, jobs: int, progress: bool, *, strict: bool, executor: Executor | None = None
) -> Summary:
    if not 1 <= jobs <= 64:
        raise ParameterError("jobs", jobs, "1 to 64 processes")
    from tqdm import tqdm

    outcomes: list[tuple[Job, Outcome]] = []
    runner = executor or local_executor(min(jobs, len(made)))
    with tqdm(total=len(made), unit="report", disable=None if progress else True, leave=False) as bar:

        def show(notebook: str, cell: int, cells: int) -> None:
            bar.set_postfix_str(f"{notebook} cell {cell + 1}/{cells}")

        for job, outcome in runner.map_unordered(run_job, made, show):
            ended = outcome if isinstance(outcome, Outcome) else Outcome("failed", 0.0, f"its process died ({outcome})")
            outcomes.append((job, ended))
            _record(job, ended)
            bar.update()
    write_index(Path(outputs), language=language)
    order = {(j.shop, j.notebook): k for k, j in enumerate(made)}
    return Summary(tuple(sorted(outcomes, key=lambda pair: order[pair[0].shop, pair[0].notebook])), strict)


def _record(job: Job, outcome: Outcome) -> None:
    """Note in the day's ``run.json`` how the job ended."""
    path = Path(job.folder) / RUN_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known[job.name] = {
        "status": outcome.status,
        "message": outcome.message,
        "seconds": round(outcome.seconds, 1),
        "language": job.language,
    }
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(json.dumps(known, ensure_ascii=False, indent=1), encoding="utf-8")
    os.replace(aside, path)


def _read_shops(path: Path) -> tuple[list[dict[str, Any]], str, str, bool]:
    """Return the options of each shop, where the index goes, its language, and whether ads are pooled over the shops."""
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExportError(path, f"{error.strerror}; docs/how-to/run-a-batch.md says what it holds") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ExportError(path, f"not a TOML file ({error})") from error
    shops = read.pop("shops", None)
    if not isinstance(shops, dict) or not shops:
        raise ExportError(path, "lists no shop: write a section [shops.NAME] for each")
    _known_keys(path, read, "at the top", TOP_KEYS)
    pooled = read.pop("pool_ads", False)
    if not isinstance(pooled, bool):
        raise ExportError(path, f"pool_ads = {pooled!r}; expected true or false")
    base = {"data_dir": "data/raw", "outputs": "outputs", "language": "zh", "notebooks": "all", "parameters": {}} | read
    here = path.resolve().parent
    listed = []
    for name, own in shops.items():
        _known_keys(path, own, f"in [shops.{name}]", SHOP_KEYS)
        options = base | own | {"shop": name, "parameters": {**base["parameters"], **own.get("parameters", {})}}
        options |= {key: str(here / options[key]) for key in ("data_dir", "outputs")}
        if isinstance(options["notebooks"], list):
            options["notebooks"] = ",".join(map(str, options["notebooks"]))
        listed.append(options)
    return listed, str(here / base["outputs"]), base["language"], pooled


def _known_keys(path: Path, given: Mapping[str, Any], place: str, known: set[str]) -> None:
    for key in given:
        if key not in known:
            raise ExportError(path, f"{key} {place} is not known; expected {', '.join(sorted(known))}{guess(key, known)}")
