"""One notebook of one shop, from parameters to files in the outputs folder; every file is whole or absent."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from tmall_nb.errors import TmallError
from tmall_nb.report.html import Facts, export_html
from tmall_nb.report.run import NotebookFailed, run_notebook

__all__ = ["Job", "Outcome", "page_name", "run_job"]


@dataclass(frozen=True, slots=True)
class Job:
    """What to run: a notebook for a shop, in a language, into ``folder`` (``outputs/<shop>/<day>``)."""

    shop: str
    data_dir: str
    notebook: str
    folder: str
    language: str = "zh"
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return Path(self.notebook).stem


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended: ``done``, ``not_answered`` (the data lack what it needs) or ``failed``, in how many seconds."""

    status: str
    seconds: float
    message: str = ""
    page: str = ""


def page_name(notebook: str, language: str) -> str:
    """File name of a report: ``10_store_health.html``, in English ``10_store_health.en.html``."""
    return f"{notebook}.html" if language == "zh" else f"{notebook}.{language}.html"


def run_job(job: Job, progress: Callable[[str, int, int], None] | None = None) -> Outcome:
    """Run a job; whatever goes wrong becomes its outcome, so that it never stops another."""
    start = time.monotonic()
    folder = Path(job.folder)
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{job.name}-", dir=folder))
    try:
        page = _run(job, folder, work, progress)
        return Outcome("done", time.monotonic() - start, page=str(page))
    except NotebookFailed as error:
        if error.failure.unanswered:
            return Outcome("not_answered", time.monotonic() - start, str(error))
        kept = _keep_half_run(job, folder, work)
        return Outcome("failed", time.monotonic() - start, f"{error} (half-run copy: {kept})")
    except (TmallError, OSError, ValueError, RuntimeError, KeyError) as error:
        return Outcome("failed", time.monotonic() - start, f"{type(error).__name__}: {error}")
    finally:
        shutil.rmtree(work, ignore_errors=True)


KEPT = {".json", ".parquet", ".csv", ".xlsx"}  # results, and sheets to upload


def _run(job: Job, folder: Path, work: Path, progress: Callable[[str, int, int], None] | None) -> Path:
    executed = work / f"{job.name}.ipynb"
    own = {
        "shop_id": job.shop,
        "data_dir": str(Path(job.data_dir).resolve()),
        "language": job.language,
        "output_dir": str(work),
    }
    run_notebook(Path(job.notebook), {**job.parameters, **own}, executed, progress=progress)
    for saved in sorted(p for p in work.iterdir() if p.suffix in KEPT):
        os.replace(saved, folder / (f"{job.name}.{saved.name}" if saved.suffix == ".json" else saved.name))
    copy = folder / page_name(job.name, job.language).replace(".html", ".ipynb")
    os.replace(executed, copy)
    for stale in folder.glob(f"{job.name}.failed.ipynb"):
        stale.unlink()
    return _export_both(job, folder, copy)


def _export_both(job: Job, folder: Path, copy: Path) -> Path:
    """Write this language's page, and the other's anew where its run exists, so that each links to the other."""
    other = {"zh": "en", "en": "zh"}[job.language]
    other_page = folder / page_name(job.name, other)
    page = folder / page_name(job.name, job.language)
    facts = _facts(job, folder)
    export_html(copy, page, language=job.language, facts=Facts(**facts, other=other_page.name if other_page.exists() else None))
    other_copy = other_page.with_suffix(".ipynb")
    if other_page.exists() and other_copy.exists():
        export_html(other_copy, other_page, language=other, facts=Facts(**facts, other=page.name))
    return page


def _facts(job: Job, folder: Path) -> dict[str, Any]:
    """Shop, day of the run, and the days the saved results used."""
    starts, ends = [], []
    for path in folder.glob(f"{job.name}.*.json"):
        method = json.loads(path.read_text(encoding="utf-8")).get("method", {})
        starts += [method["start"]["date"]] if method.get("start") else []
        ends += [method["end"]["date"]] if method.get("end") else []
    return {
        "shop": job.shop,
        "made_on": folder.name,
        "start": f"{pd.Timestamp(min(starts)):%Y-%m-%d}" if starts else None,
        "end": f"{pd.Timestamp(max(ends)):%Y-%m-%d}" if ends else None,
    }


def _keep_half_run(job: Job, folder: Path, work: Path) -> str:
    half, kept = work / f"{job.name}.ipynb", folder / f"{job.name}.failed.ipynb"
    if half.exists():
        os.replace(half, kept)
        return kept.name
    return "none"
