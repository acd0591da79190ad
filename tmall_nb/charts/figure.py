"""A figure that carries its caption and lays itself out for two widths."""

from __future__ import annotations

import base64
import io
import unicodedata
from collections.abc import Callable
from functools import partial
from html import escape
from itertools import pairwise
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

__all__ = ["NARROW", "Chart", "wrap"]

NARROW = 3.75  # inches: a phone of 390 px without its margins
DPI, NARROW_DPI, SKETCH_DPI = 144, 144, 120
COLOURS = (16, 32)  # the fewer where hardly a pixel differs: a quarter less to carry
OFF, FEW_OFF = 16, 0.01  # a pixel differs by more than 16 of 255; the share of such pixels that nobody sees
TITLE_SIZE, SUBTITLE_SIZE = 12.0, 9.0
LINE = 1.35 / 72  # inches a point of type takes in height


def wrap(text: str, width: float, size: float) -> list[str]:
    """Break ``text`` into lines of ``width`` inches at ``size`` points; Chinese breaks anywhere, English at spaces."""
    lines, line, used = [], "", 0.0
    for word in _words(text):
        need = sum(_em(c) for c in word) * size / 72
        if line and used + need > width:
            lines.append(line.rstrip())
            line, used, word = "", 0.0, word.lstrip()
        line, used = line + word, used + need
    return [*lines, line.rstrip()] if line.strip() else lines


def _em(char: str) -> float:
    return 1.0 if unicodedata.east_asian_width(char) in "WF" else 0.56


def _words(text: str) -> list[str]:
    words: list[str] = []
    for char in text:
        glued = words and (
            char in "，。；：、？！）”%" or not (_em(char) == 1.0 or words[-1][-1] == " " or _em(words[-1][-1]) == 1.0)
        )
        if glued:
            words[-1] += char
        else:
            words.append(char)
    return words


