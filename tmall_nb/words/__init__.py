"""Words: findings become sentences, frames become tables, names become headings, in Chinese or English.

Analyses decide, this package speaks. The sentences lie in one ``<stem>.toml`` per area, ``zh`` and ``en`` side by side;
headings and units come from the glossary (``tmall_nb.fields``). Everything returned shows itself in a notebook and has a
plain text form that does not change from run to run. All text is escaped, so a hostile product title stays text.
"""

from __future__ import annotations

from tmall_nb.words.actions import actions
from tmall_nb.words.answer import say
from tmall_nb.words.cards import cards
from tmall_nb.words.catalogue import field_name, label
from tmall_nb.words.formats import format_value
from tmall_nb.words.table import show

__all__ = ["actions", "cards", "field_name", "format_value", "label", "say", "show"]
