"""``cards``: the few figures a reader looks for first, with their change and a sparkline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from tmall_nb.fields import FIELDS
from tmall_nb.words.catalogue import entry, field_name, label
from tmall_nb.words.formats import check_language, format_value, is_missing

__all__ = ["Card", "Cards", "cards"]

WIDTH, HEIGHT, POINTS = 120, 28, 60
ARROWS = {1: "↑", -1: "↓", 0: "→"}


@dataclass(frozen=True, slots=True)
class Card:
    """One figure: name, value, its change in words, the points of its sparkline (scaled 0-1, None where unknown)."""

    name: str
    value: str
    change: str
    points: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Cards:
    """A row of cards."""

    cards: tuple[Card, ...]

    def __repr__(self) -> str:
        return "\n".join(f"{c.name}  {c.value}  {c.change}".rstrip() for c in self.cards)

    def _repr_html_(self) -> str:
        body = "".join(
            f'<div class="tn-card"><span class="tn-name">{escape(c.name)}</span><span class="tn-value">{escape(c.value)}</span>'
            f'<span class="tn-change">{escape(c.change)}</span>{_spark(c.points)}</div>'
            for c in self.cards
        )
        return f'<div class="tn-cards">{body}</div>'


def cards(
    table: pd.DataFrame,
    language: str = "zh",
    *,
    metrics: Sequence[str] | str | None = None,
    days: pd.DataFrame | None = None,
    count: int = 6,
) -> Cards:
    """Return cards from a frame of figures.

    Parameters
    ----------
    table : one row per figure: metric (a glossary name), value, and where known change (relative; of a rate too) with
        low and high, and ``unit`` (a kind of ``format_value``)
    language : ``zh`` or ``en``
    metrics : which, in this order (comma-separated text or a list); None: the first ``count`` of the table
    days : one row per date with a column per figure, for the sparklines (the last 60 days)
    count : at most so many cards, 1-8
    """
    check_language(language)
    names = [m.strip() for m in metrics.split(",")] if isinstance(metrics, str) else list(metrics or table["metric"])
    rows = table.set_index("metric")
    made = [_card(name, rows.loc[name], days, language) for name in names if name in rows.index][:count]
    return Cards(tuple(made))


def _card(name: str, row: pd.Series, days: pd.DataFrame | None, language: str) -> Card:
    unit = row.get("unit") or _unit(name)
    text = format_value(row["value"], unit, language)
    if name in FIELDS and FIELDS[name].rollup == "unique" and row.get("days", 0) > 1:
        text = f"{label('common', 'card_day', language)} {text}" if language == "zh" else f"{text} a day"
    series = days[name] if days is not None and name in days else None
    return Card(field_name(name, language), text, _change(row, unit, language), _points(series))


def _unit(name: str) -> str:
    unit = FIELDS[name].unit if name in FIELDS else str((entry("columns", name) or {}).get("unit", ""))
    return {"ratio": "number", "": "number"}.get(unit, unit)


def _change(row: pd.Series, unit: str, language: str) -> str:
    change = row.get("change")
    if is_missing(change):
        return "" if "change" not in row.index else label("common", "card_no_change", language)
    low, high = row.get("low"), row.get("high")
    previous = row.get("previous")
    size = format_value(change, "percent_signed", language)
    if unit == "percent" and not is_missing(previous):
        size = format_value(row["value"] - previous, "points", language)
    unclear = not is_missing(low) and not is_missing(high) and low <= 0 <= high
    arrow = ARROWS[0] if unclear else ARROWS[int(np.sign(change))]
    note = label("common", "card_unclear", language) if unclear else label("common", "card_change", language)
    return f"{arrow} {size} {note}" if language == "en" else f"{arrow} {size} · {note}"


def _points(series: pd.Series | None) -> tuple[float | None, ...]:
    if series is None:
        return ()
    values = series.tail(POINTS).to_numpy(float)
    known = values[np.isfinite(values)]
    if len(known) < 2:
        return ()
    low, span = known.min(), max(np.ptp(known), 1e-12)
    return tuple(None if not np.isfinite(v) else round(float((v - low) / span), 3) for v in values)


def _spark(points: tuple[float | None, ...]) -> str:
    if not points:
        return ""
    step = WIDTH / max(len(points) - 1, 1)
    path, pen = [], "M"
    for k, point in enumerate(points):
        if point is None:
            pen = "M"
            continue
        path.append(f"{pen}{k * step:.1f} {2 + (HEIGHT - 4) * (1 - point):.1f}")
        pen = "L"
    return (
        f'<svg class="tn-spark" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" preserveAspectRatio="none" '
        f'aria-hidden="true"><path d="{"".join(path)}" fill="none" stroke="currentColor" stroke-width="1.5" '
        'vector-effect="non-scaling-stroke"/></svg>'
    )