class Chart(Figure):
    """A matplotlib figure with a title (the message), a subtitle (the measure) and a sentence for those who cannot see it.

    Saved to a file it holds its title; shown in a notebook it is an HTML figure with the title as text above two pictures of
    which the page shows the one that fits.

    Attributes
    ----------
    title, subtitle, alt : the caption
    adapt : functions of ``narrow`` called before each drawing
    """

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, layout="constrained", **options)
        FigureCanvasAgg(self)
        self.title = self.subtitle = self.alt = ""
        self._kept_layout = False
        self._plot_height = 0.0  # inches without the caption; 0 before there is one
        self.adapt: list[Callable[[bool], None]] = []

    def caption(self, title: str, subtitle: str, alt: str) -> None:
        """Set the caption and draw it over the figure, which grows by the height it takes."""
        self.title, self.subtitle, self.alt = title, subtitle, alt
        if self._kept_layout:
            return
        self._plot_height = self._plot_height or self.get_figheight()
        self._draw_caption()

    def _draw_caption(self) -> None:
        for old in [t for t in self.texts if t.get_gid() == "caption"]:
            old.remove()
        width = self.get_figwidth() - 0.2
        lines = [(t, TITLE_SIZE, mpl.rcParams["text.color"]) for t in wrap(self.title, width, TITLE_SIZE)]
        lines += [(t, SUBTITLE_SIZE, mpl.rcParams["axes.labelcolor"]) for t in wrap(self.subtitle, width, SUBTITLE_SIZE)]
        room = sum(size * LINE for _, size, _ in lines) + 0.12
        height = self._plot_height + room
        self.set_figheight(height)
        y = height - 0.05
        for text, size, colour in lines:
            self.text(0.06 / self.get_figwidth(), y / height, text, fontsize=size, color=colour, va="top", gid="caption")
            y -= size * LINE
        self._room(room / height)

    def _room(self, top: float) -> None:
        engine = self.get_layout_engine()
        if engine is not None:
            engine.set(rect=(0, 0, 1, 1 - top))  # type: ignore[call-arg]

    def picture(self, *, narrow: bool = False) -> bytes:
        """Return the plot without its caption as a picture (WebP, or PNG), laid out for a desktop page or for a phone."""
        self._thaw()
        width, height = self.get_size_inches()
        grid = [ax.get_subplotspec() for ax in self.axes]
        legends = [(legend, _columns(legend)) for legend in (ax.get_legend() for ax in self.axes) if legend is not None]
        texts = [t for t in self.texts if t.get_gid() == "caption"]
        for text in texts:
            text.set_visible(False)
        self._room(0)
        plot = self._plot_height or height
        self.set_size_inches(width, plot)
        if narrow:
            self._stack(plot)
        try:
            for change in self.adapt:
                change(narrow)
            self._fit_texts()
            return self._draw(NARROW_DPI if narrow else DPI)
        finally:
            for ax, spec in zip(self.axes, grid, strict=True):
                if spec is not None:
                    ax.set_subplotspec(spec)
            for legend, columns in legends:
                _set_columns(legend, columns)
            for change in self.adapt if narrow else ():
                change(False)
            for text in texts:
                text.set_visible(True)
            self.set_size_inches(width, height)
            self._room(1 - plot / height)

    def _stack(self, height: float) -> None:
        """Put side-by-side panels below each other and make the figure as wide as a phone."""
        specs = [(ax, spec) for ax in self.axes if (spec := ax.get_subplotspec()) is not None]
        grids = {id(spec.get_gridspec()): spec.get_gridspec() for _, spec in specs}
        if len(grids) == 1 and all(spec.num1 == spec.num2 for _, spec in specs):
            rows, columns = next(iter(grids.values())).get_geometry()
            if columns > 1:
                stacked = GridSpec(rows * columns, 1, figure=self)
                for ax, spec in specs:
                    ax.set_subplotspec(stacked[spec.num1])
                height *= 0.85 * columns
        self.set_size_inches(NARROW, height)

    def _fit_texts(self) -> None:
        """Give legends fewer columns where they are wider than the page; slant tick labels that would run into each other."""
        self._fit_legends()
        renderer = self.canvas.get_renderer()  # type: ignore[attr-defined]
        for ax in self.axes:
            labels = [t for t in ax.get_xticklabels() if t.get_text() and t.get_visible()]
            boxes = [t.get_window_extent(renderer) for t in labels]
            if any(a.x1 > b.x0 - 4 for a, b in pairwise(boxes)) and not any(t.get_rotation() for t in labels):
                ax.tick_params(axis="x", labelrotation=35)
                for label in ax.get_xticklabels():
                    label.set(ha="right", rotation_mode="anchor")
                self.adapt.append(partial(_upright, ax))

    def _fit_legends(self) -> None:
        """Fewer columns where a legend is wider than the page; measured apart from the layout, which it would collapse."""
        legends = [legend for ax in self.axes if (legend := ax.get_legend()) is not None]
        for legend in legends:
            legend.set_in_layout(False)
        self.draw_without_rendering()
        renderer, page = self.canvas.get_renderer(), self.bbox.width  # type: ignore[attr-defined]
        for legend in legends:
            while _columns(legend) > 1 and legend.get_window_extent(renderer).width > 0.98 * page:
                _set_columns(legend, _columns(legend) - 1)
                self.draw_without_rendering()
            legend.set_in_layout(True)
        self.draw_without_rendering()

    def sketch(self) -> bytes:
        """Return the plot without its caption as a PNG, fast: for a figure that is drawn anew while a hand moves a slider.

        The layout of the first sketch is kept; later ones only draw.
        """
        if not self._kept_layout:
            for text in [t for t in self.texts if t.get_gid() == "caption"]:
                text.set_visible(False)
            self._room(0)
            self.set_figheight(self._plot_height or self.get_figheight())
            self.draw_without_rendering()
            self.set_layout_engine("none")
            self._kept_layout = True
        self.set_dpi(SKETCH_DPI)
        canvas = FigureCanvasAgg(self)
        canvas.draw()
        self.set_dpi(96)
        from PIL import Image

        file = io.BytesIO()
        Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").save(file, "png", compress_level=1)
        return file.getvalue()

    def _thaw(self) -> None:
        """Lay out anew and caption again after sketches."""
        if self._kept_layout:
            self._kept_layout = False
            self.set_layout_engine("constrained")
            self._draw_caption()

    def _draw(self, dpi: int) -> bytes:
        from PIL import Image, features

        self.set_dpi(dpi)
        canvas = FigureCanvasAgg(self)
        canvas.draw()
        image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
        self.set_dpi(96)
        file = io.BytesIO()
        few = _few_colours(image)
        if features.check("webp"):
            few.convert("RGB").save(file, "webp", lossless=True, quality=80, method=4)
        else:
            few.save(file, "png", optimize=True)
        return file.getvalue()

    def __repr__(self) -> str:
        return f"<Chart: {self.title}>" if self.title else super().__repr__()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        wide, narrow = (_address(self.picture(narrow=n)) for n in (False, True))
        width = round(96 * self.get_figwidth())
        title = f"<figcaption><strong>{escape(self.title)}</strong><span>{escape(self.subtitle)}</span></figcaption>"
        image = f'<img src="{wide}" alt="{escape(self.alt, quote=True)}" width="{width}">'
        html = (
            f'<figure class="tn-chart">{title}<picture><source media="(max-width: 600px)" srcset="{narrow}">'
            f"{image}</picture></figure>"
        )
        return {"text/html": html, "text/plain": repr(self)}


def _address(picture: bytes) -> str:
    kind = "webp" if picture[8:12] == b"WEBP" else "png"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode('ascii')}"


def _few_colours(image: Any) -> Any:
    """The picture in as few colours as do it no harm: 16 for lines and bars, 32 for tints that lie close together."""
    from PIL import Image

    for count in COLOURS:
        few = image.quantize(count, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        _whiten(few)
        difference = np.abs(np.asarray(image, dtype=np.int16) - np.asarray(few.convert("RGB"), dtype=np.int16))
        if (difference.max(axis=2) > OFF).mean() < FEW_OFF:
            break
    return few


def _whiten(image: Any) -> None:
    """Make the palette's almost white entries white, so that a picture has no edge on a white page."""
    palette = image.getpalette()
    for k in range(0, len(palette), 3):
        if min(palette[k : k + 3]) >= 250:
            palette[k : k + 3] = [255, 255, 255]
    image.putpalette(palette)


def _columns(legend: Any) -> int:
    return int(legend._ncols)


def _set_columns(legend: Any, columns: int) -> None:
    """Rebuild a legend with another number of columns (matplotlib has no public call that takes effect after it was made)."""
    if legend._ncols != columns:
        legend._ncols = columns
        title = legend.get_title().get_text()
        legend._init_legend_box(legend.legend_handles, [t.get_text() for t in legend.get_texts()])
        legend.set_title(title or None)
        legend._legend_box.set_offset(legend._findoffset)  # the new box knows no place yet


def _upright(ax: Any, narrow: bool) -> None:
    if narrow:
        return
    ax.tick_params(axis="x", labelrotation=0)
    for label in ax.get_xticklabels():
        label.set(ha="center", rotation_mode="default")
