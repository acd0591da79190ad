"""One notebook, run through papermill with parameters that were checked first."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tmall_nb.errors import ParameterError, guess
from tmall_nb.report.parameters import check_parameters

__all__ = ["NotebookFailed", "choose_notebooks", "notebooks_folder", "run_notebook"]

QUIET_KERNEL = "--IPKernelApp.log_level=40"
ANSI = re.compile(r"\x1b\[[0-9;]*m")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Failure:
    """Where a notebook stopped and why, in words a merchant can act on."""

    notebook: str
    cell: int
    error: str
    message: str

    @property
    def unanswered(self) -> bool:
        """Did the data, not the program, end it?"""
        return self.error == "NotEnoughData"

    def __str__(self) -> str:
        return self.message if self.unanswered else f"cell {self.cell}: {self.error}: {self.message}"


class NotebookFailed(Exception):
    """A notebook stopped in the middle; its half-run copy is kept."""

    def __init__(self, failure: Failure):
        self.failure = failure
        super().__init__(str(failure))

    def __reduce__(self) -> tuple[type, tuple[Failure]]:
        return (type(self), (self.failure,))


def notebooks_folder() -> Path:
    """Return the folder of notebooks: beside the package in a clone, inside it when installed."""
    package = Path(__file__).parents[1]
    clone = package.parent / "notebooks"
    return clone if (package.parent / "pyproject.toml").exists() and clone.is_dir() else package / "_notebooks"


def choose_notebooks(names: str = "all", folder: Path | None = None) -> list[Path]:
    """Return the notebooks meant by ``all`` or by names and numbers: ``10,30`` or ``30_price_elasticity``."""
    every = sorted(p for p in (folder or notebooks_folder()).glob("*.ipynb") if not p.name.startswith("."))
    if names.strip() == "all":
        return every
    by_name = {p.stem: p for p in every} | {p.stem.split("_")[0]: p for p in every}
    chosen: list[Path] = []
    for name in (n.strip().removesuffix(".ipynb") for n in names.split(",") if n.strip()):
        if name not in by_name:
            stems = [p.stem for p in every]
            raise ParameterError("notebooks", name, f"all, or some of {', '.join(stems)}{guess(name, stems)}")
        if by_name[name] not in chosen:
            chosen.append(by_name[name])
    if not chosen:
        raise ParameterError("notebooks", names, "all, or names and numbers such as 10,30")
    return chosen


def run_notebook(path: Path, parameters: Mapping[str, Any], output: Path, *, progress: Progress | None = None) -> None:
    """Execute ``path`` with ``parameters`` and write the executed copy to ``output``.

    Parameters
    ----------
    path : the notebook
    parameters : name → value; checked against the notebook's own cell before a kernel starts
    output : where the executed notebook goes; also the kernel's working folder
    progress : called with the notebook's name, cells begun and cells in all

    Raises
    ------
    ParameterError : a name or value the notebook does not take
    NotebookFailed : a cell raised; ``output`` then holds the half-run copy
    """
    typed = check_parameters(path, parameters)
    import papermill
    from papermill.exceptions import PapermillExecutionError

    def started(cell: Any, cell_index: int, **_: Any) -> None:
        if progress is not None:
            progress(path.stem, cell_index, total)

    total = len(_cells(path)) + 1
    # papermill reads annotated lines by a pattern that knows no "str | None" and warns; ours were checked above.
    logging.getLogger("papermill").setLevel(logging.ERROR)
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        papermill.execute_notebook(
            str(path), str(output), typed, kernel_name="python3", language="python", progress_bar=False, cwd=str(output.parent),
            log_output=False, stdout_file=None, stderr_file=None, on_cell_start=started, shutdown_kernel="immediate",
            extra_arguments=[QUIET_KERNEL],
        )  # fmt: skip
    except PapermillExecutionError as error:
        raise NotebookFailed(Failure(path.stem, error.cell_index + 1, error.ename, _readable(error))) from None


def _cells(path: Path) -> list[Any]:
    import json

    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def _readable(error: Any) -> str:
    """The error's own message; for a fault of the program, also the line of ours where it arose."""
    message = ANSI.sub("", str(error.evalue)).strip()
    ours = {"NotEnoughData", "ExportError", "ParameterError", "TmallError"}
    if error.ename in ours:
        return message
    places = re.findall(r"(tmall_nb/[\w/]+\.py)[:\"](?:, line )?(\d+)", ANSI.sub("", "\n".join(error.traceback)))
    return f"{message} ({places[-1][0]}:{places[-1][1]})" if places else message
