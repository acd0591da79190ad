"""What every what-if panel shares: sliders, a kept figure that is drawn anew once the hand rests, and a sentence under it.

A panel of an analysis gives its sliders, ``draw`` (values and the figure of last time → figure) and ``tell`` (values →
sentence). In JupyterLab it moves; in a report, where nothing can run, it stands as the chart of its first values.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import ipywidgets as widgets

from tmall_nb.charts.figure import Chart
from tmall_nb.errors import ParameterError
from tmall_nb.words import label
from tmall_nb.words.formats import check_language, format_value

__all__ = ["Panel", "Slider"]

DELAY = 0.12
Draw = Callable[[Mapping[str, float], Chart | None], Chart]
Tell = Callable[[Mapping[str, float]], str]


@dataclass(frozen=True, slots=True)
class Slider:
    """One number to move: what it is called, where it starts, its range and step, and how it is written."""

    text: str
    value: float
    low: float
    high: float
    step: float
    kind: str = "number"

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high or not self.low < self.high or self.step <= 0:
            raise ParameterError(self.text, self.value, f"{self.low:g} to {self.high:g} in steps above 0")


class Panel:
    """Sliders over a chart.

    Parameters
    ----------
    sliders : name → slider, in the order shown
    draw : called with the values and the chart of last time (None at first); returns the chart to show, which may be the same
        figure with its artists moved
    tell : returns the sentence under the chart, as plain text
    language : ``zh`` or ``en``
    """

    def __init__(self, sliders: Mapping[str, Slider], draw: Draw, tell: Tell, *, language: str = "zh"):
        self.language = check_language(language)
        self._sliders, self._draw, self._tell = dict(sliders), draw, tell
        self._values = {name: s.value for name, s in self._sliders.items()}
        self._chart: Chart | None = None
        self._hold = False
        self._waiting: asyncio.TimerHandle | None = None
        self._picture = widgets.Image(format="png", layout=widgets.Layout(max_width="100%"))
        self._words, self._title = widgets.HTML(), widgets.HTML()
        self._controls = {name: self._control(name, slider) for name, slider in self._sliders.items()}
        rows = [widgets.HBox([control, reading]) for control, reading in self._controls.values()]
        self.widget = widgets.VBox([*rows, self._title, self._picture, self._words])
        self.redraws = 0
        self.redraw()

    @property
    def values(self) -> dict[str, float]:
        """Where the sliders stand."""
        return dict(self._values)

    def set(self, **values: float) -> None:
        """Move sliders from code; the chart is drawn at once."""
        for name, value in values.items():
            slider = self._sliders.get(name)
            if slider is None:
                raise ParameterError(name, value, f"one of {', '.join(self._sliders)}")
            if not slider.low <= value <= slider.high:
                raise ParameterError(name, value, f"{slider.low:g} to {slider.high:g}")
            self._hold = True
            self._controls[name][0].value = value
            self._hold = False
        self._cancel()
        self.redraw()

    def redraw(self) -> None:
        """Draw the chart and the sentence for the present values."""
        self._chart = self._draw(self.values, self._chart)
        self._picture.value = self._chart.sketch()
        self._title.value = f"<b>{escape(self._chart.title)}</b><br>{escape(self._chart.subtitle)}"
        self._words.value = f"<p>{escape(self._tell(self.values))}</p>"
        self.redraws += 1

    def _control(self, name: str, slider: Slider) -> tuple[Any, widgets.Label]:
        control = widgets.FloatSlider(
            value=slider.value, min=slider.low, max=slider.high, step=slider.step, description=slider.text, readout=False,
            style={"description_width": "initial"}, layout=widgets.Layout(width="420px"),
        )  # fmt: skip
        reading = widgets.Label(format_value(slider.value, slider.kind, self.language))

        def moved(change: Mapping[str, Any]) -> None:
            self._values[name] = change["new"]
            reading.value = format_value(change["new"], slider.kind, self.language)
            self._later()

        control.observe(moved, names="value")
        return control, reading

    def _later(self) -> None:
        """Draw once the hand has rested; at once where no event loop runs."""
        if self._hold:
            return
        self._cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.redraw()
        else:
            self._waiting = loop.call_later(DELAY, self.redraw)

    def _cancel(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def __repr__(self) -> str:
        places = ", ".join(f"{s.text} {format_value(self._values[n], s.kind, self.language)}" for n, s in self._sliders.items())
        return f"{places}: {self._tell(self.values)}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        chart = self._chart._repr_mimebundle_()["text/html"] if self._chart is not None else ""
        note = escape(label("report", "panel_note", self.language))
        places = "".join(
            f"<li>{escape(s.text)}: {escape(format_value(self._values[n], s.kind, self.language))}</li>"
            for n, s in self._sliders.items()
        )
        html = f'<ul class="tn-note">{places}</ul>{chart}<p>{escape(self._tell(self.values))}</p><p class="tn-note">{note}</p>'
        live = self.widget._repr_mimebundle_() or {}
        return {**live, "text/html": html, "text/plain": repr(self)}
