"""What may stand on a page: an allow-list for the HTML of outputs, so that a hostile product title stays text."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

__all__ = ["clean"]

TAGS = frozenset(
    "a b blockquote br caption code dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img li ol p path "
    "picture pre s section small source span strong sub summary sup svg table tbody td tfoot th thead tr u ul".split()
)
VOID = frozenset("br hr img source path".split())
SILENT = frozenset(
    "script style iframe object embed noscript template title head textarea select math form button input link meta "
    "base".split()
)
ATTRIBUTES = frozenset(
    "class id alt title width height colspan rowspan scope open lang tabindex media "
    "aria-hidden aria-label data-evidence".split()
)
SVG = frozenset("viewbox d fill stroke stroke-width preserveaspectratio vector-effect".split())
PICTURE = re.compile(r"data:image/(?:png|jpeg|webp|gif);base64,[A-Za-z0-9+/=\s]+")
LINK = re.compile(r"(?:https?://|mailto:|#)[^\s\"'<>]*", re.IGNORECASE)
CASED = {"viewbox": "viewBox", "preserveaspectratio": "preserveAspectRatio"}


class _Cleaner(HTMLParser):
    """Writes anew what the allow-list knows; text is always escaped, unknown tags vanish, silent ones with all inside."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.open: list[str] = []
        self.silent = ""
        self.depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.silent:
            self.depth += tag == self.silent
        elif tag in SILENT:
            if tag not in {"input", "link", "meta", "base", "embed"}:
                self.silent, self.depth = tag, 1
        elif tag in TAGS:
            self.out.append(f"<{tag}{_attributes(tag, attrs)}>")
            if tag not in VOID:
                self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.silent:
            self.depth -= tag == self.silent
            self.silent = self.silent if self.depth > 0 else ""
        elif tag in self.open:
            while self.open:
                last = self.open.pop()
                self.out.append(f"</{last}>")
                if last == tag:
                    break

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.out.append(escape(data, quote=False))

    def text(self) -> str:
        return "".join(self.out) + "".join(f"</{tag}>" for tag in reversed(self.open))


def _attributes(tag: str, attrs: list[tuple[str, str | None]]) -> str:
    kept = []
    for name, value in attrs:
        text = value or ""
        if name == "href" and tag == "a":
            ok = bool(LINK.fullmatch(text))
        elif (name == "src" and tag == "img") or (name == "srcset" and tag == "source"):
            ok = bool(PICTURE.fullmatch(text))
        else:
            ok = name in ATTRIBUTES or (name in SVG and tag in {"svg", "path"})
        if ok:
            kept.append(f' {CASED.get(name, name)}="{escape(text, quote=True)}"')
    if tag == "a":
        kept.append(' rel="noopener noreferrer"')
    return "".join(kept)


def clean(html: str) -> str:
    """Return ``html`` with nothing but known tags and harmless attributes: no script, no style, nothing fetched."""
    cleaner = _Cleaner()
    cleaner.feed(html)
    cleaner.close()
    return cleaner.text()
