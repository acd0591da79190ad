"""An executed notebook as the blocks of a page: which cells speak, what they show, in one language."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from pathlib import Path
from typing import Any

from tmall_nb.report.clean import clean

__all__ = ["Blocks", "read_blocks"]

CHART = re.compile(r"\bcharts\.(\w+)\(")
PICTURES = ("image/png", "image/jpeg")


@dataclass
class Blocks:
    """The parts of a report, each clean HTML.

    Attributes
    ----------
    title : text of the first heading; lead : the rest of the first prose cell
    answer, cards : the answer box and the cards, wherever they stood
    sections : (heading or None, HTML) in order
    data : tables of the data themselves, which stand at the end
    coverage : rows of the setup cell's frame, headings first
    parameters : values the run was given
    code : source of every code cell
    charts : names of the charts on the page
    """

    title: str = ""
    lead: str = ""
    answer: str = ""
    cards: str = ""
    sections: list[tuple[str | None, list[str]]] = field(default_factory=lambda: [(None, [])])
    data: str = ""
    coverage: list[list[str]] = field(default_factory=list)
    parameters: dict[str, str] = field(default_factory=dict)
    code: list[str] = field(default_factory=list)
    charts: list[str] = field(default_factory=list)

    def add(self, html: str) -> None:
        self.sections[-1][1].append(html)


def read_blocks(notebook: Path, language: str) -> Blocks:
    """Return the blocks of an executed notebook; cells tagged for the other language and standard error are left out."""
    blocks = Blocks()
    other = {"zh": "lang-en", "en": "lang-zh"}[language]
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        tags = set(cell.get("metadata", {}).get("tags", []))
        if other in tags:
            continue
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            _prose(blocks, source)
        elif cell["cell_type"] == "code":
            _code(blocks, cell, source, tags)
    return blocks


def _prose(blocks: Blocks, source: str) -> None:
    import mistune

    html = clean(str(mistune.create_markdown(escape=True, plugins=["table", "strikethrough"])(source)))
    if not blocks.title and (match := re.match(r"\s*<h1>(.*?)</h1>", html, re.DOTALL)):
        blocks.title, blocks.lead = unescape(re.sub(r"<[^>]+>", "", match[1])), html[match.end() :].strip()
        return
    html = html.replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    for part in re.split(r"(?=<h2>)", html):
        match = re.match(r"<h2>(.*?)</h2>", part, re.DOTALL)
        if match:
            blocks.sections.append((unescape(re.sub(r"<[^>]+>", "", match[1])), []))
            part = part[match.end() :]
        if part.strip():
            blocks.add(part)


def _code(blocks: Blocks, cell: Mapping[str, Any], source: str, tags: set[str]) -> None:
    if "injected-parameters" in tags:
        blocks.parameters |= dict(re.findall(r"^(\w+)\s*=\s*(.+)$", source, re.MULTILINE))
        return
    blocks.code.append(source)
    if "parameters" in tags or source.lstrip().startswith("tn.save("):
        return
    for output in cell.get("outputs", ()):
        _output(blocks, output, source)


def _output(blocks: Blocks, output: Mapping[str, Any], source: str) -> None:
    kind = output["output_type"]
    if kind == "stream":
        if output["name"] == "stdout":
            blocks.add(f"<pre>{escape(''.join(output['text']))}</pre>")
        return
    if kind not in {"display_data", "execute_result"}:
        return
    data = {mime: "".join(text) if isinstance(text, list) else text for mime, text in output["data"].items()}
    html = data.get("text/html", "")
    if 'class="dataframe"' in html and "load_shop" in source:
        blocks.coverage = _frame_rows(html)
    elif html:
        _place(blocks, clean(html), source)
    elif mime := next((m for m in PICTURES if m in data), None):
        blocks.add(clean(f'<figure class="tn-chart"><img alt="" src="data:{mime};base64,{data[mime].strip()}"></figure>'))
    elif "application/vnd.jupyter.widget-view+json" not in data and data.get("text/plain", "None") != "None":
        blocks.add(f"<pre>{escape(data['text/plain'])}</pre>")


def _place(blocks: Blocks, html: str, source: str) -> None:
    if html.startswith('<div class="tn-answer"') and not blocks.answer:
        blocks.answer = html
    elif "shop.coverage(" in source and html.startswith('<div class="tn-table"'):
        blocks.data += html
    elif html.startswith('<div class="tn-cards"') and not blocks.cards:
        blocks.cards = html
    else:
        chart = CHART.search(source)
        if chart and html.startswith('<figure class="tn-chart"') and chart[1] not in blocks.charts:
            blocks.charts.append(chart[1])
            html = html.replace("<figure ", f'<figure id="chart-{chart[1]}" ', 1)
        blocks.add(html)


def _frame_rows(html: str) -> list[list[str]]:
    """Cells of the table pandas writes, headings first, without its row numbers."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", html, re.DOTALL)
    cells = [[unescape(c) for c in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)] for row in rows]
    return [row[1:] for row in cells if len(row) > 1]
