"""An executed notebook as one self-contained page: answer first, code folded, nothing fetched."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from string import Template

import pandas as pd

from tmall_nb import __version__
from tmall_nb.report.cells import Blocks, read_blocks
from tmall_nb.words import label, show

__all__ = ["Facts", "export_html", "write_page"]

FOLDER = Path(__file__).parent / "template"
HIDDEN = {"data_dir", "output_dir", "shop_id", "language", "pooled_file"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the title bar says beside the notebook's own words.

    Attributes
    ----------
    shop : its name
    made_on : day the report was made
    start, end : first and last day of the data used, where known
    other : file name of the same report in the other language, if there is one
    index : relative address of the index, if there is one
    """

    shop: str
    made_on: str
    start: str | None = None
    end: str | None = None
    other: str | None = None
    index: str | None = "../../index.html"


def export_html(notebook: Path, target: Path, *, language: str, facts: Facts) -> Path:
    """Write the report of an executed notebook.

    Parameters
    ----------
    notebook : the executed copy
    target : the page to write (whole or not at all)
    language : ``zh`` or ``en``; prose of the other language is left out
    facts : shop, dates, links
    """
    blocks = read_blocks(notebook, language)
    body, toc = _body(blocks, language, facts)
    return write_page(target, title=f"{blocks.title} · {facts.shop}", body=body, toc=toc, language=language, facts=facts)


def _text(key: str, language: str, **values: object) -> str:
    return escape(label("report", key, language, **values))


def _body(blocks: Blocks, language: str, facts: Facts) -> tuple[str, list[tuple[str, str]]]:
    answer = _link_evidence(blocks, language)
    parts = [f'<h1 id="top">{escape(blocks.title)}</h1>']
    if blocks.lead:
        parts.append(f'<div class="lead">{blocks.lead}</div>')
    parts += [_meta(facts, language), f'<section class="answer">{answer}</section>' if answer else "", blocks.cards]
    toc = [("top", label("report", "answer", language))]
    for number, (heading, html) in enumerate(blocks.sections):
        if heading:
            toc.append((f"s{number}", heading))
            parts.append(f'<h2 id="s{number}">{escape(heading)}</h2>')
        parts += html
    parts.append(f'<h2 id="data">{_text("data_behind", language)}</h2>')
    toc.append(("data", label("report", "data_behind", language)))
    parts += [blocks.data, _coverage(blocks, language), _parameters(blocks, language), _code(blocks, language)]
    return _two_lines("\n".join(p for p in parts if p)), toc


def _two_lines(html: str) -> str:
    """Let a figure's interval go below it where a table is too wide for its column; neither breaks inside."""
    cell = r'<td class="tn-num">(?P<figure>[^<>（(]+?)(?P<gap> ?)(?P<interval>[（(][^<>]+[）)])</td>'
    parts = r'<td class="tn-num tn-two"><span>\g<figure></span>\g<gap><wbr><span class="tn-ci">\g<interval></span></td>'
    return re.sub(cell, parts, html)


def _link_evidence(blocks: Blocks, language: str) -> str:
    """Turn each finding's evidence into a link to the chart, where the page has it."""

    def link(match: re.Match[str]) -> str:
        if match["name"] not in blocks.charts:
            return f"{match['open']}>{match['inside']}</li>"
        anchor = f'<a class="tn-link" href="#chart-{match["name"]}">{_text("see_chart", language)}</a>'
        return f"{match['open']}>{match['inside']}{anchor}</li>"

    pattern = r'(?P<open><li class="[\w-]+") data-evidence="(?P<name>\w+)">(?P<inside>.*?)</li>'
    return re.sub(pattern, link, blocks.answer, flags=re.DOTALL)


def _meta(facts: Facts, language: str) -> str:
    lines = []
    if facts.start and facts.end:
        lines.append(_text("data_span", language, start=facts.start, end=facts.end))
    lines.append(_text("made_on", language, day=facts.made_on))
    return f'<ul class="meta">{"".join(f"<li>{line}</li>" for line in lines)}</ul>'


def _coverage(blocks: Blocks, language: str) -> str:
    if len(blocks.coverage) < 2:
        return ""
    head, *rows = blocks.coverage
    frame = pd.DataFrame(rows, columns=head)
    keep = [c for c in ("report", "role", "found", "rows", "start", "end", "where") if c in frame]
    frame = frame[keep]
    if "found" in frame:
        frame = frame.assign(found=frame["found"].eq("True"))
        frame = frame.sort_values("found", ascending=False, kind="stable")
    for day in ("start", "end"):
        if day in frame:
            frame[day] = pd.to_datetime(frame[day], errors="coerce")
    if "rows" in frame:
        frame["rows"] = pd.to_numeric(frame["rows"], errors="coerce").astype("Int64")
    return show(frame, language, rows=20, stem="common")._repr_html_()


def _parameters(blocks: Blocks, language: str) -> str:
    given = {name: value for name, value in blocks.parameters.items() if name not in HIDDEN}
    if not given:
        return f'<p class="tn-note">{_text("defaults", language)}</p>'
    listed = "".join(f"<dt>{escape(name)}</dt><dd><code>{escape(value)}</code></dd>" for name, value in given.items())
    return f'<p class="tn-note">{_text("given", language)}</p><dl class="tn-method">{listed}</dl>'


def _code(blocks: Blocks, language: str) -> str:
    cells = "".join(f"<pre>{escape(source)}</pre>" for source in blocks.code if source.strip())
    lines = sum(len(source.splitlines()) for source in blocks.code)
    return f'<details class="code"><summary>{_text("code", language, lines=lines)}</summary>{cells}</details>'


@cache
def _asset(name: str) -> tuple[str, str]:
    """A file of the template and the hash that lets the page's policy admit it."""
    text = (FOLDER / name).read_text(encoding="utf-8").strip()
    return text, base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def write_page(target: Path, *, title: str, body: str, toc: Iterable[tuple[str, str]], language: str, facts: Facts) -> Path:
    """Put ``body`` (clean HTML) into the page template and write it whole."""
    style, style_hash = _asset("page.css")
    script, script_hash = _asset("page.js")
    shop = f"<b>{escape(facts.shop)}</b>"
    home = f'<a href="{escape(facts.index, quote=True)}">{_text("all_reports", language)}</a>' if facts.index else ""
    switch = f'<a href="{escape(facts.other, quote=True)}">{_text("other_language", language)}</a>' if facts.other else ""
    page = Template((FOLDER / "page.html").read_text(encoding="utf-8")).substitute(
        lang={"zh": "zh-CN", "en": "en"}[language], style=style, style_hash=style_hash, script=script, script_hash=script_hash,
        title=escape(title), crumb=f"{home} / {shop}" if home else shop, switch=switch, body=body, version=__version__,
        toc="".join(f'<li><a href="#{anchor}">{escape(text)}</a></li>' for anchor, text in toc),
        contents=_text("contents", language), footer=_text("footer", language, version=__version__),
    )  # fmt: skip
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    aside.write_text(page, encoding="utf-8")
    os.replace(aside, target)
    return target
