"""``say``: findings as the answer box."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from tmall_nb.analyses.result import Finding
from tmall_nb.words.catalogue import entry, fill, label
from tmall_nb.words.formats import check_language

__all__ = ["SIGNS", "Answer", "Sentence", "say"]

IN_THE_BOX = 4
SIGNS = {"good": "✓", "watch": "!", "act": "→", "unknown": "?"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One finding in words: its tone, the tone's word, the sentence and the chart that shows it (None: no chart)."""

    tone: str
    word: str
    text: str
    evidence: str | None

    def html(self) -> str:
        link = f' data-evidence="{escape(self.evidence, quote=True)}"' if self.evidence else ""
        sign = f'<b class="tn-sign">{SIGNS[self.tone]} {escape(self.word)}</b>'
        return f'<li class="tn-{self.tone}"{link}>{sign} <span>{escape(self.text)}</span></li>'


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer box: sentences, most important first; the first four stand in the box, the rest below a fold."""

    sentences: tuple[Sentence, ...]
    language: str

    def __repr__(self) -> str:
        return "\n".join(f"{SIGNS[s.tone]} {s.word}{': ' if self.language == 'en' else '：'}{s.text}" for s in self.sentences)

    def _repr_html_(self) -> str:
        first = "".join(s.html() for s in self.sentences[:IN_THE_BOX])
        rest = "".join(s.html() for s in self.sentences[IN_THE_BOX:])
        more = escape(label("common", "more_findings", self.language, count=len(self.sentences) - IN_THE_BOX))
        fold = f'<details><summary>{more}</summary><ul class="tn-list">{rest}</ul></details>' if rest else ""
        return f'<div class="tn-answer"><ul class="tn-list">{first}</ul>{fold}</div>'


def say(findings: Iterable[Finding], language: str = "zh") -> Answer:
    """Return the findings as sentences, with the word of each tone.

    Parameters
    ----------
    findings : of a result, most important first
    language : ``zh`` or ``en``

    Examples
    --------
    >>> from tmall_nb.analyses.result import Finding
    >>> say([Finding("alarms_none", "good", {"days": 28})], "en")
    ✓ Good: None of the last 28 days was unusual, campaigns aside.
    """
    check_language(language)
    return Answer(tuple(sentence(f, language) for f in findings), language)


def sentence(finding: Finding, language: str) -> Sentence:
    """Return one finding in words; an unknown key is an error, not an empty line."""
    found = entry("findings", finding.key)
    if found is None:
        raise KeyError(f"no catalogue has [findings.{finding.key}]")
    text = fill(found[language], finding.values, language)
    return Sentence(finding.tone, label("common", f"tone_{finding.tone}", language), text, found.get("evidence"))
