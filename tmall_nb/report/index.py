"""``outputs/index.html``: shops × notebooks × dates with each analysis' first findings."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path
from typing import Any

from tmall_nb.report.html import Facts, write_page
from tmall_nb.report.save import load_saved
from tmall_nb.words import label, say
from tmall_nb.words.answer import SIGNS

__all__ = ["write_index"]

FINDINGS = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """One notebook of one shop on one day: its page (None: no report), its title, how it ended."""

    notebook: str
    day: str
    page: Path | None
    title: str
    status: str
    message: str


def write_index(outputs: Path, *, language: str = "zh") -> Path:
    """Write the index over everything below ``outputs``.

    Parameters
    ----------
    outputs : folder of ``<shop>/<day>/<notebook>.html``
    language : of the index; a report is linked in this language where it exists, else in the other
    """
    shops = sorted(p for p in outputs.iterdir() if p.is_dir() and not p.name.startswith(".")) if outputs.is_dir() else []
    parts = [f'<h1 id="top">{_text("index_title", language)}</h1>', f'<p class="lead">{_text("index_lead", language)}</p>']
    toc = []
    for number, shop in enumerate(shops):
        entries = _entries(shop, language)
        if entries:
            toc.append((f"shop{number}", shop.name))
            parts.append(f'<h2 id="shop{number}">{escape(shop.name)}</h2>')
            parts.append(_shop_html(entries, outputs, language))
    if not toc:
        parts.append(f"<p>{_text('index_empty', language)}</p>")
    title = label("report", "index_title", language)
    facts = Facts(shop=title, made_on="", index=None)
    return write_page(outputs / "index.html", title=title, body="\n".join(parts), toc=toc, language=language, facts=facts)


def _text(key: str, language: str, **values: object) -> str:
    return escape(label("report", key, language, **values))


def _entries(shop: Path, language: str) -> list[Entry]:
    """Every (day, notebook) of a shop, newest day first."""
    found = []
    for day in sorted((d for d in shop.iterdir() if d.is_dir()), reverse=True):
        run = day / "run.json"
        record: dict[str, Any] = json.loads(run.read_text(encoding="utf-8")) if run.exists() else {}
        names = {p.name.split(".")[0] for p in day.glob("*.html")} | set(record)
        for name in sorted(names):
            pages = [day / f"{name}.html", day / f"{name}.en.html"]
            page = next((p for p in (pages if language == "zh" else pages[::-1]) if p.exists()), None)
            own = record.get(name, {})
            title = _title(page) if page else name
            found.append(Entry(name, day.name, page, title, own.get("status", "done"), own.get("message", "")))
    return found


def _title(page: Path) -> str:
    match = re.search(r'<h1 id="top">(.*?)</h1>', page.read_text(encoding="utf-8"), re.DOTALL)
    return unescape(match[1]) if match else page.stem


def _shop_html(entries: list[Entry], outputs: Path, language: str) -> str:
    newest: dict[str, Entry] = {}
    earlier: list[Entry] = []
    for entry in entries:
        if entry.notebook in newest:
            earlier.append(entry)
        else:
            newest[entry.notebook] = entry
    rows = "".join(_row(entry, outputs, language) for _, entry in sorted(newest.items()))
    heads = "".join(f"<th>{_text(key, language)}</th>" for key in ("index_notebook", "index_findings", "index_day"))
    table = (
        f'<div class="tn-scroll shops" tabindex="0"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    )
    if not earlier:
        return table
    listed = "".join(f"<li>{_link(e, outputs)} {e.day}</li>" for e in earlier if e.page)
    return (
        f"{table}<details><summary>{_text('index_earlier', language, count=len(earlier))}</summary><ul>{listed}</ul></details>"
    )


def _row(entry: Entry, outputs: Path, language: str) -> str:
    return f"<tr><td>{_link(entry, outputs)}</td><td>{_findings(entry, language)}</td><td>{escape(entry.day)}</td></tr>"


def _link(entry: Entry, outputs: Path) -> str:
    if entry.page is None:
        return escape(entry.title)
    return f'<a href="{escape(entry.page.relative_to(outputs).as_posix(), quote=True)}">{escape(entry.title)}</a>'


def _findings(entry: Entry, language: str) -> str:
    if entry.status in {"failed", "not_answered"}:
        return f'<span class="none">{_text(f"index_{entry.status}", language, reason=entry.message)}</span>'
    if entry.page is None:
        return ""
    lines = []
    for path in sorted(entry.page.parent.glob(f"{entry.notebook}.*.json")):
        for line in say(load_saved(path).findings, language).sentences[:FINDINGS]:
            sign = f'<b class="tn-sign">{SIGNS[line.tone]} {escape(line.word)}</b>'
            lines.append(f'<li class="tn-{line.tone}">{sign} {escape(line.text)}</li>')
    return f'<ul class="tn-list">{"".join(lines[:FINDINGS])}</ul>'
